import { expect, test } from "vitest";
import { actionOf, KEY_HELP, mayTake, nextSpeed, SPEEDS } from "./player-keys.ts";

const press = (key: string, more: Partial<Parameters<typeof actionOf>[0]> = {}) =>
  actionOf({ key, code: "", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

test.each([
  [" ", { do: "play" }],
  ["k", { do: "play" }],
  ["K", { do: "play" }],
  ["j", { do: "seek", by: -10 }],
  ["l", { do: "seek", by: 10 }],
  ["ArrowLeft", { do: "seek", by: -5 }],
  ["ArrowRight", { do: "seek", by: 5 }],
  [",", { do: "frame", by: -1 }],
  [".", { do: "frame", by: 1 }],
  ["0", { do: "tenth", tenth: 0 }],
  ["7", { do: "tenth", tenth: 7 }],
  ["m", { do: "mute" }],
  ["f", { do: "fullscreen" }],
  ["c", { do: "captions" }],
  ["<", { do: "speed", by: -1 }],
  [">", { do: "speed", by: 1 }],
  ["i", { do: "mark", edge: "start" }],
  ["o", { do: "mark", edge: "end" }],
  ["?", { do: "help" }],
])("%j asks for %j", (key, action) => {
  expect(press(key)).toEqual(action);
});

test("shift makes an arrow's step one second", () => {
  expect(press("ArrowLeft", { shiftKey: true })).toEqual({ do: "seek", by: -1 });
  expect(press("ArrowRight", { shiftKey: true })).toEqual({ do: "seek", by: 1 });
});

test("what the browser or the system does with a key stays theirs", () => {
  for (const held of ["ctrlKey", "metaKey", "altKey"] as const)
    expect(press("l", { [held]: true })).toBeNull();
  for (const key of ["Tab", "Enter", "Escape", "ArrowUp", "Home", "x", "constructor"])
    expect(press(key)).toBeNull();
});

test("on a keyboard of another script the places of the keys count", () => {
  expect(press("ن", { code: "KeyK" })).toEqual({ do: "play" });
  expect(press("٣", { code: "Digit3" })).toEqual({ do: "tenth", tenth: 3 });
  expect(press("و", { code: "Comma" })).toEqual({ do: "frame", by: -1 });
  expect(press("؟", { code: "Slash", shiftKey: true })).toEqual({ do: "help" });
  expect(press("л", { code: "KeyK" })).toEqual({ do: "play" });
});

test("where a Latin keyboard has its letters elsewhere, the letter counts", () => {
  expect(press("m", { code: "Semicolon" })).toEqual({ do: "mute" });
});

test("speed goes step by step and stays within its ends", () => {
  expect(SPEEDS.map((speed) => nextSpeed(speed, 1))).toEqual([0.75, 1, 1.25, 1.5, 2, 2]);
  expect(SPEEDS.map((speed) => nextSpeed(speed, -1))).toEqual([0.5, 0.5, 0.75, 1, 1.25, 1.5]);
  expect(nextSpeed(1.1, 1)).toBe(1.25);
});

test("a button keeps its space and enter, and a field all of its keys", () => {
  expect(mayTake("press", { key: " " })).toBe(false);
  expect(mayTake("press", { key: "k" })).toBe(true);
  expect(mayTake("own", { key: "k" })).toBe(false);
  expect(mayTake("free", { key: " " })).toBe(true);
});

test("the help tells of every key that does something", () => {
  const told = KEY_HELP.flatMap(({ rows }) => rows.flatMap(({ keys }) => keys.map((chord) => chord.at(-1))));
  const names: Record<string, string> = { Space: " ", "←": "ArrowLeft", "→": "ArrowRight" };
  for (const key of told) expect(press(names[key ?? ""] ?? key ?? "")).not.toBeNull();
  for (const key of " kjl,.<>iomfc?") expect(told).toContain(key === " " ? "Space" : key.toUpperCase());
});

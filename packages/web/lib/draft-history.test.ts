import { expect, test } from "vitest";
import type { Changes } from "./clip-changes.ts";
import { type DraftHistory, NO_HISTORY, recorded, redone, undone } from "./draft-history.ts";

/** Makes these changes one after the other, a number of milliseconds apart. */
function after(steps: readonly Changes[], apart = 5000) {
  let [history, present]: [DraftHistory, Changes] = [NO_HISTORY, {}];
  for (const [index, step] of steps.entries()) {
    history = recorded(history, present, step, index * apart);
    present = step;
  }
  return { history, present };
}

/** All that is shown while everything is taken back. */
function allBack({ history, present }: ReturnType<typeof after>) {
  const shown: Changes[] = [];
  for (let step = undone(history, present); step; step = undone(step.history, step.changes))
    shown.push(step.changes);
  return shown;
}

test("changes are taken back one by one, down to nothing", () => {
  expect(allBack(after([{ title: "A" }, { title: "A", start: 3 }]))).toEqual([{ title: "A" }, {}]);
  expect(undone(NO_HISTORY, {})).toBeNull();
});

test("what was taken back can be made again, until something else is changed", () => {
  const { history, present } = after([{ title: "A" }, { captions: false }]);
  const back = undone(history, present);
  if (!back) throw new Error("nothing to take back");
  const again = redone(back.history, back.changes);
  expect(again?.changes).toEqual({ captions: false });
  expect(again && undone(again.history, again.changes)?.changes).toEqual({ title: "A" });
  expect(redone(recorded(back.history, back.changes, { hook: "B" }, 0), { hook: "B" })).toBeNull();
});

test("letters that follow each other are one change", () => {
  expect(allBack(after([{ title: "A" }, { title: "Ab" }, { title: "Abc" }], 300))).toEqual([{}]);
  expect(allBack(after([{ title: "A" }, { title: "Ab" }], 2000))).toEqual([{ title: "A" }, {}]);
});

test("what is about something else is a change of its own, however soon it comes", () => {
  expect(allBack(after([{ start: 1 }, { start: 1, end: 9 }, { start: 2, end: 9 }], 100)).length).toBe(3);
  const words = [{ texts: { "1": "a" } }, { texts: { "1": "ab" } }, { texts: { "1": "ab", "2": "c" } }];
  expect(allBack(after(words, 100))).toEqual([{ texts: { "1": "ab" } }, {}]);
});

test("after something was taken back the next letter begins a change of its own", () => {
  const { history, present } = after([{ title: "A" }, { hook: "B" }], 100);
  const back = undone(history, present);
  if (!back) throw new Error("nothing to take back");
  const next = recorded(back.history, back.changes, { title: "Ab" }, 200);
  expect(undone(next, { title: "Ab" })?.changes).toEqual({ title: "A" });
});

test("a history does not grow without end", () => {
  const { history } = after(Array.from({ length: 500 }, (_, start) => ({ start })));
  expect(history.past.length).toBe(200);
});

import { expect, test } from "vitest";
import { captionStyle } from "../captions/style.ts";
import { readSettings } from "../config.ts";
import { captionPixelChecks, lettersIn } from "./caption-pixels.ts";

const picture = { width: 540, height: 960 };
const style = await captionStyle({ ...readSettings({}), captionPreset: "amber" });
const word = (text: string, start: number, end: number) => ({
  ...{ text, start, end, glued: false, afterCut: false },
});
const cues = [{ start: 1, end: 2, lines: [[word("Hello", 1, 1.5), word("you", 1.5, 2)]] }];

/** Looks at a frame that has letters in a rectangle of the small picture, over noise that is none. */
function failing(frame: number, letters: [x: number, y: number, w: number, h: number] | null) {
  const plain = new Uint8Array(picture.width * picture.height).fill(90);
  const drawn = plain.map((luma, i) => luma + (i % 7) * 5);
  const [x0, y0, w, h] = letters ?? [0, 0, 0, 0];
  for (let y = y0; y < y0 + h; y++) for (let x = x0; x < x0 + w; x++) drawn[y * picture.width + x] = 250;
  const checks = captionPixelChecks({
    ...{ looks: [{ frame, letters: lettersIn(drawn, plain, picture) }], picture, cues, style, fps: 30 },
  });
  return checks.flatMap(({ id, value, pass }) => (pass ? [] : [[id, value]]));
}

test("letters inside the box are fine, and where no caption is due nothing is looked for", () => {
  expect(failing(40, [60, 640, 400, 70])).toEqual([]);
  expect(failing(10, null)).toEqual([]);
  expect(failing(30, null)).toEqual([]); // the caption comes with this frame
});

test("a caption that is not in the picture is missed", () => {
  expect(failing(40, null)).toEqual([["C8.unseen", 1]]);
});

test.each([
  ["left", [20, 640, 300, 70]],
  ["right", [100, 640, 400, 70]],
  ["below", [60, 700, 300, 70]],
] as const)("letters outside the box are seen: %s", (_side, letters) => {
  expect(failing(40, [...letters])).toEqual([["C1.seen_outside", expect.any(Number)]]);
});

test("one stray pixel is the encoder's", () => {
  expect(failing(40, [20, 640, 1, 1])).toEqual([["C8.unseen", 1]]);
});

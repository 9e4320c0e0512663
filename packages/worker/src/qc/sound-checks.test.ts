import { expect, test } from "vitest";
import { soundChecks } from "./sound-checks.ts";
import { verdictOf } from "./verdict.ts";

const good = { integrated: -14.2, truePeak: -1.4, range: 6 };
const reasonsOf = (over: Partial<typeof good>, cut = -30, seconds = 30) =>
  verdictOf(soundChecks({ ...good, ...over }, { cut }, seconds), []).reasons;

test("sound as it should be has nothing to tell", () => {
  expect(reasonsOf({})).toEqual([]);
  expect(verdictOf(soundChecks(good, { cut: -30 }, 30), ["regain"])).toMatchObject({
    ...{ verdict: "ok", repairs: ["regain"] },
  });
});

test.each([
  [{ integrated: -18.2 }, "The sound of this clip is quieter than it should be: −18.2 LUFS instead of −14."],
  [{ integrated: -12.9 }, "The sound of this clip is louder than it should be: −12.9 LUFS instead of −14."],
  [{ truePeak: -0.9 }, "The sound of this clip peaks at −0.9 dBTP, above −1: it may crackle."],
  [{ range: 11.1 }, expect.stringContaining("from soft to loud by 11.1 LU")],
  [{ integrated: -70, truePeak: Number.NEGATIVE_INFINITY }, "The clip is silent where the video has sound."],
])("what misses is told in words: %o", (over, reason) => {
  expect(reasonsOf(over)).toEqual([reason]);
});

test("silence stays silence, and is only wrong where it has become loud", () => {
  const silence = { integrated: -70, truePeak: Number.NEGATIVE_INFINITY, range: 0 };
  expect(reasonsOf(silence, Number.NEGATIVE_INFINITY)).toEqual([]);
  expect(reasonsOf(silence, -65)).toEqual([]);
  expect(reasonsOf({ integrated: -30 }, -65)).toEqual([expect.stringContaining("louder than it was")]);
});

test("the range of a short clip is not judged", () => {
  expect(reasonsOf({ range: 20 }, -30, 10)).toEqual([]);
});

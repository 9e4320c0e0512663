import { expect, test } from "vitest";
import {
  CAPTION_COLOURS,
  CaptionPreset,
  captionColours,
  contrast,
  contrastPairs,
  contrastProblems,
} from "./captions.ts";
import { MachineEnv, PORTABLE_SETTINGS } from "./machine-env.ts";

test("contrast is that of WCAG", () => {
  expect(contrast("#FFFFFF", "#000000")).toBeCloseTo(21);
  expect(contrast("#777777", "#FFFFFF")).toBeCloseTo(4.48, 2);
  expect(contrast("#123456", "#123456")).toBe(1);
});

test.each(CaptionPreset.options)(
  "all colours of %s that meet have a contrast of 4.5:1 at least",
  (preset) => {
    const pairs = contrastPairs(preset, CAPTION_COLOURS[preset]);
    expect(pairs.length).toBeGreaterThan(0);
    for (const { of, ratio } of pairs) expect(ratio, of).toBeGreaterThanOrEqual(4.5);
  },
);

test("a brand's colours take the place of the preset's", () => {
  expect(captionColours("amber", { highlight: "#00FFFF" })).toEqual({
    ...CAPTION_COLOURS.amber,
    highlight: "#00FFFF",
  });
  expect(captionColours("clean", { text: "#EEEEEE" }).highlight).toBe("#EEEEEE");
});

test.each([
  ["amber", { text: "#303030" }, "the text to its outline"],
  ["amber", { highlight: "#202060" }, "the highlight to its outline"],
  ["boxed", { highlight: "#FFE600" }, "the text to the highlight's plate"],
  ["minimal", { outline: "#808080" }, "the text to its strip"],
] as const)("in %s %o is refused, with what to change", (preset, brand, said) => {
  const [problem] = contrastProblems(preset, brand);
  expect(problem).toContain(said);
  expect(problem).toMatch(/\d\.\d:1.*CAPTION_HIGHLIGHT_COLOUR/);
});

test("settings that could not be read do not start", () => {
  const parsed = MachineEnv.safeParse({ CAPTION_PRESET: "boxed", CAPTION_HIGHLIGHT_COLOUR: "#FFE600" });
  expect(parsed.error?.issues.map(({ message }) => message).join()).toContain("Captions could not be read");
  expect(MachineEnv.safeParse({ CAPTION_COLOUR: "red" }).success).toBe(false);
  expect(MachineEnv.safeParse({ CAPTION_PRESET: "comic" }).success).toBe(false);
  expect(MachineEnv.parse({})).toMatchObject({ CAPTION_PRESET: "amber", CAPTION_BURN_IN: true });
});

test("how captions look goes with a launch to every machine", () => {
  expect(PORTABLE_SETTINGS).toEqual(
    expect.arrayContaining(["CAPTION_PRESET", "CAPTION_BURN_IN", "CAPTION_OUTLINE_COLOUR"]),
  );
});

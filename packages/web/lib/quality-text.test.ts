import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { checkName, measurements, type QcClip, repairsText } from "./quality-text.ts";

const t = translateTo("en");
const aClip = (overrides: Partial<QcClip> = {}): QcClip => ({
  clip_file: "clip_01.mp4",
  verdict: "ok",
  repairs: [],
  reasons: [],
  checks: [],
  ...overrides,
});

test("a measurement says its value and what it should be, in its group", () => {
  const checks = [
    { id: "V1.width", value: 1080, unit: "px", min: 1080, max: 1080, pass: true },
    { id: "A1.integrated", value: -14.1, unit: "LUFS", min: -15, max: -13, pass: true },
    { id: "A3.ends", value: 0.01234, unit: "s", max: 0.04, pass: true },
    { id: "C3.gap", value: 3, unit: "frames", min: 2, pass: true },
    { id: "C7.contrast", value: 7.1, unit: ":1", min: 4.5, pass: true },
    { id: "C5.too_fast", value: 2, unit: "captions", max: 0, pass: false },
    { id: "C1.width", value: 764.2937, unit: "px", max: 864, pass: true },
    { id: "C2.too_long", value: 0, unit: "lines", max: 0, pass: true },
    { id: "R1.empty", value: null, unit: "%", pass: true },
    { id: "X1.new", value: 1, unit: "", pass: true },
  ];
  const told = measurements(t, aClip({ checks })).map(({ title, rows }) => [
    title,
    ...rows.map(({ name, value, wanted }) => [name, value, wanted]),
  ]);
  expect(told).toEqual([
    [
      "Sound",
      ["Loudness", "−14.1 LUFS", "should be −15 to −13"],
      ["Picture and sound end apart by", "0.012 s", "should be at most 0.04"],
    ],
    ["Picture", ["Time without the person in the picture", "could not be measured", null]],
    [
      "Captions",
      ["Too fast to read", "2 captions", "should be none"],
      ["Smallest gap", "3 frames", "should be at least 2"],
      ["Least contrast", "7.1:1", "should be at least 4.5"],
      ["Widest line", "764.3 px", "should be at most 864"],
      ["Lines that are too long", "none", null],
    ],
    ["File", ["Width", "1080 px", "should be 1080"]],
    ["Other", ["New", "1", null]],
  ]);
});

test("a check without a name is called by the end of its id", () => {
  expect(checkName(t, "V9.blocks_of_noise")).toBe("Blocks of noise");
  expect(checkName(t, "odd")).toBe("Odd");
});

test("repairs are told once each, and unknown ones by their own words", () => {
  expect(repairsText(t, aClip())).toBeNull();
  expect(repairsText(t, aClip({ repairs: ["regain", "regain", "fresh_cover"] }))).toBe(
    "its loudness was set again, fresh cover",
  );
});

import { expect, test } from "vitest";
import { type JobOptions, parseOptions } from "./options-memory.ts";

const USUAL = {
  durationSeconds: 45,
  count: 2,
  language: "auto",
  captionPreset: null,
  tighten: false,
  outputLanguage: null,
};

test.each([null, "", "{", "null", "[]", '"text"'])("from %j come the usual choices", (kept) => {
  expect(parseOptions(kept)).toEqual(USUAL);
});

test("choices come back as they were kept", () => {
  const chosen: JobOptions = {
    durationSeconds: 60,
    count: 5,
    language: "id",
    captionPreset: "pop",
    tighten: true,
    outputLanguage: "pt-BR",
  };
  expect(parseOptions(JSON.stringify(chosen))).toEqual(chosen);
});

test("one choice that is not allowed any more does not take the others with it", () => {
  const kept = {
    durationSeconds: 600,
    count: 3,
    language: "klingon",
    captionPreset: "comic",
    outputLanguage: 7,
  };
  expect(parseOptions(JSON.stringify(kept))).toEqual({ ...USUAL, count: 3 });
});

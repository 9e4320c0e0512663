import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { languagesBy } from "./languages.ts";
import { type JobOptions, parseOptions } from "./options-memory.ts";
import { optionsText } from "./options-text.ts";

const chosen: JobOptions = {
  ...{ durationSeconds: 60, count: 1, language: "id", captionPreset: "pop", tighten: true },
  outputLanguage: "pt-BR",
};

test("the usual choices are told shortly, others by name", () => {
  expect(optionsText(translateTo("en"), "en", parseOptions(null), " ")).toBe("2 clips of 45 s");
  expect(optionsText(translateTo("en"), "en", chosen, " the dog ")).toBe(
    "1 clip of 60 s, about the dog, Pop captions, without filler words, spoken Indonesian, written Brazilian Portuguese",
  );
});

test("they are told in the reader's language", () => {
  expect(optionsText(translateTo("id"), "id", chosen, "")).toContain("diucapkan dalam Indonesia");
  expect(optionsText(translateTo("ar"), "ar-u-nu-latn", parseOptions(null), "")).toBe(
    "مقطعان طول كلٍّ منها 45 ث",
  );
});

test("languages are sorted by their names in the reader's language", () => {
  const names = languagesBy("id").map(([, name]) => name);
  expect(names).toContain("Jepang");
  expect(names.indexOf("Arab")).toBeLessThan(names.indexOf("Jepang"));
});

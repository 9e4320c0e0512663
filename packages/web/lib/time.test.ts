import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { clock, fineClock, parseClock, roughSpanText, sinceMs, sizeText, spanText } from "./time.ts";

const t = translateTo("en");

test.each([
  [0, "0:00"],
  [65.9, "1:05"],
  [125, "2:05"],
  [3725, "1:02:05"],
  [-3, "0:00"],
])("second %d of a video is written %s", (seconds, text) => expect(clock(seconds)).toBe(text));

test.each([
  [0.4, "0 s"],
  [59.6, "1 min"],
  [125, "2 min 5 s"],
  [3600, "1 h"],
  [3780, "1 h 3 min"],
])("%d seconds last %s", (seconds, text) => expect(spanText(t, seconds)).toBe(text));

test.each([
  [3, "a few seconds"],
  [31, "about 40 s"],
  [56, "about 1 min"],
  [170, "about 3 min"],
  [7300, "about 2 h"],
])("%d seconds to come are %s", (seconds, text) => expect(roughSpanText(t, seconds)).toBe(text));

test.each([
  [999, "999 B"],
  [999_999, "1 MB"],
  [640_000, "640 kB"],
  [12_400_000, "12.4 MB"],
  [2_000_000_000, "2 GB"],
])("%d bytes are %s", (bytes, text) => expect(sizeText(t, bytes)).toBe(text));

test("other languages have units of their own, and Latin digits", () => {
  expect(spanText(translateTo("id"), 125)).toBe("2 mnt 5 dtk");
  expect(sizeText(translateTo("ar"), 12_400_000)).toBe("12.4 ميغابايت");
});

test("a clock that is behind the server's never makes a negative time", () => {
  expect(sinceMs("2026-01-01T00:00:05Z", Date.parse("2026-01-01T00:00:00Z"))).toBe(0);
});

test.each([
  [65.94, "1:05.9"],
  [59.96, "1:00.0"],
  [0, "0:00.0"],
])("second %d is written %s to the tenth", (seconds, text) => {
  expect(fineClock(seconds)).toBe(text);
  expect(parseClock(text)).toBeCloseTo(seconds, 0);
});

test.each([
  ["1:05.9", 65.9],
  ["125,4", 125.4],
  [" 1:02:05 ", 3725],
  ["90", 90],
  ["", null],
  ["1:2:3:4", null],
  ["-5", null],
  ["soon", null],
])("a person who writes %j means %j s", (text, seconds) => expect(parseClock(text)).toBe(seconds));

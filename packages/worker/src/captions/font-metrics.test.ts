import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readFontMetrics } from "./font-metrics.ts";
import { ROBOTO_BLACK } from "./looks.ts";

const metrics = readFontMetrics(await readFile(ROBOTO_BLACK.file));

test("widths are those that libass draws", () => {
  // ink of these lines at size 96, drawn by ffmpeg 5.1.9: 928 and 712 px; advances are a little wider than ink
  expect(metrics.width("People remember stories,", 96)).toBeCloseTo(937, 0);
  expect(metrics.width("not slides or graphs", 96)).toBeCloseTo(717, 0);
});

test("a width grows with the size and with every letter", () => {
  expect(metrics.width("iiii", 40)).toBeLessThan(metrics.width("mmmm", 40));
  expect(metrics.width("word", 80)).toBeCloseTo(2 * metrics.width("word", 40));
  expect(metrics.width("", 80)).toBe(0);
});

test("Latin, Cyrillic, Greek and Vietnamese letters are in the font, Chinese, Thai and emoji are not", () => {
  for (const letter of "aéßøŁžЖяΩữ’“…€") expect(metrics.has(letter.codePointAt(0) ?? 0), letter).toBe(true);
  for (const letter of ["中", "ก", "あ", "😀"])
    expect(metrics.has(letter.codePointAt(0) ?? 0), letter).toBe(false);
});

test("a character that the font lacks counts with a safe width, a combining mark with none", () => {
  const em = metrics.width("中", 100);
  expect(em).toBeGreaterThan(metrics.width("W", 100));
  expect(metrics.width("ก\u0e34", 100)).toBe(metrics.width("ก", 100));
});

test("bytes that are no font are refused", () => {
  expect(() => readFontMetrics(Buffer.alloc(64))).toThrow("no OS/2 table");
});

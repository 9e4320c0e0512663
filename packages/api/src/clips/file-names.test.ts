import { ClipFile } from "@kangklip/contract";
import { expect, test } from "vitest";
import { clipName, fileName } from "./file-names.ts";

test.each([
  ["How bees talk", "How bees talk"],
  ["../../etc/passwd", "etc passwd"],
  ["..\\..\\Windows\\system32", "Windows system32"],
  ["/absolute", "absolute"],
  ["C:\\boot.ini", "C boot.ini"],
  ["...hidden", "hidden"],
  ["ends in dots...", "ends in dots"],
  ["a\u0000b\r\nc\td\u001b[31m", "a b c d [31m"],
  ["invoice\u202efdp.exe", "invoice fdp.exe"], // would be read as invoiceexe.pdf
  ['a<b>c:d"e/f\\g|h?i*j', "a b c d e f g h i j"],
  ["CON", "_CON"],
  ["nul.txt", "_nul.txt"],
  ["com1", "_com1"],
  ["LPT¹ .x", "_LPT¹ .x"],
  ["console", "console"],
  ["", "Clip"],
  [" . .. ", "Clip"],
  ["\ud800", "Clip"],
  ["Cafe\u0301", "Café"],
  ["كيف تتكلم النحل", "كيف تتكلم النحل"],
  ["蜜蜂如何说话", "蜜蜂如何说话"],
])("%j becomes %j", (title, name) => {
  expect(fileName(title, "Clip")).toBe(name);
});

test("long titles are cut between letters, and no name is longer than file systems take", () => {
  for (const letter of ["a", "é", "蜜", "😀", "👩‍👩‍👧‍👦", "e\u0301".repeat(3), "a".repeat(7)]) {
    const name = fileName(letter.repeat(500), "Clip");
    expect(name).not.toBe("Clip");
    expect(name.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(`01 ${name}.mp4`)).toBeLessThanOrEqual(255);
  }
  const one = `a${"\u0301".repeat(1000)}`; // one letter that is longer than any name
  expect(fileName(one, "Clip")).toBe("Clip");
});

test("a title of any length is a name at once", () => {
  const from = performance.now();
  expect(fileName(`x${".".repeat(4e6)}y`, "Clip")).toBe(`x${".".repeat(79)}`.replace(/\.+$/, ""));
  expect(performance.now() - from).toBeLessThan(5000); // hours, where its end is looked for in all of it
});

test("whatever clips are called, their names differ, on systems too that know no capitals", () => {
  const titles = ["Same", "same", "SAME.", " same ", "../same"];
  const names = titles.map((title, at) => clipName(ClipFile.parse(`clip_0${at + 1}.mp4`), title));
  expect(names[0]).toBe("01 Same");
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(5);
});

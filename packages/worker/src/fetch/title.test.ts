import { expect, test } from "vitest";
import { cleanTitle, nameInDisposition, titleOfAddress, titleOfFile } from "./title.ts";

test.each([
  ["  A\ttalk\u0000 on\u2028things ", "A talk on things"],
  ["evil\u202Egnp.exe", "evilgnp.exe"],
  ["half \ud83d emoji", "half emoji"],
  ["\u0007\u200E", null],
  [null, null],
])("the title %j is cleaned to %j", (text, title) => {
  expect(cleanTitle(text)).toBe(title);
});

test("a title is at most 300 characters long and never ends in half a character", () => {
  expect(cleanTitle("x".repeat(400))).toHaveLength(300);
  expect(cleanTitle(`${"x".repeat(299)}😀`)).toBe("x".repeat(299));
});

test.each([
  ["/home/me/My_great talk.final.MP4", "My great talk.final"],
  ["C:\\Videos\\talk.mov", "talk"],
  ["index.m3u8", null],
  [".mp4", null],
  ["", null],
])("the file name %j gives %j", (name, title) => {
  expect(titleOfFile(name)).toBe(title);
});

test.each([
  ["https://example.com/v/%D0%B2%D0%B8%D0%B4%D0%B5%D0%BE.mp4?x=1", "видео"],
  ["https://example.com/a/b/%E0%A4%A.mp4", "%E0%A4%A"],
  ["https://example.com/", null],
  ["https://example.com/live/master.m3u8", null],
])("the address %s gives %j", (address, title) => {
  expect(titleOfAddress(new URL(address))).toBe(title);
});

test.each([
  [`attachment; filename="a \\"talk\\".mp4"`, 'a "talk".mp4'],
  ["attachment; filename=talk.mp4; size=3", "talk.mp4"],
  [`attachment; filename="x.mp4"; filename*=UTF-8''B%C3%BCcher.mp4`, "Bücher.mp4"],
  [`attachment; filename="${Buffer.from("Bücher.mp4").toString("latin1")}"`, "Bücher.mp4"],
  ["inline", null],
  [undefined, null],
])("the header %j names %j", (header, name) => {
  expect(nameInDisposition(header)).toBe(name);
});

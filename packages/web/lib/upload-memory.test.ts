import { expect, test } from "vitest";
import { fileMark } from "./file-mark.ts";
import { type KeptUpload, parseUpload, uploadKey } from "./upload-memory.ts";

const NOW = Date.UTC(2026, 0, 2);
const HOUR = 3_600_000;
const kept: KeptUpload = {
  upload_id: "up_01ARZ3NDEKTSV4RRFFQ69G5FAV",
  upload_token: "secret",
  name: "talk.mp4",
  size_bytes: 12,
  last_modified: 1700,
  mark: "ab",
  began_ms: NOW - HOUR,
  whole: false,
};

test("an upload of the last day can be gone on with, an older one or nonsense cannot", () => {
  expect(parseUpload(JSON.stringify(kept), NOW)).toEqual(kept);
  expect(parseUpload(JSON.stringify({ ...kept, began_ms: NOW - 25 * HOUR }), NOW)).toBeNull();
  expect(parseUpload(JSON.stringify({ ...kept, began_ms: NOW + HOUR }), NOW)).toBeNull(); // a clock was put back
  for (const text of [null, "", "{", "[]", JSON.stringify({ ...kept, upload_id: "../etc" })])
    expect(parseUpload(text, NOW)).toBeNull();
});

test("files of another name, size or date are other files", () => {
  const file = { name: "talk.mp4", size: 12, lastModified: 1700 };
  const keys = [file, { ...file, name: "a.mp4" }, { ...file, size: 13 }, { ...file, lastModified: 1 }];
  expect(new Set(keys.map(uploadKey)).size).toBe(4);
  expect(uploadKey(file)).toBe("kk:upload:12:1700:talk.mp4");
});

test("a file is told from another by its two ends", async () => {
  const file = (first: number, middle: number, last: number) =>
    new Blob([
      new Uint8Array(2 ** 20).fill(first),
      new Uint8Array(10).fill(middle),
      new Uint8Array(2 ** 20).fill(last),
    ]);
  const mark = await fileMark(file(1, 2, 3));
  expect(mark).toMatch(/^[0-9a-f]{64}$/);
  expect(await fileMark(file(1, 2, 3))).toBe(mark);
  expect(await fileMark(file(9, 2, 3))).not.toBe(mark);
  expect(await fileMark(file(1, 2, 9))).not.toBe(mark);
});

test("a short file is told as a whole, each byte once", async () => {
  const sha = async (bytes: Uint8Array<ArrayBuffer>) =>
    Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  const bytes = new Uint8Array([1, 2, 3]);
  expect(await fileMark(new Blob([bytes]))).toBe(await sha(bytes));
});

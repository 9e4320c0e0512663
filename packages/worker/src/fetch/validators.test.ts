import { expect, test } from "vitest";
import { compared, type Validators, validatorsOf } from "./validators.ts";

const marks = (etag: string | null, lastModified: string | null, length: number | null): Validators => ({
  ...{ etag, lastModified, length },
});

test.each<[string, Validators, Validators, ReturnType<typeof compared>]>([
  ["the same ETag", marks('"a"', null, null), marks('"a"', null, null), "same"],
  ["another ETag", marks('"a"', "Mon", 5), marks('"b"', "Mon", 5), "other"],
  ["the same ETag, but another length", marks('"a"', null, 5), marks('"a"', null, 6), "other"],
  ["the same ETag with another date", marks('"a"', "Mon", 5), marks('"a"', "Tue", 5), "same"],
  ["the same date and length", marks(null, "Mon", 5), marks(null, "Mon", 5), "same"],
  ["the same date, length not told", marks(null, "Mon", 5), marks(null, "Mon", null), "unknown"],
  ["another date", marks(null, "Mon", 5), marks(null, "Tue", 5), "other"],
  ["nothing but the length", marks(null, null, 5), marks(null, null, 5), "unknown"],
  ["nothing but another length", marks(null, null, 5), marks(null, null, 6), "other"],
  ["nothing at all", marks(null, null, null), marks(null, null, null), "unknown"],
  ["a mark that is gone", marks('"a"', null, 5), marks(null, null, 5), "other"],
  ["a mark that is new", marks(null, null, 5), marks('"a"', null, 5), "unknown"],
])("%s", (_, then, now, expected) => {
  expect(compared(then, now)).toBe(expected);
});

test("the length of all of it is told by a part, too", () => {
  const headers = { etag: '"a"', "content-length": "1", "content-range": "bytes 0-0/12345" };
  expect(validatorsOf({ status: 206, headers })).toEqual(marks('"a"', null, 12_345));
  expect(validatorsOf({ status: 200, headers: { "content-length": "7" } })).toEqual(marks(null, null, 7));
  const unknown = { "content-range": "bytes 0-0/*", "content-length": "1" };
  expect(validatorsOf({ status: 206, headers: unknown })).toEqual(marks(null, null, null));
});

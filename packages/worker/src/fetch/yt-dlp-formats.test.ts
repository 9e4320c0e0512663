import { expect, test } from "vitest";
import { formatsIn, pairOf, sameFormats } from "./yt-dlp-formats.ts";

const PICTURE = { format_id: "137", vcodec: "avc1", acodec: "none", url: "https://a.example/v" };
const SOUND = { format_id: "140", vcodec: "none", acodec: "mp4a", url: "https://a.example/s" };
const BOTH = { format_id: "22", vcodec: "avc1", acodec: "mp4a", url: "https://a.example/b" };
const read = (about: object) => formatsIn(JSON.stringify({ id: "x", extractor_key: "Site", ...about }));
const idsOf = (about: object) => {
  const pair = pairOf(read(about));
  return typeof pair === "string" ? pair : [pair.picture.format_id, pair.sound?.format_id ?? null];
};

test("picture and sound are told apart in whatever order they were chosen, and one may hold both", () => {
  expect(idsOf({ requested_formats: [PICTURE, SOUND] })).toEqual(["137", "140"]);
  expect(idsOf({ requested_formats: [SOUND, PICTURE] })).toEqual(["137", "140"]);
  expect(idsOf({ ...BOTH, formats: [PICTURE, SOUND, BOTH] })).toEqual(["22", null]);
  expect(idsOf({ format_id: "0", url: "https://a.example/x.mp4" })).toEqual(["0", null]);
  expect(idsOf({ _type: "playlist", entries: [null, { ...BOTH, id: "y" }] })).toEqual(["22", null]);
});

test.each<[string, object, RegExp]>([
  ["protected", { requested_formats: [{ ...PICTURE, has_drm: "maybe" }, SOUND] }, /protected/],
  ["with sound twice", { requested_formats: [{ ...PICTURE, acodec: "mp4a" }, SOUND] }, /both of its files/],
  ["of two pictures", { requested_formats: [PICTURE, PICTURE] }, /one picture/],
  ["of sound alone", { ...SOUND }, /one picture/],
  ["whose sound was left out", { ...PICTURE, formats: [PICTURE, SOUND] }, /sound was not found/],
])("a choice %s is not fetched by need", (_name, about, why) => {
  expect(idsOf(about)).toMatch(why);
});

test("the same formats are found again by their names, in the same video only", () => {
  const later = read({ formats: [{ ...SOUND, url: "https://b.example/s" }, PICTURE, BOTH], ...BOTH });
  const names = { video: "Site:x", ids: ["137", "140"] };
  expect(sameFormats(later, names)?.map(({ url }) => url)).toEqual([
    "https://a.example/v",
    "https://b.example/s",
  ]);
  expect(sameFormats(later, { ...names, video: "Site:y" })).toBeUndefined();
  expect(sameFormats(later, { ...names, ids: ["137", "999"] })).toBeUndefined();
});

test("fields of another kind than they should be are nothing, and end nothing", () => {
  const odd = {
    formats: [7, { url: 5, fragments: "x", http_headers: { a: 1 } }],
    requested_formats: { a: 1 },
    filesize: "big",
  };
  expect(read({ ...odd, duration: "long" })).toMatchObject({
    durationSeconds: 0,
    all: [{}, { url: null }],
    chosen: [{}],
  });
});

import { expect, test } from "vitest";
import { checkInfo, chooseSubtitles, keptInfo, readInfo, sizeOf } from "./yt-dlp-info.ts";

const infoOf = (fields: Record<string, unknown>) => readInfo(JSON.stringify(fields)).info;
const vtt = (url: string) => [
  { ext: "json3", url: "x" },
  { ext: "vtt", url },
];

test("of a list its first video is taken, and said so", () => {
  const answer = { _type: "playlist", entries: [null, { title: "one" }, { title: "two" }] };
  expect(readInfo(JSON.stringify(answer))).toMatchObject({ info: { title: "one" }, isFromList: true });
});

test.each(["", "null", "[]", '{"_type":"playlist","entries":[]}', '{"_type":"playlist"', "\u0000"])(
  "the answer %j is no video",
  (stdout) => {
    expect(() => readInfo(stdout)).toThrow(expect.objectContaining({ code: "SOURCE_UNSUPPORTED" }));
  },
);

test("fields of another type than expected count as missing", () => {
  const info = infoOf({
    title: ["x"],
    duration: "12",
    subtitles: { en: "x" },
    formats: [1, { vcodec: 5 }],
    chapters: {},
  });
  expect(info).toMatchObject({ title: null, duration: null, subtitles: { en: [] }, chapters: null });
});

test.each<[string, Record<string, unknown>, string]>([
  ["a live one", { is_live: true }, "SOURCE_LIVE"],
  ["one that begins later", { live_status: "is_upcoming" }, "SOURCE_LIVE"],
  ["one that comes past the proxy", { protocol: "rtmp" }, "SOURCE_UNSUPPORTED"],
  [
    "one of whose parts does",
    { requested_formats: [{ protocol: "https" }, { protocol: "rtsp" }] },
    "SOURCE_UNSUPPORTED",
  ],
  ["a podcast", { formats: [{ vcodec: "none" }, { vcodec: "none" }] }, "NO_VIDEO"],
])("%s is refused before it is fetched", (_name, fields, code) => {
  expect(() => checkInfo(infoOf(fields))).toThrow(expect.objectContaining({ code }));
});

test("a missing codec is unknown, not absent, and a stream that has ended is a video", () => {
  expect(() => checkInfo(infoOf({ formats: [{ format_id: "0" }], live_status: "was_live" }))).not.toThrow();
  expect(() => checkInfo(infoOf({ url: "https://example.com/v.mp4" }))).not.toThrow();
});

test("the size is known only where every part's is", () => {
  expect(sizeOf(infoOf({ requested_formats: [{ filesize: 5 }, { filesize: 7 }] }))).toBe(12);
  expect(sizeOf(infoOf({ requested_formats: [{ filesize: 5 }, {}], filesize: 9 }))).toBeNull();
  expect(sizeOf(infoOf({ filesize: 9 }))).toBe(9);
});

test.each<[string, Record<string, unknown>, string, unknown]>([
  [
    "people's in the wanted language",
    { subtitles: { de: vtt("de"), "en-GB": vtt("en") }, language: "de" },
    "en",
    { address: "en", automatic: false },
  ],
  [
    "people's in the spoken one",
    { subtitles: { de: vtt("de") }, automatic_captions: { en: vtt("auto") }, language: "de" },
    "en",
    { address: "de", automatic: false },
  ],
  [
    "automatic ones in the spoken language, no translation",
    { automatic_captions: { en: vtt("translated"), de: vtt("de"), "de-orig": vtt("heard") } },
    "en",
    { address: "heard", automatic: true },
  ],
  [
    "automatic ones in the wanted language where nobody says what is spoken",
    { automatic_captions: { en: vtt("auto") } },
    "en",
    { address: "auto", automatic: true },
  ],
  [
    "the spoken language for auto",
    { subtitles: { fr: vtt("fr"), de: vtt("de") }, language: "de" },
    "auto",
    { address: "de" },
  ],
  [
    "the only ones for auto",
    { subtitles: { fr: vtt("fr"), live_chat: [{ ext: "json", url: "x" }] } },
    "auto",
    { address: "fr", language: "fr" },
  ],
])("subtitles: %s", (_name, fields, wanted, expected) => {
  expect(chooseSubtitles(infoOf(fields), wanted)).toMatchObject(expected as object);
});

test("no subtitles are taken where none are in a language that helps, or none are WebVTT", () => {
  expect(chooseSubtitles(infoOf({ subtitles: { fr: vtt("fr"), it: vtt("it") } }), "en")).toBeNull();
  expect(chooseSubtitles(infoOf({ subtitles: { en: [{ ext: "srv3", url: "x" }] } }), "en")).toBeNull();
});

test("what is kept holds no media address, header or cookie", () => {
  const kept = JSON.stringify(
    keptInfo(
      infoOf({
        title: "t",
        url: "https://cdn.example/v.mp4?sig=SECRET",
        http_headers: { Cookie: "SECRET" },
        cookies: "SECRET",
        formats: [{ url: "SECRET" }],
        requested_formats: [{ url: "SECRET", format_id: "1" }],
        subtitles: { en: vtt("SECRET") },
      }),
    ),
  );
  expect(kept).not.toContain("SECRET");
  expect(kept).toContain('"subtitles":["en"]');
});

import { expect, test } from "vitest";
import { parsePlaylist } from "./hls.ts";
import { runsOf } from "./hls-plan.ts";

const base = new URL("https://video.example/path/list.m3u8?token=1");
const media = (lines: string) =>
  parsePlaylist(`#EXTM3U\n#EXT-X-TARGETDURATION:6\n${lines}\n#EXT-X-ENDLIST\n`, base);
const segmentsOf = (lines: string) => {
  const playlist = media(lines);
  if (playlist.kind !== "media") throw new Error("a media playlist was expected");
  return playlist.segments;
};

test("a master playlist gives its versions and their groups with absolute addresses", () => {
  const text = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud",NAME="English, clean",LANGUAGE="en",DEFAULT=YES,URI="a/en.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud",NAME="in the picture",LANGUAGE="und"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="sub",NAME="English",LANGUAGE="en",FORCED=YES,URI="s.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720,CODECS="avc1.64001f,mp4a.40.2",AUDIO="aud",SUBTITLES="sub"
720.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="iframe.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=100000
//cdn.example/low.m3u8`;
  expect(parsePlaylist(text, base)).toEqual({
    kind: "master",
    variants: [
      {
        address: "https://video.example/path/720.m3u8",
        width: 1280,
        height: 720,
        bandwidth: 2e6,
        codecs: "avc1.64001f,mp4a.40.2",
        audioGroup: "aud",
        subtitlesGroup: "sub",
      },
      {
        address: "https://cdn.example/low.m3u8",
        width: null,
        height: null,
        bandwidth: 1e5,
        codecs: null,
        audioGroup: null,
        subtitlesGroup: null,
      },
    ],
    renditions: [
      {
        type: "AUDIO",
        group: "aud",
        address: "https://video.example/path/a/en.m3u8",
        language: "en",
        isDefault: true,
        isForced: false,
      },
      { type: "AUDIO", group: "aud", address: null, language: null, isDefault: false, isForced: false },
      {
        type: "SUBTITLES",
        group: "sub",
        address: "https://video.example/path/s.m3u8",
        language: "en",
        isDefault: false,
        isForced: true,
      },
    ],
  });
});

test("a byte range without an offset follows the one before it in the same file", () => {
  const segments = segmentsOf(`#EXT-X-MAP:URI="v.mp4",BYTERANGE="100@0"
#EXTINF:4,
#EXT-X-BYTERANGE:500@100
v.mp4
#EXTINF:4,
#EXT-X-BYTERANGE:300
v.mp4
#EXTINF:2,
whole.mp4`);
  expect(segments.map(({ range }) => range)).toEqual([
    { start: 100, length: 500 },
    { start: 600, length: 300 },
    null,
  ]);
  expect(segments[0]?.init).toEqual({
    address: "https://video.example/path/v.mp4",
    range: { start: 0, length: 100 },
    key: null,
  });
});

test("an AES-128 key holds until the next one; without an IV it is the segment's number", () => {
  const segments = segmentsOf(`#EXT-X-MEDIA-SEQUENCE:258
#EXT-X-KEY:METHOD=AES-128,URI="k"
#EXTINF:4,
1.ts
#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0xABC
#EXTINF:4,
2.ts
#EXT-X-KEY:METHOD=NONE
#EXTINF:4,
3.ts`);
  expect(segments.map(({ key }) => key && [key.address, key.iv.toString("hex")])).toEqual([
    ["https://video.example/path/k", "00000000000000000000000000000102"],
    ["https://video.example/path/k", "00000000000000000000000000000abc"],
    null,
  ]);
});

test("a new run begins at a discontinuity, at a gap and at another init section", () => {
  const runs = runsOf(
    segmentsOf(`#EXT-X-MAP:URI="one.mp4"
#EXTINF:4,
1.m4s
#EXTINF:4,
2.m4s
#EXT-X-DISCONTINUITY
#EXTINF:3,
3.m4s
#EXT-X-GAP
#EXTINF:3,
gone.m4s
#EXTINF:3,
4.m4s
#EXT-X-MAP:URI="two.mp4"
#EXTINF:2,
5.m4s`),
  );
  const names = runs.map(({ parts }) => parts.map(({ address }) => address.split("/").at(-1)));
  expect(names).toEqual([
    ["one.mp4", "1.m4s", "2.m4s"],
    ["one.mp4", "3.m4s"],
    ["one.mp4", "4.m4s"],
    ["two.mp4", "5.m4s"],
  ]);
  expect(runs.map(({ durationSeconds }) => durationSeconds)).toEqual([8, 3, 3, 2]);
  expect(runs.map(({ parts, lengths }) => parts.length - (lengths?.length ?? 0))).toEqual([0, 0, 0, 0]);
  expect(runs[0]?.lengths?.reduce((sum: number, one) => sum + (one ?? 0), 0)).toBe(8);
});

test("a playlist without an end is live, one that says VOD is not", () => {
  const live = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n1.ts\n";
  expect(parsePlaylist(live, base)).toMatchObject({ ended: false });
  expect(parsePlaylist(`${live}#EXT-X-PLAYLIST-TYPE:VOD`, base)).toMatchObject({ ended: true });
});

test.each([
  ["SOURCE_UNSUPPORTED", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"', "SAMPLE-AES"],
  [
    "SOURCE_UNSUPPORTED",
    '#EXT-X-KEY:METHOD=AES-128,URI="k",KEYFORMAT="com.apple.streamingkeydelivery"',
    "AES-128",
  ],
  ["SOURCE_UNSUPPORTED", '#EXT-X-KEY:METHOD=<b>x</b>,URI="k"', "an unknown method"],
  ["SOURCE_UNSUPPORTED", '#EXT-X-DEFINE:NAME="x",VALUE="y"', "variables"],
  ["SOURCE_UNREADABLE", "#EXTINF:4,\nhttp://[", "address"],
  ["SOURCE_UNREADABLE", "#EXTINF:4,\n#EXT-X-BYTERANGE:-5@3\n1.ts", "byte range"],
])("%s: a playlist with %s is refused", (code, lines, words) => {
  expect(() => media(lines)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(words) }),
  );
});

test("more than 50 000 segments are refused", () => {
  const lines = "#EXTINF:1,\n1.ts\n".repeat(50_001);
  expect(() => media(lines)).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
});

test("a list of songs and a text that is no playlist are refused", () => {
  expect(() => parsePlaylist("#EXTM3U\n#EXTINF:1,\nsong.mp3\n", base)).toThrow(/list of files/);
  expect(() => parsePlaylist("hello", base)).toThrow(/not a playlist/);
});

test("reading stays quick on a long line without an end", () => {
  const begun = performance.now();
  media(`#EXT-X-KEY:METHOD=NONE,${"A=".repeat(200_000)}${'"'.repeat(200_000)}\n#EXTINF:1,\n1.ts`);
  expect(performance.now() - begun).toBeLessThan(2000);
});

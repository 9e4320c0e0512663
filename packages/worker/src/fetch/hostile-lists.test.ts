import { KangKlipError } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planDash } from "./dash.ts";
import { parsePlaylist } from "./hls.ts";
import { runsOf } from "./hls-plan.ts";
import { sniff } from "./sniff.ts";
import { joinVtt } from "./webvtt.ts";
import { ytDlpFailure } from "./yt-dlp-failure.ts";
import { chooseSubtitles, keptInfo, readInfo } from "./yt-dlp-info.ts";

const base = new URL("https://video.example/a/list");

/** Throws on anything but a result or an expected failure. */
function endsWell(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof KangKlipError)) throw error;
  }
}

const word = fc.oneof(
  fc.constantFrom(
    ...[
      "#EXTM3U",
      "#EXT-X-TARGETDURATION:2",
      "#EXTINF:",
      "#EXTINF:-1e999,",
      "#EXT-X-BYTERANGE:",
      "5@",
      "@5",
      "99999999999999999999",
    ],
    ...[
      "#EXT-X-KEY:METHOD=AES-128,URI=",
      '"k"',
      ",IV=0x",
      "#EXT-X-MAP:URI=",
      "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=0x0",
      "#EXT-X-MEDIA:TYPE=AUDIO,",
    ],
    ...[
      "#EXT-X-DISCONTINUITY",
      "#EXT-X-GAP",
      "#EXT-X-MEDIA-SEQUENCE:-5",
      "#EXT-X-ENDLIST",
      "file:///etc/passwd",
      "//",
      "\u0000",
      '"',
      "=",
      ",",
    ],
  ),
  fc.string({ maxLength: 12 }),
);

test("whatever an HLS playlist says, reading it ends in a playlist or in an expected failure", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 30 }), (lines) => {
      const text = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", ...lines.map((line) => line.join(""))].join("\n");
      endsWell(() => {
        const playlist = parsePlaylist(text, base);
        if (playlist.kind === "media") runsOf(playlist.segments);
      });
    }),
    { numRuns: 2000 },
  );
});

const attribute = fc.tuple(
  fc.constantFrom(
    "media",
    "initialization",
    "timescale",
    "duration",
    "startNumber",
    "endNumber",
    "t",
    "d",
    "r",
    "range",
    "mediaRange",
    "mimeType",
    "id",
    "width",
    "presentationTimeOffset",
    "__proto__",
    "toString",
  ),
  fc.oneof(
    fc.constantFrom(
      "$Number%099d$",
      "$Time$",
      "0",
      "1",
      "-1",
      "1e9",
      "9007199254740993",
      "NaN",
      "0-5",
      "5-0",
      "video/mp4",
      "text/vtt",
    ),
    fc.string({ maxLength: 8 }),
  ),
);
const { node } = fc.letrec<{ node: string }>((tie) => ({
  node: fc
    .tuple(
      fc.constantFrom(
        "Period",
        "AdaptationSet",
        "Representation",
        "SegmentTemplate",
        "SegmentTimeline",
        "S",
        "SegmentList",
        "SegmentURL",
        "BaseURL",
        "Initialization",
        "Role",
        "x",
      ),
      fc.array(attribute, { maxLength: 4 }),
      fc.array(
        fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.string({ maxLength: 6 }), tie("node")),
        { maxLength: 4 },
      ),
    )
    .map(([name, attributes, inside]) => {
      const quoted = attributes.map(([key, value]) => `${key}="${value.replace(/[<>&"]/g, "")}"`);
      return `<${[name, ...quoted].join(" ")}>${inside.join("")}</${name}>`;
    }),
}));

test("whatever a DASH manifest says, reading it ends in a plan or in an expected failure", () => {
  fc.assert(
    fc.property(fc.array(node, { maxLength: 4 }), (inside) => {
      const set = `<AdaptationSet mimeType="video/mp4">${inside.join("")}<Representation id="v">${inside.join("")}</Representation></AdaptationSet>`;
      const text = `<MPD mediaPresentationDuration="PT9S"><Period>${set}</Period></MPD>`;
      endsWell(() => planDash(text, base, "auto"));
      endsWell(() => planDash(`<MPD>${inside.join("")}</MPD>`, base, "en"));
    }),
    { numRuns: 500 },
  );
});

test("whatever yt-dlp says, reading it ends in a video or in an expected failure", () => {
  const names = [
    "_type",
    "entries",
    "title",
    "duration",
    "formats",
    "requested_formats",
    "subtitles",
    "automatic_captions",
    "language",
    "chapters",
  ];
  const key = fc.constantFrom(...names, "__proto__", "en", "de-orig", "ext", "url", "vcodec");
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>("playlist", "vtt", "none", null, true, 1e308),
      fc.string(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(value, (answer) => {
      endsWell(() => {
        const { info } = readInfo(JSON.stringify(answer));
        chooseSubtitles(info, "en");
        keptInfo(info);
      });
    }),
    { numRuns: 1000 },
  );
});

test("any bytes can be looked at, any text read as captions or as an error", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.string({ maxLength: 300, unit: "binary" }),
      (head, text) => {
        expect(sniff(Buffer.from(head)).kind).toBeTypeOf("string");
        expect(joinVtt([text, `WEBVTT\n${text}\n00:01.000 --> 00:02.000\n${text}`], 0)).toMatch(/^WEBVTT\n/);
        expect(ytDlpFailure(text).code).toBeTypeOf("string");
      },
    ),
    { numRuns: 500 },
  );
});

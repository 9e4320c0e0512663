import type { Language } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { FetchedSource } from "../stage.ts";
import { createCaptionsTranscriber, spreadWords, withoutRepeats } from "./captions.ts";
import { parseCues } from "./cues.ts";
import { aContext, aSoundMap } from "./testing.ts";

const words = (text: string) => parseCues(text).map((cue) => cue.words.map(({ word }) => word).join(" "));

const ROLLING = `WEBVTT
Kind: captions
Language: en

00:00:00.080 --> 00:00:02.390 align:start position:0%
 
hello<00:00:00.320><c> wide</c><00:00:00.800><c> world</c>

00:00:02.390 --> 00:00:02.400 align:start position:0%
hello wide world
 

00:00:02.400 --> 00:00:04.550 align:start position:0%
hello wide world
this<00:00:02.700><c> is</c><00:00:03.900><c> next</c>

00:00:04.550 --> 00:00:04.560 align:start position:0%
this is next
 

00:00:04.560 --> 00:00:06.000 align:start position:0%
this is next
&gt;&gt; okay
`;

/** What the transcriber makes of a file, in a video of `seconds` with the given silences. */
async function heard(
  text: string,
  options: {
    language?: string | null;
    job?: Language;
    seconds?: number;
    silences?: [number, number][];
  } = {},
) {
  const { language = "en", job = "en", seconds = 10, silences = [] } = options;
  const { context } = aContext(".", { job: { language: job } });
  const captions: FetchedSource["captions"] = { text, format: "vtt", language, automatic: false };
  return createCaptionsTranscriber().transcribe({
    ...{
      context,
      sound: aSoundMap(silences, seconds),
      durationSeconds: seconds,
      pcmFile: "",
      heard: () => {},
    },
    ...{ source: { captions } as FetchedSource, waiting: () => {} },
  });
}

test("automatic captions that roll give each word once, at its own time", async () => {
  const result = await heard(ROLLING, { language: "en-US" });
  expect(result).toMatchObject({ language: "en", accuracy: "high", timing: "word" });
  const found = "segments" in result ? result.segments.flatMap((segment) => segment.words) : [];
  expect(found.map(({ word, start }) => [word, start])).toEqual([
    ["hello", 0.08],
    ["wide", 0.32],
    ["world", 0.8],
    ["this", 2.4],
    ["is", 2.7],
    ["next", 3.9],
    ["okay", 4.56],
  ]);
  expect(found[1]?.end).toBeLessThan(0.8 + 1e-9);
  expect(found[3]?.end).toBe(2.7);
});

test("captions by people keep what was said twice", () => {
  const cue = (at: number, text: string) => `00:00:0${at}.000 --> 00:00:0${at + 1}.000\n${text}\n\n`;
  const cues = withoutRepeats(
    parseCues(cue(1, "No.") + cue(2, "No.") + cue(3, "Well, no.") + cue(4, "Right.")),
  );
  expect(cues.map((cue) => cue.words.length)).toEqual([1, 1, 2, 1]);
});

test("SRT is read with its numbers, commas, positions, tags and speaker dashes", () => {
  const srt =
    "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\n{\\an8}<i>- Hello,</i> <b>you</b>.\r\n-Who? -5 &amp; me\r\n2\r\n0:00:03,5 --> 00:00:04,000 X1:1\r\nA &lt;b&gt; tag\r\n";
  expect(parseCues(srt).map(({ start, end }) => [start, end])).toEqual([
    [1, 2.5],
    [3.5, 4],
  ]);
  expect(words(srt)).toEqual(["Hello, you. Who? -5 & me", "A <b> tag"]);
});

test("a tag inside a word does not split it", () => {
  expect(words("00:01.000 --> 00:02.000\nun<i>believ</i>able <c.red>red</c>\n")).toEqual([
    "unbelievable red",
  ]);
});

test("notes, styles, headers and cues without a sense are passed over", () => {
  const vtt = `WEBVTT - title
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0

STYLE
::cue { color: red }

NOTE
a note

id
00:01.000 --> 00:02.000
kept

00:05.000 --> 00:04.000
backwards

-00:00:01.000 --> 00:00:02.000
negative

00:99:99.999 --> forever
wrong
`;
  expect(words(vtt)).toEqual(["kept"]);
});

test("cues come in order of time whatever their order in the file", () => {
  expect(words("00:09.000 --> 00:10.000\nb\n\n00:01.000 --> 00:02.000\na\n")).toEqual(["a", "b"]);
});

test("overlapping cues do not mix their words", async () => {
  const result = await heard(
    "00:01.000 --> 00:08.000\none two three\n\n00:02.000 --> 00:04.000\nfour five\n",
  );
  expect("segments" in result && result.segments.map(({ text }) => text)).toEqual([
    "one two three four five",
  ]);
});

test("bidirectional and control characters do not get through", () => {
  expect(words("00:01.000 --> 00:02.000\na\u202eb\u0007 c\u2066d\n")).toEqual(["ab cd"]);
});

test("any text is read without an error, and its words are in order", async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "00:00:01.000 --> 00:00:03.000\n",
      "\n",
      "\n\n",
      "<00:00:02.000>",
      "<c>",
      "&#x110000;",
      "{\\an",
      "-->",
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      const result = await heard(pieces.join(""));
      const found = "segments" in result ? result.segments.flatMap((segment) => segment.words) : [];
      for (const [index, { start, end }] of found.entries()) {
        expect(end).toBeGreaterThan(start);
        expect(start).toBeGreaterThanOrEqual(found[index - 1]?.end ?? 0);
      }
    }),
    { numRuns: 100 },
  );
});

test("a file made to be slow is read in a moment", () => {
  const begun = performance.now();
  for (const text of [
    "<".repeat(300_000),
    "00:00:00.000 --> ".repeat(50_000),
    `00:01.000 --> 00:02.000\n${"a<b".repeat(200_000)}`,
    "\n- ".repeat(200_000),
  ])
    parseCues(text);
  const same = `00:01.000 --> 00:02.000\n${"a ".repeat(1000)}\n\n`;
  withoutRepeats(parseCues(same.repeat(300)));
  expect(performance.now() - begun).toBeLessThan(3000);
});

test("the words of a line share its time by their length and leave out its silences", () => {
  expect(spreadWords(["a", "abcde"], 0, 8, aSoundMap())).toEqual([
    { word: "a", start: 0, end: 2 },
    { word: "abcde", start: 2, end: 8 },
  ]);
  expect(spreadWords(["abc", "abc"], 10, 20, aSoundMap([[12, 18]]))).toEqual([
    { word: "abc", start: 10, end: 12 },
    { word: "abc", start: 18, end: 20 },
  ]);
  // a line over nothing but silence is taken as it is
  expect(spreadWords(["abc"], 10, 20, aSoundMap([[9, 21]]))).toEqual([{ word: "abc", start: 10, end: 20 }]);
});

test("captions without word times say so", async () => {
  expect(await heard("00:01.000 --> 00:08.000\nOne two. Three four.\n")).toMatchObject({
    timing: "line",
    segments: [{ text: "One two." }, { text: "Three four." }],
  });
});

test("captions in another language than the job's, empty ones and those of a few signs are not used", async () => {
  const line = "00:01.000 --> 00:08.000\nsatu dua tiga\n";
  expect(await heard(line, { language: "id" })).toHaveProperty("unavailable");
  expect(await heard(line, { language: "id", job: "auto" })).toMatchObject({ language: "id" });
  expect(await heard(line, { language: null })).toMatchObject({ language: null });
  expect(await heard(line, { language: "fr-CA", job: "fr" })).toMatchObject({ language: "fr" });
  expect(await heard(line, { language: "iw", job: "he" })).toMatchObject({ language: "he" }); // as YouTube calls it
  expect(await heard("WEBVTT\n")).toHaveProperty("unavailable");
  expect(await heard("00:01.000 --> 00:08.000\n[Music]\n")).toHaveProperty("unavailable");
  expect(await heard(line, { seconds: 3600 })).toHaveProperty("unavailable");
});

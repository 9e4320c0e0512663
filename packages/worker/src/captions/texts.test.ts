import type { Word } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import { parseCues } from "../asr/cues.ts";
import { orderedWords } from "../asr/segments.ts";
import { cleanTitle, titleOfFile } from "../fetch/title.ts";
import { addressesMachine } from "../select/for-machines.ts";
import { plainLine } from "../select/plain-text.ts";
import { aSelectContext, aSelectInput, transcriptOf } from "../select/testing.ts";
import { spokenWords } from "../select/words.ts";
import { select } from "../stages/select.ts";
import { captionsAss } from "./ass.ts";
import { type Cue, captionCues } from "./cues.ts";
import { cleanText, seen } from "./sanitize.ts";
import { captionStyle } from "./style.ts";
import { subtitlesSrt, subtitlesVtt } from "./subtitles.ts";
import { asExpected, runs, subtitles, texts, timed, wordsIn, written } from "./testing-texts.ts";
import { type CaptionWord, clipWords, lineText } from "./words.ts";

const CLIP_SECONDS = 60;
const settings = {
  ...{ captionFont: "Roboto", captionFontSize: undefined, captionMaxChars: undefined },
  ...{ captionMaxLines: undefined, captionMarginH: undefined, captionMarginV: undefined },
};
const style = await captionStyle({ ...settings, renderWidth: 1080, renderHeight: 1920 });
const HIDDEN =
  /[\p{Cc}\p{Co}\p{Noncharacter_Code_Point}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\ufeff\u3164]/u;

function captioned(words: Word[]): { placed: CaptionWord[]; cues: Cue[] } {
  const spans = [{ start: 0, end: CLIP_SECONDS, clipStart: 0 }];
  const placed = clipWords(words, spans, CLIP_SECONDS, style.fits);
  const { maxLines, fits } = style;
  return { placed, cues: captionCues(placed, { clipSeconds: CLIP_SECONDS, maxLines, fits }) };
}

const EVENT = /^Dialogue: 0,\d:\d\d:\d\d\.\d\d,\d:\d\d:\d\d\.\d\d,Caption,,0,0,0,,\{\\blur2\.00\}(.*)$/;
const OWN_TAGS = "{\\1c&H1FB8FF&} {\\1c&HFFFFFF&}";
const SRT_CUE = /^\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n[^\n<>]+(\n[^\n<>]+)?\n?$/;
const VTT_CUE = /^\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n[^\n<>]+(\n[^\n<>]+)?\n?$/;

/** What holds for the files of any captions: their structure is ours, their text is clean, their times are times. */
function expectSound(placed: CaptionWord[], cues: Cue[]): void {
  const unsound = placed.filter(({ start, end, text }, at) => {
    const isTimed = start >= (placed[at - 1]?.start ?? 0) && end >= start && end <= CLIP_SECONDS;
    return !isTimed || HIDDEN.test(text) || !text.isWellFormed();
  });
  const ass = captionsAss(cues, style, 30);
  const lines = ass.split("\n");
  const events = lines.slice(lines.indexOf("[Events]") + 2, -1);
  const foreign = events.filter((event) => {
    const tags = EVENT.exec(event)?.[1]?.match(/\{[^}]*\}|\\./g) ?? [];
    return tags.filter((tag) => tag !== "\\N").join(" ") !== OWN_TAGS;
  });
  const srt = subtitlesSrt(cues).split("\n\n").filter(Boolean);
  const [name, ...vtt] = subtitlesVtt(cues).split("\n\n").filter(Boolean);
  const broken = [
    ...srt.filter((cue, at) => !SRT_CUE.test(cue) || !cue.startsWith(`${at + 1}\n`)),
    ...vtt.filter((cue) => !VTT_CUE.test(cue)),
  ];
  expect({ unsound, foreign, broken }).toEqual({ unsound: [], foreign: [], broken: [] });
  expect([events.length, srt.length, vtt.length]).toEqual([placed.length, cues.length, cues.length]);
  expect([name?.trim(), ass.match(/^\[/gm)?.length]).toEqual(["WEBVTT", 3]);
}

describe("texts of the corpus", () => {
  test("ids are unique", () => {
    const ids = [...texts, ...timed, ...subtitles].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(100);
  });

  test.each(texts)("$id $what: drawn, listed and named as expected", ({ text, expect: expected }) => {
    const said = written(text);
    const { placed, cues } = captioned([{ word: said, start: 1, end: 50 }]);
    expectSound(placed, cues);
    expect({
      caption: asExpected(cleanText(said)),
      words: placed.length,
      title: asExpected(cleanTitle(said)),
      file_title: asExpected(titleOfFile(said)),
      line: asExpected(plainLine(said)),
      for_machine: addressesMachine(said),
    }).toEqual(expected);
  });

  test.each(texts)(
    "$id $what: spoken in a talk and as its title, it changes no clip's form",
    async ({ text }) => {
      const said = written(text).slice(0, 3000);
      const row = { text: said, pauseSeconds: 0.4 };
      const transcript = transcriptOf([...SCRIPT.slice(0, 8), row, ...SCRIPT.slice(8, 20), row, row]);
      const context = aSelectContext({ clip_count: 3, clip_duration_seconds: 30 });
      const { edl, selector } = await select(context, aSelectInput(transcript, { title: written(text) }));
      expect([edl.clips.length, selector]).toEqual([3, "heuristic"]);
      for (const { title, hook, reason, segments, words } of edl.clips) {
        for (const [line, limit] of [
          [title, 60],
          [hook, 90],
          [reason, 240],
        ] as const) {
          expect(line).not.toMatch(HIDDEN);
          expect(line).not.toMatch(/[<>{}\\`|]|https?:|javascript:|^\s|\s$|^$/i);
          expect(Array.from(line).length).toBeLessThanOrEqual(limit);
        }
        const [{ start = Number.NaN, end = Number.NaN } = {}] = segments;
        expect(end - start >= 24 && end - start <= 33).toBe(true);
        const { placed, cues } = captioned(
          words.map(({ word, ...time }) => ({ word, start: time.start - start, end: time.end - start })),
        );
        expectSound(placed, cues);
      }
    },
  );

  test.each(timed)("$id $what: every time is a time, in order, inside the video", (row) => {
    const words = wordsIn(row);
    const ordered = orderedWords(words, CLIP_SECONDS);
    const segments = [{ text: "", start: 0, duration: CLIP_SECONDS, words }];
    const spoken = spokenWords(segments, CLIP_SECONDS * 1000);
    for (const list of [
      ordered,
      spoken.map(({ startMs, endMs }) => ({ start: startMs / 1000, end: endMs / 1000 })),
    ]) {
      let last = 0;
      for (const { start, end } of list) {
        expect(start >= last && end > start && end <= CLIP_SECONDS, `${start} to ${end}`).toBe(true);
        last = start;
      }
    }
    const { placed, cues } = captioned(words);
    expectSound(placed, cues);
    expect({ ordered: ordered.length, spoken: spoken.length, captions: placed.length }).toEqual(row.expect);
  });

  test.each(timed)("$id $what: SELECT gives clips of the right length all the same", async (row) => {
    const segments = [{ text: "", start: 0, duration: 60, words: wordsIn(row) }];
    const transcript = { ...transcriptOf([]), segments };
    const context = aSelectContext({ clip_count: 2, clip_duration_seconds: 30 });
    const { edl } = await select(context, aSelectInput(transcript, { durationSeconds: 120 }));
    expect(edl.clips).toHaveLength(2);
    expect(JSON.stringify(edl)).not.toMatch(/null,"text"|NaN|:null,"end"/);
    for (const {
      segments: [segment],
    } of edl.clips) {
      const length = (segment?.end ?? Number.NaN) - (segment?.start ?? 0);
      expect(length >= 24 && length <= 33.001, `${length} s`).toBe(true);
    }
  });

  test.each(subtitles)("$id subtitles with $what are read or left out", ({ text, expect: expected }) => {
    const cues = parseCues(written(text));
    const first =
      cues[0]?.words
        .map(({ word }) => word)
        .join(" ")
        .slice(0, 100) ?? null;
    expect({ cues: cues.length, first }).toEqual(expected);
    for (const { start, end, words } of cues) {
      expect(start >= 0 && end > start && Number.isFinite(end)).toBe(true);
      for (const { word } of words) expect(word).not.toMatch(/\s|\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
    }
  });
});

const fragment = fc.constantFrom(
  ...[
    "{",
    "}",
    "\\",
    "\\N",
    "{\\p1}",
    "{\\alpha&HFF&}",
    "\r\n",
    "\n\n",
    "-->",
    "Dialogue: 0,",
    "[Events]",
    "<b>",
    "&lt;",
  ],
  ...[
    "\u202e",
    "\u2067",
    "\u200d",
    "\u200c",
    "\u200b",
    "\ud83d",
    "\ude00",
    "\u0000",
    "\u2028",
    "\uffff",
    "\ue000",
  ],
  ...[
    "\u0301",
    "\ufe0f",
    "🏽",
    "👩",
    "🏴",
    "\u{e0067}",
    "\u{e0101}",
    "\u3164",
    "\u061c",
    "世界",
    "สวัสดี",
    "क्",
    "ष",
    "می",
    "a",
    "word",
    " ",
  ],
);
const hostileWord = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.array(fragment, { maxLength: 14 }).map((parts) => parts.join("")),
);

describe("any text", { timeout: 60_000 + runs(1) * 60_000 }, () => {
  test("what is seen of it is seen again the same, and hides nothing", () => {
    fc.assert(
      fc.property(hostileWord, (text) => {
        const once = seen(text);
        expect(seen(once)).toBe(once);
        expect(once).not.toMatch(HIDDEN);
        expect(once.isWellFormed()).toBe(true);
        expect(cleanTitle(cleanTitle(text))).toBe(cleanTitle(text));
      }),
      { numRuns: runs(3000) },
    );
  });

  test("as a caption it leaves the files' structure alone", () => {
    fc.assert(
      fc.property(fc.array(hostileWord, { minLength: 1, maxLength: 4 }), (said) => {
        const words = said.map((word, at) => ({ word, start: 1 + at, end: 1.8 + at }));
        const { placed, cues } = captioned(words);
        expectSound(placed, cues);
        const whole = words.map(({ word }) => cleanText(word).replace(/\s/gu, "")).join("");
        if (!said.some((word) => word.includes("\u200d")))
          expect(
            cues
              .flatMap(({ lines }) => lines.map(lineText))
              .join("")
              .replace(/\s/gu, ""),
          ).toBe(whole);
      }),
      { numRuns: runs(2000) },
    );
  });

  test("as a line of a clip it holds no markup, no link and no order of syntax", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(hostileWord, fc.webUrl()), { maxLength: 5 }), (parts) => {
        const line = plainLine(parts.join(" "));
        expect(line).not.toMatch(HIDDEN);
        expect(line).not.toMatch(/[{}<>[\]\\|`]|https?:\/\//i);
      }),
      { numRuns: runs(2000) },
    );
  });
});

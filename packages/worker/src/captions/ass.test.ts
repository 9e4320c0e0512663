import { CaptionPreset } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { captionsAss, previewMarkAss } from "./ass.ts";
import { captionCues } from "./cues.ts";
import { captionEvents } from "./draw.ts";
import { captionStyle, captionTop } from "./style.ts";
import { subtitlesSrt, subtitlesVtt } from "./subtitles.ts";
import { clipWords } from "./words.ts";

const settings = {
  ...{ renderWidth: 1080, renderHeight: 1920, captionFont: "Roboto", captionFontSize: undefined },
  ...{
    captionMaxChars: undefined,
    captionMaxLines: undefined,
    captionMarginH: undefined,
    captionMarginV: undefined,
  },
};
const style = await captionStyle(settings);

function cuesOf(texts: string[]) {
  const words = texts.map((word, i) => ({ word, start: i * 0.4, end: i * 0.4 + 0.3 }));
  const clipSeconds = texts.length * 0.4 + 1;
  const placed = clipWords(words, [{ start: 0, end: clipSeconds, clipStart: 0 }], clipSeconds, style.fits);
  return captionCues(placed, { clipSeconds, maxLines: 2, fits: style.fits });
}
const eventsOf = (file: string) => file.slice(file.indexOf("[Events]")).split("\n").slice(2).filter(Boolean);

test("one event per word, which lights up that word and leaves the others where they are", () => {
  const events = eventsOf(captionsAss(cuesOf(["Hello", "big", "world."]), style, 25));
  expect(events).toEqual([
    "Dialogue: 0,0:00:00.00,0:00:00.38,Caption,,0,0,0,,{\\blur2.00}{\\1c&H1FB8FF&}Hello{\\1c&HFFFFFF&} big world.",
    "Dialogue: 0,0:00:00.38,0:00:00.78,Caption,,0,0,0,,{\\blur2.00}Hello {\\1c&H1FB8FF&}big{\\1c&HFFFFFF&} world.",
    "Dialogue: 0,0:00:00.78,0:00:01.38,Caption,,0,0,0,,{\\blur2.00}Hello big {\\1c&H1FB8FF&}world.{\\1c&HFFFFFF&}",
  ]);
});

test("captions of a split frame lie on the seam, plates too, and the others stay where they are", async () => {
  const cues = cuesOf(["One", "two.", "Three", "four", "five", "six.", "Seven", "eight."]);
  const [, second] = cues;
  const splits = [{ start: (second?.start ?? 0) - 0.05, end: (second?.end ?? 0) - 0.05 }];
  for (const preset of ["amber", "boxed", "pop"] as const) {
    const own = await captionStyle(settings, { preset });
    const margins = (file: string) => eventsOf(file).map((event) => Number(event.split(",")[7]));
    expect(new Set(margins(captionsAss(cues, own, 25)))).toEqual(new Set([0]));
    const file = captionsAss(cues, own, 25, splits);
    const count = captionEvents(cues.slice(1, 2), own).length;
    const lifted = margins(file).filter((margin) => margin > 0);
    expect(lifted).toHaveLength(count);
    const lines = preset === "pop" ? 1 : (second?.lines.length ?? 0);
    // the block's middle is the frame's
    for (const margin of lifted) expect(margin + (lines * own.fontSize) / 2).toBeCloseTo(960, 0);
    const plates = Array.from(file.matchAll(/\\pos\([\d.]+,([\d.]+)\)/g), ([, y]) => Number(y));
    if (preset === "boxed") {
      expect(plates.filter((y) => Math.abs(y - 960) < 200)).toHaveLength(count / 2);
      expect(plates.length).toBeGreaterThan(count / 2);
    }
  }
});

test.each(["clean", "minimal", "boxed"] as const)(
  "a caption of %s that stands when the frame is split or whole again moves on that very frame",
  async (preset) => {
    const own = await captionStyle(settings, { preset });
    const words = [{ word: "Well", start: 0.2, end: 2.6 }];
    const placed = clipWords(words, [{ start: 0, end: 4, clipStart: 0 }], 4, own.fits);
    const cues = captionCues(placed, { clipSeconds: 4, maxLines: 2, fits: own.fits });
    const whole = eventsOf(captionsAss(cues, own, 25));
    const file = captionsAss(cues, own, 25, [{ start: 1, end: 2 }]);
    const places = eventsOf(file).map((event) => event.split(",").slice(1, 8));
    const times = places.map(([start, end, , , , , margin]) => [start, end, Number(margin) > 0]);
    const [from, to] = whole[0]?.split(",").slice(1, 3) ?? [];
    const once = [
      [from, "0:00:00.98", false],
      ["0:00:00.98", "0:00:01.98", true],
      ["0:00:01.98", to, false],
    ];
    expect(times).toEqual(whole.flatMap(() => once));
    // not for a moment that nobody sees
    const brief = captionsAss(cues, own, 25, [{ start: 0, end: 0.3 }]);
    expect(eventsOf(brief)).toEqual(whole);
  },
);

test("a word that pops up stays in its place until the next one, so that it pops up once", async () => {
  const own = await captionStyle(settings, { preset: "pop" });
  const cues = cuesOf(["One", "two", "three."]);
  const events = eventsOf(captionsAss(cues, own, 25, [{ start: 0.2, end: 1 }]));
  expect(events).toHaveLength(captionEvents(cues, own).length);
});

test("emoji are not drawn but stay in the subtitle files", () => {
  const cues = cuesOf(["Hot", "🔥👩‍🔧❤️", "stuff™."]);
  const events = eventsOf(captionsAss(cues, style, 25));
  expect(events).toHaveLength(3);
  expect(events[0]).toMatch(/Hot\{[^}]*\} stuff™\.$/);
  expect(subtitlesVtt(cues)).toContain("Hot 🔥👩‍🔧❤️ stuff™.");
});

/** The first frame at or after a time. */
const frameOf = (seconds: number, fps: number) => Math.max(0, Math.ceil(seconds * fps - 1e-6));

test.each([24, 25, 30, 50, 60, 30_000 / 1001])(
  "at %d frames a second a minute of words changes on the very frames of the words, without drift",
  (fps) => {
    const texts = Array.from({ length: 180 }, (_, i) => (i % 9 === 8 ? "end." : "word"));
    const words = texts.map((word, i) => ({ word, start: i / 3, end: (i + 1) / 3 }));
    const placed = clipWords(words, [{ start: 0, end: 60, clipStart: 0 }], 60, style.fits);
    const events = eventsOf(
      captionsAss(captionCues(placed, { clipSeconds: 60, maxLines: 2, fits: style.fits }), style, fps),
    );
    const seconds = (text = "") => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    expect(events).toHaveLength(180);
    for (const [i, event] of events.entries()) {
      const [, start, end] = event.split(",");
      expect(frameOf(seconds(start), fps)).toBe(Math.round((i / 3) * fps));
      expect(frameOf(seconds(end), fps)).toBe(Math.round(((i + 1) / 3) * fps));
      if (i < 179) expect(end).toBe(events[i + 1]?.split(",")[1]);
    }
  },
);

test("no text changes the structure of an ASS, SRT or VTT file", () => {
  const part = fc.constantFrom(
    ...[
      "{\\alpha&HFF&}",
      "\\N",
      "}",
      "\n",
      "\r\n\r\n",
      "Dialogue: 0,0:00:00.00",
      "1\n00:00:01,000 --> 00:00:02,000\n",
    ],
    ...["-->", "<i>", "&amp;", "WEBVTT", "NOTE", "\u202e", "a", "word", "😀", "\ud800"],
  );
  const hostile = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => `x${parts.join("")}`);
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 12 }), (texts) => {
      const cues = cuesOf(texts);
      const words = cues.flatMap(({ lines }) => lines.flat());
      const events = eventsOf(captionsAss(cues, style, 25));
      expect(events).toHaveLength(words.length);
      for (const event of events) {
        expect(event).toMatch(
          /^Dialogue: 0,\d:\d\d:\d\d\.\d\d,\d:\d\d:\d\d\.\d\d,Caption,,0,0,0,,\{\\blur[\d.]+\}/,
        );
        const tags = event.match(/\{[^}]*\}/g);
        expect(tags).toEqual(["{\\blur2.00}", "{\\1c&H1FB8FF&}", "{\\1c&HFFFFFF&}"]);
        expect(event.replace(/\{[^}]*\}|\\N/g, "")).not.toMatch(/[{}\\]/);
      }
      for (const file of [subtitlesSrt(cues), subtitlesVtt(cues)]) {
        expect(file.match(/-->/g)).toHaveLength(cues.length);
        expect(file).not.toMatch(/<|\r|\n\n\n/);
      }
    }),
    { numRuns: 300 },
  );
});

test.each(CaptionPreset.options)("nor does it in %s", async (preset) => {
  const look = await captionStyle(settings, { preset });
  const texts = [
    "{\\alpha&HFF&}x",
    "\\N}",
    "a\nDialogue: 9,0:00:00.00,gy",
    "{\\p1}m 0 0",
    "\u202eabc",
    "😀",
    "世界{",
    "ß\\fs99",
  ];
  const cues = cuesOf([...texts, ...texts].sort());
  const ass = captionsAss(cues, look, 25);
  const events = eventsOf(ass);
  expect(events.length).toBe(captionEvents(cues, look).length);
  for (const event of events) {
    expect(event).toMatch(/^Dialogue: [01],\d:\d\d:\d\d\.\d\d,\d:\d\d:\d\d\.\d\d,Caption,,0,0,0,,/);
    const tags = (event.match(/\{[^}]*\}/g) ?? []).join("");
    expect(tags).toMatch(
      /^(\{(\\(blur|bord|fscx|fscy|shad|an|p|[13]c&H|pos\(|t\()[-\d.,A-F&()]*|\\fscx[\d.]+|\\fscy[\d.]+|\))*\})*$/,
    );
    expect(event.replace(/\{[^}]*\}|\\N/g, "")).not.toMatch(/[{}\\\n]/);
  }
});

test("subtitles carry the captions' own lines and times", () => {
  const cues = cuesOf(["Tom", "&", "Jerry", "<b>", "are", "running."]);
  expect(subtitlesSrt(cues)).toBe("1\n00:00:00,000 --> 00:00:02,600\nTom & Jerry ‹b›\nare running.\n");
  expect(subtitlesVtt(cues)).toBe(
    "WEBVTT\n\n00:00:00.000 --> 00:00:02.600\nTom &amp; Jerry &lt;b&gt;\nare running.\n",
  );
});

test("times past an hour and a minute are written in full", () => {
  const cue = { start: 3661.5, end: 3662.345, lines: [] };
  expect(subtitlesVtt([cue])).toContain("01:01:01.500 --> 01:01:02.345");
});

test("the default caption box keeps clear of the apps' buttons", () => {
  const width = 1080 - 2 * style.marginH;
  expect(style.marginH).toBeGreaterThanOrEqual(65);
  expect(style.marginH + width).toBeLessThanOrEqual(930);
  expect(width).toBeLessThanOrEqual(864);
  expect(style.height - style.marginV + style.outline + style.shadow).toBeLessThanOrEqual(1440);
  expect(captionTop(style)).toBe(1190);
  expect(style.fits("twenty characters ab")).toBe(true);
  expect(style.fits("twentyone characters!")).toBe(false);
});

test("a font name from outside cannot add a field to the style line", async () => {
  const other = await captionStyle({ ...settings, captionFont: "DejaVu Sans" });
  expect(captionsAss([], other, 25)).toContain("Style: Caption,DejaVu Sans,96.00,");
  const hostile = await captionStyle({ ...settings, captionFont: "Roboto,1\n[Events]" });
  expect(captionsAss([], hostile, 25)).toContain("Style: Caption,Roboto Black,96.00,");
});

test("the preview's mark stands for as long as the clip", () => {
  const events = eventsOf(previewMarkAss(540, 960, "Roboto Black", 45));
  expect(events).toHaveLength(3);
  for (const event of events) expect(event).toMatch(/0:00:00\.00,0:00:46\.00,.*KangKlip preview$/);
});

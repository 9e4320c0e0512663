import { CaptionPreset } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { readSettings } from "../config.ts";
import { captionsAss } from "./ass.ts";
import { type CaptionCheck, captionChecks } from "./checks.ts";
import { type Cue, captionCues } from "./cues.ts";
import { type CaptionStyle, captionStyle } from "./style.ts";
import { captionCorpus, SCRIPTS, type Utterance } from "./testing-corpus.ts";
import { clipWords } from "./words.ts";

const corpus = captionCorpus(440);
const settings = readSettings({});

function captioned({ words, clipSeconds }: Utterance, style: CaptionStyle) {
  const placed = clipWords(words, [{ start: 0, end: clipSeconds, clipStart: 0 }], clipSeconds, style.fits);
  const { maxLines, fits } = style;
  return { words: placed, cues: captionCues(placed, { clipSeconds, maxLines, fits }), clipSeconds, style };
}
const failedOf = (checks: CaptionCheck[]) => checks.filter(({ pass }) => !pass).map(({ id }) => id);

describe("the caption corpus", () => {
  test("has at least eight scripts and is the same each time", () => {
    expect(SCRIPTS.length).toBeGreaterThanOrEqual(8);
    expect(captionCorpus(30)).toEqual(corpus.slice(0, 30));
    expect(captionCorpus(30, 7)).not.toEqual(corpus.slice(0, 30));
  });

  test.each(CaptionPreset.options)("in %s every caption keeps all limits", async (preset) => {
    const style = await captionStyle(settings, { preset });
    for (const [i, utterance] of (preset === "amber" ? corpus : corpus.slice(0, 88)).entries()) {
      const made = captioned(utterance, style);
      for (const fps of i < 44 ? [24, 25, 30, 60] : [30])
        expect(
          failedOf(captionChecks({ ...made, fps, ass: captionsAss(made.cues, style, fps) })),
          utterance.words.map(({ word }) => word).join(" "),
        ).toEqual([]);
    }
  });

  test("hardly a caption stands shorter than it can be read", async () => {
    const style = await captionStyle(settings);
    const cues = corpus.flatMap((utterance) => captioned(utterance, style).cues);
    const short = cues.filter(({ start, end, lines }) => {
      const [least, words] = [lines.flat().length / (end - start) > 4 ? 0.5 : 0.83, end - start];
      return words < least - 1e-6;
    });
    expect(cues.length).toBeGreaterThan(2000);
    expect(short.length / cues.length).toBeLessThan(0.005);
  });
});

describe("each check fails where it should", async () => {
  const style = await captionStyle(settings);
  const said = "So we lost about forty percent of them";
  const utterance: Utterance = {
    ...{ language: "en", script: "Latin", clipSeconds: 20 },
    words: said.split(" ").map((word, i) => ({ word, start: 1 + i * 0.4, end: 1.35 + i * 0.4 })),
  };
  const made = captioned(utterance, style);
  const good = { ...made, fps: 30, ass: captionsAss(made.cues, style, 30) };
  const [first, ...others] = good.cues;
  if (!first || others.length === 0) throw new Error("There should be several captions");
  const allWords = good.cues.flatMap(({ lines }) => lines.flat());
  const changed = (cue: Partial<Cue>) => {
    const cues = [{ ...first, ...cue }, ...others];
    return { ...good, cues, ass: captionsAss(cues, style, 30) };
  };

  test("good captions pass", () => expect(failedOf(captionChecks(good))).toEqual([]));

  test("those on the seam of a split picture pass like all others, and fail like them", () => {
    const seam = (fps: number) => captionsAss(good.cues, style, fps, [{ start: 0, end: 20 }]);
    expect(seam(30)).not.toBe(good.ass);
    expect(failedOf(captionChecks({ ...good, ass: seam(30) }))).toEqual([]);
    expect(failedOf(captionChecks({ ...good, ass: seam(7) }))).toContain("C4.highlight");
  });

  test("one that moves when the frame is split is measured as what it is", async () => {
    const clean = await captionStyle(settings, { preset: "clean" });
    const own = captioned(utterance, clean);
    const splits = [{ start: 1.5, end: 20 }];
    const checked = { ...own, fps: 30, ass: captionsAss(own.cues, clean, 30, splits) };
    expect(failedOf(captionChecks({ ...checked, splits }))).toEqual([]);
    expect(failedOf(captionChecks(checked))).toContain("C9.structure");
  });

  test.each([
    ["C1.width", changed({ lines: [allWords] })],
    ["C1.outside", changed({ lines: [allWords] })],
    ["C1.outside", { ...good, style: { ...style, marginV: 400 } }],
    ["C2.lines", changed({ lines: first.lines.flat().map((word) => [word]) })],
    ["C2.too_long", changed({ lines: [allWords] })],
    ["C3.longest", changed({ end: first.start + 3.2 })],
    ["C3.too_short", changed({ end: first.start + 0.4 })],
    ["C3.gap", changed({ end: (others[0]?.start ?? 0) - 0.03 })],
    ["C4.highlight", { ...good, ass: captionsAss(good.cues, style, 7) }],
    ["C4.onset", { ...good, ass: captionsAss(good.cues, style, 2) }],
    ["C4.overlap", { ...good, ass: good.ass.replace("0:00:01.38,Cap", "0:00:01.60,Cap") }],
    ["C5.too_fast", changed({ end: first.start + 0.2 })],
    ["C6.words", changed({ lines: first.lines.map((line) => line.slice(1)) })],
    ["C6.words", { ...good, cues: [...others, first] }],
    ["C9.structure", { ...good, ass: `${good.ass}Comment: hidden\n` }],
    ["C9.structure", { ...good, ass: good.ass.replace(/Dialogue.*\n/, "") }],
    ["C7.contrast", { ...good, style: { ...style, colours: { ...style.colours, outline: "#BBBBBB" } } }],
  ])("%s", (id, captions) => expect(failedOf(captionChecks(captions))).toContain(id));
});

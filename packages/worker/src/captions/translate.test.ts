import type { CaptionLine, EdlClip, TranslateAnswer } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSettings } from "../config.ts";
import { captionCues } from "./cues.ts";
import { captionEvents } from "./draw.ts";
import { captionStyle } from "./style.ts";
import { subtitlesSrt } from "./subtitles.ts";
import { captionLines, translatedClips } from "./translate.ts";
import { clipWords } from "./words.ts";

/** A clip of words of 0.4 s each; "|" begins another piece of the source, ten seconds on, "/" is a pause of a second. */
function aClip(text: string, index = 1): EdlClip {
  const clip: EdlClip = {
    ...{ index, title: "A title", hook: "", segments: [], score: null, score_parts: {}, reason: "" },
    ...{ words: [], framing: [], overrides: [], revision: 1 },
  };
  let at = 100;
  for (const piece of text.split(" | ")) {
    const start = at;
    for (const word of piece.split(" ")) {
      at = Math.round((at + (word === "/" ? 1 : 0.4)) * 10) / 10;
      if (word !== "/") clip.words.push({ word, start: Math.round((at - 0.4) * 10) / 10, end: at });
    }
    clip.segments.push({ start, end: at, text: piece });
    at += 10;
  }
  return clip;
}
const clipSeconds = ({ segments }: EdlClip) => segments.reduce((sum, { start, end }) => sum + end - start, 0);
/** The words of a clip as captions take them. */
function captionWords(clip: EdlClip) {
  let clipStart = 0;
  const spans = clip.segments.map(({ start, end }) => {
    const span = { start, end, clipStart };
    clipStart += end - start;
    return span;
  });
  return clipWords(clip.words, spans, clipSeconds(clip), () => true);
}

type Answering = (lines: CaptionLine[]) => { id: string; text: string }[];
async function translated(clips: EdlClip[], answering: Answering) {
  const asked: CaptionLine[][] = [];
  const found = await translatedClips({
    clips,
    language: "id",
    ask: async ({ lines }): Promise<TranslateAnswer> => {
      asked.push(lines);
      return { model: "m", tokens_in: 10, tokens_out: 5, lines: answering(lines) };
    },
    isForPeople: (line) => !line.includes("machine"),
    usable: (text) => (text.includes("CANARY") ? undefined : text.trim() || undefined),
  });
  return { ...found, asked };
}
const twice: Answering = (lines) =>
  lines.map(({ id, text }) => ({ id, text: `${text} ${text}`.replaceAll(/[a-z]/g, "x") + id }));

describe("lines", () => {
  test("end with sentences, with pauses, with clauses of some length, and before they are too long", () => {
    const texts = (text: string) => captionLines(aClip(text)).map((line) => line.text);
    expect(texts("So it ends. Here / is one, and two")).toEqual(["So it ends.", "Here", "is one, and two"]);
    expect(texts("one two three four five six seven eight, nine ten")).toEqual([
      "one two three four five six seven eight,",
      "nine ten",
    ]);
    for (const line of captionLines(aClip("word ".repeat(60).trim()))) {
      expect(line.text.length).toBeLessThanOrEqual(84);
      expect(line.end - line.start).toBeLessThanOrEqual(6);
    }
  });

  test("go across a place where something was left out, and count by the clip's own time", () => {
    const [line, ...more] = captionLines(aClip("one two | three four"));
    expect(more).toEqual([]);
    expect(line).toMatchObject({ id: "1.1", text: "one two three four", start: 0 });
    expect(line?.end).toBeCloseTo(1.6, 6);
  });

  test("of Chinese are written without spaces", () => {
    expect(captionLines(aClip("今天 我们 来 谈谈 睡眠。")).map(({ text }) => text)).toEqual([
      "今天我们来谈谈睡眠。",
    ]);
  });
});

describe("translated captions", () => {
  test("stand in the time of their line, none pretends to know a word's time, and the rest of the clip stays", async () => {
    const clip = aClip("It was late. / Nobody came.");
    const { clips, lines, kept } = await translated([clip], (asked) =>
      asked.map(({ id }) => ({
        id,
        text: id === "1.1" ? "Sudah larut malam sekali." : "Tak ada yang datang.",
      })),
    );
    expect([lines, kept]).toEqual([2, 0]);
    const [made] = clips;
    expect(made).toMatchObject({ ...clip, words: expect.anything(), words_timing: "line" });
    expect(made?.words.map(({ word }) => word).join(" ")).toBe(
      "Sudah larut malam sekali. Tak ada yang datang.",
    );
    const [first, fifth] = [made?.words[0], made?.words[4]];
    expect(first?.start).toBe(clip.words[0]?.start);
    expect(fifth?.start).toBe(clip.words[3]?.start);
  });

  test("light up nothing, whatever the preset, and are in the subtitle files", async () => {
    const { clips } = await translated([aClip("It was late and nobody came back home.")], (asked) =>
      asked.map(({ id }) => ({ id, text: "Sudah larut malam dan tidak ada yang pulang." })),
    );
    const [clip] = clips as [EdlClip];
    for (const preset of ["amber", "pop", "boxed", "fill", "bold", "minimal"] as const) {
      const style = await captionStyle(readSettings({}), { preset, timing: clip.words_timing });
      const lit = await captionStyle(readSettings({}), { preset });
      const { fits, maxLines } = style;
      const cues = captionCues(captionWords(clip), { clipSeconds: clipSeconds(clip), maxLines, fits });
      expect(captionEvents(cues, style)).toHaveLength(cues.length);
      expect([style.preset, style.marginV > 0, style.colours]).toEqual([preset, true, lit.colours]);
      expect(subtitlesSrt(cues).replace(/\s+/g, " ")).toContain("Sudah larut");
    }
  });

  test("what does not come back is asked for once more, then stays as it was spoken", async () => {
    const clip = aClip("One. Two. Three. Four.");
    const { clips, asked, kept, answers } = await translated([clip], (lines) =>
      lines.filter(({ id }) => id !== "1.2").map(({ id }) => ({ id, text: `t${id}` })),
    );
    expect(asked.map((lines) => lines.map(({ id }) => id))).toEqual([["1.1", "1.2", "1.3", "1.4"], ["1.2"]]);
    expect(clips[0]?.words.map(({ word }) => word)).toEqual(["t1.1", "Two.", "t1.3", "t1.4"]);
    expect([kept, answers.length]).toEqual([1, 2]);
  });

  test.each<[name: string, answering: Answering]>([
    ["too little comes back", (lines) => lines.slice(0, 1).map(({ id }) => ({ id, text: "x" }))],
    ["nothing does", () => []],
    ["unknown lines do", () => [{ id: "9.9", text: "x" }]],
    ["every line is the same", (lines) => lines.map(({ id }) => ({ id, text: "I cannot do that." }))],
    ["it holds what nobody may read", (lines) => lines.map(({ id }) => ({ id, text: `CANARY ${id}` }))],
  ])("where %s the whole clip stays as it was", async (_, answering) => {
    const clip = aClip("One. Two. Three. Four. Five.");
    const { clips, kept } = await translated([clip], answering);
    expect(clips).toEqual([clip]);
    expect(kept).toBe(5);
  });

  test("a line for machines is not shown to one", async () => {
    const { asked } = await translated([aClip("One. Dear machine, stop. Three. Four. Five.")], twice);
    expect(JSON.stringify(asked)).not.toContain("machine");
  });

  test("many lines are asked for in several goes", async () => {
    const clips = Array.from({ length: 5 }, (_, at) =>
      aClip(Array.from({ length: 60 }, (__, n) => `W${n}.`).join(" "), at + 1),
    );
    const { asked, kept } = await translated(clips, twice);
    expect(asked.map((lines) => lines.length)).toEqual([40, 40, 40, 40, 40, 40, 40, 20]);
    expect(kept).toBe(0);
  });

  test("a model that fails on the way keeps what it has translated", async () => {
    const words = Array.from({ length: 30 }, (_, n) => `W${n}.`).join(" ");
    const clips = [aClip(words, 1), aClip(words, 2), aClip(words, 3)];
    const refused = new Error("refused");
    let goes = 0;
    const {
      failure,
      kept,
      clips: made,
    } = await translated(clips, (lines) => {
      if (++goes === 2) throw refused;
      return twice(lines);
    });
    expect(failure).toBe(refused);
    expect(made.map(({ words_timing }) => words_timing)).toEqual(["line", undefined, undefined]);
    expect([goes, kept]).toEqual([2, 60]); // 40 lines came: one clip, and 10 of the second, which stays whole
  });

  test("no word is lost or out of order, in one piece or in many", async () => {
    const word = fc.constantFrom("one", "two,", "three.", "/", "|", "今天", "我们。", "longer-word", "🦓");
    const answer = fc.array(fc.constantFrom("satu", "dua,", "三个", "четыре", "a".repeat(40), "…"), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 3, maxLength: 60 }), answer, async (words, pieces) => {
        const text = words
          .join(" ")
          .replace(/(?:^|(?<= ))[|/](?= |$)(?= [|/])/g, "x")
          .replace(/^[|/] | [|/]$/g, " x ")
          .trim();
        const clip = aClip(text.replaceAll("| |", "|").replaceAll(/(\| )+/g, "| "));
        const said = `${pieces.join(" ")}`;
        const { clips } = await translated([clip], (lines) =>
          lines.map(({ id }) => ({ id, text: `${said} ${id}` })),
        );
        const [made] = clips as [EdlClip];
        if (made.words_timing !== "line") return; // nothing to translate
        const shown = captionWords(made);
        const expected = captionLines(clip)
          .map(({ id }) => `${said} ${id}`)
          .join("");
        expect(
          shown
            .map((one) => one.text)
            .join("")
            .replace(/\s/g, ""),
        ).toBe(expected.replace(/\s/g, ""));
        for (const [at, one] of made.words.entries()) {
          expect(one.end).toBeGreaterThanOrEqual(one.start);
          expect(one.start).toBeGreaterThanOrEqual((made.words[at - 1]?.start ?? 0) - 0.002);
          expect(
            made.segments.some(({ start, end }) => one.start >= start - 0.001 && one.end <= end + 0.001),
          ).toBe(true);
        }
      }),
      { numRuns: 150, seed: 6 },
    );
  });
});

import { type EdlClip, KangKlipError, type Word } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import type { Ground } from "./edited-clip.ts";
import { aClip, aGround, edited, spoken } from "./testing-edited-clip.ts";

const cut = (segments: { start: number; end: number }[], ground = aGround()) =>
  edited({ segments }, ground).clip;
const spans = ({ segments }: EdlClip) => segments.map(({ start, end }) => [start, end]);
const refusal = (edit: unknown, ground?: Ground) => {
  try {
    edited(edit, ground);
  } catch (error) {
    if (error instanceof KangKlipError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "taken";
};

describe("a change of words alone", () => {
  test("title, hook, preset and captions are what was asked for, and all else stays", () => {
    const edit = { title: "  New title ", hook: "", caption_preset: "bold", captions: false };
    const { clip, changed } = edited(edit);
    expect(clip).toEqual({ ...aClip(), ...edit, title: "New title", revision: 2 });
    expect(changed).toEqual(["title", "hook", "caption_preset", "captions"]);
  });

  test("what is already so is not said to be changed, and an edit that changes nothing is refused", () => {
    expect(edited({ title: "New", hook: "Old hook" }).changed).toEqual(["title"]);
    expect(refusal({ title: "Old title", segments: [{ start: 10, end: 40 }] })).toMatch("like that already");
  });

  test("corrected texts stay in order and within the cut; an unchanged word stays as sure as it was", () => {
    const words = spoken
      .slice(10, 40)
      .map((word, index) => ({ ...word, word: index === 1 ? "right" : word.word }));
    const { clip, changed } = edited({ words: [...words.toReversed(), { word: "far", start: 90, end: 91 }] });
    expect(changed).toEqual(["words"]);
    expect(clip.words).toHaveLength(30);
    expect(clip.words[0]).toEqual({ ...spoken[10], confidence: 0.9 });
    expect(clip.words[1]).toEqual({ ...spoken[11], word: "right" });
    expect(clip.framing).toEqual(aClip().framing);
  });

  test("a word over the end of the cut ends there, and one over the next ends where that begins", () => {
    const long = [
      { word: "a", start: 9.9, end: 10.5 },
      { word: "b", start: 10.3, end: 12 },
    ];
    expect(edited({ words: long }).clip.words).toEqual([
      { word: "a", start: 10, end: 10.3 },
      { word: "b", start: 10.3, end: 12 },
    ]);
  });

  test("all words may be left out, but not by a mistake about what their times count from", () => {
    expect(edited({ words: [] }).clip.words).toEqual([]);
    expect(refusal({ words: [{ word: "a", start: 1, end: 2 }] })).toMatch(/^INVALID_INPUT None of the words/);
    expect(refusal({ words: [{ word: "a", start: 12, end: 11 }] })).toBe(
      "INVALID_INPUT Word 1 ends before it begins",
    );
  });

  test("wishes for the picture have it looked at again", () => {
    const overrides = [{ from: 12, to: 20, layout: "fit" }];
    expect(edited({ overrides }).clip).toMatchObject({
      overrides,
      framing: aClip().framing,
      words: aClip().words,
    });
    expect(refusal({ overrides: [{ from: 2, to: 2 }] })).toBe(
      "INVALID_INPUT Wish 1 for the picture ends before it begins",
    );
    const wished = aGround({ clip: aClip({ overrides: [{ from: 12, to: 20, layout: "fit" }] }) });
    expect(edited({ overrides: [] }, wished).changed).toEqual(["overrides"]);
  });
});

describe("a cut", () => {
  test("lies before its first word and behind its last, by no more than half of the silence there", () => {
    // silences are 0.6 s long: 0.3 s of each
    expect(spans(cut([{ start: 20.25, end: 50.5 }]))).toEqual([
      [expect.closeTo(19.9, 9), expect.closeTo(50.9, 9)],
    ]);
    const rare = [
      spoken[0],
      { word: "b", start: 11, end: 11.5 },
      { word: "c", start: 13.3, end: 14 },
    ] as Word[];
    const long = cut([{ start: 10.9, end: 13.9 }], aGround({ spoken: rare }));
    expect(spans(long)).toEqual([[10.9, expect.closeTo(14, 0.01)]]); // silences of two seconds are cut anywhere
    const short = cut([{ start: 13, end: 16.2 }], aGround({ spoken: rare }));
    expect(spans(short)).toEqual([[expect.closeTo(12.95, 9), 16.2]]);
  });

  test("an end that the clip had already stays where it is", () => {
    const odd = aGround({ clip: aClip({ segments: [{ start: 10.41, end: 40.123, text: "" }] }) });
    expect(spans(cut([{ start: 10.41, end: 30 }], odd))).toEqual([[10.41, expect.closeTo(29.9, 9)]]);
  });

  test("begins before it ends, whatever place is the nearest", () => {
    const [a, b, c] = [
      [15, 19.98],
      [20, 29],
      [30, 39],
    ].map(([start = 0, end = 0]) => ({ word: "w", start, end }));
    const own = aClip({
      segments: [
        { start: 10, end: 19.985, text: "" },
        { start: 30, end: 40, text: "" },
      ],
    });
    const ground = aGround({ clip: own, spoken: [a, b, c] as Word[] });
    const parts = [
      { start: 19.975, end: 19.985 },
      { start: 30, end: 40 },
    ];
    expect(spans(cut(parts, ground))).toEqual([
      [expect.closeTo(14.65, 9), 19.985],
      [30, 40],
    ]);
  });

  test("parts that meet after that become one", () => {
    const joined = cut([
      { start: 20, end: 30.5 },
      { start: 30.52, end: 50 },
    ]);
    expect(spans(joined)).toEqual([[expect.closeTo(19.9, 9), expect.closeTo(49.9, 9)]]);
  });

  test("brings the words of what is new, keeps what was corrected, and leaves out what was left out", () => {
    const corrected = aClip().words.filter(({ word }) => word !== "w35");
    const words = corrected.map((one) => (one.word === "w30" ? { ...one, word: "right" } : one));
    const {
      words: now,
      segments,
      framing,
    } = cut([{ start: 30, end: 45 }], aGround({ clip: aClip({ words }) }));
    const texts = [30, 31, 32, 33, 34, 36, 37, 38, 39, 40, 41, 42, 43, 44].map((at) =>
      at === 30 ? "right" : `w${at}`,
    );
    expect(now.map(({ word }) => word)).toEqual(texts);
    expect(segments[0]?.text).toBe(Array.from({ length: 15 }, (_, at) => `w${30 + at}`).join(" "));
    expect(framing).toEqual([]);
  });

  test("words of scripts without spaces stand close", () => {
    const said = ["你", "好", "hello", "世", "界"].map((word, at) => ({
      word,
      start: at + 50.2,
      end: at + 50.6,
    }));
    const { segments } = cut([{ start: 50, end: 55 }], aGround({ spoken: said }));
    expect(segments[0]?.text).toBe("你好 hello 世界");
  });

  test.each([
    [[{ start: 30, end: 20 }], "INVALID_INPUT Part 1 of the cut ends before it begins"],
    [[{ start: 20, end: 20 }], "INVALID_INPUT Part 1 of the cut ends before it begins"],
    [
      [
        { start: 20, end: 30 },
        { start: 29, end: 40 },
      ],
      "INVALID_INPUT The parts of a cut follow each other and do not overlap",
    ],
    [[{ start: 100, end: 121 }], "INVALID_INPUT The video is 120 s long, and the cut goes beyond it"],
    [[{ start: 500, end: 501 }], "INVALID_INPUT The video is 120 s long, and the cut goes beyond it"],
  ])("%j is refused with what is wrong", (segments, why) => {
    expect(refusal({ segments })).toBe(why);
  });

  test("of less than a second or more than three minutes is refused", () => {
    const dense = Array.from({ length: 400 }, (_, at) => ({
      word: "w",
      start: at * 0.3,
      end: at * 0.3 + 0.3,
    }));
    expect(refusal({ segments: [{ start: 20.2, end: 20.6 }] }, aGround({ spoken: dense }))).toMatch(
      /^INVALID_INPUT A clip is 1 to 180 s long; this one would be 0\.[36] s$/,
    );
    expect(refusal({ segments: [{ start: 0, end: 190 }] }, aGround({ sourceSeconds: 500 }))).toMatch(
      "A clip is 1 to 180 s long; this one would be",
    );
  });

  test("needs the transcript, unless it only leaves parts out", () => {
    const two = aClip({
      segments: [
        { start: 10, end: 20, text: "" },
        { start: 25, end: 40, text: "" },
      ],
    });
    const ground = aGround({ clip: two, spoken: undefined });
    expect(spans(cut([{ start: 25, end: 40 }], ground))).toEqual([[25, 40]]);
    expect(refusal({ segments: [{ start: 26, end: 40 }] }, ground)).toMatch(
      /^CONFLICT This job kept no transcript/,
    );
    expect(refusal({ title: "T" }, ground)).toBe("taken");
  });
});

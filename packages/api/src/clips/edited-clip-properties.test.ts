import { ClipEdit, EdlClip, type Word } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editedClip } from "./edited-clip.ts";
import { aClip, aGround, edited } from "./testing-edited-clip.ts";

describe("whatever is sent", () => {
  test.each([
    ...[Number.NaN, -1, 1e9, Number.POSITIVE_INFINITY, "1", null].map((start) => ({
      segments: [{ start, end: 2 }],
    })),
    { segments: [] },
    ...["", " ", "a\u0000b", "a\nb", "\u202eabc", "a\u2028b", "\ud800", "x".repeat(101)].map((title) => ({
      title,
    })),
    { words: [{ word: "a\u2066b", start: 1, end: 2 }] },
    { hook: "a\u0007" },
    { overrides: [{ from: Number.NaN, to: 1 }] },
    { overrides: [{ from: 0, to: 1, focus: { x: 2, y: 0 } }] },
    { caption_preset: "comic" },
    {},
  ])("%j is no edit", (edit) => {
    expect(ClipEdit.safeParse(edit).success).toBe(false);
  });

  test("more than 60 parts or 1000 words are no edit", () => {
    const segments = Array.from({ length: 61 }, (_, at) => ({ start: at, end: at + 1 }));
    const words = Array.from({ length: 1001 }, () => ({ word: "a", start: 1, end: 2 }));
    for (const edit of [{ segments }, { words }]) expect(ClipEdit.safeParse(edit).success).toBe(false);
    expect(ClipEdit.safeParse({ segments: segments.slice(1), words: words.slice(1) }).success).toBe(true);
  });

  const time = fc.integer({ min: 0, max: 121_000 }).map((ms) => ms / 1000);
  const said = fc.array(
    fc.record({
      word: fc.constantFrom("a", "é", "字", "👋"),
      start: time,
      length: fc.integer({ min: 0, max: 2000 }).map((ms) => ms / 1000),
    }),
    { maxLength: 60 },
  );
  const wanted = fc.array(time, { minLength: 2, maxLength: 8 }).map((times) => {
    const ordered = times.toSorted((a, b) => a - b);
    return ordered.flatMap((start, index) =>
      index % 2 === 0 && ordered[index + 1] !== undefined
        ? [{ start, end: ordered[index + 1] as number }]
        : [],
    );
  });

  test("a cut is in order, within the video and of the right length, cuts no word, and has each word once; or it is refused by name", () => {
    let taken = 0;
    fc.assert(
      fc.property(said, wanted, (heard, segments) => {
        let at = 0;
        // one after the other, as recognisers give them
        const words = heard
          .toSorted((a, b) => a.start - b.start)
          .map(({ word, start, length }, index) => {
            const from = Math.max(at, start);
            at = from + length;
            return { word: `${word}${index}`, start: from, end: at };
          })
          .filter(({ end }) => end <= 120);
        const ground = aGround({
          spoken: words,
          clip: aClip({ words: [], segments: [{ start: 10, end: 40, text: "" }] }),
        });
        let clip: EdlClip;
        try {
          clip = editedClip(ground, ClipEdit.parse({ segments }), 2).clip;
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_INPUT" });
          return;
        }
        taken++;
        expect(EdlClip.parse(clip)).toEqual(clip);
        let before = -1;
        let total = 0;
        for (const { start, end } of clip.segments) {
          expect(start).toBeGreaterThan(before);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(120.001);
          for (const edge of [start, end].filter((one) => one !== 10 && one !== 40))
            for (const word of words) expect(edge > word.start + 1e-9 && edge < word.end - 1e-9).toBe(false);
          total += end - start;
          before = end;
        }
        expect(total).toBeGreaterThan(0.99);
        expect(total).toBeLessThan(180.01);
        const inside = words.filter(({ start, end }) =>
          clip.segments.some((span) => (start + end) / 2 >= span.start && (start + end) / 2 < span.end),
        );
        const old = (one: Word) => (one.start + one.end) / 2 >= 10 && (one.start + one.end) / 2 < 40;
        expect(clip.words.map(({ word }) => word)).toEqual(
          inside.filter((one) => !old(one)).map(({ word }) => word),
        );
      }),
      { numRuns: 1000, seed: 6 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  test("words of any kind and order come out in order, each within a part, and are taken once more as they are", () => {
    const given = fc.array(
      fc.record({ word: fc.constantFrom("a", "b", "{\\an8}"), start: time, end: time }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(given, wanted, (words, segments) => {
        const first = refusalOrClip({ words, segments });
        if (!first) return;
        for (const [index, { start, end }] of first.words.entries()) {
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(first.words[index + 1]?.start ?? 121);
          expect(first.segments.some((span) => start >= span.start && end <= span.end)).toBe(true);
        }
        const again = editedClip(
          aGround({ clip: first }),
          ClipEdit.parse({ title: "X", words: first.words }),
          3,
        );
        expect(again.changed).toEqual(["title"]);
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  function refusalOrClip(edit: unknown): EdlClip | undefined {
    try {
      return edited(edit).clip;
    } catch (error) {
      expect(error).toMatchObject({ code: "INVALID_INPUT" });
      return undefined;
    }
  }
});

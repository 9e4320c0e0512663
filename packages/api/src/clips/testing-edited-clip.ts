import { ClipEdit, EdlClip, type Word } from "@kangklip/contract";
import { editedClip, type Ground } from "./edited-clip.ts";

/** A word begins each second and lasts for 0.4 s. */
export const spoken: Word[] = Array.from({ length: 120 }, (_, at) => ({
  word: `w${at}`,
  start: at + 0.2,
  end: at + 0.6,
}));
export const aClip = (overrides: Partial<EdlClip> = {}): EdlClip =>
  EdlClip.parse({
    index: 1,
    title: "Old title",
    hook: "Old hook",
    segments: [{ start: 10, end: 40, text: "as it was" }],
    score: 0.7,
    score_parts: { opening: 1 },
    reason: "It asks and answers",
    words: spoken.slice(10, 40).map((word) => ({ ...word, confidence: 0.9 })),
    framing: [{ x: 0, y: 0, w: 9, h: 16, start: 0, end: 30, layout: "crop", reason: "face" }],
    ...overrides,
  });
export const aGround = (overrides: Partial<Ground> = {}): Ground => ({
  clip: aClip(),
  spoken,
  sourceSeconds: 120,
  ...overrides,
});
export const edited = (edit: unknown, ground = aGround()) => editedClip(ground, ClipEdit.parse(edit), 2);

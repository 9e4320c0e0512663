import type { QcCheck } from "@kangklip/contract";
import { safeBox } from "../captions/checks.ts";
import type { Cue } from "../captions/cues.ts";
import { captionEvents } from "../captions/draw.ts";
import type { CaptionStyle } from "../captions/style.ts";
import { atMost } from "./check.ts";

/** The rectangle that letters fill in a picture; its right and foot are not part of it. */
export interface Letters {
  left: number;
  right: number;
  top: number;
  foot: number;
}

/** A frame of the clip, and where it differs from the same frame without captions; null: nowhere. */
export interface Look {
  frame: number;
  letters: Letters | null;
}

export interface LooksToCheck {
  looks: Look[];
  /** Size of the pictures. */
  picture: { width: number; height: number };
  cues: Cue[];
  style: CaptionStyle;
  fps: number;
}

/** Luma by which a letter or its outline differs from what is behind it; encoding moves no even picture that far. */
const LETTER = 70;
/** Squares of four pixels in a row or column that make it one with letters; thinner ones are the encoder's, at hard edges of the picture. */
const FEWEST = 2;

/**
 * Captions as they are really seen (C1, C8): where frames of the clip differ from the same frames without captions. Pictures that were
 * taken between captions must not differ at all, those within one must.
 */
export function captionPixelChecks({ looks: all, picture, cues, style, fps }: LooksToCheck): QcCheck[] {
  const scale = style.width / picture.width;
  const box = safeBox(style);
  const events = captionEvents(cues, style).filter(({ text }) => text.replace(/\{[^}]*\}|\\N/g, "").trim());
  let [outside, unseen, looks] = [0, 0, 0];
  for (const { frame, letters } of all) {
    // a caption changes on the first frame after its time: those next to a change say nothing
    const [from, to] = [(frame - 1) / fps, (frame + 2) / fps];
    if (!events.some(({ start, end }) => start < from && end > to)) continue;
    looks++;
    if (!letters) {
      unseen++;
      continue;
    }
    const { left, right, foot } = letters;
    outside = Math.max(outside, box.left - left * scale, right * scale - box.right, foot * scale - box.foot);
  }
  if (looks === 0) return [];
  return [
    // a pixel of a smaller picture holds several of the clip
    atMost("C1.seen_outside", Math.max(0, outside - scale), scale, "px"),
    atMost("C8.unseen", unseen, 0, "pictures"),
  ];
}

/** Where two pictures (luma, 0..255) differ: one of the finished clip, and the same frame without captions. */
export function lettersIn(
  one: Uint8Array,
  other: Uint8Array,
  { width, height }: LooksToCheck["picture"],
): Letters | null {
  const rows = new Uint32Array(height);
  const columns = new Uint32Array(width);
  const change = (at: number) => (one[at] ?? 0) - (other[at] ?? 0);
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const first = change(at);
      if (Math.abs(first) < LETTER) continue;
      const square = [change(at + 1), change(at + width), change(at + width + 1)];
      if (!square.every((next) => (first > 0 ? next >= LETTER : next <= -LETTER))) continue;
      rows[y] = (rows[y] ?? 0) + 1;
      columns[x] = (columns[x] ?? 0) + 1;
    }
  }
  const isDrawn = (count: number) => count >= FEWEST;
  const top = rows.findIndex(isDrawn);
  if (top < 0) return null;
  const [left, right] = [columns.findIndex(isDrawn), columns.findLastIndex(isDrawn)];
  return { left, right: right + 2, top, foot: rows.findLastIndex(isDrawn) + 2 };
}

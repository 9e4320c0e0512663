import type { EdlClip, Segment } from "@kangklip/contract";

type Span = Pick<Segment, "start" | "end">;

/** How long a clip of these parts is, seconds. Pure. */
export const lengthOf = (parts: readonly Span[]): number =>
  parts.reduce((sum, { start, end }) => sum + end - start, 0);

/** Where in the source a moment of the clip comes from, seconds; held within the clip. Pure. */
export function toSource(parts: readonly Span[], clipSeconds: number): number {
  let left = Math.max(0, clipSeconds);
  for (const { start, end } of parts) {
    if (left <= end - start) return start + left;
    left -= end - start;
  }
  return parts.at(-1)?.end ?? 0;
}

/** Where in the clip a moment of the source is, seconds; null where it is not in the clip. Pure. */
export function toClip(parts: readonly Span[], sourceSeconds: number): number | null {
  let before = 0;
  for (const { start, end } of parts) {
    if (sourceSeconds >= start && sourceSeconds < end) return before + sourceSeconds - start;
    before += end - start;
  }
  const last = parts.at(-1);
  return last && sourceSeconds === last.end ? before : null;
}

/** The source's stretch from a clip's beginning to its end. Pure. */
export const spanOf = ({ segments }: Pick<EdlClip, "segments">): Span => ({
  start: segments[0]?.start ?? 0,
  end: segments.at(-1)?.end ?? 0,
});

/** The parts of a clip that begins and ends elsewhere: what lies outside is cut off, and what is added belongs to the outer parts. Pure. */
export function trimmed(parts: readonly Span[], { start, end }: Span): Span[] {
  const kept = parts.filter((part) => part.end > start && part.start < end);
  if (kept.length === 0) return [{ start, end }];
  return kept.map((part, index) => ({
    start: index === 0 ? start : part.start,
    end: index === kept.length - 1 ? end : part.end,
  }));
}

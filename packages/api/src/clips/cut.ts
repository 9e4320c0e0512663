import {
  CLIP_SECONDS,
  CUT_LEAD_SECONDS,
  CUT_TAIL_SECONDS,
  type EdlClip,
  KangKlipError,
  type Segment,
  type Word,
} from "@kangklip/contract";

// where a clip may be cut; all pure, times in seconds of the source

/** A silence of this length may be cut anywhere. */
const FREE_SECONDS = 2;
/** Sums of times that were written down with three digits. */
const ROUNDING = 0.001;

type Span = Pick<Segment, "start" | "end">;

/**
 * What is cut: the wanted parts with their ends at the nearest places where no word is cut. An end that the clip had already stays where it is;
 * parts that meet become one.
 * @throws KangKlipError INVALID_INPUT where they are out of order, outside of the video, too short or too long; CONFLICT without a transcript
 */
export function partsOf(
  {
    clip,
    spoken,
    sourceSeconds,
  }: { clip: EdlClip; spoken: readonly Word[] | undefined; sourceSeconds: number | null },
  wanted: readonly Span[],
): Span[] {
  const length = sourceSeconds ?? Number.POSITIVE_INFINITY;
  for (const [index, { start, end }] of wanted.entries()) {
    if (end <= start) throw wrong(`Part ${index + 1} of the cut ends before it begins`);
    if (start < (wanted[index - 1]?.end ?? 0))
      throw wrong("The parts of a cut follow each other and do not overlap");
    if (end > length + ROUNDING)
      throw wrong(`The video is ${told(length)} s long, and the cut goes beyond it`);
  }
  const own = new Set(clip.segments.flatMap(({ start, end }) => [start, end]));
  const isNew = wanted.some(({ start, end }) => !own.has(start) || !own.has(end));
  if (isNew && !spoken)
    throw new KangKlipError(
      "CONFLICT",
      "This job kept no transcript, so nobody knows where its words begin: its clips cannot be cut otherwise",
    );
  const places = placesIn(spoken ?? [], length);
  const parts: Span[] = [];
  for (const part of wanted) {
    const start = own.has(part.start) ? part.start : nearest(places.starts, part.start, { before: part.end });
    const end = own.has(part.end) ? part.end : nearest(places.ends, part.end, { after: start });
    const last = parts.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else parts.push({ start, end });
  }
  const total = parts.reduce((sum, { start, end }) => sum + end - start, 0);
  if (!(total >= CLIP_SECONDS.least - ROUNDING && total <= CLIP_SECONDS.most + ROUNDING))
    throw wrong(
      `A clip is ${CLIP_SECONDS.least} to ${CLIP_SECONDS.most} s long; this one would be ${told(total)} s`,
    );
  return parts;
}

/** All places where a part may begin or end, in order. */
function placesIn(spoken: readonly Word[], length: number): { starts: Span[]; ends: Span[] } {
  const words = spoken
    .filter(({ start, end }) => start >= 0 && end >= start && start < length)
    .toSorted((a, b) => a.start - b.start);
  const starts: Span[] = [at(0)];
  const ends: Span[] = [];
  let from = 0;
  for (let index = 0; index <= words.length; index++) {
    const word = words[index];
    const to = word?.start ?? length;
    const half = Math.max(0, to - from) / 2;
    const silence = { start: from, end: to };
    const isFree = to - from >= FREE_SECONDS;
    if (index > 0) ends.push(at(from + Math.min(CUT_TAIL_SECONDS, half)));
    if (isFree) {
      starts.push(silence);
      ends.push(silence);
    }
    if (word) starts.push(at(to - Math.min(CUT_LEAD_SECONDS, half)));
    from = Math.min(length, Math.max(from, word?.end ?? from));
  }
  if (Number.isFinite(length)) ends.push(at(length));
  return { starts, ends };
}

const at = (seconds: number): Span => ({ start: seconds, end: seconds });

/** The nearest allowed place that is truly behind `after` and before `before`. */
function nearest(
  places: readonly Span[],
  wanted: number,
  { after = -1, before = Number.POSITIVE_INFINITY }: { after?: number; before?: number },
): number {
  let best: number | undefined;
  for (const { start, end } of places) {
    const place = Math.min(end, Math.max(start, wanted));
    const isBesideSilence = start < end && place !== wanted; // the words there have places of their own
    if (isBesideSilence || place <= after || place >= before) continue;
    if (best === undefined || Math.abs(place - wanted) < Math.abs(best - wanted)) best = place;
  }
  return best ?? wanted;
}

const told = (seconds: number) => String(Math.round(seconds * 100) / 100);
const wrong = (message: string) => new KangKlipError("INVALID_INPUT", message);

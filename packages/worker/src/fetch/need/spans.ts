/** Bytes of a file from the first to before the second number. Lists of the sound of hours have half a million: they share those that are alike. */
export type Span = readonly [from: number, to: number];

/** The same bytes as few spans in order: those less than `gap` bytes apart become one. Pure. */
export function joined(spans: readonly Span[], gap: number): Span[] {
  const inOrder = [...spans].sort((a, b) => a[0] - b[0]);
  const result: Span[] = [];
  for (const span of inOrder) {
    if (span[1] <= span[0]) continue;
    const last = result.at(-1);
    if (!last || span[0] - last[1] > gap) result.push(span);
    else if (span[1] > last[1]) result[result.length - 1] = [last[0], span[1]];
  }
  return result;
}

/** Spans in order and apart from each other as one list of numbers, begin and end by turns: a fifth of the memory, for what is kept. */
export type FlatSpans = number[];

/** @param spans in order and apart from each other */
export const flat = (spans: readonly Span[]): FlatSpans => spans.flat();

export const unflat = (spans: FlatSpans): Span[] =>
  Array.from({ length: spans.length / 2 }, (_, i) => [spans[2 * i] ?? 0, spans[2 * i + 1] ?? 0]);

/** Adds one; those that touch it become one with it. */
export function taken(spans: FlatSpans, [from, to]: Span): void {
  if (to <= from) return;
  let [low, high] = [0, spans.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[2 * middle + 1] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while ((spans[2 * end] ?? Number.POSITIVE_INFINITY) <= to) end++;
  const isNew = end === low;
  const first = isNew ? from : Math.min(from, spans[2 * low] ?? from);
  const last = isNew ? to : Math.max(to, spans[2 * end - 1] ?? to);
  spans.splice(2 * low, 2 * (end - low), first, last);
}

/** What `wanted` has and `had` has not; `wanted` in order. Pure. */
export function without(wanted: readonly Span[], had: FlatSpans): Span[] {
  const result: Span[] = [];
  let next = 0;
  for (const span of wanted) {
    const [start, end] = span;
    let from = start;
    while (next > 0 && (had[2 * next - 1] ?? 0) > from) next--;
    while (next < had.length / 2 && (had[2 * next + 1] ?? 0) <= from) next++;
    for (let at = next; at < had.length / 2 && from < end; at++) {
      const [hadFrom, hadTo] = [had[2 * at] ?? 0, had[2 * at + 1] ?? 0];
      if (hadFrom >= end) break;
      if (hadFrom > from) result.push([from, hadFrom]);
      from = Math.max(from, hadTo);
    }
    if (from < end) result.push(from === start ? span : [from, end]);
  }
  return result;
}

export const bytesIn = (spans: readonly Span[]): number =>
  spans.reduce((sum, [from, to]) => sum + to - from, 0);

/** Pieces of at most `most` bytes, in order. Pure. */
export function* pieces(spans: Iterable<Span>, most: number): Generator<Span> {
  for (const span of spans) {
    const [from, to] = span;
    if (to - from <= most) yield span;
    else for (let at = from; at < to; at += most) yield [at, Math.min(to, at + most)];
  }
}

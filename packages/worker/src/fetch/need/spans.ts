/** Bytes of a file from the first to before the second number. */
export type Span = [from: number, to: number];

/** The same bytes as few spans in order: those less than `gap` bytes apart become one. Pure. */
export function joined(spans: readonly Span[], gap: number): Span[] {
  const inOrder = [...spans].sort((a, b) => a[0] - b[0]);
  const result: Span[] = [];
  for (const [from, to] of inOrder) {
    if (to <= from) continue;
    const last = result.at(-1);
    if (last && from - last[1] <= gap) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** Adds one to spans that are in order and apart from each other, and leaves them so; those that touch it become one with it. */
export function taken(spans: Span[], [from, to]: Span): void {
  if (to <= from) return;
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.[1] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  let both: Span = [from, to];
  for (let next = spans[end]; next && next[0] <= to; next = spans[++end])
    both = [Math.min(both[0], next[0]), Math.max(both[1], next[1])];
  spans.splice(low, end - low, both);
}

/** What `wanted` has and `had` has not; both in order. Pure. */
export function without(wanted: readonly Span[], had: readonly Span[]): Span[] {
  const result: Span[] = [];
  let next = 0;
  for (const [start, end] of wanted) {
    let from = start;
    while (next > 0 && (had[next - 1]?.[1] ?? 0) > from) next--;
    while (next < had.length && (had[next]?.[1] ?? 0) <= from) next++;
    for (let at = next; at < had.length && from < end; at++) {
      const [hadFrom, hadTo] = had[at] ?? [0, 0];
      if (hadFrom >= end) break;
      if (hadFrom > from) result.push([from, hadFrom]);
      from = Math.max(from, hadTo);
    }
    if (from < end) result.push([from, end]);
  }
  return result;
}

export const bytesIn = (spans: readonly Span[]): number =>
  spans.reduce((sum, [from, to]) => sum + to - from, 0);

/** Pieces of at most `most` bytes, in order. Pure. */
export function pieces(spans: readonly Span[], most: number): Span[] {
  const result: Span[] = [];
  for (const [from, to] of spans)
    for (let at = from; at < to; at += most) result.push([at, Math.min(to, at + most)]);
  return result;
}

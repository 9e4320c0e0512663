/**
 * How densely people speak in a stretch of the source, in equal parts of it: letters of the words that are said there, as parts of the most in
 * any of them (0 to 1). @param from @param to seconds of the source. Pure.
 */
export function speechDensity(
  words: readonly { text: string; start: number; end: number }[],
  { from, to }: { from: number; to: number },
  parts: number,
): number[] {
  const letters = Array<number>(parts).fill(0);
  const each = (to - from) / parts;
  for (const { text, start, end } of words) {
    const length = Math.max(end - start, 0.02); // of words whose times are a point
    const last = Math.min(parts - 1, Math.floor((start + length - from) / each));
    for (let part = Math.max(0, Math.floor((start - from) / each)); part <= last; part++) {
      const left = from + part * each;
      const shared = Math.min(start + length, left + each) - Math.max(start, left);
      letters[part] = (letters[part] ?? 0) + (text.length * Math.max(0, shared)) / length;
    }
  }
  const most = Math.max(...letters);
  return most > 0 ? letters.map((count) => count / most) : letters;
}

import type { SelectInput } from "../stage.ts";
import { firstIndex, type Span } from "./cuts.ts";

/** What a source says people replayed, as a question that can be asked of any stretch; everybody has seen the start, so it counts as what follows. */
export function replayedIn(
  parts: NonNullable<SelectInput["replayed"]>,
): ((span: Span) => number) | undefined {
  const [first, second] = parts;
  if (!first || !second) return undefined;
  const ordered = [{ ...first, value: second.value }, ...parts.slice(1)].sort((a, b) => a.start - b.start);
  const heat = ({ startMs, endMs }: Span) => {
    let [sum, length] = [0, 0];
    const from = firstIndex(ordered.length, (index) => (ordered[index]?.end ?? 0) * 1000 > startMs);
    for (let at = from; at < ordered.length; at++) {
      const { start, end, value } = ordered[at] as (typeof ordered)[number];
      if (start * 1000 >= endMs) break;
      const shared = Math.max(0, Math.min(endMs, end * 1000) - Math.max(startMs, start * 1000));
      sum += shared * value;
      length += shared;
    }
    return length > 0 ? sum / length : 0;
  };
  const mean = heat({ startMs: 0, endMs: Number.POSITIVE_INFINITY });
  const most = Math.max(...ordered.map(({ value }) => value));
  if (most - mean < 0.01) return undefined;
  return (span) => Math.max(-1, (heat(span) - mean) / (most - mean));
}

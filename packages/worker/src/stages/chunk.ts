import type { Chunk } from "@kangklip/contract";
import type { Transcript } from "../stage.ts";

const WINDOW_SECONDS = 300;
/** How far from a full window the border may be moved to a better place. */
const SLACK_SECONDS = 60;

/**
 * CHUNK: the whole video as windows of about 300 s, each with the text that is said in it. Windows end between segments, where
 * the pause is long; where nothing is said for long, they end after 300 s. Each segment's text is in exactly one window.
 * @param durationSeconds length of the video; where it is not known (NaN), the windows end with the last segment.
 */
export function chunk({ segments }: Transcript, durationSeconds: number): Chunk[] {
  const last = segments.at(-1);
  const end = Number.isFinite(durationSeconds) ? durationSeconds : last ? last.start + last.duration : 0;
  const borders = segments.slice(1).map((segment, index) => {
    const before = segments[index] ?? segment;
    const from = before.start + before.duration;
    return { at: (from + segment.start) / 2, pause: segment.start - from };
  });
  const chunks: Chunk[] = [];
  let next = 0;
  for (let start = 0; start < end; ) {
    const until =
      end - start <= WINDOW_SECONDS + SLACK_SECONDS ? end : windowEnd(borders, start + WINDOW_SECONDS);
    const from = next;
    while (next < segments.length && (until === end || middleOf(segments[next]) < until)) next++;
    const text = segments.slice(from, next).map((segment) => segment.text);
    chunks.push({ text: text.join(" "), start, end: until });
    start = until;
  }
  return chunks;
}

/** The border near `target` with the best of a long pause and closeness: ten seconds away weigh as much as half a second of pause. */
function windowEnd(borders: { at: number; pause: number }[], target: number): number {
  const near = borders.filter(({ at }) => Math.abs(at - target) <= SLACK_SECONDS);
  const worth = ({ at, pause }: { at: number; pause: number }) =>
    Math.min(pause, 3) - Math.abs(at - target) / 20;
  const [first, ...others] = near;
  if (!first) return target;
  return others.reduce((best, border) => (worth(border) > worth(best) ? border : best), first).at;
}

function middleOf(segment: Transcript["segments"][number] | undefined): number {
  return segment ? segment.start + segment.duration / 2 : 0;
}

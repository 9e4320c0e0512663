import { runFfprobe } from "../../media/ffmpeg.ts";
import type { StageContext } from "../../stage.ts";

/** When a picture is shown (seconds on the file's own clock; NaN where the file does not say), in the order of decoding. */
export interface Shown {
  at: number;
  isKey: boolean;
}

/** The clock of the file that is muxed counts milliseconds. */
const SAME_SECONDS = 0.002;
/** Pictures are not stored in the order in which they are shown. */
const REORDERED_SECONDS = 2;

/**
 * The pictures of a file, or those about stretches of it (seconds on its own clock). Reads packets, decodes nothing.
 * @throws KangKlipError SOURCE_UNREADABLE
 */
export async function picturesIn(
  { tools, signal }: Pick<StageContext, "tools" | "signal">,
  file: string,
  stretches: readonly { from?: number; to: number }[] = [],
): Promise<Shown[]> {
  const shown: Shown[] = [];
  const intervals = stretches.map(({ from, to }) => `${from?.toFixed(6) ?? ""}%${to.toFixed(6)}`);
  await runFfprobe(tools, {
    args: [
      ...(intervals.length > 0 ? ["-read_intervals", intervals.join(",")] : []),
      ...["-select_streams", "v:0", "-show_entries", "packet=pts_time,flags", "-of", "compact=p=0", file],
    ],
    signal,
    onLine(line) {
      const [, at, flags] = /pts_time=([^|]*)\|flags=(\w)/.exec(line) ?? [];
      if (at !== undefined) shown.push({ at: Number(at), isKey: flags === "K" });
    },
  });
  return shown;
}

/** Whether a muxed file shows exactly the pictures of these windows of the stream, `shift` seconds later than its own clock says, among others. */
export async function showsAll(
  context: Pick<StageContext, "tools" | "signal">,
  file: string,
  windows: readonly (readonly Shown[])[],
  shift: number,
): Promise<boolean> {
  const stretches = windows.map((window) => {
    const times = window.map(({ at }) => at + shift);
    return { from: Math.min(...times) + SAME_SECONDS, to: Math.max(...times) + REORDERED_SECONDS };
  });
  if (stretches.some(({ from, to }) => Number.isNaN(from + to))) return false;
  const found = await picturesIn(context, file, stretches);
  return windows.every((window) => sameTimes(found, window, shift));
}

/** Whether all pictures that are expected are among those that were found, each once, and no later or earlier than `shift` seconds later. Pure. */
export function sameTimes(found: readonly Shown[], expected: readonly Shown[], shift: number): boolean {
  const places = new Map(found.map(({ at, isKey }) => [Math.round(at * 1000), isKey]));
  const met = new Set<number>();
  return expected.every(({ at, isKey }) => {
    const near = Math.round((at + shift) * 1000);
    const place = [near, near - 1, near + 1].find((one) => places.get(one) === isKey && !met.has(one));
    if (place === undefined) return false;
    met.add(place);
    return true;
  });
}

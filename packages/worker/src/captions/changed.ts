/** Frames of a clip; the end is not part of them. */
interface Frames {
  first: number;
  end: number;
}

/** One line of an ASS file's events; seconds. */
interface Line {
  start: number;
  end: number;
  text: string;
}

const EVENTS = "\n[Events]\n";

/**
 * The frames of a clip on which two caption files (see `captionsAss`; "" draws nothing) draw otherwise, in order, none next to another.
 * @returns null where their look differs: then every caption does. Pure.
 */
export function changedFrames(before: string, after: string, fps: number): Frames[] | null {
  const [old, own] = [partsOf(before), partsOf(after)];
  if (old.look !== own.look && before !== "" && after !== "") return null;
  const all = [...old.lines, ...own.lines];
  const spans = [...without(old.lines, own.lines), ...without(own.lines, old.lines)].map(
    ({ start, end }) => ({
      start,
      end,
    }),
  );
  // libass moves lines out of each other's way: one that stands beside a changed one may stand elsewhere for all of its time
  for (let grown = true; grown; ) {
    grown = false;
    for (const { start, end } of all) {
      for (const span of spans) {
        const isBeside = start < span.end && end > span.start;
        if (!isBeside || (start >= span.start && end <= span.end)) continue;
        span.start = Math.min(span.start, start);
        span.end = Math.max(span.end, end);
        grown = true;
      }
    }
  }
  return merged(
    spans.map(({ start, end }) => ({
      // times lie in the middle between two frames, to a hundredth of a second
      first: Math.max(0, Math.ceil(start * fps - 0.2)),
      end: Math.ceil(end * fps + 0.2),
    })),
  );
}

/** Stretches of frames in order, those that touch made one. */
export function merged<T extends Frames>(stretches: readonly T[]): Frames[] {
  const found: Frames[] = [];
  for (const { first, end } of stretches.toSorted((a, b) => a.first - b.first)) {
    const last = found.at(-1);
    if (last && first <= last.end) last.end = Math.max(last.end, end);
    else found.push({ first, end });
  }
  return found;
}

function partsOf(ass: string): { look: string; lines: Line[] } {
  const at = ass.indexOf(EVENTS);
  if (at < 0) return { look: ass, lines: [] };
  const lines = ass
    .slice(at + EVENTS.length)
    .split("\n")
    .flatMap((text): Line[] => {
      const [, start = "", end = ""] = /^Dialogue: \d+,([\d:.]+),([\d:.]+),/.exec(text) ?? [];
      return start ? [{ start: secondsOf(start), end: secondsOf(end), text }] : [];
    });
  return { look: ass.slice(0, at), lines };
}

const secondsOf = (time: string) => time.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0);

/** Lines of the first that are not in the second, each as often as it is there too much. */
function without(lines: readonly Line[], others: readonly Line[]): Line[] {
  const left = new Map<string, number>();
  for (const { text } of others) left.set(text, (left.get(text) ?? 0) + 1);
  return lines.filter(({ text }) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0;
  });
}

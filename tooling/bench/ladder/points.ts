/** One way to tell x264 how to encode; `params` are its own, after the preset. */
export interface Point {
  preset: string;
  params: string;
  crf: number;
}

/** What was measured of a point. */
export interface Measured extends Point {
  /** Processor seconds for a second of 1080x1920, user and system. */
  cpu: number;
  kbits: number;
  /** Structural similarity of the luma to the picture before it was encoded, dB: -10 log10(1 - SSIM). */
  ssimDb: number;
  psnrDb: number;
  /** Null where this ffmpeg has no libvmaf. */
  vmaf: number | null;
}

export const nameOf = ({ preset, params }: Pick<Point, "preset" | "params">): string =>
  params === "" ? preset : `${preset} ${params}`;

/** Kinds of encoding, each at several qualities. What costs least first. */
const KINDS: readonly [preset: string, params: string][] = [
  ["ultrafast", "8x8dct=1:cabac=1"],
  ["superfast", ""],
  ["superfast", "mbtree=1:rc-lookahead=10"],
  ["superfast", "mbtree=1:rc-lookahead=20:b-pyramid=strict"],
  ["superfast", "mbtree=1:rc-lookahead=20:subme=2"],
  ["superfast", "mbtree=1:rc-lookahead=40:subme=2:ref=2"],
  ["veryfast", "subme=1"],
  ["veryfast", ""],
  ["faster", ""],
  ["medium", ""],
];
const CRFS = [19, 21, 23];
const QUICK_KINDS = [1, 3, 4, 7];
const QUICK_CRFS = [20, 22];

/** The points of a run. `today` is among them. */
export function pointsOf(quick: boolean, today: Point): Point[] {
  const kinds = quick ? QUICK_KINDS.flatMap((i) => (KINDS[i] ? [KINDS[i]] : [])) : KINDS;
  const crfs = quick ? QUICK_CRFS : CRFS;
  const all = kinds.flatMap(([preset, params]) => crfs.map((crf) => ({ preset, params, crf })));
  const isToday = (point: Point) => nameOf(point) === nameOf(today) && point.crf === today.crf;
  return all.some(isToday) ? all : [...all, today];
}

/** Whether nothing among the points is as good in everything and better in something: processor time, bits, similarity. Pure. */
export function isOnFrontier(point: Measured, all: readonly Measured[]): boolean {
  return !all.some(
    (other) =>
      other.cpu <= point.cpu &&
      other.kbits <= point.kbits &&
      other.ssimDb >= point.ssimDb &&
      (other.cpu < point.cpu || other.kbits < point.kbits || other.ssimDb > point.ssimDb),
  );
}

/** What a kind costs at a quality that lies between two of its points: bits on a logarithmic scale, time on a straight one. */
export interface AtQuality {
  kind: string;
  crf: number;
  cpu: number;
  kbits: number;
}

/** Every kind at the same similarity; those whose points do not reach round it are left out. Pure. */
export function atQuality(all: readonly Measured[], ssimDb: number): AtQuality[] {
  const kinds = [...new Set(all.map(nameOf))];
  return kinds.flatMap((kind) => {
    const own = all.filter((point) => nameOf(point) === kind).toSorted((a, b) => a.ssimDb - b.ssimDb);
    const above = own.findIndex((point) => point.ssimDb >= ssimDb);
    const [high, low] = [own[above], own[above - 1] ?? own[above]];
    if (!high || !low || (above === 0 && high.ssimDb > ssimDb)) return [];
    const k = high === low ? 0 : (ssimDb - low.ssimDb) / (high.ssimDb - low.ssimDb);
    const between = (from: number, to: number) => from + (to - from) * k;
    return [
      {
        ...{ kind, crf: between(low.crf, high.crf), cpu: between(low.cpu, high.cpu) },
        kbits: Math.exp(between(Math.log(low.kbits), Math.log(high.kbits))),
      },
    ];
  });
}

/** The kind that costs least processor time at today's similarity with no more bits than today's point; today's own where there is none. Pure. */
export function best(all: readonly Measured[], today: Measured): AtQuality {
  const own = { kind: nameOf(today), crf: today.crf, cpu: today.cpu, kbits: today.kbits };
  return atQuality(all, today.ssimDb)
    .filter(({ kbits }) => kbits <= today.kbits)
    .reduce((least, kind) => (kind.cpu < least.cpu ? kind : least), own);
}

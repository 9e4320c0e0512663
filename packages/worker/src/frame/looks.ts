import { type Face, makeFace } from "./blazeface.ts";
import type { FaceFinder } from "./faces.ts";
import type { Picture } from "./picture.ts";
import type { Sample } from "./track.ts";

/** One picture is looked at so often anyhow, seconds; a close look at an empty one is worth its cost that often. */
const STRIDE_SECONDS = 0.8;
/** Times that are computed in different ways differ in their last binary digits. */
const ROUNDING = 1e-6;
/** Between two looks a face that has gone no further than this part of its size, and is as large as before … */
const MOVES_WITHIN = 0.15;
const SIMILAR = 1.15;
/** … is believed to have gone there straight, if it was sure both times (the score from which track.ts believes a box). */
const SURE_SCORE = 0.65;
/** Mean luma steps (of 255) by which a picture between two looks differs from both at least where it shows something else. */
const OTHER_PICTURE = 4;
/** … unless all of it moves: no change from one picture to the next is then this many times another one, as a cut's would be. */
const EVEN = 2;
/** No cell of a picture that stands still changes by more luma steps than this; a mouth that opens changes its cell by ten and more. */
const STILL = 3;
/** Columns and rows of the cells. */
const CELLS = { columns: 32, rows: 18 };

/** A picture that may be looked at, its second, and the mean luma of its cells. */
interface Waiting {
  picture: Picture;
  time: number;
  cells: Float32Array;
}

/** One that was, or whose faces are known from others; null: the finder gave no answer. */
interface Looked extends Waiting {
  faces: Face[] | null;
}

/**
 * Looks for faces through a stretch at as few pictures as will do: a look costs more than decoding what lies between two of them. Every 0.8 s
 * one picture is looked at. Where the same faces are in nearly the same places before and after, those of the pictures between lie between;
 * else the picture in the middle is looked at, and so on. A picture that stands still has the faces that it had.
 * @param find looks at one picture; faces are in its pixels
 */
export function createLooks(find: FaceFinder["find"]): {
  /** Takes the stretch's next picture, which must stay as it is; `time` in seconds. Never throws and waits for nothing. */
  add(picture: Picture, time: number): void;
  /** The faces of all pictures, in order of time; where the finder gave no answer a picture is left out. */
  end(): Promise<Sample[]>;
} {
  const samples: Sample[] = [];
  let last: Looked | undefined;
  const waiting: Waiting[] = [];
  let working: Promise<void> = Promise.resolve();

  const tell = (looked: Looked[]) =>
    samples.push(...looked.flatMap(({ time, faces }) => (faces ? [{ time, faces }] : [])));

  async function look(at: Waiting, before: Looked | undefined, closely: boolean): Promise<Looked> {
    const { faces } =
      before && standsStill(before, at)
        ? before
        : { faces: await find(at.picture, closely ? "close" : "whole") };
    return { ...at, faces };
  }

  /** What is in the pictures between two that were looked at. */
  async function between(before: Looked, some: Waiting[], after: Looked): Promise<Looked[]> {
    if (some.length === 0) return [];
    if (!before.faces || !after.faces) return some.map((one) => ({ ...one, faces: null })); // it has failed
    const same = sameFaces(before.faces, after.faces);
    const known = some.every((one) => isLike(before, one) || isLike(one, after));
    if (same && (known || (some.length > 1 && movesEvenly([before, ...some, after]))))
      return some.map((one) => ({ ...one, faces: atTime(same, before.time, one.time, after.time) }));
    const at = some.length >> 1;
    const middle = some[at];
    if (!middle) return [];
    const looked = await look(middle, before, before.faces.length + after.faces.length > 0);
    return [
      ...(await between(before, some.slice(0, at), looked)),
      looked,
      ...(await between(looked, some.slice(at + 1), after)),
    ];
  }

  /** The last one of these pictures is looked at anyhow. */
  function settle(some: Waiting[]): void {
    const final = some.at(-1);
    if (!final) return;
    working = working.then(async () => {
      const before = last;
      last = await look(final, before, true);
      tell(before ? await between(before, some.slice(0, -1), last) : []);
      tell([last]);
    });
    working.catch(() => {}); // thrown by `end`
  }

  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    add(picture, time) {
      waiting.push({ picture, time, cells: cellsOf(picture) });
      if (time - lookedAt < STRIDE_SECONDS - ROUNDING) return;
      lookedAt = time;
      settle(waiting.splice(0));
    },
    async end() {
      settle(waiting.splice(0));
      await working;
      return samples;
    },
  };
}

/** Each face with where it was before and after; undefined where they are not the same ones in nearly the same places. */
function sameFaces(before: Face[], after: Face[]): [Face, Face][] | undefined {
  if (before.length !== after.length) return undefined;
  const pairs = before.flatMap((one): [Face, Face][] => {
    const nearest = after.toSorted((a, b) => distance(one, a) - distance(one, b))[0];
    return nearest && isNear(one, nearest) ? [[one, nearest]] : [];
  });
  return new Set(pairs.map(([, face]) => face)).size === before.length ? pairs : undefined;
}

const distance = (one: Face, other: Face) =>
  Math.hypot(one.x + one.w / 2 - other.x - other.w / 2, one.y + one.h / 2 - other.y - other.h / 2);

function isNear(one: Face, other: Face): boolean {
  const ratio = one.w / other.w;
  if (!(ratio < SIMILAR && ratio > 1 / SIMILAR)) return false;
  return (
    Math.min(one.score, other.score) >= SURE_SCORE &&
    distance(one, other) <= MOVES_WITHIN * Math.min(one.w, other.w)
  );
}

function atTime(pairs: [Face, Face][], from: number, time: number, to: number): Face[] {
  const k = (time - from) / (to - from);
  return pairs.map(([before, after]) => makeFace((key) => before[key] * (1 - k) + after[key] * k));
}

/** Mean luma of each cell of a grid over the picture, every second column and row of it. */
function cellsOf({ width, height, data }: Picture): Float32Array {
  const { columns, rows } = CELLS;
  const cells = new Float32Array(columns * rows);
  const counts = new Uint32Array(columns * rows);
  for (let y = 0; y < height; y += 2) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x += 2) {
      const cell = row + Math.floor((x * columns) / width);
      cells[cell] = (cells[cell] ?? 0) + (data[y * width + x] ?? 0);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return cells.map((sum, i) => sum / Math.max(1, counts[i] ?? 1));
}

function standsStill({ cells: one }: Waiting, { cells: other }: Waiting): boolean {
  return one.every((luma, i) => Math.abs(luma - (other[i] ?? 0)) <= STILL);
}

const isLike = (one: Waiting, other: Waiting) => difference(one, other) < OTHER_PICTURE;

function movesEvenly(pictures: Waiting[]): boolean {
  const changes = pictures.slice(1).map((one, i) => difference(pictures[i] ?? one, one));
  return Math.max(...changes) <= EVEN * Math.min(...changes);
}

/** Mean change of the cells' luma. */
function difference({ cells: one }: Waiting, { cells: other }: Waiting): number {
  return one.reduce((total, luma, i) => total + Math.abs(luma - (other[i] ?? 0)), 0) / one.length;
}

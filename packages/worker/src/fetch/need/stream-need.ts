import { rm } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import type { StageContext } from "../../stage.ts";
import type { Fetcher } from "../fetcher.ts";
import { type LocalTrack, muxTracks } from "../mux.ts";
import { savedParts } from "../parts.ts";
import type { Stretch } from "./mp4-need.ts";
import { createClock } from "./stream-clock.ts";
import { picturesIn, type Shown, showsAll } from "./stream-look.ts";
import type { Pieces } from "./stream-pieces.ts";
import { HEADER, type StreamStore } from "./stream-store.ts";

/** ffmpeg seeks up to 0.13 s before what it is told, for pictures that are decoded before they are shown. */
const BEFORE_SECONDS = 0.2;
/** Pictures and sound that a reader may look at beyond the end. */
const AFTER_SECONDS = 0.5;
/** How often a window may turn out to begin too late or to end too early. */
const MOST_LOOKS = 20;

/** What is known of a stream once its sound and its first picture are here; JSON but for the store. */
export interface StreamFacts {
  /** Seconds of each piece, as the list says. */
  lengths: number[];
  /** The first piece and the sound as files by themselves; `file` is the sound's, and nothing for the picture. */
  picture: LocalTrack;
  sound: LocalTrack | null;
  /** The stream's clock where the muxed file begins (what `-ss` counts from), seconds. */
  zero: number;
  /** How much later the muxed file's clock is. */
  shift: number;
  /** Where pieces were seen to begin on the stream's clock. */
  known: [index: number, seconds: number][];
}

interface NeedOptions {
  context: Pick<StageContext, "tools" | "signal" | "log">;
  fetcher: Fetcher;
  /** Where files may be written to. */
  scratch: string;
  /** The file of sound and first pictures. */
  file: string;
  store: StreamStore;
  facts: StreamFacts;
  /** Where the pieces are to be had; `fresh`: has the list been read again. @throws what reading it throws */
  addresses(fresh: boolean): Promise<Pieces>;
}

/** Pieces from the first to the last. */
const between = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);

/**
 * A stream of which pieces are fetched when somebody wants to see them, each of them once. What is there is muxed with the whole sound,
 * with the times that it has in the whole stream, and looked into: where the times do not come out as they should, all pieces are fetched.
 */
export function createStreamNeed({ context, fetcher, scratch, file, store, facts, addresses }: NeedOptions) {
  const { lengths, picture, sound, zero, shift } = facts;
  const clock = createClock(lengths, facts.known);
  const made: { file: string; indexes: Set<number> }[] = [{ file, indexes: new Set([0]) }];
  const seen = new Map<string, Shown[]>();
  let files = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let whole: string | undefined;

  const newFile = (name: string, extension = "media") => join(scratch, `${name}-${files++}.${extension}`);

  async function fetchPieces(indexes: readonly number[]): Promise<void> {
    if (indexes.every((index) => store.has(index))) return;
    let from = await addresses(false);
    for (const isAgain of [false, true]) {
      const missing = [HEADER, ...indexes].filter((index) => !store.has(index));
      const parts = missing.map((index) => (index === HEADER ? from.header : from.pieces[index]));
      const wanted = missing.filter((_, n) => parts[n]);
      try {
        const there = parts.filter((part) => part !== null && part !== undefined);
        for await (const { index, append } of savedParts(fetcher, there, newFile("piece"), () => {}))
          await store.add(wanted[index] ?? 0, append);
        return;
      } catch (error) {
        // a signed address may have run out while somebody listened
        const isGone =
          error instanceof KangKlipError && ["SOURCE_BLOCKED", "SOURCE_NOT_FOUND"].includes(error.code);
        if (!isGone || isAgain) throw error;
        const fresh = await addresses(true);
        if (fresh.pieces[0]?.address === from.pieces[0]?.address) throw error;
        from = fresh;
      }
    }
  }

  /** The pictures of pieces in a row, read without any hole. */
  async function look(first: number, last: number): Promise<Shown[]> {
    const name = `${first}-${last}`;
    const found = seen.get(name) ?? (await lookInto(context, store, between(first, last), newFile("look")));
    seen.set(name, found);
    return found;
  }

  /** The pieces that show a stretch, from a key frame before it; undefined where their times make no sense. */
  async function cover({ start, end }: Stretch): Promise<{ indexes: number[]; shown: Shown[] } | undefined> {
    const [from, to] = [zero + start - BEFORE_SECONDS, zero + end + AFTER_SECONDS];
    let [first, last] = clock.cover(from, to);
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const indexes = between(first, last);
      await fetchPieces(indexes);
      const shown = await look(first, last);
      const begins = shown[0]?.at ?? Number.NaN;
      if (Number.isNaN(begins) || Math.abs(begins - clock.startOf(first)) > trust(first)) return undefined;
      clock.learn(first, begins);
      const isEarly = first === 0 || shown.some(({ at, isKey }) => isKey && at <= from);
      const isLate = last === lengths.length - 1 || shown.some(({ at }) => at >= to);
      if (isEarly && isLate) return { indexes, shown };
      const better = clock.cover(from, to);
      if (!isLate) last = Math.max(last + 1, better[1]);
      if (!isEarly) {
        if (better[1] < first) last = better[1];
        first = Math.min(first - 1, better[0]);
      }
      last = Math.min(lengths.length - 1, Math.max(first, last));
    }
    return undefined;
  }

  /** How far a piece may begin from where it is expected: a list of whole seconds may be wrong by half a second for each. */
  const trust = (index: number) => 2 * Math.max(...lengths.slice(0, 1000)) + index * 0.5;

  async function mux(indexes: readonly number[], name: string, hasHoles: boolean): Promise<string> {
    const joined = newFile("joined");
    await store.join(indexes, joined);
    const tracks = [{ ...picture, file: joined }, ...(sound ? [sound] : [])];
    const output = newFile(name, "mkv");
    await muxTracks({ ...context, dir: scratch }, tracks, { output, hasHoles });
    await rm(joined);
    return output;
  }

  /** Today's times of today's pieces do not fit: everything, as it is fetched where there is no other way. */
  async function everything(): Promise<string> {
    const all = between(0, lengths.length - 1);
    await fetchPieces(all);
    whole = await mux(all, "whole", false);
    return whole;
  }

  async function pictures(stretches: readonly Stretch[]): Promise<string> {
    if (stretches.length === 0) return file;
    if (whole) return whole;
    const wanted = new Set([0]);
    const windows: Shown[][] = [];
    for (const stretch of stretches) {
      const window = await cover(stretch);
      if (!window) {
        context.log("stream_times_unknown", { ...stretch });
        return everything();
      }
      for (const index of window.indexes) wanted.add(index);
      windows.push(window.shown);
    }
    const known = made.find(({ indexes }) => [...wanted].every((index) => indexes.has(index)));
    if (known) return known.file;
    const indexes = [...wanted].sort((a, b) => a - b);
    const muxed = await mux(indexes, "pictures", true);
    if (!(await showsAll(context, muxed, windows, shift))) {
      context.log("stream_times_differ", { pieces: indexes.length });
      return everything();
    }
    made.push({ file: muxed, indexes: wanted });
    return muxed;
  }

  return {
    known: clock.known,
    /** When the last picture is shown, on the stream's clock. */
    async lastPicture(): Promise<number> {
      const last = lengths.length - 1;
      await fetchPieces([last]);
      return Math.max(...(await look(last, last)).map(({ at }) => at));
    },
    /** One after the other: they share what is fetched. */
    pictures(stretches: readonly Stretch[]): Promise<string> {
      const next = turn.then(() => pictures(stretches));
      turn = next.catch(() => {}); // whoever asked gets it
      return next;
    },
    /** Fulfilled when nobody is at it any more. */
    settled: () => turn,
  };
}

/** The pictures of these pieces. @throws KangKlipError SOURCE_UNREADABLE */
export async function lookInto(
  context: Pick<StageContext, "tools" | "signal">,
  store: StreamStore,
  indexes: readonly number[],
  path: string,
): Promise<Shown[]> {
  await store.join(indexes, path);
  const shown = await picturesIn(context, path);
  await rm(path);
  return shown;
}

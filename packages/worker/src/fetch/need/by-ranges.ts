import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type JobSpec, KangKlipError } from "@kangklip/contract";
import type { ArrivingSound, FetchedSource, SourceByNeed, StageContext } from "../../stage.ts";
import { checkMedia } from "../checks.ts";
import type { Fetcher, Opened } from "../fetcher.ts";
import { downloaded } from "../progress.ts";
import { sameNow, type Validators } from "../validators.ts";
import { type Arrival, fetchSound } from "./arriving-sound.ts";
import { NotByNeed } from "./mp4-boxes.ts";
import { type Mp4Source, openMp4 } from "./mp4-source.ts";
import { pack, spansIn, unpack, written } from "./pack.ts";
import { bytesIn } from "./spans.ts";

/** From this share of the whole on, parts are not worth their requests. */
const WORTH = 0.8;
/** Of pictures before and behind a clip: the way back to a key frame, and what readers look at beyond its end. */
const AROUND_SECONDS = 10;
/** ffprobe and the index may round a clock differently, but a seek that is off by more would read what is not here. */
const SAME_CLOCK_SECONDS = 0.1;

/** A sound that is here sooner is waited for: until then a video that turns out to be another one, or not to come by ranges, is begun anew. */
const SOUND_WITHIN_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A video of which the sound is here, or on its way. */
export interface Ranged {
  info: FetchedSource["info"];
  sha256: string;
  validators: Validators;
  sizeBytes: number;
  /** Does not close the fetcher. */
  need: SourceByNeed;
}

interface RangedOptions {
  /** Where the video is put, with holes. */
  path: string;
  address: string;
  /** The answer to a request for its first bytes. */
  first?: Opened | undefined;
  /** As in `RangeFileOptions`. */
  again?: ((ranOut: string) => Promise<string>) | undefined;
  /** How long the sound is waited for. What still lacks then comes while the video is worked on. */
  soundWithinMs?: number | undefined;
  /** Makes sure that so many bytes have room. */
  checkRoom(bytes: number): Promise<void>;
}

/**
 * Fetches the sound of an MP4 or MOV file, and what any reader looks into, by byte ranges.
 * @throws NotByNeed where that cannot be done or is not worth it; SourceChanged; KangKlipError as `checkMedia` and `openRangeFile`
 */
export async function fetchRanged(
  context: StageContext,
  fetcher: Fetcher,
  { path, address, first, again, checkRoom, soundWithinMs = SOUND_WITHIN_MS }: RangedOptions,
): Promise<Ranged> {
  let charged = 0;
  const counting = (inner: Fetcher): Fetcher => ({
    ...inner,
    until: (signal) => counting(inner.until(signal)),
    charge(bytes) {
      charged += bytes;
      inner.charge(bytes);
    },
  });
  const source = await openMp4({ fetcher: counting(fetcher), address, path, first, again }).catch((error) => {
    fetcher.charge(-charged);
    throw error;
  });
  try {
    const { file, index, sha256 } = source;
    const sound = await source.costOfSound();
    const ordered = bytesOfClips(context.job, file.sizeBytes, lengthOf(source));
    const share = (sound.price + ordered) / file.sizeBytes;
    if (share >= WORTH)
      throw new NotByNeed(`the parts that are needed would cost ${Math.round(share * 100)} % of it`);
    await checkRoom(Math.min(sound.onDisk + ordered, file.sizeBytes));
    await source.pictures([]);
    const info = await checkMedia(context, path, endsOf(source)).catch((cause) => {
      if (!(cause instanceof KangKlipError) || cause.code !== "SOURCE_UNREADABLE") throw cause;
      throw new NotByNeed("a look at its beginning does not tell what it is"); // or all of it will
    });
    if (Math.abs(info.startSeconds - index.startSeconds) > SAME_CLOCK_SECONDS)
      throw new NotByNeed("its clock is read in two ways");
    let isWaiting = true;
    const arrival = fetchSound(source, sound.bytes, (received) => {
      if (isWaiting) context.progress(...downloaded(received, sound.bytes));
    });
    const coming = await orComing(arrival, info, soundWithinMs).catch((cause) => {
      if (!(cause instanceof KangKlipError) || cause.code !== "SOURCE_BLOCKED") throw cause;
      throw new NotByNeed("its server refuses so many requests"); // and may have nothing against one
    });
    isWaiting = false; // from here on others tell how far they are
    return {
      ...{ info, sha256, sizeBytes: file.sizeBytes, validators: file.facts.validators },
      need: { ...needOf(source, fetcher), ...(coming && { sound: coming }) },
    };
  } catch (error) {
    await source.file.close();
    fetcher.charge(-charged); // it is thrown away
    throw error;
  }
}

/** Waits until the sound is here, or for so long. @returns the sound, where it comes later @throws what fetching it throws in the meantime */
async function orComing(
  arrival: Arrival,
  { audio }: FetchedSource["info"],
  withinMs: number,
): Promise<ArrivingSound | undefined> {
  const { whole, share } = arrival;
  const enough = new AbortController();
  const isHere = await Promise.race([
    whole.then(() => true),
    sleep(Math.min(withinMs, LONGEST_TIMER_MS), false, enough).catch(() => false),
  ]).finally(() => enough.abort());
  if (isHere) return undefined;
  const read = audio && (await arrival.asItComes(audio.index));
  if (!read) {
    await whole;
    return undefined;
  }
  const named = whole.catch(cannotBeHad);
  named.catch(() => {}); // whoever waits for it is told
  return { share, whole: named, read: () => naming(read.read()) };
}

/** The same bytes; where they break off the failure has a name. */
async function* naming(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    cannotBeHad(error);
  }
}

/** @throws KangKlipError */
function cannotBeHad(cause: unknown): never {
  if (!(cause instanceof NotByNeed)) throw cause;
  throw new KangKlipError("SOURCE_UNREACHABLE", `The rest of the video cannot be had: ${cause.message}`, {
    cause,
  });
}

/** What `packed` gave of such a source. */
interface PackedState {
  spans: number[];
  sizeBytes: number;
  validators: Validators;
}

/**
 * Opens what was kept of a source; nothing is fetched.
 * @param kept the file that `packed` wrote, which goes @param path where the video is put, with holes
 * @throws Error where it is not what was kept
 */
export async function reopenRanged(
  fetcher: Fetcher,
  {
    kept,
    path,
    state,
    ...where
  }: Pick<RangedOptions, "path" | "address" | "again"> & { kept: string; state: unknown },
): Promise<SourceByNeed> {
  const { spans: numbers, sizeBytes, validators } = state as PackedState; // our own, under its checksum
  const spans = spansIn(numbers);
  await unpack(kept, spans, sizeBytes, path);
  await rm(kept);
  fetcher.charge(bytesIn(spans));
  return needOf(await openMp4({ fetcher, path, ...where, kept: { spans, sizeBytes, validators } }), fetcher);
}

/** Whether what `packed` gave is of what is at an address now. @throws what `Fetcher.open` throws */
export const isRangedAt = async (state: unknown, address: string, fetcher: Fetcher): Promise<boolean> =>
  (await sameNow(fetcher, address, (state as PackedState).validators)) === "same";

function needOf({ file, pictures, keyPictures }: Mp4Source, fetcher: Fetcher): SourceByNeed {
  return {
    async pictures(stretches) {
      await pictures(stretches).catch(cannotBeHad);
      return file.path;
    },
    async keyPictures() {
      await keyPictures().catch(cannotBeHad);
      return file.path;
    },
    wireBytes: fetcher.wireBytes,
    requests: fetcher.requests,
    async packed(into) {
      const spans = file.spans();
      const name = `${basename(file.path)}.parts`;
      await pack(file.path, spans, join(into, name));
      const state: PackedState = { ...file.facts, spans: written(spans) };
      return { files: [{ name, path: join(into, name) }], state };
    },
    close: file.close,
  };
}

/** About what the clips that were ordered will take, as if each second of the video were as large as another. */
function bytesOfClips(
  { clip_count, clip_duration_seconds, edit }: Pick<JobSpec, "clip_count" | "clip_duration_seconds" | "edit">,
  sizeBytes: number,
  seconds: number,
): number {
  const wanted = (edit ? 1 : clip_count) * (clip_duration_seconds + AROUND_SECONDS);
  return sizeBytes * Math.min(1, wanted / seconds);
}

const lengthOf = ({ index }: Mp4Source) =>
  Math.max(...index.tracks.map(({ endSeconds }) => endSeconds)) - index.startSeconds;

/** On the file's own clock. */
function endsOf({ index: { tracks } }: Mp4Source) {
  const lastOf = (some: typeof tracks) => Math.max(...some.map(({ endSeconds }) => endSeconds));
  return { any: lastOf(tracks), picture: lastOf(tracks.filter(({ kind }) => kind === "video")) };
}

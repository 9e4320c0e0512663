import { createHash } from "node:crypto";
import { boxHeader, HEADER_BYTES, NotByNeed } from "./mp4-boxes.ts";
import { type Mp4Index, readIndex } from "./mp4-index.ts";
import { type LeaveOut, LONG_TABLES, lateRows, readMoov, refuseBeyond } from "./mp4-moov.ts";
import {
  allPictures,
  bytesOfKeyPictures,
  bytesOfSound,
  bytesOfStretches,
  type Stretch,
  samplesOfStretches,
} from "./mp4-need.ts";
import { type SoundFile, soundFile } from "./mp4-sound.ts";
import type { Cost } from "./multi-range.ts";
import {
  HEAD_BYTES,
  type OnMore,
  openRangeFile,
  type RangeFile,
  type RangeFileOptions,
} from "./range-file.ts";

/** A plain MP4 or MOV file that is fetched by need. */
export interface Mp4Source {
  file: RangeFile;
  index: Mp4Index;
  /**
   * sha256 (hex) of what identifies it: how long it is, what the server calls this version, and its index, which says where and how long each
   * sound and, unless its table is long, each picture is.
   */
  sha256: string;
  /** What all of the sound would cost, and the pictures that ffmpeg looks into when it opens the file. */
  costOfSound(): Promise<Cost>;
  /** Fetches that. */
  sound(onMore?: OnMore): Promise<void>;
  /** One of its streams, counted as ffmpeg does, as a file of its own; undefined where that cannot be made. */
  soundFile(stream: number): Promise<SoundFile | undefined>;
  /** Fetches pictures and sound of these stretches (seconds from the file's start), and what ffmpeg looks into. */
  pictures(stretches: readonly Stretch[], onMore?: OnMore): Promise<void>;
  /** Fetches the key frames of the whole video. */
  keyPictures(): Promise<void>;
}

/** Of a four-hour file 19 MB were seen. */
const MAX_MOOV_BYTES = 64 << 20;
const MAX_BOXES = 1000;

/**
 * Opens a video at an address by its index alone.
 * @param options `leave`: which tables of the index are fetched in part; long ones where nothing is said
 * @throws NotByNeed where its ranges cannot be had or worked out; else as `openRangeFile`
 */
export async function openMp4({
  leave = LONG_TABLES,
  ...options
}: RangeFileOptions & { leave?: LeaveOut | undefined }): Promise<Mp4Source> {
  const file = await openRangeFile(options);
  try {
    const { at, size } = await findMoov(file);
    const { moov, late } = await readMoov(file, at, size, leave);
    const index = readIndex(moov);
    for (const track of index.tracks) refuseBeyond(file.sizeBytes, track, 0, track.sizes.length - 1);
    const rows = lateRows(file, late, leave);
    // what is probed, and the end: a file that was cut off is told apart before anything is begun
    const ends = allPictures(index).map(({ track, last }) => ({ track, first: last, last }));
    await rows([...samplesOfStretches(index, []), ...ends]);
    const soundSpans = () => [...bytesOfStretches(index, []), ...bytesOfSound(index)]; // too many to keep
    return {
      ...{ file, index, sha256: identityOf(file, moov) },
      async costOfSound() {
        const sound = soundSpans();
        await file.tryTogether(sound);
        return file.cost(sound);
      },
      sound: (onMore) => file.ensure(soundSpans(), onMore),
      async soundFile(stream) {
        const track = index.tracks.find(({ kind, place }) => kind === "audio" && place === stream);
        const { type, size: ftypBytes } = boxHeader(await file.bytes(0, HEADER_BYTES), 0, file.sizeBytes);
        const isNamed = type === "ftyp" && ftypBytes <= HEAD_BYTES;
        const ftyp = await file.bytes(0, isNamed ? ftypBytes : 0);
        return track && soundFile(ftyp, (await readMoov(file, at, size, leave)).moov, track);
      },
      async pictures(stretches, onMore) {
        await rows(samplesOfStretches(index, stretches));
        await file.ensure(bytesOfStretches(index, stretches), onMore);
      },
      async keyPictures() {
        await rows(allPictures(index));
        await file.ensure(bytesOfKeyPictures(index));
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function identityOf({ sizeBytes, facts: { validators } }: RangeFile, moov: Buffer): string {
  const { etag, lastModified } = validators;
  const strong = etag?.startsWith("W/") ? null : etag;
  return createHash("sha256")
    .update(JSON.stringify([sizeBytes, strong, lastModified]))
    .update(moov)
    .digest("hex");
}

/** Walks from box to box; every header that is passed comes to lie in the file, as a reader will walk the same way. */
async function findMoov(file: RangeFile): Promise<{ at: number; size: number }> {
  let at = 0;
  for (let boxes = 0; at + 8 <= file.sizeBytes && boxes < MAX_BOXES; boxes++) {
    const { type, size } = boxHeader(await file.bytes(at, at + HEADER_BYTES), 0, file.sizeBytes - at);
    if (type === "moov") {
      if (size > MAX_MOOV_BYTES) throw new NotByNeed("its index is too long");
      return { at, size };
    }
    if (type === "moof") throw new NotByNeed("the file is cut into fragments");
    at += size;
  }
  throw new NotByNeed("it has no index");
}

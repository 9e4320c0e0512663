import { KangKlipError } from "@kangklip/contract";
import { type Remote, TooMuch } from "./remote.ts";

/** A box that is looked at costs a request where it lies behind what is there. */
const MOST_REQUESTS = 12;
const MOST_BOXES = 1000;
/** What is read where a box is looked for: the index is often right there. */
const LOOK_BYTES = 64 << 10;
/** Where nobody says how long the file is, no box is looked for behind this. */
const MOST_PLACE = 2 ** 40;
/** An index of four hours has about 10 MB. */
const MOST_INDEX_BYTES = 5 << 20;

interface Mp4Head {
  /** The file's index with all its samples; else only its beginning is there. */
  isWhole: boolean;
  /** The beginning of the index: enough to say how long it is and of what size. */
  moov: Buffer;
  isFragmented: boolean;
}

/**
 * Finds the index of an MP4 (ISO/IEC 14496-12) wherever it lies, and reads it, as far as that is worth it.
 * @param keep is given every stretch that was read
 * @returns null where it lies where nothing can be read @throws KangKlipError SOURCE_TRUNCATED where there is none, or the file ends before it should
 */
export async function mp4Head(
  remote: Remote,
  keep: (bytes: Buffer, at: number) => Promise<void>,
): Promise<Mp4Head | null> {
  let [piece, from, requests] = [remote.head(), 0, 0];
  const at = async (place: number, length: number): Promise<Buffer | null> => {
    const has = () => place >= from && place + length <= from + piece.length;
    if (!has()) {
      if (!remote.hasRanges || ++requests > MOST_REQUESTS) return null;
      const wanted = Math.min(
        Math.max(length, LOOK_BYTES),
        (remote.total ?? Number.POSITIVE_INFINITY) - place,
      );
      [piece, from] = [await remote.read(place, wanted), place];
      await keep(piece, from);
      if (!has()) return null;
    }
    return piece.subarray(place - from, place - from + length);
  };
  const { total } = remote;
  const end = total ?? Number.POSITIVE_INFINITY;
  for (let place = 0, count = 0; place < end; count++) {
    if (count >= MOST_BOXES) return null;
    if (end - place < 8) throw truncated();
    const header = await at(place, Math.min(16, end - place));
    if (!header) return null;
    const name = header.toString("latin1", 4, 8);
    const short = header.readUInt32BE(0);
    const long = short === 1 && header.length >= 16 ? Number(header.readBigUInt64BE(8)) : short;
    const length = short === 0 ? end - place : long;
    if (length < 8 || place + length > end) throw truncated();
    if (total === null && place + length > MOST_PLACE) return null;
    if (name === "moof") return null; // without an index before it there is none
    if (name === "moov") {
      const isWhole = length <= MOST_INDEX_BYTES;
      const moov = await at(place, isWhole ? length : Math.min(length, LOOK_BYTES)).catch((error) => {
        if (error instanceof TooMuch) return null;
        throw error;
      });
      if (!moov) return null;
      return { isWhole, moov, isFragmented: isWhole && moov.includes("mvex") };
    }
    place += length;
  }
  throw truncated();
}

const truncated = () => new KangKlipError("SOURCE_TRUNCATED", "The file ends before it should");

/** Length (seconds) and size of the picture, as far as the beginning of an index tells. Pure. */
export function factsOf(moov: Buffer): {
  seconds: number | null;
  width: number | null;
  height: number | null;
} {
  let seconds: number | null = null;
  let size: [number, number] | undefined;
  for (const { name, body } of boxes(moov.subarray(8))) {
    if (name === "mvhd" && body.length >= 32) {
      const isLong = body[0] === 1;
      const timescale = body.readUInt32BE(isLong ? 20 : 12);
      const duration = isLong ? Number(body.readBigUInt64BE(24)) : body.readUInt32BE(16);
      if (timescale > 0 && duration > 0 && duration < 0xffffffff) seconds = duration / timescale;
    }
    if (name !== "trak" || size) continue;
    for (const inner of boxes(body)) {
      if (inner.name !== "tkhd" || inner.body.length < 84) continue;
      const at = inner.body[0] === 1 ? 88 : 76; // 16.16 fixed point
      if (inner.body.length < at + 8) continue;
      const [width, height] = [inner.body.readUInt32BE(at) >> 16, inner.body.readUInt32BE(at + 4) >> 16];
      if (width > 0 && height > 0) size = [width, height];
    }
  }
  return { seconds, width: size?.[0] ?? null, height: size?.[1] ?? null };
}

/** The boxes that begin in some bytes; the last one may be cut. */
function* boxes(bytes: Buffer): Generator<{ name: string; body: Buffer }> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (length < 8) return;
    yield { name: bytes.toString("latin1", at + 4, at + 8), body: bytes.subarray(at + 8, at + length) };
    at += length;
  }
}

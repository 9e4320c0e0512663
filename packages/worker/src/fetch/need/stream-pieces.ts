import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { KangKlipError } from "@kangklip/contract";
import type { Fetcher } from "../fetcher.ts";
import { MAX_PARTS, type Part, type StreamPlan, type Track } from "../parts.ts";
import { type ByteRange, saveTo } from "../save.ts";
import { boxesIn, NotByNeed } from "./mp4-boxes.ts";

/** One segment of a stream. */
interface Piece extends Part {
  /** How long it plays, as the list says. */
  seconds: number;
}

/** A track that can be read in pieces: any of them in order behind the header make a file. */
export interface Pieces {
  header: Part | null;
  pieces: Piece[];
}

/** The index of a four-hour file in pieces of two seconds has 90 kB. */
const MAX_INDEX_BYTES = 4 << 20;
/** From here on the whole costs little more, and spares the waiting. */
const BREAK_EVEN = 0.8;
/** Sound of a stream that does not say how much of its bandwidth is sound (bits per second). */
const USUAL_SOUND = 128_000;
/** Beside the clip itself: what is read before and after it. */
const AROUND_SECONDS = 1;

/**
 * The pieces of a track and how long each plays; reads the index of a file that has one.
 * @param scratch a path that may be written to @throws NotByNeed where they are not known; what the fetcher throws
 */
export async function piecesOf(fetcher: Fetcher, { runs }: Track, scratch: string): Promise<Pieces> {
  const [run] = runs;
  if (!run || runs.length > 1) throw new NotByNeed("the stream's clock starts anew in between");
  if (run.index) return indexedPieces(fetcher, run.parts, run.index, scratch);
  const { parts, lengths } = run;
  if (!lengths) throw new NotByNeed("the list does not say how long its pieces are");
  const header = lengths[0] === null ? (parts[0] ?? null) : null;
  const first = header ? 1 : 0;
  const pieces = parts.slice(first).map((part, index) => ({ ...part, seconds: lengths[first + index] ?? 0 }));
  if (pieces.length === 0 || pieces.some(({ seconds }) => !(seconds > 0)))
    throw new NotByNeed("the list does not say how long its pieces are");
  return { header, pieces };
}

async function indexedPieces(
  fetcher: Fetcher,
  [file]: readonly Part[],
  { header, index }: { header: ByteRange; index: ByteRange },
  scratch: string,
): Promise<Pieces> {
  if (!file || index.length > MAX_INDEX_BYTES) throw new NotByNeed("its index is too long");
  const saved = await saveTo(fetcher, scratch, { address: file.address, range: index }).catch((error) => {
    if (error instanceof KangKlipError && error.code === "SOURCE_UNSUPPORTED")
      throw new NotByNeed("its server gives no byte ranges");
    throw error;
  });
  fetcher.charge(-saved.sizeBytes); // it is read and thrown away
  const bytes = await readFile(scratch);
  await rm(scratch);
  const isAhead = header.start <= index.start && header.start + header.length > index.start;
  const length = isAhead ? index.start - header.start : header.length; // an index in front of single pieces would be wrong
  if (length <= 0) throw new NotByNeed("its header cannot be told from its index");
  return {
    header: { ...file, range: { start: header.start, length } },
    pieces: readSidx(bytes, index.start).map(({ range, seconds }) => ({ ...file, range, seconds })),
  };
}

/**
 * Where the pieces of a file lie and how long each plays, from its segment index (ISO/IEC 14496-12, 8.16.3), the first byte of which is
 * `at`. Pure. @throws NotByNeed where there is none that can be read, or one of further indexes
 */
export function readSidx(bytes: Buffer, at: number): { range: ByteRange; seconds: number }[] {
  const box = boxesIn(bytes, 0, bytes.length).find(({ type }) => type === "sidx");
  if (!box || box.to - box.from < 24) throw new NotByNeed("the file has no index of its pieces");
  const isWide = bytes[box.from] !== 0;
  const scale = bytes.readUInt32BE(box.from + 8);
  const counted = box.from + (isWide ? 28 : 20);
  if (scale === 0 || counted + 4 > box.to) throw new NotByNeed("the index of its pieces cannot be read");
  const ahead = isWide ? Number(bytes.readBigUInt64BE(box.from + 20)) : bytes.readUInt32BE(box.from + 16);
  const count = bytes.readUInt16BE(counted + 2);
  if (count === 0 || count > MAX_PARTS || counted + 4 + 12 * count > box.to || !Number.isSafeInteger(ahead))
    throw new NotByNeed("the index of its pieces cannot be read");
  let start = at + box.to + ahead;
  return Array.from({ length: count }, (_, entry) => {
    const place = counted + 4 + 12 * entry;
    const said = bytes.readUInt32BE(place);
    const length = said & 0x7fffffff;
    const seconds = bytes.readUInt32BE(place + 4) / scale;
    if (said !== length) throw new NotByNeed("its index leads to further ones");
    if (length === 0 || seconds === 0) throw new NotByNeed("the index of its pieces cannot be read");
    const range = { start, length };
    start += length;
    return { range, seconds };
  });
}

const lengthOf = (pieces: readonly Piece[]) => pieces.reduce((sum, { seconds }) => sum + seconds, 0);

/** @throws NotByNeed where so many clips of so many seconds want most of the stream anyway. Pure. */
export function checkWorth(
  { video, audio }: StreamPlan,
  { pieces }: Pieces,
  { clips, seconds }: { clips: number; seconds: number },
): void {
  const all = lengthOf(pieces);
  const each = seconds + AROUND_SECONDS + all / pieces.length; // a clip begins and ends in the middle of a piece
  const shown = Math.min(1, (clips * each + (pieces[0]?.seconds ?? 0)) / all);
  const total = (video.bandwidth ?? 0) + (audio?.bandwidth ?? 0);
  const heard = audio ? audio.bandwidth || Math.min(USUAL_SOUND, total / 2) : 0;
  const share = total > 0 ? (heard + (total - heard) * shown) / total : shown;
  if (share >= BREAK_EVEN) throw new NotByNeed("the clips need most of the stream anyway");
}

/** Bytes of the whole stream, as near as the list lets one know; undefined: it does not. Pure. */
export function sizeOf({ video, audio }: StreamPlan, { pieces }: Pieces): number | undefined {
  const bits = (video.bandwidth ?? 0) + (audio?.bandwidth ?? 0);
  return bits > 0 ? Math.round((bits / 8) * lengthOf(pieces)) : undefined;
}

/** A hash over all that is known of the pieces but the queries of their addresses, which change from one look to the next. Pure. */
export function identityOf({ way, audio }: StreamPlan, { header, pieces }: Pieces): string {
  const bare = ({ address, range, name = address.replace(/[?#].*$/s, "") }: Part) => [
    name,
    range?.start,
    range?.length,
  ];
  const shown = [header && bare(header), pieces.map((piece) => [...bare(piece), piece.seconds])];
  const heard = audio?.runs.map(({ parts, lengths }) => [parts.map(bare), lengths]);
  return createHash("sha256")
    .update(JSON.stringify([way, shown, heard]))
    .digest("hex");
}

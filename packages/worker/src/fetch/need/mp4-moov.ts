import { boxHeader, HEADER_BYTES, NotByNeed } from "./mp4-boxes.ts";
import { placeSamples, type TrackIndex } from "./mp4-index.ts";
import type { Samples } from "./mp4-need.ts";
import type { RangeFile } from "./range-file.ts";

/** Which tables of an index are left out until rows of them are needed. */
export interface LeaveOut {
  /** From this length on (bytes): fetching some rows takes requests of its own. */
  fromBytes: number;
  /** What is read goes so many bytes beyond what is wanted, so that the next headers come along. */
  stepBytes: number;
}

/** Two and a half hours of 30 pictures a second have a megabyte of sizes, and as much of places or twice that. */
export const LONG_TABLES: LeaveOut = { fromBytes: 1 << 20, stepBytes: 64 << 10 };
/** An index of fewer than so many such tables is read at once: the requests that parts of it take would cost as much as they spare. */
const TABLES_AT_ONCE = 8;
/** Rows are fetched in so many parts of a step. */
const PARTS_OF_STEP = 16;

/** A table of a track of pictures of which no row is in the index that was read. */
interface LateTable {
  /** The track's number, as in `TrackIndex`. */
  place: number;
  type: "stsz" | "stco" | "co64";
  /** Where its rows lie in the file. */
  from: number;
  to: number;
}

/** The index of a file as its bytes, with nothing but zeros where a table is late. */
export interface Moov {
  moov: Buffer;
  late: LateTable[];
}

/** Behind the header of each: version and flags, and what else stands before its rows. */
const BEFORE_ROWS: Record<string, number> = { stsz: 12, stco: 8, co64: 8 };
const ROW_BYTES = { stsz: 4, stco: 4, co64: 8 };
/** The way to a track's tables. */
const WITHIN: Record<string, string> = { moov: "trak", trak: "mdia", mdia: "minf", minf: "stbl" };

/**
 * Reads the index, which begins at `at` of the file and has `size` bytes, but for long tables that tell of each picture how long it is and
 * where it lies. Reading it again gives the same bytes, and fetches nothing.
 */
export async function readMoov(
  file: Pick<RangeFile, "bytes">,
  at: number,
  size: number,
  leave = LONG_TABLES,
): Promise<Moov> {
  const moov = Buffer.alloc(size);
  const late: LateTable[] = [];
  let read = 0;
  const upTo = async (end: number) => {
    if (end <= read) return;
    const to = Math.min(size, end + leave.stepBytes);
    read += (await file.bytes(at + read, at + to)).copy(moov, read);
    if (read < to) throw new NotByNeed("its index is cut off");
  };
  let place = -1;
  let isPicture = false;
  /** @param trakEnd where the track ends that this is in */
  const walk = async (parent: string, from: number, to: number, trakEnd: number): Promise<void> => {
    for (let begin = from; begin + 8 <= to; ) {
      await upTo(Math.min(to, begin + HEADER_BYTES));
      const { type, header, size } = boxHeader(moov, begin, to - begin);
      const [inside, end] = [begin + header, begin + size];
      const before = BEFORE_ROWS[type];
      if (parent === "moov" && type === "trak") [place, isPicture] = [place + 1, false];
      if (type === WITHIN[parent]) await walk(type, inside, end, parent === "moov" ? end : trakEnd);
      else if (parent === "stbl" && isPicture && before && size >= leave.fromBytes) {
        await upTo(inside + before);
        late.push({ place, type: type as LateTable["type"], from: at + inside + before, to: at + end });
        read = Math.max(read, end);
      } else await upTo(end);
      if (parent === "mdia" && type === "hdlr") {
        isPicture = moov.toString("latin1", inside + 8, inside + 12) === "vide";
        if (!isPicture) await upTo(trakEnd);
      }
      begin = end;
    }
    await upTo(to);
  };
  const { header } = boxHeader(await file.bytes(at, at + HEADER_BYTES), 0, size);
  if (size < TABLES_AT_ONCE * leave.fromBytes) await upTo(size);
  else {
    await upTo(header);
    await walk("moov", header, size, size);
  }
  return { moov, late };
}

/**
 * Gives what fetches the rows of these samples where their tables are late, and writes into their tracks how long they are and where they
 * lie. @throws NotByNeed from it where the file ends before one of them; else as `RangeFile.ensure`
 */
export function lateRows(file: RangeFile, late: readonly LateTable[], { stepBytes }: LeaveOut) {
  const part = stepBytes / PARTS_OF_STEP;
  return async (samples: readonly Samples[]): Promise<void> => {
    const wanted = samples.flatMap(({ track, first, last }) => {
      const { chunks, sizes } = track;
      const [begin, end] = [chunkOf(chunks.first, first), chunkOf(chunks.first, last) + 1];
      const [from, to] = [chunks.first[begin] ?? 0, chunks.first[end] ?? sizes.length];
      return late
        .filter(({ place }) => place === track.place)
        .map((table) => ({
          track,
          table,
          begin,
          end,
          rows: table.type === "stsz" ? [from, to] : [begin, end],
        }));
    });
    const spans = wanted.map(({ table: { type, from, to }, rows: [first = 0, end = 0] }) => {
      const [start, stop] = [first * ROW_BYTES[type], end * ROW_BYTES[type]];
      const rounded = [Math.floor(start / part) * part, Math.ceil(stop / part) * part] as const;
      return [from + rounded[0], Math.min(to, from + rounded[1])] as const;
    });
    await file.ensure(spans);
    for (const { track, table, rows } of wanted) await take(track, table, rows);
    for (const { track, begin, end } of wanted) placeSamples(track, begin, end);
    for (const { track, first, last } of samples) refuseBeyond(file.sizeBytes, track, first, last);
  };

  async function take(
    { sizes, chunks }: TrackIndex,
    { type, from, to }: LateTable,
    [first = 0, end = 0]: number[],
  ) {
    const width = ROW_BYTES[type];
    if (from + end * width > to) throw new NotByNeed(`${type} holds fewer rows than it says`);
    const bytes = await file.bytes(from + first * width, from + end * width);
    for (let row = first; row < end; row++) {
      const at = (row - first) * width;
      if (type === "stsz") sizes[row] = bytes.readUInt32BE(at);
      else chunks.offsets[row] = type === "co64" ? Number(bytes.readBigUInt64BE(at)) : bytes.readUInt32BE(at);
    }
  }
}

/** @throws NotByNeed where a sample reaches beyond the file's end */
export function refuseBeyond(
  sizeBytes: number,
  { offsets, sizes }: TrackIndex,
  first: number,
  last: number,
): void {
  for (let sample = first; sample <= last; sample++)
    if ((offsets[sample] ?? 0) + (sizes[sample] ?? 0) > sizeBytes)
      throw new NotByNeed("it ends before its last picture");
}

/** The chunk in which a sample lies. */
function chunkOf(first: Uint32Array, sample: number): number {
  let [low, high] = [0, first.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((first[middle] ?? 0) <= sample) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

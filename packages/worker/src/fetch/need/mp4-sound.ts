import { boxAt, boxesIn, boxHeader } from "./mp4-boxes.ts";
import type { TrackIndex } from "./mp4-index.ts";
import type { Span } from "./spans.ts";

/** A track of an MP4 as a file of its own, which can be read from its beginning to its end. */
export interface SoundFile {
  /** Its first bytes. */
  head: Buffer;
  /** Behind them, the bytes of these stretches of the whole file in this order. */
  spans(): Iterable<Span>;
}

const MDAT_HEADER = 16;
const MOST_32 = 0xffffffff;

/**
 * The sound of an MP4 or MOV file as a file of its own: its index in front, with every box of the file's own that tells about the movie or
 * about this track as it is there, and its chunks one after the other. What reads it gets the same packets with the same times. Pure.
 * @param ftyp the file's first box, empty where there is none @param moov its index @param track the one that is chosen
 * @returns undefined where its places cannot be written down
 */
export function soundFile(ftyp: Buffer, moov: Buffer, track: TrackIndex): SoundFile | undefined {
  const { header } = boxHeader(moov, 0, moov.length);
  const boxes = boxesIn(moov, header, moov.length).map((box, index, all) => ({
    ...box,
    starts: all[index - 1]?.to ?? header,
  }));
  const trak = boxes.filter(({ type }) => type === "trak")[track.place];
  const samples = trak && boxAt(moov, trak, "mdia", "minf", "stbl");
  const places = samples && (boxAt(moov, samples, "co64") ?? boxAt(moov, samples, "stco"));
  if (!places) return undefined;
  const { sizes } = track.chunks;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const kept = boxes.filter((box) => box.type !== "trak" || box === trak);
  const inside = Buffer.concat(kept.map(({ starts, to }) => moov.subarray(starts, to)));
  const first = ftyp.length + 8 + inside.length + MDAT_HEADER;
  const isWide = places.type === "co64";
  if (!isWide && first + total > MOST_32) return undefined;

  // where the table has come to lie: behind what is kept before its track, as far in as it was
  const before = kept.slice(0, kept.indexOf(trak)).reduce((sum, { starts, to }) => sum + to - starts, 0);
  const table = before + places.from - trak.starts + 8;
  let at = first;
  for (const [chunk, size] of sizes.entries()) {
    if (isWide) inside.writeBigUInt64BE(BigInt(at), table + 8 * chunk);
    else inside.writeUInt32BE(at, table + 4 * chunk);
    at += size;
  }
  const mdat = Buffer.alloc(MDAT_HEADER);
  mdat.writeUInt32BE(1, 0); // its length has 64 bits
  mdat.write("mdat", 4, "latin1");
  mdat.writeBigUInt64BE(BigInt(MDAT_HEADER + total), 8);
  const moovHeader = Buffer.alloc(8);
  moovHeader.writeUInt32BE(8 + inside.length, 0);
  moovHeader.write("moov", 4, "latin1");
  const head = Buffer.concat([ftyp, moovHeader, inside, mdat]);
  return { head, spans: () => spansOf(track.chunks) };
}

/** Chunks as spans, those that follow on each other as one; made as they are read, as hours of sound have half a million. */
function* spansOf({ offsets, sizes }: TrackIndex["chunks"]): Generator<Span> {
  let [begin, end] = [0, 0];
  for (const [chunk, size] of sizes.entries()) {
    const from = offsets[chunk] ?? 0;
    if (from !== end) {
      if (end > begin) yield [begin, end];
      begin = from;
    }
    end = from + size;
  }
  if (end > begin) yield [begin, end];
}

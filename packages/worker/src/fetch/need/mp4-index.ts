import { type Box, boxAt, boxesIn, boxHeader, NotByNeed } from "./mp4-boxes.ts";

/** Every sample of one track, in the order of decoding. */
export interface TrackIndex {
  kind: "video" | "audio";
  /** Its number among all tracks of the file, from 0: ffmpeg counts its streams alike. */
  place: number;
  /** When each is shown or heard: seconds on the file's own clock, edit list included. */
  times: Float64Array;
  /** First byte of each in the file, and how many there are. */
  offsets: Float64Array;
  sizes: Uint32Array;
  /** The chunks in which they lie, in the order of the file's own table: first byte of each, how many there are, and the first sample in it. */
  chunks: { offsets: Float64Array; sizes: Float64Array; first: Uint32Array };
  /** Those from which decoding can begin, in order; null: all. */
  sync: Uint32Array | null;
  /** How long it waits before it begins (seconds): ffmpeg seeks in it as if it did not, and reads on from there. */
  delaySeconds: number;
  /** When the last of what is shown or heard ends, by the same clock. */
  endSeconds: number;
}

/** Where everything lies in a plain MP4 or MOV file. */
export interface Mp4Index {
  tracks: TrackIndex[];
  /** The file's clock at its earliest sample, seconds: what ffmpeg's `-ss` counts from. */
  startSeconds: number;
}

/** Of all tracks together: twelve hours of 120 pictures a second and their sound. */
const MOST_SAMPLES = 8_000_000;
/** Pictures, sounds in many languages, subtitles, chapters. */
const MOST_TRACKS = 64;

/**
 * Reads the sample tables of a whole `moov` box (ISO/IEC 14496-12, 8.6 and 8.7). Pure.
 * @throws NotByNeed for fragmented files, for tables that contradict each other, and for tracks whose data lies in another file
 */
export function readIndex(moov: Buffer): Mp4Index {
  const { header } = boxHeader(moov, 0, moov.length);
  const all: Box = { type: "moov", from: header, to: moov.length };
  if (boxAt(moov, all, "mvex")) throw new NotByNeed("the file is cut into fragments");
  const movieScale = scaleOf(moov, boxAt(moov, all, "mvhd"));
  const traks = boxesIn(moov, all.from, all.to).filter(({ type }) => type === "trak");
  if (traks.length > MOST_TRACKS) throw new NotByNeed("the file has too many tracks");
  const tracks: TrackIndex[] = [];
  let room = MOST_SAMPLES;
  for (const [place, trak] of traks.entries()) {
    const track = readTrack(moov, trak, movieScale, room);
    room -= track?.sizes.length ?? 0;
    if (track) tracks.push({ ...track, place });
  }
  if (!tracks.some(({ kind }) => kind === "video")) throw new NotByNeed("the file names no picture");
  return { tracks, startSeconds: Math.min(...tracks.map(({ times }) => earliest(times))) };
}

/** Pictures are not stored in the order in which they are shown: the first shown is among so many first stored, and the last among the last. */
const NEAR = 64;
const earliest = (times: Float64Array) => Math.min(...times.subarray(0, NEAR));

/** @param room how many samples it may have */
function readTrack(
  moov: Buffer,
  trak: Box,
  movieScale: number,
  room: number,
): Omit<TrackIndex, "place"> | undefined {
  const handler = boxAt(moov, trak, "mdia", "hdlr");
  if (!handler || handler.to - handler.from < 12) throw new NotByNeed("a track does not say what it is");
  const name = moov.toString("latin1", handler.from + 8, handler.from + 12);
  const kind = name === "vide" ? "video" : name === "soun" ? "audio" : undefined;
  if (!kind) return undefined;
  const scale = scaleOf(moov, boxAt(moov, trak, "mdia", "mdhd"));
  const information = boxAt(moov, trak, "mdia", "minf");
  const samples = information && boxAt(moov, information, "stbl");
  if (!information || !samples) throw new NotByNeed("a track has no sample tables");
  refuseOtherFiles(moov, boxAt(moov, information, "dinf", "dref"));
  refuseEncrypted(moov, boxAt(moov, samples, "stsd"));
  const table = (type: string) => {
    const box = boxAt(moov, samples, type);
    return box && tableOf(moov, box);
  };
  const sizes = sizesOf(moov, boxAt(moov, samples, "stsz"), room);
  if (sizes.length === 0) return undefined;
  const { shift, delay } = editOf(moov, boxAt(moov, trak, "edts", "elst"), scale, movieScale);
  const stts = table("stts");
  const times = timesOf(sizes.length, stts, table("ctts"), scale, shift);
  const lastSeconds = (stts && stts.rows > 0 ? stts.at(stts.rows - 1, 1) : 0) / scale;
  return {
    kind,
    sizes,
    times,
    endSeconds: Math.max(...times.subarray(-NEAR)) + lastSeconds,
    ...offsetsOf(sizes, table("stsc"), chunksOf(moov, samples)),
    sync: syncOf(table("stss"), sizes.length),
    delaySeconds: delay,
  };
}

/** Units of time per second, from `mvhd` or `mdhd`. */
function scaleOf(moov: Buffer, box: Box | undefined): number {
  const at = box && box.from + (moov[box.from] === 1 ? 20 : 12);
  const scale = box && at !== undefined && at + 4 <= box.to ? moov.readUInt32BE(at) : 0;
  if (scale === 0) throw new NotByNeed("the file's clock has no unit");
  return scale;
}

/** A file may point to others: those of ours may not be opened for it. */
function refuseOtherFiles(moov: Buffer, dref: Box | undefined): void {
  if (!dref) return;
  for (const entry of boxesIn(moov, dref.from + 8, dref.to))
    if ((moov.readUInt32BE(entry.from) & 1) === 0) throw new NotByNeed("its data lies in another file");
}

/** Whether pieces of such a file can be read with what is in its index. @throws NotByNeed where they are encrypted */
export function refuseEncryptedIn(moov: Buffer, all: Box): void {
  for (const trak of boxesIn(moov, all.from, all.to).filter(({ type }) => type === "trak"))
    refuseEncrypted(moov, boxAt(moov, trak, "mdia", "minf", "stbl", "stsd"));
}

/** What is encrypted needs more than its samples (ISO/IEC 23001-7). */
function refuseEncrypted(moov: Buffer, stsd: Box | undefined): void {
  if (!stsd) throw new NotByNeed("a track does not say how its samples are coded");
  for (const { type } of boxesIn(moov, stsd.from + 8, stsd.to))
    if (/^enc[vatsm]$|^drm[is]$/.test(type)) throw new NotByNeed("it is encrypted");
}

/** Rows of whole 32-bit numbers behind a version and a count. */
interface Table {
  rows: number;
  /** The n-th number of a row; signed where asked. */
  at(row: number, column: number): number;
  signed(row: number, column: number): number;
}

const WIDTHS: Record<string, number> = { stts: 2, ctts: 2, stsc: 3, stss: 1 };

function tableOf(moov: Buffer, { type, from, to }: Box): Table {
  const width = WIDTHS[type] ?? 1;
  const rows = to - from >= 8 ? moov.readUInt32BE(from + 4) : Number.NaN;
  if (!(rows * width * 4 <= to - from - 8)) throw new NotByNeed(`${type} holds fewer rows than it says`);
  const place = (row: number, column: number) => from + 8 + 4 * (row * width + column);
  return {
    rows,
    at: (row, column) => moov.readUInt32BE(place(row, column)),
    signed: (row, column) => moov.readInt32BE(place(row, column)),
  };
}

function sizesOf(moov: Buffer, stsz: Box | undefined, room: number): Uint32Array {
  if (!stsz || stsz.to - stsz.from < 12) throw new NotByNeed("a track does not say how long its samples are");
  const same = moov.readUInt32BE(stsz.from + 4);
  const count = moov.readUInt32BE(stsz.from + 8);
  if (count > room) throw new NotByNeed("the file has too many samples");
  if (same > 0) return new Uint32Array(count).fill(same);
  if (count * 4 > stsz.to - stsz.from - 12) throw new NotByNeed("stsz holds fewer rows than it says");
  return Uint32Array.from({ length: count }, (_, sample) => moov.readUInt32BE(stsz.from + 12 + 4 * sample));
}

/** Decode times from `stts`, moved by `ctts` to when they are shown, in seconds. */
function timesOf(
  count: number,
  stts: Table | undefined,
  ctts: Table | undefined,
  scale: number,
  shift: number,
): Float64Array {
  if (!stts) throw new NotByNeed("a track does not say when its samples are shown");
  const times = new Float64Array(count);
  let sample = 0;
  let now = 0;
  for (let row = 0; row < stts.rows && sample < count; row++) {
    const delta = stts.at(row, 1);
    for (let n = stts.at(row, 0); n > 0 && sample < count; n--, now += delta) times[sample++] = now;
  }
  if (sample < count) throw new NotByNeed("stts does not reach to the last sample");
  if (ctts) {
    sample = 0;
    for (let row = 0; row < ctts.rows && sample < count; row++) {
      const later = ctts.signed(row, 1);
      for (let n = ctts.at(row, 0); n > 0 && sample < count; n--, sample++)
        times[sample] = (times[sample] ?? 0) + later;
    }
  }
  for (sample = 0; sample < count; sample++) times[sample] = (times[sample] ?? 0) / scale + shift;
  return times;
}

/** Seconds to be added to a track's own times: an empty first edit delays it, the first real one says where it begins. */
function editOf(
  moov: Buffer,
  elst: Box | undefined,
  scale: number,
  movieScale: number,
): { shift: number; delay: number } {
  if (!elst || elst.to - elst.from < 8) return { shift: 0, delay: 0 };
  const wide = moov[elst.from] === 1;
  const rowBytes = wide ? 20 : 12;
  const rows = moov.readUInt32BE(elst.from + 4);
  if (rows * rowBytes > elst.to - elst.from - 8) throw new NotByNeed("elst holds fewer rows than it says");
  let delay = 0;
  let begun: number | undefined;
  for (let row = 0, at = elst.from + 8; row < rows; row++, at += rowBytes) {
    const length = wide ? Number(moov.readBigUInt64BE(at)) : moov.readUInt32BE(at);
    const start = wide ? Number(moov.readBigInt64BE(at + 8)) : moov.readInt32BE(at + 4);
    if (start < 0 && begun === undefined) delay += length / movieScale;
    else if (begun === undefined) begun = start;
    else throw new NotByNeed("a track is put together of several pieces");
  }
  return { shift: delay - (begun ?? 0) / scale, delay };
}

/** Where each chunk of samples begins, from `stco` or `co64`. */
function chunksOf(moov: Buffer, samples: Box): Float64Array {
  const wide = boxAt(moov, samples, "co64");
  const box = wide ?? boxAt(moov, samples, "stco");
  const width = wide ? 8 : 4;
  const count = box && box.to - box.from >= 8 ? moov.readUInt32BE(box.from + 4) : Number.NaN;
  if (!box || !(count * width <= box.to - box.from - 8))
    throw new NotByNeed("a track does not say where its samples lie");
  return Float64Array.from({ length: count }, (_, chunk) =>
    wide
      ? Number(moov.readBigUInt64BE(box.from + 8 + 8 * chunk))
      : moov.readUInt32BE(box.from + 8 + 4 * chunk),
  );
}

/** Which samples lie in which chunk, and from that where each lies. */
function offsetsOf(
  sizes: Uint32Array,
  stsc: Table | undefined,
  offsets: Float64Array,
): Pick<TrackIndex, "offsets" | "chunks"> {
  if (!stsc || stsc.rows === 0) throw new NotByNeed("a track does not say which samples lie together");
  const first = new Uint32Array(offsets.length);
  let sample = 0;
  for (let chunk = 0, run = 0; chunk < offsets.length; chunk++) {
    while (run + 1 < stsc.rows && stsc.at(run + 1, 0) <= chunk + 1) run++;
    first[chunk] = sample;
    sample = Math.min(sizes.length, sample + stsc.at(run, 1));
  }
  if (sample < sizes.length) throw new NotByNeed("some samples lie nowhere");
  const chunks = { offsets, sizes: new Float64Array(offsets.length), first };
  const track = { sizes, offsets: new Float64Array(sizes.length), chunks };
  placeSamples(track, 0, offsets.length);
  return track;
}

/** Works out where the samples of chunks from `begin` to before `end` lie: within a chunk one after the other. */
export function placeSamples(
  { sizes, offsets, chunks }: Pick<TrackIndex, "sizes" | "offsets" | "chunks">,
  begin: number,
  end: number,
): void {
  for (let chunk = begin; chunk < end; chunk++) {
    const from = chunks.offsets[chunk] ?? 0;
    const next = chunks.first[chunk + 1] ?? sizes.length;
    let at = from;
    for (let sample = chunks.first[chunk] ?? 0; sample < next; sample++) {
      offsets[sample] = at;
      at += sizes[sample] ?? 0;
    }
    chunks.sizes[chunk] = at - from;
  }
}

/** Numbers of samples counted from 0, in order. */
function syncOf(stss: Table | undefined, count: number): Uint32Array | null {
  if (!stss) return null;
  const sync = Uint32Array.from({ length: stss.rows }, (_, row) => stss.at(row, 0) - 1);
  if (sync.length === 0 || sync.some((sample, row) => sample >= count || sample <= (sync[row - 1] ?? -1)))
    throw new NotByNeed("stss names samples that are not there");
  return sync;
}

import { type Box, boxAt, boxesIn } from "../fetch/need/mp4-boxes.ts";
import { type Frames, OddFile, type OwnMp4, type Sample, trakOf, VISUAL_ENTRY } from "./own-mp4.ts";

/** Pictures and sound lie by turns in pieces of this length, so that a player reads on in one place. */
const CHUNK_SECONDS = 0.5;
/** Beyond it places need 64 bits, which no clip does. */
const MOST_BYTES = 2 ** 31;

/**
 * A file like `kept` with other pictures, of as many frames as there are of them: its description and its sound stay as they are, and the index comes first.
 * Pure. @throws OddFile where they do not go together
 */
export function withPictures(kept: OwnMp4, samples: readonly Sample[]): Buffer {
  const { bytes, moov, sound } = kept;
  const video = trakOf(bytes, moov, "vide");
  const audio = trakOf(bytes, moov, "soun");
  const ftyp = boxesIn(bytes, 0, bytes.length).find(({ type }) => type === "ftyp");
  if (!video || !audio || !ftyp || !sound) throw new OddFile("it lacks its pictures or its sound");
  if (
    new Set(samples.map(({ frame }) => frame)).size !== samples.length ||
    !samples.every(({ frame }) => frame < samples.length)
  )
    throw new OddFile("it would lack a frame");
  // two key frames in a row would be told apart by a number that each encoder begins anew
  if (samples.some(({ isKey }, i) => isKey && samples[i + 1]?.isKey))
    throw new OddFile("a key frame follows another one");

  const heard = Array.from(sound.sizes, (size, i) => {
    const offset = sound.offsets[i] ?? 0;
    return { bytes: bytes.subarray(offset, offset + size), time: sound.times[i] ?? 0 };
  });
  const rate = kept.clock.scale / kept.clock.frame;
  const perChunk = Math.max(1, Math.round(CHUNK_SECONDS * rate));
  const [shown, played]: [Chunk[], Chunk[]] = [[], []];
  const parts: Buffer[] = [];
  let length = 0;
  const add = (to: Chunk[], of: readonly { bytes: Buffer }[]) => {
    if (of.length === 0) return;
    to.push({ at: length, samples: of.length });
    for (const one of of) {
      parts.push(one.bytes);
      length += one.bytes.length;
    }
  };
  let next = 0;
  for (let at = 0; at < samples.length; at += perChunk) {
    const isLast = at + perChunk >= samples.length;
    add(shown, samples.slice(at, at + perChunk));
    const from = next;
    while (next < heard.length && (isLast || (heard[next]?.time ?? 0) < (at + perChunk) / rate)) next++;
    add(played, heard.slice(from, next));
  }

  const head = bytes.subarray(ftyp.from - 8, ftyp.to);
  const lengths = lengthsOf(kept, video, audio, samples.length);
  const index = (mediaAt: number) =>
    rewritten(kept, moov, (box) => {
      if (box.type === "mvhd") return boxOf("mvhd", lengths.film);
      if (box.from === video.from)
        return tablesIn(kept, video, { ...lengths.track, ...pictureTables(kept, samples, shown, mediaAt) });
      if (box.from === audio.from) return tablesIn(kept, audio, placesOf(played, mediaAt));
      return undefined;
    });
  // how long the index is does not depend on where the media lies
  const mediaAt = head.length + index(0).length + 8;
  if (mediaAt + length > MOST_BYTES) throw new OddFile("it is too large");
  return Buffer.concat([head, index(mediaAt), head4("mdat", length), ...parts]);
}

interface Chunk {
  /** First byte, counted from where the media begins. */
  at: number;
  samples: number;
}

type Tables = Record<string, Buffer>;

const u32 = (...numbers: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i);
  return bytes;
};
const head4 = (type: string, length: number) => Buffer.concat([u32(8 + length), Buffer.from(type, "latin1")]);
const boxOf = (type: string, content: Buffer) => Buffer.concat([head4(type, content.length), content]);

/** Numbers, each with how often it comes in a row. */
function runs(numbers: readonly number[]): [times: number, number: number][] {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last?.[1] === number) last[0]++;
    else found.push([1, number]);
  }
  return found;
}

/** `stsc` and `stco`: how many samples lie together, and where. */
function placesOf(chunks: readonly Chunk[], mediaAt: number): Tables {
  let chunk = 1;
  const rows = runs(chunks.map(({ samples }) => samples)).flatMap(([times, samples]) => {
    const row = [chunk, samples, 1];
    chunk += times;
    return row;
  });
  return {
    stsc: u32(0, rows.length / 3, ...rows),
    stco: u32(0, chunks.length, ...chunks.map(({ at }) => mediaAt + at)),
  };
}

function pictureTables(
  { clock }: OwnMp4,
  samples: readonly Sample[],
  chunks: Chunk[],
  mediaAt: number,
): Tables {
  const later = runs(samples.map(({ frame }, i) => (frame - i) * clock.frame + clock.delay));
  if (later.some(([, ticks]) => ticks < 0))
    throw new OddFile("a picture would be shown before it is decoded");
  // left out where pictures are stored in the order in which they are shown
  const isInOrder = later.every(([, ticks]) => ticks === 0);
  const keys = samples.flatMap(({ isKey }, i) => (isKey ? [i + 1] : []));
  const sizes = samples.map(({ bytes }) => bytes.length);
  const bits = Math.round(
    (8 * sizes.reduce((a, b) => a + b, 0) * clock.scale) / (clock.frame * sizes.length),
  );
  return {
    ...placesOf(chunks, mediaAt),
    ...(isInOrder ? {} : { ctts: u32(0, later.length, ...later.flat()) }),
    stss: u32(0, keys.length, ...keys),
    stsz: u32(0, 0, sizes.length, ...sizes),
    btrt: u32(0, bits, bits),
  };
}

/** The boxes of the film and of its pictures that tell how long they are, for so many frames (ISO/IEC 14496-12, 8.2.2, 8.3.2, 8.4.2, 8.6.6). */
function lengthsOf({ bytes, moov, clock }: OwnMp4, video: Box, audio: Box, frames: number) {
  const copyOf = (box: Box | undefined, what: string) => {
    if (!box || bytes[box.from] !== 0) throw new OddFile(`it has no usual ${what}`);
    return Buffer.from(bytes.subarray(box.from, box.to));
  };
  const film = copyOf(boxAt(bytes, moov, "mvhd"), "mvhd");
  const [head, media] = [
    copyOf(boxAt(bytes, video, "tkhd"), "tkhd"),
    copyOf(boxAt(bytes, video, "mdia", "mdhd"), "mdhd"),
  ];
  const ticks = frames * clock.frame;
  const inFilm = Math.ceil((ticks * film.readUInt32BE(12)) / clock.scale);
  const heard = copyOf(boxAt(bytes, audio, "tkhd"), "tkhd").readUInt32BE(20);
  film.writeUInt32BE(Math.max(inFilm, heard), 16);
  head.writeUInt32BE(inFilm, 20);
  media.writeUInt32BE(ticks, 16);
  const list = boxAt(bytes, video, "edts", "elst");
  const edits = list && copyOf(list, "elst");
  if (edits && edits.readUInt32BE(4) !== 1) throw new OddFile("its pictures do not begin where they should");
  edits?.writeUInt32BE(inFilm, 8);
  const track: Tables = {
    ...{ tkhd: head, mdhd: media, stts: u32(0, 1, frames, clock.frame) },
    ...(edits && { edts: boxOf("elst", edits) }),
  };
  return { film, track };
}

const HOLDS_BOXES = new Set(["moov", "trak", "mdia", "minf", "stbl"]);
/** Tables that stay as they are: what is said of the sound is still so. */
const STAYS = new Set(["stsd", "stts", "stsz", "sgpd", "sbgp"]);

/** A track with other tables in the places of its own. @throws OddFile where it has tables that are not known here, or lacks one */
function tablesIn(kept: OwnMp4, trak: Box, tables: Tables): Buffer {
  const used = new Set<string>();
  const made = rewritten(kept, trak, (box, within) => {
    const table = tables[box.type];
    if (table) used.add(box.type);
    if (box.type === "stsd" && tables.btrt) return withBitrate(kept.bytes, box, tables.btrt, used);
    if (within === "stbl" && !table && !STAYS.has(box.type))
      throw new OddFile(`its table ${box.type} is not known`);
    return table && boxOf(box.type, table);
  });
  const lacking = Object.keys(tables).filter((type) => !used.has(type) && type !== "btrt");
  if (lacking.length > 0) throw new OddFile(`it has no table ${lacking.join(", ")}`);
  return made;
}

/** The description of the pictures with another bit rate, where it names one. */
function withBitrate(bytes: Buffer, stsd: Box, btrt: Buffer, used: Set<string>): Buffer {
  const whole = Buffer.from(bytes.subarray(stsd.from - 8, stsd.to));
  const avc1 = boxesIn(bytes, stsd.from + 8, stsd.to)[0];
  const own = avc1 && boxesIn(bytes, avc1.from + VISUAL_ENTRY, avc1.to).find(({ type }) => type === "btrt");
  if (own && own.to - own.from === btrt.length) btrt.copy(whole, own.from - (stsd.from - 8));
  used.add("btrt");
  return whole;
}

/** A box whose inner boxes are written anew where `replace` gives something; else they are as they were. */
function rewritten(
  kept: Pick<OwnMp4, "bytes">,
  box: Box,
  replace: (box: Box, within: string) => Buffer | undefined,
): Buffer {
  const inner = boxesIn(kept.bytes, box.from, box.to).map((one) => {
    const made = replace(one, box.type);
    if (made) return made;
    return HOLDS_BOXES.has(one.type)
      ? rewritten(kept, one, replace)
      : kept.bytes.subarray(one.from - 8, one.to);
  });
  return boxOf(box.type, Buffer.concat(inner));
}

/**
 * The pictures of some frames of the clip out of those that were encoded.
 * @param begin the frame of the clip that was encoded first @throws OddFile where they would not go on from those that are kept
 */
export function samplesOf(encoded: OwnMp4, kept: OwnMp4, begin: number, { first, end }: Frames): Sample[] {
  const isAlike =
    encoded.decoderHead.equals(kept.decoderHead) &&
    encoded.clock.scale * kept.clock.frame === kept.clock.scale * encoded.clock.frame;
  if (!isAlike) throw new OddFile("its encoder works in another way");
  const all = encoded.samples.map((sample) => ({ ...sample, frame: sample.frame + begin }));
  const own = all.slice(first - begin, end - begin);
  const isClosed = own[0]?.isKey && (all[end - begin]?.isKey ?? all.length === end - begin);
  const inside = own.every(({ frame }) => frame >= first && frame < end);
  if (!isClosed || own[0]?.frame !== first || own.length !== end - first || !inside)
    throw new OddFile("its new pictures do not begin and end with key frames");
  return own;
}

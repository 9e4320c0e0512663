import { type Box, boxAt, boxesIn } from "../fetch/need/mp4-boxes.ts";
import { readIndex, type TrackIndex } from "../fetch/need/mp4-index.ts";

/** A stored picture of a clip. */
export interface Sample {
  bytes: Buffer;
  /** The frame that it shows; stored is a picture after those that it is drawn from. */
  frame: number;
  /** Whether decoding can begin with it. */
  isKey: boolean;
}

/** A clip that this worker has encoded, taken apart. */
export interface OwnMp4 {
  bytes: Buffer;
  moov: Box;
  /** Pictures in the order in which they are stored; the first frame is 0. */
  samples: Sample[];
  sound: TrackIndex | undefined;
  /** What a decoder is told before the first picture: avcC. */
  decoderHead: Buffer;
  /** Ticks of the picture's clock per second, per frame, and until the first frame is shown. */
  clock: { scale: number; frame: number; delay: number };
}

/** What makes a file other than those that `clipArgs` gives: nothing is put together with it. */
export class OddFile extends Error {
  override name = "OddFile";
}

/** Takes a file with one track of pictures, equally long, apart. Pure. @throws OddFile, NotByNeed */
export function readOwnMp4(bytes: Buffer): OwnMp4 {
  const moov = boxesIn(bytes, 0, bytes.length).find(({ type }) => type === "moov");
  if (!moov) throw new OddFile("it has no index");
  const { tracks } = readIndex(bytes.subarray(moov.from - 8, moov.to));
  const pictures = tracks.filter(({ kind }) => kind === "video");
  const [picture] = pictures;
  const trak = trakOf(bytes, moov, "vide");
  const [avcC, clock] = [trak && decoderHead(bytes, trak), trak && clockOf(bytes, trak)];
  if (!picture || pictures.length > 1 || !avcC || !clock) throw new OddFile("its pictures are not H.264");
  const keys = new Set(picture.sync ?? picture.sizes.keys());
  const first = Math.min(...picture.times.subarray(0, 32));
  const samples = Array.from(picture.sizes, (size, i): Sample => {
    const offset = picture.offsets[i] ?? 0;
    if (offset + size > bytes.length) throw new OddFile("it is cut off");
    return {
      bytes: bytes.subarray(offset, offset + size),
      frame: Math.round((((picture.times[i] ?? 0) - first) * clock.scale) / clock.frame),
      isKey: keys.has(i),
    };
  });
  const sound = tracks.find(({ kind }) => kind === "audio");
  return { bytes, moov, samples, sound, decoderHead: avcC, clock };
}

/** Frames from one key frame to the next; the end is not part of it. */
export interface Frames {
  first: number;
  end: number;
}

/**
 * The stretches of a clip that need nothing of what lies around them. Pure.
 * @throws OddFile where pictures are drawn from some beyond the next key frame
 */
export function closedStretches({ samples }: Pick<OwnMp4, "samples">): Frames[] {
  const starts = samples.flatMap(({ isKey }, i) => (isKey ? [i] : []));
  return starts.map((first, i) => {
    const end = starts[i + 1] ?? samples.length;
    const inside = samples.slice(first, end).every(({ frame }) => frame >= first && frame < end);
    if (!inside || samples[first]?.frame !== first || (i === 0 && first !== 0))
      throw new OddFile("its key frames are not where its stretches begin");
    return { first, end };
  });
}

/** The track of a kind ("vide", "soun"). */
export const trakOf = (bytes: Buffer, moov: Box, kind: string): Box | undefined =>
  boxesIn(bytes, moov.from, moov.to).find((box) => {
    const handler = box.type === "trak" ? boxAt(bytes, box, "mdia", "hdlr") : undefined;
    return handler && bytes.toString("latin1", handler.from + 8, handler.from + 12) === kind;
  });

/** Bytes of a visual sample entry before the boxes in it (ISO/IEC 14496-12, 12.1.3). */
export const VISUAL_ENTRY = 78;

function decoderHead(bytes: Buffer, trak: Box): Buffer | undefined {
  const stsd = boxAt(bytes, trak, "mdia", "minf", "stbl", "stsd");
  const entries = stsd ? boxesIn(bytes, stsd.from + 8, stsd.to) : [];
  const [avc1] = entries;
  if (avc1?.type !== "avc1" || entries.length !== 1) return undefined;
  const avcC = boxesIn(bytes, avc1.from + VISUAL_ENTRY, avc1.to).find(({ type }) => type === "avcC");
  return avcC && bytes.subarray(avcC.from, avcC.to);
}

/** Undefined where frames are not equally long. */
function clockOf(bytes: Buffer, trak: Box): OwnMp4["clock"] | undefined {
  const mdhd = boxAt(bytes, trak, "mdia", "mdhd");
  const stts = boxAt(bytes, trak, "mdia", "minf", "stbl", "stts");
  if (!mdhd || !stts || bytes[mdhd.from] !== 0 || bytes.readUInt32BE(stts.from + 4) !== 1) return undefined;
  const elst = boxAt(bytes, trak, "edts", "elst");
  const rows = elst ? bytes.readUInt32BE(elst.from + 4) : 0;
  const delay = elst && rows === 1 && bytes[elst.from] === 0 ? bytes.readInt32BE(elst.from + 12) : 0;
  return { scale: bytes.readUInt32BE(mdhd.from + 12), frame: bytes.readUInt32BE(stts.from + 12), delay };
}

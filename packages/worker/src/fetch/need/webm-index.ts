import { MAX_PARTS } from "../parts.ts";
import type { ByteRange } from "../save.ts";
import { NotByNeed } from "./mp4-boxes.ts";

/** An element of EBML (RFC 8794): its contents lie from `from` to before `to`; `to` is infinite where its length is not known. */
interface Element {
  id: number;
  at: number;
  from: number;
  to: number;
}

/** What the beginning of a Matroska or WebM file says (RFC 9559). Places count from the file's first byte. */
export interface WebmHead {
  /** Where the Segment's contents begin, which its own places count from, and end. */
  from: number;
  to: number;
  firstCluster: number;
  /** Where its list of Clusters begins. */
  cues: number;
  /** Seconds of one unit of its clock, and how many of them it plays. */
  unit: number;
  duration: number;
  /** The number of its picture's track. */
  track: number;
}

const ID = {
  ...{ ebml: 0x1a45dfa3, segment: 0x18538067, cluster: 0x1f43b675, cues: 0x1c53bb6b },
  ...{ seekHead: 0x114d9b74, seek: 0x4dbb, seekId: 0x53ab, seekPosition: 0x53ac },
  ...{ info: 0x1549a966, timestampScale: 0x2ad7b1, duration: 0x4489 },
  ...{ tracks: 0x1654ae6b, track: 0xae, trackNumber: 0xd7, trackType: 0x83 },
  ...{ encodings: 0x6d80, encoding: 0x6240, encryption: 0x5035 },
  ...{ cue: 0xbb, cueTime: 0xb3, cuePlace: 0xb7, cueTrack: 0xf7, cueCluster: 0xf1 },
};
/** Enough to read any element's own header: four bytes of name, eight of length. */
export const ELEMENT_HEADER_BYTES = 12;
const PICTURE = 1;
const NANOSECONDS = 1e9;
const MOST_ELEMENTS = 1000;

/** The element that begins at `at`. Pure. @param room where what holds it ends @throws NotByNeed where it does not end within that */
export function elementAt(bytes: Buffer, at: number, room: number): Element {
  const id = vint(bytes, at, 4);
  const size = vint(bytes, at + id.length, 8);
  const from = at + id.length + size.length;
  const isOpen = size.value === 2 ** (7 * size.length) - 1;
  const to = isOpen ? Number.POSITIVE_INFINITY : from + size.value;
  if (from > room || (!isOpen && to > room)) throw new NotByNeed("an element is longer than what holds it");
  return { id: id.value + 2 ** (7 * id.length), at, from, to };
}

/** A number that says its own length (RFC 8794, 4). */
function vint(bytes: Buffer, at: number, most: number): { value: number; length: number } {
  const length = Math.clz32(bytes[at] ?? 0) - 23;
  if (length > most || at + length > bytes.length)
    throw new NotByNeed("an element has no length that can be read");
  let value = (bytes[at] ?? 0) & (0xff >> length);
  for (let index = 1; index < length; index++) value = value * 256 + (bytes[at + index] ?? 0);
  if (!Number.isSafeInteger(value) && length < 8)
    throw new NotByNeed("an element has no length that can be read");
  return { value, length };
}

/** The elements in a row within [from, to), all of which must be in `bytes`. */
function* elementsIn(bytes: Buffer, { from, to }: Pick<Element, "from" | "to">): Generator<Element> {
  if (to > bytes.length) throw new NotByNeed("an element is longer than what holds it");
  for (let at = from; at < to; ) {
    const element = elementAt(bytes, at, to);
    if (element.to > to) throw new NotByNeed("an element is longer than what holds it");
    yield element;
    at = element.to;
  }
}

function numberIn(bytes: Buffer, { from, to }: Element): number {
  if (to - from > 8) throw new NotByNeed("a number is too long");
  let value = 0;
  for (const byte of bytes.subarray(from, to)) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw new NotByNeed("a number is too long");
  return value;
}

function floatIn(bytes: Buffer, { from, to }: Element): number {
  if (to - from === 4) return bytes.readFloatBE(from);
  if (to - from === 8) return bytes.readDoubleBE(from);
  throw new NotByNeed("a number is too long");
}

/** Reads what lies before the first Cluster. Pure. @throws NotByNeed where that is not all here, or the file cannot be read by need */
export function readWebmHead(head: Buffer, sizeBytes: number): WebmHead {
  const first = elementAt(head, 0, sizeBytes);
  if (first.id !== ID.ebml || !Number.isFinite(first.to)) throw new NotByNeed("it is no Matroska file");
  const segment = elementAt(head, first.to, sizeBytes);
  if (segment.id !== ID.segment) throw new NotByNeed("it is no Matroska file");
  const end = Math.min(segment.to, sizeBytes);
  const done = (firstCluster: number): WebmHead => {
    const { track, cues, duration } = found;
    if (track === 0) throw new NotByNeed("the file names no picture");
    if (!(cues >= segment.from && cues < end)) throw new NotByNeed("the file has no index of its pieces");
    if (!(duration > 0)) throw new NotByNeed("the file does not say how long it is");
    return { from: segment.from, to: end, firstCluster, ...found };
  };
  const found = { unit: 1e6 / NANOSECONDS, duration: 0, track: 0, cues: Number.NaN };
  let at = segment.from;
  for (let count = 0; count < MOST_ELEMENTS; count++) {
    const element = elementAt(head, at, end);
    if (element.id === ID.cluster) return done(element.at);
    if (!Number.isFinite(element.to)) throw new NotByNeed("an element has no length that can be read");
    if (element.id === ID.cues) found.cues = element.at;
    else if (element.id === ID.info) readInfo(head, element, found);
    else if (element.id === ID.tracks) found.track = pictureIn(head, element);
    else if (element.id === ID.seekHead) found.cues = cuesIn(head, element, segment.from) ?? found.cues;
    if (element.id === ID.cues && element.to > head.length) return done(element.to); // a long list in front of the pieces
    at = element.to;
  }
  throw new NotByNeed("the file has too many elements");
}

function readInfo(head: Buffer, info: Element, found: { unit: number; duration: number }): void {
  for (const element of elementsIn(head, info))
    if (element.id === ID.timestampScale) found.unit = numberIn(head, element) / NANOSECONDS;
    else if (element.id === ID.duration) found.duration = floatIn(head, element);
}

/** The number of the picture's track, which must be the only one: sound among the pictures is everywhere. */
function pictureIn(head: Buffer, tracks: Element): number {
  let picture = 0;
  for (const track of elementsIn(head, tracks)) {
    if (track.id !== ID.track) continue;
    let [number, type] = [0, 0];
    for (const element of elementsIn(head, track)) {
      if (element.id === ID.trackNumber) number = numberIn(head, element);
      else if (element.id === ID.trackType) type = numberIn(head, element);
      else if (element.id === ID.encodings) refuseEncrypted(head, element);
    }
    if (type !== PICTURE || picture !== 0) throw new NotByNeed("its sound lies among its pictures");
    picture = number;
  }
  return picture;
}

function refuseEncrypted(head: Buffer, encodings: Element): void {
  for (const encoding of elementsIn(head, encodings))
    if (encoding.id === ID.encoding)
      for (const { id } of elementsIn(head, encoding))
        if (id === ID.encryption) throw new NotByNeed("it is encrypted");
}

function cuesIn(head: Buffer, seekHead: Element, base: number): number | undefined {
  for (const seek of elementsIn(head, seekHead)) {
    if (seek.id !== ID.seek) continue;
    let [isCues, place] = [false, Number.NaN];
    for (const element of elementsIn(head, seek))
      if (element.id === ID.seekId) isCues = numberIn(head, element) === ID.cues;
      else if (element.id === ID.seekPosition) place = base + numberIn(head, element);
    if (isCues) return place;
  }
  return undefined;
}

/**
 * Where the pieces of a file lie and how long each plays: from one Cluster that its list names to the next. Pure.
 * @param bytes the whole list (Cues) @throws NotByNeed where they are not in order, or not within the file
 */
export function readCues(bytes: Buffer, head: WebmHead): { range: ByteRange; seconds: number }[] {
  const list = elementAt(bytes, 0, bytes.length);
  if (list.id !== ID.cues || list.to > bytes.length)
    throw new NotByNeed("the index of its pieces cannot be read");
  const places: { at: number; time: number }[] = [];
  for (const cue of elementsIn(bytes, list)) {
    if (cue.id !== ID.cue) continue;
    const { time, place } = readCue(bytes, cue, head.track);
    if (Number.isNaN(place)) continue; // of another track
    const [at, last] = [head.from + place, places.at(-1)];
    if (last?.at === at) continue; // a later picture in the same Cluster
    if (!(at >= head.firstCluster && at < head.to) || (last && !(at > last.at && time > last.time)))
      throw new NotByNeed("the index of its pieces is not in order");
    places.push({ at, time });
    if (places.length > MAX_PARTS) throw new NotByNeed("it has too many pieces");
  }
  const [first] = places;
  if (!first) throw new NotByNeed("the file has no index of its pieces");
  first.at = head.firstCluster;
  const end = head.cues > (places.at(-1)?.at ?? 0) ? head.cues : head.to;
  return places.map(({ at, time }, index) => {
    const next = places[index + 1] ?? { at: end, time: Math.max(head.duration, time + 1) };
    return { range: { start: at, length: next.at - at }, seconds: (next.time - time) * head.unit };
  });
}

function readCue(bytes: Buffer, cue: Element, track: number): { time: number; place: number } {
  let [time, place] = [Number.NaN, Number.NaN];
  for (const element of elementsIn(bytes, cue))
    if (element.id === ID.cueTime) time = numberIn(bytes, element);
    else if (element.id === ID.cuePlace) {
      let [number, cluster] = [0, Number.NaN];
      for (const inner of elementsIn(bytes, element))
        if (inner.id === ID.cueTrack) number = numberIn(bytes, inner);
        else if (inner.id === ID.cueCluster) cluster = numberIn(bytes, inner);
      if (number === track) place = cluster;
    }
  return { time, place };
}

/** What a file is that cannot be read by need; the whole of it is fetched instead, and the receipt says why. */
export class NotByNeed extends Error {
  override name = "NotByNeed";
}

/** A box of an ISO base media file (ISO/IEC 14496-12, 4.2): its contents lie from `from` to before `to`. */
export interface Box {
  type: string;
  from: number;
  to: number;
}

/** Of a box that begins at `at`: its name, and the bytes of its header and of all of it. `room`: what is left of whatever holds it. */
export interface BoxHeader {
  type: string;
  header: number;
  size: number;
}

/** Enough to read any box's header. */
export const HEADER_BYTES = 16;

/** @throws NotByNeed for a box that is shorter than its header or longer than what holds it */
export function boxHeader(bytes: Buffer, at: number, room: number): BoxHeader {
  if (at + 8 > bytes.length || room < 8) throw new NotByNeed("a box ends within its header");
  let size = bytes.readUInt32BE(at);
  let header = 8;
  if (size === 1) {
    if (at + HEADER_BYTES > bytes.length) throw new NotByNeed("a box ends within its header");
    size = Number(bytes.readBigUInt64BE(at + 8));
    header = HEADER_BYTES;
  } else if (size === 0) size = room; // up to the end
  if (!Number.isSafeInteger(size) || size < header || size > room)
    throw new NotByNeed("a box is longer than what holds it");
  return { type: bytes.toString("latin1", at + 4, at + 8), header, size };
}

/** The boxes that lie in a row within [from, to). Pure. @throws NotByNeed */
export function boxesIn(bytes: Buffer, from: number, to: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at + 8 <= to; ) {
    const { type, header, size } = boxHeader(bytes, at, to - at);
    found.push({ type, from: at + header, to: at + size });
    at += size;
  }
  return found;
}

/** The first box at the end of a path of names. Pure. @throws NotByNeed */
export function boxAt(bytes: Buffer, within: Box, ...path: string[]): Box | undefined {
  let box: Box | undefined = within;
  for (const name of path) {
    if (!box) return undefined;
    box = boxesIn(bytes, box.from, box.to).find(({ type }) => type === name);
  }
  return box;
}

import { crc32, inflateRawSync } from "node:zlib";

interface ZippedFile {
  name: string;
  bytes: Buffer;
}

/**
 * What is in a zip, read by its central directory as programs that unpack do (APPNOTE.TXT 6.3.10, without ZIP64).
 * @throws Error where it is not whole, or a file is not what its checksum says
 */
export function unzipped(zip: Buffer): ZippedFile[] {
  const end = zip.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
  if (end < 0) throw new Error("the zip has no end");
  const files: ZippedFile[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error(`no entry at ${at}`);
    if ((zip.readUInt16LE(at + 8) & 0x800) === 0) throw new Error("a name that is not in UTF-8");
    const [method, checksum] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 16)];
    const [packed, size] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => zip.readUInt16LE(at + place)) as [
      number,
      number,
      number,
    ];
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const stored = zip.subarray(begin, begin + packed);
    const bytes = method === 8 ? inflateRawSync(stored) : stored;
    if (bytes.length !== size || crc32(bytes) !== checksum) throw new Error(`${name} is damaged`);
    files.push({ name, bytes });
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

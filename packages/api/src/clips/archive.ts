import { type PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import { ZipFile } from "yazl";
import { attachment } from "../artifacts/attachment.ts";

export interface ArchiveEntry {
  /** In the zip. */
  name: string;
  sizeBytes: number;
  /** Opens the file when its turn has come, and not before. */
  open(): Promise<Readable>;
}

interface Archive {
  entries: readonly ArchiveEntry[];
  /** Under which the zip is saved. */
  name: string;
  modified: Date;
}

/**
 * Answers GET and HEAD with a zip that is made while it is sent: one file is open at a time, and nothing of it is kept. Nothing is packed, for
 * a video is packed already; so its length is known beforehand, and a zip that breaks off is seen to be too short.
 * @throws where a file cannot be read or the other side goes away; then the answer is cut off
 */
export async function sendArchive(
  { entries, name, modified }: Archive,
  request: Request,
  response: Response,
): Promise<void> {
  const zip = new ZipFile();
  const bytes = zip.outputStream as PassThrough;
  let source: Readable | undefined;
  const fail = (error: Error) => void bytes.destroy(error);
  zip.on("error", fail);

  async function opened(entry: ArchiveEntry): Promise<Readable> {
    const body = await entry.open();
    if (bytes.destroyed) {
      body.destroy();
      throw new Error("nobody reads the zip any more");
    }
    source = body;
    return Readable.from(exactly(body, entry), { objectMode: false }).on("error", fail);
  }
  for (const entry of entries)
    zip.addReadStreamLazy(
      entry.name,
      { size: entry.sizeBytes, mtime: modified, mode: 0o100644, compress: false },
      (give) => {
        opened(entry).then((body) => give(null, body), fail);
      },
    );

  try {
    const length = await lengthOf(zip);
    response.set({
      "content-type": "application/zip",
      "content-length": String(length),
      "content-disposition": attachment(name),
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
    });
    if (request.method === "HEAD") response.end();
    else await pipeline(bytes, response);
  } finally {
    bytes.destroy();
    source?.destroy(); // yazl leaves it open where nobody reads on
  }
}

/** The bytes of a file, as many as it was said to have: with any other number the zip would not be one, and its end nowhere. @throws where they are not */
async function* exactly(body: Readable, { name, sizeBytes }: ArchiveEntry): AsyncGenerator<Buffer> {
  let left = sizeBytes;
  for await (const chunk of body) {
    left -= chunk.length;
    if (left < 0) break;
    yield chunk;
  }
  if (left !== 0) throw new Error(`${name} does not have ${sizeBytes} bytes any more`);
}

/** Ends the list of what is in it. Its types do not know that the length is told. */
function lengthOf(zip: ZipFile): Promise<number> {
  const end = zip.end.bind(zip) as (options: object, known: (length: number) => void) => void;
  return new Promise((known) => end({}, known));
}

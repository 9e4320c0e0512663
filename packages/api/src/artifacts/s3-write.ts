import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { call, LARGE } from "./s3-call.ts";
import { beginUpload, completeUpload } from "./s3-parts.ts";

interface WriteOptions {
  client: S3Client;
  Bucket: string;
  Key: string;
  body: Readable | Buffer | string;
  contentType: string;
  /** What is kept in memory at once, and sent as one. */
  partBytes: number;
}

export interface Written {
  sizeBytes: number;
  sha256: string;
  /** "in parts": only reading tells whether all of them are there. "perhaps": it was done and its answer lost, or it was lost itself. */
  how: "at once" | "in parts" | "perhaps";
}

/**
 * Writes one object of any, unknown length in constant memory; the server checks each piece against its hash. Where `body` breaks
 * or a part is not taken, nothing of it is left.
 */
export async function writeObject(options: WriteOptions): Promise<Written> {
  const { client, Bucket, Key, body, contentType, partBytes } = options;
  const pieces = piecesOf(body, partBytes);
  const first = await pieces.next();
  if (first.done) throw new Error("a body has at least one piece");
  if (first.value.length < partBytes) {
    const sha256 = createHash("sha256").update(first.value).digest("hex");
    const input = { Bucket, Key, Body: first.value, ContentType: contentType, Metadata: { sha256 } };
    await call((abortSignal) => client.send(new PutObjectCommand(input), { abortSignal }), LARGE);
    return { sizeBytes: first.value.length, sha256, how: "at once" };
  }
  const UploadId = await beginUpload({ client, Bucket }, Key, { contentType });
  try {
    return await writeParts(options, UploadId, first.value, pieces);
  } catch (error) {
    const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
    await client.send(abort, { abortSignal: AbortSignal.timeout(LARGE.tryMs) }).catch(() => {}); // else `tidy` does it
    throw error;
  }
}

async function writeParts(
  { client, Bucket, Key }: WriteOptions,
  UploadId: string,
  first: Buffer,
  rest: AsyncIterable<Buffer>,
): Promise<Written> {
  const hash = createHash("sha256");
  const etags: string[] = [];
  let sizeBytes = 0;
  const send = async (Body: Buffer) => {
    const PartNumber = etags.length + 1;
    hash.update(Body);
    sizeBytes += Body.length;
    const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
    const { ETag } = await call((abortSignal) => client.send(part, { abortSignal }), LARGE);
    etags.push(ETag ?? "");
  };
  await send(first);
  for await (const piece of rest) await send(piece);
  const completed = await completeUpload({ client, Bucket }, { Key, UploadId, etags });
  return { sizeBytes, sha256: hash.digest("hex"), how: completed ? "in parts" : "perhaps" };
}

/** The bytes in pieces of one size but the last, as R2 wants parts; one empty piece where there are none. */
async function* piecesOf(body: Readable | Buffer | string, size: number): AsyncGenerator<Buffer> {
  if (!(body instanceof Readable)) {
    const whole = Buffer.from(body as string); // of a string or of bytes
    for (let at = 0; at < Math.max(1, whole.length); at += size) yield whole.subarray(at, at + size);
    return;
  }
  let piece = Buffer.alloc(size);
  let filled = 0;
  let any = false;
  for await (const given of body) {
    const chunk: Buffer = typeof given === "string" ? Buffer.from(given) : given;
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(piece, filled, at);
      at += taken;
      filled += taken;
      if (filled < size) continue;
      yield piece;
      any = true;
      filled = 0;
      piece = Buffer.alloc(size); // the other one may still be on its way
    }
  }
  if (filled > 0 || !any) yield piece.subarray(0, filled);
}

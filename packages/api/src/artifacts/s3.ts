import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { KangKlipError } from "@kangklip/contract";
import { attachment } from "./attachment.ts";
import { contentTypeOf } from "./content-type.ts";
import { ArtifactKey, ArtifactPrefix, parseKey } from "./key.ts";
import { call, ifThere, LARGE, MEDIUM, SMALL } from "./s3-call.ts";
import { objectsBelow } from "./s3-list.ts";
import { abortUploads, beginUpload, completeUpload, partsOf } from "./s3-parts.ts";
import { wholeBody } from "./s3-read.ts";
import { type LinkOptions, signedLink } from "./s3-sign.ts";
import { writeObject } from "./s3-write.ts";
import type { ArtifactInfo, ArtifactStore, ByteRange } from "./store.ts";

export interface S3StoreOptions {
  /** "https://<account>.r2.cloudflarestorage.com", "http://127.0.0.1:9000": what workers and browsers reach too. */
  endpoint: string;
  bucket: string;
  /** "auto" for R2. */
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** What one PUT takes at most; longer ones are put in parts. */
  partsFromBytes?: number;
  /** Size of the parts that workers put, and of what is kept in memory to write a stream. S3 wants 5 MiB or more. */
  partBytes?: number;
}

const MIB = 1 << 20;
/** The most that S3 and R2 take in one PUT, and copy. */
const MAX_BYTES = 5 * 1024 * MIB;

/**
 * Artifacts in a bucket of R2, S3 or another server that speaks S3. Links lead to the bucket itself: bytes of workers, browsers and
 * players do not pass through this process. What was said of an upload (`x-amz-meta-sha256`) is kept but not believed: `hash` reads.
 */
export function createS3Store(options: S3StoreOptions): ArtifactStore {
  const { endpoint, bucket: Bucket, partsFromBytes = 64 * MIB, partBytes = 16 * MIB } = options;
  const { region, accessKeyId, secretAccessKey } = options;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1, // `call` tries again: it knows how long somebody waits
    requestChecksumCalculation: "WHEN_REQUIRED", // R2 and older servers know no others
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { httpAgent: { maxSockets: 200 }, httpsAgent: { maxSockets: 200 } },
  });
  const place = { client, Bucket };
  const keyOf = (key: string) => ({ Bucket, Key: parseKey(ArtifactKey, key) });
  const link = (key: string, rest: Omit<LinkOptions, "url" | "date">) => {
    const url = new URL(`/${Bucket}/${parseKey(ArtifactKey, key)}`, endpoint);
    const date = new Date(Date.now() + client.config.systemClockOffset); // the server's, where ours is more than 5 min off
    return signedLink(options, { url, date, ...rest });
  };

  const partLink = (
    key: string,
    uploadId: string,
    { part, sizeBytes, expiresSeconds }: Parameters<ArtifactStore["signPart"]>[2],
  ) => {
    const query = { partNumber: String(part), uploadId };
    return link(key, { method: "PUT", query, headers: { "content-length": `${sizeBytes}` }, expiresSeconds });
  };

  const opened = (key: string, range: string | undefined, patience = SMALL, etag?: string) => {
    const input = { ...keyOf(key), Range: range, IfMatch: etag && `"${etag}"` };
    return call((abortSignal) => client.send(new GetObjectCommand(input), { abortSignal }), patience);
  };

  const store: ArtifactStore = {
    async put(key, body, { contentType }) {
      const target = { ...place, ...keyOf(key), contentType, partBytes };
      const { sha256, sizeBytes, how } = await writeObject({ ...target, body });
      const info = await store.head(key);
      const isWhole =
        info?.sizeBytes === sizeBytes && (how === "at once" || (await store.hash(key)) === sha256);
      if (isWhole) return { ...info, sha256 };
      if (how !== "perhaps") await store.delete(key);
      throw new KangKlipError("UPLOAD_FAILED", "The bucket did not keep what was written");
    },

    async get(key, range) {
      if (range && (range.start < 0 || range.start > range.end))
        throw new KangKlipError("INVALID_INPUT", "The artifact has no such range");
      const answer = await opened(key, rangeText(range));
      const info = infoOf(answer);
      const start = range?.start ?? 0;
      const end = range ? Math.min(range.end, info.sizeBytes - 1) : info.sizeBytes - 1;
      const rest = async (offset: number, totalMs: number) => {
        const patience = { ...SMALL, totalMs };
        return bodyOf(await opened(key, rangeText({ start: start + offset, end }), patience, info.etag));
      };
      return { info, body: wholeBody({ body: bodyOf(answer), sizeBytes: end - start + 1, rest }) };
    },

    async head(key) {
      const until = performance.now() + SMALL.totalMs;
      const asked = new HeadObjectCommand(keyOf(key));
      const answer = await ifThere(call((abortSignal) => client.send(asked, { abortSignal }), SMALL));
      if (answer) return infoOf(answer);
      // the answer to HEAD has no words: the bucket may be missing
      const patience = { ...SMALL, totalMs: Math.max(300, until - performance.now()) };
      const ask = (abortSignal: AbortSignal) =>
        client.send(new HeadBucketCommand({ Bucket }), { abortSignal });
      if (await ifThere(call(ask, patience))) return undefined;
      throw new KangKlipError("STORAGE_DENIED", "The bucket for artifacts does not exist");
    },

    async hash(key) {
      const hash = createHash("sha256");
      await pipeline((await store.get(key)).body, hash);
      return hash.digest("hex");
    },

    async copy(from, to, etag) {
      const [{ Key: source }, target] = [keyOf(from), keyOf(to)];
      if (etag !== undefined || source === target.Key) {
        const there = await store.head(from); // not every server looks at the condition below
        if (!there) throw new KangKlipError("NOT_FOUND", "artifact not found");
        if (etag !== undefined && there.etag !== etag)
          throw new KangKlipError("CONFLICT", "The artifact was replaced meanwhile");
        if (source === target.Key) return;
      }
      const condition = etag !== undefined && { CopySourceIfMatch: `"${etag}"` };
      const copied = new CopyObjectCommand({ ...target, CopySource: `${Bucket}/${source}`, ...condition });
      await call((abortSignal) => client.send(copied, { abortSignal }), LARGE);
    },

    async *list(prefix) {
      for await (const page of objectsBelow(place, parseKey(ArtifactPrefix, prefix)))
        yield* page.filter((key) => ArtifactKey.safeParse(key).success);
    },

    async delete(keyOrPrefix) {
      if (!keyOrPrefix.endsWith("/")) {
        const removed = new DeleteObjectCommand(keyOf(keyOrPrefix));
        await call((abortSignal) => client.send(removed, { abortSignal }), MEDIUM);
        return;
      }
      const prefix = parseKey(ArtifactPrefix, keyOrPrefix);
      await abortUploads(place, prefix, Number.POSITIVE_INFINITY);
      for await (const page of objectsBelow(place, prefix)) await removeAll(page);
    },

    async signGet(key, { expiresSeconds, downloadName }) {
      const type = contentTypeOf(key);
      const query = {
        ...(downloadName !== undefined && { "response-content-disposition": attachment(downloadName) }),
        ...(type && { "response-content-type": type }),
      };
      return link(key, { method: "GET", query, expiresSeconds });
    },

    async signPut(key, { expiresSeconds, sizeBytes, sha256, contentType }) {
      mustFit(sizeBytes);
      const headers = {
        "content-type": contentType,
        ...(sha256 !== undefined && { "x-amz-content-sha256": sha256, "x-amz-meta-sha256": sha256 }),
      };
      const signed = { ...headers, "content-length": String(sizeBytes) }; // which every sender of a body adds itself
      return { url: link(key, { method: "PUT", headers: signed, expiresSeconds }), headers };
    },

    async signParts(key, { expiresSeconds, sizeBytes, sha256, contentType, uploadId: begun }) {
      const target = keyOf(key);
      mustFit(sizeBytes);
      if (sizeBytes <= partsFromBytes) return undefined;
      const uploadId = begun ?? (await beginUpload(place, target.Key, { contentType, sha256 }));
      const urls = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => {
        const length = Math.min(partBytes, sizeBytes - index * partBytes);
        return partLink(key, uploadId, { part: index + 1, sizeBytes: length, expiresSeconds });
      });
      return { uploadId, partBytes, urls };
    },

    beginParts: (key, options) => beginUpload(place, keyOf(key).Key, options),

    signPart: async (key, uploadId, part) => partLink(key, uploadId, part),

    arrivedParts: (key, uploadId) => partsOf(place, keyOf(key).Key, uploadId),

    async completeParts(key, uploadId, etags) {
      if (await completeUpload(place, { ...keyOf(key), UploadId: uploadId, etags })) return;
      if (await store.head(key)) return; // done before, and the answer was lost
      throw new KangKlipError("UPLOAD_FAILED", "There is no such upload in parts");
    },

    async tidy(before) {
      for (const prefix of ["jobs/", "uploads/"]) await abortUploads(place, prefix, before);
    },
  };
  return store;

  async function removeAll(keys: string[]): Promise<void> {
    const removed = new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
    });
    const { Errors = [] } = await call((abortSignal) => client.send(removed, { abortSignal }), MEDIUM);
    if (Errors.length > 0)
      throw new KangKlipError("STORAGE_DENIED", "The bucket for artifacts refused to remove something", {
        cause: new Error(String(Errors[0]?.Code)),
      });
  }
}

function infoOf(answer: HeadObjectCommandOutput | GetObjectCommandOutput): ArtifactInfo {
  return {
    sizeBytes: sizeOf(answer),
    etag: (answer.ETag ?? "").replaceAll('"', ""),
    sha256: undefined,
    contentType: answer.ContentType ?? "application/octet-stream",
    modifiedAt: answer.LastModified ?? new Date(0),
  };
}

/** The size of the whole object, of an answer with a part of it too. */
function sizeOf({ ContentRange, ContentLength }: HeadObjectCommandOutput | GetObjectCommandOutput): number {
  const size = /\/(\d+)$/.exec(ContentRange ?? "")?.[1] ?? ContentLength;
  // something between here and the bucket packs answers: an object that was cut would look whole
  if (size === undefined)
    throw new KangKlipError("UNAVAILABLE", "The bucket does not say how long an artifact is");
  return Number(size);
}
const rangeText = (range: ByteRange | undefined) => range && `bytes=${range.start}-${range.end}`;
const bodyOf = ({ Body }: GetObjectCommandOutput) => (Body instanceof Readable ? Body : Readable.from([]));

function mustFit(sizeBytes: number): void {
  if (sizeBytes > MAX_BYTES)
    throw new KangKlipError("TOO_LARGE", "The bucket takes files of at most 5 GiB (5,368,709,120 bytes)");
}

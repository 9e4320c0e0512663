import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type ArtifactName, KangKlipError, type ManifestFile, type PresignAnswer } from "@kangklip/contract";
import type { ApiClient } from "../api-client.ts";
import type { StageContext } from "../stage.ts";
import { type PutFailure, putBytes } from "./put.ts";

type Context = Pick<StageContext, "dir" | "job" | "signal">;
type Api = Pick<ApiClient, "presign" | "complete">;
type InParts = PresignAnswer["in_parts"][number];

/** Busy and broken connections: at most this often in a row for one file or part. */
const MAX_TRIES = 8;
/** What is refused is refused again; a link may have run out meanwhile, or bytes were damaged on the way. */
const MAX_REFUSALS = 3;
const MAX_PAUSE_MS = 30_000;
/** A connection on which nothing moves for this long is given up. */
const IDLE_MS = 60_000;

/** Size and sha256 (hex) of a file of the attempt's folder. */
export async function fileFacts(dir: string, name: ArtifactName): Promise<ManifestFile> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(dir, name)), hash);
  const { size } = await stat(join(dir, name));
  return { name, size_bytes: size, sha256: hash.digest("hex") };
}

interface UploadOptions {
  /** Shorter in tests. */
  idleMs?: number;
  firstPauseMs?: number;
  /** How often one file, or one part, is tried at most. */
  tries?: number;
}

/**
 * Puts files of the attempt's folder to signed links, one after another: whole, or the large ones in parts, as the API says. What
 * breaks is sent again with a fresh link; of a large file only the part that broke.
 * @param files what to put, in this order @throws KangKlipError UPLOAD_FAILED, STORAGE_DENIED, FENCED
 */
export async function upload(
  context: Context,
  api: Api,
  files: ManifestFile[],
  onSent: (sizeBytes: number) => void = () => {},
  { idleMs = IDLE_MS, firstPauseMs = 500, tries = MAX_TRIES }: UploadOptions = {},
): Promise<void> {
  for (const file of files) {
    const newPatience = () =>
      createPatience(file.name, { firstPauseMs, most: tries, signal: context.signal });
    await put(context, api, { file, newPatience, idleMs });
    onSent(file.size_bytes);
  }
}

interface PutOptions {
  file: ManifestFile;
  newPatience: () => Patience;
  idleMs: number;
}

async function put(context: Context, api: Api, options: PutOptions): Promise<void> {
  const { dir, job, signal } = context;
  const { file, newPatience, idleMs } = options;
  const patience = newPatience();
  for (;;) {
    const { uploads, in_parts } = await api.presign(
      { job_id: job.job_id, epoch: job.epoch, files: [file] },
      signal,
    );
    const [link] = uploads;
    const [parts] = in_parts;
    let failure: PutFailure | undefined;
    if (parts) failure = await putInParts(context, api, { ...options, parts });
    else if (link) {
      const headers = { ...link.headers, "content-length": String(file.size_bytes) };
      const body = createReadStream(join(dir, file.name));
      const done = await putBytes({ url: link.url, headers, body, signal, idleMs });
      failure = "etag" in done ? undefined : done;
    } else throw new KangKlipError("UPLOAD_FAILED", `No link came for ${file.name}`);
    if (!failure) return;
    await patience.failed(failure);
  }
}

/** One part after another, each again by itself. @returns why the whole file has to be begun anew; undefined: it is there */
async function putInParts(
  { dir, job, signal }: Context,
  api: Api,
  { file, newPatience, idleMs, parts }: PutOptions & { parts: InParts },
): Promise<PutFailure | undefined> {
  const { upload_id, part_bytes } = parts;
  const said = { job_id: job.job_id, epoch: job.epoch };
  let { urls } = parts;
  let patience = newPatience();
  const etags: string[] = [];
  await using handle = await open(join(dir, file.name));
  while (etags.length < urls.length) {
    const at = etags.length * part_bytes;
    const bytes = Buffer.alloc(Math.min(part_bytes, file.size_bytes - at));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, at);
    if (bytesRead < bytes.length)
      throw new KangKlipError("UPLOAD_FAILED", `${file.name} is no longer what it was`);
    const headers = {
      "content-length": String(bytes.length),
      "content-md5": createHash("md5").update(bytes).digest("base64"), // the server refuses other bytes
    };
    const done = await putBytes({
      url: urls[etags.length] ?? "",
      headers,
      body: slices(bytes),
      signal,
      idleMs,
    });
    if ("etag" in done) {
      etags.push(done.etag);
      patience = newPatience();
      continue;
    }
    if (done.code === "NoSuchUpload") return done; // swept away: it took longer than a day
    await patience.failed(done);
    const fresh = await api.presign({ ...said, files: [{ ...file, upload_id }] }, signal);
    urls = fresh.in_parts[0]?.urls ?? urls;
  }
  try {
    await api.complete({ ...said, name: file.name, upload_id, size_bytes: file.size_bytes, etags }, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof KangKlipError) || error.code !== "UPLOAD_FAILED") throw error;
    return { code: "UploadFailed", refused: true, denied: false, cause: error };
  }
}

/** In pieces, so that each one that goes out is a sign of life. */
function* slices(bytes: Buffer): Generator<Buffer> {
  const size = 64 * 1024;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** With one file, or one part. */
interface Patience {
  /** Waits before the next try. @throws KangKlipError when there should be none */
  failed(failure: PutFailure): Promise<void>;
}

function createPatience(
  name: ArtifactName,
  { firstPauseMs, most, signal }: { firstPauseMs: number; most: number; signal: AbortSignal },
): Patience {
  let tries = 0;
  let refusals = 0;
  return {
    async failed({ refused, denied, code, cause }) {
      tries++;
      if (refused) refusals++;
      if (denied && refusals >= MAX_REFUSALS)
        throw new KangKlipError("STORAGE_DENIED", `The store refuses to take ${name} (${code})`, { cause });
      if (refusals >= MAX_REFUSALS || tries >= most)
        throw new KangKlipError("UPLOAD_FAILED", `${name} could not be uploaded (${code})`, { cause });
      const mostMs = Math.min(firstPauseMs * 2 ** (tries - 1), MAX_PAUSE_MS);
      await sleep(mostMs * (0.5 + Math.random() / 2), undefined, { signal });
    },
  };
}

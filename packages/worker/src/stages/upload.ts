import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type ArtifactName, KangKlipError, type ManifestFile } from "@kangklip/contract";
import { request } from "undici";
import type { ApiClient } from "../api-client.ts";
import type { StageContext } from "../stage.ts";

const TRIES = 5;
const IDLE_MS = 60_000;

/** Size and sha256 (hex) of a file of the attempt's folder. */
export async function fileFacts(dir: string, name: ArtifactName): Promise<ManifestFile> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(dir, name)), hash);
  const { size } = await stat(join(dir, name));
  return { name, size_bytes: size, sha256: hash.digest("hex") };
}

/**
 * Puts files of the attempt's folder to signed links, one after another, each tried again with a fresh link.
 * @param files what to put, in this order @throws KangKlipError UPLOAD_FAILED, FENCED
 */
export async function upload(
  context: Pick<StageContext, "dir" | "job" | "signal" | "progress">,
  api: Pick<ApiClient, "presign">,
  files: ManifestFile[],
  onSent: (sizeBytes: number) => void = () => {},
): Promise<void> {
  for (const file of files) {
    await put(context, api, file);
    onSent(file.size_bytes);
  }
}

async function put(
  { dir, job, signal }: Pick<StageContext, "dir" | "job" | "signal">,
  api: Pick<ApiClient, "presign">,
  file: ManifestFile,
): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await sleep(500 * 2 ** tries, undefined, { signal });
    const { uploads } = await api.presign({ job_id: job.job_id, epoch: job.epoch, files: [file] }, signal);
    const [link] = uploads;
    if (!link) throw new KangKlipError("UPLOAD_FAILED", `No link came for ${file.name}`);
    try {
      const { statusCode, body } = await request(link.url, {
        method: "PUT",
        headers: { ...link.headers, "content-length": String(file.size_bytes) },
        body: createReadStream(join(dir, file.name)),
        signal,
        headersTimeout: IDLE_MS,
        bodyTimeout: IDLE_MS,
      });
      await body.dump();
      if (statusCode >= 200 && statusCode < 300) return;
      last = new Error(`PUT ${file.name} was answered ${statusCode}`);
    } catch (error) {
      signal.throwIfAborted();
      last = error;
    }
  }
  throw new KangKlipError("UPLOAD_FAILED", `${file.name} could not be uploaded`, { cause: last });
}

import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import {
  ArtifactName,
  artifactKey,
  attemptKey,
  ErrorFile,
  type JobId,
  KangKlipError,
  Manifest,
} from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Job } from "./job.ts";

const MAX_MANIFEST_BYTES = 4 << 20;

/**
 * Publishes what an attempt uploaded: checks every file that the manifest lists against its size and hash, makes each one visible
 * under `jobs/{job_id}/`, the manifest last, then removes the attempts' folders. Doing it again is harmless.
 * @throws KangKlipError UPLOAD_FAILED where something is missing or not what it should be, WORKER_LOST where nothing was uploaded
 */
export async function commit(artifacts: ArtifactStore, job: Job): Promise<void> {
  if (!job.result) throw new Error(`${job.job_id} has nothing to publish`);
  const { epoch, manifest_sha256 } = job.result;
  const from = attemptKey(job.job_id, epoch, "manifest.json");
  const to = artifactKey(job.job_id, "manifest.json");
  const head = await artifacts.head(from);
  if (!head) {
    const published = await artifacts.head(to); // a commit that was cut off after its last step
    if (published && (manifest_sha256 === null || published.sha256 === manifest_sha256)) return;
    throw new KangKlipError("WORKER_LOST", "The worker ended without uploading a manifest");
  }
  if (manifest_sha256 !== null && head.sha256 !== manifest_sha256)
    throw damaged("manifest.json is not the one reported");
  if (head.sizeBytes > MAX_MANIFEST_BYTES) throw damaged("manifest.json is too large");
  const text = await buffer((await artifacts.get(from)).body);
  if (createHash("sha256").update(text).digest("hex") !== head.sha256) throw damaged("manifest.json changed");
  const { files } = parsed(text, job);
  for (const { name, size_bytes, sha256 } of files ?? []) {
    const there = await artifacts.head(attemptKey(job.job_id, epoch, name));
    if (there?.sizeBytes !== size_bytes || there.sha256 !== sha256)
      throw damaged(`${name} is missing or damaged`);
  }
  for (const name of files?.map((file) => file.name) ?? (await uploaded(artifacts, job.job_id, epoch)))
    await artifacts.copy(attemptKey(job.job_id, epoch, name), artifactKey(job.job_id, name));
  await artifacts.copy(from, to);
  await artifacts.delete(`jobs/${job.job_id}/attempts/`);
}

function parsed(text: Buffer, job: Job): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text.toString("utf8"));
  } catch (cause) {
    throw damaged("manifest.json is not JSON", cause);
  }
  const manifest = Manifest.safeParse(json);
  if (!manifest.success) throw damaged("manifest.json has another shape", manifest.error);
  const { files, clips, job_id } = manifest.data;
  const listed = files && new Set(files.map(({ name }) => name));
  const unlisted = listed && clips.some(({ file }) => file !== undefined && !listed.has(file));
  if (job_id !== job.job_id || unlisted || listed?.has("manifest.json"))
    throw damaged("manifest.json does not fit the job");
  return manifest.data;
}

/** What a 1.x worker uploaded, whose manifest lists no files. */
async function uploaded(artifacts: ArtifactStore, job: JobId, epoch: number): Promise<ArtifactName[]> {
  const prefix = `jobs/${job}/attempts/${epoch}/`;
  const names: ArtifactName[] = [];
  for await (const key of artifacts.list(prefix)) {
    const name = ArtifactName.safeParse(key.slice(prefix.length));
    if (name.success && name.data !== "manifest.json") names.push(name.data);
  }
  return names;
}

const damaged = (what: string, cause?: unknown) =>
  new KangKlipError("UPLOAD_FAILED", `The upload cannot be published: ${what}`, { cause });

/** Leaves error.json behind for readers of the bucket, as 1.x did. */
export async function publishError(artifacts: ArtifactStore, job: Job): Promise<void> {
  const file: ErrorFile = {
    job_id: job.job_id,
    error: job.error ?? "failed",
    ...(job.error_code && { code: job.error_code }),
    stage: job.stage,
  };
  await artifacts.put(artifactKey(job.job_id, "error.json"), JSON.stringify(ErrorFile.parse(file)), {
    contentType: "application/json",
  });
}

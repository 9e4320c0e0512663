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
import type { ArtifactInfo, ArtifactStore } from "../artifacts/store.ts";
import type { Job } from "./job.ts";

export const MAX_MANIFEST_BYTES = 4 << 20;
/** A bucket answers slowly, but many at once. */
const AT_ONCE = 6;

/**
 * Publishes what an attempt uploaded: checks every file that the manifest lists against its size and hash, makes each one visible
 * under `jobs/{job_id}/`, the manifest last, then removes the attempts' folders. Doing it again is harmless, at the same time too.
 * @throws KangKlipError UPLOAD_FAILED where something is missing or not what it should be, WORKER_LOST where nothing was uploaded,
 *   UNAVAILABLE while the store does not answer (to be done again), STORAGE_DENIED
 */
export async function commit(artifacts: ArtifactStore, job: Job): Promise<void> {
  if (!job.result) throw new Error(`${job.job_id} has nothing to publish`);
  const { epoch, manifest_sha256 } = job.result;
  const from = attemptKey(job.job_id, epoch, "manifest.json");
  if (!(await artifacts.head(from))) {
    // a commit that was cut off after its last step
    if (await isPublished(artifacts, job.job_id, manifest_sha256)) return;
    throw new KangKlipError("WORKER_LOST", "The worker ended without uploading a manifest");
  }
  try {
    const { manifest, info } = await readManifest(artifacts, job, from, manifest_sha256);
    await publish(artifacts, job.job_id, epoch, manifest);
    await copied(artifacts, from, artifactKey(job.job_id, "manifest.json"), info);
  } catch (error) {
    // another process may have been faster, and removed what it published
    const gone = error instanceof KangKlipError && error.code === "UPLOAD_FAILED";
    if (!gone || !(await isPublished(artifacts, job.job_id, manifest_sha256))) throw error;
  }
  await artifacts.delete(`jobs/${job.job_id}/attempts/`);
}

/** Whether the job's manifest is visible; of an attempt whose end was not reported (null) any one is its own. */
async function isPublished(artifacts: ArtifactStore, job: JobId, sha256: string | null): Promise<boolean> {
  const key = artifactKey(job, "manifest.json");
  if (!(await artifacts.head(key))) return false;
  return sha256 === null || (await hashOf(artifacts, key)) === sha256;
}

/** The attempt's manifest, and which version of it was read. */
async function readManifest(artifacts: ArtifactStore, job: Job, key: string, sha256: string | null) {
  const { info, body } = await artifacts.get(key).catch(orMissing("manifest.json"));
  if (info.sizeBytes > MAX_MANIFEST_BYTES) {
    body.destroy();
    throw damaged("manifest.json is too large");
  }
  const text = await buffer(body);
  const hash = createHash("sha256").update(text).digest("hex");
  if (sha256 !== null && hash !== sha256) throw damaged("manifest.json is not the one reported");
  return { manifest: parsed(text, job), info };
}

/** Looks at all files before the first one is made visible. */
async function publish(artifacts: ArtifactStore, job: JobId, epoch: number, { files }: Manifest) {
  const names = files?.map(({ name }) => name) ?? (await uploaded(artifacts, job, epoch));
  const listed = new Map(files?.map((file) => [file.name, file]));
  const found = new Map<ArtifactName, ArtifactInfo>();
  await forEach(names, async (name) => {
    const key = attemptKey(job, epoch, name);
    const there = await artifacts.head(key);
    const file = listed.get(name);
    const isWhole = there && (!file || there.sizeBytes === file.size_bytes);
    if (!isWhole || (file && (await hashOf(artifacts, key)) !== file.sha256))
      throw damaged(`${name} is missing or damaged`);
    found.set(name, there);
  });
  await forEach([...found], ([name, info]) =>
    copied(artifacts, attemptKey(job, epoch, name), artifactKey(job, name), info),
  );
}

/** Makes one version of an object visible, whole. */
async function copied(artifacts: ArtifactStore, from: string, to: string, info: ArtifactInfo): Promise<void> {
  await artifacts.copy(from, to, info.etag).catch(orMissing(nameOf(to)));
  const target = await artifacts.head(to);
  if (target?.sizeBytes !== info.sizeBytes) throw damaged(`${nameOf(to)} was not copied whole`);
}

const hashOf = (artifacts: ArtifactStore, key: string) => artifacts.hash(key).catch(orMissing(nameOf(key)));
const nameOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);

/** What was there a moment ago and is not, or is another version, cannot be published. */
const orMissing =
  (name: string) =>
  (error: unknown): never => {
    const changed = error instanceof KangKlipError && ["NOT_FOUND", "CONFLICT"].includes(error.code);
    throw changed ? damaged(`${name} is missing or damaged`, error) : error;
  };

/** Some at a time. After an error nothing more is begun, and it is thrown when what was begun has ended. */
async function forEach<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  let failed = false;
  const hand = async () => {
    for (const item of queue)
      if (!failed)
        await work(item).catch((error) => {
          failed = true;
          throw error;
        });
  };
  for (const end of await Promise.allSettled(Array.from({ length: AT_ONCE }, hand)))
    if (end.status === "rejected") throw end.reason;
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

import { buffer } from "node:stream/consumers";
import { artifactKey, JobId, Language, Manifest } from "@kangklip/contract";
import { decodeTime } from "ulid";
import type { ArtifactInfo, ArtifactStore } from "../artifacts/store.ts";
import { keptEntitlements } from "../credits/entitlements.ts";
import { fresh, plannedAttempt } from "./attempt.ts";
import { MAX_MANIFEST_BYTES } from "./commit.ts";
import type { Job } from "./job.ts";
import { foundRevision, keptEdit } from "./kept-edits.ts";
import { decide } from "./state.ts";
import { type JobStore, update } from "./store.ts";
import { newJobToken, sha256 } from "./tokens.ts";

export interface Repaired {
  /** Jobs whose published clips are in the artifact store. */
  found: number;
  restored: JobId[];
  /** Jobs that the job store has; they stay as they are. */
  known: number;
  /** Jobs whose files are not what their manifest says, and why; nothing was changed. */
  damaged: { job_id: JobId; reason: string }[];
}

/**
 * Gives a job store that was lost the jobs back whose clips are published: they are rebuilt from the manifests in the artifact store.
 * Their tokens cannot be known again (only a hash was ever kept), so only the operator sees them, and their wallet where that was kept. What
 * was paid for is kept beside the clips, or still on the chain, where the next unlock finds it and takes nothing. Doing it again is harmless, and so is
 * doing it while the service runs.
 */
export async function repair({
  store,
  artifacts,
}: {
  store: JobStore;
  artifacts: ArtifactStore;
}): Promise<Repaired> {
  const done: Repaired = { found: 0, restored: [], known: 0, damaged: [] };
  for await (const key of artifacts.list("jobs/")) {
    const [, name, file, ...rest] = key.split("/");
    const { data: id } = JobId.safeParse(name);
    if (!id || file !== "manifest.json" || rest.length > 0) continue;
    done.found++;
    if (await store.get(id)) {
      done.known++;
      continue;
    }
    const read = await readManifest(artifacts, id);
    if (typeof read === "string") done.damaged.push({ job_id: id, reason: read });
    else {
      const kept = await keptEntitlements(artifacts, id);
      const edit = (await keptEdit(artifacts, id)) ?? null;
      const paid = kept && { wallet: kept.wallet, charges: kept.charges };
      const job: Job = { ...restoredJob(id, read.manifest, read.info), ...paid, edit };
      if (await store.insert(job)) done.restored.push(id);
      else done.known++;
    }
  }
  for (const id of done.restored) await putBack(store, id);
  return done;
}

/** Where the job renders a revision, its clip's job is to know of it, whichever of them was restored first. */
async function putBack(store: JobStore, id: JobId): Promise<void> {
  const job = (await store.get(id))?.job;
  if (!job?.edit || !(await store.get(job.edit.of))) return;
  const event = { type: "revision_found", revision: foundRevision(job, job.edit) } as const;
  await update(store, job.edit.of, (before) => decide(before, event, before.updated_at));
}

/** The manifest, if all that it lists is there; else what is wrong. */
async function readManifest(
  artifacts: ArtifactStore,
  id: JobId,
): Promise<{ manifest: Manifest; info: ArtifactInfo } | string> {
  const key = artifactKey(id, "manifest.json");
  const info = await artifacts.head(key);
  if (!info) return "its manifest was removed just now";
  if (info.sizeBytes > MAX_MANIFEST_BYTES) return "its manifest is too large";
  const text = await buffer((await artifacts.get(key)).body);
  const manifest = Manifest.safeParse(json(text.toString("utf8")));
  if (!manifest.success) return "its manifest cannot be read";
  const { job_id, clips, files = [] } = manifest.data;
  if (job_id !== id) return "its manifest is of another job";
  for (const { name, size_bytes } of files)
    if ((await artifacts.head(artifactKey(id, name)))?.sizeBytes !== size_bytes)
      return `${name} is missing or damaged`;
  const listed = new Set<string>(files.map(({ name }) => name));
  for (const { file } of clips)
    if (file && !listed.has(file) && !(await artifacts.head(`jobs/${id}/${file}`)))
      return `${file} is missing`;
  return { manifest: manifest.data, info };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The job as far as its manifest tells. Pure but for its token, which nobody will ever hold. */
function restoredJob(id: JobId, manifest: Manifest, info: ArtifactInfo): Job {
  const made = timeOf(id) ?? info.modifiedAt.getTime();
  const told = Date.parse(manifest.created_at ?? "");
  const ended = Math.max(made, Number.isNaN(told) ? info.modifiedAt.getTime() : told);
  const seconds = Math.max(0, ...manifest.clips.map(({ duration }) => duration));
  const language = Language.safeParse(manifest.language).data ?? "auto";
  return {
    job_id: id,
    token_hash: sha256(newJobToken()),
    wallet: null,
    charges: [],
    fee: null,
    created_at: made,
    updated_at: ended,
    source: { kind: "url", url: manifest.source?.url ?? "" },
    clip_duration_seconds: Math.min(60, Math.max(30, seconds)),
    clip_count: Math.min(5, Math.max(1, manifest.clips.length)),
    language,
    compute: null,
    max_usd: null,
    caption_preset: null,
    tighten: false,
    output_language: null,
    about: null,
    edit: null, // told by whoever restores it
    revisions: [],
    shown: {},
    shares: [],
    log: [],
    source_title: manifest.source?.title ?? null,
    source_seconds: manifest.source?.seconds ?? null,
    attempts: [
      {
        ...plannedAttempt(id, 1, made),
        state: "FINISHED",
        ended_at: ended,
        outcome: "succeeded",
        released: true,
      },
    ],
    budget_from: 1,
    ...fresh,
    state: "SUCCEEDED",
    stage: "UPLOAD",
    stage_progress: 1,
    progress: 100,
    started_at: made,
    ended_at: ended,
    notices: [...(manifest.notices ?? []), "Restored from its clips: the job store had lost it"].slice(-20),
    result: { epoch: 1, manifest_sha256: info.sha256 ?? null },
  };
}

function timeOf(id: JobId): number | undefined {
  try {
    return decodeTime(id.slice(3));
  } catch {
    return undefined;
  }
}

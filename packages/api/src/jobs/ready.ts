import { isDeepStrictEqual } from "node:util";
import { ArtifactName, attemptKey, KangKlipError, type PublishInput } from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Attempt, Job, Ready } from "./job.ts";
import { fenced, heard } from "./report.ts";

// clips that can be watched while others of their job are still being made

/** Of texts that a person reads; what a worker sends beyond that would only make the job's record large. */
const MAX_TEXT = 500;
const ENDINGS = [".mp4", "_preview.mp4", ".jpg", ".srt", ".vtt", ".ass"];

/** A clip of the attempt can be watched: a new one, or the same one made again. Pure, called by decide() alone. @throws KangKlipError FENCED */
export function readied(job: Job, attempt: Attempt, clip: Ready, now: number): Job {
  if (attempt.state !== "CLAIMED" || job.edit) throw fenced(job);
  if (job.cancel_requested || job.state === "COMMITTING") return job;
  const before = job.ready.find(({ clip_file }) => clip_file === clip.clip_file);
  if (isDeepStrictEqual(before, clip)) return job;
  const ready = [...job.ready.filter((one) => one !== before), clip];
  return {
    ...heard(job, attempt, now),
    ready: ready.toSorted((a, b) => (a.clip_file < b.clip_file ? -1 : 1)),
  };
}

/** The name of a clip's file of that kind: "clip_01" and "_preview.mp4". */
export const fileOf = (clipFile: string, ending: string) =>
  ArtifactName.parse(clipFile.replace(/\.mp4$/, ending));

/**
 * What is kept of a clip that a worker publishes. Pure.
 * @throws KangKlipError INVALID_INPUT where it names files that are not this clip's own, or twice, or without the clip itself
 */
export function readyClip({ epoch, clip, files }: PublishInput): Ready {
  const { file } = clip;
  const allowed = new Set<string>(ENDINGS.map((ending) => fileOf(file, ending)));
  const named = new Set<string>(files.map(({ name }) => name));
  const told = [clip.preview_file, clip.cover_file, clip.srt_file, clip.vtt_file, clip.ass_file];
  const isItsOwn =
    named.size === files.length &&
    named.has(file) &&
    [...named].every((name) => allowed.has(name)) &&
    told.every((name) => name === undefined || named.has(name));
  if (!isItsOwn) throw new KangKlipError("INVALID_INPUT", `The files named are not those of ${file}`);
  const text = (value = "") => value.slice(0, MAX_TEXT);
  return {
    ...{ epoch, clip_file: file, index: clip.index },
    ...{ title: text(clip.title), hook: text(clip.hook), reason: text(clip.reason) },
    score: clip.score ?? null,
    ...{ start: clip.start, end: clip.end, duration_seconds: clip.duration_seconds ?? clip.duration },
    ...{ width: clip.width ?? null, height: clip.height ?? null },
    preview: named.has(fileOf(file, "_preview.mp4")),
    cover: named.has(fileOf(file, ".jpg")),
    vtt: named.has(fileOf(file, ".vtt")),
  };
}

/** Looks at what an attempt says it has uploaded of a clip. @throws KangKlipError UPLOAD_FAILED where a file is not there, or is another one */
export async function mustBeUploaded(
  artifacts: Pick<ArtifactStore, "head" | "hash">,
  { job_id, epoch, files }: PublishInput,
): Promise<void> {
  const looks = files.map(async ({ name, size_bytes, sha256 }) => {
    const key = attemptKey(job_id, epoch, name);
    const there = await artifacts.head(key);
    if (there?.sizeBytes === size_bytes && (await hashOf(artifacts, key)) === sha256) return;
    throw new KangKlipError("UPLOAD_FAILED", `${name} is missing or damaged`);
  });
  await Promise.all(looks);
}

/** Undefined where it was removed a moment ago. */
const hashOf = (artifacts: Pick<ArtifactStore, "hash">, key: string) =>
  artifacts.hash(key).catch((error: unknown) => {
    if (error instanceof KangKlipError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });

import {
  artifactKey,
  Edl,
  type EdlClip,
  KangKlipError,
  type Manifest,
  type ManifestClip,
  TranscriptFile,
  type Word,
} from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import { readStored } from "../artifacts/stored.ts";
import type { Job } from "../jobs/job.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { revisionsOf } from "../jobs/revisions.ts";
import { wordsWithin } from "./edited-clip.ts";

/** A clip of the manifest with the name under which it is asked for. */
export type NamedClip = ManifestClip & { file: string };

/**
 * The EDL of a finished job, revision by revision. Files are read when they are needed, and once. What an older release did not keep is put
 * together from its manifest and transcript.
 */
export function edlOf(
  { jobs, artifacts }: { jobs: Jobs; artifacts: ArtifactStore },
  job: Job,
  manifest: Manifest,
) {
  const id = job.job_id;
  const edl = once(() => readStored(artifacts, artifactKey(id, "edl.json"), Edl));
  const spoken = once(async () => {
    const segments = await readStored(artifacts, artifactKey(id, "transcript.json"), TranscriptFile);
    return segments?.flatMap(({ words }) => words).filter(isTimed);
  });

  const kept = async ({ index }: NamedClip) => (await edl())?.clips.find((clip) => clip.index === index);

  /** As the job made it. @throws KangKlipError CONFLICT where nothing is left to make it of again */
  async function first(clip: NamedClip): Promise<EdlClip> {
    const known = await kept(clip);
    const told = known ?? fromManifest(clip);
    if (told.words.length > 0) return told;
    const words = await spoken();
    if (!known && !words)
      throw new KangKlipError(
        "CONFLICT",
        "This job kept neither EDL nor transcript: its clips cannot be edited",
      );
    return { ...told, words: wordsWithin(words ?? [], told.segments) };
  }

  /** A later one: as it was rendered, or else as it was ordered. */
  async function later(clip: NamedClip, revision: number): Promise<EdlClip> {
    const entry = revisionsOf(job, clip.file).find((one) => one.revision === revision);
    const own = entry && (await jobs.known(entry.edit_job_id));
    const ordered = entry?.order ?? own?.edit?.clip;
    if (!entry || !ordered) throw new KangKlipError("NOT_FOUND", "revision not found");
    if (own?.state !== "SUCCEEDED") return ordered;
    const rendered = await readStored(artifacts, artifactKey(entry.edit_job_id, "edl.json"), Edl);
    const same = rendered?.clips.find(({ index }) => index === ordered.index);
    return same ? { ...same, revision } : ordered;
  }

  return {
    /** The words that were heard in the video; undefined where the job kept no transcript. */
    spoken,
    /** The length of the video, seconds; null: not known. */
    async sourceSeconds(): Promise<number | null> {
      return (await edl())?.source_seconds ?? manifest.source?.seconds ?? job.source_seconds;
    },
    /** @throws KangKlipError NOT_FOUND "revision not found"; CONFLICT where nothing is left to make it of again */
    clip: (clip: NamedClip, revision: number): Promise<EdlClip> =>
      revision === 1 ? first(clip) : later(clip, revision),
    /** What it is cut of, which is known of every clip. @throws KangKlipError NOT_FOUND "revision not found" */
    cut: async (clip: NamedClip, revision: number): Promise<Pick<EdlClip, "title" | "segments">> =>
      revision === 1 ? ((await kept(clip)) ?? fromManifest(clip)) : later(clip, revision),
  };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= read();
    return answer;
  };
}

const isTimed = ({ word, start, end }: Word) =>
  word.trim() !== "" && Number.isFinite(start) && Number.isFinite(end) && start >= 0 && end >= start;

function fromManifest({ index, title, hook, start, end, segments, score, reason }: NamedClip): EdlClip {
  return {
    index,
    title,
    hook,
    segments: segments.length > 0 ? segments : [{ start, end, text: "" }],
    score: score ?? null,
    score_parts: {},
    reason: reason ?? "",
    words: [],
    framing: [],
    overrides: [],
    revision: 1,
  };
}

import { existsSync } from "node:fs";
import { type ClipEdit, type Edl, EdlClip, type JobId, type ManifestClip } from "@kangklip/contract";
import { isActive, isFinal, type Job } from "../jobs/job.ts";
import { aWorld } from "../jobs/testing-world.ts";

export type World = Awaited<ReturnType<typeof aWorld>>;
export const CLIP = "clip_01.mp4";
export const OPERATOR = { token: undefined, operator: true };

/** A disk that is flushed with each write would be most of the time. */
const root = existsSync("/dev/shm") ? { root: "/dev/shm" } : {};
export const aQuickWorld = (options: Parameters<typeof aWorld>[0] = {}) => aWorld({ ...root, ...options });

/** A word begins each second of two minutes. */
const WORDS = Array.from({ length: 120 }, (_, at) => ({
  word: `w${at}`,
  start: at + 0.2,
  end: at + 0.6,
}));
export const FIRST = EdlClip.parse({
  index: 1,
  title: "As it was",
  hook: "",
  segments: [{ start: 10, end: 40, text: "…" }],
  words: WORDS.slice(10, 40),
});
const manifestClip = ({ title, segments, revision }: EdlClip): Partial<ManifestClip> => ({
  ...{ title, segments, revision, preview_file: "clip_01_preview.mp4", cover_file: "clip_01.jpg" },
  ...{ start: segments[0]?.start ?? 0, end: segments.at(-1)?.end ?? 0 },
});

/** What a worker leaves of a clip. */
export function filesOf(job_id: JobId, clip: EdlClip) {
  const edl: Edl = { job_id, clips: [clip], version: 2, source_seconds: 120 };
  const of = (what: string) => `${what} of revision ${clip.revision}`;
  return {
    text: of("the whole"),
    more: {
      "clip_01_preview.mp4": of("a preview"),
      "clip_01.jpg": of("the cover"),
      "clip_01.srt": of("subtitles"),
      "edl.json": JSON.stringify(edl),
      ...(clip.revision === 1 && {
        "transcript.json": JSON.stringify([{ text: "…", start: 0, duration: 120, words: WORDS }]),
      }),
    },
    clip: manifestClip(clip),
  };
}

/** The job's worker makes its clip: of an edit what was ordered, framed. */
export async function rendered(world: World, id: JobId): Promise<Job> {
  const worker = await world.working(id);
  const { edit } = await world.see(id);
  const framing = [
    { x: 0, y: 0, w: 9, h: 16, start: 0, end: 1, layout: "crop" as const, reason: `r${edit?.clip.revision}` },
  ];
  const { text, ...rest } = filesOf(id, edit ? { ...edit.clip, framing } : FIRST);
  await worker.succeeded(await worker.upload(text, rest));
  worker.exit(0);
  return world.until(id, (job) => isFinal(job) && !isActive(job));
}

/** A finished job with one clip. @param wallet whose it is */
export async function finished(world: World, wallet?: string): Promise<JobId> {
  const id = await world.job({ clip_count: 1 }, wallet);
  await rendered(world, id);
  return id;
}

export const edit = (world: World, job_id: JobId, change: ClipEdit, base_revision = 1) =>
  world.api.edits.edit({ job_id, clip_file: CLIP, base_revision, edit: change }, OPERATOR);

/** A revision from its order to its last frame. */
export async function revised(world: World, id: JobId, change: ClipEdit, base = 1) {
  const made = await edit(world, id, change, base);
  await rendered(world, made.edit_job_id);
  return made;
}

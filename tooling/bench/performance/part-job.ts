import { join } from "node:path";
import type { EdlClip } from "@kangklip/contract";
import type { Figure, Found } from "./figures.ts";
import { givenClip } from "./ours.ts";
import type { Part } from "./part.ts";
import { type Job, runJob } from "./worker.ts";

const CHEAP = { RENDER_PRESET: "ultrafast", RENDER_RESOLUTION: "270x480" };

/** A whole job of the worker program: when the first clip can be watched, and what is neither recognition nor decoding nor encoding. */
export const jobPart: Part = {
  name: "job",
  async run({ profile, dir, signal, fixtures, origin, say }): Promise<Found> {
    const { minutes, clips, recogniser, isCheap } = profile.job;
    const source = await fixtures.source(minutes);
    say(`${minutes} minutes, ${clips} clips, TRANSCRIBER=${recogniser}`);
    const job = await runJob({
      ...{ profile, dir, signal, origin, source: source.mp4, spec: { clip_count: clips } },
      env: { TRANSCRIBER: recogniser, ...(isCheap && CHEAP) },
    });
    return {
      figures: [...firstClip(job), overhead(job), ...fetched(job, source.bytes.mp4)],
      about: [
        `the job was heard by ${job.receipt.transcriber} and took ${Math.round(job.totalSeconds)} s and ${Math.round(job.cpuSeconds)} CPU s.`,
      ],
    };
  },
};

/** When clips could be watched. @returns the share of the job's time until the first one, and whether it came before the last one. Pure. */
export function firstClip({ stored, totalSeconds }: Pick<Job, "stored" | "totalSeconds">): Figure[] {
  const clips = stored.filter(({ name }) => /^clip_\d+\.mp4$/.test(name));
  const [first] = clips;
  const last = clips.at(-1);
  const share = first ? first.seconds / totalSeconds : null;
  const note = clips.map(({ name, seconds }) => `${name} at ${seconds.toFixed(1)} s`).join(", ");
  // one clip alone has nothing to come before but the end
  const isEarlier = first && last && (clips.length === 1 || first.seconds < last.seconds * 0.9);
  return [
    {
      ...{ id: "job.first", what: "time until the first clip can be watched, of the job's time", unit: "" },
      ...{ value: share, note: `${note}, the end at ${totalSeconds.toFixed(1)} s` },
    },
    {
      ...{ id: "job.order", what: "the first clip is stored before the last one is made", unit: "" },
      ...{ value: isEarlier ? 1 : 0, note },
    },
  ];
}

const overhead = ({ restSeconds, cpuSeconds }: Job): Figure => ({
  id: "job.overhead",
  what: "processor time of all that is no recognition, decoding or encoding, of the job's",
  ...{ value: restSeconds / cpuSeconds, unit: "" },
  note: `${restSeconds.toFixed(1)} of ${cpuSeconds.toFixed(1)} CPU s; ffmpeg and recognisers are the rest`,
});

const fetched = ({ bytes, requests }: Job, whole: number): Figure[] => [
  {
    ...{ id: "job.bytes", what: "fetched by the whole job, of a full download", unit: "" },
    ...{ value: bytes / whole, note: `${(bytes / 1e6).toFixed(1)} MB in ${requests} requests` },
  },
];

/** Of the clip that is edited at least: an edit encodes from key frame to key frame, of which a short clip has too few. */
const EDITED_SECONDS = 12;

/** One clip is made, and made again with other captions: as an edit is, by the same job on the same machine. */
export const editPart: Part = {
  name: "edit",
  async run({ profile, dir, signal, fixtures, origin, say }): Promise<Found> {
    const source = await fixtures.source(profile.minutes);
    const [start = 0] = profile.starts;
    const seconds = Math.max(EDITED_SECONDS, profile.clipSeconds);
    const clip = givenClip(1, [[start, start + seconds]]);
    const env = { TRANSCRIBER: "none", WORKER_CACHE_DIR: join(dir, "kept"), CACHE_MAX_GB: "20" };
    const of = "kk_01JD0000000000000000000000";
    const edit = (job: string, ordered: EdlClip) =>
      runJob({
        ...{ profile, dir, signal, origin, env, source: source.mp4 },
        spec: { job_id: job, edit: { of, clip: ordered } },
      });
    say(`the first render of ${seconds} s`);
    const first = await edit("kk_01JD0000000000000000000001", clip);
    say("one word of it corrected");
    const words = clip.words.map((one, i) => (i === 3 ? { ...one, word: "other" } : one));
    const again = await edit("kk_01JD0000000000000000000002", { ...clip, words, revision: 2 });
    const note = `${again.cpuSeconds.toFixed(1)} CPU s after ${first.cpuSeconds.toFixed(1)}, in RENDER ${renderSeconds(again)} after ${renderSeconds(first)}; a clip of ${seconds} s, with the start of the program`;
    return {
      figures: [
        {
          ...{
            id: "edit.cpu",
            what: "CPU of a new revision of a clip, one word changed, to its first render",
          },
          ...{ value: again.cpuSeconds / first.cpuSeconds, unit: "x", note },
        },
        {
          ...{ id: "edit.requests", what: "requests for the source by the new revision", unit: "requests" },
          ...{ value: again.requests, note: `${again.bytes} bytes` },
        },
      ],
    };
  },
};

const renderSeconds = ({ receipt }: Job) =>
  receipt.stages?.find(({ stage }) => stage === "RENDER")?.cpu_seconds ?? 0;

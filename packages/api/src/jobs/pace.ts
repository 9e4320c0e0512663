import { artifactKey, Receipt, STAGES, Stage } from "@kangklip/contract";
import { z } from "zod";
import type { ArtifactStore } from "../artifacts/store.ts";
import { readStored } from "../artifacts/stored.ts";
import type { Logger } from "../log.ts";
import { currentAttempt, type Job } from "./job.ts";
import type { JobStore } from "./store.ts";

// how long the stages of earlier jobs took, by the kind of place where they ran

/** Of the newest jobs only: a machine that got faster is believed soon. */
const MOST_SAMPLES = 8;
/** Of the exponentially weighted mean: what the newest job counts. */
const ALPHA = 0.3;
/** What lies further (times) from the middle of the samples was an exception: a model that had to be fetched, captions that came with the video. */
const OUTLIER = 3;
const KEEP_MS = 90 * 24 * 3_600_000;
/** What is known of a kind of place is read again after so long (ms). */
const FRESH_MS = 60_000;
const MOST_RECEIPT_BYTES = 1 << 20;

/** Seconds per unit of work (`unitsOf`) by stage, of the newest jobs, oldest first. */
export const Pace = z.object({
  stages: z.partialRecord(Stage, z.array(z.number().min(0)).max(MOST_SAMPLES)),
});
export type Pace = z.infer<typeof Pace>;

/** What a job has to do; null: not known. */
export interface Work {
  sourceSeconds: number | null;
  /** Of all clips together. */
  clipSeconds: number;
}

/** Of what a stage's length depends on: minutes of the source, seconds of the clips, or only on there being a job. */
function unitsOf(stage: Stage, { sourceSeconds, clipSeconds }: Work): number | null {
  if (stage === "SELECT") return 1;
  if (stage === "RENDER" || stage === "UPLOAD") return clipSeconds;
  return sourceSeconds === null ? null : sourceSeconds / 60;
}

/** The same pace, and one more job. Pure. @param seconds of each stage that was done first-hand */
export function learned(pace: Pace | undefined, seconds: Partial<Record<Stage, number>>, work: Work): Pace {
  const stages: Pace["stages"] = { ...pace?.stages };
  for (const stage of STAGES) {
    const took = seconds[stage];
    const units = unitsOf(stage, work);
    if (took === undefined || units === null || units <= 0 || !Number.isFinite(took / units)) continue;
    stages[stage] = [...(stages[stage] ?? []), Math.max(0, took / units)].slice(-MOST_SAMPLES);
  }
  return { stages };
}

/** How long a stage takes by what is known (seconds); undefined: there is nothing to go by. Pure. */
export function secondsFor(pace: Pace | undefined, stage: Stage, work: Work): number | undefined {
  const samples = pace?.stages[stage] ?? [];
  const units = unitsOf(stage, work);
  const middle = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
  if (units === null || middle === undefined) return undefined;
  const [first = middle, ...rest] = samples.filter(
    (sample) => sample <= middle * OUTLIER && sample >= middle / OUTLIER,
  );
  return units * rest.reduce((mean, sample) => mean + ALPHA * (sample - mean), first);
}

/** A kind of place: jobs there take as long as each other. */
export interface PlaceKind {
  provider: string | null;
  /** The GPU's model; null: none. */
  gpu: string | null;
}
const kindOf = (job: Job): PlaceKind => {
  const { provider, offer } = currentAttempt(job);
  return { provider, gpu: offer?.gpu ?? null };
};

export type Paces = ReturnType<typeof createPaces>;

/**
 * Learns from jobs that succeeded how long their stages take. It is kept in the store, for all processes; where two learn at once one of the
 * samples may be lost, which does no harm. Nothing here ever fails a job or a view: what cannot be read is not known.
 */
export function createPaces({
  store,
  artifacts,
  log,
}: {
  store: Pick<JobStore, "note" | "recall">;
  artifacts: ArtifactStore;
  log: Logger;
}) {
  const known = new Map<string, { at: number; pace: Pace | undefined; reading: Promise<void> | undefined }>();
  const keyOf = ({ provider, gpu }: PlaceKind) => `pace:${provider}:${gpu ?? "cpu"}`;

  async function read(key: string): Promise<Pace | undefined> {
    const text = await store.recall(key);
    return text === undefined ? undefined : Pace.safeParse(JSON.parse(text)).data;
  }

  /** What is known, and asks for it again where that is old. */
  function looked(kind: PlaceKind) {
    const key = keyOf(kind);
    const entry = known.get(key) ?? { at: Number.NEGATIVE_INFINITY, pace: undefined, reading: undefined };
    known.set(key, entry);
    if (performance.now() - entry.at > FRESH_MS)
      entry.reading ??= read(key)
        .then((pace) => {
          entry.pace = pace;
        })
        .catch((err) => log.warn({ err }, "how long jobs take could not be read"))
        .finally(() => {
          entry.at = performance.now();
          entry.reading = undefined;
        });
    return entry;
  }

  async function of(kind: PlaceKind): Promise<Pace | undefined> {
    if (kind.provider === null) return undefined;
    const entry = looked(kind);
    if (entry.at === Number.NEGATIVE_INFINITY) await entry.reading;
    return entry.pace;
  }

  return {
    /** What is known of a kind of place. */
    of,
    /** The same of the place where a job runs. */
    ofJob: (job: Job): Promise<Pace | undefined> => of(kindOf(job)),
    /** The same at once: where nobody has asked before, it is known a moment later. */
    atOnce: (job: Job): Pace | undefined => {
      const kind = kindOf(job);
      return kind.provider === null ? undefined : looked(kind).pace;
    },

    /** Learns from a job that has just succeeded, by its receipt; of an edit, and of what was taken from what a machine had kept, nothing. */
    async learn(job: Job): Promise<void> {
      const kind = kindOf(job);
      const { claimed_at, ended_at } = currentAttempt(job);
      if (job.state !== "SUCCEEDED" || job.edit || kind.provider === null || claimed_at === null) return;
      try {
        const file = artifactKey(job.job_id, "receipt.json");
        const size = (await artifacts.head(file))?.sizeBytes ?? 0;
        if (size === 0 || size > MOST_RECEIPT_BYTES) return;
        const receipt = await readStored(artifacts, file, Receipt);
        if (!receipt) return;
        const seconds = firstHand(receipt, ((ended_at ?? claimed_at) - claimed_at) / 1000);
        if (!seconds) return;
        const key = keyOf(kind);
        const pace = learned(await read(key), seconds, workDone(job, receipt));
        await store.note(key, JSON.stringify(pace), KEEP_MS);
        known.set(key, { at: performance.now(), pace, reading: undefined });
      } catch (err) {
        log.warn({ job_id: job.job_id, err }, "how long the job took could not be kept");
      }
    },
  };
}

/** Seconds of the stages that were done and not taken. Undefined where they cannot be true: a worker's word counts no longer than it was there. */
function firstHand({ stages }: Receipt, wallSeconds: number): Partial<Record<Stage, number>> | undefined {
  const all = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  if (stages.some(({ seconds }) => seconds < 0) || all > wallSeconds + 10) return undefined;
  const done = stages.filter(({ executed, reused }) => executed > 0 && reused === 0);
  return Object.fromEntries(done.map(({ stage, seconds }) => [stage, seconds]));
}

/** What a finished job had to do: it may have made fewer clips than it was asked for. */
function workDone(job: Job, { stages }: Receipt): Work {
  const render = stages.find(({ stage }) => stage === "RENDER");
  const clips = Math.min(5, (render?.executed ?? 0) + (render?.reused ?? 0));
  return { sourceSeconds: job.source_seconds, clipSeconds: clips * job.clip_duration_seconds };
}

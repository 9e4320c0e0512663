import { JobView } from "@kangklip/contract";
import { costOf } from "./cost.ts";
import { etaSeconds } from "./eta.ts";
import type { Job } from "./job.ts";
import { isStalled, viewOf } from "./view.ts";

/** A view as JSON, and what HTTP calls this very text, once somebody has worked that out. */
export interface ViewText {
  json: string;
  bytes: number;
  etag?: string;
}

interface Kept {
  at: string;
  text: ViewText;
}
const texts = new WeakMap<Job, { owner?: Kept; other?: Kept }>();

/**
 * `viewOf` as it is answered: checked against the contract and written out once for all who see the same. It is kept with the job's object
 * (records.ts), for as long as nothing of it has changed with the time.
 */
export function viewText(job: Job, version: number, seen: Parameters<typeof viewOf>[2]): ViewText {
  const { owner, now, pace } = seen;
  const costs = job.attempts.map((attempt) => costOf(attempt, now));
  const at = `${version} ${isStalled(job, now)} ${etaSeconds(job, pace, now)} ${costs}`;
  const who = owner ? "owner" : "other";
  const kept = texts.get(job) ?? {};
  const before = kept[who];
  if (before?.at === at) return before.text;
  const json = JSON.stringify(JobView.parse(viewOf(job, version, seen)));
  const text = { json, bytes: Buffer.byteLength(json) };
  kept[who] = { at, text };
  texts.set(job, kept);
  return text;
}

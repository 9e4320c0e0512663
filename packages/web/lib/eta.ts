import { isEnded, type JobView } from "@kangklip/contract";

/** What was said last of how long a job still takes. */
export interface Eta {
  epoch: number;
  /** What the API last told (seconds), and when it came (milliseconds since 1970). */
  told: number;
  toldAt: number;
  /** What is shown (seconds); it counts down and rests, and rises only where it was plainly wrong. Null: the job is overdue. */
  shown: number | null;
}

/** So much more than is shown must be left before it is said that it takes longer. */
const WRONG = { factor: 1.3, seconds: 10 };
/** Past the time that was told, before it is called overdue (seconds). */
const OVERDUE = 5;

/**
 * What to show of the time that a job still takes, after what was shown before; null where that is not known. An estimate that
 * moves up a little leaves the number at rest until the clock has caught up. Pure; `nowMs` in milliseconds since 1970.
 */
export function nextEta(before: Eta | null, view: JobView, nowMs: number): Eta | null {
  const epoch = view.attempts.at(-1)?.epoch ?? 0;
  if (isEnded(view.status) || view.eta_seconds === null || view.stalled) return null;
  const same = before !== null && before.epoch === epoch && before.told === view.eta_seconds;
  const [told, toldAt] = same ? [before.told, before.toldAt] : [view.eta_seconds, nowMs];
  const left = told - (nowMs - toldAt) / 1000;
  if (left < -OVERDUE) return { epoch, told, toldAt, shown: null };
  const seconds = Math.max(0, left);
  const last = before?.epoch === epoch ? before.shown : null;
  const rises = last !== null && seconds > last * WRONG.factor + WRONG.seconds;
  return { epoch, told, toldAt, shown: last === null || seconds < last || rises ? seconds : last };
}

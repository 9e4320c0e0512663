import type { StageContext } from "../stage.ts";
import { codeVersion } from "./code-version.ts";
import { type EntryKey, keyOf } from "./key.ts";
import type { StageCache, Taken } from "./stage-cache.ts";

/** What is said of a stage that had nothing to do. */
export const REUSED = "Taken from what this machine had kept";

/** A result, and how far it may be used again. */
export interface Done<T> {
  value: T;
  /**
   * For how long other jobs may take it too, ms. 0: it is less than it could be, because something failed; only the attempts of this very
   * job take it, so that they do not fail alike again.
   */
  standsMs?: number;
  /** What it depends on, where the work has changed that itself. */
  inputs?: unknown;
}

export interface Task {
  /** In capitals. */
  stage: string;
  /** Everything that determines the result besides the program itself. */
  inputs: unknown;
  /** Said while another job does the same work. */
  waiting?: string;
}

/** What is kept of a stage without files. */
interface Kept<T> {
  value: T;
  /** What the user was told about it. */
  notices: string[];
  standsMs: number | null;
}

/** The job whose work it is: an edit belongs to the job whose clip it is. */
export const jobOf = ({ job }: Pick<StageContext, "job">): string => job.edit?.of ?? job.job_id;

/** The key under which all jobs find a result, and the one under which only the attempts of the same job do. */
export async function keysOf(
  context: Pick<StageContext, "job">,
  { stage, inputs }: Pick<Task, "stage" | "inputs">,
): Promise<{ shared: EntryKey; own: EntryKey }> {
  const code = await codeVersion();
  return {
    shared: keyOf(stage, { code, inputs }),
    own: keyOf(stage, { code, inputs, job: jobOf(context) }),
  };
}

/** What this machine has kept of a stage. @returns undefined where there is nothing that this job may take */
export async function lastTime<T>(
  context: StageContext,
  cache: StageCache,
  task: Task,
): Promise<T | undefined> {
  return (await keptUnder<T>(context, cache, await keysOf(context, task)))?.value;
}

async function keptUnder<T>(
  { dir }: StageContext,
  cache: StageCache,
  { shared, own }: Awaited<ReturnType<typeof keysOf>>,
): Promise<Kept<T> | undefined> {
  const stands = async ({ value, at }: Taken<Kept<T>>) =>
    value.standsMs === null || Date.now() - at < value.standsMs;
  return (await cache.take<Kept<T>>(shared, dir, stands)) ?? (await cache.take<Kept<T>>(own, dir));
}

/**
 * Does a stage's work, unless this machine has kept what comes of it, from whichever job; then what the user was told is told again.
 * @param work is given the context to work in
 */
export async function once<T>(
  context: StageContext,
  cache: StageCache,
  task: Task,
  work: (context: StageContext) => Promise<Done<T>>,
): Promise<{ value: T; reused: boolean }> {
  const { signal } = context;
  const { shared, own } = await keysOf(context, task);
  const onWait = () => context.progress(0, task.waiting ?? "Waiting for another job that does the same work");
  return cache.alone([shared], { signal, onWait }, async () => {
    const before = await keptUnder<T>(context, cache, { shared, own });
    if (before) {
      for (const notice of before.notices) context.notice(notice);
      return { value: before.value, reused: true };
    }
    const notices: string[] = [];
    const {
      value,
      standsMs = Number.POSITIVE_INFINITY,
      inputs,
    } = await work({
      ...context,
      notice: (text) => {
        notices.push(text);
        context.notice(text);
      },
    });
    const keys = inputs === undefined ? { shared, own } : await keysOf(context, { ...task, inputs });
    const stands = Number.isFinite(standsMs) ? standsMs : null;
    if (standsMs > 0) await cache.keep(keys.shared, { value, notices, standsMs: stands });
    // its own job takes it at any time
    if (stands !== null) await cache.keep(keys.own, { value, notices, standsMs: stands });
    return { value, reused: false };
  });
}

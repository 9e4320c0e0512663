import type { ErrorCode, JobState } from "../../packages/contract/src/index.ts";

/** What was observed in a run, in the order in which it happened. `now` is in ms; what it counts from does not matter. */
export type Fact =
  /** A create was answered with 2xx: from here on the job must not be lost. */
  | { is: "acked"; job: string; key: string; body: string }
  /** A retry by hand was answered with 2xx: a final job may move again, with a new budget of attempts. */
  | { is: "retried"; job: string }
  /** A job as it was seen; the views of one job are in the order in which one watcher got them. */
  | ({ is: "view"; job: string } & SeenJob)
  /** A paid launch began at a provider; from here on it costs money until it ended. */
  | { is: "launched"; job: string; epoch: number; launch: string; now: number }
  | { is: "ended"; launch: string; now: number }
  /** Two launches of one attempt may overlap for this one reason: it was found at once, and is being stopped since. */
  | { is: "stopping"; launch: string; now: number }
  /** A launch was told that the attempt is its own. */
  | { is: "claimed"; job: string; epoch: number; launch: string }
  /** An attempt that is not the current one had something written, other than that what it left was cleared away. */
  | { is: "overwritten"; job: string; epoch: number; current: number }
  /** The files that are listed for a job, looked at byte by byte. */
  | { is: "result"; job: string; epoch: number | null; files: SeenFile[] }
  /** An older copy of the store was put back: what is final may be on its way a second time. */
  | { is: "travelled" }
  /** Something is there after everything has ended, and no policy keeps it. */
  | { is: "left"; what: "process" | "launch" | "file" | "artifact" | "key" | "job"; name: string }
  /** How long somebody had to wait: for an answer (I15), or to be told what everybody knows (I10). */
  | { is: "waited"; id: "I10" | "I15"; on: string; ms: number; limitMs: number }
  /** What only the observer could judge. */
  | ({ is: "broken" } & Violation);

export interface SeenJob {
  version: number;
  state: JobState;
  /** Of its current attempt. */
  epoch: number;
  progress: number;
  /** Whether it claims to be done: what people see as 100 %. */
  done: boolean;
  error: string | null;
  error_code: ErrorCode | string | null;
  error_action: string | null;
  stage: string | null;
}

export interface SeenFile {
  name: string;
  /** sha256 that the manifest lists. */
  listed: string;
  /** sha256 of the bytes that were there; null: no such file. */
  found: string | null;
  /** The attempt that made it, where the file tells. */
  epoch: number | null;
}

export interface Violation {
  id: "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8" | "I9" | "I10" | "I14" | "I15";
  job: string | null;
  text: string;
}

interface Options {
  /** Whether the run is over, so that every job must have come to its end. */
  over?: boolean;
  maxAttempts?: number;
  /** How long a second launch of one attempt may live after it was found: two sweeps. */
  overlapMs?: number;
}

interface Watched {
  last: SeenJob | undefined;
  /** The first final view since the last retry by hand. */
  ended: SeenJob | undefined;
  /** That it had been final before an older store was put back. */
  endedBefore: SeenJob | undefined;
  /** What it failed of before it was retried by hand, or an older store put back: where a copy from then is put back, that is its end again. */
  failures: Set<string>;
  resultHash: string | undefined;
  launches: number;
}

const MAX_ATTEMPTS = 3;
const isFinalState = (state: JobState) =>
  state === "SUCCEEDED" || state === "FAILED" || state === "CANCELLED";

/**
 * Everything in a history that must never be, whatever died, stood still, came late or came twice. The same function judges the
 * simulation, tests on real stores, and runs with killed processes. Pure.
 */
export function checkInvariants(history: readonly Fact[], options: Options = {}): Violation[] {
  const { over = true, maxAttempts = MAX_ATTEMPTS, overlapMs = 120_000 } = options;
  const violations: Violation[] = [];
  const wrong = (id: Violation["id"], job: string | null, text: string) => violations.push({ id, job, text });
  const acked = new Set<string>();
  const keys = new Map<string, { job: string; body: string }>();
  const jobs = new Map<string, Watched>();
  const live = new Map<
    string,
    { job: string; epoch: number; stoppingSince: number | null; forgotten: boolean }
  >();
  const paid = new Map<string, number>();
  const claims = new Map<string, string>();

  const jobOf = (id: string): Watched => {
    let job = jobs.get(id);
    if (!job) {
      job = {
        last: undefined,
        ended: undefined,
        endedBefore: undefined,
        failures: new Set(),
        resultHash: undefined,
        launches: 0,
      };
      jobs.set(id, job);
    }
    return job;
  };

  for (const fact of history) {
    switch (fact.is) {
      case "acked": {
        acked.add(fact.job);
        const first = keys.get(fact.key);
        if (!first) keys.set(fact.key, { job: fact.job, body: fact.body });
        else if (first.job !== fact.job)
          wrong("I6", fact.job, `one Idempotency-Key made two jobs, the other is ${first.job}`);
        else if (first.body !== fact.body)
          wrong("I6", fact.job, "an Idempotency-Key was accepted with another body");
        break;
      }
      case "retried": {
        const job = jobOf(fact.job);
        job.failures.add(job.last?.error ?? "");
        job.ended = undefined;
        job.endedBefore = undefined;
        job.launches = 0;
        break;
      }
      case "view":
        checkView(fact.job, jobOf(fact.job), fact, wrong);
        break;
      case "launched": {
        const job = jobOf(fact.job);
        const attempt = `${fact.job} ${fact.epoch}`;
        job.launches++;
        const times = (paid.get(attempt) ?? 0) + 1;
        paid.set(attempt, times);
        if (times > 1) wrong("I5", fact.job, `attempt ${fact.epoch} was paid ${times} times`);
        if (job.launches > maxAttempts)
          wrong("I4", fact.job, `launched ${job.launches} times, ${maxAttempts} are allowed`);
        for (const other of live.values())
          if (
            other.job === fact.job &&
            other.epoch === fact.epoch &&
            other.stoppingSince === null &&
            !other.forgotten
          )
            wrong("I4", fact.job, `attempt ${fact.epoch} has two launches that live`);
        live.set(fact.launch, { job: fact.job, epoch: fact.epoch, stoppingSince: null, forgotten: false });
        break;
      }
      case "stopping": {
        const launch = live.get(fact.launch);
        if (launch) launch.stoppingSince ??= fact.now;
        break;
      }
      case "ended": {
        const launch = live.get(fact.launch);
        if (!launch) break;
        const lived = launch.stoppingSince === null ? 0 : fact.now - launch.stoppingSince;
        if (lived > overlapMs)
          wrong("I4", launch.job, `a launch went on for ${Math.round(lived / 1000)} s after it was to stop`);
        live.delete(fact.launch);
        break;
      }
      case "claimed": {
        const attempt = `${fact.job} ${fact.epoch}`;
        const first = claims.get(attempt) ?? fact.launch;
        claims.set(attempt, first);
        if (first !== fact.launch) wrong("I3", fact.job, `attempt ${fact.epoch} was claimed by two launches`);
        break;
      }
      case "overwritten":
        wrong("I3", fact.job, `attempt ${fact.epoch} wrote although ${fact.current} is the current one`);
        break;
      case "result":
        checkResult(fact.job, jobOf(fact.job), fact, wrong);
        break;
      case "travelled":
        // what the store has forgotten may be done again, but comes to the same end where clips were published
        paid.clear();
        claims.clear();
        for (const launch of live.values()) launch.forgotten = true;
        for (const job of jobs.values()) {
          job.endedBefore = job.ended ?? job.endedBefore;
          if (job.ended?.state === "FAILED") job.failures.add(job.ended.error ?? "");
          job.ended = undefined;
          job.last = undefined;
          job.launches = 0;
        }
        break;
      case "left":
        wrong("I14", null, `a ${fact.what} is left: ${fact.name}`);
        break;
      case "broken":
        wrong(fact.id, fact.job, fact.text);
        break;
      case "waited":
        if (fact.ms > fact.limitMs)
          wrong(
            fact.id,
            null,
            `${fact.on} took ${(fact.ms / 1000).toFixed(1)} s, ${fact.limitMs / 1000} s are allowed`,
          );
        break;
    }
  }

  if (!over) return violations;
  for (const id of acked) {
    const job = jobs.get(id);
    if (!job?.last) wrong("I1", id, "was acked and never seen");
    else if (!isFinalState(job.last.state)) wrong("I1", id, `was left ${job.last.state}`);
  }
  for (const [id, { endedBefore, last, ended, failures, resultHash }] of jobs) {
    // somebody may have cancelled it while nobody remembered that it was done
    if (endedBefore?.state === "SUCCEEDED" && last?.state === "FAILED" && !failures.has(last.error ?? ""))
      wrong("I2", id, `had succeeded before an older store was put back, and is ${last.state} now`);
    if (ended?.state === "SUCCEEDED" && resultHash === undefined && anyResults(history))
      wrong("I7", id, "succeeded and has no result");
  }
  for (const [launch, { job, epoch }] of live)
    wrong("I14", job, `launch ${launch} of attempt ${epoch} never ended`);
  return violations;
}

type Wrong = (id: Violation["id"], job: string | null, text: string) => void;

function checkView(id: string, job: Watched, view: SeenJob, wrong: Wrong): void {
  const { last, ended } = job;
  const final = isFinalState(view.state);
  if (ended) {
    if (view.state !== ended.state || view.error !== ended.error || view.error_code !== ended.error_code)
      wrong("I2", id, `was ${ended.state} and became ${view.state} (${view.error_code ?? "no error"})`);
  } else if (final) {
    job.ended = view;
    checkEnding(id, view, wrong);
  }
  if (view.done && !final) wrong("I9", id, `shows 100 % while ${view.state}`);
  if (view.state === "SUCCEEDED" && view.progress !== 100) wrong("I9", id, `succeeded at ${view.progress} %`);
  if (last) {
    if (view.version < last.version)
      wrong("I2", id, `went back from version ${last.version} to ${view.version}`);
    if (view.epoch < last.epoch) wrong("I3", id, `went back from attempt ${last.epoch} to ${view.epoch}`);
    if (view.epoch === last.epoch && view.progress < last.progress)
      wrong("I9", id, `went back from ${last.progress} % to ${view.progress} % in attempt ${view.epoch}`);
  }
  job.last = view;
}

function checkEnding(id: string, view: SeenJob, wrong: Wrong): void {
  if (view.state === "SUCCEEDED") {
    if (view.error !== null || view.error_code !== null) wrong("I8", id, "succeeded with an error");
    return;
  }
  const missing = [
    !view.error_code && "code",
    !view.error && "sentence",
    !view.error_action && "what to do",
    !view.stage && "stage",
  ].filter(Boolean);
  if (missing.length > 0) wrong("I8", id, `ended ${view.state} without ${missing.join(", ")}`);
}

function checkResult(
  id: string,
  job: Watched,
  { epoch, files }: Extract<Fact, { is: "result" }>,
  wrong: Wrong,
): void {
  for (const { name, listed, found, epoch: made } of files) {
    if (found === null) wrong("I7", id, `${name} is listed and not there`);
    else if (found !== listed) wrong("I7", id, `${name} is not the file that the manifest lists`);
    else if (epoch !== null && made !== null && made !== epoch)
      wrong("I3", id, `${name} was made by attempt ${made}, attempt ${epoch} succeeded`);
  }
  const hash = files
    .map(({ name, listed }) => `${name} ${listed}`)
    .sort()
    .join("\n");
  if (job.resultHash !== undefined && job.resultHash !== hash)
    wrong("I2", id, "its files are others than they were");
  job.resultHash = hash;
}

const anyResults = (history: readonly Fact[]) => history.some(({ is }) => is === "result");

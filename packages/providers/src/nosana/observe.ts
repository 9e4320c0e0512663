import { tailOf } from "../launch.ts";
import type { ExitReason, Observation } from "../provider.ts";
import type { Deployment, JobDetail, JobResult, ListedJob } from "./answers.ts";
import { WORKER_OP } from "./job.ts";

/** The node sends its result after the job has ended, and tries for about 40 s; then it is lost. */
const RESULT_MS = 60_000;

export const isOver = ({ state }: Pick<ListedJob, "state">) => state === "COMPLETED" || state === "STOPPED";
/** A job never goes back: where two answers differ, the one that is further is newer. */
const RANK = { QUEUED: 0, RUNNING: 1, COMPLETED: 2, STOPPED: 2 };

/** Of several jobs of one deployment the one that counts: what runs, else what waits, else the newest. Given newest first. */
export function jobThatCounts(jobs: readonly ListedJob[]): ListedJob | undefined {
  return (
    jobs.find(({ state }) => state === "RUNNING") ?? jobs.find(({ state }) => state === "QUEUED") ?? jobs[0]
  );
}

/** What to say of a deployment for which no job is known (yet). @param trouble the newest sign of it among its events */
export function withoutJob({ status }: Deployment, market: string, trouble: string | undefined): Observation {
  switch (status) {
    case "STOPPING":
      return { phase: "stopping" };
    case "STOPPED":
      return { phase: "exited", exitCode: null, reason: "cancelled", ...(trouble && { message: trouble }) };
    case "INSUFFICIENT_FUNDS":
      return {
        phase: "blocked",
        reason: "funds",
        message: "Nosana waits for credits: top up at https://deploy.nosana.com",
      };
    case "ERROR":
      return { phase: "blocked", reason: "infra", message: trouble ?? "Nosana could not list the job" };
    case "RUNNING":
      return { phase: "queued", message: trouble ?? `Nosana lists the job in ${market}` };
    default:
      return { phase: "starting", ...(trouble && { message: trouble }) };
  }
}

export interface JobSeen {
  deployment: Deployment;
  job: ListedJob;
  /** undefined: not to be had (yet) */
  detail: JobDetail | undefined;
  /** Its result is too large to be read. */
  tooLarge?: boolean;
  /** The market's name. */
  market: string;
  usdPerHour: number | null | undefined;
  /** In the service's time (ms since 1970). */
  now: number;
}

/** What to say of a deployment whose job is known. */
export function withJob(seen: JobSeen): Observation {
  const { deployment, job, detail, market, now } = seen;
  const further = detail && RANK[detail.state] > RANK[job.state] ? detail.state : job.state;
  // a stopped deployment has no job left, whatever else was written down last
  const over = deployment.status === "STOPPED" && RANK[further] < RANK.COMPLETED;
  const state = over ? (detail?.jobResult ? "COMPLETED" : "STOPPED") : further;
  const going = deployment.status === "STOPPING" ? "stopping" : undefined;
  const since = detail?.listedAt ?? job.created_at;
  if (state === "QUEUED") {
    const message = `In the queue of ${market}${since ? ` since ${new Date(since).toISOString()}` : ""}`;
    return { phase: going ?? "queued", message };
  }
  const times = timesOf(seen, state !== "RUNNING");
  if (state === "RUNNING")
    return { phase: going ?? "running", ...times, ...costOf(seen, times.startedAt, now) };
  const { endedAt } = times;
  const result = detail?.jobResult ?? null;
  const mayCome = state === "COMPLETED" && !result && !seen.tooLarge;
  if (mayCome && endedAt !== undefined && now - endedAt < RESULT_MS)
    return { phase: "stopping", ...times, message: "The node has yet to send its result" };
  const end = seen.tooLarge
    ? { exitCode: null, reason: "lost" as const, message: "The node's result is too large to be read" }
    : endOf(result, state === "STOPPED");
  return { phase: "exited", ...end, ...times, ...costOf(seen, times.startedAt, endedAt) };
}

/** Why it ended: the first reason that applies. An ended deployment says nothing of success, only its job's result does. */
function endOf(
  result: JobResult | null,
  stopped: boolean,
): Pick<Observation, "exitCode" | "reason" | "message"> {
  const op = result ? opOf(result) : undefined;
  // a confidential job's operations may be kept back: then the whole counts
  const exitCode = op ? (op.exitCode ?? null) : result?.status === "success" ? 0 : null;
  const { jobExpired, hostShutDown, jobStopped } = op?.diagnostics?.reason ?? {};
  if (jobExpired) return { exitCode, reason: "timeout", message: "It reached its time-out on Nosana" };
  if (hostShutDown) return { exitCode, reason: "evicted", message: "The node was shut down" };
  if (jobStopped || stopped) return { exitCode, reason: "cancelled" };
  if (exitCode === 0) return { exitCode, reason: "completed" };
  const said = op?.error && plain(op.error.message);
  if (exitCode === null)
    return said
      ? { exitCode, reason: failureOf(said), message: said }
      : { exitCode, reason: "lost", message: "The node went away without a result" };
  const outOfMemory = op?.diagnostics?.state?.OOMKilled ?? false;
  return { exitCode, reason: outOfMemory ? "oom" : "error", ...(said && { message: said }) };
}

/** Words of a stranger, as one line that may be shown. */
export const plain = (text: string) => tailOf(text.replaceAll("\n", " "), 1).slice(0, 300);

/** A container that never ran has no exit code, only the node's words. */
const failureOf = (said: string): ExitReason =>
  /pull|image|manifest (unknown|for)|registry|no space left/i.test(said) ? "image" : "infra";

/** The worker's part of a result. */
export const opOf = <T extends { operationId?: string | null | undefined }>({
  opStates,
}: {
  opStates: T[];
}): T | undefined => opStates.find(({ operationId }) => operationId === WORKER_OP) ?? opStates.at(-1);

function timesOf(
  { job, detail }: JobSeen,
  over: boolean,
): Pick<Observation, "startedAt" | "endedAt" | "node"> {
  const startedAt = detail?.timeStart;
  const ended = over ? (detail?.timeEnd ?? job.updated_at) : undefined;
  // the chain counts in seconds, lists in ms: an end is never before its beginning
  const endedAt = ended !== undefined ? Math.max(ended, startedAt ?? 0) : undefined;
  return {
    ...(detail?.node && { node: detail.node }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
  };
}

/** Price by time: what the market asks now, which is what it asked when the job was listed unless it changed in between. */
function costOf({ usdPerHour }: JobSeen, from: number | undefined, to: number | undefined): { usd?: number } {
  if (usdPerHour === null || usdPerHour === undefined || to === undefined) return {};
  if (from === undefined) return {};
  return { usd: Math.round((Math.max(0, to - from) / 3_600_000) * usdPerHour * 1e6) / 1e6 };
}

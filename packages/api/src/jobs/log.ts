import type { LogLine } from "@kangklip/contract";
import { type Attempt, currentAttempt, isFinal, type Job, type LogEntry } from "./job.ts";

// what happened to a job, in words for whoever owns it; all pure. decide() is the only writer, so nothing happens that is not told here

export const MAX_LOG_LINES = 100;
/** Letters of one line: the record is written with each sign of life. */
const MAX_TEXT = 200;

/** The first line of a job. */
export const begun = (now: number): LogEntry => line(now, "info", "The job was made");

/** The job with what was made of it written down. `before`: as it was. */
export function withLog(before: Job, after: Job, now: number): Job {
  const news = newsOf(before, after, now);
  return news.length === 0 ? after : { ...after, log: news.reduce(withLine, after.log) };
}

/** The lines as people see them, oldest first. */
export const linesOf = ({ log }: Pick<Job, "log">): LogLine[] =>
  log.map(({ at, epoch, stage, level, text }) => ({
    at: new Date(at).toISOString(),
    ...{ epoch, stage, level, text },
  }));

/**
 * A line that says the same as an earlier one of its attempt and stage takes that one's place. Of progress, and of a place that refuses again
 * and again, figures do not count: that is one line with its newest time. Where there are too many, progress goes before all else.
 */
function withLine(log: readonly LogEntry[], next: LogEntry): LogEntry[] {
  const isRepeated = next.said === true || (next.level === "warn" && next.stage === null);
  const isSame = (one: LogEntry) =>
    one.epoch === next.epoch &&
    one.stage === next.stage &&
    one.level === next.level &&
    (one.text === next.text || (isRepeated && shape(one.text) === shape(next.text)));
  const lines = [...log.filter((one) => !isSame(one)), next];
  if (lines.length <= MAX_LOG_LINES) return lines;
  const said = lines.findIndex((one) => one.said);
  return lines.toSpliced(Math.max(0, said), 1);
}

const shape = (text: string) => text.replace(/\d+/g, "#");

function newsOf(before: Job, after: Job, now: number): LogEntry[] {
  const { epoch } = currentAttempt(after);
  const here = { epoch, stage: after.state === "RUNNING" ? after.stage : null };
  return [
    ...after.attempts.flatMap((attempt) => attemptNews(before, after, attempt, now)),
    ...stageNews(before, after, now),
    ...after.notices
      .filter((notice) => !before.notices.includes(notice))
      .map((notice) => line(now, "warn", notice, here)),
    ...(after.start_error !== null && after.start_error !== before.start_error && !isFinal(after)
      ? [line(now, "warn", after.start_error, { epoch })]
      : []),
    ...after.ready
      .filter(({ clip_file }) => !before.ready.some((known) => known.clip_file === clip_file))
      .map(({ index }) => line(now, "info", `Clip ${index} can be watched`, here)),
    ...said(before, after, now),
    ...stateNews(before, after, now),
  ];
}

function attemptNews(before: Job, after: Job, attempt: Attempt, now: number): LogEntry[] {
  const { epoch, state, provider, node, offer, reason, outcome, ended_because } = attempt;
  const was = before.attempts.find((one) => one.epoch === epoch);
  const tell = (text: string, level: LogEntry["level"] = "info") => [line(now, level, text, { epoch })];
  if (!was) return tell(`Attempt ${epoch} is planned`);
  if (was.state === state)
    return node !== null && node !== was.node && state !== "FINISHED" ? tell(`It runs on ${node}`) : [];
  switch (state) {
    case "PLANNED": // it was refused, or its place is being made ready
      return after.start_error === null ? [] : tell(after.start_error, "warn");
    case "SUBMITTING": {
      const place = offer === null ? "" : `: ${offer.label}`;
      return tell(`Asked ${provider} for a place${place}${reason === null ? "" : ` (${reason})`}`);
    }
    case "SUBMITTED":
      return tell(`${provider} has taken the work and starts its worker`);
    case "CLAIMED":
      return tell(node === null ? "The worker has begun" : `The worker has begun on ${node}`);
    case "FINISHED":
      if (outcome === "succeeded" || isFinal(after)) return []; // the end of the job says the same
      return tell(`Attempt ${epoch} ended (${outcome}): ${ended_because ?? "no reason is known"}`, "warn");
  }
}

function stageNews(before: Job, after: Job, now: number): LogEntry[] {
  const { epoch } = currentAttempt(after);
  const { stage } = after;
  const at = after.stage_started_at[stage];
  const known = epoch === currentAttempt(before).epoch ? before.stage_started_at[stage] : undefined;
  return at === undefined || at === known ? [] : [line(now, "info", `${stage} began`, { epoch, stage })];
}

/** How far it is. What other messages say stands in lines of their own. */
function said(before: Job, after: Job, now: number): LogEntry[] {
  const { message, state, stage, start_error } = after;
  const waits = (state === "QUEUED" || state === "STARTING") && start_error === null;
  if (message === null || message === before.message || !(waits || state === "RUNNING")) return [];
  const where = { epoch: currentAttempt(after).epoch, stage: waits ? null : stage };
  return [{ ...line(now, "info", message, where), said: true }];
}

function stateNews(before: Job, after: Job, now: number): LogEntry[] {
  if (before.state === after.state) return [];
  const { epoch } = currentAttempt(after);
  const tell = (text: string, level: LogEntry["level"] = "info") => [line(now, level, text, { epoch })];
  switch (after.state) {
    case "QUEUED":
      return isFinal(before) ? tell("Somebody started the job again") : [];
    case "CANCELLING":
      return tell("Somebody wants the job stopped");
    case "COMMITTING":
      return tell("The worker is done; its files are checked and published");
    case "SUCCEEDED":
      return tell("The clips are there");
    case "CANCELLED":
      return tell("The job was cancelled", "warn");
    case "FAILED":
      return tell(`The job failed (${after.error_code}): ${after.error}`, "error");
    default:
      return []; // its attempt says it
  }
}

function line(
  at: number,
  level: LogEntry["level"],
  text: string,
  where: Partial<Pick<LogEntry, "epoch" | "stage">> = {},
): LogEntry {
  const short = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .slice(0, MAX_TEXT)
    .toWellFormed();
  return { at, epoch: null, stage: null, ...where, level, text: short };
}

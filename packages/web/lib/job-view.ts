import { isEnded, type JobView, STAGES, type Stage } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";
import { roughSpanText, sinceMs } from "./time.ts";

/** What a stage is called. Pure. */
export const stageName = (t: Translate, stage: Stage): string => t(`job.stage.${stage}.name`);

const epochOf = (view: JobView) => view.attempts.at(-1)?.epoch ?? 0;

/**
 * The newer of two views of one job: what arrives late changes nothing. Within an attempt progress never goes back,
 * whatever order polls and events come in. Pure.
 */
export function newerView(current: JobView | undefined, next: JobView): JobView {
  if (!current || current.job_id !== next.job_id) return next;
  if (next.version < current.version) return current;
  if (next.version === current.version) {
    // what a view says besides the job's own record: signs of life, and the source for whoever shows the token
    const same = next.stalled === current.stalled && (next.source === null) === (current.source === null);
    return same ? current : next;
  }
  if (epochOf(next) !== epochOf(current)) return next;
  const stepsBack = next.progress < current.progress;
  return stepsBack ? { ...next, progress: current.progress } : next;
}

/** Whether the job's fee is on its way, to or fro: also of a job that has ended, there is news to come. Pure. */
export const feeMoves = ({ fee }: JobView): boolean =>
  fee !== null && ["DUE", "SENDING", "REFUNDING"].includes(fee.state);

export interface StageRow {
  stage: Stage;
  state: "done" | "now" | "todo" | "failed" | "stopped";
  /** 0..1 */
  fraction: number;
  /** How long the stage has taken so far; null before it began. */
  seconds: number | null;
}

/** The six stages as the page draws them. `nowMs`: the page's clock, milliseconds since 1970. Pure. */
export function stageRows(view: JobView, nowMs: number): StageRow[] {
  const failed = view.status === "FAILED";
  // an ended job shows DONE as its stage, also one that ended badly: where that was is told apart
  const reached = failed ? view.failed_stage : view.stage;
  const present = reached === "DONE" ? STAGES.length : reached ? STAGES.indexOf(reached) : -1;
  const working = ["RUNNING", "CANCELLING", "COMMITTING"].includes(view.state) && view.started_at !== null;
  return STAGES.map((stage, index) => {
    const started = view.stage_started_at[stage];
    const after = STAGES.slice(index + 1).find((later) => view.stage_started_at[later]);
    const until = (after && view.stage_started_at[after]) || view.ended_at;
    const seconds = started ? sinceMs(started, until ? Date.parse(until) : nowMs) / 1000 : null;
    if (failed && index === present)
      return {
        stage,
        state: view.state === "CANCELLED" ? "stopped" : "failed",
        fraction: view.stage_progress,
        seconds,
      };
    if (index < present) return { stage, state: "done", fraction: 1, seconds };
    if (index > present || !working) return { stage, state: "todo", fraction: 0, seconds: null };
    return { stage, state: "now", fraction: view.stage_progress, seconds };
  });
}

/** What a job is called: its source's title, else where the source is from, for whoever may see that. Pure. */
export function nameOf(t: Translate, view: Pick<JobView, "source" | "status">): string {
  const { source } = view;
  if (source?.title) return source.title;
  if (source && URL.canParse(source.url)) return t("job.name.host", { host: new URL(source.url).hostname });
  if (source) return source.url; // an upload: its file name
  return isEnded(view.status) ? t("job.name.ended") : t("job.name.making");
}

/** What happens with the job, in a few words. Pure. */
export function headline(t: Translate, view: JobView): string {
  switch (view.state) {
    case "QUEUED":
      return feeMoves(view) ? t("job.headline.fee") : t("job.headline.queued");
    case "STARTING":
      return t("job.headline.starting");
    case "RUNNING":
      return view.stage === "DONE" ? t("job.headline.finishing") : t(`job.stage.${view.stage}.doing`);
    case "RETRYING":
      return t("job.headline.retrying");
    case "CANCELLING":
      return t("job.headline.cancelling");
    case "COMMITTING":
      return t("job.headline.committing");
    case "SUCCEEDED":
      return t("job.headline.succeeded");
    case "FAILED":
      return t("job.headline.failed");
    case "CANCELLED":
      return t("job.headline.cancelled");
  }
}

/** The browser tab's title: it says how far the job is while the tab is in the back. Pure. */
export function tabTitle(t: Translate, view: JobView | undefined): string {
  const said = !view
    ? t("job.meta")
    : isEnded(view.status)
      ? headline(t, view)
      : t("job.tab", { percent: view.progress, headline: headline(t, view) });
  return `${said} · KangKlip`;
}

/**
 * What is left of the present stage, judged by its own pace so far; null while that would be a guess.
 * Rounded up coarsely, so that it does not jump about. Pure.
 */
export function remainingText(t: Translate, view: JobView, nowMs: number): string | null {
  if (view.state !== "RUNNING" || view.stage === "DONE" || view.stalled) return null;
  const started = view.stage_started_at[view.stage];
  if (!started || view.stage_progress < 0.08 || view.stage_progress >= 1) return null;
  const elapsed = sinceMs(started, nowMs) / 1000;
  if (elapsed < 4) return null;
  const left = (elapsed * (1 - view.stage_progress)) / view.stage_progress;
  return t("job.left.stage", { span: roughSpanText(t, left) });
}

/** Seconds since the job was asked for, until it ended or now. Pure. */
export function elapsedSeconds(view: JobView, nowMs: number): number {
  return sinceMs(view.created_at, view.ended_at ? Date.parse(view.ended_at) : nowMs) / 1000;
}

/** Everything a maintainer asks for first, and nothing that is anybody's secret: no token, no source address. Pure. */
export function diagnostics(view: JobView, about: { version: string | undefined; browser: string }): string {
  const { job_id, state, stage, failed_stage, progress, error_code, error, start_error, notices } = view;
  return JSON.stringify(
    {
      kangklip: about.version,
      browser: about.browser,
      job_id,
      state,
      stage: failed_stage ?? stage,
      progress,
      error_code,
      error,
      start_error,
      created_at: view.created_at,
      ended_at: view.ended_at,
      request: view.request,
      source_seconds: view.source?.seconds ?? null,
      attempts: view.attempts,
      usd: view.usd,
      notices,
    },
    null,
    2,
  );
}

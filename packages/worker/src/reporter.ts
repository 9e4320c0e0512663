import { type JobSpec, KangKlipError, type Pulse, type Report, type Stage } from "@kangklip/contract";
import type { ApiClient } from "./api-client.ts";

export type Reporter = ReturnType<typeof createReporter>;

/** At most one progress report in this time; the newest one wins. While the API is away it is asked less often. */
const PROGRESS_MS = 500;
const AWAY_MS = 2000;

interface ReporterOptions {
  api: Pick<ApiClient, "heartbeat" | "report">;
  job: Pick<JobSpec, "job_id" | "epoch">;
  heartbeatSeconds: number;
  /** Called once when the attempt must stop: cancelled, or fenced by a later attempt. */
  onStop: (reason: KangKlipError) => void;
  log: (event: string, fields?: Record<string, unknown>) => void;
}

type Progress = Extract<Report, { status: "RUNNING" }>;
type Said = Pick<Progress, "stage" | "stage_progress" | "message">;
type Found = Pick<Progress, "source_title" | "source_seconds">;

/**
 * Tells the API how the work goes, and hears from it whether to go on. Progress is thinned out, numbered and never goes back;
 * notices are never lost while the attempt lives. A heartbeat comes from a timer of its own.
 */
export function createReporter({ api, job, heartbeatSeconds, onStop, log }: ReporterOptions) {
  let seq = 0;
  let now: Said = { stage: "DOWNLOAD", stage_progress: 0, message: null };
  let found: Found = {};
  const notices: string[] = [];
  let dirty = false;
  let sending = Promise.resolve();
  let busy = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let away = false;
  let ending = false;

  const stop = (reason: KangKlipError) => {
    if (stopped) return;
    stopped = true;
    onStop(reason);
  };
  const listen = (pulse: Pulse) => {
    if (away) log("the API answers again");
    away = false;
    if (pulse.cancel) stop(new KangKlipError("CANCELLED", "cancelled"));
  };
  const failed = (error: unknown) => {
    if (error instanceof KangKlipError && ["FENCED", "UNAUTHORIZED", "NOT_FOUND"].includes(error.code))
      return stop(new KangKlipError("FENCED", error.message, { cause: error }));
    if (!away) log("the API did not take a message; the work goes on", { error: String(error) });
    away = true;
  };

  /** Sends what is new. @returns whether it was taken; false too where there is nothing to say any more */
  async function flush(patient: boolean): Promise<boolean> {
    if (!dirty || stopped) return false;
    dirty = false;
    const [notice] = notices;
    const report = { status: "RUNNING", ...job, seq: ++seq, ...now, ...found, notice } as const;
    try {
      listen(await api.report(report, { patient }));
      if (notice !== undefined) notices.shift(); // one that came meanwhile was not sent yet
      if (notices.length > 0) dirty = true;
      return true;
    } catch (error) {
      dirty = true;
      failed(error);
      return false;
    }
  }
  const later = () => {
    dirty = true;
    if (busy || ending) return; // one at a time, and nothing after the last word: it would take its place
    const send = async () => {
      timer = undefined;
      busy = true;
      await flush(false);
      busy = false;
      if (dirty && !stopped) later();
    };
    timer ??= setTimeout(() => (sending = send()), away ? AWAY_MS : PROGRESS_MS);
  };

  const heart = setInterval(() => {
    api.heartbeat({ job_id: job.job_id, epoch: job.epoch }).then(listen, failed);
  }, heartbeatSeconds * 1000);
  const quiet = () => {
    ending = true;
    clearInterval(heart);
    clearTimeout(timer);
  };

  return {
    stage: () => now.stage,
    enter(stage: Stage): void {
      now = { stage, stage_progress: 0, message: null };
      later();
    },
    progress(fraction: number, message?: string): void {
      const stage_progress = Math.max(
        now.stage_progress,
        Math.min(1, Number.isFinite(fraction) ? fraction : 0),
      );
      now = { ...now, stage_progress, message: message?.slice(0, 300) ?? now.message };
      later();
    },
    notice(text: string): void {
      notices.push(text.slice(0, 500));
      later();
    },
    source(title: string | null, seconds: number): void {
      found = { source_title: title?.slice(0, 300), source_seconds: seconds };
      later();
    },
    /**
     * What was not told yet, then the last word; both are sent until they are taken.
     * @throws KangKlipError FENCED where nobody wants to hear it any more; or what `api.report` throws in the end.
     */
    async end(
      last:
        | { status: "SUCCEEDED"; manifest_sha256: string }
        | Omit<Extract<Report, { status: "FAILED" }>, "job_id" | "epoch" | "seq">,
    ) {
      quiet();
      await sending;
      while (await flush(true));
      await api.report({ ...job, seq: ++seq, ...last } as Report, { patient: true });
    },
    close: quiet,
  };
}

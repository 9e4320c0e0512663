import { type JobSpec, KangKlipError, type Pulse, type Report, type Stage } from "@kangklip/contract";
import type { ApiClient } from "./api-client.ts";

export type Reporter = ReturnType<typeof createReporter>;

/** At most one progress report in this time; the newest one wins. */
const PROGRESS_MS = 500;

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
  let sending: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const listen = (pulse: Pulse) => {
    if (pulse.cancel) stop(new KangKlipError("CANCELLED", "cancelled"));
  };
  const stop = (reason: KangKlipError) => {
    if (stopped) return;
    stopped = true;
    onStop(reason);
  };
  const failed = (error: unknown) => {
    if (error instanceof KangKlipError && ["FENCED", "UNAUTHORIZED", "NOT_FOUND"].includes(error.code))
      stop(new KangKlipError("FENCED", error.message, { cause: error }));
    else log("the API did not take a message; the work goes on", { error: String(error) });
  };

  async function flush(): Promise<void> {
    if (!dirty || stopped) return;
    dirty = false;
    const notice = notices.shift();
    const report = { status: "RUNNING", ...job, seq: ++seq, ...now, ...found, notice } as const;
    try {
      listen(await api.report(report, { patient: false }));
    } catch (error) {
      if (notice !== undefined) notices.unshift(notice);
      dirty = true;
      failed(error);
    }
    if (notices.length > 0) dirty = true;
  }
  const later = () => {
    dirty = true;
    timer ??= setTimeout(() => {
      timer = undefined;
      sending = sending.then(flush).then(() => {
        if (dirty) later();
      });
    }, PROGRESS_MS);
  };

  const heart = setInterval(() => {
    api.heartbeat({ job_id: job.job_id, epoch: job.epoch }).then(listen, failed);
  }, heartbeatSeconds * 1000);

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
    /** The last word; it is sent until it is taken. Progress that was not sent yet goes first, once. */
    async end(
      last:
        | { status: "SUCCEEDED"; manifest_sha256: string }
        | Omit<Extract<Report, { status: "FAILED" }>, "job_id" | "epoch" | "seq">,
    ) {
      clearInterval(heart);
      clearTimeout(timer);
      await sending;
      while (dirty && notices.length > 0 && !stopped) await flush();
      await api.report({ ...job, seq: ++seq, ...last } as Report, { patient: true });
    },
    close(): void {
      clearInterval(heart);
      clearTimeout(timer);
    },
  };
}

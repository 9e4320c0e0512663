import type { JobId, JobView } from "@kangklip/contract";
import { useEffect, useRef } from "react";
import { createLiveJob, type Hearing, type LiveJob, type Wish } from "../lib/live-jobs.ts";

interface LiveJobUse {
  circle: "owner" | "anyone" | null;
  wish: Wish;
  /** What this tab knows of the job, and whether it gets through to the API; other tabs are told. */
  view: JobView | undefined;
  through: boolean;
  /** Told a view that another tab heard of; the same function each time. */
  onView: (view: JobView) => void;
  /** Told how this tab hears of the job: the same function each time. */
  onHearing: (hearing: Hearing) => void;
}

/** Takes part in how all tabs of the browser hear of a job: see lib/live-jobs.ts. */
export function useLiveJob(jobId: JobId, use: LiveJobUse) {
  const { circle, wish, view, through, onView, onHearing } = use;
  const live = useRef<LiveJob>(null);
  useEffect(() => {
    const job = createLiveJob({
      ...{ jobId, circle, onView, onHearing },
      locks: navigator.locks, // missing on plain http
      openChannel: typeof BroadcastChannel === "undefined" ? undefined : (name) => new BroadcastChannel(name),
    });
    live.current = job;
    return () => {
      job.stop();
      onHearing("none");
    };
  }, [jobId, circle, onView, onHearing]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another job or circle is another `live.current`
  useEffect(() => live.current?.want(wish), [wish, jobId, circle, onView, onHearing]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same
  useEffect(() => live.current?.gets(through), [through, jobId, circle, onView, onHearing]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same
  useEffect(() => {
    if (view) live.current?.tell(view);
  }, [view, jobId, circle, onView, onHearing]);
}

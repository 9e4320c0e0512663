import { isEnded, type JobId, type JobView } from "@kangklip/contract";
import { skipToken } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { feeMoves, newerView } from "../lib/job-view.ts";
import type { Hearing } from "../lib/live-jobs.ts";
import { problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";
import { useJobToken } from "./use-job-token.ts";
import { useLiveJob } from "./use-live-job.ts";
import { useNow } from "./use-now.ts";
import { useSession } from "./use-session.ts";
import { useVisible } from "./use-visible.ts";

const POLL_MS = 3000;
const RETRY_MS = 500;
const RECONNECT_MS = 10_000;
const SILENT_MS = 15_000;

/**
 * One job, live. Events come over a stream that all tabs of the browser share; wherever there is neither a stream nor a tab that has
 * one, the job is asked for every 3 s, so a broken connection costs freshness and nothing else. A tab in the back lets others have the
 * stream, unless it is to say when the job is done (`notify`).
 */
export function useJob(jobId: JobId, { notify = false } = {}) {
  const utils = trpc.useUtils();
  const visible = useVisible();
  const hasToken = typeof useJobToken(jobId) === "string";
  const wallet = useSession()?.wallet ?? null;
  const [connected, setConnected] = useState(false);
  const [hearing, setHearing] = useState<Hearing>("none");
  const live = hearing === "others" || (hearing === "stream" && connected);

  const query = trpc.jobs.view.useQuery(
    { job_id: jobId },
    {
      structuralSharing: (current, next) => newerView(current as JobView | undefined, next as JobView),
      refetchInterval: ({ state }) => {
        if (live || (state.data && isEnded(state.data.status) && !feeMoves(state.data))) return false;
        return state.error && !problemOf(state.error).retryable ? false : POLL_MS;
      },
      refetchIntervalInBackground: true,
      refetchOnReconnect: "always",
      retryDelay: RETRY_MS, // whoever comes back from being offline sees how it is at once
    },
  );
  const view = query.data;
  const fails = query.failureCount > 0 || query.isError;
  const ended = view ? isEnded(view.status) : false;

  const wanted = view !== undefined && !ended;
  const wish = !wanted ? false : visible ? "front" : notify && "back";
  const onView = useCallback(
    (next: JobView) => void utils.jobs.view.setData({ job_id: jobId }, next),
    [utils, jobId],
  );
  useLiveJob(jobId, {
    circle: hasToken ? "owner" : wallet === null ? "anyone" : null,
    wish,
    view,
    through: connected || !fails,
    onView,
    onHearing: setHearing,
  });
  const streams = wanted && hearing === "stream";

  const askedAs = useRef(wallet);
  const { status, reset } = trpc.jobs.events.useSubscription(streams ? { job_id: jobId } : skipToken, {
    onData: ({ data }) => onView(data),
  });
  useEffect(() => {
    if (askedAs.current === wallet) return;
    askedAs.current = wallet; // a wallet may see more of its jobs
    void utils.jobs.invalidate();
    reset();
  }, [wallet, utils, reset]);
  useEffect(() => {
    setConnected(streams && status === "pending");
    const over = status === "error" || status === "idle"; // refused, or ended by a server that is going down
    if (!streams || !over) return;
    const timer = setTimeout(reset, RECONNECT_MS);
    return () => clearTimeout(timer);
  }, [status, streams, reset]);

  const feeState = view?.fee?.state;
  useEffect(() => {
    if (feeState) void utils.credits.balance.invalidate(); // it was taken, or given back
  }, [feeState, utils]);

  const now = useNow(!ended);
  const [since, setSince] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was not listened to was not silent
  useEffect(() => setSince(Date.now()), [visible, connected, hearing]);
  const heardAt = Math.max(query.dataUpdatedAt, since);
  const quiet = live && view?.state === "RUNNING" && now - heardAt > SILENT_MS;
  const offline = wanted && !live && fails;
  return {
    view,
    now,
    error: view ? null : query.error,
    /** The worker has not been heard of for more than 15 s. */
    stalled: !ended && ((view?.stalled ?? false) || quiet),
    /** Neither stream nor poll gets through at present. */
    offline,
    /** How the page hears of the job: at once, by asking every few seconds, or not at present. */
    link: offline ? ("offline" as const) : live ? ("live" as const) : ("polled" as const),
    reload: query.refetch,
  };
}

/** Cancel and retry, for whoever has the job's token. Both answer with the job's new view. */
export function useJobActions(jobId: JobId) {
  const utils = trpc.useUtils();
  const onSuccess = (view: JobView) => utils.jobs.view.setData({ job_id: jobId }, view);
  const cancel = trpc.jobs.cancel.useMutation({ onSuccess });
  const retry = trpc.jobs.retry.useMutation({ onSuccess });
  const claim = trpc.jobs.claim.useMutation({
    onSuccess: (view) => {
      onSuccess(view);
      void utils.jobs.mine.invalidate();
    },
  });
  return {
    /** Binds the job to the wallet that is signed in. */
    claim: () => claim.mutate({ job_id: jobId }),
    claiming: claim.isPending,
    cancel: () => cancel.mutate({ job_id: jobId }),
    cancelling: cancel.isPending,
    retry: () => retry.mutate({ job_id: jobId }),
    /** The same, and what is to be done once it has begun. */
    retryThen: (begun: () => void) => retry.mutate({ job_id: jobId }, { onSuccess: begun }),
    retrying: retry.isPending,
    error: cancel.error ?? retry.error ?? claim.error,
  };
}

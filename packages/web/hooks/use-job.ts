import { isEnded, type JobId, type JobView } from "@kangklip/contract";
import { skipToken } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { feeMoves, newerView } from "../lib/job-view.ts";
import { problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";
import { useNow } from "./use-now.ts";
import { useSession } from "./use-session.ts";
import { useVisible } from "./use-visible.ts";

const POLL_MS = 3000;
const RECONNECT_MS = 10_000;
const SILENT_MS = 15_000;

/**
 * One job, live. Events come over a stream while the tab is in front; whenever there is no stream, the job is asked for every
 * 3 s, so a broken connection costs freshness and nothing else. (A tab in the back gives its stream up: browsers allow six
 * connections to one address, and many tabs would use them up.)
 */
export function useJob(jobId: JobId) {
  const utils = trpc.useUtils();
  const visible = useVisible();
  const [streaming, setStreaming] = useState(false);
  const live = streaming && visible;

  const query = trpc.jobs.view.useQuery(
    { job_id: jobId },
    {
      structuralSharing: (current, next) => newerView(current as JobView | undefined, next as JobView),
      refetchInterval: ({ state }) => {
        if (live || (state.data && isEnded(state.data.status) && !feeMoves(state.data))) return false;
        return state.error && !problemOf(state.error).retryable ? false : POLL_MS;
      },
      refetchIntervalInBackground: true,
    },
  );
  const view = query.data;
  const ended = view ? isEnded(view.status) : false;

  const wanted = visible && view !== undefined && !ended;
  const wallet = useSession()?.wallet;
  const askedAs = useRef(wallet);
  const { status, reset } = trpc.jobs.events.useSubscription(wanted ? { job_id: jobId } : skipToken, {
    onData: ({ data }) => utils.jobs.view.setData({ job_id: jobId }, data),
  });
  useEffect(() => {
    if (askedAs.current === wallet) return;
    askedAs.current = wallet; // a wallet may see more of its jobs
    void utils.jobs.invalidate();
    reset();
  }, [wallet, utils, reset]);
  useEffect(() => {
    setStreaming(status === "pending");
    const over = status === "error" || status === "idle"; // refused, or ended by a server that is going down
    if (!wanted || !over) return;
    const timer = setTimeout(reset, RECONNECT_MS);
    return () => clearTimeout(timer);
  }, [status, wanted, reset]);

  const feeState = view?.fee?.state;
  useEffect(() => {
    if (feeState) void utils.credits.balance.invalidate(); // it was taken, or given back
  }, [feeState, utils]);

  const now = useNow(!ended);
  const quiet = live && view?.state === "RUNNING" && now - query.dataUpdatedAt > SILENT_MS;
  return {
    view,
    now,
    error: view ? null : query.error,
    /** The worker has not been heard of for more than 15 s. */
    stalled: !ended && ((view?.stalled ?? false) || quiet),
    /** Neither stream nor poll gets through at present. */
    offline: !ended && !live && view !== undefined && query.failureCount > 0,
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

import { isEnded, type JobId } from "@kangklip/contract";
import { useSyncExternalStore } from "react";
import { knownJobs, newestJobs, onTokenChange, storageKeys } from "../lib/job-token.ts";
import { trpc } from "../lib/trpc.ts";
import { useSession } from "./use-session.ts";

const SHOWN = 4;
const POLL_MS = 5000;
const SEPARATOR = "\n";

/** The jobs that this browser has tokens of, newest first. */
export function useKeptJobs(): JobId[] {
  const ids = useSyncExternalStore(
    onTokenChange,
    () => knownJobs(storageKeys()).join(SEPARATOR), // text, so that an unchanged list stays the same value
    () => "",
  );
  return (ids ? ids.split(SEPARATOR) : []) as JobId[];
}

/** Views of these jobs, in their order; those that still go on are asked for again every few seconds. */
export const useJobViews = (jobs: readonly JobId[]) =>
  trpc.useQueries((t) =>
    jobs.map((job_id) =>
      t.jobs.view(
        { job_id },
        {
          trpc: { context: { alone: true } }, // each under its own token
          staleTime: POLL_MS,
          refetchInterval: ({ state }) => (state.data && !isEnded(state.data.status) ? POLL_MS : false),
        },
      ),
    ),
  );

/**
 * The newest few of the jobs that this browser has started and of the wallet that is signed in, with their views. Jobs that are gone from
 * the server are left out.
 */
export function useKnownJobs() {
  const session = useSession();
  const mine = trpc.jobs.mine.useQuery({ limit: SHOWN }, { enabled: session !== null });
  const ofWallet = (session && mine.data?.map(({ job_id }) => job_id)) ?? [];
  const views = useJobViews(newestJobs(useKeptJobs(), ofWallet, SHOWN));
  return { jobs: views.flatMap(({ data }) => (data ? [data] : [])), ofWallet: session !== null };
}

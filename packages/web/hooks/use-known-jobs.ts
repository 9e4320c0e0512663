import { isEnded, type JobId } from "@kangklip/contract";
import { useSyncExternalStore } from "react";
import { knownJobs, newestJobs, onTokenChange, storageKeys } from "../lib/job-token.ts";
import { trpc } from "../lib/trpc.ts";
import { useSession } from "./use-session.ts";

const SHOWN = 6;
const POLL_MS = 5000;
const SEPARATOR = "\n";

/**
 * The jobs this browser has started and those of the wallet that is signed in, newest first, with their views. Jobs that are gone from
 * the server are left out.
 */
export function useKnownJobs() {
  const session = useSession();
  const mine = trpc.jobs.mine.useQuery({ limit: SHOWN }, { enabled: session !== null });
  const ids = useSyncExternalStore(
    onTokenChange,
    () => knownJobs(storageKeys()).join(SEPARATOR), // text, so that an unchanged list stays the same value
    () => "",
  );
  const kept = (ids ? ids.split(SEPARATOR) : []) as JobId[];
  const ofWallet = (session && mine.data?.map(({ job_id }) => job_id)) ?? [];
  const jobs = newestJobs(kept, ofWallet, SHOWN);
  const views = trpc.useQueries((t) =>
    jobs.map((job_id) =>
      t.jobs.view(
        { job_id },
        {
          trpc: { context: { alone: true } }, // each under its own token
          refetchInterval: ({ state }) => (state.data && !isEnded(state.data.status) ? POLL_MS : false),
        },
      ),
    ),
  );
  return { jobs: views.flatMap(({ data }) => (data ? [data] : [])), ofWallet: session !== null };
}

import { isEnded, type JobId } from "@kangklip/contract";
import { useSyncExternalStore } from "react";
import { knownJobs, onTokenChange, storageKeys } from "../lib/job-token.ts";
import { trpc } from "../lib/trpc.ts";

const SHOWN = 6;
const POLL_MS = 5000;
const SEPARATOR = "\n";

/** The jobs this browser has started, newest first, with their views. Jobs that are gone from the server are left out. */
export function useKnownJobs() {
  const ids = useSyncExternalStore(
    onTokenChange,
    () => knownJobs(storageKeys()).slice(0, SHOWN).join(SEPARATOR), // text, so that an unchanged list stays the same value
    () => "",
  );
  const jobs = (ids ? ids.split(SEPARATOR) : []) as JobId[];
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
  return views.flatMap(({ data }) => (data ? [data] : []));
}

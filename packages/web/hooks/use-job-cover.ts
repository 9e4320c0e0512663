import type { JobId } from "@kangklip/contract";
import { apiUrl } from "../lib/config.ts";
import { trpc } from "../lib/trpc.ts";

const forGood = {
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
  retry: false,
  trpc: { context: { alone: true } }, // each under its job's own token
} as const;

/** How many clips a finished job has, and a picture of its first; undefined while not known, and where it may not be seen. */
export function useJobCover(
  jobId: JobId,
  finished: boolean,
): { clips: number | undefined; url: string | undefined } {
  const results = trpc.jobs.results.useQuery({ job_id: jobId }, { ...forGood, enabled: finished });
  const name = results.data?.clips.find(({ cover_file }) => cover_file !== null)?.cover_file;
  const link = trpc.clips.artifact.useQuery(
    { job_id: jobId, name: name ?? "" },
    { ...forGood, enabled: Boolean(name) },
  );
  return { clips: results.data?.clips.length, url: link.data && apiUrl(link.data.url) };
}

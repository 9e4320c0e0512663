import type { JobId } from "@kangklip/contract";
import { trpc } from "../lib/trpc.ts";

const AGAIN_MS = 3000;

/** What happened to a job, line by line; asked for again while somebody looks and there is more to come. */
export function useLog(jobId: JobId, { open, ended }: { open: boolean; ended: boolean }) {
  return trpc.jobs.log.useQuery(
    { job_id: jobId },
    { enabled: open, refetchInterval: ended ? false : AGAIN_MS, retry: 1 },
  );
}

import type { JobId } from "@kangklip/contract";
import { apiUrl } from "../lib/config.ts";
import { trpc } from "../lib/trpc.ts";

/** Where one version of a clip plays from, whichever is shown. `renew` fetches a fresh link once the present one has run out. */
export function useVersionLink(jobId: JobId, clipFile: string, revision: number) {
  const link = trpc.clips.view.useQuery(
    { job_id: jobId, clip_file: clipFile, revision },
    { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, refetchOnReconnect: false },
  );
  return {
    url: link.data && apiUrl(link.data.url),
    kind: link.data?.kind,
    error: link.error,
    renew: link.refetch,
  };
}

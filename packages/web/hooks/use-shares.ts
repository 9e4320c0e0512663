import type { JobId, ShareView } from "@kangklip/contract";
import { problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";

/** The links to a job's clips that work, and the ways to make one and to take one back. */
export function useShares(jobId: JobId, open: boolean) {
  const utils = trpc.useUtils();
  const list = trpc.shares.list.useQuery({ job_id: jobId }, { enabled: open });
  const create = trpc.shares.create.useMutation({
    onSuccess: (made) =>
      utils.shares.list.setData({ job_id: jobId }, (others: ShareView[] | undefined) => [
        ...(others ?? []).filter(({ share_id }) => share_id !== made.share_id),
        made,
      ]),
  });
  const revoke = trpc.shares.revoke.useMutation({
    onSuccess: (left) => utils.shares.list.setData({ job_id: jobId }, left),
  });
  return { list, create, revoke };
}

/** Where the API is away it is asked again after this. */
const AGAIN_MS = 5000;

/** The clips of a share link. Its addresses run out before it does: `refetch` brings fresh ones. */
export function useShared(token: string) {
  return trpc.shares.view.useQuery(
    { token },
    {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      refetchInterval: ({ state }) =>
        state.data === undefined && state.error !== null && problemOf(state.error).retryable && AGAIN_MS,
    },
  );
}

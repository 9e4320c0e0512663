import { trpc } from "../lib/trpc.ts";

export const STATUS_SECONDS = 15;

/** How the service is: asked again every `STATUS_SECONDS` while the tab is in front. What was answered last stays while nobody answers. */
export function useStatus() {
  const query = trpc.system.status.useQuery(undefined, {
    refetchInterval: STATUS_SECONDS * 1000, // not while the tab is hidden
    refetchOnWindowFocus: "always",
    staleTime: 0,
    retry: false,
  });
  return {
    status: query.data,
    /** The last time of asking brought no answer, or a refusal. */
    error: query.error,
    asking: query.isFetching,
    /** When the last answer came, in milliseconds of the clock; null: none yet. */
    answeredAt: query.dataUpdatedAt || null,
    ask: () => void query.refetch(),
  };
}

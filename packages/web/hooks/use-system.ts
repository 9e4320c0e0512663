import { trpc } from "../lib/trpc.ts";

/** What this installation can do: limits, credits, whether page addresses work. */
export function useSystem() {
  return trpc.system.info.useQuery(undefined, { staleTime: 60_000 });
}

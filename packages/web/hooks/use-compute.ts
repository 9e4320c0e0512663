import { useSyncExternalStore } from "react";
import { computeOf, computeOptions, quoteText } from "../lib/compute.ts";
import { keepCompute, onComputeChange, readCompute } from "../lib/compute-memory.ts";
import { trpc } from "../lib/trpc.ts";
import { useSystem } from "./use-system.ts";

const FRESH_MS = 30_000;

/** Where a job may run: what there is to choose from, what was chosen in this browser, and what that would mean now. */
export function useCompute() {
  const { data: system } = useSystem();
  const installed = system?.compute ?? [];
  const kept = useSyncExternalStore(onComputeChange, readCompute, () => null);
  const compute = computeOf(kept, installed);
  const several = installed.length > 1;
  const providers = trpc.system.providers.useQuery(undefined, {
    enabled: several,
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
  });
  const quote = trpc.jobs.quote.useQuery(
    { compute },
    { enabled: several, staleTime: FRESH_MS, placeholderData: (previous) => previous },
  );
  return {
    options: computeOptions(installed, providers.data),
    choice: compute?.[0] ?? null,
    choose: keepCompute,
    /** What `jobs.create` is told. */
    compute,
    meaning: quote.data && quoteText(quote.data),
  };
}

import { useTranslations } from "next-intl";
import { useSyncExternalStore } from "react";
import { computeOf, computeOptions, quoteText } from "../lib/compute.ts";
import { keepCompute, onComputeChange, readCompute } from "../lib/compute-memory.ts";
import { trpc } from "../lib/trpc.ts";
import { useSystem } from "./use-system.ts";

const FRESH_MS = 30_000;

/**
 * Where a job may run: what there is to choose from, what was chosen in this browser, and what that would mean now, in time and money.
 * @param sourceSeconds length of the video, where it is known @param hasSource whether there is anything to make a job of
 */
export function useCompute({
  sourceSeconds,
  hasSource,
}: {
  sourceSeconds: number | null;
  hasSource: boolean;
}) {
  const t = useTranslations();
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
    { compute, source_seconds: sourceSeconds },
    {
      enabled: system !== undefined && (several || hasSource),
      staleTime: FRESH_MS,
      placeholderData: (previous) => previous,
      trpc: { context: { alone: true } }, // it asks markets for their prices
    },
  );
  return {
    options: computeOptions(t, installed, providers.data),
    choice: compute?.[0] ?? null,
    choose: keepCompute,
    /** What `jobs.create` is told. */
    compute,
    meaning: quote.data && quoteText(t, quote.data),
    quote: quote.data,
    /** The quote is of another length or place, while the right one is on its way. */
    asking: quote.isPending || quote.isPlaceholderData,
    quoteFailed: quote.isError,
  };
}

import type { JobId, JobState } from "@kangklip/contract";

/** What somebody may want to see of the list. */
export const GROUPS = ["all", "making", "ready", "failed"] as const;
export type Group = (typeof GROUPS)[number];

/** Where a job belongs in the list. Pure. */
export function groupOf(state: JobState): Exclude<Group, "all"> {
  if (state === "SUCCEEDED") return "ready";
  return state === "FAILED" || state === "CANCELLED" ? "failed" : "making";
}

interface Merged {
  /** The newest jobs of both lists, each once. */
  ids: JobId[];
  /** There are older ones. */
  more: boolean;
  /** The wallet must be asked for older ones before more, or even these, can be told. */
  askWallet: boolean;
}

/**
 * The newest `shown` jobs of a browser's list and a wallet's, both newest first. Of the wallet's only a first part may be known: nothing
 * older than that is shown before the rest is, so that no job appears above one that was there already. Pure.
 * @param walletHasMore whether the wallet's list goes on after `wallet`
 */
export function mergedJobs(
  kept: readonly JobId[],
  wallet: readonly JobId[],
  { walletHasMore, shown }: { walletHasMore: boolean; shown: number },
): Merged {
  const all = [...new Set([...kept, ...wallet])].sort().reverse();
  const last = wallet.at(-1);
  const sure = walletHasMore ? all.filter((id) => last !== undefined && id >= last) : all;
  return {
    ids: sure.slice(0, shown),
    more: sure.length > shown || sure.length < all.length || walletHasMore,
    askWallet: walletHasMore && sure.length < shown,
  };
}

/** Whether a job is what somebody looks for. `state`: null while it is not known. Pure. */
export function isWanted(
  { name, state }: { name: string; state: JobState | null },
  { group, search }: { group: Group; search: string },
): boolean {
  const rightGroup = group === "all" || (state !== null && groupOf(state) === group);
  const words = fold(search).split(/\s+/).filter(Boolean);
  const folded = fold(name);
  return rightGroup && words.every((word) => folded.includes(word));
}

/** Letters as they are searched for: without case and accents. */
const fold = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

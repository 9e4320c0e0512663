import type { JobId, JobRow, JobView } from "@kangklip/contract";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { forgetJobToken, keepJobToken } from "../lib/job-token.ts";
import { mergedJobs } from "../lib/jobs-list.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";
import { useHydrated } from "./use-hydrated.ts";
import { useJobViews, useKeptJobs } from "./use-known-jobs.ts";
import { useSession } from "./use-session.ts";

const PAGE = 20;

export interface JobEntry {
  id: JobId;
  /** Undefined while it was not told yet. */
  view: JobView | undefined;
  /** What the wallet's list says of it, where it is there. */
  row: JobRow | undefined;
  /** Why there is no view. */
  problem: Problem | null;
  again: () => void;
  /** This browser has its token, and no wallet lists it: it can be removed from the list. */
  removable: boolean;
}

/** Every job of this browser and of the wallet that is signed in, a page at a time, with their views. */
export function useJobsList() {
  const session = useSession();
  const hydrated = useHydrated();
  const kept = useKeptJobs();
  const { client } = trpc.useUtils();
  const [shown, setShown] = useState(PAGE);
  const mine = useInfiniteQuery({
    queryKey: ["jobs of a wallet", session?.wallet],
    enabled: session !== null,
    initialPageParam: undefined as JobId | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.jobs.mine.query({ limit: PAGE, ...(pageParam && { before: pageParam }) }, { signal }),
    getNextPageParam: (page) => (page.length === PAGE ? page.at(-1)?.job_id : undefined),
  });
  const rows = new Map((session ? (mine.data?.pages.flat() ?? []) : []).map((row) => [row.job_id, row]));
  const walletHasMore = session !== null && (mine.isPending || mine.hasNextPage) && !mine.isError;
  const { ids, more, askWallet } = mergedJobs(kept, [...rows.keys()], { walletHasMore, shown });
  const { hasNextPage, isFetching, fetchNextPage } = mine;
  useEffect(() => {
    if (askWallet && hasNextPage && !isFetching) void fetchNextPage();
  }, [askWallet, hasNextPage, isFetching, fetchNextPage]);

  const views = useJobViews(ids);
  const problems = useRef(new Map<JobId, Problem>()); // stay while it is asked again
  const entries: JobEntry[] = ids.map((id, index) => {
    const query = views[index];
    if (query?.error) problems.current.set(id, problemOf(query.error));
    else if (query?.data) problems.current.delete(id);
    return {
      id,
      view: query?.data,
      row: rows.get(id),
      problem: query?.data ? null : (problems.current.get(id) ?? null),
      again: () => void query?.refetch(),
      removable: kept.includes(id) && !rows.has(id),
    };
  });
  return {
    entries,
    wallet: session?.wallet ?? null,
    /** What is there is not known yet. */
    loading: !hydrated || (ids.length === 0 && askWallet),
    more,
    fetchingMore: askWallet,
    showMore: () => setShown((now) => now + PAGE),
    walletProblem: session && mine.error ? problemOf(mine.error) : null,
    askWalletAgain: () => void mine.refetch(),
    /** Forgets a job's token; gives the way to take that back. */
    remove(id: JobId): () => void {
      const token = forgetJobToken(id);
      return () => {
        if (token !== null) keepJobToken(id, token);
      };
    },
  };
}

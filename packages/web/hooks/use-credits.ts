import { trpc } from "../lib/trpc.ts";
import { useSession } from "./use-session.ts";
import { useSystem } from "./use-system.ts";

const FRESH_MS = 60_000;

/** What credits cost here and on which chain they are. Asked only where credits are on: `enabled` is false also while that is not known. */
export function useCredits() {
  const system = useSystem();
  const on = useCreditsOn();
  const info = trpc.credits.info.useQuery(undefined, { enabled: on, staleTime: FRESH_MS });
  return {
    /** Undefined until known, null where credits are off. */
    info: system.data && !on ? null : info.data?.enabled === false ? null : info.data,
    error: system.error ?? info.error,
    reload: () => (system.error ? system.refetch() : info.refetch()),
  };
}

/** Whether credits are on here; false also while that is not known. */
export function useCreditsOn(): boolean {
  return useSystem().data?.credits === true;
}

/** The credits of whoever is signed in; undefined until known. */
export function useBalance() {
  const session = useSession();
  const query = trpc.credits.balance.useQuery(
    { wallet: session?.wallet ?? "" },
    { enabled: session !== null, staleTime: FRESH_MS },
  );
  return {
    credits: session ? query.data?.credits : undefined,
    error: query.error,
    refreshing: query.isFetching,
    refresh: query.refetch,
  };
}

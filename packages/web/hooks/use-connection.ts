import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { onConnection, readConnection } from "../lib/connection.ts";
import { trpc } from "../lib/trpc.ts";

const ASK_MS = 4000;
const NEVER_ASKED = { away: false, answeredAt: null };

function onLine(changed: () => void) {
  addEventListener("online", changed);
  addEventListener("offline", changed);
  return () => {
    removeEventListener("online", changed);
    removeEventListener("offline", changed);
  };
}

/**
 * Whether this device is offline, or online with an API that does not answer. While it does not, it is asked every few seconds; as soon as
 * it answers, everything that failed meanwhile is asked again.
 */
export function useConnection() {
  const online = useSyncExternalStore(
    onLine,
    () => navigator.onLine,
    () => true,
  );
  const { away, answeredAt } = useSyncExternalStore(onConnection, readConnection, () => NEVER_ASKED);
  const queries = useQueryClient();
  trpc.system.info.useQuery(undefined, {
    enabled: away,
    retry: false,
    staleTime: ASK_MS / 2,
    refetchInterval: away ? ASK_MS : false,
  });
  useEffect(() => {
    if (away)
      return () => void queries.refetchQueries({ predicate: ({ state }) => state.status === "error" });
  }, [away, queries]);
  return { offline: !online, away, answeredAt };
}

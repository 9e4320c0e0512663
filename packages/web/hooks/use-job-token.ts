import type { JobId } from "@kangklip/contract";
import { useSyncExternalStore } from "react";
import { onTokenChange, readJobToken } from "../lib/job-token.ts";

/** The token this browser has for a job: null where it has none, undefined while the page is still the server's. */
export function useJobToken(jobId: JobId): string | null | undefined {
  return useSyncExternalStore(
    onTokenChange,
    () => readJobToken(jobId),
    () => undefined,
  );
}

import { useMemo, useSyncExternalStore } from "react";
import {
  type JobOptions,
  keepOptions,
  onOptionsChange,
  parseOptions,
  readOptions,
} from "../lib/options-memory.ts";

/** What is asked of the clips, remembered in this browser. */
export function useJobOptions() {
  const kept = useSyncExternalStore(onOptionsChange, readOptions, () => null);
  const options = useMemo(() => parseOptions(kept), [kept]);
  return {
    options,
    change: (part: Partial<JobOptions>) => keepOptions({ ...options, ...part }),
  };
}

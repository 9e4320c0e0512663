import { fileURLToPath } from "node:url";
import type { BenchOptions } from "./bench.ts";
import type { Claims } from "./claims.ts";
import type { Overhead } from "./overhead.ts";
import type { Reconcile } from "./reconcile.ts";

/** What the measurement of one provider is given. */
export interface Leg {
  options: BenchOptions;
  claims: Claims;
  /** A folder of its own. */
  dir: string;
  say: (line: string) => void;
}

export interface ProviderResult {
  overhead: Overhead;
  reconcile: Reconcile;
}

export const CLAIMER = fileURLToPath(new URL("claimer.ts", import.meta.url));

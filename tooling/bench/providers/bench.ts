import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startClaims } from "./claims.ts";
import { ofDocker } from "./docker.ts";
import type { Leg, ProviderResult } from "./leg.ts";
import { ofNosana } from "./nosana.ts";
import { ofProcess } from "./process.ts";

export const PROVIDERS = ["process", "docker", "nosana"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export interface BenchOptions {
  providers: readonly ProviderName[];
  /** Of the same worker, through each provider and past it. */
  launches: number;
  /** Attempts that are open at once, for the cost of looking after them. */
  open: number;
  /** So many of them are looked for at their provider, which takes far longer. */
  quiet: number;
  rounds: number;
}

export interface Result {
  options: BenchOptions;
  providers: Partial<Record<ProviderName, ProviderResult>>;
}

const LEGS: Record<ProviderName, (leg: Leg) => Promise<ProviderResult>> = {
  process: ofProcess,
  docker: ofDocker,
  nosana: ofNosana,
};

/** Measures each provider beside the bare calls to what stands behind it, in the same run. @param say told what goes on */
export async function runBench(options: BenchOptions, say: (line: string) => void): Promise<Result> {
  const providers: Result["providers"] = {};
  await using claims = await startClaims();
  for (const name of options.providers) {
    const dir = mkdtempSync(join(tmpdir(), "kangklip-bench-"));
    try {
      const leg = { options, claims, dir, say: (line: string) => say(`${name}: ${line}`) };
      providers[name] = await LEGS[name](leg);
    } finally {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return { options, providers };
}

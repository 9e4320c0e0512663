import { fileURLToPath } from "node:url";
import { startNosanaStandIn } from "../packages/providers/src/nosana/stand-in.ts";

const WORKER = fileURLToPath(new URL("../packages/api/src/testing-worker.ts", import.meta.url));
const API_KEY = "nos_testing_compute";

/**
 * For tests of packages that must not know the providers' insides: a market on this machine whose nodes run the tests' worker.
 * `env` are the settings of an API that uses it.
 */
export async function startTestMarket({ freeUsd }: { freeUsd?: number } = {}) {
  const market = await startNosanaStandIn({
    run: () => ({ command: [process.execPath, WORKER], env: { PATH: process.env.PATH ?? "" } }),
    apiKey: API_KEY,
    ...(freeUsd !== undefined && { freeUsd }),
  });
  return {
    ...market,
    env: {
      NOSANA_API_KEY: API_KEY,
      NOSANA_API_BASE: market.url,
      WORKER_IMAGE: `example.com/kangklip/worker@sha256:${"0".repeat(64)}`,
    },
    [Symbol.asyncDispose]: market.close,
  };
}

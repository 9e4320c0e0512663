// How many jobs can be made and asked for per second, and how many people can watch, beside a bare Express app and a bare node:http
// server that read, write and send the same in the same run. Two cores are enough: the load comes from this machine too.
// `npm run bench:api [-- --quick] [--store sqlite] [--seconds 5] [--rounds 3] [--readers 5000] [--jobs 500]
// [--waiting 100000] [--due 10000]`
// Ends with 1 where a promised job was lost, an event did not arrive or a request failed; never because of slowness.
// Many readers need files: `ulimit -n` must allow about 200 more than there are readers, in this process and in the servers.

import { parseArgs } from "node:util";
import { hasRedisServer } from "../../../packages/api/src/testing-redis.ts";
import { runBench } from "./bench.ts";
import { faultsOf, printed } from "./report.ts";

export const QUICK = {
  store: "sqlite",
  seconds: 0.1,
  rounds: 1,
  connections: 4,
  readers: 20,
  jobs: 4,
  changes: 3,
  waiting: 200,
  due: 50,
  shareProcesses: true,
} as const;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      store: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      readers: { type: "string" },
      jobs: { type: "string" },
      waiting: { type: "string" },
      due: { type: "string" },
    },
  });
  const usual = values.quick
    ? QUICK
    : ({
        store: "redis",
        seconds: 5,
        rounds: 3,
        connections: 32,
        readers: 5000,
        jobs: 500,
        changes: 5,
        waiting: 100_000,
        due: 10_000,
      } as const);
  const number = (name: Exclude<keyof typeof values, "quick" | "store">) => {
    const value = Number(values[name] ?? usual[name]);
    if (value > 0) return value;
    throw new Error(`--${name} must be a number above 0`);
  };
  const store = values.store ?? usual.store;
  if (store !== "redis" && store !== "sqlite") throw new Error("--store must be redis or sqlite");
  if (store === "redis" && !hasRedisServer)
    throw new Error("redis-server is not installed here: install it, or add --store sqlite");
  const result = await runBench(
    {
      ...usual,
      store,
      seconds: number("seconds"),
      rounds: number("rounds"),
      readers: number("readers"),
      jobs: number("jobs"),
      waiting: number("waiting"),
      due: number("due"),
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  const faults = faultsOf(result);
  printed(result);
  for (const fault of faults) console.log(`FAULT: ${fault}`);
  console.log(JSON.stringify({ bench: "api", ok: faults.length === 0, faults, ...result }));
  process.exitCode = faults.length === 0 ? 0 : 1;
}

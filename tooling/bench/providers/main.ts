// What each compute provider adds to a job, from the submission to the worker's claim, beside the bare calls to what stands behind it: a
// spawned process, the Docker engine, Nosana's deployments API (its stand-in). And what it costs to look after 10,000 open attempts.
// `npm run bench:providers [-- --providers process,docker,nosana] [--launches 10] [--open 10000] [--quiet 300]
// [--rounds 3] [--json]`
// Ends with 1 where a launch did not claim; never because of slowness.

import { parseArgs } from "node:util";
import { type BenchOptions, PROVIDERS, type ProviderName, runBench } from "./bench.ts";
import { printed } from "./report.ts";

const { values } = parseArgs({
  options: {
    providers: { type: "string", default: PROVIDERS.join() },
    launches: { type: "string", default: "10" },
    open: { type: "string", default: "10000" },
    quiet: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const options: BenchOptions = {
  providers: values.providers.split(",").map(nameOf),
  ...{ launches: whole("launches"), open: whole("open"), quiet: whole("quiet"), rounds: whole("rounds") },
};
const stopped = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(name, () => stopped.abort(new Error("stopped; everything that was started has been ended")));
const result = await runBench(options, (line) => {
  stopped.signal.throwIfAborted(); // whoever says what goes on ends what it has started
  process.stderr.write(`${line}\n`);
}).catch((error: Error) => {
  if (!stopped.signal.aborted) throw error;
  process.stderr.write(`${(stopped.signal.reason as Error).message}\n`);
  process.exit(130);
});
if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
else printed(result);

function nameOf(name: string): ProviderName {
  const known = PROVIDERS.find((one) => one === name);
  if (!known) fail(`--providers: "${name}" is none of ${PROVIDERS.join(", ")}`);
  return known;
}

function whole(name: "launches" | "open" | "quiet" | "rounds"): number {
  const text = values[name];
  if (!/^[1-9]\d*$/.test(text)) fail(`--${name} must be a whole number from 1, not "${text}"`);
  return Number(text);
}

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(64);
}

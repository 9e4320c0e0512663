import { parseArgs } from "node:util";
import { type ChaosOptions, runChaos } from "./kill.ts";
import { moneyForPeople } from "./money.ts";
import { newSeed } from "./random.ts";
import { simulateForPeople } from "./schedules.ts";
import { progressLine, summary } from "./summary.ts";

const USAGE = `npm run chaos -- [--kills 50] [--jobs 30] [--store sqlite|redis] [--compute process|docker|nosana] [--seed N] [--naive]
npm run chaos -- --simulate 1000000 [--seed N]
npm run chaos -- --money 200 [--chain memory|localnet] [--seed N]

Kills the API (at each named point, and at random), its workers and its Redis while jobs run through it, then
checks that nothing was lost, done twice or left behind. Ends with 1 where something was.

  --kills N      how many times something is killed
  --jobs M       at least so many jobs
  --store NAME   sqlite (default), or redis: starts a redis-server of its own
  --compute NAME where the workers run: processes (default), containers of a Docker engine of its own, or deployments
                 at what stands in for Nosana; the API then also dies between two requests of one call to them
  --naive        with a store and a provider that promise nothing: the run must find violations
  --simulate N   N simulated schedules of the job machine instead, on all cores
  --money N      N histories of credits instead: processes are killed at any call while the chain loses, drops and delays
  --chain NAME   memory (default), or localnet: the real program behind the JSON-RPC of a node that misbehaves
  --seed N       repeats the choices of an earlier run
  --patience N   how many times slower than an idle computer with two cores this one may be (default 3)
  --log          shows what the API logs`;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    jobs: { type: "string", default: "30" },
    store: { type: "string", default: "sqlite" },
    compute: { type: "string", default: "process" },
    seed: { type: "string" },
    simulate: { type: "string" },
    money: { type: "string" },
    chain: { type: "string", default: "memory" },
    patience: { type: "string", default: "3" },
    naive: { type: "boolean", default: false },
    log: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const whole = (name: string, text: string) => {
  if (!/^\d+$/.test(text)) fail(`--${name} must be a whole number, not "${text}"`);
  return Number(text);
};

if (values.help) process.stdout.write(`${USAGE}\n`);
else await main();

async function main(): Promise<void> {
  const seed = values.seed === undefined ? newSeed() : whole("seed", values.seed);
  const simulated = values.simulate === undefined ? undefined : whole("simulate", values.simulate);
  const histories = values.money === undefined ? undefined : whole("money", values.money);
  const { store, compute, naive, chain } = values;
  if (chain !== "memory" && chain !== "localnet") fail(`--chain must be memory or localnet, not "${chain}"`);
  if (store !== "sqlite" && store !== "redis") fail(`--store must be sqlite or redis, not "${store}"`);
  if (compute !== "process" && compute !== "docker" && compute !== "nosana")
    fail(`--compute must be process, docker or nosana, not "${compute}"`);
  const options: ChaosOptions = {
    ...{ kills: whole("kills", values.kills), jobs: whole("jobs", values.jobs) },
    ...{ store, compute, seed, naive, patience: whole("patience", values.patience) },
  };
  process.stderr.write(`seed ${seed}\n`);

  const stopped = new AbortController();
  const { signal } = stopped;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(name, () => stopped.abort(new Error("stopped; everything that was started has been ended")));
  const line = progressLine(process.stderr);
  try {
    if (simulated !== undefined) {
      const { text, held } = await simulateForPeople(simulated, { seed, show: line.show, signal });
      line.clear();
      process.stdout.write(`${text}\n`);
      process.exitCode = held ? 0 : 1;
      return;
    }
    if (histories !== undefined) {
      const { text, held } = await moneyForPeople(histories, { seed, chain, show: line.show, signal });
      line.clear();
      process.stdout.write(`${text}\n`);
      process.exitCode = held ? 0 : 1;
      return;
    }
    const report = await runChaos({
      ...options,
      ...{ signal, onProgress: line.show },
      ...(values.log && { onLog: line.above }),
    });
    line.clear();
    process.stdout.write(`${summary(report, options)}\n`);
    process.exitCode = report.violations.length > 0 || report.points.missed.length > 0 ? 1 : 0;
  } catch (error) {
    line.clear();
    if (!signal.aborted) throw error;
    process.stderr.write(`${(signal.reason as Error).message}\n`);
    process.exitCode = 130;
  }
}

function fail(text: string): never {
  process.stderr.write(`${text}\n\n${USAGE}\n`);
  process.exit(64);
}

import type { Result } from "./bench.ts";
import type { Spread } from "./figures.ts";
import type { Overhead } from "./overhead.ts";
import type { Rounds } from "./reconcile.ts";

/** The figures as tables of the console. */
export function printed({ options, providers }: Result): void {
  console.log(
    `\n${options.launches} launches each way, in turn; middle (a tenth is below … a tenth is above), ms`,
  );
  console.table(
    Object.fromEntries(
      Object.entries(providers).map(([name, { overhead }]) => [name, overheadRow(overhead)]),
    ),
  );
  console.log(
    `\nOne round of looking after open attempts, their workers heard or silent; CPU time of this process`,
  );
  console.table(
    Object.fromEntries(
      Object.entries(providers).flatMap(([name, { reconcile }]) =>
        (["heard", "silent"] as const).map((what) => [
          `${name}, ${reconcile[COUNT[what]]} attempts, ${what}`,
          roundRow(reconcile[what], reconcile[COUNT[what]]),
        ]),
      ),
    ),
  );
}

const COUNT = { heard: "open", silent: "quiet" } as const;
const shown = ({ low, median, high }: Spread) => `${median} (${low} … ${high})`;

const overheadRow = ({ provider, bare, ratio }: Overhead) => ({
  "submit → claim": shown(provider.claimed),
  "bare call → claim": shown(bare.claimed),
  ratio: ratio.claimed,
  submit: shown(provider.started),
  "bare call": shown(bare.started),
  "ratio of calls": ratio.started,
});

const roundRow = ({ round, bare, ratio, calls }: Rounds, open: number) => ({
  "CPU ms": round.cpuMs,
  "bare calls, CPU ms": bare.cpuMs,
  ratio,
  "us per attempt": Math.round((round.cpuMs * 1000) / open),
  ms: round.ms,
  calls: Object.entries(calls)
    .map(([name, count]) => `${count} ${name}`)
    .join(", "),
});

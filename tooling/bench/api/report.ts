import type { Rate, Readers, Result } from "./bench.ts";
import { round } from "./figures.ts";

/** What must not be, in words; an empty list is a pass. Slowness is no fault: the machine may be anything. Pure. */
export function faultsOf({ creates, reads, jobs, queue, events }: Result): string[] {
  const faults: string[] = [];
  const must = (good: boolean, fault: string) => {
    if (!good) faults.push(fault);
  };
  for (const [what, rates] of Object.entries({ creates, reads }))
    for (const [name, { errors }] of Object.entries(rates))
      must(errors === 0, `${what}, ${name}: ${errors} requests failed`);
  must(jobs.acked > 0, "no job was made");
  must(jobs.found === jobs.acked, `${jobs.acked - jobs.found} of ${jobs.acked} promised jobs are not there`);
  must(queue.createErrors === 0, `${queue.createErrors} requests failed beside a queue`);
  must(queue.undone === 0, `${queue.undone} of ${queue.due} due jobs were not done`);
  for (const [name, each] of Object.entries(events)) {
    const { expected, delivered, disordered, comeBack, leftBehind } = each;
    must(delivered === expected, `${name}: ${expected - delivered} of ${expected} events did not arrive`);
    must(disordered === 0, `${name}: ${disordered} events came in the wrong order`);
    must(comeBack.caughtUp === comeBack.cut, `${name}: ${comeBack.cut - comeBack.caughtUp} did not catch up`);
    must(leftBehind === 0, `${name}: ${leftBehind} readers or jobs are held after all have left`);
  }
  return faults;
}

/** The figures as tables of the console. */
export function printed({ creates, reads, jobs, queue, events }: Result): void {
  for (const [what, rates] of Object.entries({ creates, reads })) {
    console.log(`\n${what}`);
    console.table(
      Object.fromEntries(Object.entries(rates).map(([name, rate]) => [name, rateRow(rate, rates)])),
    );
  }
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  console.log(
    `\n${jobs.found} of ${jobs.acked} promised jobs found. List of ${jobs.stored} jobs, 200 a page: p50 ${jobs.listP50} ms, ` +
      `p99 ${jobs.listP99} ms. Memory of the service ${mb(jobs.rss[0])}, with all jobs stored ${mb(jobs.rss[1])}.`,
  );
  console.log(
    `A queue of ${queue.waiting} jobs: memory ${mb(queue.rss[0])} without and ${mb(queue.rss[1])} with it after the same load ` +
      `(heap in use ${mb(queue.heap[0])} and ${mb(queue.heap[1])}), ${queue.idleCpu} of a core while idle, a page of the ` +
      `list p50 ${queue.listP50} ms, p99 ${queue.listP99} ms, ${queue.createsPerSecond} creates/s, p99 ${queue.createP99} ms; ` +
      `${queue.due - queue.undone} of ${queue.due} due jobs done in ${queue.dueSeconds} s.`,
  );
  console.log("\nevents (one write to all readers of a job)");
  console.table(Object.fromEntries(Object.entries(events).map(([name, each]) => [name, readerRow(each)])));
}

function rateRow(rate: Rate, rates: Record<string, Rate>) {
  const against = (name: string, of: "perSecond" | "perCpuSecond") =>
    round(rate[of] / Math.max(1, rates[name]?.[of] ?? 0), 2);
  return {
    "per s": rate.perSecond,
    "of Express": against("bare Express", "perSecond"),
    "of node": against("bare node:http", "perSecond"),
    "per CPU s": rate.perCpuSecond,
    "of Express, CPU": against("bare Express", "perCpuSecond"),
    "of node, CPU": against("bare node:http", "perCpuSecond"),
    "p50 ms": rate.p50,
    "p99 ms": rate.p99,
    errors: rate.errors,
  };
}

const readerRow = (each: Readers) => ({
  readers: each.readers,
  delivered: `${each.delivered} of ${each.expected}`,
  "p50 ms": each.p50,
  "p99 ms": each.p99,
  "kB each": round(each.bytesEach / 1000),
  "CPU us each": each.cpuUsEach,
  "caught up": `${each.comeBack.caughtUp} of ${each.comeBack.cut} in ${each.comeBack.seconds} s`,
  "left behind": each.leftBehind,
});

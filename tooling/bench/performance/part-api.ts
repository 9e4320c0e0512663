import { hasRedisServer } from "../../../packages/api/src/testing-redis.ts";
import { type Result, runBench } from "../api/bench.ts";
import { faultsOf } from "../api/report.ts";
import type { Figure, Found } from "./figures.ts";
import type { Part } from "./part.ts";

/** The control plane, measured by `bench:api`. */
export const apiPart: Part = {
  name: "api",
  async run({ profile, say }): Promise<Found> {
    const options = { connections: 32, changes: 5, ...profile.api };
    const result = await runBench(
      {
        ...{ ...options, store: hasRedisServer && profile.name === "full" ? "redis" : "sqlite" },
        shareProcesses: profile.name === "tiny",
      },
      say,
    );
    const faults = faultsOf(result);
    return {
      figures: apiFigures(result, faults),
      series: {
        "ms until 99 % of the readers have an event": Object.entries(result.events).map(([x, { p99 }]) => ({
          x,
          y: p99,
        })),
        "kB of memory per reader": Object.entries(result.events).map(([x, { bytesEach }]) => ({
          ...{ x, y: bytesEach / 1000 },
        })),
      },
      about: [
        `${result.options.readers} readers, store ${result.options.store}; stock is tRPC's own adapter in the same run.`,
        ...faults.map((fault) => `FAULT: ${fault}`),
      ],
    };
  },
};

/** @param faults as `bench:api` finds them. Pure. */
export function apiFigures({ events, reads, creates }: Result, faults: readonly string[]): Figure[] {
  const ours = Object.entries(events).flatMap(([name, each]) =>
    name.startsWith("our stream") ? [each] : [],
  );
  const [one] = ours;
  const stock = events["tRPC's own adapter, one job"];
  const sum = (of: "delivered" | "expected") => ours.reduce((total, each) => total + each[of], 0);
  const beside = (id: string, what: string, of: "bytesEach" | "cpuUsEach" | "p99"): Figure => ({
    ...{ id: `api.${id}`, what: `${what}, stock to ours`, unit: "x" },
    value: one && stock ? stock[of] / one[of] : null,
    ...(one && stock && { note: `${stock[of]} and ${one[of]}` }),
  });
  const rest = (id: string, rates: Result["reads"], what: string): Figure => {
    const [door, bare] = [rates["our REST door"], rates["bare Express"]];
    return {
      ...{
        id: `api.${id}`,
        what: `${what} per CPU second, to bare Express with the same reads and writes`,
        unit: "x",
      },
      value: door && bare ? door.perCpuSecond / bare.perCpuSecond : null,
      ...(door &&
        bare && {
          note: `${door.perCpuSecond} and ${bare.perCpuSecond} a CPU second; ${door.perSecond} and ${bare.perSecond} a second`,
        }),
    };
  };
  return [
    {
      ...{ id: "api.delivered", what: "of the events that were due were delivered in order", unit: "" },
      value: sum("expected") > 0 && faults.length === 0 ? sum("delivered") / sum("expected") : 0,
      note: `${sum("delivered")} of ${sum("expected")}; ${faults.length} faults`,
    },
    {
      ...{ id: "api.bytes", what: "memory per reader of a job's events", unit: "kB" },
      value: one ? one.bytesEach / 1000 : null,
    },
    beside("memory", "memory per reader", "bytesEach"),
    beside("cpu", "CPU per reader and event", "cpuUsEach"),
    beside("p99", "time until 99 % have it", "p99"),
    rest("reads", reads, "jobs asked for"),
    rest("creates", creates, "jobs made"),
  ];
}

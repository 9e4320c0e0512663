import type { Engine, Info } from "./engine.ts";
import { findGpus, type Gpu, type GpuSettings, type Gpus, nameOfGpu } from "./gpus.ts";
import { unlessAborted } from "./waiting.ts";

export interface Machine {
  info: Info;
  /** The engine runs on this machine. */
  local: boolean;
  found: Gpus;
}

const KNOWN_MS = 30_000;

/** What the engine and its machine are; asked every half minute at most. */
export function createMachine(engine: Engine, settings: GpuSettings) {
  let known: { at: number; machine: Promise<Machine> } | undefined;

  async function lookAround(signal?: AbortSignal): Promise<Machine> {
    const [info, { local }] = await Promise.all([engine.info(signal), engine.address()]);
    return { info, local, found: await findGpus(settings, info, local) };
  }

  return {
    lookAround,
    known(signal?: AbortSignal): Promise<Machine> {
      if (!known || performance.now() - known.at >= KNOWN_MS) {
        const one = { at: performance.now(), machine: lookAround() };
        known = one;
        one.machine.catch(() => {
          if (known === one) known = undefined;
        });
      }
      return unlessAborted(known.machine, signal);
    },
  };
}

/** For people: where a launch runs. */
export const nodeOf = ({ Name }: Info, gpu: Gpu | undefined): string =>
  [Name || "this machine", ...(gpu ? [nameOfGpu(gpu)] : [])].join(", ");

/** A job on a CPU keeps about two cores busy. */
const CORES_PER_JOB = 2;

/** How many launches may be on the CPU at once. Pure. @param cpus what one of them may take, where that is limited */
export function placesOnCpu(
  limit: "auto" | number | undefined,
  { NCPU }: Info,
  cpus: number | undefined,
): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return limit === "auto" ? Math.max(1, Math.floor(NCPU / (cpus ?? CORES_PER_JOB))) : limit;
}

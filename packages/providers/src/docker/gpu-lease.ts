import { setTimeout as sleep } from "node:timers/promises";
import { type LaunchSpec, ProviderError } from "../provider.ts";
import { LABEL } from "./container.ts";
import type { Engine } from "./engine.ts";
import { CPU_OFFER, fitting, type Gpu, type Gpus, labelOfGpu, offerIdOf } from "./gpus.ts";
import { unlessAborted } from "./waiting.ts";

/** A GPU is free again when a job ends, which takes minutes; asked again this soon (ms). */
const BUSY_AGAIN_MS = 15_000;
const TRIES = 8;
/** Containers in these states keep their GPU; one that is only created is about to start. */
const HOLDS = ["created", "running", "paused", "restarting"];

export type GpuLease = ReturnType<typeof createGpuLease>;

/**
 * Who has which GPU. There is no list of leases: the containers themselves are it, so that it is right after any restart, and for all
 * services that share the engine. A container holds the GPU of its label `kk.gpu` until it has ended.
 */
export function createGpuLease(engine: Engine, scope: string) {
  let turn: Promise<unknown> = Promise.resolve();

  /** The GPUs in use, and by how many containers each. */
  async function holders(signal?: AbortSignal): Promise<Map<string, string[]>> {
    const held = new Map<string, string[]>();
    for (const { Labels, State, Names } of await engine.containers(LABEL.gpu, signal)) {
      const id = Labels[LABEL.gpu];
      const name = Names[0]?.replace(/^\//, "");
      if (id && name && HOLDS.includes(State)) held.set(id, [...(held.get(id) ?? []), name]);
    }
    return held;
  }

  /**
   * Creates the container of a launch on a GPU that no other has.
   * @param create makes it with this GPU; false where its name is taken
   * @returns what `create` said
   * @throws ProviderError CAPACITY where all are in use
   */
  async function createOnFree(
    { name, candidates, wanted, signal }: Wish,
    create: (gpu: Gpu) => Promise<boolean>,
  ): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      const held = await holders(signal);
      const free = candidates.filter((gpu) => !held.has(labelOfGpu(gpu)));
      const gpu = free.find((one) => offerIdOf(one) === wanted) ?? free[0];
      if (!gpu) break;
      if (!(await create(gpu))) return false;
      // another service may have chosen at the same moment: whoever sees the other one steps back, and nothing has started yet
      const together = (await holders(signal)).get(labelOfGpu(gpu)) ?? [];
      if (together.every((other) => other === name)) return true;
      await engine.remove(name, {}, signal);
      await sleep(50 + Math.random() * 400 * (tries + 1), undefined, { signal });
    }
    const all = candidates.length === 1 ? "The GPU of this machine is" : `All ${candidates.length} GPUs are`;
    throw new ProviderError("CAPACITY", "docker", `${all} at work on other jobs`, {
      retryAfterMs: BUSY_AGAIN_MS,
    });
  }

  /** How many launches of this installation are on the CPU. */
  async function onCpu(signal?: AbortSignal): Promise<number> {
    const all = await engine.containers(`${LABEL.scope}=${scope}`, signal);
    return all.filter(({ Labels, State }) => !Labels[LABEL.gpu] && HOLDS.includes(State)).length;
  }

  function inTurn<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    const mine = turn.then(() => {
      signal?.throwIfAborted();
      return run();
    });
    turn = mine.catch(() => {});
    return unlessAborted(mine, signal);
  }

  return {
    holders,
    onCpu,
    /** One after the other: two launches of this process must not look at the same moment. */
    createOnGpu: (wish: Wish, create: (gpu: Gpu) => Promise<boolean>): Promise<boolean> =>
      inTurn(wish.signal, () => createOnFree(wish, create)),

    /** @param places how many may be on the CPU at once. @throws ProviderError CAPACITY where they are */
    createOnCpu(
      places: number,
      signal: AbortSignal | undefined,
      create: () => Promise<boolean>,
    ): Promise<boolean> {
      if (places === Number.POSITIVE_INFINITY) return create();
      return inTurn(signal, async () => {
        const busy = await onCpu(signal);
        if (busy < places) return create();
        throw new ProviderError(
          "CAPACITY",
          "docker",
          `The CPU is at work on ${busy} jobs, as many as it may`,
          {
            retryAfterMs: BUSY_AGAIN_MS,
          },
        );
      });
    },
  };
}

interface Wish {
  /** Of the container. */
  name: string;
  candidates: readonly Gpu[];
  /** The offer that was chosen: taken where it is free. */
  wanted?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The GPUs on which a launch may run; none: it runs on the CPU. Where there are GPUs, none of them is left out because it is busy: a job
 * that would take minutes on it would take hours on the CPU, so it waits for one, or goes to another provider. Pure.
 * @throws ProviderError UNSUPPORTED where it needs a GPU that is not here
 */
export function candidatesFor({ requirements, offerId }: LaunchSpec, { gpus, why }: Gpus): Gpu[] {
  const { gpu, minVramGb, nvenc } = requirements;
  if (gpu === "none" || (gpu === "preferred" && offerId === CPU_OFFER)) return [];
  const candidates = fitting(gpus, requirements);
  if (candidates.length > 0 || gpu === "preferred") return candidates;
  const wants = [minVramGb && `${minVramGb} GB of memory`, nvenc === "required" && "NVENC"].filter(Boolean);
  throw new ProviderError(
    "UNSUPPORTED",
    "docker",
    gpus.length === 0
      ? `The job needs a GPU, and Docker has none here: ${why}`
      : `No GPU here has what the job needs: ${wants.join(" and ")}`,
  );
}

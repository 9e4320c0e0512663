import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerEnv } from "@kangklip/contract";
import { type LaunchSpec, ProviderError } from "../provider.ts";
import { createBody, isOurs, nameOf } from "./container.ts";
import type { Container, Engine } from "./engine.ts";
import { EngineError, isInDoubt, statusOf } from "./errors.ts";
import { candidatesFor, type GpuLease } from "./gpu-lease.ts";
import { deviceRequestOf, type Gpu } from "./gpus.ts";
import type { EngineImage } from "./image.ts";
import { type Machine, nodeOf, placesOnCpu } from "./machine.ts";
import { workerUrl } from "./reach.ts";

export interface SubmitOptions {
  engine: Engine;
  images: EngineImage;
  lease: GpuLease;
  machine: (signal?: AbortSignal) => Promise<Machine>;
  /** Why workers cannot reach the API; undefined where nothing speaks against it. */
  reach: (machine: Machine) => string | undefined;
  scope: string;
  image: string;
  network: string;
  command: readonly string[] | undefined;
  settings: Readonly<Record<string, string>>;
  cacheGb: number;
  memoryBytes: number | undefined;
  cpus: number | undefined;
  cpuLaunches: "auto" | number | undefined;
  slackSeconds: number;
}

/** A container that was created but not started for this long (ms) has lost whoever was about to start it. */
const UNSTARTED_MS = 2500;
const LOOK_MS = 50;
/** Longest that a submission goes on between several processes that create and remove the same container (ms). */
const SETTLE_MS = 15_000;
const MEMORY_SHARE = 0.75;

/** One submission on its way. */
interface Submission {
  spec: LaunchSpec;
  env: WorkerEnv;
  name: string;
  signal: AbortSignal | undefined;
  /** Something was asked of the engine that it may have done although nobody heard the answer. */
  sent: boolean;
  /** The container is there, started or not. */
  made: boolean;
}

/** Brings a launch to its container: created once, started once, whoever else tries the same and wherever one of them died. */
export function createSubmit(options: SubmitOptions) {
  const { engine, images, lease, machine, scope, image, command, settings, cacheGb, network, cpus } = options;

  /** The container of that name, when whoever is about to start it has had the time to. */
  async function settled({ name, signal }: Submission): Promise<Container | undefined> {
    const until = performance.now() + UNSTARTED_MS;
    for (;;) {
      const container = await engine.containerIfThere(name, signal);
      if (container?.State.Status !== "created" || performance.now() >= until) return container;
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  /** @returns false where the name was taken */
  async function created(one: Submission): Promise<boolean> {
    const { spec, env, name, signal } = one;
    const here = await machine(signal);
    const trouble = options.reach(here);
    if (trouble) throw new ProviderError("UNSUPPORTED", "docker", trouble);
    const { info, found } = here;
    const { Config: config } = await images.ready(signal);
    if (!command && config.Entrypoint.length + config.Cmd.length === 0)
      throw new ProviderError(
        "IMAGE",
        "docker",
        `The image ${image} does not say what it starts: is it KangKlip's?`,
      );
    const candidates = candidatesFor(spec, found);
    const { url, extraHosts } = workerUrl(env.KK_API_URL, network);
    const create = async (gpu?: Gpu) => {
      const request = gpu && deviceRequestOf(found.driver, gpu, found.gpus.indexOf(gpu), info);
      const body = createBody({
        ...{ spec, scope, image, config, command, settings, cacheGb, network, extraHosts },
        env: { ...env, KK_API_URL: url },
        node: nodeOf(info, gpu),
        seconds: Math.ceil(spec.requirements.maxRuntimeSeconds) + options.slackSeconds,
        memoryBytes: options.memoryBytes ?? Math.floor(info.MemTotal * MEMORY_SHARE),
        cpus: cpus === undefined ? undefined : Math.min(cpus, info.NCPU || cpus), // more would be refused
        gpu: gpu && request && { gpu, request },
      });
      one.sent = true;
      const made = await engine.create(name, body, signal);
      one.made ||= made;
      return made;
    };
    if (candidates.length === 0)
      return lease.createOnCpu(placesOnCpu(options.cpuLaunches, info, cpus), signal, create);
    return lease.createOnGpu({ name, candidates, wanted: spec.offerId, signal }, create);
  }

  /** @returns false where there is no such container (any more). What cannot be started is removed: it would hold its GPU. */
  async function started(one: Submission): Promise<boolean> {
    const { name, signal } = one;
    try {
      one.sent = true;
      await engine.start(name, signal);
      return true;
    } catch (error) {
      if (statusOf(error) === 404 && /no such container/i.test((error as Error).message)) return false;
      if (statusOf(error) !== undefined) await engine.remove(name, { force: true });
      throw error;
    }
  }

  async function bring(one: Submission): Promise<void> {
    const { name, signal, spec } = one;
    const until = performance.now() + SETTLE_MS;
    while (performance.now() < until) {
      signal?.throwIfAborted();
      const there = await settled(one);
      if (there && !isOurs(there, scope, spec.launchKey))
        throw new ProviderError(
          "INVALID",
          "docker",
          `There is a container ${name} that KangKlip did not make`,
        );
      // started again it would run twice
      if (there && there.State.Status !== "created") return;
      if (!there && !(await created(one))) {
        await sleep(LOOK_MS, undefined, { signal }); // the name is taken before it can be seen
        continue;
      }
      if (await started(one)) return;
      if (!there)
        throw new ProviderError(
          "CONFLICT",
          "docker",
          `The container ${name} was removed while it was started`,
        );
    }
    throw new ProviderError(
      "CONFLICT",
      "docker",
      `The container ${name} comes and goes: does another service run it?`,
    );
  }

  /**
   * @returns the container's name
   * @throws ProviderError AMBIGUOUS where nobody knows whether it runs, and others; EngineError
   */
  return async function submit(spec: LaunchSpec, env: WorkerEnv, signal?: AbortSignal): Promise<string> {
    const name = nameOf(scope, spec.launchKey);
    const one: Submission = { spec, env, name, signal, sent: false, made: false };
    try {
      await bring(one);
      return name;
    } catch (thrown) {
      const error = signal?.aborted ? givenUp(thrown) : thrown;
      const silent = error instanceof EngineError && error.status === undefined;
      if (!silent || !(one.made || (one.sent && isInDoubt(error)))) throw error;
      throw new ProviderError("AMBIGUOUS", "docker", "Docker did not say whether it started the container", {
        cause: error,
      });
    }
  };
}

/** Whoever gave up waiting did so between two calls as well as in one. */
const givenUp = (error: unknown): unknown =>
  error instanceof EngineError || error instanceof ProviderError
    ? error
    : new EngineError("was not waited for any longer", { code: "ABORTED", cause: error });

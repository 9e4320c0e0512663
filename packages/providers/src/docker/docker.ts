import { checkLaunch, isLaunchKey, tailOf } from "../launch.ts";
import { type ComputeProvider, ProviderError } from "../provider.ts";
import { hasEnded, isOurs, LABEL, markOf, nameOf, observationOf, textOfFrames } from "./container.ts";
import { type Container, type EngineAddress, openEngine } from "./engine.ts";
import { asProviderError } from "./errors.ts";
import { createGpuLease } from "./gpu-lease.ts";
import { CPU_OFFER, fitting, type Gpu, type GpuDriver, gpuOffer, labelOfGpu, nameOfGpu } from "./gpus.ts";
import { createGrace } from "./grace.ts";
import { createImage } from "./image.ts";
import { createMachine, type Machine, placesOnCpu } from "./machine.ts";
import { reachTrouble } from "./reach.ts";
import { createSubmit } from "./submit.ts";

export interface DockerProviderOptions {
  /** Undefined: where DOCKER_HOST says, else at this system's usual socket. */
  engine?: EngineAddress;
  /** Names this installation: only containers of the same scope are seen. */
  scope: string;
  /** The worker image: it has `timeout`, and an empty folder /scratch that anybody may write into. */
  image: string;
  /** Whether an image that is not on the engine is fetched. */
  pull?: "missing" | "never";
  /** "bridge", "host" or the name of a network of the engine. */
  network?: string;
  /** Where the API is for workers, as far as that is known before there is a launch: for `probe` to say whether they get through. */
  apiUrl?: string | undefined;
  /** The address on which the API listens, for the same. */
  listensOn?: string | undefined;
  /** "auto": those that nvidia-smi and the engine know; "none"; or their UUIDs. One job has one. */
  gpus?: "auto" | "none" | readonly string[];
  gpuDriver?: "auto" | GpuDriver;
  /** Most memory of one job in bytes; three quarters of the machine's when not set. */
  memoryBytes?: number | undefined;
  /** Most processors of one job; all when not set. */
  cpus?: number | undefined;
  /** Most launches of this installation that are on the CPU at once ("auto": one for every two cores of the engine, or as `cpus` says); no limit when not set. */
  cpuLaunches?: "auto" | number | undefined;
  /** What the operator set for workers: not secret. */
  settings?: Readonly<Record<string, string>>;
  /** Most that all workers together keep of finished stages on the engine's disk, GB; 0 (the default): nothing. */
  cacheGb?: number;
  /** What the container runs in place of what its image starts. */
  command?: readonly string[];
  /** The program that knows the GPUs of this machine. */
  nvidiaSmi?: string;
  /** How long the engine waits after a launch's maximum run time before it ends it: the worker should be first to say why. */
  deadlineSlackSeconds?: number;
}

const OFFER_MS = 15_000;
const MAX_LINES = 10_000;

/**
 * Runs each launch as one container of a Docker engine. All it knows is kept by the engine: the container's name is the launch's key, its
 * labels say whose it is and which GPU it holds, an empty volume says that its end was wanted.
 */
export function createDockerProvider(options: DockerProviderOptions): ComputeProvider {
  const id = "docker";
  const {
    scope,
    image,
    command,
    settings = {},
    cacheGb = 0,
    network = "bridge",
    cpus,
    deadlineSlackSeconds = 120,
  } = options;
  const { gpus = "auto", gpuDriver = "auto", nvidiaSmi = "nvidia-smi", pull = "missing" } = options;
  if (!/^[a-z0-9]{1,20}$/.test(scope)) throw new Error(`"${scope}" is no scope: letters a-z and digits`);
  const engine = openEngine(options.engine);
  const images = createImage(engine, { image, pull });
  const lease = createGpuLease(engine, scope);
  const grace = createGrace(engine, scope);

  const machine = createMachine(engine, { gpus, driver: gpuDriver, nvidiaSmi });
  /** Why workers cannot get through to the API, as far as that can be known beforehand. */
  const reach = ({ info, local }: Pick<Machine, "info" | "local">): string | undefined =>
    options.apiUrl === undefined
      ? undefined
      : reachTrouble({
          ...{ apiUrl: options.apiUrl, network, listensOn: options.listensOn, local },
          desktop: /docker desktop/i.test(info.OperatingSystem),
          rootless: (info.SecurityOptions ?? []).some((option) => option.includes("rootless")),
        });
  const submit = createSubmit({
    ...{ engine, images, lease, scope, image, network, command, settings, cacheGb, cpus },
    machine: machine.known,
    reach,
    memoryBytes: options.memoryBytes,
    cpuLaunches: options.cpuLaunches,
    slackSeconds: deadlineSlackSeconds,
  });

  /** Calls the engine; whatever it says becomes a ProviderError. */
  async function asked<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw asProviderError(error, (await engine.address().catch(() => ({ where: "DOCKER_HOST" }))).where);
    }
  }

  /** The launch key of a reference of this scope; undefined for any other text. */
  function keyOf(ref: string): string | undefined {
    const key = ref.startsWith(nameOf(scope, "")) ? ref.slice(nameOf(scope, "").length) : "";
    return isLaunchKey(key) ? key : undefined;
  }
  /** The container of a reference, where it is ours. */
  async function containerOf(ref: string, signal?: AbortSignal): Promise<Container | undefined> {
    const key = keyOf(ref);
    const container = key && (await engine.containerIfThere(ref, signal));
    return container && isOurs(container, scope, key) ? container : undefined;
  }

  return {
    id,
    capabilities: {
      submit: "native",
      deadline: "native",
      logs: "live",
      envVisibleTo: "host",
      gpu: gpus !== "none" && gpuDriver !== "none",
      list: true,
    },

    async probe(signal) {
      try {
        return await asked(async () => {
          const [{ info, local, found }, there] = await Promise.all([
            machine.lookAround(signal),
            images.state(signal),
          ]);
          const trouble = reach({ info, local });
          const { length } = found.gpus;
          const gpu =
            length > 0
              ? `${length} × ${nameOfGpu(found.gpus[0] as Gpu)} (${found.driver})`
              : `no GPU: ${found.why}`;
          return {
            ok: trouble === undefined && (there.there || pull === "missing"),
            detail: [
              `Docker ${info.ServerVersion} on ${info.Name}`,
              there.detail,
              gpu,
              ...(trouble ? [trouble] : []),
            ].join("; "),
            gpus: length,
          };
        });
      } catch (error) {
        return { ok: false, detail: (error as Error).message };
      }
    },

    offers: (requirements, signal) =>
      asked(async () => {
        const { info, found } = await machine.known(signal);
        const expiresAt = Date.now() + OFFER_MS;
        const candidates = fitting(found.gpus, requirements);
        if (candidates.length > 0) {
          const held = await lease.holders(signal);
          return candidates.map((gpu) => gpuOffer(gpu, { busy: held.has(labelOfGpu(gpu)), expiresAt }));
        }
        if (requirements.gpu === "required") return [];
        const places = placesOnCpu(options.cpuLaunches, info, cpus);
        const full = places !== Number.POSITIVE_INFINITY && (await lease.onCpu(signal)) >= places;
        return [
          {
            provider: id,
            offerId: CPU_OFFER,
            label: `CPU of ${info.Name || "this machine"}`,
            usdPerHour: 0,
            availability: full ? "full" : "available",
            expiresAt,
          },
        ];
      }),

    submit: (spec, signal) =>
      asked(async () => ({ provider: id, ref: await submit(spec, checkLaunch(id, spec), signal) })),

    find: (launchKey, signal) =>
      asked(async () => {
        const ref = nameOf(scope, launchKey);
        return (await containerOf(ref, signal)) ? [{ provider: id, ref }] : [];
      }),

    observe: ({ ref }, signal) =>
      asked(async () => {
        const container = await containerOf(ref, signal);
        if (!container) return { phase: "lost" };
        const doubtful = hasEnded(container) && container.State.ExitCode !== 0;
        return observationOf(
          container,
          grace.isAsked(ref) || (doubtful && (await grace.wasAsked(ref, signal))),
        );
      }),

    cancel: ({ ref }, { graceSeconds }, signal) =>
      asked(async () => {
        const container = await containerOf(ref, signal);
        if (!container || hasEnded(container)) {
          grace.forget(ref);
          return "gone";
        }
        if (container.State.Status === "created") {
          await engine.remove(ref, { force: true }, signal); // also where it has been started since
          return "gone";
        }
        return grace.ask(ref, container.State.Status, graceSeconds, signal);
      }),

    logs: ({ ref }, { tail }, signal) =>
      asked(async () => {
        if (!(await containerOf(ref, signal))) return "";
        const lines = Math.min(Math.max(0, Math.floor(tail)), MAX_LINES);
        const frames = lines > 0 ? await engine.logs(ref, lines, signal) : undefined;
        return frames ? tailOf(textOfFrames(frames), lines) : "";
      }),

    release: ({ ref }, signal) =>
      asked(async () => {
        if (keyOf(ref) === undefined) return;
        const container = await containerOf(ref, signal);
        if (container && !hasEnded(container) && container.State.Status !== "created")
          throw new ProviderError("CONFLICT", id, `${ref} still runs: cancel it first`);
        if (container) await engine.remove(ref, {}, signal);
        await engine.removeVolume(markOf(ref), signal); // after the container, whose end it explains
        grace.forget(ref);
      }),

    async *list(signal) {
      for (const { Labels, Names, Created } of await asked(() =>
        engine.containers(`${LABEL.scope}=${scope}`, signal),
      )) {
        const ref = Names[0]?.replace(/^\//, "") ?? "";
        const launchKey = keyOf(ref);
        if (launchKey !== undefined && Labels[LABEL.launch] === launchKey)
          yield { ref: { provider: id, ref }, launchKey, createdAt: Created * 1000 };
      }
    },
  };
}

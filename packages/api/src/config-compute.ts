import { availableParallelism } from "node:os";
import type { DockerProviderOptions } from "@kangklip/providers";
import { z } from "zod";

// the settings that say where workers run, and what they may cost

export const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
export const origin = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ""));

const PROVIDERS = ["process", "docker", "nosana"] as const;
const Provider = z.enum(PROVIDERS, {
  error: `COMPUTE must be a list of ${PROVIDERS.join(", ")} in order of preference, like docker,process`,
});
const word = z.string().regex(/^[^\s,]{1,300}$/, "must be one word");
const dollars = z.coerce.number().positive("must be more than 0 US dollars").max(100_000);

export const COMPUTE_SETTINGS = {
  COMPUTE: list
    .pipe(
      z
        .array(Provider)
        .min(1, "COMPUTE must name at least one provider")
        .refine((names) => new Set(names).size === names.length, "COMPUTE names a provider twice"),
    )
    .default(["process"]),
  MAX_RUNNING_JOBS: z.coerce.number().int().min(1).max(64).optional(),
  WARM_WORKERS: z.coerce.number().int().min(0).max(64).default(0),
  WARM_IDLE_SECONDS: z.coerce.number().min(1).max(86_400).default(300),
  MAX_USD_PER_HOUR: dollars.optional(),
  MAX_USD_PER_JOB: dollars.optional(),
  MIN_VRAM_GB: z.coerce.number().positive().max(1000).optional(),
  WORKER_IMAGE: word.optional(),
  WORKER_API_URL: origin.optional(),
  DOCKER_HOST: z
    .string()
    .regex(
      /^(unix:\/\/\/|npipe:\/\/|tcp:\/\/|https?:\/\/|ssh:\/\/)./,
      "must be like unix:///var/run/docker.sock or tcp://host:2375",
    )
    .optional(),
  DOCKER_NETWORK: word.default("bridge"),
  DOCKER_GPUS: list.default(["auto"]),
  DOCKER_GPU_DRIVER: z.enum(["auto", "nvidia", "cdi", "none"]).default("auto"),
  DOCKER_PULL: z.enum(["missing", "never"]).default("missing"),
  DOCKER_MEMORY_GB: z.coerce.number().min(0.5).max(4096).optional(),
  DOCKER_CPUS: z.coerce.number().min(0.1).max(1024).optional(),
  NOSANA_API_KEY: z.string().optional(),
  NOSANA_API_BASE: origin.optional(),
  NOSANA_MARKET: list.default([]),
  NOSANA_WORKER_IMAGE: word.optional(),
};
const Settings = z.object(COMPUTE_SETTINGS);
type ComputeSettings = z.output<typeof Settings>;
interface Around extends ComputeSettings {
  HOST: string;
  CALLBACK_BASE_URL?: string | undefined;
}

/** At a market as many run at once as an account is usually good for; more only where the operator says so. */
const NOSANA_AT_ONCE = 16;
/** An engine says itself when it is full; this only bounds what is asked of it. */
const DOCKER_AT_ONCE = 16;
const GB = 1024 ** 3;

/** What is wrong with settings that are each right by themselves; one line for each. Pure. */
export function wrongCompute(e: Around): string[] {
  const wrong: string[] = [];
  const has = (name: (typeof PROVIDERS)[number]) => e.COMPUTE.includes(name);
  if (has("docker") && !e.WORKER_IMAGE)
    wrong.push("WORKER_IMAGE is missing: COMPUTE=docker needs the worker's image (npm run image builds one)");
  const gpus = e.DOCKER_GPUS;
  if (gpus.length !== 1 && gpus.some((gpu) => gpu === "auto" || gpu === "none"))
    wrong.push("DOCKER_GPUS must be auto, none, or a list of UUIDs as nvidia-smi -L prints them");
  if (!has("nosana")) return wrong;
  if (!e.NOSANA_API_KEY)
    wrong.push(
      "NOSANA_API_KEY is missing: COMPUTE=nosana needs the key of an account (NOSANA_API_KEY_FILE may name a file)",
    );
  if (!e.WORKER_IMAGE && !e.NOSANA_WORKER_IMAGE)
    wrong.push("WORKER_IMAGE is missing: COMPUTE=nosana needs an image that its nodes can fetch");
  if (e.NOSANA_API_BASE && isHere(e.NOSANA_API_BASE)) return wrong; // a stand-in for development
  const [name, url] = e.WORKER_API_URL
    ? ["WORKER_API_URL", e.WORKER_API_URL]
    : ["CALLBACK_BASE_URL", e.CALLBACK_BASE_URL];
  if (!url)
    wrong.push(
      "WORKER_API_URL is missing: COMPUTE=nosana needs the public address at which its nodes reach this API",
    );
  else if (isHere(url) || isPrivate(url))
    wrong.push(`${name} must be public for COMPUTE=nosana: no node of the market reaches ${url}`);
  return wrong;
}

/** Where workers run, as the services want it. Pure but for the number of cores. */
export function computeOf(e: Around) {
  const nosana = e.COMPUTE.includes("nosana");
  /** A job on this machine keeps about two cores busy. */
  const here = e.MAX_RUNNING_JOBS ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const atOnce: Record<string, number> = { process: here, docker: DOCKER_AT_ONCE, nosana: NOSANA_AT_ONCE };
  const runningAt = Object.fromEntries(
    e.COMPUTE.map((name) => [name, Math.max(atOnce[name] ?? 1, e.MAX_RUNNING_JOBS ?? 0)]),
  );
  return {
    /** In order of preference. */
    compute: e.COMPUTE as string[],
    maxRunningJobs: e.MAX_RUNNING_JOBS ?? Object.values(runningAt).reduce((sum, one) => sum + one, 0),
    runningAt,
    /** Workers on this machine that stay after a job for the next one. */
    warm: { count: e.WARM_WORKERS, idleMs: e.WARM_IDLE_SECONDS * 1000 },
    maxUsdPerHour: e.MAX_USD_PER_HOUR,
    maxUsdPerJob: e.MAX_USD_PER_JOB,
    minVramGb: e.MIN_VRAM_GB,
    /** Where workers in containers and on other machines reach this API; undefined: where all do. */
    workerApiUrl: e.WORKER_API_URL,
    docker:
      e.COMPUTE.includes("docker") && e.WORKER_IMAGE
        ? {
            image: e.WORKER_IMAGE,
            ...engineOf(e.DOCKER_HOST),
            network: e.DOCKER_NETWORK,
            gpus: gpusOf(e.DOCKER_GPUS),
            gpuDriver: e.DOCKER_GPU_DRIVER,
            pull: e.DOCKER_PULL,
            memoryBytes: e.DOCKER_MEMORY_GB && Math.round(e.DOCKER_MEMORY_GB * GB),
            cpus: e.DOCKER_CPUS,
            cpuLaunches: e.MAX_RUNNING_JOBS ?? ("auto" as const),
          }
        : undefined,
    nosana:
      nosana && e.NOSANA_API_KEY
        ? {
            apiKey: e.NOSANA_API_KEY,
            baseUrl: e.NOSANA_API_BASE,
            markets: e.NOSANA_MARKET,
            image: e.NOSANA_WORKER_IMAGE ?? e.WORKER_IMAGE ?? "",
          }
        : undefined,
  };
}

function gpusOf(names: readonly string[]): "auto" | "none" | readonly string[] {
  const [first] = names;
  return first === "auto" || first === "none" ? first : names;
}

/** The engine of an address; for ssh and TLS (port 2376) dockerode reads DOCKER_HOST and its companions itself. */
function engineOf(host: string | undefined): Pick<DockerProviderOptions, "engine"> {
  if (host?.startsWith("unix://")) return { engine: { socketPath: host.slice("unix://".length) } };
  if (!host?.startsWith("tcp://")) return {};
  const { hostname, port } = new URL(host);
  if (port === "2376") return {};
  return { engine: { host: hostname, port: Number(port || 2375) } };
}

/** Loopback, whatever it is called. */
function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    /^(localhost|.+\.localhost|0\.0\.0\.0|\[::\]|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\])$/.test(
      hostname,
    ) || /^127\./.test(hostname)
  );
}

/** An address or a name that only has a meaning in somebody's own network. */
function isPrivate(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      hostname,
    ) ||
    /^\[f[cd]|^\[fe[89ab]/.test(hostname) ||
    /\.(local|internal|lan|home\.arpa)$/.test(hostname) ||
    !/[.:]/.test(hostname)
  );
}

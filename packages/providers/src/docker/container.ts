import type { WorkerEnv } from "@kangklip/contract";
import type { LaunchSpec, Observation } from "../provider.ts";
import type { Container, Image } from "./engine.ts";
import { oneLine } from "./errors.ts";
import { type DeviceRequest, type Gpu, labelOfGpu } from "./gpus.ts";

// what a launch is to the engine, and what the engine's words mean; all pure

export const LABEL = {
  scope: "kk.scope",
  launch: "kk.launch",
  job: "kk.job",
  epoch: "kk.epoch",
  /** The GPU that the container holds for as long as it is there and has not ended. */
  gpu: "kk.gpu",
  /** For people: where it runs. */
  node: "kk.node",
  /** Seconds after which it is ended. */
  seconds: "kk.seconds",
} as const;

/** The name is what makes a launch unique: the engine gives it once. */
export const nameOf = (scope: string, launchKey: string): string => `kk-${scope}-${launchKey}`;
/** The empty volume that says, for as long as the container is kept, that its end was wanted. */
export const markOf = (name: string): string => `${name}-cancelled`;

/** The folder of the image that belongs to the worker alone: it may write into it, and it is not in memory. */
const SCRATCH = "/scratch";
/** Where workers keep finished stages for one another. In a volume of its own, whose owner is that of the image's folder of this name. */
const CACHE = "/cache";
/** The volume that all containers of an installation share. */
const cacheOf = (scope: string): string => `kk-${scope}-cache`;
const USER = 10_001;
const TMP_BYTES = 512 << 20;
/** More than all threads of ffmpeg, whisper and Node on a large machine; a fork bomb ends there. */
const MAX_TASKS = 4096;
/** A worker that was told to stop has ended its own children after 8 s. */
const STOP_SECONDS = 15;

export interface Body {
  spec: LaunchSpec;
  env: WorkerEnv;
  scope: string;
  node: string;
  image: string;
  config: Image["Config"];
  /** In place of what the image starts by itself. */
  command?: readonly string[] | undefined;
  settings: Readonly<Record<string, string>>;
  /** Most that workers keep of finished stages, GB; 0: nothing. */
  cacheGb: number;
  network: string;
  extraHosts: readonly string[];
  /** When the engine ends it, in seconds from its start. */
  seconds: number;
  memoryBytes: number;
  cpus?: number | undefined;
  gpu?: { gpu: Gpu; request: DeviceRequest } | undefined;
}

/** The body of POST /containers/create. */
export function createBody({ spec, env, scope, config, gpu, ...rest }: Body) {
  const { node, image, command, settings, cacheGb, network, extraHosts, seconds, memoryBytes, cpus } = rest;
  return {
    Image: image,
    // `timeout` in the container ends the worker also where nobody is left who could ask for it
    Entrypoint: ["timeout", "-k", String(Math.min(STOP_SECONDS, seconds)), String(seconds)],
    Cmd: command ? [...command] : [...config.Entrypoint, ...config.Cmd],
    Env: Object.entries({
      ...settings,
      HOME: SCRATCH,
      TMPDIR: SCRATCH,
      XDG_CACHE_HOME: `${SCRATCH}/.cache`,
      // one container must not get at the others' work through it by a hostile file, so only a worker that can keep its children out uses it
      ...(cacheGb > 0 && {
        WORKER_CACHE_DIR: CACHE,
        CACHE_MAX_GB: String(cacheGb),
        CACHE_WALL: "required",
      }),
      // images made for CUDA ask for all GPUs, and an engine whose runtime is NVIDIA's would give them
      ...(gpu?.request.Driver !== "nvidia" && { NVIDIA_VISIBLE_DEVICES: "void" }),
      ...env,
    }).map(([name, value]) => `${name}=${value}`),
    Labels: {
      ...Object.fromEntries(Object.entries(spec.labels).map(([name, value]) => [`kk.${name}`, value])),
      [LABEL.scope]: scope,
      [LABEL.launch]: spec.launchKey,
      [LABEL.job]: spec.jobId,
      [LABEL.epoch]: String(spec.epoch),
      [LABEL.node]: node,
      [LABEL.seconds]: String(seconds),
      ...(gpu && { [LABEL.gpu]: labelOfGpu(gpu.gpu) }),
    },
    WorkingDir: SCRATCH,
    User: isRoot(config.User) ? `${USER}:${USER}` : config.User,
    StopSignal: "SIGTERM",
    StopTimeout: STOP_SECONDS,
    HostConfig: {
      Init: true, // Node as process 1 would ignore SIGTERM and reap nobody
      AutoRemove: false, // the exit code must outlive a restart of the API
      RestartPolicy: { Name: "no" },
      NetworkMode: network,
      ...(extraHosts.length > 0 && { ExtraHosts: [...extraHosts] }),
      ReadonlyRootfs: true,
      Mounts: [
        { Type: "volume", Target: SCRATCH }, // without a name: it goes with the container
        ...(cacheGb > 0 ? [{ Type: "volume", Source: cacheOf(scope), Target: CACHE }] : []),
      ],
      Tmpfs: { "/tmp": `rw,nosuid,nodev,noexec,size=${TMP_BYTES},mode=1777` },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: MAX_TASKS,
      Memory: memoryBytes,
      MemorySwap: memoryBytes, // as much as Memory: no swap
      ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
      LogConfig: { Type: "json-file", Config: { "max-size": "4m", "max-file": "2" } },
      ...(gpu && { DeviceRequests: [gpu.request] }),
    },
  };
}

const isRoot = (user: string) => ["", "0", "root"].includes(user.split(":")[0] ?? "");

/** Whether this scope made the container for this launch. */
export const isOurs = ({ Config }: Container, scope: string, launchKey: string): boolean =>
  Config.Labels[LABEL.scope] === scope && Config.Labels[LABEL.launch] === launchKey;

/** It has run, and will not again. */
export const hasEnded = ({ State }: Container): boolean =>
  State.Status === "exited" || State.Status === "dead";

/** Of `timeout`: the time was up. */
const TIMED_OUT = 124;
/** SIGTERM and SIGKILL, the worker's own answer to the former, and what an engine says that finds a container of a former life. */
const STOPPED = [143, 137, 130, 255];
const CANNOT_START = [126, 127];

/**
 * What became of a container.
 * @param cancelled whether its end was wanted
 */
export function observationOf({ State, Config }: Container, cancelled: boolean): Observation {
  const node = Config.Labels[LABEL.node];
  const [startedAt, endedAt] = [timeOf(State.StartedAt), timeOf(State.FinishedAt)];
  const common = {
    ...(node && { node }),
    ...(startedAt !== undefined && { startedAt }),
    usd: 0,
  };
  switch (State.Status) {
    case "created":
      // 128 and a text: it could not be started
      return State.Error
        ? { phase: "exited", exitCode: null, reason: "infra", message: oneLine(State.Error), ...common }
        : { phase: "starting", ...common };
    case "exited":
    case "dead": {
      const { ExitCode: exitCode } = State;
      const lasted = startedAt !== undefined && endedAt !== undefined ? (endedAt - startedAt) / 1000 : 0;
      const late = lasted >= Number(Config.Labels[LABEL.seconds] ?? Number.POSITIVE_INFINITY);
      return {
        phase: "exited",
        exitCode,
        ...why({ exitCode, cancelled, late, oom: State.OOMKilled, error: State.Error }),
        ...(endedAt !== undefined && { endedAt }),
        ...common,
      };
    }
    case "removing":
      return { phase: "stopping", ...common };
    case "paused":
      return { phase: "running", message: "Somebody paused the container: docker unpause", ...common };
    default:
      return { phase: cancelled ? "stopping" : "running", ...common };
  }
}

interface End {
  exitCode: number;
  cancelled: boolean;
  late: boolean;
  oom: boolean;
  error: string;
}

function why({ exitCode, cancelled, late, oom, error }: End): Pick<Observation, "reason" | "message"> {
  if (exitCode === 0) return { reason: "completed" };
  if (cancelled) return { reason: "cancelled" };
  if (oom) return { reason: "oom", message: "It needed more memory than it may have (DOCKER_MEMORY_GB)" };
  if (exitCode === TIMED_OUT || late) return { reason: "timeout" };
  if (error) return { reason: "infra", message: oneLine(error) };
  if (CANNOT_START.includes(exitCode))
    return {
      reason: "image",
      message: "The image lacks the program to start, or `timeout`: is it KangKlip's?",
    };
  if (STOPPED.includes(exitCode))
    return {
      reason: "evicted",
      message: `The container was stopped from outside (exit code ${exitCode}): the machine or Docker was restarted, or somebody stopped it`,
    };
  return { reason: "error" };
}

/** ms since 1970 of the engine's time; undefined for its "never", which is the year 1. */
export function timeOf(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

/** What was written to both outputs, in order: each piece has a head of 8 bytes, whose last four are its length. */
export function textOfFrames(frames: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    pieces.push(frames.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces);
}

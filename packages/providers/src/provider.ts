import type { WorkerEnv } from "@kangklip/contract";

export type ProviderId = "process" | "docker" | "nosana" | (string & {});

export interface ProviderCapabilities {
  /**
   * native: the place itself keeps launch keys unique; lookup: `submit` searches before it creates, and two that ask at the same moment
   * may start two.
   */
  submit: "native" | "lookup";
  /** Whether the provider itself ends a launch at its maximum run time. */
  deadline: "native" | "none";
  logs: "live" | "after-exit" | "none";
  envVisibleTo: "host" | "operator" | "public";
  gpu: boolean;
  list: boolean;
}

/** What a launch needs of the machine. */
export interface Requirements {
  gpu: "required" | "preferred" | "none";
  minVramGb?: number;
  nvenc?: "required" | "preferred";
  diskGb: number;
  /** From its start. Where the capability `deadline` is native the provider ends it then, with the reason "timeout". */
  maxRuntimeSeconds: number;
  maxPriceUsdPerHour?: number;
}

/** A place that could run a launch, and its price. */
export interface Offer {
  provider: ProviderId;
  /** Names it at its provider: given back with the launch. */
  offerId: string;
  /** For people: "this machine", "NVIDIA RTX 4090 market". */
  label: string;
  gpu?: { model: string; vramGb?: number; count: number; nvenc?: boolean };
  /** 0: costs nothing; null: not known. */
  usdPerHour: number | null;
  availability: "available" | "unknown" | "full";
  expiresAt: number; // ms since 1970
}

export interface LaunchSpec {
  /** The idempotency key: `kk-…-e1`. */
  launchKey: string;
  jobId: string;
  epoch: number;
  env: WorkerEnv;
  requirements: Requirements;
  offerId?: string;
  labels: Readonly<Record<string, string>>;
}

/** Names one launch at its provider; plain JSON, kept with the attempt. */
export interface LaunchRef {
  provider: ProviderId;
  ref: string;
  extra?: Record<string, string> | undefined;
}

export type Phase = "starting" | "queued" | "blocked" | "running" | "stopping" | "exited" | "lost";
export type ExitReason =
  | "completed"
  | "error"
  | "oom"
  | "timeout"
  | "cancelled"
  | "evicted"
  | "image"
  | "infra"
  | "lost"
  | "funds"
  | "capacity";

export interface Observation {
  phase: Phase;
  reason?: ExitReason;
  exitCode?: number | null;
  node?: string;
  startedAt?: number; // ms since 1970
  endedAt?: number;
  /** What it has cost so far. */
  usd?: number;
  /** One sentence for people. */
  message?: string;
}

/**
 * A place that runs the worker. Adding one: implement this and pass `runProviderConformance` (docs/write-a-provider.md).
 * Calls end within half a minute and throw nothing but ProviderError: UNAVAILABLE where the place cannot be asked, for then nobody knows
 * what became of a launch. `signal` ends a call early, with whatever error.
 */
export interface ComputeProvider {
  readonly id: ProviderId;
  readonly capabilities: ProviderCapabilities;
  /** Whether the place can be used now, and why not. Never throws. */
  probe(signal?: AbortSignal): Promise<{ ok: boolean; detail: string; gpus?: number; freeUsd?: number }>;
  /** What could run such a launch now; empty when nothing can. */
  offers(requirements: Requirements, signal?: AbortSignal): Promise<Offer[]>;
  /**
   * Starts the launch and gives its reference; asking again with the same launch key gives the same launch.
   * @throws ProviderError; kind AMBIGUOUS means it may have started: `find` it. So does a call that was given up on the way; one that
   * was given up before it began has started nothing.
   */
  submit(spec: LaunchSpec, signal?: AbortSignal): Promise<LaunchRef>;
  /** Launches with this key, after an AMBIGUOUS answer or a crash; more than one are duplicates to cancel. */
  find(launchKey: string, signal?: AbortSignal): Promise<LaunchRef[]>;
  /** What became of it. An unknown reference is `{ phase: "lost" }`, never an error. */
  observe(ref: LaunchRef, signal?: AbortSignal): Promise<Observation>;
  /** Wants it gone: asks politely, then kills after the grace time. Idempotent; "retry" and "stopping" mean: ask again. */
  cancel(
    ref: LaunchRef,
    options: { graceSeconds: number },
    signal?: AbortSignal,
  ): Promise<"gone" | "stopping" | "retry">;
  /** The last `tail` lines of output, of at most 1 MiB, as text without control characters (`tailOf`). */
  logs(ref: LaunchRef, options: { tail: number }, signal?: AbortSignal): Promise<string>;
  /**
   * Frees what the ended launch still holds (folder, container, deployment). Idempotent.
   * @throws ProviderError CONFLICT while it runs.
   */
  release(ref: LaunchRef, signal?: AbortSignal): Promise<void>;
  /** All launches of this installation that the provider still knows. */
  list(signal?: AbortSignal): AsyncIterable<{ ref: LaunchRef; launchKey: string; createdAt: number }>;
}

export type ProviderErrorKind =
  | "UNAVAILABLE" // retry at the same provider
  | "RATE_LIMITED"
  | "AMBIGUOUS" // may have happened: find() first
  | "PREPARING" // nothing was started: the place gets ready (an image is on its way, the message says how far) and is asked again soon
  | "CAPACITY" // fail over to the next offer or provider
  | "FUNDS"
  | "UNSUPPORTED"
  | "IMAGE"
  | "AUTH" // open the circuit and tell the operator
  | "INVALID" // fatal for the job
  | "CONFLICT"; // look again

export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly kind: ProviderErrorKind;
  readonly provider: ProviderId;
  readonly retryAfterMs: number | undefined;
  constructor(
    kind: ProviderErrorKind,
    provider: ProviderId,
    message: string,
    options: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.provider = provider;
    this.retryAfterMs = options.retryAfterMs;
  }
}

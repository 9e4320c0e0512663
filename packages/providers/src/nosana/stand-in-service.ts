import { randomBytes } from "node:crypto";
import type { StandInClock } from "./stand-in-clock.ts";
import { type Container, startContainer } from "./stand-in-container.ts";
import type { CreateBody, Status } from "./stand-in-wire.ts";

/** How the stand-in behaves; may be changed at any time. Times in ms. */
export interface StandInFaults {
  /** In STARTING, which cannot be stopped. */
  startMs: number;
  /** In the market's queue, until a node takes the job. Infinity: no node comes. */
  queueMs: number;
  /** From the end of the container to the end of the deployment. */
  settleMs: number;
  /** From the end of a job to its result. */
  resultMs: number;
  /** What a container that is stopped has until it is killed. */
  graceMs: number;
  /** So many more times the job cannot be listed; it is tried again after `listRetryMs`. */
  listErrors: number;
  listRetryMs: number;
  /** Images that no node can pull. */
  missingImage: RegExp | undefined;
}

export interface Job {
  id: string;
  state: 0 | 1 | 2 | 3;
  node: string;
  listedAt: number;
  timeStart: number;
  timeEnd: number;
  updatedAt: number;
  result: object | null;
  reservedUsd: number;
  container: Container | undefined;
}

export interface StandInDeployment {
  id: string;
  /** Grows: newer ones have a larger one. */
  seq: number;
  body: CreateBody;
  status: Status;
  createdAt: number;
  updatedAt: number;
  jobs: Job[];
  events: { type: string; message: string; at: number }[];
}

export interface StandInMarket {
  address: string;
  slug: string;
  name: string;
  type: "PREMIUM" | "COMMUNITY" | "OTHER";
  usd_reward_per_hour: number;
  network_fee_percentage: number;
  gpu_types: string[];
  lowest_vram?: number;
}

export interface ServiceOptions {
  clock: StandInClock;
  faults: StandInFaults;
  credits: { assigned: number; reserved: number; settled: number };
  markets: readonly StandInMarket[];
  /** What a node runs for an image: a program and its arguments, and what is in the image's own environment. */
  run: (image: string) => { command: readonly string[]; env: Readonly<Record<string, string>> };
}

export class WrongState extends Error {}

const STARTABLE: Status[] = ["DRAFT", "STOPPED", "ERROR", "INSUFFICIENT_FUNDS"];
const STOPPABLE: Status[] = ["RUNNING", "ERROR", "INSUFFICIENT_FUNDS"];
const FUNDS_RETRY_MS = 600_000;
const newId = (letter: string) => `${letter}${randomBytes(20).toString("hex")}`;

type Ending = "stopped" | "expired" | "shut down" | "dead";

/** Deployments and their jobs under the rules of Nosana's deployment manager. */
export function createService({ clock, faults, credits, markets, run }: ServiceOptions) {
  const deployments = new Map<string, StandInDeployment>();
  const endings = new Map<Job, Ending>();
  let seq = 0;

  const free = () => credits.assigned - credits.reserved - credits.settled;
  const priceOf = (address: string) => {
    const market = markets.find((other) => other.address === address);
    return market ? market.usd_reward_per_hour * (1 + market.network_fee_percentage / 100) : 0;
  };
  const move = (deployment: StandInDeployment, status: Status) => {
    deployment.status = status;
    deployment.updatedAt = clock.now();
  };
  const happened = ({ events }: StandInDeployment, type: string, message: string) =>
    events.push({ type, message, at: clock.now() });
  const later = (ms: number, act: () => void) => {
    if (Number.isFinite(ms)) clock.after(ms, act);
  };

  function create(body: CreateBody, createdAt = clock.now(), status: Status = "DRAFT"): StandInDeployment {
    const id = newId("D");
    seq += 1;
    const made = { id, seq, body, status, createdAt, updatedAt: createdAt, jobs: [], events: [] };
    deployments.set(id, made);
    return made;
  }

  function start(deployment: StandInDeployment): void {
    if (!STARTABLE.includes(deployment.status)) throw new WrongState();
    move(deployment, "STARTING");
    later(faults.startMs, () => {
      if (deployment.status !== "STARTING") return;
      move(deployment, "RUNNING"); // a listing is scheduled; no container runs yet
      list(deployment);
    });
  }

  function list(deployment: StandInDeployment): void {
    if (deployment.status !== "RUNNING" && deployment.status !== "INSUFFICIENT_FUNDS") return;
    const cost = priceOf(deployment.body.market) * (deployment.body.timeout / 60);
    if (cost > free()) {
      move(deployment, "INSUFFICIENT_FUNDS");
      const message = `Insufficient credits. Required: $${cost.toFixed(3)}, Available: $${free().toFixed(3)}`;
      happened(deployment, "JOB_LIST_INSUFFICIENT_FUNDS", message);
      later(FUNDS_RETRY_MS, () => list(deployment));
      return;
    }
    if (faults.listErrors > 0) {
      faults.listErrors -= 1;
      happened(deployment, "JOB_LIST_ERROR", "The job could not be listed on the network");
      later(faults.listRetryMs, () => list(deployment));
      return;
    }
    move(deployment, "RUNNING");
    const now = clock.now();
    const job: Job = {
      ...{ id: newId("J"), state: 0, node: "", listedAt: now, timeStart: 0, timeEnd: 0, updatedAt: now },
      ...{ result: null, reservedUsd: cost, container: undefined },
    };
    credits.reserved += cost;
    deployment.jobs.push(job);
    happened(deployment, "JOB_LIST_CONFIRMED", "The job was listed");
    later(faults.queueMs, () => claim(deployment, job));
  }

  function claim(deployment: StandInDeployment, job: Job): void {
    if (job.state !== 0) return; // delisted meanwhile
    job.state = 1;
    job.node = newId("N");
    job.timeStart = clock.now();
    job.updatedAt = clock.now();
    const op = deployment.body.job_definition.ops[0];
    if (!op) return;
    if (faults.missingImage?.test(op.args.image)) {
      const message = `Error pulling image ${op.args.image}: manifest unknown`;
      finish(deployment, job, { exitCode: null, error: message });
      return;
    }
    const { command, env } = run(op.args.image);
    job.container = startContainer({
      command,
      env: { ...env, ...op.args.env },
      onExit: (exitCode, error) => finish(deployment, job, { exitCode, error }),
    });
    later(deployment.body.timeout * 60_000, () => end(job, "expired"));
  }

  /** Ends a job that runs. */
  function end(job: Job, why: Ending): void {
    if (job.state !== 1) return;
    if (!endings.has(job)) endings.set(job, why);
    job.container?.stop(why === "dead" || why === "shut down" ? 0 : faults.graceMs);
  }

  function finish(
    deployment: StandInDeployment,
    job: Job,
    { exitCode, error }: { exitCode: number | null; error?: string | undefined },
  ): void {
    const why = endings.get(job);
    const now = clock.now();
    job.state = why === "stopped" ? 3 : 2;
    job.timeEnd = now;
    job.updatedAt = now;
    const status = exitCode === 0 && !why ? "success" : "failed";
    const result = {
      ...{ status, startTime: job.timeStart, endTime: now },
      opStates: [
        {
          ...{ providerId: "stand-in", operationId: deployment.body.job_definition.ops[0]?.id ?? null },
          ...{ group: null, status, startTime: job.timeStart, endTime: now, exitCode, results: {} },
          logs: job.container?.logs() ?? [],
          ...(error && { error: { event: "container/run", message: error } }),
          diagnostics: {
            reason: {
              hostShutDown: why === "shut down",
              jobStopped: why === "stopped",
              jobExpired: why === "expired",
            },
          },
        },
      ],
    };
    if (why !== "dead")
      later(faults.resultMs, () => {
        job.result = result;
      });
    settle(deployment, job);
    later(faults.settleMs, () => {
      const goesOn = deployment.jobs.some(({ state }) => state < 2);
      if (!goesOn && (deployment.status === "RUNNING" || deployment.status === "STOPPING"))
        move(deployment, "STOPPED");
    });
  }

  function settle({ body }: StandInDeployment, job: Job): void {
    credits.reserved -= job.reservedUsd;
    if (job.timeStart) credits.settled += ((job.timeEnd - job.timeStart) / 3_600_000) * priceOf(body.market);
  }

  function stop(deployment: StandInDeployment): void {
    if (!STOPPABLE.includes(deployment.status)) throw new WrongState();
    move(deployment, "STOPPING");
    for (const job of deployment.jobs) {
      if (job.state === 0) {
        job.state = 3; // delisted
        job.timeEnd = clock.now();
        job.updatedAt = clock.now();
        settle(deployment, job);
      } else end(job, "stopped");
    }
    if (deployment.jobs.every(({ state }) => state >= 2))
      later(faults.settleMs, () => deployment.status === "STOPPING" && move(deployment, "STOPPED"));
  }

  return {
    deployments,
    create,
    start,
    stop,
    free,
    /** The node of a running job goes away, with a last word or without. */
    endNode: ({ jobs }: StandInDeployment, why: "shut down" | "dead") => {
      for (const job of jobs) end(job, why);
    },
    archive(deployment: StandInDeployment): void {
      if (deployment.status !== "STOPPED") throw new WrongState();
      move(deployment, "ARCHIVED");
    },
    /** Below 0 the service archives whatever the account has. */
    setFree(usd: number): void {
      credits.assigned = usd + credits.reserved + credits.settled;
      if (usd >= 0) return;
      for (const deployment of deployments.values()) {
        for (const job of deployment.jobs) end(job, "stopped");
        move(deployment, "ARCHIVED");
      }
    },
    /** Kills whatever runs. */
    close(): void {
      for (const { jobs } of deployments.values()) for (const { container } of jobs) container?.stop(0);
    },
  };
}

import { z } from "zod";
import type { Job, StandInDeployment, StandInMarket } from "./stand-in-service.ts";

// What the stand-in takes and gives: the service's own shapes, read from its OpenAPI document.

export type Status =
  | "DRAFT"
  | "ERROR"
  | "STARTING"
  | "RUNNING"
  | "STOPPING"
  | "STOPPED"
  | "INSUFFICIENT_FUNDS"
  | "ARCHIVED";
const JOB_STATES = ["QUEUED", "RUNNING", "COMPLETED", "STOPPED"];

const Text = z.string().min(1);
/** Only what this project sends; the real one takes more kinds of operations. */
const Definition = z.strictObject({
  version: z.literal("0.1"),
  type: z.literal("container"),
  meta: z.record(z.string(), z.unknown()).optional(),
  ops: z
    .array(
      z.strictObject({
        type: z.literal("container/run"),
        id: z.string().regex(/^\S+$/),
        args: z.strictObject({
          image: Text,
          gpu: z.boolean().optional(),
          env: z.record(z.string(), z.string()).optional(),
          cmd: z.union([z.string(), z.array(z.string())]).optional(),
        }),
      }),
    )
    .length(1),
});

export const CreateBody = z.object({
  name: Text,
  market: Text,
  replicas: z.int().min(1).max(1),
  timeout: z.int().min(1),
  strategy: z.literal("SIMPLE"),
  confidential: z.boolean().default(true),
  vault: z.string().optional(),
  job_definition: Definition,
});
export type CreateBody = z.infer<typeof CreateBody>;

export const Page = z.object({
  limit: z.enum(["10", "20", "50", "100"]).default("10").transform(Number),
  sort_order: z.enum(["asc", "desc"]).default("desc"),
  cursor: z.string().optional(),
  status: z.string().optional(),
  name: z.string().optional(),
  search: z.string().optional(),
  created_after: z.iso.datetime().optional(),
});
export type Page = z.infer<typeof Page>;

const iso = (ms: number) => new Date(ms).toISOString();
/** The chain counts in whole seconds. */
const seconds = (ms: number) => Math.floor(ms / 1000);

export function deploymentView({ id, body, status, createdAt, updatedAt, jobs }: StandInDeployment) {
  const { name, market, replicas, timeout, confidential, strategy } = body;
  return {
    ...{ id, name, vault: "VaultStandIn", market, owner: "OwnerStandIn", status, replicas, timeout },
    ...{ endpoints: [], confidential, active_revision: 1, strategy },
    active_jobs: jobs.filter(({ state }) => state < 2).length,
    ...{ created_at: iso(createdAt), updated_at: iso(updatedAt) },
  };
}

export function listedJobView({ id, body }: StandInDeployment, job: Job) {
  return {
    ...{ tx: `T${job.id.slice(1)}`, job: job.id, deployment: id, market: body.market, revision: 1 },
    ...{ state: JOB_STATES[job.state], time_start: seconds(job.timeStart) },
    ...{ created_at: iso(job.listedAt), updated_at: iso(job.updatedAt) },
  };
}

export function jobView({ body }: StandInDeployment, job: Job) {
  return {
    ...{ confidential: body.confidential, revision: 1, market: body.market, node: job.node },
    ...{ state: job.state, jobStatus: null, jobDefinition: body.job_definition, jobResult: job.result },
    ...{ timeStart: seconds(job.timeStart), timeEnd: seconds(job.timeEnd), listedAt: seconds(job.listedAt) },
  };
}

export const eventView = (
  { id }: StandInDeployment,
  { type, message, at }: StandInDeployment["events"][number],
) => ({ category: "Deployment", deploymentId: id, type, message, created_at: iso(at) });

export const marketView = (market: StandInMarket) => ({
  ...{ sft: "", nos_reward_per_second: 0, nos_job_price_per_second: 0, premium_community_relation: null },
  ...{ required_images: [], required_remote_resources: [], nodes: [], client: true },
  ...market,
});

/** One page of items that are in order, the oldest first, and where the next one begins. */
export function pageOf<T extends { seq: number }>(items: readonly T[], { limit, sort_order, cursor }: Page) {
  const descending = sort_order === "desc";
  const from = cursor === undefined ? undefined : Number(Buffer.from(cursor, "base64").toString());
  const ordered = descending ? items.toReversed() : items;
  const rest =
    from === undefined ? ordered : ordered.filter(({ seq }) => (descending ? seq < from : seq > from));
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return {
    shown,
    pagination: {
      cursor_next: last && rest.length > limit ? Buffer.from(String(last.seq)).toString("base64") : null,
      cursor_prev: null,
      total_items: items.length,
    },
  };
}

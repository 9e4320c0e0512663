import { z } from "zod";

// What of Nosana's answers is used, and no more: the service may add to them, and old servers leave things out.

/** A time as Nosana writes it, ISO 8601 or a number of s or ms since 1970; becomes ms since 1970. */
const Time = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = typeof value === "number" ? inMs(value) : Date.parse(value);
  if (!Number.isFinite(ms)) context.addIssue({ code: "custom", message: "no time" });
  return ms;
});
/** Seconds would be later than the year 5000 before they look like ms. */
const inMs = (value: number) => (value < 1e11 ? value * 1000 : value);
/** A time that is 0 or missing where it has not come yet. */
const MaybeTime = Time.nullish()
  .catch(undefined)
  .transform((ms) => ms || undefined);

const Money = z.union([z.number(), z.string().trim().min(1).transform(Number)]).pipe(z.number());

export const Deployment = z.object({
  id: z.string().regex(/^[\w-]{1,100}$/),
  name: z.string(),
  market: z.string(),
  status: z.string(),
  created_at: Time,
});
export type Deployment = z.infer<typeof Deployment>;

const Pagination = z.object({ cursor_next: z.string().nullish() });
export const DeploymentPage = z.object({
  deployments: z.array(Deployment),
  pagination: Pagination.default({ cursor_next: null }),
});

/** The answer to start, stop and archive. */
export const Moved = z.object({ status: z.string() });

const JOB_STATES = ["QUEUED", "RUNNING", "COMPLETED", "STOPPED"] as const;
/** Text in the list of jobs, a number in a job's details. */
const JobState = z
  .union([z.enum(JOB_STATES), z.int().min(0).max(3), z.enum(["0", "1", "2", "3"])])
  .transform((state) => JOB_STATES[Number(state)] ?? (state as (typeof JOB_STATES)[number]));

export const ListedJob = z.object({
  job: z.string(),
  state: JobState,
  created_at: MaybeTime,
  updated_at: MaybeTime,
});
export type ListedJob = z.infer<typeof ListedJob>;
export const JobPage = z.object({ jobs: z.array(ListedJob) });

const Flag = z.boolean().catch(false);
const OpState = z.object({
  operationId: z.string().nullish(),
  status: z.string().nullish().catch(null),
  exitCode: z.int().nullish().catch(null),
  error: z.object({ message: z.string() }).nullish().catch(null),
  diagnostics: z
    .object({
      reason: z.object({ hostShutDown: Flag, jobStopped: Flag, jobExpired: Flag }).nullish().catch(null),
      state: z.object({ OOMKilled: Flag }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
});
export type OpState = z.infer<typeof OpState>;
/** What the node says of its work. Nodes belong to strangers: whatever one sends, the rest of the answer counts. */
const JobResult = z.object({ status: z.string().catch(""), opStates: z.array(OpState).catch([]) });
export type JobResult = z.infer<typeof JobResult>;

export const JobDetail = z.object({
  state: JobState,
  node: z.string().nullish().catch(null),
  timeStart: MaybeTime,
  timeEnd: MaybeTime,
  listedAt: MaybeTime,
  jobResult: JobResult.nullish().catch(null),
});
export type JobDetail = z.infer<typeof JobDetail>;

const OpLogs = z.object({
  operationId: z.string().nullish(),
  logs: z.array(z.object({ log: z.string().catch("") }).catch({ log: "" })).catch([]),
});
/** The same answer for its output: there may be very much of it, and it is parsed only where it is wanted. */
export const JobLogs = z.object({
  jobResult: z
    .object({ opStates: z.array(OpLogs) })
    .nullish()
    .catch(null),
});

export const EventPage = z.object({
  events: z.array(z.object({ type: z.string(), message: z.string().catch(""), created_at: MaybeTime })),
});

export const Balance = z.object({ assignedCredits: Money, reservedCredits: Money, settledCredits: Money });

export const Market = z.object({
  address: z.string().min(1),
  slug: z.string().catch(""),
  name: z.string().catch(""),
  type: z.string().catch("OTHER"),
  usd_reward_per_hour: Money.nullish().catch(null),
  network_fee_percentage: Money.catch(0),
  gpu_types: z.array(z.string()).catch([]),
  lowest_vram: z.number().positive().nullish().catch(null),
});
export type Market = z.infer<typeof Market>;
/** One market that makes no sense does not hide the others. */
export const Markets = z
  .array(z.unknown())
  .transform((all) => all.flatMap((market) => Market.safeParse(market).data ?? []));

import {
  Balance,
  BalanceInput,
  Callback,
  Challenge,
  ChallengeInput,
  ClaimAnswer,
  ClaimInput,
  Completed,
  CompleteInput,
  CreatedJob,
  CreatedUpload,
  CreateJob,
  CreateUpload,
  HeartbeatInput,
  JobView,
  PresignAnswer,
  PresignInput,
  Pulse,
  RankAnswer,
  RankInput,
  Report,
  Results,
  SignedLink,
  SystemInfo,
  TopupConfirm,
  TopupConfirmInput,
  TopupIntent,
  TopupIntentInput,
  Unlocked,
  UnlockInput,
  Verified,
  VerifyInput,
} from "@kangklip/contract";
import { z } from "zod";
import type { appRouter } from "./router.ts";

type Caller = ReturnType<typeof appRouter.createCaller>;
export type Header = "x-job-token" | "x-auth-token" | "x-callback-token" | "x-attempt-token";

/** One documented path. `{name}` in the path is a parameter, and counts more than the body's field of that name. */
export interface Route {
  method: "get" | "post";
  path: string;
  summary: string;
  tag: string;
  headers?: Header[];
  body?: z.ZodType;
  query?: z.ZodType;
  answer: z.ZodType;
  /** The procedure, given parameters, query and body as one object. */
  call(caller: Caller, input: never): Promise<unknown>;
}

const row = <Name extends keyof Caller, Procedure extends keyof Caller[Name]>(
  name: Name,
  procedure: Procedure,
): Route["call"] => {
  return (caller, input) => (caller[name][procedure] as (input: unknown) => Promise<unknown>)(input);
};
const Ok = z.object({ ok: z.literal(true) });
const Started = z.union([Ok, z.object({ ok: z.literal(false), start_error: z.string() })]);
const clipPath = "/api/jobs/{job_id}/clips/{clip_file}";

/** The documented REST paths, each one tRPC procedure: no logic lives here. The stream of a clip's bytes is in stream.ts. */
export const ROUTES: Route[] = [
  {
    method: "post",
    path: "/api/jobs",
    summary: "Make clips from a video",
    tag: "jobs",
    body: CreateJob,
    answer: CreatedJob,
    call: row("jobs", "create"),
  },
  {
    method: "get",
    path: "/api/jobs/{job_id}",
    summary: "How a job is doing",
    tag: "jobs",
    answer: JobView,
    call: row("jobs", "view"),
  },
  {
    method: "post",
    path: "/api/jobs/{job_id}/start",
    summary: "Whether the job was started (jobs start by themselves)",
    tag: "jobs",
    headers: ["x-job-token"],
    answer: Started,
    call: row("jobs", "start"),
  },
  {
    method: "post",
    path: "/api/jobs/{job_id}/cancel",
    summary: "Stop a job",
    tag: "jobs",
    headers: ["x-job-token"],
    answer: JobView,
    call: row("jobs", "cancel"),
  },
  {
    method: "post",
    path: "/api/jobs/{job_id}/retry",
    summary: "Start a failed or cancelled job again",
    tag: "jobs",
    headers: ["x-job-token"],
    answer: JobView,
    call: row("jobs", "retry"),
  },
  {
    method: "get",
    path: "/api/jobs/{job_id}/results",
    summary: "The clips of a finished job",
    tag: "jobs",
    headers: ["x-job-token"],
    answer: Results,
    call: row("jobs", "results"),
  },
  {
    method: "get",
    path: `${clipPath}/preview`,
    summary: "A link to a small, marked preview",
    tag: "clips",
    headers: ["x-job-token"],
    answer: SignedLink,
    call: row("clips", "preview"),
  },
  {
    method: "get",
    path: `${clipPath}/download`,
    summary: "A link that saves the clip",
    tag: "clips",
    headers: ["x-job-token"],
    answer: SignedLink,
    call: row("clips", "download"),
  },
  {
    method: "post",
    path: `${clipPath}/unlock`,
    summary: "Unlock a clip for one credit",
    tag: "clips",
    headers: ["x-job-token", "x-auth-token"],
    body: UnlockInput.pick({ unlock_request_id: true }),
    answer: Unlocked,
    call: row("clips", "unlock"),
  },
  {
    method: "get",
    path: "/api/jobs/{job_id}/artifacts/{name}",
    summary: "A link to another file of the job: cover, subtitles, transcript.json, edl.json …",
    tag: "clips",
    headers: ["x-job-token"],
    answer: SignedLink,
    call: row("clips", "artifact"),
  },
  {
    method: "post",
    path: "/api/uploads",
    summary: "Bring a video file: PUT it to the answer's put_url, then make a job with its upload_id",
    tag: "uploads",
    body: CreateUpload,
    answer: CreatedUpload,
    call: row("uploads", "create"),
  },
  {
    method: "post",
    path: "/api/callback/nosana",
    summary: "How a 1.x worker reports",
    tag: "worker",
    headers: ["x-callback-token"],
    body: Callback,
    answer: Ok,
    call: row("worker", "callback"),
  },
  {
    method: "post",
    path: "/api/worker/claim",
    summary: "Claim an attempt, once",
    tag: "worker",
    body: ClaimInput,
    answer: ClaimAnswer,
    call: row("worker", "claim"),
  },
  {
    method: "post",
    path: "/api/worker/heartbeat",
    summary: "Still alive",
    tag: "worker",
    headers: ["x-attempt-token"],
    body: HeartbeatInput,
    answer: Pulse,
    call: row("worker", "heartbeat"),
  },
  {
    method: "post",
    path: "/api/worker/report",
    summary: "Progress or the end of an attempt",
    tag: "worker",
    headers: ["x-attempt-token"],
    body: Report,
    answer: Pulse,
    call: row("worker", "report"),
  },
  {
    method: "post",
    path: "/api/worker/presign",
    summary: "Links to upload artifacts to",
    tag: "worker",
    headers: ["x-attempt-token"],
    body: PresignInput,
    answer: PresignAnswer,
    call: row("worker", "presign"),
  },
  {
    method: "post",
    path: "/api/worker/complete",
    summary: "Make one artifact of the parts that were uploaded",
    tag: "worker",
    headers: ["x-attempt-token"],
    body: CompleteInput,
    answer: Completed,
    call: row("worker", "complete"),
  },
  {
    method: "post",
    path: "/api/worker/rank",
    summary: "Have a language model rank candidates",
    tag: "worker",
    headers: ["x-attempt-token"],
    body: RankInput,
    answer: RankAnswer,
    call: row("worker", "rank"),
  },
  {
    method: "post",
    path: "/api/auth/challenge",
    summary: "A text to sign with a wallet",
    tag: "credits",
    body: ChallengeInput,
    answer: Challenge,
    call: row("auth", "challenge"),
  },
  {
    method: "post",
    path: "/api/auth/verify",
    summary: "A signed text for an auth token",
    tag: "credits",
    body: VerifyInput,
    answer: Verified,
    call: row("auth", "verify"),
  },
  {
    method: "get",
    path: "/api/credits/balance",
    summary: "Credits of the wallet",
    tag: "credits",
    headers: ["x-auth-token"],
    query: BalanceInput,
    answer: Balance,
    call: row("credits", "balance"),
  },
  {
    method: "post",
    path: "/api/credits/topup/usdc/intent",
    summary: "What to pay for credits",
    tag: "credits",
    headers: ["x-auth-token"],
    body: TopupIntentInput,
    answer: TopupIntent,
    call: row("credits", "topupIntent"),
  },
  {
    method: "post",
    path: "/api/credits/topup/usdc/confirm",
    summary: "Whether a payment has arrived",
    tag: "credits",
    headers: ["x-auth-token"],
    body: TopupConfirmInput,
    answer: TopupConfirm,
    call: row("credits", "topupConfirm"),
  },
  {
    method: "post",
    path: "/api/credits/topup/quote",
    summary: "Retired (410)",
    tag: "credits",
    answer: z.object({}),
    call: row("credits", "topupQuoteRetired"),
  },
  {
    method: "post",
    path: "/api/credits/topup/confirm",
    summary: "Retired (410)",
    tag: "credits",
    headers: ["x-auth-token"],
    answer: z.object({}),
    call: row("credits", "topupConfirmRetired"),
  },
  {
    method: "get",
    path: "/api/system",
    summary: "What this installation can do",
    tag: "system",
    answer: SystemInfo,
    call: row("system", "info"),
  },
];

/** The order in which a route's fields are checked, where its body documents one. */
export const fieldOrder = ({ body }: Route): string[] =>
  body instanceof z.ZodObject ? Object.keys(body.shape) : [];

import {
  CreatedJob,
  CreatedUpload,
  CreateJob,
  CreateUpload,
  InspectSource,
  JobId,
  JobRow,
  JobView,
  KangKlipError,
  LogLine,
  MyJobsInput,
  ProviderView,
  Quote,
  QuoteJob,
  Results,
  ServiceStatus,
  SourcePreview,
  SystemInfo,
  UploadParts,
} from "@kangklip/contract";
import { z } from "zod";
import { CLIPS_ROUTES } from "./rest-clips.ts";
import { CREDITS_ROUTES } from "./rest-credits.ts";
import { Ok, type Route, row } from "./rest-row.ts";
import { SHARES_ROUTES } from "./rest-shares.ts";
import { WORKER_ROUTES } from "./rest-worker.ts";
import { makeJob } from "./router.ts";
import { accessOf } from "./trpc.ts";

const Started = z.union([Ok, z.object({ ok: z.literal(false), start_error: z.string() })]);

/** The documented REST paths, each one tRPC procedure, or what that procedure does (`plain`): no logic lives here. The stream of a clip's bytes is in stream.ts. */
export const ROUTES: Route[] = [
  {
    method: "post",
    path: "/api/jobs",
    summary: "Make clips from a video",
    tag: "jobs",
    mayHave: ["x-auth-token"],
    body: CreateJob,
    answer: CreatedJob,
    call: row("jobs", "create"),
    plain: async (context, input) => CreatedJob.parse(await makeJob(context, CreateJob.parse(input))),
  },
  {
    method: "post",
    path: "/api/jobs/quote",
    summary: "Where a job like this would run now and what it would cost; nothing is started",
    tag: "jobs",
    body: QuoteJob,
    answer: Quote,
    call: row("jobs", "quote"),
  },
  {
    method: "post",
    path: "/api/jobs/inspect",
    summary: "What an address leads to: title, length, size, a picture; nothing is started or kept",
    tag: "jobs",
    body: InspectSource,
    answer: SourcePreview,
    call: row("jobs", "inspect"),
  },
  {
    method: "get",
    path: "/api/jobs/mine",
    summary: "The jobs of the wallet, newest first",
    tag: "jobs",
    headers: ["x-auth-token"],
    query: MyJobsInput,
    answer: z.array(JobRow),
    call: row("jobs", "mine"),
  },
  {
    method: "get",
    path: "/api/jobs/{job_id}",
    summary: "How a job is doing",
    tag: "jobs",
    answer: JobView,
    call: row("jobs", "view"),
    async text(context, { job_id }) {
      const id = JobId.safeParse(job_id);
      if (!id.success) throw new KangKlipError("NOT_FOUND", "job not found");
      return context.services.jobs.viewText(id.data, await accessOf(context));
    },
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
    method: "post",
    path: "/api/jobs/{job_id}/claim",
    summary: "Make a job that is nobody's the wallet's own",
    tag: "jobs",
    headers: ["x-job-token", "x-auth-token"],
    answer: JobView,
    call: row("jobs", "claim"),
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
    path: "/api/jobs/{job_id}/log",
    summary: "What happened to a job, oldest first: the last 100 lines",
    tag: "jobs",
    headers: ["x-job-token"],
    answer: z.array(LogLine),
    call: row("jobs", "log"),
  },
  ...CLIPS_ROUTES,
  ...SHARES_ROUTES,
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
    method: "get",
    path: "/api/uploads/{upload_id}/parts",
    summary:
      "What has arrived of a file that is sent in parts, and links for the first parts that are missing",
    tag: "uploads",
    fields: { "x-upload-token": "upload_token" },
    answer: UploadParts,
    call: row("uploads", "parts"),
  },
  {
    method: "post",
    path: "/api/uploads/{upload_id}/complete",
    summary: "Make the file of its parts; doing it again is harmless",
    tag: "uploads",
    fields: { "x-upload-token": "upload_token" },
    answer: Ok,
    call: row("uploads", "complete"),
  },
  {
    method: "delete",
    path: "/api/uploads/{upload_id}",
    summary: "Remove a file that is not wanted after all, or what has arrived of it",
    tag: "uploads",
    fields: { "x-upload-token": "upload_token" },
    answer: Ok,
    call: row("uploads", "drop"),
  },
  ...WORKER_ROUTES,
  ...CREDITS_ROUTES,
  {
    method: "get",
    path: "/api/system",
    summary: "What this installation can do",
    tag: "system",
    answer: SystemInfo,
    call: row("system", "info"),
  },
  {
    method: "get",
    path: "/api/status",
    summary: "How the service is: what it needs, how many jobs wait, where they may run",
    tag: "system",
    answer: ServiceStatus,
    call: row("system", "status"),
  },
  {
    method: "get",
    path: "/api/system/providers",
    summary: "Each place where jobs may run: whether it can be used now, and its price",
    tag: "system",
    answer: z.array(ProviderView),
    call: row("system", "providers"),
  },
];

/** The order in which a route's fields are checked, where its body documents one. */
export const fieldOrder = ({ body }: Route): string[] =>
  body instanceof z.ZodObject ? Object.keys(body.shape) : [];

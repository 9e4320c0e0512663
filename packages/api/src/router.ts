import {
  Callback,
  ClaimAnswer,
  ClaimInput,
  Completed,
  CompleteInput,
  CompleteUploadInput,
  CreatedJob,
  CreatedUpload,
  CreateJob,
  CreateUpload,
  DropUploadInput,
  HeartbeatInput,
  InspectSource,
  JobId,
  JobRow,
  JobView,
  KangKlipError,
  LogLine,
  MyJobsInput,
  PresignAnswer,
  PresignInput,
  ProviderView,
  PublishInput,
  Pulse,
  Quote,
  QuoteJob,
  RankAnswer,
  RankInput,
  Report,
  Results,
  ServiceStatus,
  SourcePreview,
  SystemInfo,
  TranslateAnswer,
  TranslateInput,
  UploadParts,
  UploadPartsInput,
} from "@kangklip/contract";
import { tracked } from "@trpc/server";
import { z } from "zod";
import { clipsRouter } from "./router-clips.ts";
import { authRouter, creditsRouter } from "./router-credits.ts";
import { sharesRouter } from "./router-shares.ts";
import {
  accessOf,
  type Context,
  moneyOf,
  operatorProcedure,
  procedure,
  router,
  signedIn,
  walletProcedure,
} from "./trpc.ts";

const JobInput = z.object({ job_id: JobId });
const Ok = z.object({ ok: z.literal(true) });
const attemptToken = (ctx: Context) => ctx.header("x-attempt-token");

async function* trackedViews(views: AsyncIterable<JobView>) {
  for await (const view of views) yield tracked(String(view.version), view);
}

/** What `jobs.create` does with a request that was read. */
export async function makeJob(ctx: Context, request: z.output<typeof CreateJob>): Promise<CreatedJob> {
  await ctx.services.limits.jobs(ctx.address);
  return ctx.services.jobs.make(request, ctx.identity, { wallet: await signedIn(ctx) });
}

const jobsRouter = router({
  create: procedure
    .input(CreateJob)
    .output(CreatedJob)
    .mutation(({ ctx, input }) => makeJob(ctx, input)),
  /** Where such a job would run now and what it would cost; nothing is started. */
  quote: procedure
    .input(QuoteJob)
    .output(Quote)
    .query(async ({ ctx, input }) => {
      await ctx.services.limits.quotes(ctx.address);
      ctx.services.jobs.mustBeThere(input.compute);
      return ctx.services.compute.quote(input);
    }),
  /** What an address leads to, before a job is made of it. */
  inspect: procedure
    .input(InspectSource)
    .output(SourcePreview)
    .query(async ({ ctx, input, signal }) => {
      const { inspections, limits } = ctx.services;
      if (!inspections)
        throw new KangKlipError(
          "UNAVAILABLE",
          "This service does not look at addresses beforehand: make the job, and it will tell what is there",
        );
      await limits.inspections(ctx.address);
      return inspections.inspect(input.video_url, signal);
    }),
  view: procedure
    .input(JobInput)
    .output(JobView)
    .query(async ({ ctx, input }) => ctx.services.jobs.view(input.job_id, await accessOf(ctx))),
  start: procedure
    .input(JobInput)
    .mutation(async ({ ctx, input }) => ctx.services.jobs.start(input.job_id, await accessOf(ctx))),
  cancel: procedure
    .input(JobInput)
    .output(JobView)
    .mutation(async ({ ctx, input }) => ctx.services.jobs.cancel(input.job_id, await accessOf(ctx))),
  retry: procedure
    .input(JobInput)
    .output(JobView)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.limits.jobs(ctx.address);
      return ctx.services.jobs.retry(input.job_id, await accessOf(ctx));
    }),
  results: procedure
    .input(JobInput)
    .output(Results)
    .query(async ({ ctx, input }) => ctx.services.clips.results(input.job_id, await accessOf(ctx))),
  /** What happened to it, oldest first. */
  log: procedure
    .input(JobInput)
    .output(z.array(LogLine))
    .query(async ({ ctx, input }) => ctx.services.jobs.log(input.job_id, await accessOf(ctx))),
  /** The view now and each newer one; the id is the view's version, so a client that comes back misses nothing. */
  events: procedure
    .input(JobInput.extend({ lastEventId: z.string().max(20).nullish() }))
    .subscription(async ({ ctx, input, signal }) => {
      await ctx.services.jobs.view(input.job_id, await accessOf(ctx)); // an unknown job is refused before the stream begins
      const seenVersion = /^\d+$/.test(input.lastEventId ?? "") ? Number(input.lastEventId) : undefined;
      const ended = signal ? AbortSignal.any([signal, ctx.draining]) : ctx.draining;
      return trackedViews(
        ctx.services.jobs.events(input.job_id, await accessOf(ctx), { seenVersion, signal: ended }),
      );
    }),
  /** Those of the wallet that is signed in. */
  mine: walletProcedure
    .input(MyJobsInput.prefault({}))
    .output(z.array(JobRow))
    .query(({ ctx, input }) => {
      moneyOf(ctx);
      return ctx.services.jobs.mine(ctx.wallet, input);
    }),
  /** Gives a job that is nobody's to the wallet that is signed in. */
  claim: walletProcedure
    .input(JobInput)
    .output(JobView)
    .mutation(async ({ ctx, input }) => {
      moneyOf(ctx);
      return ctx.services.jobs.claim(input.job_id, await accessOf(ctx), ctx.wallet);
    }),
  list: operatorProcedure
    .input(z.object({ before: JobId.optional(), limit: z.int().min(1).max(200).default(50) }))
    .output(z.array(JobRow))
    .query(({ ctx, input }) => ctx.services.jobs.list(input)),
});

const uploadsRouter = router({
  create: procedure
    .input(CreateUpload)
    .output(CreatedUpload)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.limits.jobs(ctx.address);
      return ctx.services.uploads.create(input);
    }),
  /** What has arrived of a file that is sent in parts, and where the next missing ones go. */
  parts: procedure
    .input(UploadPartsInput)
    .output(UploadParts)
    .query(async ({ ctx, input }) => {
      await ctx.services.limits.uploads(ctx.address);
      return ctx.services.uploads.parts(input);
    }),
  complete: procedure
    .input(CompleteUploadInput)
    .output(Ok)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.limits.uploads(ctx.address);
      return ctx.services.uploads.complete(input);
    }),
  drop: procedure
    .input(DropUploadInput)
    .output(Ok)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.limits.uploads(ctx.address);
      return ctx.services.uploads.drop(input);
    }),
});

const workerRouter = router({
  claim: procedure
    .input(ClaimInput)
    .output(ClaimAnswer)
    .mutation(({ ctx, input }) => ctx.services.work.claim(input)),
  heartbeat: procedure
    .input(HeartbeatInput)
    .output(Pulse)
    .mutation(({ ctx, input }) => ctx.services.work.heartbeat(attemptToken(ctx), input)),
  report: procedure
    .input(Report)
    .output(Pulse)
    .mutation(({ ctx, input }) => ctx.services.work.report(attemptToken(ctx), input)),
  presign: procedure
    .input(PresignInput)
    .output(PresignAnswer)
    .mutation(({ ctx, input }) => ctx.services.work.presign(attemptToken(ctx), input)),
  complete: procedure
    .input(CompleteInput)
    .output(Completed)
    .mutation(({ ctx, input }) => ctx.services.work.complete(attemptToken(ctx), input)),
  /** A clip can be watched while others are still being made. */
  publish: procedure
    .input(PublishInput)
    .output(Pulse)
    .mutation(({ ctx, input }) => ctx.services.work.publish(attemptToken(ctx), input)),
  rank: procedure
    .input(RankInput)
    .output(RankAnswer)
    .mutation(({ ctx, input }) => ctx.services.work.rank(attemptToken(ctx), input)),
  translate: procedure
    .input(TranslateInput)
    .output(TranslateAnswer)
    .mutation(({ ctx, input }) => ctx.services.work.translate(attemptToken(ctx), input)),
  /** 1.x workers: the token is looked at before the body, as documented. */
  callback: procedure
    .input(z.unknown())
    .output(Ok)
    .mutation(({ ctx, input }) =>
      ctx.services.work.callback(ctx.header("x-callback-token"), () => parsedCallback(input)),
    ),
});

function parsedCallback(input: unknown): Callback {
  const parsed = Callback.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrongId = parsed.error.issues.some(({ path }) => path[0] === "job_id" || path.length === 0);
  const message = wrongId ? "invalid job id" : (parsed.error.issues[0]?.message ?? "invalid status");
  throw new KangKlipError("INVALID_INPUT", message, { cause: parsed.error });
}

const systemRouter = router({
  info: procedure.output(SystemInfo).query(({ ctx }) => ctx.services.info()),
  /** How the service is. */
  status: procedure.output(ServiceStatus).query(async ({ ctx }) => {
    await ctx.services.limits.quotes(ctx.address);
    return ctx.services.status();
  }),
  /** Each provider, asked now; details are for the operator of the machine. */
  providers: procedure.output(z.array(ProviderView)).query(async ({ ctx }) => {
    await ctx.services.limits.quotes(ctx.address);
    return ctx.services.compute.providers(await accessOf(ctx));
  }),
});

export const appRouter = router({
  jobs: jobsRouter,
  clips: clipsRouter,
  shares: sharesRouter,
  uploads: uploadsRouter,
  worker: workerRouter,
  auth: authRouter,
  credits: creditsRouter,
  system: systemRouter,
});
export type AppRouter = typeof appRouter;

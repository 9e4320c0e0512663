import {
  ArtifactInput,
  ClipInput,
  ClipLink,
  EditClipInput,
  EditedClip,
  Edl,
  ReadyClip,
  RevisionView,
  ShowRevisionInput,
  SignedLink,
  Timeline,
  TimelineInput,
  Unlocked,
  UnlockInput,
  ViewInput,
} from "@kangklip/contract";
import { z } from "zod";
import { accessOf, authToken, creditsOff, procedure, router } from "./trpc.ts";

/** For whoever owns the clip of a finished job. That is looked at before what is to be done with it: 404, 401, 409 and 404 come first. */
const ownClip = procedure.input(ClipInput).use(async ({ ctx, input, next }) => {
  await ctx.services.clips.whole(input.job_id, input.clip_file, await accessOf(ctx));
  return next();
});

export const clipsRouter = router({
  preview: procedure
    .input(ClipInput)
    .output(SignedLink)
    .query(async ({ ctx, input }) =>
      ctx.services.clips.preview(input.job_id, input.clip_file, await accessOf(ctx)),
    ),
  download: procedure
    .input(ClipInput)
    .output(SignedLink)
    .query(async ({ ctx, input }) =>
      ctx.services.clips.download(input.job_id, input.clip_file, await accessOf(ctx)),
    ),
  view: procedure
    .input(ViewInput)
    .output(ClipLink)
    .query(async ({ ctx, input }) =>
      ctx.services.clips.view(input.job_id, input.clip_file, await accessOf(ctx), input.revision),
    ),
  artifact: procedure
    .input(ArtifactInput)
    .output(SignedLink)
    .query(async ({ ctx, input }) => ctx.services.clips.artifact(input.job_id, input, await accessOf(ctx))),
  /** Clips that can be watched while their job still goes on. */
  ready: procedure
    .input(ClipInput.pick({ job_id: true }))
    .output(z.array(ReadyClip))
    .query(async ({ ctx, input }) => ctx.services.clips.ready(input.job_id, await accessOf(ctx))),
  unlock: procedure
    .input(ClipInput.extend({ unlock_request_id: z.unknown().optional() }))
    .output(Unlocked)
    .mutation(async ({ ctx, input }) => {
      const { jobs, money } = ctx.services;
      const access = await accessOf(ctx);
      if (money) return money.unlock.clip(input, access, authToken(ctx));
      await jobs.owned(input.job_id, access);
      UnlockInput.shape.unlock_request_id.parse(input.unlock_request_id);
      throw creditsOff();
    }),
  /** Makes a new revision of a clip; `edit_job_id` is the job that renders it. */
  edit: ownClip
    .input(EditClipInput)
    .output(EditedClip)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.limits.jobs(ctx.address);
      return ctx.services.edits.edit(input, await accessOf(ctx), ctx.identity);
    }),
  revisions: procedure
    .input(ClipInput)
    .output(z.array(RevisionView))
    .query(async ({ ctx, input }) =>
      ctx.services.edits.revisions(input.job_id, input.clip_file, await accessOf(ctx)),
    ),
  /** Goes back to an earlier revision, or forth again. */
  show: ownClip
    .input(ShowRevisionInput)
    .output(z.array(RevisionView))
    .mutation(async ({ ctx, input }) => ctx.services.edits.show(input, await accessOf(ctx))),
  /** A link to a zip of all that are unlocked. */
  archive: procedure
    .input(ClipInput.pick({ job_id: true }))
    .output(SignedLink)
    .query(async ({ ctx, input }) => ctx.services.keeping.archive(input.job_id, await accessOf(ctx))),
  /** The cuts of all clips as an editing program reads them. */
  timeline: procedure
    .input(TimelineInput)
    .output(Timeline)
    .query(async ({ ctx, input }) =>
      ctx.services.keeping.timeline(input.job_id, input.format, await accessOf(ctx)),
    ),
  /** All clips as they are shown, ready to be edited. */
  edl: procedure
    .input(ClipInput.pick({ job_id: true }))
    .output(Edl)
    .query(async ({ ctx, input }) => ctx.services.clips.edl(input.job_id, await accessOf(ctx))),
});

import { CreateShare, JobShares, RevokeShare, SharedClips, ShareView } from "@kangklip/contract";
import { z } from "zod";
import { accessOf, procedure, router } from "./trpc.ts";

/** Whatever it is, it leads nowhere, in the same words. */
const AnyToken = z.object({ token: z.string().max(2000) });

export const sharesRouter = router({
  create: procedure
    .input(CreateShare)
    .output(ShareView)
    .mutation(async ({ ctx, input }) => ctx.services.shares.create(input, await accessOf(ctx))),
  list: procedure
    .input(JobShares)
    .output(z.array(ShareView))
    .query(async ({ ctx, input }) => ctx.services.shares.list(input.job_id, await accessOf(ctx))),
  revoke: procedure
    .input(RevokeShare)
    .output(z.array(ShareView))
    .mutation(async ({ ctx, input }) =>
      ctx.services.shares.revoke(input.job_id, input.share_id, await accessOf(ctx)),
    ),
  /** For everybody who has the link. */
  view: procedure
    .input(AnyToken)
    .output(SharedClips)
    .query(async ({ ctx, input }) => {
      await ctx.services.limits.shares(ctx.address);
      return ctx.services.shares.view(input.token);
    }),
});

import {
  Balance,
  BalanceInput,
  Challenge,
  ChallengeInput,
  CreditsInfo,
  FaucetGift,
  KangKlipError,
  LogoutInput,
  Session,
  TopupConfirm,
  TopupConfirmInput,
  TopupIntent,
  TopupIntentInput,
  TopupSendInput,
  TopupSent,
  Verified,
  VerifyInput,
} from "@kangklip/contract";
import { z } from "zod";
import { authToken, moneyOf, procedure, router, signedIn, walletProcedure } from "./trpc.ts";

const Ok = z.object({ ok: z.literal(true) });

export const authRouter = router({
  challenge: procedure
    .input(ChallengeInput)
    .output(Challenge)
    .mutation(({ ctx, input }) =>
      moneyOf(ctx).auth.challenge(input.wallet_address, {
        address: ctx.address,
        origin: ctx.header("origin"),
      }),
    ),
  verify: procedure
    .input(VerifyInput)
    .output(Verified)
    .mutation(({ ctx, input }) => moneyOf(ctx).auth.verify(input, { address: ctx.address })),
  session: procedure.output(Session).query(({ ctx }) => moneyOf(ctx).auth.session(authToken(ctx))),
  logout: walletProcedure
    .input(LogoutInput.prefault({}))
    .output(Ok)
    .mutation(async ({ ctx, input }) => {
      await moneyOf(ctx).auth.logout(authToken(ctx), input);
      return { ok: true };
    }),
});

export const creditsRouter = router({
  info: procedure.output(CreditsInfo).query(({ ctx }) => ctx.services.creditsInfo()),
  balance: walletProcedure
    .input(BalanceInput.prefault({}))
    .output(Balance)
    .query(async ({ ctx, input }) => {
      const { ledger } = moneyOf(ctx);
      if (input.wallet && input.wallet !== ctx.wallet)
        throw new KangKlipError("WALLET_MISMATCH", "wallet mismatch");
      await ctx.services.limits.payments(ctx.wallet);
      return { ...(await ledger.balance(ctx.wallet)), wallet_address: ctx.wallet };
    }),
  topupIntent: walletProcedure
    .input(TopupIntentInput)
    .output(TopupIntent)
    .mutation(async ({ ctx, input }) => {
      const { topup } = moneyOf(ctx);
      await ctx.services.limits.payments(ctx.wallet);
      return topup.intent(ctx.wallet, input.credits_to_buy);
    }),
  /** Relays a payment that the wallet signed. */
  topupSend: walletProcedure
    .input(TopupSendInput)
    .output(TopupSent)
    .mutation(async ({ ctx, input }) => {
      const { topup } = moneyOf(ctx);
      await ctx.services.limits.payments(ctx.wallet);
      return topup.send(ctx.wallet, input.transaction);
    }),
  topupConfirm: walletProcedure
    .input(TopupConfirmInput)
    .output(TopupConfirm)
    .mutation(async ({ ctx, input }) => {
      const { topup } = moneyOf(ctx);
      await ctx.services.limits.payments(ctx.wallet);
      return topup.confirm(ctx.wallet, input.signature);
    }),
  /** Test tokens, on a localnet. */
  faucet: walletProcedure.output(FaucetGift).mutation(async ({ ctx }) => {
    const { ledger } = moneyOf(ctx);
    await ctx.services.limits.payments(ctx.wallet);
    return ledger.faucet(ctx.wallet);
  }),
  topupQuoteRetired: procedure.mutation(() => {
    throw new KangKlipError("GONE", "use /api/credits/topup/usdc/intent");
  }),
  topupConfirmRetired: procedure.mutation(async ({ ctx }) => {
    if (!authToken(ctx)) throw new KangKlipError("NOT_SIGNED_IN", "auth token required");
    await signedIn(ctx);
    throw new KangKlipError("GONE", "use /api/credits/topup/usdc/confirm");
  }),
});

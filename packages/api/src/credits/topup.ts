import { randomBytes } from "node:crypto";
import { KangKlipError, type TopupConfirm, type TopupIntent, type TopupSent } from "@kangklip/contract";
import { z } from "zod";
import type { JobStore } from "../jobs/store.ts";
import type { Logger } from "../log.ts";
import { type CreditsLedger, type Payment, Signed } from "./ledger.ts";
import { createResending } from "./resending.ts";

const DAY_MS = 24 * 3_600_000;
/** A payment is confirmed within minutes; what comes later still counts on the chain, and is no longer told of here. */
const INTENT_MS = 7 * DAY_MS;
/** Longer than any transaction lives. */
const SENT_MS = DAY_MS;
const CONFIRMED_MS = 30 * DAY_MS;

const Intent = z.object({
  wallet: z.string(),
  amount_base_units: z.int(),
  blockhash: z.string(),
  last_valid_block_height: z.int(),
});
const Sent = Signed.extend({ wallet: z.string() });
const Confirmed = z.object({
  wallet: z.string(),
  answer: z.object({
    credited: z.literal(true),
    new_balance: z.number(),
    credits_added: z.int(),
    reference: z.string(),
    slot: z.int(),
  }),
});

export type Topup = ReturnType<typeof createTopup>;

interface TopupOptions {
  ledger: CreditsLedger;
  store: Pick<JobStore, "remember" | "note" | "recall" | "take">;
  log: Logger;
  /** ms since 1970 */
  now: () => number;
  /** How long a payment that is not there yet is waited for, each time that somebody asks (ms). */
  waitMs?: number;
}

/**
 * Top-ups: what to pay, passing the payment on, and telling that it has arrived. The program on the chain adds the credits in the
 * instruction that moves the USDC, so nothing here can add them twice or lose them.
 */
export function createTopup({ ledger, store, log, now, waitMs = 4000 }: TopupOptions) {
  const resending = createResending({ ledger, log, now });

  async function recalled<T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const note = await store.recall(key);
    return note === undefined ? undefined : schema.parse(JSON.parse(note));
  }

  /** Of these payments, those that answer an intent of this wallet. */
  async function intended(wallet: string, payments: Payment["payments"]): Promise<Payment["payments"]> {
    const known = await Promise.all(payments.map(({ reference }) => recalled(intentKey(reference), Intent)));
    return payments.filter(({ amount_base_units }, at) => {
      const intent = known[at];
      return intent?.wallet === wallet && intent.amount_base_units === amount_base_units;
    });
  }

  /** Where it was passed on from here and has not landed: whether it still may. */
  async function sentBefore(wallet: string, signature: string): Promise<void> {
    const sent = await recalled(sentKey(signature), Sent);
    if (sent === undefined || sent.wallet !== wallet) return;
    if ((await ledger.expired(sent)) !== null)
      throw new KangKlipError("TRANSACTION_EXPIRED", "transaction expired");
    resending.begin(sent); // the process that sent it may have died
  }

  return {
    /**
     * What the wallet has to sign to buy credits (1 to 10,000).
     * @throws KangKlipError INVALID_INPUT, CREDITS_PAUSED, UNAVAILABLE
     */
    async intent(wallet: string, credits: number): Promise<TopupIntent> {
      const reference = randomBytes(32).toString("hex");
      const { blockhash, ...intent } = await ledger.topup(wallet, credits, reference);
      const { amount_base_units, last_valid_block_height } = intent;
      const note: z.infer<typeof Intent> = { wallet, amount_base_units, blockhash, last_valid_block_height };
      await store.note(intentKey(reference), JSON.stringify(note), INTENT_MS);
      return intent;
    },

    /**
     * Passes a payment on that the wallet signed (base64), again and again until it lands or can no longer. Sending the same again is safe.
     * @throws KangKlipError INVALID_INPUT where it is none of an intent of this wallet; TRANSACTION_FAILED, CREDITS_PAUSED where the network
     * would refuse it: nothing was paid then
     */
    async send(wallet: string, transaction: string): Promise<TopupSent> {
      const { reference, amount_base_units, blockhash, signature, ...read } = await ledger.readTopup(
        wallet,
        transaction,
      );
      const intent = await recalled(intentKey(reference), Intent);
      if (intent?.wallet !== wallet || intent.amount_base_units !== amount_base_units)
        throw new KangKlipError("INVALID_INPUT", "transaction answers no intent of this wallet");
      const last_valid_block_height =
        blockhash === intent.blockhash ? intent.last_valid_block_height : read.last_valid_block_height;
      const sent: z.infer<typeof Sent> = { wallet, signature, transaction, last_valid_block_height };
      // kept before it is sent: whoever is asked about it later knows how long it may take
      const isNew = await store.remember(sentKey(signature), JSON.stringify(sent), SENT_MS);
      try {
        await ledger.broadcast(sent, { again: !isNew });
      } catch (error) {
        if (!(error instanceof KangKlipError) || error.code !== "UNAVAILABLE") {
          await store.take(sentKey(signature));
          throw error;
        }
        // somebody may have it: it is on its way
      }
      resending.begin(sent);
      log.info({ wallet, transaction: signature, amount_base_units }, "passed a top-up on");
      return { signature };
    },

    /**
     * Tells what a payment came to, the same again whenever it is asked.
     * @throws KangKlipError TRANSACTION_NOT_FOUND "transaction not found" until it is confirmed; TRANSACTION_EXPIRED where it was passed on
     * from here and can no longer land; TRANSACTION_FAILED; INVALID_INPUT "invalid program" where it is no payment of this wallet for an
     * intent
     */
    async confirm(wallet: string, signature: string): Promise<TopupConfirm> {
      const key = isSignature(signature) ? confirmedKey(signature) : undefined;
      const known = key && (await recalled(key, Confirmed));
      if (known) return answered(known, wallet);
      let payment: Payment;
      try {
        payment = await ledger.confirm(wallet, signature, { waitMs });
      } catch (error) {
        if (!(error instanceof KangKlipError)) throw error;
        if (error.code === "TRANSACTION_NOT_FOUND") await sentBefore(wallet, signature);
        else if (error.code !== "UNAVAILABLE") resending.end(signature);
        throw error;
      }
      resending.end(signature);
      const payments = await intended(wallet, payment.payments);
      const [first] = payments;
      if (!first || !key) throw foreign();
      const credits_added = payments.reduce((sum, paid) => sum + paid.credits_added, 0);
      const { new_balance, slot } = payment;
      const answer = {
        credited: true as const,
        new_balance,
        credits_added,
        reference: first.reference,
        slot,
      };
      // of two that ask at once both are told what is kept
      const isFirst = await store.remember(key, JSON.stringify({ wallet, answer }), CONFIRMED_MS);
      if (isFirst) log.info({ wallet, transaction: signature, credits_added }, "a top-up has arrived");
      return isFirst ? answer : answered((await recalled(key, Confirmed)) ?? { wallet, answer }, wallet);
    },

    /** Sends nothing any more. */
    stop: resending.stop,
  };
}

const intentKey = (reference: string) => `topup:${reference}`;
const sentKey = (signature: string) => `topup-sent:${signature}`;
const confirmedKey = (signature: string) => `topup-done:${signature}`;

/** What may be part of a key: 64 bytes are 64 (all zero) to 88 digits of base58. */
const isSignature = (text: string) => /^[1-9A-HJ-NP-Za-km-z]{64,88}$/.test(text);

function answered({ wallet, answer }: z.infer<typeof Confirmed>, asking: string): TopupConfirm {
  if (wallet !== asking) throw foreign();
  return answer;
}

const foreign = () => new KangKlipError("INVALID_INPUT", "invalid program");

import { setTimeout as sleep } from "node:timers/promises";
import { type JobId, KangKlipError } from "@kangklip/contract";
import { feeOf } from "../jobs/charges.ts";
import type { JobStore } from "../jobs/store.ts";
import type { Charging } from "./charging.ts";
import type { CreditsLedger } from "./ledger.ts";

export type Fee = ReturnType<typeof createFee>;

/** Whoever makes a job waits no longer for its fee to be taken (ms); the job begins when it was. */
const WAIT_MS = 8000;

/**
 * What making a job costs. The charge is written into the job with the job itself, so no crash can forget it, and nothing is started before
 * it is CHARGED; `decide` has it given back where the job ends without clips.
 * @param options `amount` credits
 */
export function createFee(options: {
  store: JobStore;
  ledger: CreditsLedger;
  charging: Charging;
  amount: number;
}) {
  const { store, ledger, charging, amount } = options;
  return {
    amount,

    /** Before anything is made. @throws KangKlipError NOT_SIGNED_IN, INSUFFICIENT_CREDITS; UNAVAILABLE where the chain cannot be asked */
    async mustAfford(wallet: string | undefined): Promise<void> {
      if (wallet === undefined) throw new KangKlipError("NOT_SIGNED_IN", "auth token required");
      if ((await ledger.balance(wallet)).credits < amount) throw insufficient();
    },

    /**
     * Waits until the fee of a job that was just stored is taken, for a while: where the chain is slow or away, the job waits for it.
     * @throws KangKlipError INSUFFICIENT_CREDITS or CHARGE_FAILED where it surely was not taken: the job has ended
     */
    async paid(id: JobId): Promise<void> {
      const stored = await store.get(id);
      const fee = stored && feeOf(stored.job);
      if (!fee) return;
      const settled = charging.settled(id, fee.request_id).catch(() => undefined); // the reconciler goes on
      const result = await Promise.race([settled, sleep(WAIT_MS, undefined, { ref: false })]);
      if (result?.charge.state === "REFUSED") throw refusal(result.charge.error);
    },
  };
}

const insufficient = () => new KangKlipError("INSUFFICIENT_CREDITS", "insufficient_credits");

/** Why a charge was refused, in the documented words. */
export const refusal = (error: string | null): KangKlipError =>
  error === "INSUFFICIENT_CREDITS"
    ? insufficient()
    : new KangKlipError("CHARGE_FAILED", "consume_credit_failed");

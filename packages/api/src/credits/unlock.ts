import { createHash } from "node:crypto";
import {
  type ClipFile,
  type JobId,
  KangKlipError,
  UNLOCK_CREDITS,
  type Unlocked,
  UnlockInput,
} from "@kangklip/contract";
import type { Clips } from "../clips/clips.ts";
import { clipCharge, isUnlocked } from "../jobs/charges.ts";
import type { Charge } from "../jobs/job.ts";
import type { Access, Jobs } from "../jobs/jobs.ts";
import { decide } from "../jobs/state.ts";
import { type JobStore, update } from "../jobs/store.ts";
import { statusOf } from "../jobs/view.ts";
import type { Charging, Settled } from "./charging.ts";
import { refusal } from "./fee.ts";

/** Of a clip that several wallets want at once, one pays: whoever comes while another one is at it waits for that, then tries. */
const MAX_TRIES = 3;

interface UnlockOptions {
  store: JobStore;
  jobs: Jobs;
  clips: Clips;
  charging: Charging;
  /** The wallet of an auth token. @throws KangKlipError NOT_SIGNED_IN "auth token required", "invalid auth token" */
  walletOf: (token: string | undefined) => Promise<string>;
  /** Counts what asks the chain about a wallet. @throws KangKlipError RATE_LIMITED */
  limit?: (wallet: string) => Promise<void>;
  /** ms since 1970 */
  now: () => number;
}

/**
 * Unlocks a clip for one credit. A clip is paid for once, whatever ids, tabs, wallets and crashes do: its charge is on the job record, one at a
 * time. `unlock_request_id` only tells a repetition from another request, within wallet, job and clip.
 */
export function createUnlock(options: UnlockOptions) {
  const { store, jobs, clips, charging, walletOf, limit = async () => {}, now } = options;
  /** Requests that are being answered here. */
  const asking = new Set<string>();

  /** The checks, in the documented order. */
  async function checked(
    {
      job_id,
      clip_file,
      unlock_request_id,
    }: { job_id: JobId; clip_file: string; unlock_request_id?: unknown },
    access: Access,
    authToken: string | undefined,
  ) {
    const { job } = await jobs.owned(job_id, access);
    const wallet = await walletOf(authToken);
    if (statusOf(job) !== "SUCCEEDED") throw new KangKlipError("CONFLICT", "job not completed");
    const id = UnlockInput.shape.unlock_request_id.parse(unlock_request_id);
    const file = await clips.named(job_id, clip_file, access);
    const asked = createHash("sha256")
      .update(JSON.stringify([wallet, job_id, file, id]))
      .digest("hex");
    if (isUnlocked(job, file)) return { wallet, file, asked };
    await limit(wallet);
    // where the store was put back to an older copy, a receipt that was closed since then says nothing
    const charges = await clips.paidFor(job_id);
    if (charges.length > 0)
      await update(store, job_id, (before) => decide(before, { type: "recalled", charges }, now()));
    return { wallet, file, asked };
  }

  async function charged(id: JobId, file: ClipFile, wallet: string, asked: string): Promise<Unlocked> {
    const answer = (charged_credits: number): Unlocked => ({
      job_id: id,
      clip_file: file,
      unlocked: true,
      charged_credits,
      idempotency: charged_credits > 0 ? "NEW" : "REPLAY",
    });
    const wanted = { file, wallet, amount: UNLOCK_CREDITS, asked };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      let began = false;
      const event = { type: "unlock", ...wanted, ...charging.lease() } as const;
      const { job } = await update(store, id, (before) => {
        const after = decide(before, event, now());
        began = after !== before;
        return after;
      });
      if (isUnlocked(job, file)) return answer(0);
      const charge = clipCharge(job, file);
      if (!charge) throw new Error(`${id} has no charge for ${file}`);
      // of a process that died nobody holds the charge any more: then this is the repetition that finds out what came of it
      if (!began && charge.asked === asked && charging.isHeld(charge)) throw inProgress();
      const resume = charge.state === "REFUSED" && charge.wallet === wallet;
      const { charge: end, sent } = await settled(id, charge, resume);
      if (end.state === "CHARGED") return answer((began || resume) && sent ? end.amount : 0);
      if (end.state !== "REFUSED") throw inProgress();
      if (end.wallet === wallet) throw refusal(end.error);
      // somebody else wanted to pay for it, and could not
    }
    throw inProgress();
  }

  async function settled(id: JobId, charge: Charge, resume: boolean): Promise<Settled> {
    try {
      return await charging.settled(id, charge.request_id, { resume });
    } catch (error) {
      await charging.withdrawn(id, charge.request_id).catch(() => {}); // the reconciler finds it
      throw error;
    }
  }

  return {
    /**
     * @param authToken of the wallet that pays
     * @throws KangKlipError in the documented order: NOT_FOUND "job not found", UNAUTHORIZED, NOT_SIGNED_IN, CONFLICT "job not completed",
     * INVALID_INPUT "unlock_request_id is required", NOT_FOUND "clip not found"; then RATE_LIMITED, CONFLICT "unlock in progress", INSUFFICIENT_CREDITS,
     * CHARGE_FAILED (nothing was taken), UNLOCK_UNFINISHED (it was, and is found again), UNAVAILABLE where chain or store are away
     */
    async clip(
      input: { job_id: JobId; clip_file: string; unlock_request_id?: unknown },
      access: Access,
      authToken: string | undefined,
    ): Promise<Unlocked> {
      const { wallet, file, asked } = await checked(input, access, authToken);
      if (asking.has(asked)) throw inProgress();
      asking.add(asked);
      try {
        return await charged(input.job_id, file, wallet, asked);
      } finally {
        asking.delete(asked);
      }
    },
  };
}

const inProgress = () => new KangKlipError("CONFLICT", "unlock in progress");

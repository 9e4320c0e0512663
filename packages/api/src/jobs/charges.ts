import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type ClipFile, type JobId, KangKlipError } from "@kangklip/contract";
import { jobFailed } from "./attempt.ts";
import { type Charge, currentAttempt, isFinal, isOpen, type Job } from "./job.ts";
import { noClipsOfItsOwn } from "./revisions.ts";

// what a job takes of a wallet; all pure, called by decide() alone but for what only looks

/** Who pays how many credits. */
export interface Due {
  wallet: string;
  amount: number;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/**
 * What the chain knows the charge for a clip by. The server makes it of what is bought and not of what a client sends, so that no tab,
 * repetition or crash can buy the same twice. `refunds`: how often this has been given back before; a receipt is good for one charge.
 */
export const unlockRequestId = (wallet: string, job: JobId, file: ClipFile, refunds = 0) =>
  sha256(["kk:unlock:v1", wallet, job, file, ...(refunds > 0 ? [refunds] : [])].join("|"));

/** The same of the charge for a job itself. `epoch`: of the first attempt that it pays for; a retry by hand is paid for again. */
export const generationRequestId = (job: JobId, epoch: number) =>
  sha256(["kk:gen:v1", job, ...(epoch > 1 ? [epoch] : [])].join("|"));

/** The charge for the present run of the job; undefined where it costs nothing. */
export const feeOf = ({ charges, fee }: Pick<Job, "charges" | "fee">): Charge | undefined =>
  charges.find(({ request_id }) => request_id === fee);

/** Whether nothing has to be paid before a provider may be asked. */
export const isPaid = (job: Pick<Job, "charges" | "fee">): boolean =>
  (feeOf(job)?.state ?? "CHARGED") === "CHARGED";

/** The charge of a clip that counts: one that is open or CHARGED, else the last one. */
export function clipCharge({ charges }: Pick<Job, "charges">, file: ClipFile): Charge | undefined {
  const own = charges.filter(({ what }) => what === file);
  return own.find((charge) => charge.state === "CHARGED" || isOpen(charge)) ?? own.at(-1);
}

export const isUnlocked = (job: Pick<Job, "charges">, file: string): boolean =>
  job.charges.some(({ what, state }) => what === file && state === "CHARGED");

type Begun = "what" | "request_id" | "wallet" | "amount" | "asked" | "by" | "until";
const newCharge = (charge: Pick<Charge, Begun>, now: number) =>
  ({ ...charge, state: "DUE", signed: null, since: now, error: null }) satisfies Charge;

export const newFee = (job: JobId, epoch: number, { wallet, amount }: Due, now: number): Charge =>
  newCharge(
    {
      what: "generation",
      request_id: generationRequestId(job, epoch),
      ...{ wallet, amount, asked: null, by: null, until: 0 },
    },
    now,
  );

/** Makes the job that of a wallet. @throws KangKlipError CONFLICT where it is another one's */
export function bound(job: Job, wallet: string): Job {
  if (job.removing) throw new KangKlipError("NOT_FOUND", "job not found");
  if (job.edit) throw noClipsOfItsOwn(job.edit);
  if (job.wallet === wallet) return job;
  if (job.wallet !== null) throw new KangKlipError("CONFLICT", "This job belongs to another wallet");
  return { ...job, wallet };
}

/** Somebody wants a clip. */
export interface Wanted extends Due {
  file: ClipFile;
  /** Names the request, so that it is known again while it runs. */
  asked: string;
  /** Who settles the charge, and until when nobody else does. */
  by: string | null;
  until: number;
}

/** Begins to charge for a clip. Where it is paid for already, or somebody is at it, nothing changes. */
export function unlocking(job: Job, { file, wallet, amount, asked, by, until }: Wanted, now: number): Job {
  if (job.removing) throw new KangKlipError("NOT_FOUND", "job not found");
  if (job.state !== "SUCCEEDED") throw new KangKlipError("CONFLICT", "job not completed");
  if (job.edit) throw noClipsOfItsOwn(job.edit);
  const known = clipCharge(job, file);
  if (known && (known.state === "CHARGED" || isOpen(known))) return job;
  const isOf = (one: Charge) => one.what === file && one.wallet === wallet;
  const refunds = job.charges.filter((one) => isOf(one) && one.state === "REFUNDED").length;
  const request_id = unlockRequestId(wallet, job.job_id, file, refunds);
  // what was refused came to nothing, so it is written over
  const charges = job.charges.filter((one) => one.request_id !== request_id);
  const charge = newCharge({ what: file, request_id, wallet, amount, asked, by, until }, now);
  return { ...job, charges: [...charges, charge] };
}

/** Charges that were kept beside the clips and that the record does not know: the store was put back to an older copy. */
export function recalled(job: Job, kept: readonly Charge[]): Job {
  const known = new Set(job.charges.map(({ request_id }) => request_id));
  const lost = kept.filter((charge) => !isOpen(charge) && !known.has(charge.request_id));
  return lost.length === 0 ? job : { ...job, charges: [...job.charges, ...lost] };
}

const NEXT: Record<Charge["state"], readonly Charge["state"][]> = {
  DUE: ["SENDING", "CHARGED", "REFUSED", "REFUNDED"],
  SENDING: ["CHARGED", "REFUSED", "REFUNDED"],
  CHARGED: ["REFUNDING"],
  REFUSED: ["SENDING", "CHARGED", "REFUNDED"],
  REFUNDING: ["REFUNDED"],
  REFUNDED: [],
};
type Known = "what" | "request_id" | "wallet" | "amount";
const FIXED: readonly Known[] = ["what", "request_id", "wallet", "amount"];

/**
 * One charge goes on from what its settler knew to what it has become; where somebody else moved it meanwhile, nothing changes. A job
 * whose fee cannot be had ends; one that had ended without clips has its fee given back.
 */
export function chargeMoved(job: Job, { from, to }: { from: Charge; to: Charge }, now: number): Job {
  const index = job.charges.findIndex(({ request_id }) => request_id === from.request_id);
  const known = job.charges[index];
  if (!known || !isDeepStrictEqual(known, from) || isDeepStrictEqual(from, to)) return job;
  if (FIXED.some((name) => from[name] !== to[name])) throw new Error("A charge stays what it is");
  const moves = to.state !== from.state;
  if (moves && !NEXT[from.state].includes(to.state))
    throw new Error(`A charge does not go from ${from.state} to ${to.state}`);
  if (to.state === "SENDING" && !to.signed) throw new Error("A charge is signed before it is sent");
  if (from.state === "REFUSED" && to.signed && !from.signed)
    throw new Error("A charge that came to nothing is begun anew");
  const charge = moves ? { ...to, since: now } : to;
  const moved = { ...job, charges: job.charges.with(index, charge) };
  const paidFor = charge.state === "CHARGED" && charge.what !== "generation" && moved.wallet === null;
  return feeFailed(paidFor ? { ...moved, wallet: charge.wallet } : moved, now);
}

/** A job that waits for its fee ends where the fee cannot be had. */
function feeFailed(job: Job, now: number): Job {
  const fee = feeOf(job);
  const lost = fee && (fee.state === "REFUSED" || fee.state === "REFUNDED");
  const attempt = currentAttempt(job);
  if (!lost || isFinal(job) || attempt.state !== "PLANNED" || attempt.submitting_at !== null) return job;
  const text =
    fee.state === "REFUNDED"
      ? "The fee of this job had been given back before: retry it to pay again"
      : fee.error === "INSUFFICIENT_CREDITS"
        ? `Making clips costs ${fee.amount} credits, and the wallet had fewer`
        : "The fee could not be charged";
  return jobFailed(job, attempt, [fee.error ?? "CHARGE_FAILED", text], now);
}

/**
 * What a job that ended without clips has taken for them is given back, and what was taken for a run before the present one. A fee of which
 * nothing is signed is not charged any more; one that may land is waited for, and then given back.
 */
export function withRefunds(job: Job, now: number): Job {
  const failed = job.state === "FAILED" || job.state === "CANCELLED";
  const counts = failed ? undefined : feeOf(job);
  const keeps = (charge: Charge) =>
    charge.what !== "generation" ||
    charge === counts ||
    (charge.state !== "DUE" && charge.state !== "CHARGED");
  if (job.charges.every(keeps)) return job;
  const charges = job.charges.map((charge): Charge => {
    if (keeps(charge)) return charge;
    const free = { ...charge, since: now, by: null, until: 0, signed: null };
    return charge.state === "DUE"
      ? { ...free, state: "REFUSED", error: charge.error ?? "CANCELLED" }
      : { ...free, state: "REFUNDING" };
  });
  return { ...job, charges };
}

import { isUnlocked, unlockRequestId } from "../../packages/api/src/jobs/charges.ts";
import { currentAttempt, isActive, isFinal, type Job } from "../../packages/api/src/jobs/job.ts";
import type { ClipFile, JobId } from "../../packages/contract/src/index.ts";
import type { Bank } from "./bank.ts";

/** The clips of a job that is old enough to have any. */
export const CLIPS = ["clip_01.mp4", "clip_02.mp4", "clip_03.mp4"] as const;

type Wrong = (text: string) => void;

/** By how many wallets a clip was paid for. */
export async function timesPaid({ wallets, kept }: Bank, job: JobId, file: ClipFile): Promise<number> {
  const all = await Promise.all(wallets.map((wallet) => kept(wallet, unlockRequestId(wallet, job, file))));
  return all.filter((state) => state === "charged").length;
}

/** Nothing runs for a job whose fee was never taken. */
export async function checkLaunches(
  jobs: Job[],
  launchKeys: readonly string[],
  { kept }: Bank,
  wrong: Wrong,
): Promise<void> {
  for (const job of jobs) {
    const prefix = `kk-${job.job_id.slice(3).toLowerCase()}-`;
    if (!launchKeys.some((key) => key.startsWith(prefix))) continue;
    const fees = job.charges.filter(({ what }) => what === "generation");
    const all = await Promise.all(fees.map(({ wallet, request_id }) => kept(wallet, request_id)));
    if (all.every((state) => state === null)) wrong(`${job.job_id} was begun and its fee was not taken`);
  }
}

/** What a charge in this state has left on the chain. */
const LEFT = { CHARGED: "charged", REFUNDED: "refunded", REFUSED: null } as const;

/** Every credit is where it belongs: what the records say and what the chain says are the same. */
export async function checkBooks(
  jobs: Job[],
  bank: Bank,
  run: { charged: number; refunded: number },
  wrong: Wrong,
): Promise<void> {
  const sums = new Map<string, number>();
  const charges = jobs.flatMap((job) => job.charges.map((charge) => ({ job, charge })));
  const requests = new Set(charges.map(({ charge }) => charge.request_id));
  if (bank.taken().some((request) => !requests.has(request)))
    wrong("something was charged that no job knows");
  for (const { job, charge } of charges) {
    const { what, state, amount, wallet, request_id } = charge;
    const about = `${job.job_id} ${what} of ${wallet}, ${state}`;
    const kept = await bank.kept(wallet, request_id);
    if (!(state in LEFT)) wrong(`${about}: never came to an end`);
    else if (LEFT[state as keyof typeof LEFT] !== kept) wrong(`${about}: the chain says ${kept}`);
    if (kept !== null) run.charged++;
    if (kept === "refunded") run.refunded++;
    if (state === "CHARGED") sums.set(wallet, (sums.get(wallet) ?? 0) + amount);
  }
  for (const wallet of bank.wallets) {
    const [sum, spent] = [sums.get(wallet) ?? 0, await bank.spent(wallet)];
    if (sum !== spent) wrong(`${wallet}: the records say ${sum}, the chain says ${spent}`);
  }
  for (const job of jobs) {
    if (!isFinal(job) || isActive(job)) {
      const { epoch, state, not_before, submitting_at } = currentAttempt(job);
      const attempt = JSON.stringify({ epoch, state, not_before, submitting_at });
      wrong(`${job.job_id} was left ${job.state} with ${attempt}: ${job.start_error ?? job.message}`);
    }
    const fees = job.charges.filter(({ what, state }) => what === "generation" && state === "CHARGED");
    const due = job.state === "SUCCEEDED" && job.fee !== null ? 1 : 0;
    if (fees.length !== due) wrong(`${job.job_id} is ${job.state} and keeps ${fees.length} fees`);
    for (const file of CLIPS) {
      const paid = await timesPaid(bank, job.job_id, file);
      const about = `${file} of ${job.job_id}`;
      if (paid > 1) wrong(`${about} was paid for ${paid} times`);
      if (paid > 0 && !isUnlocked(job, file)) wrong(`${about} is paid for and locked`);
      if (paid === 0 && isUnlocked(job, file)) wrong(`${about} is unlocked and nobody paid`);
    }
  }
}

import { JobId } from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import { type Charge, isFinal, isOpen } from "../jobs/job.ts";
import { wasRemoved } from "../jobs/retention.ts";
import { decide } from "../jobs/state.ts";
import { type JobStore, update } from "../jobs/store.ts";
import type { Logger } from "../log.ts";
import { jobOfCharge } from "./charging.ts";
import { entitlementsKey, entitlementsOf } from "./entitlements.ts";
import type { CreditsLedger, OldReceipt } from "./ledger.ts";

interface ClosingOptions {
  store: JobStore;
  ledger: CreditsLedger;
  artifacts: ArtifactStore;
  /** How long a job is kept after its end (ms). */
  keepJobsMs: number;
  /** ms since 1970 */
  now: () => number;
  log: Logger;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SLOTS_PER_DAY = 216_000; // 400 ms each
/** Listed in one round (the chain lists all of them anyway, oldest first), closed in one round, and closed with one call. */
const MOST_LISTED = 20_000;
const MOST_CLOSED = 500;
const CLOSED_AT_ONCE = 20;
/** Receipts without a note that the chain is asked about in one round. */
const MOST_UNKNOWN = 100;

/**
 * Takes back the rent of receipts that have done their work: each locks more than the credit that it stands for is worth. A receipt is the
 * only thing on the chain that keeps a request from being charged again, so it is closed only where what it proves is kept elsewhere: on the
 * job record and beside the clips; or where the job was removed for its age, so that nothing can be asked of it again.
 */
export function createClosing({ store, ledger, artifacts, keepJobsMs, now, log }: ClosingOptions) {
  /** Keeps what the job has paid for beside its clips: a job store that is lost later can be repaired from there. */
  async function kept(id: JobId, receipt: OldReceipt): Promise<boolean> {
    const stored = await store.get(id);
    if (!stored) return wasRemoved(store, id); // else the store was lost, and the receipt is all that is left
    const known = stored.job.charges.find(({ request_id }) => request_id === receipt.request_id);
    if (!known || known.wallet !== receipt.wallet || isOpen(known)) return false;
    if (known.what === "generation" && !isFinal(stored.job)) return false; // it may have to be given back
    if (known.state === "REFUSED") {
      await found(id, known);
      return false;
    }
    const text = JSON.stringify(entitlementsOf(stored.job));
    await artifacts.put(entitlementsKey(id), text, { contentType: "application/json" });
    return true;
  }

  /** The record says that nothing was taken, and the chain says that it was. */
  async function found(id: JobId, from: Charge): Promise<void> {
    const receipt = await ledger.receipt(from.wallet, from.request_id);
    if (receipt?.state !== "charged") return;
    log.error(
      { job_id: id, what: from.what, request_id: from.request_id },
      "a charge that was thought refused is on the chain",
    );
    const to: Charge = { ...from, state: "CHARGED", error: null };
    await update(store, id, (job) => decide(job, { type: "charge", from, to }, now()));
  }

  /** Of a receipt that no note leads from: whether every job that it could be of was removed for its age. */
  async function isAncient({ wallet, request_id }: OldReceipt, slot: number): Promise<boolean> {
    const receipt = await ledger.receipt(wallet, request_id);
    return receipt !== null && slot - receipt.slot > ((keepJobsMs + DAY_MS) / DAY_MS) * SLOTS_PER_DAY;
  }

  /** One round. @returns how many receipts were closed, and how many have to stay */
  async function close(): Promise<{ closed: number; stay: number }> {
    const old = await ledger.closable(MOST_LISTED);
    const ready: OldReceipt[] = [];
    let slot: number | undefined;
    let unknown = 0;
    for (const receipt of old) {
      if (ready.length >= MOST_CLOSED) break;
      const { data: id } = JobId.safeParse(await jobOfCharge(store, receipt.request_id));
      if (id === undefined && ++unknown > MOST_UNKNOWN) continue;
      if (id === undefined) slot ??= (await ledger.balance(receipt.wallet)).slot;
      if (id === undefined ? await isAncient(receipt, slot ?? 0) : await kept(id, receipt))
        ready.push(receipt);
    }
    let closed = 0;
    for (let from = 0; from < ready.length; from += CLOSED_AT_ONCE)
      closed += (await ledger.close(ready.slice(from, from + CLOSED_AT_ONCE))).length;
    if (old.length > 0) log.info({ closed, stay: old.length - closed }, "closed receipts of charges");
    return { closed, stay: old.length - closed };
  }

  return {
    close,
    /** The same at most once an hour, by one of the processes that share the store. */
    async hourly(): Promise<void> {
      if (await store.remember("closing", "1", HOUR_MS)) await close();
    },
  };
}

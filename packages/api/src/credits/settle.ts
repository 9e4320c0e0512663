import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import type { Charge } from "../jobs/job.ts";
import type { CreditsLedger, Move, Receipt } from "./ledger.ts";

/** The same bytes are sent again so often (ms) until they land or can no longer: leaders drop what they have no room for. */
const RESEND_MS = 2000;
const FIRST_PAUSE_MS = 150;
const MAX_PAUSE_MS = 1000;

export interface SettleOptions {
  /** Begin nothing more. */
  signal?: AbortSignal;
  /** ms; what is being asked then ends within 5 s more. */
  deadlineMs: number;
  /**
   * Somebody asks anew for what was REFUSED while its transaction may still land: it is sent again. Without, it is only found out what has
   * become of it.
   */
  resume?: boolean;
  /** ms, of any clock. */
  now?: () => number;
  pause?: (ms: number) => Promise<unknown>;
}

/**
 * Brings one charge, or one refund, to its end, as far as the time allows. Safe to be called again after any crash, and by several at once:
 * what is signed is kept by `save` before it is sent, the same bytes are sent again and again, and others are signed only when it is proven,
 * from a finalized view, that the old ones did nothing and never will (docs/decisions/0019-charges.md).
 * @param charge as it is kept now
 * @param save keeps the next step if the charge is still what it was; false where somebody else moved it: then this one stops
 * @returns the charge as this call has kept it last. DUE, SENDING and REFUNDING, and REFUSED with `signed`, are open: to be settled again
 * @throws KangKlipError UNAVAILABLE where nothing is signed and the chain cannot be asked; what `save` throws: then nothing was sent since
 */
export async function settle(
  ledger: CreditsLedger,
  charge: Charge,
  save: (to: Charge) => Promise<boolean>,
  options: SettleOptions,
): Promise<Charge> {
  const { signal, deadlineMs, resume = false, now = () => performance.now(), pause = sleep } = options;
  const until = now() + deadlineMs;
  const isOver = () => signal?.aborted === true || now() >= until;
  let kept = charge;
  let unsaved: unknown;

  /** Keeps a step. False: somebody else is at it, and nothing may be done any more. */
  async function keep(change: Pick<Charge, "state" | "signed" | "error">): Promise<boolean> {
    const next = { ...kept, ...change };
    try {
      if (!(await save(next))) return false;
    } catch (error) {
      unsaved = error;
      throw error;
    }
    kept = next;
    return true;
  }

  /** Whether the chain says how it ended; then that is kept. */
  async function hasEnded(minContextSlot?: number): Promise<boolean> {
    const view = minContextSlot === undefined ? {} : { minContextSlot };
    const state = endOf(kept, await ledger.receipt(charge.wallet, charge.request_id, view));
    if (state !== undefined) await keep({ state, signed: null, error: null });
    return state !== undefined;
  }

  /** Whether what was signed has done nothing and never will. */
  async function fateOf(signed: Charge["signed"]): Promise<"ended" | "dead" | "open"> {
    const slot = signed && (await ledger.expired(signed));
    if (slot === null) return "open";
    return (await hasEnded(slot)) ? "ended" : "dead";
  }

  /** Signs and keeps; in one step from dead bytes to new ones, so that no crash can forget either. @returns whether there is something to send */
  async function sign(): Promise<boolean> {
    const isRefund = kept.state === "REFUNDING";
    try {
      const signed = await ledger.sign(moveOf(kept));
      return await keep({ state: isRefund ? "REFUNDING" : "SENDING", signed, error: null });
    } catch (error) {
      if (isRefund || !isInsufficient(error)) throw error;
      // nothing of this charge is on its way, and the chain says that it cannot be paid
      await keep({ state: "REFUSED", signed: null, error: "INSUFFICIENT_CREDITS" });
      return false;
    }
  }

  /** Sends what is kept until it ended, is dead or time is over. What is REFUSED is watched only. */
  async function carry(isFresh: boolean): Promise<"ended" | "dead" | "open"> {
    let again = !isFresh;
    let sendAt = kept.state === "REFUSED" ? Number.POSITIVE_INFINITY : now();
    let lookAt = isFresh ? now() + RESEND_MS : now();
    for (let pauseMs = FIRST_PAUSE_MS; !isOver(); pauseMs = Math.min(1.5 * pauseMs, MAX_PAUSE_MS)) {
      try {
        if (now() >= lookAt) {
          const fate = await fateOf(kept.signed);
          if (fate !== "open") return fate;
          lookAt = now() + RESEND_MS;
        }
        if (kept.signed && now() >= sendAt) {
          const options = { again };
          again = true; // from here on somebody may have it, whatever is answered
          sendAt = now() + RESEND_MS;
          await ledger.broadcast(kept.signed, options);
        }
        await pause(pauseMs);
        if (await hasEnded()) return "ended";
      } catch (error) {
        if (error === unsaved || !(error instanceof KangKlipError)) throw error;
        if (isInsufficient(error) && kept.state === "SENDING") {
          // the only one who ever heard of it says to have passed it on to nobody; should that be wrong, it is found later, for it stays open
          await keep({ state: "REFUSED", signed: kept.signed, error: "INSUFFICIENT_CREDITS" });
          return "ended";
        }
        await pause(pauseMs);
      }
    }
    return "open";
  }

  if (await hasEnded()) return kept;
  if (resume && kept.state === "REFUSED" && kept.signed) {
    if (!(await keep({ state: "SENDING", signed: kept.signed, error: null }))) return kept;
  }
  let isDead = kept.signed === null;
  let isFresh = false;
  while (!isOver()) {
    if (isDead && kept.state === "REFUSED") {
      if (kept.signed) await keep({ state: "REFUSED", signed: null, error: kept.error });
      return kept;
    }
    if (isDead) {
      try {
        if (!(await sign())) return kept;
      } catch (error) {
        // with nothing signed somebody may be told that nothing happened; else it is pending
        if (kept.signed === null || error === unsaved || !(error instanceof KangKlipError)) throw error;
        await pause(MAX_PAUSE_MS);
        continue;
      }
      isFresh = true;
    }
    const fate = await carry(isFresh);
    if (fate !== "dead") return kept;
    isDead = true;
  }
  return kept;
}

/** What a receipt makes of a charge or a refund; undefined: nothing yet. */
function endOf({ state }: Charge, receipt: Receipt | null): "CHARGED" | "REFUNDED" | undefined {
  if (receipt?.state === "refunded") return "REFUNDED";
  return receipt && state !== "REFUNDING" ? "CHARGED" : undefined;
}

const moveOf = ({ state, wallet, request_id, amount }: Charge): Move =>
  state === "REFUNDING"
    ? { type: "refund", wallet, request_id }
    : { type: "consume", wallet, request_id, amount };

const isInsufficient = (error: unknown) =>
  error instanceof KangKlipError && error.code === "INSUFFICIENT_CREDITS";

import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import bs58 from "bs58";
import type { Logger } from "../../log.ts";
import { paymentsOf } from "./payments.ts";
import type { Paid, Program } from "./program.ts";
import type { Landed, Reads } from "./reads.ts";
import { Refusal, UNSUPPORTED_VERSION } from "./rpc-try.ts";

const FIRST_PAUSE_MS = 150;
const MAX_PAUSE_MS = 500;

/** @throws KangKlipError INVALID_INPUT where the text cannot be a transaction's signature */
export function checkSignature(signature: string): void {
  try {
    if (signature.length <= 90 && bs58.decode(signature).length === 64) return;
  } catch {
    // no base58
  }
  throw new KangKlipError("INVALID_INPUT", "signature must be that of a transaction, in base58");
}

/**
 * What a transaction paid into our program for a wallet, in the steps of the decision record "How a charge is settled": it reports, and
 * credits nothing.
 * @throws KangKlipError as `CreditsLedger.confirm` says
 */
export async function confirmed(
  { program, log }: { program: Program; log: Logger },
  reads: Reads,
  { wallet, signature, waitMs }: { wallet: string; signature: string; waitMs: number },
): Promise<{ paid: Paid[]; slot: number }> {
  const until = performance.now() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    const landed = await landedOf(reads, signature, log);
    if (landed !== null) return { paid: paidIn(landed, program, wallet), slot: landed.slot };
    if (performance.now() + pauseMs >= until) throw notFound();
    await sleep(pauseMs);
  }
}

/** Null: not yet confirmed, or the RPC that says so has not got it. */
async function landedOf(reads: Reads, signature: string, log: Logger): Promise<Landed | null> {
  const { status } = await reads.status(signature);
  if (status === null || status.confirmationStatus === "processed") return null;
  if (status.err !== null && status.err !== undefined) throw failed();
  let landed: Landed | null;
  try {
    landed = await reads.transaction(signature);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === UNSUPPORTED_VERSION) throw foreign();
    log.warn({ transaction: signature, code: error.code }, "An RPC refused to show a transaction");
    throw new KangKlipError("UNAVAILABLE", "The Solana network does not answer now", { cause: error });
  }
  if (landed === null || landed.meta === null) return null;
  if (landed.meta.err !== null && landed.meta.err !== undefined) throw failed();
  // an answer about another transaction is none
  return landed.transaction.signatures[0] === signature ? landed : null;
}

function paidIn(landed: Landed, program: Program, wallet: string): Paid[] {
  const paid = paymentsOf(landed, program, wallet);
  if (paid.length === 0) throw foreign();
  return paid;
}

const notFound = () => new KangKlipError("TRANSACTION_NOT_FOUND", "transaction not found");
const failed = () => new KangKlipError("TRANSACTION_FAILED", "transaction failed");
const foreign = () => new KangKlipError("INVALID_INPUT", "invalid program");

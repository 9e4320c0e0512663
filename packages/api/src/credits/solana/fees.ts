import type { PublicKey } from "@solana/web3.js";
import type { Logger } from "../../log.ts";
import type { Reads } from "./reads.ts";

/** Micro-lamports per compute unit: something always, so that a transaction is not the last in the queue. */
const MIN_PRICE = 1000;
/** At 60,000 units this is 0.00006 SOL: what nobody would want to pay on top for a credit of 0.10 USDC. */
const MAX_PRICE = 1_000_000;
/** Of the blocks of late (150 at most): what got three out of four in. */
const PERCENTILE = 0.75;

/** What to pay so that a transaction that locks these accounts gets in. Never fails: without an answer the least is paid. */
export async function priorityFee(
  reads: Reads,
  writable: readonly PublicKey[],
  log: Logger,
): Promise<number> {
  try {
    return chosenFee(await reads.recentFees(writable));
  } catch (error) {
    log.debug({ err: error }, "The recent priority fees are not known");
    return MIN_PRICE;
  }
}

/** Micro-lamports per compute unit, from those of recent blocks. Pure. */
export function chosenFee(recent: readonly number[]): number {
  const sorted = recent.filter((fee) => Number.isFinite(fee)).toSorted((a, b) => a - b);
  const fee = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * PERCENTILE))] ?? 0;
  return Math.round(Math.min(MAX_PRICE, Math.max(MIN_PRICE, fee)));
}

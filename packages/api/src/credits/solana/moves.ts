import { KangKlipError } from "@kangklip/contract";
import type { Keypair } from "@solana/web3.js";
import type { Logger } from "../../log.ts";
import type { Credits, Move, Receipt, Signed } from "../ledger.ts";
import { isKnown, isUnknownBlockhash, refusalOf, wordOf } from "./failures.ts";
import { priorityFee } from "./fees.ts";
import type { Program } from "./program.ts";
import type { Reads } from "./reads.ts";
import { PREFLIGHT_FAILED, Refusal } from "./rpc-try.ts";
import { base64Of, compiled, readTransaction, signedBy } from "./transactions.ts";
import { walletOf } from "./wallets.ts";

/** For the trial run, which measures what it takes: 12,000 were measured, with any bump. */
const TRIAL_UNITS = 200_000;
/** Somebody may send lamports to the receipt's address first: then the program has more to do. */
const SPARE_UNITS = 10_000;
/** Instructions before ours: what the transaction may use, and what it pays for that. */
const BUDGET_INSTRUCTIONS = 2;

export interface Moves {
  program: Program;
  spender: Keypair;
  log: Logger;
  /** A view of a wallet that is known to be there: an older one could lack what it just bought. */
  floorOf(wallet: string): number | undefined;
}

/** Reads what a wallet has. */
export async function balanceOf(
  { program, floorOf }: Moves,
  reads: Reads,
  wallet: string,
  minContextSlot: number | undefined,
): Promise<Credits> {
  const floor = Math.max(minContextSlot ?? 0, floorOf(wallet) ?? 0) || undefined;
  const address = program.addresses.credit(walletOf(wallet));
  const { slot, accounts } = await reads.accounts([address], { minContextSlot: floor });
  const credit = program.userCredit(accounts[0] ?? null);
  return { credits: 0, purchased: 0, spent: 0, ...credit, slot };
}

export async function receiptOf(
  { program }: Moves,
  reads: Reads,
  { wallet, request_id }: { wallet: string; request_id: string },
  minContextSlot: number | undefined,
): Promise<Receipt | null> {
  const address = program.addresses.receipt(walletOf(wallet), request_id);
  const { accounts } = await reads.accounts([address], { minContextSlot });
  const found = program.receipt(accounts[0] ?? null);
  if (found === null || found.wallet !== wallet || found.request_id !== request_id) return null;
  const { state, amount, slot } = found;
  return { state, amount, slot };
}

/** @throws KangKlipError INSUFFICIENT_CREDITS, UNAVAILABLE: nothing was signed */
export async function signMove(
  { program, spender, log, floorOf }: Moves,
  reads: Reads,
  move: Move,
): Promise<Signed> {
  const user = walletOf(move.wallet);
  const { request_id } = move;
  const locks = [program.addresses.credit(user), program.addresses.receipt(user, request_id)];
  const who = { spender: spender.publicKey, user, request_id };
  const instruction =
    move.type === "consume"
      ? program.consumeCredit({ ...who, amount: move.amount })
      : program.refundCredit(who);
  const [{ slot, accounts }, microLamports] = await Promise.all([
    reads.accounts(locks, { minContextSlot: floorOf(move.wallet) }),
    priorityFee(reads, locks, log),
  ]);
  const [credit, receipt] = accounts;
  // the program would not know whose account is missing
  const never = program.userCredit(credit ?? null) === null && program.receipt(receipt ?? null) === null;
  if (never && move.type === "consume")
    throw new KangKlipError("INSUFFICIENT_CREDITS", "insufficient_credits");

  const lifetime = await reads.latestBlockhash();
  const build = (units: number) =>
    compiled(spender.publicKey, [instruction], { units, microLamports }, lifetime.blockhash);
  const trial = await reads.trial(base64Of(build(TRIAL_UNITS)), { minContextSlot: slot });
  if (trial.failure !== null && trial.failure !== undefined) {
    const refusal = refusalOf(trial.failure, (at) => at === BUDGET_INSTRUCTIONS);
    if (refusal.code === "INSUFFICIENT_CREDITS" && move.type === "consume") throw refusal;
    log.error(
      { move: move.type, why: wordOf(trial.failure) },
      "The chain refuses what the spender wants to do",
    );
    throw new KangKlipError("UNAVAILABLE", "Credits are out of order: the operator has to look at the log");
  }
  return signedBy(spender, build(Math.ceil(trial.units * 1.3) + SPARE_UNITS), lifetime);
}

/** @throws KangKlipError as `CreditsLedger.broadcast` says */
export async function broadcast(
  { program, log }: Pick<Moves, "program" | "log">,
  reads: Reads,
  { transaction, signature }: Signed,
  again: boolean,
): Promise<void> {
  try {
    if (again) await reads.resend(transaction);
    else await reads.send(transaction);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, failure, tries } = error;
    const isTrial = code === PREFLIGHT_FAILED;
    if (isTrial && isKnown(failure)) return;
    if (isTrial && !again && tries === 1 && !isUnknownBlockhash(failure)) {
      const read = readTransaction(transaction);
      const ours = program.id.toBase58();
      throw refusalOf(failure, (at) => typeof read !== "string" && read.instructions[at]?.program === ours);
    }
    log.info({ transaction: signature, code, why: wordOf(failure) }, "An RPC did not pass a transaction on");
    throw new KangKlipError("UNAVAILABLE", "The Solana network did not take the transaction");
  }
}

/** @returns the finalized slot that proves it, or null */
export async function expired(reads: Reads, signed: Signed): Promise<number | null> {
  const finalized = await reads.height("finalized");
  const { slot, status } = await reads.status(signed.signature);
  if (status !== null) {
    const hasFailed = status.err !== null && status.err !== undefined;
    const isFinal = status.confirmationStatus === "finalized";
    return hasFailed && isFinal ? Math.max(status.slot, finalized.slot) : null;
  }
  // whoever does not know the signature must have seen all of the chain in which it could stand
  return finalized.height > signed.last_valid_block_height && slot >= finalized.slot ? finalized.slot : null;
}

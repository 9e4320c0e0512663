import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { DISCRIMINATORS, RECEIPT_MIN_AGE_SLOTS, SIZES } from "@kangklip/credits-program";
import { type Keypair, PublicKey, type VersionedTransaction } from "@solana/web3.js";
import bs58 from "bs58";
import type { Logger } from "../../log.ts";
import type { OldReceipt } from "../ledger.ts";
import { failedAt, wordOf } from "./failures.ts";
import { priorityFee } from "./fees.ts";
import type { Program } from "./program.ts";
import type { Reads } from "./reads.ts";
import { Refusal } from "./rpc-try.ts";
import { base64Of, compiled, signedBy } from "./transactions.ts";

/** 3,800 were measured. */
const UNITS_PER_RECEIPT = 8000;
const MAX_PER_TRANSACTION = 20;
/** What fits one packet. */
const MAX_BYTES = 1232;
const BUDGET_INSTRUCTIONS = 2;
/** How long a transaction that closes receipts is waited for (ms); later ones are found closed the next time. */
const LAND_MS = 10_000;
const POLL_MS = 400;
/** Most accounts that getMultipleAccounts tells at once. */
const MAX_ACCOUNTS = 100;

export interface Closing {
  program: Program;
  spender: Keypair;
  log: Logger;
}

/** Receipts old enough to be closed, the oldest first. */
export function createClosable({ program, log }: Closing) {
  let isTold = false;
  return async (reads: Reads, limit: number): Promise<OldReceipt[]> => {
    let listed: Awaited<ReturnType<Reads["listed"]>>;
    try {
      const start = bs58.encode(Uint8Array.from(DISCRIMINATORS.ConsumeReceipt));
      listed = await reads.listed(program.id, { size: SIZES.ConsumeReceipt, start });
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof KangKlipError)) throw error;
      const text =
        "The RPC does not list the accounts of a program: old receipts keep 0.0015 SOL each until one does";
      if (!isTold) log.warn({ why: error.message }, text);
      isTold = true;
      return [];
    }
    const { slot: now } = await reads.height("confirmed");
    return listed
      .flatMap(({ pubkey, account }) => {
        const receipt = program.receipt(account);
        return receipt && receipt.slot + RECEIPT_MIN_AGE_SLOTS < now ? [{ ...receipt, address: pubkey }] : [];
      })
      .toSorted((a, b) => a.slot - b.slot)
      .slice(0, limit)
      .map(({ address, wallet, request_id }) => ({ address, wallet, request_id }));
  };
}

/** Closes them in as few transactions as they fit into, one after the other; gives those that are gone. */
export async function closeReceipts(
  closing: Closing,
  reads: Reads,
  receipts: readonly OldReceipt[],
  until: number,
): Promise<OldReceipt[]> {
  // wallets together: a transaction names each account once
  const left = receipts.toSorted((a, b) => (a.wallet < b.wallet ? -1 : Number(a.wallet > b.wallet)));
  while (left.length > 0 && performance.now() + LAND_MS < until) {
    const lifetime = await reads.latestBlockhash();
    const microLamports = await priorityFee(reads, [closing.spender.publicKey], closing.log);
    const built = packed(closing, left, microLamports, lifetime.blockhash);
    const { failure } = await reads.trial(base64Of(built.transaction));
    if (failure !== null && failure !== undefined) {
      const at = (failedAt(failure) ?? Number.NaN) - BUDGET_INSTRUCTIONS;
      if (left[at] === undefined) {
        closing.log.warn({ why: wordOf(failure) }, "Old receipts cannot be closed now");
        break;
      }
      left.splice(at, 1); // somebody else closed it, or it is younger than its listing said
      continue;
    }
    const signed = signedBy(closing.spender, built.transaction, lifetime);
    await reads.resend(signed.transaction);
    await landing(reads, signed);
    left.splice(0, built.count);
  }
  return goneOf(reads, receipts);
}

function packed(
  { program, spender }: Closing,
  receipts: readonly OldReceipt[],
  microLamports: number,
  blockhash: string,
) {
  const all = receipts
    .slice(0, MAX_PER_TRANSACTION)
    .map(({ wallet, request_id }) =>
      program.closeReceipt({ spender: spender.publicKey, user: new PublicKey(wallet), request_id }),
    );
  for (let count = all.length; ; count--) {
    const budget = { units: 1000 + count * UNITS_PER_RECEIPT, microLamports };
    const transaction = compiled(spender.publicKey, all.slice(0, count), budget, blockhash);
    if (count === 1 || fits(transaction)) return { transaction, count };
  }
}

function fits(transaction: VersionedTransaction): boolean {
  try {
    return transaction.serialize().length <= MAX_BYTES;
  } catch {
    return false; // web3.js serializes into a packet
  }
}

async function landing(reads: Reads, { signature, transaction }: { signature: string; transaction: string }) {
  const until = performance.now() + LAND_MS;
  for (let polls = 1; performance.now() < until; polls++) {
    await sleep(POLL_MS);
    const { status } = await reads.status(signature);
    if (status !== null && status.confirmationStatus !== "processed") return;
    if (polls % 5 === 0) await reads.resend(transaction);
  }
}

async function goneOf(reads: Reads, receipts: readonly OldReceipt[]): Promise<OldReceipt[]> {
  const gone: OldReceipt[] = [];
  for (let from = 0; from < receipts.length; from += MAX_ACCOUNTS) {
    const some = receipts.slice(from, from + MAX_ACCOUNTS);
    const { accounts } = await reads.accounts(some.map(({ address }) => new PublicKey(address)));
    gone.push(...some.filter((_, at) => accounts[at] === null));
  }
  return gone;
}

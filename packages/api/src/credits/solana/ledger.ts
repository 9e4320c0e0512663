import { KangKlipError, type ProgramInfo } from "@kangklip/contract";
import { Keypair } from "@solana/web3.js";
import { z } from "zod";
import type { Logger } from "../../log.ts";
import type { CreditsLedger } from "../ledger.ts";
import { checkSignature, confirmed } from "./confirm.ts";
import { balanceOf, broadcast, expired, receiptOf, signMove } from "./moves.ts";
import { addressOf, createProgram } from "./program.ts";
import { createReads, type Reads } from "./reads.ts";
import { createReady } from "./ready.ts";
import { closeReceipts, createClosable } from "./receipts.ts";
import { createRpc } from "./rpc.ts";
import { Refusal } from "./rpc-try.ts";
import { draft, readTopup } from "./topups.ts";
import { createFloors, walletOf } from "./wallets.ts";

/** Somebody waits in front of a page: what no RPC answers by then is not known. */
const PATIENCE_MS = 4500;
const CLOSING_MS = 30_000;
const CONFIRM_MS = 4000;
/** What a demo wallet gets at once: the SOL is for fees. */
const FAUCET_SOL = 1;
const FAUCET_USDC = 10;

export interface SolanaOptions {
  /** RPCs of one chain, in the order of preference. Their addresses may hold keys and are never told. */
  rpcUrls: readonly string[];
  /** base58. */
  usdcMint: string;
  /** base58: the wallet that owns the account the USDC goes to. */
  treasury: string;
  /** base58. */
  programId: string;
  /** The 64 bytes of the spender's key pair: stays in here. */
  spender: Uint8Array;
  log: Logger;
  /** What one operation may take (ms, 4,500). */
  patienceMs?: number;
  /** ms. */
  now?: () => number;
  fetch?: typeof globalThis.fetch;
}

/**
 * The credits on a Solana chain, whichever it is: the RPCs say. Asks nothing before it is first used.
 * @throws Error naming the setting that is malformed
 */
export function createSolanaLedger(options: SolanaOptions): CreditsLedger {
  const { log, patienceMs = PATIENCE_MS, now = () => performance.now() } = options;
  const spender = keypairOf(options.spender);
  const settings = {
    program: createProgram(keyOf("CREDITS_PROGRAM_ID", options.programId)),
    usdcMint: keyOf("USDC_MINT", options.usdcMint),
    treasury: keyOf("TREASURY_ADDRESS", options.treasury),
    spender: spender.publicKey,
  };
  const { program } = settings;
  const rpc = createRpc({ urls: options.rpcUrls, log, ...(options.fetch && { fetch: options.fetch }) });
  const readiness = createReady(settings, { rpc, log, now, patienceMs });
  const floors = createFloors();
  const moves = { program, spender, log, floorOf: floors.of };
  const topups = { ...settings, log };
  const closable = createClosable({ program, spender, log });

  /** One operation, whose questions end together. What an RPC refused that none would: the operator reads why, people that it is away. */
  async function operation<T>(
    work: (reads: Reads, info: ProgramInfo) => Promise<T>,
    ms = patienceMs,
  ): Promise<T> {
    try {
      const reads = createReads(rpc.within(ms));
      const { info } = await readiness.ready();
      return await work(reads, info);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      log.error({ why: error.message }, "An RPC refused what no RPC should");
      throw new KangKlipError("UNAVAILABLE", "The Solana network does not answer now", { cause: error });
    }
  }

  return {
    async info() {
      return (await readiness.ready()).info;
    },
    check: readiness.check,
    balance: (wallet, { minContextSlot } = {}) =>
      operation((reads) => balanceOf(moves, reads, wallet, minContextSlot)),
    topup: (wallet, credits, reference) =>
      operation((reads) => draft(topups, reads, { wallet, credits, reference })),
    readTopup: (wallet, transaction) => operation((reads) => readTopup(topups, reads, wallet, transaction)),
    confirm: (wallet, signature, { waitMs = CONFIRM_MS } = {}) =>
      operation(async (reads, info) => {
        walletOf(wallet);
        checkSignature(signature);
        const { paid, slot } = await confirmed({ program, log }, reads, { wallet, signature, waitMs });
        floors.raise(wallet, slot);
        const { credits } = await balanceOf(moves, reads, wallet, slot);
        const payments = paid.map(({ reference, amount_base_units, credits_added }) => ({
          reference,
          amount_base_units,
          // an instruction does not say it: at the price of now, which is that of then but for a change in between
          credits_added: credits_added ?? Math.floor(amount_base_units / info.credit_unit),
        }));
        return { payments, new_balance: credits, slot };
      }, waitMs + 900),
    sign: (move) => operation((reads) => signMove(moves, reads, move)),
    broadcast: (signed, { again }) => operation((reads) => broadcast(moves, reads, signed, again)),
    receipt: (wallet, request_id, { minContextSlot } = {}) =>
      operation((reads) => receiptOf(moves, reads, { wallet, request_id }, minContextSlot)),
    expired: (signed) => operation((reads) => expired(reads, signed)),
    closable: (limit) => operation((reads) => closable(reads, limit), CLOSING_MS),
    close(receipts) {
      const until = performance.now() + CLOSING_MS;
      return operation((reads) => closeReceipts(moves, reads, receipts, until), CLOSING_MS);
    },
    faucet: (wallet) =>
      operation(async (_, { chain }) => {
        walletOf(wallet);
        const none = new KangKlipError("NO_FAUCET", `There is no faucet on ${chain}`);
        if (chain !== "localnet") throw none;
        const gift = { sol: FAUCET_SOL, usdc: FAUCET_USDC };
        try {
          await rpc.within(patienceMs).call("kk_faucet", [wallet, gift], z.unknown());
        } catch (error) {
          if (error instanceof Refusal) throw none; // a validator of somebody's own
          throw error;
        }
        return { lamports: FAUCET_SOL * 1e9, usdc_base_units: FAUCET_USDC * 1e6 };
      }),
  };
}

function keyOf(setting: string, text: string) {
  const address = addressOf(text);
  if (address === undefined) throw new Error(`${setting} is no Solana address`);
  return address;
}

function keypairOf(bytes: Uint8Array): Keypair {
  try {
    return Keypair.fromSecretKey(bytes);
  } catch {
    throw new Error("SPENDER_KEYPAIR is no key pair"); // without its cause: nothing that was read of it may be told
  }
}

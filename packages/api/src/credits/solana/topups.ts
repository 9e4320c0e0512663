import { KangKlipError, MAX_TOPUP_CREDITS, type TopupIntent } from "@kangklip/contract";
import type { PublicKey } from "@solana/web3.js";
import type { Logger } from "../../log.ts";
import type { SignedTopup } from "../ledger.ts";
import { priorityFee } from "./fees.ts";
import { type Program, tokenAccount, tokensOf } from "./program.ts";
import type { Reads } from "./reads.ts";
import { base64Of, compiled, readTransaction } from "./transactions.ts";
import { walletOf } from "./wallets.ts";

/** Blocks that a blockhash is good for, on every chain. */
const LIFETIME_BLOCKS = 150;
const LAMPORTS_PER_SIGNATURE = 5000;
/** 10,000 were measured for a first payment; the rest is for what wallets add to protect their owner. */
const UNITS = 60_000;
const CREDIT_BYTES = 65;

const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111";
/**
 * Phantom and Solflare add instructions of this program to what they sign: assertions, which can make a transaction fail and nothing else
 * that would matter here.
 */
const LIGHTHOUSE = "L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95";

export interface Topups {
  program: Program;
  usdcMint: PublicKey;
  treasury: PublicKey;
  log: Logger;
}

/** @throws KangKlipError INVALID_INPUT, CREDITS_PAUSED, UNAVAILABLE */
export async function draft(
  { program, usdcMint, treasury, log }: Topups,
  reads: Reads,
  { wallet, credits, reference }: { wallet: string; credits: number; reference: string },
): Promise<TopupIntent & { blockhash: string }> {
  if (!Number.isInteger(credits) || credits < 1 || credits > MAX_TOPUP_CREDITS)
    throw new KangKlipError("INVALID_INPUT", "credits_to_buy must be a positive integer");
  const user = walletOf(wallet);
  const { config, credit } = program.addresses;
  const userUsdc = tokenAccount(user, usdcMint);
  const treasuryUsdc = tokenAccount(treasury, usdcMint);
  const addresses = [config, credit(user), user, userUsdc, treasuryUsdc];
  const [{ accounts }, lifetime, microLamports, emptyRent, creditRent] = await Promise.all([
    reads.accounts(addresses),
    reads.latestBlockhash(),
    priorityFee(reads, [credit(user), userUsdc, treasuryUsdc], log),
    reads.rent(0),
    reads.rent(CREDIT_BYTES),
  ]);
  const [configAccount, creditAccount, userAccount, userTokens, treasuryTokens] = accounts.map(
    (a) => a ?? null,
  );
  const set = program.config(configAccount ?? null);
  const isOurs = set?.usdc_mint === usdcMint.toBase58() && set.treasury === treasury.toBase58();
  if (set === null || !isOurs || tokensOf(treasuryTokens ?? null, treasury, usdcMint) === null)
    throw new KangKlipError(
      "UNAVAILABLE",
      "Credits cannot be bought now: the operator has to look at the settings",
    );
  if (set.paused) throw new KangKlipError("CREDITS_PAUSED", "Top-ups are paused");

  const amount = credits * set.price;
  const instruction = program.payUsdc({ user, treasury, mint: usdcMint, amount, reference });
  const transaction = compiled(user, [instruction], { units: UNITS, microLamports }, lifetime.blockhash);
  const priority = Math.ceil((UNITS * microLamports) / 1e6);
  const first = program.userCredit(creditAccount ?? null) === null ? creditRent : 0;
  // what is left may not be less than an account must hold
  const lamports = LAMPORTS_PER_SIGNATURE + priority + first + emptyRent;
  return {
    wallet_address: wallet,
    credits_to_buy: credits,
    amount_base_units: amount,
    credit_unit: set.price,
    program_id: program.id.toBase58(),
    config_pda: config.toBase58(),
    user_credit_pda: credit(user).toBase58(),
    vault_ata: treasuryUsdc.toBase58(),
    user_usdc_ata: userUsdc.toBase58(),
    usdc_mint: usdcMint.toBase58(),
    instruction_data: instruction.data.toString("base64"),
    accounts: instruction.keys.map(({ pubkey, isSigner, isWritable }) => ({
      pubkey: pubkey.toBase58(),
      isSigner,
      isWritable,
    })),
    reference,
    transaction: base64Of(transaction),
    needs_sol: Math.max(0, lamports - (userAccount?.lamports ?? 0)),
    needs_usdc: Math.max(0, amount - (tokensOf(userTokens ?? null, user, usdcMint) ?? 0)),
    last_valid_block_height: lifetime.last_valid_block_height,
    blockhash: lifetime.blockhash,
  };
}

/**
 * One payment of ours, as the intent has it, signed by this wallet alone; beside it what it may use and pay, and what its wallet added to
 * guard it. Anything else is the wallet's own business to send: credits count all the same.
 * @throws KangKlipError INVALID_INPUT
 */
export async function readTopup(
  { program, usdcMint, treasury }: Topups,
  reads: Reads,
  wallet: string,
  transaction: string,
): Promise<SignedTopup> {
  const user = walletOf(wallet);
  const read = readTransaction(transaction);
  if (read === "malformed") throw refused("transaction is no Solana transaction");
  if (read === "unsigned") throw refused("transaction is not signed");
  if (read === "lookup") throw refused("transaction must not use address lookup tables");
  if (read.signers.length !== 1 || read.signers[0] !== wallet)
    throw refused("transaction must be signed and paid by the wallet that is signed in, and by nobody else");
  const ours = read.instructions.filter(({ program: id }) => id === program.id.toBase58());
  const others = read.instructions.filter((each) => !ours.includes(each));
  const [payment] = ours;
  const paid = payment && program.payInstruction(payment.data, payment.accounts);
  if (ours.length !== 1 || !payment || !paid) throw refused("transaction must be one payment for credits");
  if (others.some(({ program: id }) => id !== COMPUTE_BUDGET && id !== LIGHTHOUSE))
    throw refused("transaction does more than pay for credits");
  const { amount_base_units, reference } = paid;
  const due = program.payUsdc({ user, treasury, mint: usdcMint, amount: amount_base_units, reference });
  const isDue =
    due.data.equals(payment.data) &&
    due.keys.every(({ pubkey }, at) => pubkey.toBase58() === payment.accounts[at]);
  if (!isDue || payment.accounts.length !== due.keys.length)
    throw refused("transaction pays for credits in another way than the intent");
  const { height } = await reads.height("confirmed");
  return {
    signature: read.signature,
    transaction,
    last_valid_block_height: height + LIFETIME_BLOCKS,
    blockhash: read.blockhash,
    reference,
    amount_base_units,
  };
}

const refused = (sentence: string) => new KangKlipError("INVALID_INPUT", sentence);

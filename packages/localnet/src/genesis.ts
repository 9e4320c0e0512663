import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { IDL, SEEDS } from "@kangklip/credits-program";
import type { Address, Lamports } from "@solana/kit";
import {
  type TransactionInstruction as Instruction,
  type Keypair,
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionInstruction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { TOKEN_PROGRAM } from "./accounts.ts";
import type { Chain } from "./chain.ts";
import { errorSentence } from "./errors.ts";
import { localnetKeys } from "./keys.ts";
import type { Landed, Ledger } from "./ledger.ts";
import { decodeTransaction } from "./wire.ts";

/** Base units of test USDC (6 decimals) for one credit: 0.10 USDC, as the program is set up everywhere. */
const PRICE = 100_000;
export const USDC_DECIMALS = 6;
const SOL = 1_000_000_000;
const FAUCET_LAMPORTS = 500_000_000n * BigInt(SOL);
const LOADER = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
const TOKEN = new PublicKey(TOKEN_PROGRAM);
const ASSOCIATED_TOKEN = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
const MINT_BYTES = 82;

export const associatedTokenAccount = (owner: PublicKey, mint: PublicKey): PublicKey =>
  PublicKey.findProgramAddressSync(
    [owner.toBuffer(), TOKEN.toBuffer(), mint.toBuffer()],
    ASSOCIATED_TOKEN,
  )[0];

const meta = (pubkey: PublicKey, flags = "") => ({
  pubkey,
  isSigner: flags.includes("s"),
  isWritable: flags.includes("w"),
});

/** Creates an owner's token account where it is not there yet; `payer` pays its rent. */
export const createTokenAccount = (payer: PublicKey, owner: PublicKey, mint: PublicKey): Instruction =>
  new TransactionInstruction({
    programId: ASSOCIATED_TOKEN,
    keys: [
      meta(payer, "sw"),
      meta(associatedTokenAccount(owner, mint), "w"),
      meta(owner),
      meta(mint),
      meta(SystemProgram.programId),
      meta(TOKEN),
    ],
    data: Buffer.from([1]), // CreateIdempotent
  });

/** @param amount base units */
export const mintTo = (mint: PublicKey, to: PublicKey, authority: PublicKey, amount: bigint): Instruction => {
  const data = Buffer.alloc(9);
  data[0] = 7;
  data.writeBigUInt64LE(amount, 1);
  return new TransactionInstruction({
    programId: TOKEN,
    keys: [meta(mint, "w"), meta(to, "w"), meta(authority, "s")],
    data,
  });
};

/** Signs and executes at once, in a block of its own. @throws Error where it does not land, in the chain's own words */
export function sendNow(
  chain: Chain,
  ledger: Ledger,
  instructions: Instruction[],
  signers: Keypair[],
): Landed {
  const transaction = new Transaction().add(...instructions);
  transaction.recentBlockhash = chain.latestBlockhash("processed").blockhash;
  transaction.sign(...signers);
  const outcome = ledger.execute(decodeTransaction(transaction.serialize()));
  const error = "refused" in outcome ? outcome.refused : outcome.landed.err;
  if (error || !("landed" in outcome)) throw new Error(errorSentence(error ?? "Unknown"));
  chain.advance();
  ledger.tell();
  return outcome.landed;
}

/**
 * The first block: who has what, the test-USDC mint, the treasury's account, the credits program and its Config, which the program itself
 * writes as it does on every other chain. @param so the program's file
 */
export function makeGenesis(chain: Chain, ledger: Ledger, programId: string, so: string): void {
  const { admin, spender, treasury, usdcMint, faucet } = localnetKeys();
  const fund = (address: PublicKey, lamports: bigint) =>
    chain.svm.setAccount({
      address: address.toBase58() as Address,
      lamports: lamports as Lamports,
      data: new Uint8Array(),
      executable: false,
      programAddress: SystemProgram.programId.toBase58() as Address,
      space: 0n,
    });
  fund(faucet.publicKey, FAUCET_LAMPORTS);
  for (const { publicKey } of [admin, spender, treasury]) fund(publicKey, 100n * BigInt(SOL));

  const mint = Buffer.alloc(MINT_BYTES);
  mint.writeUInt32LE(1, 0);
  faucet.publicKey.toBuffer().copy(mint, 4);
  mint[44] = USDC_DECIMALS;
  mint[45] = 1; // initialized
  chain.svm.setAccount({
    address: usdcMint.publicKey.toBase58() as Address,
    lamports: chain.svm.minimumBalanceForRentExemption(BigInt(MINT_BYTES)) as Lamports,
    data: mint,
    executable: false,
    programAddress: TOKEN_PROGRAM as Address,
    space: BigInt(MINT_BYTES),
  });
  sendNow(
    chain,
    ledger,
    [createTokenAccount(faucet.publicKey, treasury.publicKey, usdcMint.publicKey)],
    [faucet],
  );

  const program = new PublicKey(programId);
  chain.svm.addProgram(programId as Address, readFileSync(so));
  const [programData] = PublicKey.findProgramAddressSync([program.toBuffer()], LOADER);
  setUpgradeAuthority(chain, programData, admin.publicKey);
  sendNow(
    chain,
    ledger,
    [initializeConfig(program, programData, admin.publicKey, spender, treasury, usdcMint)],
    [admin],
  );
}

/** The machine adds a program without one. The tag of "there is one" is byte 12 of the program's data, the key follows. */
function setUpgradeAuthority(chain: Chain, programData: PublicKey, authority: PublicKey): void {
  const account = chain.account(programData.toBase58(), "processed");
  if (!account) throw new Error("The virtual machine has not kept the program's data");
  const data = Buffer.from(account.data);
  data[12] = 1;
  authority.toBuffer().copy(data, 13);
  chain.svm.setAccount({ ...account, data });
}

function initializeConfig(
  program: PublicKey,
  programData: PublicKey,
  authority: PublicKey,
  spender: Keypair,
  treasury: Keypair,
  usdcMint: Keypair,
): Instruction {
  const [config] = PublicKey.findProgramAddressSync([Buffer.from(SEEDS.CONFIG)], program);
  const price = Buffer.alloc(8);
  price.writeBigUInt64LE(BigInt(PRICE));
  const [initialize] = IDL.instructions;
  return new TransactionInstruction({
    programId: program,
    keys: [
      meta(authority, "sw"),
      meta(config, "w"),
      meta(usdcMint.publicKey),
      meta(programData),
      meta(SystemProgram.programId),
    ],
    data: Buffer.concat([
      Buffer.from(initialize.discriminator),
      spender.publicKey.toBuffer(),
      treasury.publicKey.toBuffer(),
      price,
    ]),
  });
}

/** What getGenesisHash says: of no other chain, and the same for every localnet. */
export const GENESIS_HASH = bs58.encode(createHash("sha256").update("kangklip localnet").digest());

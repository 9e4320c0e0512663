import { createHash } from "node:crypto";
import { Keypair } from "@solana/web3.js";

/** A key pair that everybody can compute: for this machine's chain alone, and for tests. The same text gives the same keys, always. */
export const keypairOf = (text: string): Keypair =>
  Keypair.fromSeed(createHash("sha256").update(text).digest());

/** Who is who on a localnet. The keys are known to everybody: nothing on any other chain may ever be theirs. */
export const localnetKeys = () => ({
  /** Owns the program and its Config. */
  admin: keypairOf("kangklip localnet admin"),
  /** The service's key: may debit and refund credits. */
  spender: keypairOf("kangklip localnet spender"),
  /** Receives what is paid. */
  treasury: keypairOf("kangklip localnet treasury"),
  /** The test-USDC mint's own address. */
  usdcMint: keypairOf("kangklip localnet test USDC"),
  /** Gives test SOL and test USDC to whoever asks. */
  faucet: keypairOf("kangklip localnet faucet"),
});

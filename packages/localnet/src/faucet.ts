import { ComputeBudgetProgram, PublicKey, SystemProgram } from "@solana/web3.js";
import type { Chain } from "./chain.ts";
import { associatedTokenAccount, createTokenAccount, mintTo, sendNow, USDC_DECIMALS } from "./genesis.ts";
import { localnetKeys } from "./keys.ts";
import type { Ledger } from "./ledger.ts";

const LAMPORTS = 1_000_000_000;
/** Enough for what it does; each transaction asks for one unit more, so that two of one block differ. */
const COMPUTE_UNITS = 100_000;

/** Money out of nothing: test SOL, and test USDC with the account that holds it. In a block of its own, whatever the faults say. */
export function createFaucet(chain: Chain, ledger: Ledger) {
  const { faucet, usdcMint } = localnetKeys();
  let given = 0;
  return (address: string, { sol = 0, usdc = 0 }: { sol?: number; usdc?: number }): string => {
    const to = new PublicKey(address);
    const units = COMPUTE_UNITS + (given++ % COMPUTE_UNITS);
    const instructions = [ComputeBudgetProgram.setComputeUnitLimit({ units })];
    if (sol > 0)
      instructions.push(
        SystemProgram.transfer({
          fromPubkey: faucet.publicKey,
          toPubkey: to,
          lamports: Math.round(sol * LAMPORTS),
        }),
      );
    if (usdc > 0) {
      const amount = BigInt(Math.round(usdc * 10 ** USDC_DECIMALS));
      const account = associatedTokenAccount(to, usdcMint.publicKey);
      instructions.push(
        createTokenAccount(faucet.publicKey, to, usdcMint.publicKey),
        mintTo(usdcMint.publicKey, account, faucet.publicKey, amount),
      );
    }
    return sendNow(chain, ledger, instructions, [faucet]).signature;
  };
}

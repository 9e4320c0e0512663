import {
  AccountRole,
  address,
  appendTransactionMessageInstructions,
  type Blockhash,
  createKeyPairSignerFromBytes,
  createTransactionMessage,
  getTransactionEncoder,
  pipe,
  setTransactionMessageConfig,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";
import type { Keypair, TransactionInstruction } from "@solana/web3.js";
import { keypairOf } from "./keys.ts";

/** A wallet of a test: the same seed gives the same one, always. It has no money until a faucet gives it some. */
export const testWallet = (seed: string | number): Keypair => keypairOf(`kangklip test wallet ${seed}`);

/** One call of JSON-RPC, as it stands in a body and comes back in one. */
export async function call(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  return response.json();
}

/**
 * A signed version-1 transaction, which web3.js reads and cannot write. `payer` signs alone.
 * @returns the bytes to send
 */
export async function signV1(
  payer: Keypair,
  instructions: TransactionInstruction[],
  blockhash: string,
): Promise<Uint8Array> {
  const signer = await createKeyPairSignerFromBytes(payer.secretKey);
  const message = pipe(
    createTransactionMessage({ version: 1 }),
    (m) => setTransactionMessageFeePayerSigner(signer, m),
    (m) =>
      setTransactionMessageLifetimeUsingBlockhash(
        { blockhash: blockhash as Blockhash, lastValidBlockHeight: 0n },
        m,
      ),
    // without these limits a version-1 transaction may use next to nothing
    (m) =>
      setTransactionMessageConfig(
        { computeUnitLimit: 200_000, loadedAccountsDataSizeLimit: 2 ** 20, priorityFeeLamports: 77n },
        m,
      ),
    (m) => appendTransactionMessageInstructions(instructions.map(forKit), m),
  );
  const transaction = await signTransactionMessageWithSigners(message);
  return new Uint8Array(getTransactionEncoder().encode(transaction));
}

const forKit = ({ programId, keys, data }: TransactionInstruction) => ({
  programAddress: address(programId.toBase58()),
  accounts: keys.map(({ pubkey, isSigner, isWritable }) => ({
    address: address(pubkey.toBase58()),
    role: isSigner
      ? isWritable
        ? AccountRole.WRITABLE_SIGNER
        : AccountRole.READONLY_SIGNER
      : isWritable
        ? AccountRole.WRITABLE
        : AccountRole.READONLY,
  })),
  data: new Uint8Array(data),
});

import anchor from "@coral-xyz/anchor";
import {
  ComputeBudgetProgram,
  Connection,
  type Keypair,
  SendTransactionError,
  Transaction,
  TransactionExpiredBlockheightExceededError,
  type TransactionInstruction,
} from "@solana/web3.js";

export interface Sender {
  connection: Connection;
  /** Pays fees and signs; so do further signers. */
  payer: Keypair;
  /** Micro-lamports per compute unit on top of the fee: a busy chain takes nothing without. */
  priority: number;
}

/** Transactions that did not land before their blockhash grew old are signed anew so often. */
const TRIES = 5;
/** Calls whose answer was lost are made again so often, that much later each time. All of them may be repeated. */
const CALLS = 4;
const CALL_PAUSE_MS = 300;

/** A node that may be busy or lose answers. It speaks JSON-RPC over HTTP, and over a websocket to confirm. */
export const connect = (url: string): Connection =>
  new Connection(url, { commitment: "confirmed", fetch: patientFetch });

const patientFetch: typeof fetch = async (...request) => {
  for (let call = 1; ; call++) {
    try {
      return await fetch(...request);
    } catch (error) {
      if (call === CALLS) throw error;
      await new Promise((resolve) => setTimeout(resolve, CALL_PAUSE_MS * call));
    }
  }
};

/**
 * Sends one transaction and waits until it is confirmed. One that expired is sent again: it can no longer land by then.
 * @throws Error in the chain's words where it fails
 */
export async function send(
  sender: Sender,
  instructions: TransactionInstruction[],
  signers: Keypair[] = [],
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await sendOnce(sender, instructions, signers);
    } catch (error) {
      const isLate =
        error instanceof TransactionExpiredBlockheightExceededError ||
        /Blockhash not found/.test(String(error));
      if (!isLate || tries === TRIES) throw error;
    }
  }
}

async function sendOnce(
  { connection, payer, priority }: Sender,
  instructions: TransactionInstruction[],
  signers: Keypair[],
): Promise<void> {
  const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash("confirmed");
  const transaction = new Transaction({ blockhash, lastValidBlockHeight, feePayer: payer.publicKey });
  if (priority > 0) transaction.add(ComputeBudgetProgram.setComputeUnitPrice({ microLamports: priority }));
  transaction.add(...instructions);
  transaction.sign(payer, ...signers);
  await connection.sendRawTransaction(transaction.serialize(), { maxRetries: 20 }).catch((error: unknown) => {
    if (!(error instanceof SendTransactionError)) throw error;
    const { message } = error.transactionError;
    // The answer to the first call was lost, and the second finds that it has landed.
    if (!/already been processed/.test(message)) throw new Error([message, ...(error.logs ?? [])].join("\n"));
  });
  const signature = anchor.utils.bytes.bs58.encode(transaction.signature ?? Buffer.alloc(0));
  const { value } = await connection.confirmTransaction(
    { signature, blockhash, lastValidBlockHeight },
    "confirmed",
  );
  if (value.err) throw new Error(`Transaction ${signature} failed: ${JSON.stringify(value.err)}`);
}

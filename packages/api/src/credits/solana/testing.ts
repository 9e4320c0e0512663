import anchor from "@coral-xyz/anchor";
import { IDL, idlFor } from "@kangklip/credits-program";
import { type Localnet, startLocalnet } from "@kangklip/localnet";
import { call, testWallet } from "@kangklip/localnet/testing";
import {
  Keypair,
  PublicKey,
  Transaction,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { createSolanaLedger, type SolanaOptions } from "./ledger.ts";
import { readableLog } from "./testing-rpc.ts";

export type Credits = Awaited<ReturnType<typeof startCredits>>;

/** A localnet and a ledger on it, with what a test needs to be anybody there. Blocks come with what is sent, and else every `slotMs`. */
export async function startCredits({ slotMs = 100 } = {}) {
  const net = await startLocalnet({ slotMs });
  const { log, lines, text } = readableLog();
  const secret = (json: string) => Uint8Array.from(JSON.parse(json) as number[]);
  const options: SolanaOptions = {
    rpcUrls: [net.url],
    usdcMint: net.usdcMint,
    treasury: net.treasury,
    programId: net.programId,
    spender: secret(net.spender),
    log,
  };
  const ledger = createSolanaLedger(options);
  const chain = chainOf(net);
  let serial = 0;

  return {
    net,
    ...{ ledger, lines, text, options },
    ...chain,
    spender: Keypair.fromSecretKey(secret(net.spender)),
    admin: Keypair.fromSecretKey(secret(net.admin)),
    another: (overrides: Partial<SolanaOptions> = {}) => createSolanaLedger({ ...options, ...overrides }),

    /** A wallet of its own with test money, and its address. */
    rich({ sol = 1, usdc = 100 }: { sol?: number; usdc?: number } = {}) {
      const keypair = testWallet(`credits ${serial++} ${Math.random()}`);
      const wallet = keypair.publicKey.toBase58();
      net.faucet(wallet, { sol, usdc });
      return { keypair, wallet };
    },
    /** Signs what an intent offers. @returns base64 */
    signed(transaction: string, keypair: Keypair): string {
      const read = VersionedTransaction.deserialize(Buffer.from(transaction, "base64"));
      read.sign([keypair]);
      return Buffer.from(read.serialize()).toString("base64");
    },
    /** Buys credits as a wallet does. @returns the signature */
    async buy(
      { keypair, wallet }: { keypair: Keypair; wallet: string },
      credits: number,
      reference = hex32(),
    ) {
      const draft = await ledger.topup(wallet, credits, reference);
      return chain.send(this.signed(draft.transaction, keypair));
    },
    async [Symbol.asyncDispose]() {
      await net.stop();
    },
  };
}

/** Who talks to the chain without our ledger. */
function chainOf(net: Localnet) {
  const latest = async () => {
    const { result } = (await call(net.url, "getLatestBlockhash", { commitment: "processed" })) as {
      result: { value: { blockhash: string } };
    };
    return result.value.blockhash;
  };
  /** base64 or bytes, past any trial run. @returns the signature */
  async function send(transaction: string | Uint8Array): Promise<string> {
    const base64 =
      typeof transaction === "string" ? transaction : Buffer.from(transaction).toString("base64");
    const options = { encoding: "base64", skipPreflight: true };
    const { result, error } = (await call(net.url, "sendTransaction", base64, options)) as {
      result?: string;
      error?: { message: string };
    };
    if (result === undefined) throw new Error(error?.message);
    return result;
  }
  return {
    latest,
    send,
    /** Signs a transaction of a version. @returns its bytes */
    async made(signers: Keypair[], instructions: TransactionInstruction[], version: "legacy" | 0 = 0) {
      const [payer] = signers;
      if (!payer) throw new Error("Somebody has to pay");
      const recentBlockhash = await latest();
      if (version === "legacy") {
        const transaction = new Transaction({ feePayer: payer.publicKey, recentBlockhash }).add(
          ...instructions,
        );
        transaction.sign(...signers);
        return new Uint8Array(transaction.serialize());
      }
      const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash, instructions });
      const transaction = new VersionedTransaction(message.compileToV0Message());
      transaction.sign(signers);
      return transaction.serialize();
    },
  };
}

/** The payment of an intent as an instruction, for transactions of one's own. */
export function paymentOf(draft: {
  program_id: string;
  instruction_data: string;
  accounts: { pubkey: string; isSigner: boolean; isWritable: boolean }[];
}) {
  return new TransactionInstruction({
    programId: new PublicKey(draft.program_id),
    keys: draft.accounts.map((account) => ({ ...account, pubkey: new PublicKey(account.pubkey) })),
    data: Buffer.from(draft.instruction_data, "base64"),
  });
}

/** `update_config` by the admin: what is left out stays as it is. */
export function updateConfig(
  { net, admin }: Pick<Credits, "net" | "admin">,
  change: { paused?: boolean; price?: number; spender?: PublicKey },
) {
  const programId = new PublicKey(net.programId);
  const coder = new anchor.BorshCoder(idlFor(IDL.address) as unknown as anchor.Idl);
  const args = {
    spender: change.spender ?? null,
    treasury: null,
    price: change.price === undefined ? null : new anchor.BN(change.price),
    paused: change.paused ?? null,
  };
  const [config] = PublicKey.findProgramAddressSync([Buffer.from("config")], programId);
  return new TransactionInstruction({
    programId,
    keys: [
      { pubkey: admin.publicKey, isSigner: true, isWritable: false },
      { pubkey: config, isSigner: false, isWritable: true },
    ],
    data: coder.instruction.encode("update_config", args),
  });
}

let ids = 0;
/** Another 32 bytes in hex each time. */
export const hex32 = () => (++ids).toString(16).padStart(64, "0");

/** All ways in which a secret key might turn up in a text. */
export function waysToWrite(secret: Uint8Array): string[] {
  const seed = secret.slice(0, 32);
  return [secret, seed].flatMap((bytes) => [
    Buffer.from(bytes).toString("hex"),
    Buffer.from(bytes).toString("base64"),
    Buffer.from(bytes).toString("base64url"),
    bs58.encode(bytes),
    [...bytes].join(","),
    [...bytes].join(", "),
    JSON.stringify(Object.fromEntries([...bytes].entries())).slice(1, -1),
  ]);
}

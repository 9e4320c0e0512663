import { readFileSync } from "node:fs";
import { Keypair, PublicKey } from "@solana/web3.js";
import { chainOf } from "./chains.ts";
import { connect, type Sender } from "./sending.ts";

/** Those that every command has. */
export const COMMON = {
  url: { type: "string" },
  keypair: { type: "string" },
  "program-id": { type: "string" },
  "priority-fee": { type: "string", default: "0" },
  mainnet: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export interface CommonValues {
  url?: string | undefined;
  keypair?: string | undefined;
  "priority-fee": string;
  mainnet: boolean;
}

/** Who pays and where, and the chain's name. Mainnet must be meant. @throws Error that says which option is wrong */
export async function openSender(
  values: CommonValues,
): Promise<Sender & { chain: ReturnType<typeof chainOf> }> {
  const url = required("url", values.url);
  const payer = keypairIn("keypair", required("keypair", values.keypair));
  const priority = Number(values["priority-fee"]);
  if (!Number.isSafeInteger(priority) || priority < 0) {
    throw new Error("--priority-fee is a number of micro-lamports per compute unit");
  }
  const connection = connect(url);
  const chain = chainOf(await connection.getGenesisHash());
  if (chain.name === "mainnet" && !values.mainnet) {
    throw new Error(
      `${new URL(url).host} is mainnet, where this costs real money: add --mainnet if you mean it`,
    );
  }
  return { connection, payer, priority, chain };
}

export function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new Error(`--${name} is missing; --help tells what it is`);
  return value;
}

export function addressIn(name: string, value: string): PublicKey {
  try {
    return new PublicKey(value);
  } catch {
    throw new Error(`--${name} is an address in base58, and ${value} is none`);
  }
}

/** A file as solana-keygen writes it: 64 numbers in a JSON array. What is in it is never printed. */
export function keypairIn(name: string, file: string): Keypair {
  try {
    return Keypair.fromSecretKey(Uint8Array.from(JSON.parse(readFileSync(file, "utf8"))));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(
      `--${name}: ${file} ${isMissing ? "does not exist" : "is no key pair as solana-keygen writes them"}`,
    );
  }
}

import anchor, { type Program } from "@coral-xyz/anchor";
import {
  createAssociatedTokenAccountIdempotentInstruction,
  getAssociatedTokenAddressSync,
  getMint,
} from "@solana/spl-token";
import { PublicKey } from "@solana/web3.js";
import BN from "bn.js";
import { idlFor, type KangklipCredits, SEEDS } from "../../programs/kangklip_credits/index.ts";
import { programDataOf } from "./loader.ts";
import { type Sender, send } from "./sending.ts";

/** What the Config on chain says. */
export interface Settings {
  admin: PublicKey;
  pendingAdmin: PublicKey;
  spender: PublicKey;
  usdcMint: PublicKey;
  treasury: PublicKey;
  /** Base units of USDC per credit. */
  price: BN;
  paused: boolean;
}

const USDC_DECIMALS = 6;

export function programAt(programId: PublicKey): Program<KangklipCredits> {
  const provider = { connection: undefined as never }; // it builds instructions and decodes, and asks no node
  return new anchor.Program(idlFor(programId.toBase58()), provider);
}

const configOf = (programId: PublicKey) =>
  PublicKey.findProgramAddressSync([Buffer.from(SEEDS.CONFIG)], programId)[0];

/** @returns undefined where the program was not set up yet */
export async function readSettings(
  { connection }: Sender,
  programId: PublicKey,
): Promise<Settings | undefined> {
  const account = await connection.getAccountInfo(configOf(programId));
  if (!account?.owner.equals(programId)) return undefined;
  return programAt(programId).coder.accounts.decode<Settings>("config", account.data);
}

export type Wanted = Pick<Settings, "spender" | "usdcMint" | "treasury" | "price">;

/** @throws Error where the mint is not USDC's kind of token, or is not there */
export async function checkMint({ connection }: Sender, mint: PublicKey): Promise<void> {
  const { decimals } = await getMint(connection, mint).catch(() => {
    throw new Error(`${mint} is no mint of the token program on this chain`);
  });
  if (decimals !== USDC_DECIMALS)
    throw new Error(`${mint} has ${decimals} decimals, and USDC has ${USDC_DECIMALS}`);
}

/** Creates the Config; the payer, who must be the upgrade authority, becomes the admin. */
export async function setUp(
  sender: Sender,
  programId: PublicKey,
  { spender, usdcMint, treasury, price }: Wanted,
) {
  const instruction = await programAt(programId)
    .methods.initializeConfig(spender, treasury, price)
    .accounts({ authority: sender.payer.publicKey, usdcMint, programData: programDataOf(programId) })
    .instruction();
  await send(sender, [instruction]);
}

/** The account that receives the USDC. Top-ups fail until it is there. @returns its address */
export async function makeTreasuryAccount(
  sender: Sender,
  { usdcMint, treasury }: Wanted,
): Promise<PublicKey> {
  const address = getAssociatedTokenAddressSync(usdcMint, treasury, true);
  if (!(await sender.connection.getAccountInfo(address))) {
    await send(sender, [
      createAssociatedTokenAccountIdempotentInstruction(sender.payer.publicKey, address, treasury, usdcMint),
    ]);
  }
  return address;
}

/** What differs between what was asked for and what is on chain, a line each. */
export function differences(asked: Partial<Wanted>, settings: Settings): string[] {
  return (["spender", "usdcMint", "treasury", "price"] as const).flatMap((name) => {
    const value = asked[name];
    return value === undefined || String(value) === String(settings[name])
      ? []
      : [`${name} is ${settings[name]} on chain and not ${value}`];
  });
}

/** "0.10" -> 100,000 base units. @throws Error where it is no positive amount of six decimals at most */
export function baseUnits(usdc: string): BN {
  const [, whole = "", part = ""] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(usdc) ?? [];
  const units = new BN(whole + part.padEnd(USDC_DECIMALS, "0"));
  if (whole === "" || units.isZero())
    throw new Error(`A price is a positive amount of USDC like 0.10, and not ${usdc}`);
  return units;
}

import { PublicKey, type TransactionInstruction } from "@solana/web3.js";
import { DISCRIMINATORS, SIZES } from "../index.ts";
import { key, type World } from "./testing-world.ts";

/** The same instruction with another account in one place. */
export function swapped(
  instruction: TransactionInstruction,
  at: number,
  pubkey: PublicKey,
): TransactionInstruction {
  const account = instruction.keys[at];
  if (!account) throw new Error(`There is no account ${at}`);
  account.pubkey = pubkey;
  return instruction;
}

/** Puts a UserCredit where the user's is, with these numbers. */
export function forceCredit(
  { set, programId, pda, user, credit }: World,
  numbers: [credits: bigint, purchased: bigint, spent: bigint],
) {
  const data = Buffer.alloc(SIZES.UserCredit);
  Buffer.from(DISCRIMINATORS.UserCredit).copy(data);
  user.publicKey.toBuffer().copy(data, 8);
  for (const [at, value] of numbers.entries()) data.writeBigUInt64LE(value, 40 + 8 * at);
  data[64] = pda("credit", user.publicKey.toBuffer())[1];
  set(credit(user.publicKey), programId, data);
}

/** A Config that names an attacker everywhere, as this program would write it. */
export function attackersConfig(world: World, mint = key("worthless")): Buffer {
  const data = Buffer.from(world.read(world.config)?.data ?? []);
  const stranger = world.stranger.publicKey.toBuffer();
  for (const at of [8, 72, 136]) stranger.copy(data, at); // admin, spender, treasury
  mint.toBuffer().copy(data, 104);
  return data;
}

/** The first address below the canonical one that the seeds also have. */
export function secondBump({ programId }: World, ...seeds: Uint8Array[]): PublicKey {
  const [, bump] = PublicKey.findProgramAddressSync(seeds, programId);
  for (let other = bump - 1; other >= 0; other--) {
    try {
      return PublicKey.createProgramAddressSync([...seeds, Uint8Array.of(other)], programId);
    } catch {} // half of all bumps give no address
  }
  throw new Error("There is no second bump");
}

import type { PublicKey } from "@solana/web3.js";
import BN from "bn.js";
import type { World } from "./testing-world.ts";

/** Base units per credit in the worlds of these tests. */
export const PRICE = 100_000;
export const bytes32 = (fill: number) => Array.from<number>({ length: 32 }).fill(fill);

export const initialize = (
  { program, admin, spender, treasury, mint, programData }: World,
  { who = admin.publicKey, price = PRICE, usdcMint = mint, to = treasury } = {},
) =>
  program.methods
    .initializeConfig(spender.publicKey, to, new BN(price))
    .accounts({ authority: who, usdcMint, programData })
    .instruction();

export const pay = (
  { program, user, usdc, treasury, mint }: World,
  amount: number | BN,
  { who = user.publicKey, reference = bytes32(1), from = usdc(who), to = usdc(treasury) } = {},
) =>
  program.methods
    .payUsdc(new BN(amount), reference)
    .accounts({ user: who, userUsdc: from, treasuryUsdc: to, usdcMint: mint })
    .instruction();

export const consume = (
  { program, spender, user }: World,
  id: number[],
  amount: number | BN = 1,
  { by = spender.publicKey, from = user.publicKey } = {},
) => program.methods.consumeCredit(id, new BN(amount)).accounts({ spender: by, user: from }).instruction();

export const refund = (
  { program, spender, user, receipt }: World,
  id: number[],
  { by = spender.publicKey, to = user.publicKey } = {},
) =>
  program.methods
    .refundCredit()
    .accounts({ spender: by, user: to, receipt: receipt(to, id) })
    .instruction();

export const close = (
  { program, spender, user, receipt }: World,
  id: number[],
  { by = spender.publicKey, of = user.publicKey } = {},
) =>
  program.methods
    .closeReceipt()
    .accounts({ spender: by, user: of, receipt: receipt(of, id) })
    .instruction();

export interface Update {
  spender?: PublicKey;
  treasury?: PublicKey;
  price?: number;
  paused?: boolean;
}

export const update = (
  { program, admin }: World,
  { spender, treasury, price, paused }: Update,
  { by = admin.publicKey } = {},
) =>
  program.methods
    .updateConfig(
      spender ?? null,
      treasury ?? null,
      price === undefined ? null : new BN(price),
      paused ?? null,
    )
    .accounts({ admin: by })
    .instruction();

export const propose = ({ program, admin }: World, whom: PublicKey, { by = admin.publicKey } = {}) =>
  program.methods.proposeAdmin(whom).accounts({ admin: by }).instruction();

export const accept = ({ program }: World, by: PublicKey) =>
  program.methods.acceptAdmin().accounts({ newAdmin: by }).instruction();

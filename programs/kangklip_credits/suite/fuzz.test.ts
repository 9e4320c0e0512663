import { type AccountMeta, TransactionInstruction } from "@solana/web3.js";
import { expect, test } from "vitest";
import { IDL } from "../index.ts";
import * as w from "./testing-world.ts";

/** The same numbers in every run (mulberry32). */
function random(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    bytes: (length: number) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

const RUNS = 400;

test("a stranger who sends anything to anything gains nothing", { timeout: 60_000 }, async () => {
  const { below, pick, bytes } = random(20_261_126);
  const world = await w.makeWorld({ credits: 9 });
  const { stranger, user, usdc, treasury, spender, admin, programId } = world;
  w.expectLanded(world.send([await w.consume(world, w.bytes32(7), 2)], spender));
  world.makeTokens(usdc(stranger.publicKey), { owner: stranger.publicKey, amount: 0n });
  const accounts = [
    ...[world.config, world.credit(user.publicKey), world.receipt(user.publicKey, w.bytes32(7))],
    ...[world.credit(stranger.publicKey), usdc(user.publicKey), usdc(treasury), usdc(stranger.publicKey)],
    ...[
      world.mint,
      user.publicKey,
      spender.publicKey,
      admin.publicKey,
      stranger.publicKey,
      stranger.publicKey,
    ],
    ...[world.programData, w.SYSTEM, w.TOKEN, programId],
  ];
  const before = stateOf(world);
  for (let run = 0; run < RUNS; run++) {
    const { discriminator, accounts: wanted } = pick(IDL.instructions);
    const keys: AccountMeta[] = Array.from({ length: below(3) === 0 ? below(20) : wanted.length }, () => {
      const pubkey = pick(accounts);
      return { pubkey, isSigner: pubkey.equals(stranger.publicKey), isWritable: below(2) === 0 };
    });
    if (!keys.some(({ isSigner }) => isSigner)) {
      keys[0] = { pubkey: stranger.publicKey, isSigner: true, isWritable: true };
    }
    const data = Buffer.concat([Buffer.from(below(10) === 0 ? bytes(8) : discriminator), bytes(below(90))]);
    const outcome = world.send([new TransactionInstruction({ programId, keys, data })], stranger);
    expect(outcome.error, `run ${run}: ${outcome.logs.join("\n")}`).not.toBeNull();
    // it refuses, and does not crash: no access violation, no panic, no exhausted budget
    expect(outcome.logs.join("\n"), `run ${run}`).not.toMatch(
      /Access violation|panicked|exceeded CUs|aborted/,
    );
  }
  expect(stateOf(world)).toEqual(before);
});

test("the right accounts with random arguments leave the books in order", { timeout: 60_000 }, async () => {
  const { below, bytes, pick } = random(5);
  const world = await w.makeWorld({ credits: 9 });
  const { user, spender, usdc, treasury } = world;
  for (let run = 0; run < RUNS / 4; run++) {
    const [id, amount] = [bytes(32), pick([bytes(8), Buffer.from([below(14), 0, 0, 0, 0, 0, 0, 0])])];
    const charge = await w.consume(world, [...id]);
    charge.data = Buffer.concat([charge.data.subarray(0, 40), amount]);
    world.send([charge], spender);
    const payment = await w.pay(world, 0);
    payment.data = Buffer.concat([
      payment.data.subarray(0, 8),
      pick([bytes(8), amount]),
      bytes(32 + below(9)),
    ]);
    world.send([payment], user);
    const [credits = 0, purchased = 0, spent = 0] = world.balance(user.publicKey) ?? [];
    expect(credits).toBe(purchased - spent);
    expect(credits).toBeGreaterThanOrEqual(0);
    expect(Number(world.tokens(usdc(treasury)))).toBe(purchased * w.PRICE);
  }
});

/** All that the program owns, and the tokens. */
function stateOf({ svm, programId, tokens, usdc, user, treasury }: w.World) {
  const owned = svm.getProgramAccounts(programId.toBase58() as never);
  return {
    owned: owned
      .map(({ address, data, lamports }) => [address, Buffer.from(data).toString("hex"), lamports])
      .sort(),
    tokens: [user.publicKey, treasury].map((owner) => tokens(usdc(owner))),
  };
}

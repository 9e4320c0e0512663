import { SystemProgram } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { ERRORS, FRAMEWORK_ERRORS } from "../index.ts";
import { forceCredit, secondBump, swapped } from "./testing-attacks.ts";
import * as w from "./testing-world.ts";

const { bytes32, consume, expectLanded, makeWorld, pay, PRICE, refund } = w;
const ID = bytes32(7);

describe("one request charged twice, or refunded twice", () => {
  test("a second receipt under another bump is refused", async () => {
    const world = await makeWorld({ credits: 5 });
    expectLanded(world.send([await consume(world, ID)], world.spender));
    const second = secondBump(
      world,
      Buffer.from("receipt"),
      world.user.publicKey.toBuffer(),
      Uint8Array.from(ID),
    );
    expect(world.send([swapped(await consume(world, ID), 4, second)], world.spender).error).toBe(
      FRAMEWORK_ERRORS.ConstraintSeeds,
    );
    expect(world.balance(world.user.publicKey)).toEqual([4, 5, 1]);
  });

  test("a second account of credits under another bump is refused", async () => {
    const world = await makeWorld();
    const second = secondBump(world, Buffer.from("credit"), world.user.publicKey.toBuffer());
    expect(world.send([swapped(await pay(world, PRICE), 2, second)], world.user).error).toBe(
      FRAMEWORK_ERRORS.ConstraintSeeds,
    );
  });

  test("the receipt of another request proves nothing", async () => {
    const world = await makeWorld({ credits: 5 });
    expectLanded(world.send([await consume(world, ID)], world.spender));
    const receipt = world.receipt(world.user.publicKey, ID);
    expect(world.send([swapped(await consume(world, bytes32(8)), 4, receipt)], world.spender).error).toBe(
      FRAMEWORK_ERRORS.ConstraintSeeds,
    );
  });

  test("a receipt that was closed gives nothing back, also when it is brought to life again", async () => {
    const world = await makeWorld({ credits: 5 });
    const { spender, user, receipt } = world;
    expectLanded(world.send([await consume(world, ID, 2)], spender));
    w.warp(world, 300_000);
    const revive = SystemProgram.transfer({
      fromPubkey: spender.publicKey,
      toPubkey: receipt(user.publicKey, ID),
      lamports: 10_000_000,
    });
    const [closing, refunding] = [await w.close(world, ID), await refund(world, ID)];
    expect(world.send([closing, revive, refunding], spender).error).toBe(
      FRAMEWORK_ERRORS.AccountOwnedByWrongProgram,
    );
    expectLanded(world.send([closing, revive], spender));
    for (const late of [refunding, closing]) {
      expect(world.send([late], spender).error).toBe(FRAMEWORK_ERRORS.AccountOwnedByWrongProgram);
    }
    expect(world.balance(user.publicKey)).toEqual([3, 5, 2]);
  });

  test("a receipt is closed once, and closing twice in one transaction pays once", async () => {
    const world = await makeWorld({ credits: 5 });
    expectLanded(world.send([await consume(world, ID)], world.spender));
    w.warp(world, 300_000);
    const close = await w.close(world, ID);
    expect(world.send([close, close], world.spender).error).toBe(FRAMEWORK_ERRORS.AccountOwnedByWrongProgram);
  });

  test("another user's receipt gives nobody credits", async () => {
    const world = await makeWorld({ credits: 5 });
    const { spender, stranger, usdc, user, receipt } = world;
    world.makeTokens(usdc(stranger.publicKey), { owner: stranger.publicKey, amount: 10n ** 9n });
    expectLanded(world.send([await pay(world, PRICE, { who: stranger.publicKey })], stranger));
    expectLanded(world.send([await consume(world, ID)], spender));
    const theft = await refund(world, ID, { to: stranger.publicKey });
    expect(world.send([swapped(theft, 4, receipt(user.publicKey, ID))], spender).error).toBe(
      ERRORS.InvalidOwner,
    );
  });

  test("a receipt in a state that there is not is refused", async () => {
    const world = await makeWorld({ credits: 5 });
    const { read, receipt, set, programId, user, spender } = world;
    expectLanded(world.send([await consume(world, ID)], spender));
    const data = Buffer.from(read(receipt(user.publicKey, ID))?.data ?? []);
    for (const state of [0, 3, 255]) {
      data[88] = state;
      set(receipt(user.publicKey, ID), programId, data);
      expect(world.send([await refund(world, ID)], spender).error).toBe(ERRORS.BadState);
    }
  });

  test("more than was ever spent is not given back", async () => {
    const world = await makeWorld({ credits: 5 });
    expectLanded(world.send([await consume(world, ID, 3)], world.spender));
    forceCredit(world, [5n, 5n, 2n]);
    expect(world.send([await refund(world, ID)], world.spender).error).toBe(ERRORS.Overflow);
  });
});

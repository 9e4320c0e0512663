import { PublicKey, SystemProgram } from "@solana/web3.js";
import BN from "bn.js";
import { describe, expect, test } from "vitest";
import { ERRORS, MAX_CONSUME, RECEIPT_MIN_AGE_SLOTS, RECEIPT_STATE } from "../index.ts";
import * as w from "./testing-world.ts";

const { bytes32, consume, expectLanded, pay, PRICE, refund } = w;

describe.each(w.VERSIONS)("the program as sBPF %s", (version) => {
  test("the upgrade authority sets it up once and becomes the admin", async () => {
    const world = w.bareWorld({ version });
    expect(
      world.send([await w.initialize(world, { who: world.stranger.publicKey })], world.stranger).error,
    ).toBe(ERRORS.Unauthorized);
    expectLanded(world.send([await w.initialize(world)], world.admin));
    const { admin, pendingAdmin, spender, usdcMint, treasury, price, paused } = world.configNow() ?? {};
    expect(admin).toEqual(world.admin.publicKey);
    expect(pendingAdmin).toEqual(PublicKey.default);
    expect(spender).toEqual(world.spender.publicKey);
    expect([usdcMint, treasury]).toEqual([world.mint, world.treasury]);
    expect([Number(price), paused]).toEqual([PRICE, false]);
    expect(world.send([await w.initialize(world)], world.admin).error).not.toBeNull();
  });

  test("USDC goes straight to the treasury and the credits are there in the same moment", async () => {
    const world = await w.makeWorld({ version });
    const { user, treasury, usdc } = world;
    expectLanded(world.send([await pay(world, 10 * PRICE)], user));
    const { events } = expectLanded(
      world.send([await pay(world, 5 * PRICE, { reference: bytes32(9) })], user),
    );
    expect(world.balance(user.publicKey)).toEqual([15, 15, 0]);
    expect(world.tokens(usdc(treasury))).toBe(15n * BigInt(PRICE));
    expect(events).toMatchObject([{ name: "paid", data: { user: user.publicKey, reference: bytes32(9) } }]);
    const { amountBaseUnits, creditsAdded, newBalance } = events[0]?.data ?? {};
    expect([amountBaseUnits, creditsAdded, newBalance].map(Number)).toEqual([5 * PRICE, 5, 15]);
  });

  test.each([
    ["an amount of zero", 0, ERRORS.InvalidAmount],
    ["no whole number of credits", PRICE + 1, ERRORS.NotAMultipleOfPrice],
    ["less than one credit", PRICE - 1, ERRORS.NotAMultipleOfPrice],
    ["more than the user has (the token program's own error)", 900_000_000_000, 1],
    ["the largest amount there is", new BN("18446744073709500000"), 1],
  ])("%s buys nothing", async (_, amount, error) => {
    const world = await w.makeWorld({ version });
    expect(world.send([await pay(world, amount)], world.user).error).toBe(error);
    expect(world.balance(world.user.publicKey)).toBeNull();
  });

  test("a request is charged once, however often it is sent", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    const { user, spender } = world;
    const first = expectLanded(world.send([await consume(world, bytes32(7), 2)], spender));
    expect(first.returned).toEqual([1]);
    expect(first.events.map(({ name }) => name)).toEqual(["creditUsed"]);
    for (const _ of [1, 2]) {
      const again = expectLanded(world.send([await consume(world, bytes32(7), 2)], spender));
      expect([again.returned, again.events]).toEqual([[0], []]);
    }
    expect(world.balance(user.publicKey)).toEqual([3, 5, 2]);
    const receipt = world.receiptNow(user.publicKey, bytes32(7));
    expect([Number(receipt?.amount), receipt?.state]).toEqual([2, RECEIPT_STATE.CHARGED]);
    expect(receipt?.requestId).toEqual(bytes32(7));
    expect(Number(receipt?.slot)).toBe(Number(world.svm.getClock().slot));
  });

  test("the same request twice in one transaction is charged once", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    const charge = await consume(world, bytes32(7), 2);
    expectLanded(world.send([charge, charge, charge], world.spender));
    expect(world.balance(world.user.publicKey)).toEqual([3, 5, 2]);
  });

  test("the same request with another amount is refused, also after a refund", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    expectLanded(world.send([await consume(world, bytes32(7), 2)], world.spender));
    expect(world.send([await consume(world, bytes32(7), 1)], world.spender).error).toBe(
      ERRORS.RequestMismatch,
    );
    expectLanded(world.send([await refund(world, bytes32(7))], world.spender));
    expect(world.send([await consume(world, bytes32(7), 1)], world.spender).error).toBe(
      ERRORS.RequestMismatch,
    );
    const again = expectLanded(world.send([await consume(world, bytes32(7), 2)], world.spender));
    expect(again.returned).toEqual([0]); // refunded is not charged anew
    expect(world.balance(world.user.publicKey)).toEqual([5, 5, 0]);
  });

  test.each([
    ["nothing", 0, ERRORS.InvalidAmount],
    ["more than one request may take", MAX_CONSUME + 1, ERRORS.InvalidAmount],
    ["the largest amount there is", new BN("18446744073709551615"), ERRORS.InvalidAmount],
    ["more than there is", 6, ERRORS.InsufficientCredits],
  ])("%s can not be charged", async (_, amount, error) => {
    const world = await w.makeWorld({ version, credits: 5 });
    expect(world.send([await consume(world, bytes32(7), amount)], world.spender).error).toBe(error);
    expect(world.balance(world.user.publicKey)).toEqual([5, 5, 0]);
    expect(world.receiptNow(world.user.publicKey, bytes32(7))).toBeNull();
  });

  test("a charge is given back once", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    expectLanded(world.send([await consume(world, bytes32(7), 2)], world.spender));
    const first = expectLanded(world.send([await refund(world, bytes32(7))], world.spender));
    expect([first.returned, first.events.map(({ name }) => name)]).toEqual([[1], ["creditRefunded"]]);
    const again = expectLanded(world.send([await refund(world, bytes32(7))], world.spender));
    expect([again.returned, again.events]).toEqual([[0], []]);
    expect(world.balance(world.user.publicKey)).toEqual([5, 5, 0]);
  });

  test("a receipt can be closed a day after the charge, and its rent goes to the spender", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    const { spender, svm, user, receipt } = world;
    expectLanded(world.send([await consume(world, bytes32(7))], spender));
    const close = await w.close(world, bytes32(7));
    w.warp(world, RECEIPT_MIN_AGE_SLOTS - 1);
    expect(world.send([close], spender).error).toBe(ERRORS.ReceiptTooYoung);
    w.warp(world, 1);
    const before = svm.getBalance(spender.publicKey.toBase58() as never) ?? 0n;
    const rent = world.read(receipt(user.publicKey, bytes32(7)))?.lamports ?? 0n;
    expectLanded(world.send([close], spender));
    expect(svm.getBalance(spender.publicKey.toBase58() as never)).toBe(before + rent - 5000n); // a signature's fee
    expect(world.read(receipt(user.publicKey, bytes32(7)))).toBeNull();
    expect(world.balance(user.publicKey)).toEqual([4, 5, 1]);
    // from here on the id is free again: whoever closes must know for good what was paid
    expect(expectLanded(world.send([await consume(world, bytes32(7))], spender)).returned).toEqual([1]);
  });

  test("pausing stops top-ups alone", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    expectLanded(world.send([await w.update(world, { paused: true })], world.admin));
    expect(world.send([await pay(world, PRICE)], world.user).error).toBe(ERRORS.Paused);
    expectLanded(world.send([await consume(world, bytes32(7))], world.spender));
    expectLanded(world.send([await refund(world, bytes32(7))], world.spender));
    expectLanded(world.send([await w.update(world, { paused: false })], world.admin));
    expectLanded(world.send([await pay(world, PRICE)], world.user));
    expect(world.balance(world.user.publicKey)).toEqual([6, 6, 0]);
  });

  test("the admin changes price, treasury and spender, and what was there no longer works", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    const { admin, spender, stranger, user, usdc } = world;
    const treasury = w.key("another treasury");
    world.makeTokens(usdc(treasury), { owner: treasury });
    const change = { price: 3 * PRICE, treasury, spender: stranger.publicKey };
    expectLanded(world.send([await w.update(world, change)], admin));
    expect(world.send([await pay(world, 3 * PRICE)], user).error).toBe(ERRORS.InvalidOwner);
    expect(world.send([await pay(world, PRICE, { to: usdc(treasury) })], user).error).toBe(
      ERRORS.NotAMultipleOfPrice,
    );
    expectLanded(world.send([await pay(world, 3 * PRICE, { to: usdc(treasury) })], user));
    expect(world.balance(user.publicKey)).toEqual([6, 6, 0]);
    expect(world.send([await consume(world, bytes32(7))], spender).error).toBe(ERRORS.Unauthorized);
    expectLanded(world.send([await consume(world, bytes32(7), 1, { by: stranger.publicKey })], stranger));
    expectLanded(world.send([await w.update(world, { spender: PublicKey.default })], admin));
    expect(
      world.send([await consume(world, bytes32(8), 1, { by: stranger.publicKey })], stranger).error,
    ).toBe(ERRORS.Unauthorized);
  });

  test("an update that gives nothing changes nothing, and impossible values are refused", async () => {
    const world = await w.makeWorld({ version });
    const before = world.configNow();
    expectLanded(world.send([await w.update(world, {})], world.admin));
    expect(world.configNow()).toEqual(before);
    expect(world.send([await w.update(world, { price: 0 })], world.admin).error).toBe(ERRORS.InvalidAmount);
    expect(world.send([await w.update(world, { treasury: PublicKey.default })], world.admin).error).toBe(
      ERRORS.InvalidOwner,
    );
    expect(world.configNow()).toEqual(before);
  });

  test("the admin hands over in two steps", async () => {
    const world = await w.makeWorld({ version });
    const { admin, stranger, user } = world;
    expectLanded(world.send([await w.propose(world, user.publicKey)], admin));
    expect(world.send([await w.accept(world, stranger.publicKey)], stranger).error).toBe(ERRORS.Unauthorized);
    expect(world.send([await w.update(world, { paused: true }, { by: user.publicKey })], user).error).toBe(
      ERRORS.Unauthorized, // proposed is not accepted
    );
    expectLanded(world.send([await w.accept(world, user.publicKey)], user));
    expect(world.configNow()?.admin).toEqual(user.publicKey);
    expect(world.configNow()?.pendingAdmin).toEqual(PublicKey.default);
    expect(world.send([await w.update(world, { paused: true })], admin).error).toBe(ERRORS.Unauthorized);
    expectLanded(world.send([await w.update(world, { paused: true }, { by: user.publicKey })], user));
  });

  test("a proposal can be taken back", async () => {
    const world = await w.makeWorld({ version });
    expectLanded(world.send([await w.propose(world, world.user.publicKey)], world.admin));
    expectLanded(world.send([await w.propose(world, PublicKey.default)], world.admin));
    expect(world.send([await w.accept(world, world.user.publicKey)], world.user).error).toBe(
      ERRORS.Unauthorized,
    );
  });

  test.each([1, 1_000_000, 50_000_000])(
    "accounts are created at addresses to which somebody sent %i lamports before",
    async (lamports) => {
      const world = w.bareWorld({ version });
      const { user, spender, config, credit, receipt } = world;
      // less than an account must hold can only be put there by force
      for (const address of [config, credit(user.publicKey), receipt(user.publicKey, bytes32(7))]) {
        world.set(address, SystemProgram.programId, new Uint8Array(), BigInt(lamports));
      }
      expectLanded(world.send([await w.initialize(world)], world.admin));
      expectLanded(world.send([await pay(world, 5 * PRICE)], user));
      expect(expectLanded(world.send([await consume(world, bytes32(7), 2)], spender)).returned).toEqual([1]);
      expect(world.balance(user.publicKey)).toEqual([3, 5, 2]);
    },
  );

  test("credits of one user are nothing to another", async () => {
    const world = await w.makeWorld({ version, credits: 5 });
    const { stranger, spender, usdc, user } = world;
    world.makeTokens(usdc(stranger.publicKey), { owner: stranger.publicKey, amount: BigInt(PRICE) });
    expectLanded(world.send([await pay(world, PRICE, { who: stranger.publicKey })], stranger));
    expectLanded(world.send([await consume(world, bytes32(7), 1, { from: stranger.publicKey })], spender));
    expectLanded(world.send([await consume(world, bytes32(7), 3)], spender)); // the id is the user's own
    expect(world.balance(user.publicKey)).toEqual([2, 5, 3]);
    expect(world.balance(stranger.publicKey)).toEqual([0, 1, 1]);
  });
});

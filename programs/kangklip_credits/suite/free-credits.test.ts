import { TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID } from "@solana/spl-token";
import { PublicKey, SystemProgram } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { ERRORS, FRAMEWORK_ERRORS } from "../index.ts";
import { attackersConfig, forceCredit, secondBump, swapped } from "./testing-attacks.ts";
import * as w from "./testing-world.ts";

const { bytes32, consume, expectLanded, key, makeWorld, pay, PRICE, refund } = w;
const ID = bytes32(7);

describe("credits for nothing", () => {
  test("a config of one's own can not be created, whatever is signed", async () => {
    const world = await makeWorld();
    const { stranger, programId } = world;
    const elsewhere = secondBump(world, Buffer.from("config"));
    const original = PublicKey.findProgramAddressSync(
      [Buffer.from("config"), stranger.publicKey.toBuffer()], // where the original program let anybody make one
      programId,
    )[0];
    w.setUpgradeAuthority(world, stranger.publicKey); // even to whom the program belongs
    for (const address of [original, elsewhere, key("anywhere")]) {
      const own = swapped(await w.initialize(world, { who: stranger.publicKey }), 1, address);
      expect(world.send([own], stranger).error).toBe(FRAMEWORK_ERRORS.ConstraintSeeds);
    }
    expect(world.send([await w.initialize(world, { who: stranger.publicKey })], stranger).error).toBe(0);
  });

  test.each([
    ["of another program", key("attacker's program"), FRAMEWORK_ERRORS.AccountOwnedByWrongProgram],
    ["of this program, if there could be one", null, FRAMEWORK_ERRORS.ConstraintSeeds],
  ])("a forged config %s buys no credits with worthless tokens", async (_, owner, error) => {
    const world = await makeWorld();
    const { set, stranger, usdc, programId } = world;
    const [forged, worthless] = [key("forged"), key("worthless")];
    set(forged, owner ?? programId, attackersConfig(world));
    world.makeMint(worthless);
    world.makeTokens(usdc(stranger.publicKey), {
      owner: stranger.publicKey,
      amount: 10n ** 12n,
      mint: worthless,
    });
    world.makeTokens(key("theirs"), { owner: stranger.publicKey, mint: worthless });
    const cheat = await pay(world, 50 * PRICE, { who: stranger.publicKey, to: key("theirs") });
    expect(world.send([swapped(swapped(cheat, 5, worthless), 1, forged)], stranger).error).toBe(error);
    expect(world.balance(stranger.publicKey)).toBeNull();
  });

  test("worthless tokens are refused at each of the three places where they can stand", async () => {
    const world = await makeWorld();
    const { user, usdc, treasury } = world;
    const [worthless, mine, theirs] = [key("worthless"), key("mine"), key("theirs")];
    world.makeMint(worthless);
    world.makeTokens(mine, { owner: user.publicKey, amount: 10n ** 12n, mint: worthless });
    world.makeTokens(theirs, { owner: treasury, mint: worthless });
    const places = [
      swapped(await pay(world, PRICE, { from: mine, to: theirs }), 5, worthless),
      await pay(world, PRICE, { from: mine, to: theirs }),
      await pay(world, PRICE, { from: mine }),
      await pay(world, PRICE, { to: theirs }),
      swapped(await pay(world, PRICE), 5, worthless),
    ];
    for (const place of places) expect(world.send([place], user).error).toBe(ERRORS.InvalidMint);
    expect(world.tokens(usdc(treasury))).toBe(0n);
  });

  test("USDC that goes to anybody but the treasury buys nothing", async () => {
    const world = await makeWorld();
    const { user, usdc, stranger } = world;
    world.makeTokens(usdc(stranger.publicKey), { owner: stranger.publicKey });
    world.makeTokens(key("second"), { owner: user.publicKey });
    for (const to of [usdc(stranger.publicKey), usdc(user.publicKey), key("second")]) {
      expect(world.send([await pay(world, PRICE, { to })], user).error).toBe(ERRORS.InvalidOwner);
    }
  });

  test("the treasury's owner can not pay himself", async () => {
    const world = await makeWorld();
    const { admin, usdc, user } = world;
    world.makeTokens(key("second"), { owner: user.publicKey });
    expectLanded(world.send([await w.update(world, { treasury: user.publicKey })], admin));
    for (const to of [usdc(user.publicKey), key("second")]) {
      expect(world.send([await pay(world, PRICE, { to })], user).error).toBe(ERRORS.InvalidOwner);
    }
  });

  test("somebody else's USDC buys nothing, also for whom it is delegated to", async () => {
    const world = await makeWorld();
    const { stranger, user, usdc } = world;
    const data = Buffer.from(world.read(usdc(user.publicKey))?.data ?? []);
    data.writeUInt32LE(1, 72);
    stranger.publicKey.toBuffer().copy(data, 76); // delegate
    data.writeBigUInt64LE(10n ** 9n, 121); // delegated amount
    world.set(usdc(user.publicKey), TOKEN_PROGRAM_ID, data);
    const theft = await pay(world, PRICE, { who: stranger.publicKey, from: usdc(user.publicKey) });
    expect(world.send([theft], stranger).error).toBe(ERRORS.InvalidOwner);
  });

  test("a token program that only says yes is refused", async () => {
    const world = await makeWorld();
    for (const program of [TOKEN_2022_PROGRAM_ID, SystemProgram.programId, world.programId, key("yes")]) {
      expect(world.send([swapped(await pay(world, PRICE), 6, program)], world.user).error).toBe(
        FRAMEWORK_ERRORS.InvalidProgramId,
      );
    }
  });

  test("nothing but the system program creates accounts", async () => {
    const world = await makeWorld({ credits: 5 });
    const started = w.bareWorld();
    for (const [{ send }, making, signer] of [
      [started, w.initialize(started), started.admin],
      [world, pay(world, PRICE), world.user],
      [world, consume(world, ID), world.spender],
    ] as const) {
      const instruction = await making;
      const last = instruction.keys.length - 1;
      expect(send([swapped(instruction, last, TOKEN_PROGRAM_ID)], signer).error).toBe(
        FRAMEWORK_ERRORS.InvalidProgramId,
      );
    }
  });

  test("an account whose first bytes name another kind is refused, wherever it lies", async () => {
    const world = await makeWorld({ credits: 5 });
    const { config, credit, receipt, user, spender, set, read, programId } = world;
    expectLanded(world.send([await consume(world, ID)], spender));
    for (const address of [config, credit(user.publicKey), receipt(user.publicKey, ID)]) {
      const data = Buffer.from(read(address)?.data ?? []);
      data[0] = (data[0] ?? 0) ^ 1;
      set(address, programId, data);
      expect(world.send([await refund(world, ID)], spender).error).toBe(
        FRAMEWORK_ERRORS.AccountDiscriminatorMismatch,
      );
      data[0] ^= 1;
      set(address, programId, data);
    }
    expectLanded(world.send([await refund(world, ID)], spender));
  });

  test("Token-2022 is refused: as a mint, as a payer's and as the treasury's account", async () => {
    const world = w.bareWorld();
    const mint = key("mint of 2022");
    world.makeMint(mint, { owner: TOKEN_2022_PROGRAM_ID });
    expect(world.send([await w.initialize(world, { usdcMint: mint })], world.admin).error).toBe(
      ERRORS.InvalidMint,
    );

    const started = await makeWorld();
    const account = { owner: started.user.publicKey, program: TOKEN_2022_PROGRAM_ID, amount: 10n ** 9n };
    started.makeTokens(key("payer"), account);
    started.makeTokens(key("receiver"), { ...account, owner: started.treasury });
    for (const accounts of [{ from: key("payer") }, { to: key("receiver") }]) {
      expect(started.send([await pay(started, PRICE, accounts)], started.user).error).toBe(
        ERRORS.InvalidMint,
      );
    }
  });

  test("token accounts that are not in use, frozen or of another length move nothing", async () => {
    const world = await makeWorld();
    const { user, set } = world;
    const owner = user.publicKey;
    world.makeTokens(key("uninitialised"), { owner, amount: 10n ** 9n, state: 0 });
    world.makeTokens(key("frozen"), { owner, amount: 10n ** 9n, state: 2 });
    const data = world.read(world.usdc(owner))?.data ?? new Uint8Array();
    set(key("short"), TOKEN_PROGRAM_ID, data.slice(0, 164));
    set(key("long"), TOKEN_PROGRAM_ID, Buffer.concat([data, Buffer.from([1])]));
    set(key("empty"), TOKEN_PROGRAM_ID, new Uint8Array());
    for (const from of ["uninitialised", "frozen", "short", "long", "empty", "nothing"]) {
      const { error } = world.send([await pay(world, PRICE, { from: key(from) })], user);
      expect(error, from).not.toBeNull();
    }
    expect(world.balance(owner)).toBeNull();
  });

  test("a balance at the limit does not overflow", async () => {
    const world = await makeWorld();
    const most = 2n ** 64n - 1n;
    for (const numbers of [
      [most, most, 0n],
      [0n, most, most],
    ] as [bigint, bigint, bigint][]) {
      forceCredit(world, numbers);
      expect(world.send([await pay(world, PRICE)], world.user).error).toBe(ERRORS.Overflow);
      expect(world.tokens(world.usdc(world.treasury))).toBe(0n); // the transfer is undone with it
    }
  });
});

import { PublicKey } from "@solana/web3.js";
import BN from "bn.js";
import { describe, expect, test } from "vitest";
import { ERRORS, FRAMEWORK_ERRORS } from "../index.ts";
import { swapped } from "./testing-attacks.ts";
import * as w from "./testing-world.ts";

const { expectLanded, key, makeWorld, pay, PRICE } = w;
type World = w.World;

describe("who may set the program up", () => {
  const initializeBy = async (world: World, programData: PublicKey) =>
    world.send(
      [swapped(await w.initialize(world, { who: world.stranger.publicKey }), 3, programData)],
      world.stranger,
    );

  test("a program without an upgrade authority has nobody who may", async () => {
    const world = w.bareWorld();
    w.setUpgradeAuthority(world, null);
    expect(world.send([await w.initialize(world)], world.admin).error).toBe(ERRORS.Unauthorized);
  });

  test("a forged ProgramData, or that of another program, makes nobody its authority", async () => {
    const world = w.bareWorld();
    const data = Buffer.from(world.read(world.programData)?.data ?? []);
    world.stranger.publicKey.toBuffer().copy(data, 13);
    const other = PublicKey.findProgramAddressSync([key("another program").toBuffer()], w.LOADER)[0];
    for (const [address, owner] of [
      [key("forged"), w.LOADER],
      [key("forged"), key("mine")],
      [other, w.LOADER],
      [world.programData, key("mine")], // which only the loader could have made
    ] as const) {
      world.set(address, owner, data);
      expect((await initializeBy(world, address)).error).toBe(ERRORS.Unauthorized);
    }
  });

  test.each([
    ["a buffer in its place", 0, 1],
    ["no option tag", 12, 0],
    ["a strange option tag", 12, 2],
    ["a tag whose upper bytes differ", 2, 1],
  ])("ProgramData with %s names no authority", async (_, at, value) => {
    const world = w.bareWorld();
    const data = Buffer.from(world.read(world.programData)?.data ?? []);
    data[at] = value;
    world.set(world.programData, w.LOADER, data);
    expect(world.send([await w.initialize(world)], world.admin).error).toBe(ERRORS.Unauthorized);
  });

  test("the upgrade authority must sign", async () => {
    const world = w.bareWorld();
    const instruction = await w.initialize(world);
    for (const account of instruction.keys) account.isSigner = false;
    expect(world.send([instruction], world.stranger).error).toBe(FRAMEWORK_ERRORS.AccountNotSigner);
  });

  test("what is no mint of the token program is refused", async () => {
    const world = w.bareWorld();
    world.makeMint(key("raw"), { isInitialized: false });
    world.makeMint(key("foreign"), { owner: key("another program") });
    world.makeTokens(key("an account"), { owner: world.user.publicKey });
    for (const name of ["raw", "foreign", "an account", "nothing"]) {
      const { error } = world.send([await w.initialize(world, { usdcMint: key(name) })], world.admin);
      expect(error, name).toBe(ERRORS.InvalidMint);
    }
  });

  test("a price of zero and a treasury of nobody are refused", async () => {
    const world = w.bareWorld();
    expect(world.send([await w.initialize(world, { price: 0 })], world.admin).error).toBe(
      ERRORS.InvalidAmount,
    );
    expect(world.send([await w.initialize(world, { to: PublicKey.default })], world.admin).error).toBe(
      ERRORS.InvalidOwner,
    );
  });

  test("the largest price there is can be set, and then nothing smaller buys", async () => {
    const world = await makeWorld();
    const price = new BN("18446744073709551615");
    const change = await world.program.methods
      .updateConfig(null, null, price, null)
      .accounts({ admin: world.admin.publicKey })
      .instruction();
    expectLanded(world.send([change], world.admin));
    expect(world.send([await pay(world, PRICE)], world.user).error).toBe(ERRORS.NotAMultipleOfPrice);
  });
});

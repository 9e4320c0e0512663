import { describe, expect, test } from "vitest";
import { ERRORS, FRAMEWORK_ERRORS } from "../index.ts";
import { attackersConfig, swapped } from "./testing-attacks.ts";
import * as w from "./testing-world.ts";

const { bytes32, consume, expectLanded, key, makeWorld, pay, PRICE, refund } = w;
const ID = bytes32(7);

describe("other people's credits", () => {
  test.each([
    ["of another program", key("attacker's program"), FRAMEWORK_ERRORS.AccountOwnedByWrongProgram],
    ["of this program, if there could be one", null, FRAMEWORK_ERRORS.ConstraintSeeds],
  ])("a forged config %s makes nobody a spender", async (_, owner, error) => {
    const world = await makeWorld({ credits: 5 });
    const { set, stranger, programId, user } = world;
    set(key("forged"), owner ?? programId, attackersConfig(world));
    const by = stranger.publicKey;
    expectLanded(world.send([await consume(world, ID, 2)], world.spender));
    for (const attack of [
      await consume(world, bytes32(8), 1, { by }),
      await refund(world, ID, { by }),
      await w.close(world, ID, { by }),
      await w.update(world, { paused: true }, { by }),
      await w.propose(world, by, { by }),
    ]) {
      const at = attack.keys.findIndex(({ pubkey }) => pubkey.equals(world.config));
      expect(world.send([swapped(attack, at, key("forged"))], stranger).error).toBe(error);
    }
    expect(world.balance(user.publicKey)).toEqual([3, 5, 2]);
  });

  test("a stranger, the user himself and the admin can not spend", async () => {
    const world = await makeWorld({ credits: 5 });
    expectLanded(world.send([await consume(world, ID)], world.spender));
    w.warp(world, 300_000);
    for (const who of [world.stranger, world.user, world.admin]) {
      const by = who.publicKey;
      const attempts = [
        consume(world, bytes32(8), 1, { by }),
        refund(world, ID, { by }),
        w.close(world, ID, { by }),
      ];
      for (const attempt of attempts)
        expect(world.send([await attempt], who).error).toBe(ERRORS.Unauthorized);
    }
  });

  test("the spender can neither buy, nor change the config, nor hand over", async () => {
    const world = await makeWorld();
    const by = world.spender.publicKey;
    for (const attempt of [
      await w.update(world, { price: 1 }, { by }),
      await w.propose(world, by, { by }),
      await w.accept(world, by),
    ]) {
      expect(world.send([attempt], world.spender).error).toBe(ERRORS.Unauthorized);
    }
  });

  test("a charge names one user and takes from him alone", async () => {
    const world = await makeWorld({ credits: 5 });
    const { stranger, credit, user, spender, receipt } = world;
    // the credits of one with the name of another
    const charge = await consume(world, ID, 1, { from: stranger.publicKey });
    expect(world.send([swapped(charge, 3, credit(user.publicKey))], spender).error).toBe(ERRORS.InvalidOwner);
    // the receipt of one for a charge of another
    const other = await consume(world, ID);
    expect(world.send([swapped(other, 4, receipt(stranger.publicKey, ID))], spender).error).toBe(
      FRAMEWORK_ERRORS.ConstraintSeeds,
    );
  });

  test("credits are not added to somebody else's account", async () => {
    const world = await makeWorld({ credits: 5 });
    const { stranger, credit, user, usdc } = world;
    world.makeTokens(usdc(stranger.publicKey), { owner: stranger.publicKey, amount: 10n ** 9n });
    const gift = await pay(world, PRICE, { who: stranger.publicKey });
    expect(world.send([swapped(gift, 2, credit(user.publicKey))], stranger).error).toBe(ERRORS.InvalidOwner);
  });
});

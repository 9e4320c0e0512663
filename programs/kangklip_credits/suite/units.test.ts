import { readFileSync } from "node:fs";
import type { PublicKey } from "@solana/web3.js";
import { afterAll, describe, expect, test } from "vitest";
import * as w from "./testing-world.ts";

const DOCS = new URL("../../../docs/credits-program.md", import.meta.url);
/** What one step of the search for an address costs on chain. */
const STEP_UNITS = 1500;
const measured = new Map<string, number>();

afterAll(() => {
  if (process.env.KK_PROGRAM_FOLDER === undefined) return; // of interest where the program was built anew
  console.log([...measured].map(([name, units]) => `| ${name} | ${units} |`).join("\n"));
});

/** Compute units of a transaction of this instruction alone, less what the search for the address from bump 255 down cost. */
function units(name: string, outcome: w.Outcome, bump = 255): number {
  const found = w.expectLanded(outcome).units - (255 - bump) * STEP_UNITS;
  measured.set(name, found);
  return found;
}

describe("compute units", () => {
  test("each instruction stays below 20,000, and docs/credits-program.md tells what it costs", async () => {
    const world = w.bareWorld();
    const { admin, user, spender, pda } = world;
    const bump = (...seeds: (string | Uint8Array)[]) => pda(...seeds)[1];
    const [id, other] = [w.bytes32(7), w.bytes32(8)];
    const receiptBump = (request: number[]) =>
      bump("receipt", user.publicKey.toBuffer(), Uint8Array.from(request));
    const creditBump = bump("credit", user.publicKey.toBuffer());
    const dataBump = bumpOf(world.programData, [world.programId.toBuffer()], w.LOADER);

    units(
      "initialize_config",
      world.send([await w.initialize(world)], admin),
      bump("config") + dataBump - 255,
    );
    units(
      "update_config",
      world.send(
        [
          await w.update(world, {
            spender: spender.publicKey,
            treasury: world.treasury,
            price: w.PRICE,
            paused: false,
          }),
        ],
        admin,
      ),
    );
    units("propose_admin", world.send([await w.propose(world, user.publicKey)], admin));
    units("accept_admin", world.send([await w.accept(world, user.publicKey)], user));
    units("pay_usdc, first", world.send([await w.pay(world, 10 * w.PRICE)], user), creditBump);
    units("pay_usdc, later", world.send([await w.pay(world, 10 * w.PRICE)], user));
    units("consume_credit", world.send([await w.consume(world, id)], spender), receiptBump(id));
    units("consume_credit, replay", world.send([await w.consume(world, id)], spender));
    const address = world.receipt(user.publicKey, other);
    world.set(address, w.SYSTEM, new Uint8Array(), 1n);
    units(
      "consume_credit, pre-funded address",
      world.send([await w.consume(world, other)], spender),
      receiptBump(other),
    );
    units("refund_credit", world.send([await w.refund(world, id)], spender));
    units("refund_credit, replay", world.send([await w.refund(world, id)], spender));
    w.warp(world, 300_000);
    units("close_receipt", world.send([await w.close(world, id)], spender));

    for (const [name, found] of measured) expect(found, name).toBeLessThan(20_000);
    const table = readFileSync(DOCS, "utf8");
    const told = [...table.matchAll(/^\| ([a-z_]+(?:, [a-z -]+)?) \| ([\d,]+) \|$/gm)].map(
      ([, name, number]) => [name, Number(number?.replaceAll(",", ""))],
    );
    // a newer machine may count a little differently: what is told must not be wrong by much
    for (const [name, found] of measured) {
      const number = Number(told.find(([each]) => each === name)?.[1]);
      expect(Math.abs(number - found), `${name}: ${found}, and the docs say ${number}`).toBeLessThan(
        0.15 * found,
      );
    }
  });

  test("an unlucky address costs its search more and nothing else", async () => {
    const world = await w.makeWorld({ credits: 5 });
    const { user, spender } = world;
    const requests = Array.from({ length: 500 }, (_, at) => {
      const id = Array.from({ length: 32 }, (_, byte) => (at >> (8 * (byte % 2))) & 255);
      return { id, bump: world.pda("receipt", user.publicKey.toBuffer(), Uint8Array.from(id))[1] };
    });
    const { id, bump } = requests.reduce((worst, each) => (each.bump < worst.bump ? each : worst));
    expect(bump).toBeLessThan(249);
    const searched = (255 - bump) * STEP_UNITS;
    const { units: used } = w.expectLanded(world.send([await w.consume(world, id)], spender));
    expect(Math.abs(used - searched - (measured.get("consume_credit") ?? 0))).toBeLessThan(200);
  });
});

function bumpOf(address: PublicKey, seeds: Buffer[], program: PublicKey): number {
  const [found, bump] = w.findAddress(seeds, program);
  if (!found.equals(address)) throw new Error("It lies elsewhere");
  return bump;
}

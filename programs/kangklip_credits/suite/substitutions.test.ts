import { TOKEN_PROGRAM_ID } from "@solana/spl-token";
import type { PublicKey, TransactionInstruction } from "@solana/web3.js";
import { beforeAll, describe, expect, test } from "vitest";
import { FRAMEWORK_ERRORS } from "../index.ts";
import * as w from "./testing-world.ts";

type World = w.World;
const [CHARGED, OLD, NEW] = [7, 8, 9].map(w.bytes32) as [number[], number[], number[]];

/** Every instruction as it succeeds in the world below, with who signs it. */
const INSTRUCTIONS = {
  initialize_config: (world: World) => [w.initialize(world), world.admin] as const,
  update_config: (world: World) => [w.update(world, { price: 5 }), world.admin] as const,
  propose_admin: (world: World) => [w.propose(world, w.key("heir")), world.admin] as const,
  accept_admin: (world: World) => [w.accept(world, world.user.publicKey), world.user] as const,
  pay_usdc: (world: World) => [w.pay(world, w.PRICE), world.user] as const,
  consume_credit: (world: World) => [w.consume(world, NEW), world.spender] as const,
  refund_credit: (world: World) => [w.refund(world, CHARGED), world.spender] as const,
  close_receipt: (world: World) => [w.close(world, OLD), world.spender] as const,
};
type Name = keyof typeof INSTRUCTIONS;
const NAMES = Object.keys(INSTRUCTIONS) as Name[];

let started: World;
let bare: World;
beforeAll(async () => {
  bare = w.bareWorld();
  started = await w.makeWorld({ credits: 9 });
  w.expectLanded(started.send([await w.propose(started, started.user.publicKey)], started.admin));
  for (const id of [CHARGED, OLD])
    w.expectLanded(started.send([await w.consume(started, id)], started.spender));
  w.warp(started, 300_000);
});
const worldOf = (name: Name) => (name === "initialize_config" ? bare : started);

/** Sends a changed instruction and expects that the program refuses it and nothing moves. */
async function expectRefused(
  name: Name,
  change: (instruction: TransactionInstruction, world: World) => void,
) {
  const world = worldOf(name);
  const [making, signer] = INSTRUCTIONS[name](world);
  const instruction = await making;
  change(instruction, world);
  const signers = instruction.keys.some(
    ({ pubkey, isSigner }) => isSigner && pubkey.equals(signer.publicKey),
  );
  const stranger = instruction.keys.some(
    ({ pubkey, isSigner }) => isSigner && pubkey.equals(world.stranger.publicKey),
  );
  const outcome = world.send(
    [instruction],
    ...(signers ? [signer] : []),
    ...(stranger || !signers ? [world.stranger] : []),
  );
  expect(outcome.logs[0]).toContain(`Program ${world.programId} invoke`); // it came as far as the program
  expect(outcome.error, outcome.logs.join("\n")).not.toBeNull();
  return outcome.error;
}

test.each(NAMES)("%s lands when nothing is changed", async (name) => {
  const world = name === "initialize_config" ? w.bareWorld() : await copyOfStarted();
  const [making, signer] = INSTRUCTIONS[name](world);
  w.expectLanded(world.send([await making], signer));
});

async function copyOfStarted(): Promise<World> {
  const world = await w.makeWorld({ credits: 9 });
  w.expectLanded(world.send([await w.propose(world, world.user.publicKey)], world.admin));
  for (const id of [CHARGED, OLD]) w.expectLanded(world.send([await w.consume(world, id)], world.spender));
  w.warp(world, 300_000);
  return world;
}

const accountsOf = (name: Name) => w.instructionOf(name).accounts.map(({ name: account }) => account);
const EACH = NAMES.flatMap((name) => accountsOf(name).map((account, at) => ({ name, account, at })));

/** What an attacker may put in an account's place: its address, after it was prepared. */
const STAND_INS: Record<string, (world: World, original: PublicKey) => PublicKey> = {
  "a stranger's wallet": ({ stranger }) => stranger.publicKey,
  "an address where nothing is": () => w.key("nothing"),
  "the program itself": ({ programId }) => programId,
  "a copy that another program owns": (world, original) =>
    copied(world, original, w.key("attacker's program")),
  "a copy that this program owns": (world, original) => copied(world, original, world.programId),
  "a copy that the token program owns": (world, original) => copied(world, original, TOKEN_PROGRAM_ID),
};

function copied({ set, read }: World, original: PublicKey, owner: PublicKey): PublicKey {
  const address = w.key("copy");
  set(address, owner, read(original)?.data ?? new Uint8Array());
  return address;
}

describe.each(Object.keys(STAND_INS))("with %s", (kind) => {
  // as good as the original: another mint (the admin's choice, once), another account of the user or of the treasury
  const isAsGood = (account: string) =>
    kind === "a copy that the token program owns" &&
    ["usdc_mint", "user_usdc", "treasury_usdc"].includes(account);
  const cases = EACH.filter(
    ({ name, account }) => !isAsGood(account) || (name === "pay_usdc" && account === "usdc_mint"),
  );

  test.each(cases)("for $account, $name is refused", async ({ name, at }) => {
    await expectRefused(name, ({ keys }, world) => {
      const account = keys[at];
      if (!account) throw new Error("There is no such account");
      const standIn = STAND_INS[kind]?.(world, account.pubkey) ?? account.pubkey;
      account.pubkey = standIn;
      account.isSigner &&= standIn.equals(world.stranger.publicKey);
    });
  });
});

describe.each(NAMES)("%s", (name) => {
  const accounts = accountsOf(name);

  test("is refused with one account in two places", async () => {
    for (const [at] of accounts.entries()) {
      for (const [from] of accounts.entries()) {
        if (at === from) continue;
        await expectRefused(name, ({ keys }) => {
          const [to, other] = [keys[at], keys[from]];
          if (!to || !other) throw new Error("There is no such account");
          keys[at] = { ...to, pubkey: other.pubkey, isSigner: to.isSigner && other.isSigner };
        });
      }
    }
  });

  test("is refused with its accounts in another order", async () => {
    for (let by = 1; by < accounts.length; by++) {
      await expectRefused(name, ({ keys }) => {
        keys.push(...keys.splice(0, by));
      });
    }
  });

  test("is refused with too few accounts", async () => {
    for (let count = 0; count < accounts.length; count++) {
      const error = await expectRefused(name, ({ keys }) => {
        keys.length = count;
      });
      expect(error).toBe(FRAMEWORK_ERRORS.AccountNotEnoughKeys);
    }
  });

  test("is refused where an account that signs has not, or one that changes is read only", async () => {
    for (const [at, { signer, writable }] of w.instructionOf(name).accounts.entries()) {
      const unset = (field: "isSigner" | "isWritable") =>
        expectRefused(name, ({ keys }) => {
          const account = keys[at];
          if (account) account[field] = false;
        });
      if (signer) expect(await unset("isSigner")).toBe(FRAMEWORK_ERRORS.AccountNotSigner);
      // Who pays the fee of a transaction is writable in it, whatever an instruction says.
      if (writable && !signer) expect(await unset("isWritable")).toBe(FRAMEWORK_ERRORS.ConstraintMut);
    }
  });

  test("is refused with less data than its arguments are long", async () => {
    const [making] = INSTRUCTIONS[name](worldOf(name));
    const { length } = (await making).data;
    for (let bytes = 0; bytes < length; bytes++) {
      const error = await expectRefused(name, (instruction) => {
        instruction.data = instruction.data.subarray(0, bytes);
      });
      const { InstructionFallbackNotFound, InstructionDidNotDeserialize } = FRAMEWORK_ERRORS;
      expect(error).toBe(bytes < 8 ? InstructionFallbackNotFound : InstructionDidNotDeserialize);
    }
  });
});

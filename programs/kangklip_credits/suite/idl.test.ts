import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import anchor from "@coral-xyz/anchor";
import { Keypair, PublicKey } from "@solana/web3.js";
import { expect, test } from "vitest";
import {
  DISCRIMINATORS,
  ERRORS,
  FRAMEWORK_ERRORS,
  IDL,
  idlFor,
  LOCALNET_PROGRAM_ID,
  LOCALNET_SEED_TEXT,
  MAX_CONSUME,
  RECEIPT_MIN_AGE_SLOTS,
  SEEDS,
  SIZES,
  SO_FILE,
} from "../index.ts";
import * as w from "./testing-world.ts";

const sourceOf = (file: string) => readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8");
const discriminator = (kind: string, name: string) => [
  ...createHash("sha256").update(`${kind}:${name}`).digest().subarray(0, 8),
];

test("every discriminator is what Anchor derives from the name", () => {
  for (const { name, discriminator: bytes } of IDL.instructions)
    expect(bytes).toEqual(discriminator("global", name));
  for (const { name, discriminator: bytes } of IDL.accounts)
    expect(bytes).toEqual(discriminator("account", name));
  for (const { name, discriminator: bytes } of IDL.events)
    expect(bytes).toEqual(discriminator("event", name));
  expect(DISCRIMINATORS.Config).toEqual(discriminator("account", "Config"));
  expect(DISCRIMINATORS.UserCredit).toEqual(discriminator("account", "UserCredit"));
  expect(DISCRIMINATORS.ConsumeReceipt).toEqual(discriminator("account", "ConsumeReceipt"));
});

test("accounts are as long as their fields and the discriminator together", async () => {
  const coder = new anchor.BorshCoder(idlFor(LOCALNET_PROGRAM_ID) as anchor.Idl);
  for (const [name, size] of Object.entries(SIZES)) expect(coder.accounts.size(name)).toBe(size);

  const world = await w.makeWorld({ credits: 2 });
  w.expectLanded(world.send([await w.consume(world, w.bytes32(7))], world.spender));
  const { config, credit, receipt, user } = world;
  const sizes = [config, credit(user.publicKey), receipt(user.publicKey, w.bytes32(7))].map(
    (address) => world.read(address)?.data.length,
  );
  expect(sizes).toEqual([SIZES.Config, SIZES.UserCredit, SIZES.ConsumeReceipt]);
});

test("the table of errors is the program's own", () => {
  const source = sourceOf("error.rs");
  const inSource = [...source.matchAll(/^ {8}(\w+) = (\d+), "([^"]+)";/gm)].map(([, name, code, msg]) => ({
    code: Number(code),
    name,
    msg,
  }));
  expect(inSource.filter(({ code }) => code >= 6000)).toEqual(IDL.errors);
  expect(Object.entries(ERRORS)).toEqual(IDL.errors.map(({ name, code }) => [name, code]));
  const framework = inSource.filter(({ code }) => code < 6000).map(({ name, code }) => [name, code]);
  expect(framework).toEqual(Object.entries(FRAMEWORK_ERRORS));
  const anchors = anchor.LangErrorCode as unknown as Record<string, number>;
  for (const [name, code] of Object.entries(FRAMEWORK_ERRORS)) expect(anchors[name]).toBe(code);
});

test("an error is logged as Anchor's client wants to read it", async () => {
  const world = await w.makeWorld();
  const { logs } = world.send([await w.pay(world, 1)], world.user);
  const error = anchor.AnchorError.parse(logs);
  expect([error?.error.errorCode.code, error?.error.errorCode.number, error?.error.errorMessage]).toEqual([
    "NotAMultipleOfPrice",
    ERRORS.NotAMultipleOfPrice,
    "Amount must be a whole number of credits",
  ]);
  expect(logs[1]).toBe("Program log: Instruction: PayUsdc");
});

test("the constants and seeds are the program's own", () => {
  const state = sourceOf("state.rs").replaceAll("_", "");
  expect(state).toContain(`MAXCONSUME: u64 = ${MAX_CONSUME};`);
  expect(state).toContain(`RECEIPTMINAGESLOTS: u64 = ${RECEIPT_MIN_AGE_SLOTS};`);
  expect(IDL.constants.map(({ value }) => Number(value))).toEqual([MAX_CONSUME, RECEIPT_MIN_AGE_SLOTS]);
  const [config, credit, receipt] = [SEEDS.CONFIG, SEEDS.CREDIT, SEEDS.RECEIPT].map((seed) => [
    ...Buffer.from(seed),
  ]);
  const consts = IDL.instructions.flatMap(({ accounts }) =>
    accounts.flatMap((account) => ("pda" in account ? [[account.name, account.pda.seeds[0].value]] : [])),
  );
  const expected = { config, user_credit: credit, receipt };
  for (const [name, value] of consts) expect(value).toEqual(expected[name as keyof typeof expected]);
  expect(consts.length).toBeGreaterThan(10);
});

test("idl/kangklip_credits.json is the same IDL", () => {
  const file = new URL("../idl/kangklip_credits.json", import.meta.url);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(IDL);
});

test("localnet's address comes from a seed that everybody can compute, and is the IDL's", () => {
  const seed = createHash("sha256").update(LOCALNET_SEED_TEXT).digest();
  expect(Keypair.fromSeed(seed).publicKey.toBase58()).toBe(LOCALNET_PROGRAM_ID);
});

test("the committed builds are the ones that SHA256SUMS names", () => {
  const sums = readFileSync(new URL("../artifact/SHA256SUMS", import.meta.url), "utf8");
  const listed = [...sums.matchAll(/^([0-9a-f]{64}) {2}(\S+)$/gm)];
  expect(listed.map(([, , name]) => name)).toEqual(["kangklip_credits.so", "kangklip_credits.v0.so"]);
  for (const [, sum, name] of listed) {
    const bytes = readFileSync(new URL(`../artifact/${name}`, import.meta.url));
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sum);
  }
  expect(readFileSync(SO_FILE).readUInt32LE(48)).toBe(3); // the version of sBPF that the loader reads
});

test("the program knows no id: the same build runs under another key with addresses of its own", async () => {
  const world = await w.makeWorld();
  const other = w.bareWorld({ programName: "another program" });
  w.expectLanded(other.send([await w.initialize(other)], other.admin));
  expect(other.config).not.toEqual(world.config);
  expect(other.configNow()?.admin).toEqual(other.admin.publicKey);
  expect(PublicKey.isOnCurve(other.config.toBytes())).toBe(false);
});

import { Keypair, PublicKey } from "@solana/web3.js";
import bs58 from "bs58";
import { describe, expect, test } from "vitest";
import { paymentsOf } from "./payments.ts";
import { createProgram } from "./program.ts";
import type { Landed } from "./reads.ts";

// logs and instructions as nodes give them, put together by hand: what a foreign program would print to look like ours

const program = createProgram(Keypair.generate().publicKey);
const OURS = program.id.toBase58();
const FOREIGN = Keypair.generate().publicKey.toBase58();
const TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const wallet = Keypair.generate().publicKey;
const other = Keypair.generate().publicKey;
const REFERENCE = "5f".repeat(32);

const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const paidLine = (user = wallet, credits = 5) => {
  const discriminator = Buffer.from([240, 193, 17, 238, 238, 210, 129, 235]);
  const numbers = [u64(credits * 100_000), u64(credits), u64(credits)];
  const event = Buffer.concat([discriminator, user.toBuffer(), Buffer.from(REFERENCE, "hex"), ...numbers]);
  return `Program data: ${event.toString("base64")}`;
};
const frame = (id: string, depth: number, ...lines: string[]) => [
  `Program ${id} invoke [${depth}]`,
  ...lines,
  `Program ${id} consumed 5000 of 200000 compute units`,
  `Program ${id} success`,
];

const payment = program.payUsdc({
  user: wallet,
  treasury: other,
  mint: other,
  amount: 500_000,
  reference: REFERENCE,
});
const KEYS = [...payment.keys.map(({ pubkey }) => pubkey.toBase58()), OURS, FOREIGN];
const compiled = (id = OURS, data: Uint8Array = payment.data) => ({
  programIdIndex: KEYS.indexOf(id),
  accounts: payment.keys.map((_, at) => at),
  data: bs58.encode(data),
});

function landed({
  logs = null,
  instructions = [],
  inner = [],
}: {
  logs?: string[] | null;
  instructions?: ReturnType<typeof compiled>[];
  inner?: ReturnType<typeof compiled>[];
}): Landed {
  return {
    slot: 1,
    transaction: { signatures: ["x"], message: { accountKeys: KEYS, instructions } },
    meta: { err: null, logMessages: logs, innerInstructions: [{ instructions: inner }] },
  };
}
const creditsIn = (of: Parameters<typeof landed>[0]) =>
  paymentsOf(landed(of), program, wallet.toBase58()).map(({ credits_added }) => credits_added);

describe("a payment is what our program itself printed", () => {
  test.each<[string, string[]]>([
    ["by itself", frame(OURS, 1, paidLine())],
    [
      "with the tokens' transfer inside",
      frame(OURS, 1, ...frame(TOKEN, 2, "Program log: Transfer"), paidLine()),
    ],
    ["called by the program of a smart wallet", frame(FOREIGN, 1, ...frame(OURS, 2, paidLine()))],
    [
      "after a program that tries to confuse",
      [...frame(FOREIGN, 1, "Program log: invoke"), ...frame(OURS, 1, paidLine())],
    ],
    [
      "after a native program",
      [...frame("ComputeBudget111111111111111111111111111111", 1), ...frame(OURS, 1, paidLine())],
    ],
    ["with the return value of another one", frame(OURS, 1, `Program return: ${TOKEN} AQ==`, paidLine())],
  ])("%s", (_, logs) => expect(creditsIn({ logs })).toEqual([5]));

  test("each time it did, for this wallet", () => {
    const logs = [
      ...frame(OURS, 1, paidLine(wallet, 2)),
      ...frame(OURS, 1, paidLine(other, 3)),
      ...frame(OURS, 1, paidLine(wallet, 4)),
    ];
    expect(creditsIn({ logs })).toEqual([2, 4]);
  });
});

describe("the same line of somebody else is none", () => {
  const enter = `Program ${OURS} invoke [1]`;
  test.each<[string, string[]]>([
    ["printed by a foreign program", frame(FOREIGN, 1, paidLine())],
    ["printed by one that our program calls", frame(OURS, 1, ...frame(FOREIGN, 2, paidLine()))],
    ["after our program has left", [...frame(OURS, 1), ...frame(FOREIGN, 1, paidLine())]],
    ["between a call of ours and its own end", frame(FOREIGN, 1, ...frame(OURS, 2), paidLine())],
    ["after a line that says that ours was entered", frame(FOREIGN, 1, `Program log: ${enter}`, paidLine())],
    ["the same with a line break in it", frame(FOREIGN, 1, `Program log: x\n${enter}`, paidLine())],
    [
      "after a line that says that it has left itself",
      [...frame(OURS, 1), ...frame(FOREIGN, 1, `Program log: Program ${FOREIGN} success`, paidLine())],
    ],
    ["as a text", frame(OURS, 1, paidLine().replace("data", "log"))],
    ["outside of every frame", [paidLine()]],
    ["with another word in front", frame(OURS, 1, `x${paidLine()}`)],
    ["of another event", frame(OURS, 1, paidLine().replace("data: 8", "data: 9"))],
    ["cut short", frame(OURS, 1, paidLine().slice(0, 60))],
    ["of another wallet", frame(OURS, 1, paidLine(other))],
  ])("%s", (_, logs) => {
    // the instructions would say yes: they are not asked where the log is whole
    expect(creditsIn({ logs, instructions: [compiled()] })).toEqual([]);
  });
});

describe("where the log is cut or missing, the instructions that ran say it", () => {
  const cut = [`Program ${OURS} invoke [1]`, "Log truncated", paidLine(wallet, 9999)];
  test.each<[string, Parameters<typeof landed>[0]]>([
    ["a log that was cut: what still follows is not believed", { logs: cut, instructions: [compiled()] }],
    ["no log", { logs: null, instructions: [compiled()] }],
    ["an instruction inside another one", { logs: null, inner: [compiled()] }],
  ])("%s", (_, of) => {
    expect(paymentsOf(landed(of), program, wallet.toBase58())).toEqual([
      { user: wallet.toBase58(), reference: REFERENCE, amount_base_units: 500_000, credits_added: null },
    ]);
  });

  test("accounts that came from a lookup table count", () => {
    const whole = landed({ instructions: [compiled()] });
    const half = KEYS.length - 1;
    whole.transaction.message.accountKeys = KEYS.slice(0, half - 1);
    if (whole.meta)
      whole.meta.loadedAddresses = { writable: [KEYS[half - 1] ?? ""], readonly: [KEYS[half] ?? ""] };
    expect(paymentsOf(whole, program, wallet.toBase58())).toHaveLength(1);
  });

  test.each<[string, Parameters<typeof landed>[0]]>([
    ["the same data for a foreign program", { instructions: [compiled(FOREIGN)] }],
    [
      "another instruction of ours",
      {
        instructions: [
          compiled(OURS, Uint8Array.from([166, 59, 58, 44, 200, 24, 200, 94, ...Buffer.alloc(40)])),
        ],
      },
    ],
    ["data that is cut", { instructions: [compiled(OURS, payment.data.subarray(0, 20))] }],
    ["no instruction at all", {}],
  ])("none: %s", (_, of) => expect(creditsIn(of)).toEqual([]));

  test("none: the wallet is not who pays", () => {
    const instructions = [compiled()];
    expect(paymentsOf(landed({ instructions }), program, other.toBase58())).toEqual([]);
  });

  test("nonsense of a node is nothing, and no error", () => {
    const instructions = [
      { programIdIndex: 99, accounts: [-1, 500], data: "0OIl" },
      { ...compiled(), accounts: [] },
    ];
    expect(creditsIn({ instructions })).toEqual([]);
  });
});

test("addresses are where the program has them", () => {
  const [config] = PublicKey.findProgramAddressSync([Buffer.from("config")], program.id);
  expect(program.addresses.config.toBase58()).toBe(config.toBase58());
});

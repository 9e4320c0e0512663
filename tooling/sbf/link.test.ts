import { type Address, getTransactionDecoder } from "@solana/kit";
import { Keypair, Transaction, TransactionInstruction } from "@solana/web3.js";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";
import { describe, expect, test } from "vitest";
import { link } from "./link.ts";
import { murmur3 } from "./murmur3.ts";
import { CODE, DATA, op, R, RODATA, type TestObject, testObject } from "./testing-object.ts";

const SYSCALLS = 1n << 32n;
const word = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

/** An object whose code is these instructions, with the entry at the first of them. */
const program = (code: Buffer[], rest: Partial<TestObject> = {}): Buffer =>
  testObject({
    ...rest,
    sections: [
      { name: ".text", bytes: Buffer.concat(code), flags: CODE, align: 8 },
      ...(rest.sections ?? []),
    ],
    symbols: [{ name: "entrypoint", section: ".text" }, ...(rest.symbols ?? [])],
  });

/** Runs it in the virtual machine. @returns what it left in r0, and its logs */
function run(object: Buffer, version: 0 | 3): { result: number | string; logs: string[] } {
  const svm = new LiteSVM();
  const [payer, id] = [
    Keypair.fromSeed(new Uint8Array(32).fill(1)),
    Keypair.fromSeed(new Uint8Array(32).fill(2)),
  ];
  svm.airdrop(payer.publicKey.toBase58() as Address, 10_000_000_000n as never);
  svm.addProgram(id.publicKey.toBase58() as Address, link(object, { version }).bytes);
  const transaction = new Transaction().add(
    new TransactionInstruction({ programId: id.publicKey, keys: [], data: Buffer.alloc(0) }),
  );
  transaction.recentBlockhash = svm.latestBlockhash();
  transaction.sign(payer);
  const outcome = svm.sendTransaction(getTransactionDecoder().decode(transaction.serialize()));
  const failed = outcome instanceof FailedTransactionMetadata;
  const logs = failed ? outcome.meta().logs() : outcome.logs();
  const words = logs.map((line) => / failed: (.*)/.exec(line)?.[1]).find(Boolean) ?? "";
  const code = /custom program error: (0x[0-9a-f]+)/.exec(words)?.[1];
  return { result: failed ? (code ? Number(code) : words) : 0, logs };
}

describe("murmur3", () => {
  test.each([
    ["", 0],
    ["hello", 0x248bfa47],
    ["hello, world", 0x149bbb7f],
    ["The quick brown fox jumps over the lazy dog", 0x2e4ff723],
    ["abort", 0xb6fc1a11],
    ["sol_log_", 0x207559bd],
    ["sol_memcpy_", 0x717cc4a3],
  ])("of %j is the published value", (text, hash) => {
    expect(murmur3(text)).toBe(hash);
  });
});

describe.each([0, 3] as const)("a program linked for sBPF v%i", (version) => {
  test("loads and ends with what its entry returns", () => {
    expect(run(program([op.mov(0, 0), op.exit()]), version).result).toBe(0);
    expect(run(program([op.mov(0, 42), op.exit()]), version).result).toBe(42);
  });

  test("starts at the entry, wherever that lies", () => {
    const code = Buffer.concat([op.mov(0, 1), op.exit(), op.mov(0, 7), op.exit()]);
    const object = testObject({
      sections: [{ name: ".text", bytes: code, flags: CODE }],
      symbols: [{ name: "entrypoint", section: ".text", value: 16 }],
    });
    expect(run(object, version).result).toBe(7);
  });

  test("calls a function by its symbol and by its section's, forwards and backwards", () => {
    // 0 entry: call near; exit | 16 far: r0 = 9; exit | 32 near: call far (by the section, immediate = instruction - 1); exit
    const near = { name: "near", section: ".text", value: 32 };
    const section = { name: ".text", section: ".text", isSection: true };
    const code = [op.call(), op.exit(), op.mov(0, 9), op.exit(), op.call(16 / 8 - 1), op.exit()];
    const object = program(code, {
      symbols: [near, section],
      relocations: [
        { section: ".text", offset: 0, type: R.call, symbol: "near" },
        { section: ".text", offset: 32, type: R.call, symbol: ".text" },
      ],
    });
    expect(run(object, version).result).toBe(9);
  });

  test("calls into another section of code", () => {
    const object = program([op.call(), op.exit()], {
      sections: [
        { name: ".text.other", bytes: Buffer.concat([op.mov(0, 5), op.exit()]), flags: CODE, align: 8 },
      ],
      symbols: [{ name: "other", section: ".text.other" }],
      relocations: [{ section: ".text", offset: 0, type: R.call, symbol: "other" }],
    });
    expect(run(object, version).result).toBe(5);
  });

  test("takes the address of a constant, with what stood in the instruction added", () => {
    const rodata = Buffer.concat([word(1n), word(2n), word(3n)]);
    for (const [implicit, addend, value] of [
      [0n, undefined, 2],
      [8n, undefined, 3],
      [8n, -16n, 1],
    ] as const) {
      const object = program([op.lddw(1, implicit), op.load64(0, 1), op.exit()], {
        sections: [{ name: ".rodata", bytes: rodata, align: 8 }],
        symbols: [{ name: "constant", section: ".rodata", value: 8 }],
        relocations: [
          {
            section: ".text",
            offset: 0,
            type: R.lddw,
            symbol: "constant",
            ...(addend !== undefined && { addend }),
          },
        ],
      });
      expect(run(object, version).result).toBe(value);
    }
  });

  test("follows an address that lies in the constants", () => {
    const object = program([op.lddw(1), op.load64(1, 1), op.load64(0, 1), op.exit()], {
      sections: [
        { name: ".rodata", bytes: Buffer.concat([word(8n), word(11n)]), align: 8 },
        { name: ".data.rel.ro", bytes: word(8n), flags: DATA, align: 8 },
      ],
      symbols: [
        { name: "pointer", section: ".data.rel.ro" },
        { name: "values", section: ".rodata" },
      ],
      relocations: [
        { section: ".text", offset: 0, type: R.lddw, symbol: "pointer" },
        { section: ".data.rel.ro", offset: 0, type: R.abs64, symbol: "values" },
      ],
    });
    expect(run(object, version).result).toBe(11);
  });

  test("makes syscalls, several of them and one twice", () => {
    const object = program(
      [
        op.lddw(1),
        op.mov(2, 5),
        op.call(),
        op.lddw(1),
        op.mov(2, 5),
        op.call(),
        op.call(),
        op.mov(0, 0),
        op.exit(),
      ],
      {
        sections: [{ name: ".rodata.str", bytes: Buffer.from("hello"), align: 1 }],
        symbols: [
          { name: "text", section: ".rodata.str" },
          { name: "sol_log_" },
          { name: "sol_log_compute_units_" },
        ],
        relocations: [
          { section: ".text", offset: 0, type: R.lddw, symbol: "text" },
          { section: ".text", offset: 24, type: R.call, symbol: "sol_log_" },
          { section: ".text", offset: 32, type: R.lddw, symbol: "text" },
          { section: ".text", offset: 56, type: R.call, symbol: "sol_log_" },
          { section: ".text", offset: 64, type: R.call, symbol: "sol_log_compute_units_" },
        ],
      },
    );
    const { result, logs } = run(object, version);
    expect(result).toBe(0);
    expect(logs.filter((line) => line === "Program log: hello")).toHaveLength(2);
    expect(link(object, { version }).syscalls).toEqual(["sol_log_", "sol_log_compute_units_"]);
  });

  test("aborts where LLVM set a trap", () => {
    const object = program([op.call(), op.exit()], {
      symbols: [{ name: "__bpf_trap" }],
      relocations: [{ section: ".text", offset: 0, type: R.call, symbol: "__bpf_trap" }],
    });
    expect(run(object, version).result).toMatch(/panicked/);
  });

  test("leaves out what tells debuggers and unwinders something", () => {
    const plain = program([op.mov(0, 0), op.exit()]);
    const object = program([op.mov(0, 0), op.exit()], {
      sections: [
        { name: ".eh_frame", bytes: Buffer.alloc(24, 1), flags: RODATA },
        { name: ".debug_info", bytes: Buffer.alloc(16, 2), flags: 0 },
      ],
      relocations: [
        { section: ".eh_frame", offset: 0, type: R.abs64, symbol: "entrypoint" },
        { section: ".debug_info", offset: 0, type: R.abs32, symbol: "entrypoint" },
      ],
    });
    expect(link(object, { version }).bytes).toEqual(link(plain, { version }).bytes);
  });

  test("is the same bytes each time", () => {
    const object = program([op.mov(0, 0), op.exit()]);
    expect(link(object, { version }).bytes).toEqual(link(object, { version }).bytes);
  });
});

describe("an object that no program can be made of", () => {
  const exit = [op.mov(0, 0), op.exit()];
  test.each([
    ["LLVM bitcode", Buffer.from("BC\xc0\xde", "latin1"), /run llc-22/],
    ["an object for another machine", testObject({ sections: [], machine: 62 }), /BPF/],
    [
      "a variable",
      program(exit, { sections: [{ name: ".data", bytes: word(1n), flags: DATA }] }),
      /\.data \(8 bytes\) is writable/,
    ],
    [
      "a variable of zeros",
      program(exit, { sections: [{ name: ".bss", bytes: word(0n), flags: DATA, isBss: true }] }),
      /\.bss/,
    ],
    [
      "no entry",
      testObject({ sections: [{ name: ".text", bytes: Buffer.concat(exit), flags: CODE }], symbols: [] }),
      /no function entrypoint/,
    ],
    [
      "an entry that is no function",
      testObject({
        sections: [
          { name: ".text", bytes: Buffer.concat(exit), flags: CODE },
          { name: ".rodata", bytes: word(1n) },
        ],
        symbols: [{ name: "entrypoint", section: ".rodata" }],
      }),
      /no function entrypoint/,
    ],
    [
      "a call of what nobody defines",
      program([op.call(), op.exit()], {
        symbols: [{ name: "__multi3" }],
        relocations: [{ section: ".text", offset: 0, type: R.call, symbol: "__multi3" }],
      }),
      /Nothing defines __multi3/,
    ],
    [
      "the address of what nobody defines",
      program([op.lddw(1), op.exit()], {
        symbols: [{ name: "sol_constant" }],
        relocations: [{ section: ".text", offset: 0, type: R.lddw, symbol: "sol_constant" }],
      }),
      /Nothing defines sol_constant/,
    ],
    [
      "a relocation of another kind",
      program(exit, { relocations: [{ section: ".text", offset: 0, type: 77, symbol: "entrypoint" }] }),
      /type 77/,
    ],
  ])("with %s is refused", (_, object, message) => {
    for (const version of [0, 3] as const) expect(() => link(object, { version })).toThrow(message);
  });
});

test("v3 keeps constants below the code, and names neither sections nor symbols", () => {
  const { bytes, codeBytes, dataBytes } = link(
    program([op.lddw(1), op.load64(0, 1), op.exit()], {
      sections: [{ name: ".rodata", bytes: word(6n), align: 8 }],
      symbols: [{ name: "constant", section: ".rodata" }],
      relocations: [{ section: ".text", offset: 0, type: R.lddw, symbol: "constant" }],
    }),
  );
  expect([codeBytes, dataBytes, bytes.length]).toEqual([32, 8, 64 + 2 * 56 + 8 + 32]);
  expect(bytes.readUInt32LE(48)).toBe(3);
  expect(bytes.readBigUInt64LE(24)).toBe(SYSCALLS); // the entry
  expect([bytes.readUInt16LE(56), bytes.readUInt16LE(60)]).toEqual([2, 0]);
});

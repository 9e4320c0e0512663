import anchor from "@coral-xyz/anchor";
import { ERRORS, idlFor, type KangklipCredits, RECEIPT_STATE, SIZES } from "@kangklip/credits-program";
import { Connection, Keypair, PublicKey, type TransactionInstruction } from "@solana/web3.js";
import BN from "bn.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chainOf } from "./chain.ts";
import { customOf, failedAt, isKnown, isUnknownBlockhash, refusalOf, wordOf } from "./failures.ts";
import { chosenFee, priorityFee } from "./fees.ts";
import { addressOf, createProgram, tokenAccount, tokensOf } from "./program.ts";
import type { Reads } from "./reads.ts";
import { readableLog } from "./testing-rpc.ts";
import { createFloors, walletOf } from "./wallets.ts";

const key = () => Keypair.generate().publicKey;
const program = createProgram(key());
const [user, spender, treasury, mint] = [key(), key(), key(), key()];
const ID = "a7".repeat(32);

describe("instructions are those that Anchor's own client builds", () => {
  // no request is ever made: the accounts are all named
  const theirs = new anchor.Program<KangklipCredits>(idlFor(program.id.toBase58()), {
    connection: new Connection("http://127.0.0.1:1"),
  }).methods;
  const plain = ({ keys, data, programId }: TransactionInstruction) => ({
    programId: programId.toBase58(),
    data: data.toString("hex"),
    keys: keys.map(({ pubkey, isSigner, isWritable }) => [pubkey.toBase58(), isSigner, isWritable]),
  });
  const { config, credit, receipt } = program.addresses;
  const holders = { spender, config, user, userCredit: credit(user), receipt: receipt(user, ID) };
  const id = [...Buffer.from(ID, "hex")];

  test("pay_usdc", async () => {
    const accounts = {
      user,
      userUsdc: tokenAccount(user, mint),
      treasuryUsdc: tokenAccount(treasury, mint),
      usdcMint: mint,
    };
    const built = await theirs.payUsdc(new BN(700_000), id).accounts(accounts).instruction();
    const ours = program.payUsdc({ user, treasury, mint, amount: 700_000, reference: ID });
    expect(plain(ours)).toEqual(plain(built));
  });

  test("consume_credit", async () => {
    const built = await theirs.consumeCredit(id, new BN(2)).accounts({ spender, user }).instruction();
    expect(plain(program.consumeCredit({ spender, user, request_id: ID, amount: 2 }))).toEqual(plain(built));
  });

  test("refund_credit and close_receipt", async () => {
    const refund = await theirs.refundCredit().accountsStrict(holders).instruction();
    expect(plain(program.refundCredit({ spender, user, request_id: ID }))).toEqual(plain(refund));
    const close = await theirs.closeReceipt().accountsStrict(holders).instruction();
    expect(plain(program.closeReceipt({ spender, user, request_id: ID }))).toEqual(plain(close));
  });

  test("an id that is not 32 bytes is never sent", () => {
    for (const request_id of ["", "a7", ID.toUpperCase(), `${ID}00`])
      expect(() => program.refundCredit({ spender, user, request_id })).toThrow("32 bytes");
  });
});

describe("accounts", () => {
  const coder = new anchor.BorshCoder(idlFor(program.id.toBase58()) as unknown as anchor.Idl);
  const account = (data: Buffer, owner = program.id.toBase58()) => ({
    lamports: 1,
    owner,
    executable: false,
    data,
  });
  const encoded = async (name: string, value: object, size: number) => {
    const data = await coder.accounts.encode(name, value);
    expect(data).toHaveLength(size);
    return data;
  };
  const CREDIT = { user, credits: new BN(3), purchased: new BN(5), spent: new BN(2), bump: 255 };
  const RECEIPT = {
    user,
    request_id: [...Buffer.from(ID, "hex")],
    amount: new BN(2),
    slot: new BN(9),
    bump: 1,
  };

  test("are read as the program writes them", async () => {
    const credit = await encoded("UserCredit", CREDIT, SIZES.UserCredit);
    expect(program.userCredit(account(credit))).toEqual({ credits: 3, purchased: 5, spent: 2 });
    for (const [name, state] of [
      ["charged", RECEIPT_STATE.CHARGED],
      ["refunded", RECEIPT_STATE.REFUNDED],
    ] as const) {
      const data = await encoded("ConsumeReceipt", { ...RECEIPT, state }, SIZES.ConsumeReceipt);
      expect(program.receipt(account(data))).toEqual({
        ...{ wallet: user.toBase58(), request_id: ID, amount: 2, slot: 9, state: name },
      });
    }
  });

  test("of others, of another kind or cut are none", async () => {
    const credit = await encoded("UserCredit", CREDIT, SIZES.UserCredit);
    expect(program.userCredit(null)).toBeNull();
    expect(program.userCredit(account(credit, key().toBase58()))).toBeNull();
    expect(program.receipt(account(credit))).toBeNull();
    expect(program.userCredit(account(credit.subarray(0, 40)))).toBeNull();
    expect(program.userCredit(account(Buffer.alloc(0)))).toBeNull();
  });

  test("whatever bytes a node sends, reading ends with null or with numbers", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.base64String(), (bytes, text) => {
        const data = Buffer.from(bytes);
        for (const read of [program.config, program.userCredit, program.receipt])
          expect(read(account(data))).toBeNull();
        expect(program.paidEvent(text)).toBeNull();
        expect(program.payInstruction(bytes, ["user"])).toBeNull();
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test("more credits than a number holds are the most that one holds", async () => {
    const most = { ...CREDIT, credits: new BN("18446744073709551615") };
    const data = await encoded("UserCredit", most, SIZES.UserCredit);
    expect(program.userCredit(account(data))?.credits).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("tokens count where the account is open, and of this owner and mint", () => {
    const data = Buffer.alloc(165);
    mint.toBuffer().copy(data, 0);
    user.toBuffer().copy(data, 32);
    data.writeBigUInt64LE(12_345n, 64);
    data[108] = 1;
    const TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
    expect(tokensOf(account(data, TOKEN), user, mint)).toBe(12_345);
    expect(tokensOf(account(data, TOKEN), treasury, mint)).toBeNull();
    expect(tokensOf(account(data, TOKEN), user, user)).toBeNull();
    expect(tokensOf(account(data, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"), user, mint)).toBeNull();
    data[108] = 2; // frozen
    expect(tokensOf(account(data, TOKEN), user, mint)).toBeNull();
  });
});

describe("what a transaction failed with", () => {
  const of = (at: number, custom: number) => ({ InstructionError: [at, { Custom: custom }] });
  const ours = (at: number) => at === 2;

  test.each<[unknown, string]>([
    [of(2, ERRORS.InsufficientCredits), "INSUFFICIENT_CREDITS"],
    [of(2, ERRORS.Paused), "CREDITS_PAUSED"],
    [of(2, ERRORS.NotAMultipleOfPrice), "TRANSACTION_FAILED"],
    [of(3, ERRORS.InsufficientCredits), "TRANSACTION_FAILED"], // the same number of another program
    [of(0, ERRORS.Paused), "TRANSACTION_FAILED"],
    ["InsufficientFundsForFee", "TRANSACTION_FAILED"],
    [{ InstructionError: [2, "ProgramFailedToComplete"] }, "TRANSACTION_FAILED"],
    [{ InstructionError: "nonsense" }, "TRANSACTION_FAILED"],
    [null, "TRANSACTION_FAILED"],
    [undefined, "TRANSACTION_FAILED"],
  ])("%j is %s", (failure, code) => expect(refusalOf(failure, ours).code).toBe(code));

  test("is told apart from what is no failure of it", () => {
    expect([isKnown("AlreadyProcessed"), isKnown(of(0, 1)), isUnknownBlockhash("BlockhashNotFound")]).toEqual(
      [true, false, true],
    );
    expect([customOf(of(1, 7)), failedAt(of(1, 7)), customOf("x"), failedAt(7)]).toEqual([
      7,
      1,
      undefined,
      undefined,
    ]);
  });

  test("is logged without what a node may have put into it", () => {
    const word = wordOf({ Err: "see https://x.example/?key=K3Y\n\u001b[2J" });
    for (const bad of ["/", "?", "=", "\n", "\u001b"]) expect(word).not.toContain(bad);
    expect(wordOf("x".repeat(1000)).length).toBeLessThanOrEqual(120);
  });
});

describe("what is paid so that it gets in", () => {
  test.each<[number[], number]>([
    [[], 1000],
    [[0, 0, 0, 0], 1000],
    [[5000, 1000, 3000, 20_000], 20_000],
    [[2000, 2000, 2000, 2000, 2000, 2000, 2000, 90_000], 2000],
    [[1e12], 1_000_000],
    [[Number.NaN, Number.POSITIVE_INFINITY, 4000], 4000],
  ])("of %j: %d micro-lamports per unit", (recent, fee) => expect(chosenFee(recent)).toBe(fee));

  test("is the least where nobody says what others pay", async () => {
    const reads = { recentFees: () => Promise.reject(new Error("away")) } as unknown as Reads;
    expect(await priorityFee(reads, [], readableLog().log)).toBe(1000);
  });
});

describe("addresses", () => {
  test("are taken in their one way to be written, and of wallets that can sign", () => {
    expect(addressOf(user.toBase58())?.equals(user)).toBe(true);
    for (const text of ["", "x", `1${user.toBase58()}`, ` ${user.toBase58()}`, "0".repeat(44)])
      expect(addressOf(text)).toBeUndefined();
    const [nobody] = PublicKey.findProgramAddressSync([Buffer.from("x")], program.id);
    expect(() => walletOf(nobody.toBase58())).toThrow("wallet_address is required");
  });

  test("views of wallets are remembered, the newest of each, of so many", () => {
    const floors = createFloors();
    floors.raise("a", 5);
    floors.raise("a", 3);
    expect(floors.of("a")).toBe(5);
    for (let index = 0; index < 10_001; index++) floors.raise(`w${index}`, index);
    expect([floors.of("a"), floors.of("w0"), floors.of("w10000")]).toEqual([undefined, undefined, 10_000]);
  });

  test("every chain but the public ones is a localnet", () => {
    expect(chainOf("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")).toBe("mainnet");
    expect(chainOf("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")).toBe("devnet");
    expect(chainOf("4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY")).toBe("testnet");
    expect(chainOf("")).toBe("localnet");
  });
});

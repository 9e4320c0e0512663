import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { call } from "@kangklip/localnet/testing";
import { Keypair, PublicKey, SystemProgram } from "@solana/web3.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Credits, hex32, startCredits, updateConfig, waysToWrite } from "./testing.ts";
import { startStandIn } from "./testing-rpc.ts";

let credits: Credits;
/** Everything that anybody was told when something was refused. */
const told: unknown[] = [];
beforeAll(async () => {
  credits = await startCredits();
});
afterEach(() => credits.net.faults.clear());
afterAll(() => credits[Symbol.asyncDispose]());

const refusalOf = async (promise: Promise<unknown>) => {
  const refusal = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  told.push(refusal);
  return refusal;
};
const away = { code: "UNAVAILABLE" };
const orderOut = { ...away, message: "Credits are out of order: the operator has to look at the settings" };
const configure = async (change: Parameters<typeof updateConfig>[1]) =>
  credits.send(await credits.made([credits.admin], [updateConfig(credits, change)]));

describe("whether settings and chain agree", () => {
  test("the chain says which it is, what a credit costs and where its money goes", async () => {
    expect(await credits.ledger.info()).toEqual({
      chain: "localnet",
      program_id: credits.net.programId,
      config_pda: expect.any(String),
      usdc_mint: credits.net.usdcMint,
      treasury: credits.net.treasury,
      credit_unit: 100_000,
      paused: false,
    });
    expect(await credits.ledger.check()).toEqual({
      ok: true,
      detail: `program ${credits.net.programId} on localnet`,
    });
  });

  const stranger = Keypair.generate();
  const strange = stranger.publicKey.toBase58();
  test.each([
    ["USDC_MINT", { usdcMint: strange }, /^USDC_MINT is \w+, but the program has \w+$/],
    ["TREASURY_ADDRESS", { treasury: strange }, /^TREASURY_ADDRESS is \w+, but the program has \w+$/],
    ["SPENDER_KEYPAIR", { spender: stranger.secretKey }, /^SPENDER_KEYPAIR is \w+, but the program has \w+$/],
    [
      "CREDITS_PROGRAM_ID",
      { programId: strange },
      /^CREDITS_PROGRAM_ID: there is no program \w+ on localnet$/,
    ],
  ])(
    "another %s is one sentence for the operator, and nothing is sold or charged",
    async (_, setting, sentence) => {
      const ledger = credits.another(setting);
      const { wallet } = credits.rich();
      expect(await ledger.check()).toEqual({ ok: false, detail: expect.stringMatching(sentence) });
      for (const asking of [
        ledger.info(),
        ledger.balance(wallet),
        ledger.topup(wallet, 1, hex32()),
        ledger.sign({ type: "consume", wallet, request_id: hex32(), amount: 1 }),
        ledger.receipt(wallet, hex32()),
      ])
        expect(await refusalOf(asking)).toMatchObject(orderOut);
      expect(credits.text()).toMatch(new RegExp(`"level":50.*${sentence.source.slice(1, 12)}`));
    },
  );

  test("a wallet's address for the program's is told as such", async () => {
    const ledger = credits.another({ programId: credits.net.treasury });
    expect((await ledger.check()).detail).toMatch(/^CREDITS_PROGRAM_ID: \w+ on localnet is no program$/);
    const token = credits.another({ programId: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" });
    expect((await token.check()).detail).toMatch(/has not been set up \(initialize_config\)$/);
  });

  test.each([
    ["USDC_MINT", { usdcMint: "mint" }],
    ["TREASURY_ADDRESS", { treasury: "" }],
    ["CREDITS_PROGRAM_ID", { programId: `${"1".repeat(31)}0` }],
    ["SPENDER_KEYPAIR", { spender: new Uint8Array(63) }],
  ])("a malformed %s ends it at once, by name", (name, setting) => {
    expect(() => credits.another(setting)).toThrow(name);
  });

  test("an RPC that is away at first is asked again, and nobody has to restart anything", async () => {
    const clock = { now: 0 };
    const ledger = credits.another({ now: () => clock.now, patienceMs: 500 });
    credits.net.faults.fail("*", { status: 503 }, 500);
    const { ok, detail } = await ledger.check();
    expect({ ok, detail }).toEqual({
      ok: false,
      detail: expect.stringMatching(
        /^SOLANA_RPC_URL: 127.0.0.1:\d+ gives no answer \((HTTP 503|no answer in time)\)$/,
      ),
    });
    credits.net.faults.clear();
    clock.now += 2000;
    expect(await ledger.check()).toMatchObject({ ok: true });
    // and once it was well, what is known counts while nobody answers
    credits.net.faults.fail("getMultipleAccounts", { status: 503 }, 500);
    clock.now += 20_000;
    expect(await ledger.info()).toMatchObject({ chain: "localnet" });
    expect(await ledger.check()).toMatchObject({ ok: false }); // the operator is told all the same
  });

  test("RPCs of two chains are noticed at the first look, and nothing is done on either", async () => {
    await using other = await startStandIn(
      () => ({ result: 1 }),
      "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
    );
    const ledger = credits.another({ rpcUrls: [credits.net.url, other.url], patienceMs: 1000 });
    await ledger.check();
    while (credits.text().match(/names RPCs of different chains/g)?.length !== 1) await sleep(20);
    expect(await refusalOf(ledger.balance(credits.rich().wallet))).toMatchObject(orderOut);
  });

  test("a spender with little SOL is told of, and everything goes on", async () => {
    const drained = await startCredits();
    await using _ = drained;
    const { spender } = drained;
    const lamports = 100e9 - 40e6;
    const away = SystemProgram.transfer({
      fromPubkey: spender.publicKey,
      toPubkey: new PublicKey(drained.net.treasury),
      lamports,
    });
    await drained.send(await drained.made([spender], [away]));
    expect(await drained.ledger.check()).toEqual({
      ok: true,
      detail: expect.stringMatching(/SPENDER_KEYPAIR: \w+ has only 0\.0\d+ SOL left/),
    });
    expect(drained.text()).toMatch(/"level":40.*Credits need the operator/);
    const person = drained.rich();
    await drained.buy(person, 1);
    await drained.ledger.sign({ type: "consume", wallet: person.wallet, request_id: hex32(), amount: 1 });

    // with none at all nothing is charged, and nobody is told that he has no credits
    const rest = SystemProgram.transfer({
      fromPubkey: spender.publicKey,
      toPubkey: new PublicKey(drained.net.treasury),
      lamports: 40e6 - 1_000_000 - 10_000,
    });
    await drained.send(await drained.made([spender], [rest]));
    const refusal = await refusalOf(
      drained.ledger.sign({ type: "consume", wallet: person.wallet, request_id: hex32(), amount: 1 }),
    );
    expect(refusal).toMatchObject({ code: "UNAVAILABLE", message: /operator/ });
    expect(drained.text()).toMatch(/"level":50.*The chain refuses what the spender wants to do/);
  });
});

describe("what to sign to buy credits", () => {
  test("is a payment at the price that the chain has, and says what is missing for it", async () => {
    const { wallet } = credits.rich({ sol: 0, usdc: 1 });
    const reference = hex32();
    const draft = await credits.ledger.topup(wallet, 25, reference);
    expect(draft).toMatchObject({
      wallet_address: wallet,
      credits_to_buy: 25,
      amount_base_units: 2_500_000,
      credit_unit: 100_000,
      reference,
      needs_usdc: 1_500_000,
      last_valid_block_height: expect.any(Number),
    });
    const rent = async (bytes: number) => {
      const { result } = (await call(credits.net.url, "getMinimumBalanceForRentExemption", bytes)) as {
        result: number;
      };
      return result;
    };
    // the fee with the least priority, the rent of the first account, and what an account must go on holding
    expect(draft.needs_sol).toBe(5000 + 60 + (await rent(65)) + (await rent(0)));
    const data = Buffer.from(draft.instruction_data, "base64");
    expect([...data.subarray(0, 8)]).toEqual([24, 1, 58, 95, 8, 82, 131, 221]); // pay_usdc, as documented
    expect([data.readBigUInt64LE(8), data.subarray(16).toString("hex")]).toEqual([2_500_000n, reference]);
    expect(draft.accounts.map(({ pubkey }) => pubkey).slice(0, 6)).toEqual([
      ...[
        wallet,
        draft.config_pda,
        draft.user_credit_pda,
        draft.user_usdc_ata,
        draft.vault_ata,
        draft.usdc_mint,
      ],
    ]);
  });

  test("what it says is missing is exactly that", async () => {
    const { keypair, wallet } = credits.rich({ sol: 0, usdc: 0 });
    const poor = await credits.ledger.topup(wallet, 3, hex32());
    credits.net.faucet(wallet, { sol: (poor.needs_sol - 1) / 1e9, usdc: 0.3 });
    const almost = await credits.ledger.topup(wallet, 3, hex32());
    expect([almost.needs_sol, almost.needs_usdc]).toEqual([1, 0]);
    const early = await credits.ledger.readTopup(wallet, credits.signed(almost.transaction, keypair));
    expect(await refusalOf(credits.ledger.broadcast(early, { again: false }))).toMatchObject({
      code: "TRANSACTION_FAILED",
    });
    credits.net.faucet(wallet, { sol: 1e-9 });
    const enough = await credits.ledger.topup(wallet, 3, hex32());
    expect([enough.needs_sol, enough.needs_usdc]).toEqual([0, 0]);
    await credits.send(credits.signed(enough.transaction, keypair));
    expect((await credits.ledger.balance(wallet)).credits).toBe(3);
  });

  test.each([0, -1, 1.5, 10_001, 1e300, Number.NaN])("not %d credits", async (count) => {
    expect(await refusalOf(credits.ledger.topup(credits.rich().wallet, count, hex32()))).toMatchObject({
      code: "INVALID_INPUT",
      message: "credits_to_buy must be a positive integer",
    });
  });

  test("10,000 credits, the most", async () => {
    const draft = await credits.ledger.topup(credits.rich().wallet, 10_000, hex32());
    expect(draft.amount_base_units).toBe(1_000_000_000);
  });

  test.each([
    ["no address", "wallet"],
    ["31 bytes", "1".repeat(31)],
    [
      "nobody's: off the curve",
      PublicKey.findProgramAddressSync([Buffer.from("x")], SystemProgram.programId)[0].toBase58(),
    ],
  ])("not for %s", async (_, wallet) => {
    expect(await refusalOf(credits.ledger.topup(wallet, 1, hex32()))).toMatchObject({
      code: "INVALID_INPUT",
    });
  });

  test("nothing while top-ups are paused; what was bought can be spent", async () => {
    const person = credits.rich();
    await credits.buy(person, 2);
    const draft = await credits.ledger.topup(person.wallet, 1, hex32());
    await configure({ paused: true });
    expect(await refusalOf(credits.ledger.topup(person.wallet, 1, hex32()))).toMatchObject({
      code: "CREDITS_PAUSED",
    });
    // nor what was asked for before
    const late = await credits.ledger.readTopup(
      person.wallet,
      credits.signed(draft.transaction, person.keypair),
    );
    expect(await refusalOf(credits.ledger.broadcast(late, { again: false }))).toMatchObject({
      code: "CREDITS_PAUSED",
    });
    const signed = await credits.ledger.sign({
      type: "consume",
      wallet: person.wallet,
      request_id: hex32(),
      amount: 1,
    });
    await credits.ledger.broadcast(signed, { again: false });
    expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 1 });
    await configure({ paused: false });
  });

  test("at another price once the admin has set one", async () => {
    await configure({ price: 250_000 });
    const draft = await credits.ledger.topup(credits.rich().wallet, 4, hex32());
    expect([draft.amount_base_units, draft.credit_unit]).toEqual([1_000_000, 250_000]);
    await configure({ price: 100_000 });
  });
});

describe("the faucet", () => {
  test("of a localnet gives what it says", async () => {
    const wallet = Keypair.generate().publicKey.toBase58();
    expect(await credits.ledger.faucet(wallet)).toEqual({ lamports: 1e9, usdc_base_units: 10e6 });
    const { needs_sol, needs_usdc } = await credits.ledger.topup(wallet, 100, hex32());
    expect([needs_sol, needs_usdc]).toEqual([0, 0]);
  });
});

test("the spender's key is in no log line and in no error, however it is written", () => {
  const everything =
    credits.text() +
    inspect(credits.ledger, { depth: 12, showHidden: true }) +
    JSON.stringify(credits.ledger) +
    told.map((error) => inspect(error, { depth: 12, showHidden: true })).join("\n");
  expect(everything.length).toBeGreaterThan(1000);
  expect(told.length).toBeGreaterThan(20);
  for (const written of waysToWrite(credits.spender.secretKey)) expect(everything).not.toContain(written);
  // the search would find it
  expect(JSON.stringify([...credits.spender.secretKey])).toContain(waysToWrite(credits.spender.secretKey)[4]);
});

import * as spl from "@solana/spl-token";
import {
  AddressLookupTableProgram,
  ComputeBudgetProgram,
  Connection,
  LAMPORTS_PER_SOL,
  PublicKey,
  SendTransactionError,
  SystemProgram,
  sendAndConfirmTransaction,
  Transaction,
  TransactionExpiredBlockheightExceededError,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GENESIS_HASH, type Localnet, startLocalnet } from "./index.ts";
import { testWallet } from "./testing.ts";

// Everything here is web3.js and its helpers as they come: what they do against a real node, they do against this one.
let net: Localnet;
let connection: Connection;
const [payer, user] = [testWallet("payer"), testWallet("user")];
const transfer = (lamports: number) =>
  SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: user.publicKey, lamports });
const versioned = async (...instructions: Parameters<Transaction["add"]>) => {
  const latest = await connection.getLatestBlockhash();
  const message = new TransactionMessage({
    payerKey: payer.publicKey,
    recentBlockhash: latest.blockhash,
    instructions: new Transaction().add(...instructions).instructions,
  });
  return { latest, message };
};

beforeAll(async () => {
  net = await startLocalnet();
  connection = new Connection(net.url, "confirmed");
  const signature = await connection.requestAirdrop(payer.publicKey, 10 * LAMPORTS_PER_SOL);
  await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
});
afterAll(() => net.stop());

describe("a Connection of @solana/web3.js", () => {
  test("asks what a node is asked", async () => {
    expect(await connection.getVersion()).toMatchObject({ "solana-core": expect.stringMatching(/^\d/) });
    expect(await connection.getGenesisHash()).toBe(GENESIS_HASH);
    const [slot, height] = await Promise.all([connection.getSlot(), connection.getBlockHeight()]);
    expect(slot).toBeGreaterThan(height);
    const epoch = await connection.getEpochInfo();
    expect(epoch.slotIndex).toBe(epoch.absoluteSlot % epoch.slotsInEpoch);
    expect(await connection.getMinimumBalanceForRentExemption(165)).toBe(2_039_280);
    expect(await connection.getBlockTime(slot)).toBeGreaterThan(1_700_000_000);
    expect((await connection.getRecentPrioritizationFees())[0]).toMatchObject({ prioritizationFee: 0 });
    const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
    expect(lastValidBlockHeight - (await connection.getBlockHeight())).toBeGreaterThan(100);
    expect((await connection.isBlockhashValid(blockhash)).value).toBe(true);
    expect((await connection.isBlockhashValid(PublicKey.default.toBase58())).value).toBe(false);
  });

  test("sends a transaction, hears of it by websocket, reads it and its fee", async () => {
    const before = await connection.getBalance(payer.publicKey);
    const transaction = new Transaction().add(
      ComputeBudgetProgram.setComputeUnitLimit({ units: 30_000 }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1_000_001 }),
      transfer(LAMPORTS_PER_SOL),
    );
    const signature = await sendAndConfirmTransaction(connection, transaction, [payer]);
    const fee = 5000 + 30_001;
    expect(await connection.getBalance(user.publicKey)).toBe(LAMPORTS_PER_SOL);
    expect(await connection.getBalance(payer.publicKey)).toBe(before - LAMPORTS_PER_SOL - fee);
    expect((await connection.getFeeForMessage(transaction.compileMessage())).value).toBe(fee);
    const read = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 1 });
    expect(read?.meta).toMatchObject({ err: null, fee, preBalances: expect.arrayContaining([before]) });
    expect(read?.transaction.message.version).toBe("legacy");
    const parsed = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 1 });
    expect(parsed?.transaction.message.accountKeys[0]).toMatchObject({ signer: true, writable: true });
    const [newest] = await connection.getSignaturesForAddress(user.publicKey);
    expect(newest).toMatchObject({ signature, err: null, confirmationStatus: "finalized" });
    const status = await connection.getSignatureStatus(signature);
    expect(status.value).toMatchObject({ confirmationStatus: "finalized", err: null });
  });

  test("hears of accounts, logs and slots", async () => {
    const heard = { account: 0, logs: "", slot: 0 };
    const subscriptions = [
      connection.onAccountChange(user.publicKey, ({ lamports }) => {
        heard.account = lamports;
      }),
      connection.onLogs(user.publicKey, ({ signature }) => {
        heard.logs = signature;
      }),
      connection.onSlotChange(({ slot }) => {
        heard.slot = slot;
      }),
    ];
    await expect.poll(() => heard.slot, { timeout: 15_000 }).toBeGreaterThan(0); // the others stand by then too
    const signature = await sendAndConfirmTransaction(connection, new Transaction().add(transfer(5000)), [
      payer,
    ]);
    await expect.poll(() => heard.logs, { timeout: 15_000 }).toBe(signature);
    await expect.poll(() => heard.account).toBe(await connection.getBalance(user.publicKey));
    const [account = 0, logs = 0, slot = 0] = subscriptions;
    await connection.removeAccountChangeListener(account);
    await connection.removeOnLogsListener(logs);
    await connection.removeSlotChangeListener(slot);
  });

  test("sends version 0, with a lookup table too", async () => {
    const [create, table] = AddressLookupTableProgram.createLookupTable({
      authority: payer.publicKey,
      payer: payer.publicKey,
      recentSlot: (await connection.getSlot("finalized")) - 1,
    });
    const extend = AddressLookupTableProgram.extendLookupTable({
      lookupTable: table,
      authority: payer.publicKey,
      payer: payer.publicKey,
      addresses: [user.publicKey],
    });
    await sendAndConfirmTransaction(connection, new Transaction().add(create, extend), [payer]);
    const { value } = await connection.getAddressLookupTable(table);
    if (!value) throw new Error("There is no table");
    expect(value.state.addresses).toEqual([user.publicKey]);
    net.warp(1); // a table serves from the next slot on

    const { latest, message } = await versioned(transfer(7000));
    const transaction = new VersionedTransaction(message.compileToV0Message([value]));
    transaction.sign([payer]);
    const before = await connection.getBalance(user.publicKey);
    const signature = await connection.sendTransaction(transaction);
    await connection.confirmTransaction({ signature, ...latest });
    expect(await connection.getBalance(user.publicKey)).toBe(before + 7000);
    const read = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(read?.version).toBe(0);
    expect(read?.meta?.loadedAddresses?.writable).toEqual([user.publicKey]);
    const parsed = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0 });
    expect(parsed?.transaction.message.accountKeys).toContainEqual(
      expect.objectContaining({ pubkey: user.publicKey, source: "lookupTable", writable: true }),
    );
    // a client that does not know of versions is told so, and does not get half of it
    await expect(connection.getTransaction(signature)).rejects.toThrow(
      /Transaction version \(0\) is not supported/,
    );
  });

  test("simulates: what would come of it, without keys, and what accounts would hold", async () => {
    const { message } = await versioned(transfer(123));
    const unsigned = new VersionedTransaction(message.compileToV0Message());
    const before = await connection.getBalance(user.publicKey);
    const { value } = await connection.simulateTransaction(unsigned, {
      replaceRecentBlockhash: true,
      accounts: { encoding: "base64", addresses: [user.publicKey.toBase58()] },
    });
    expect(value).toMatchObject({ err: null, accounts: [{ lamports: before + 123 }] });
    expect(await connection.getBalance(user.publicKey)).toBe(before);
    await expect(connection.simulateTransaction(unsigned, { sigVerify: true })).resolves.toMatchObject({
      value: { err: "SignatureFailure" },
    });
  });

  test("is told why a transaction is refused, in the words it takes apart", async () => {
    const tooMuch = new Transaction().add(transfer(1_000_000 * LAMPORTS_PER_SOL));
    const error = await connection.sendTransaction(tooMuch, [payer]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SendTransactionError);
    const { transactionError, logs } = error as SendTransactionError;
    expect(transactionError.message).toContain("custom program error: 0x1");
    expect(logs?.join()).toContain("insufficient lamports");

    const poor = testWallet("without money");
    const fromNobody = SystemProgram.transfer({
      ...{ fromPubkey: poor.publicKey, toPubkey: user.publicKey, lamports: 1 },
    });
    await expect(connection.sendTransaction(new Transaction().add(fromNobody), [poor])).rejects.toThrow(
      /no record of a prior credit/,
    );
  });

  test("a failing transaction that skips the trial lands, costs its fee, and says why it failed", async () => {
    const before = await connection.getBalance(payer.publicKey);
    const failing = new Transaction().add(transfer(1_000_000 * LAMPORTS_PER_SOL));
    const signature = await connection.sendTransaction(failing, [payer], { skipPreflight: true });
    const { value } = await connection.confirmTransaction({
      signature,
      ...(await connection.getLatestBlockhash()),
    });
    expect(value.err).toEqual({ InstructionError: [0, { Custom: 1 }] });
    expect(await connection.getBalance(payer.publicKey)).toBe(before - 5000);
    const read = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 1 });
    expect(read?.meta?.err).toEqual(value.err);
  });

  test("the same transaction again lands once; one whose blockhash is old never does", async () => {
    const { latest, message } = await versioned(transfer(11));
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([payer]);
    const before = await connection.getBalance(user.publicKey);
    const signature = await connection.sendTransaction(transaction);
    await connection.confirmTransaction({ signature, ...latest });
    expect(await connection.sendTransaction(transaction, { skipPreflight: true })).toBe(signature);
    await expect(connection.sendTransaction(transaction)).rejects.toThrow(/already been processed/);
    expect(await connection.getBalance(user.publicKey)).toBe(before + 11);

    const old = await versioned(transfer(13));
    const late = new VersionedTransaction(old.message.compileToV0Message());
    late.sign([payer]);
    net.warp(149);
    expect((await connection.isBlockhashValid(old.latest.blockhash)).value).toBe(true);
    net.warp(2 + 10); // the clock's own blocks come between
    expect((await connection.isBlockhashValid(old.latest.blockhash)).value).toBe(false);
    await expect(connection.sendTransaction(late)).rejects.toThrow(/Blockhash not found/);
    const never = await connection.sendTransaction(late, { skipPreflight: true });
    await expect(connection.confirmTransaction({ signature: never, ...old.latest })).rejects.toBeInstanceOf(
      TransactionExpiredBlockheightExceededError,
    );
    expect(await connection.getBalance(user.publicKey)).toBe(before + 11);
  });
});

test("the helpers of @solana/spl-token make a mint, accounts, and move tokens", async () => {
  connection = new Connection(net.url, "confirmed"); // the other one still has a blockhash of before the time that was skipped
  const mint = await spl.createMint(connection, payer, payer.publicKey, null, 6);
  const accountOf = (owner: PublicKey) =>
    spl.getOrCreateAssociatedTokenAccount(connection, payer, mint, owner);
  const [mine, theirs] = [await accountOf(payer.publicKey), await accountOf(user.publicKey)];
  await spl.mintTo(connection, payer, mint, mine.address, payer, 5_000_000n);
  const signature = await spl.transfer(connection, payer, mine.address, theirs.address, payer, 1_250_000n);
  const balance = await connection.getTokenAccountBalance(theirs.address);
  expect(balance.value).toEqual({ amount: "1250000", decimals: 6, uiAmount: 1.25, uiAmountString: "1.25" });
  expect((await connection.getTokenSupply(mint)).value.uiAmountString).toBe("5");
  expect((await spl.getMint(connection, mint)).supply).toBe(5_000_000n);
  const owned = await connection.getParsedTokenAccountsByOwner(user.publicKey, { mint });
  expect(owned.value[0]?.account.data.parsed.info.tokenAmount.amount).toBe("1250000");
  const byProgram = await connection.getTokenAccountsByOwner(user.publicKey, {
    programId: spl.TOKEN_PROGRAM_ID,
  });
  expect(byProgram.value.map(({ pubkey }) => pubkey)).toContainEqual(theirs.address);
  const parsedMint = await connection.getParsedAccountInfo(mint);
  expect(parsedMint.value?.data).toMatchObject({ parsed: { type: "mint", info: { decimals: 6 } } });
  const read = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 1 });
  const amounts = (
    list: typeof read extends null
      ? never
      : NonNullable<NonNullable<typeof read>["meta"]>["preTokenBalances"],
  ) => Object.fromEntries((list ?? []).map(({ owner, uiTokenAmount }) => [owner, uiTokenAmount.amount]));
  expect(amounts(read?.meta?.preTokenBalances)).toEqual({
    [payer.publicKey.toBase58()]: "5000000",
    [user.publicKey.toBase58()]: "0",
  });
  expect(amounts(read?.meta?.postTokenBalances)).toEqual({
    [payer.publicKey.toBase58()]: "3750000",
    [user.publicKey.toBase58()]: "1250000",
  });
});

test("accounts of a program are found by size and by bytes, and only a slice of them is told", async () => {
  const found = await connection.getProgramAccounts(spl.TOKEN_PROGRAM_ID, {
    filters: [
      { dataSize: 165 },
      { memcmp: { offset: 0, bytes: net.usdcMint } },
      { memcmp: { offset: 32, bytes: net.treasury } },
    ],
    dataSlice: { offset: 32, length: 32 },
  });
  expect(found.map(({ account }) => new PublicKey(account.data).toBase58())).toEqual([net.treasury]);
});

import { createHash } from "node:crypto";
import anchor from "@coral-xyz/anchor";
import { ERRORS, idlFor, type KangklipCredits } from "@kangklip/credits-program";
import {
  AccountRole,
  address,
  airdropFactory,
  appendTransactionMessageInstruction,
  signature as asSignature,
  assertIsTransactionWithBlockhashLifetime,
  createKeyPairSignerFromBytes,
  createSolanaRpc,
  createSolanaRpcSubscriptions,
  createTransactionMessage,
  generateKeyPairSigner,
  getSignatureFromTransaction,
  lamports,
  pipe,
  sendAndConfirmTransactionFactory,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";
import { getAssociatedTokenAddressSync } from "@solana/spl-token";
import { Connection, Keypair, PublicKey, SystemProgram } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Localnet, startLocalnet } from "./index.ts";
import { call, signV1, testWallet } from "./testing.ts";

let net: Localnet;
let connection: Connection;
beforeAll(async () => {
  net = await startLocalnet();
  connection = new Connection(net.url, "confirmed");
});
afterAll(() => net.stop());

describe("@coral-xyz/anchor", () => {
  const user = testWallet("anchor user");
  const programOf = (keypair: Keypair) =>
    new anchor.Program<KangklipCredits>(
      idlFor(net.programId),
      new anchor.AnchorProvider(connection, new anchor.Wallet(keypair), { commitment: "confirmed" }),
    );
  const spender = () => Keypair.fromSecretKey(Uint8Array.from(JSON.parse(net.spender)));
  const requestId = (text: string) => [...createHash("sha256").update(text).digest()];
  const consume = (by: Keypair, text: string, amount: number) =>
    programOf(by)
      .methods.consumeCredit(requestId(text), new anchor.BN(amount))
      .accounts({ spender: by.publicKey, user: user.publicKey })
      .rpc();

  test("the program is there, with a Config that it wrote itself", async () => {
    const [config] = PublicKey.findProgramAddressSync([Buffer.from("config")], new PublicKey(net.programId));
    const read = await programOf(user).account.config.fetch(config);
    const admin = Keypair.fromSecretKey(Uint8Array.from(JSON.parse(net.admin)));
    expect({
      admin: read.admin.toBase58(),
      spender: read.spender.toBase58(),
      treasury: read.treasury.toBase58(),
      usdcMint: read.usdcMint.toBase58(),
      price: Number(read.price),
      paused: read.paused,
    }).toEqual({
      admin: admin.publicKey.toBase58(),
      spender: spender().publicKey.toBase58(),
      treasury: net.treasury,
      usdcMint: net.usdcMint,
      price: 100_000,
      paused: false,
    });
  });

  test(".rpc() pays and consumes; a failing call is an AnchorError with the program's own number", async () => {
    net.faucet(user.publicKey.toBase58(), { sol: 1, usdc: 5 });
    const usdcMint = new PublicKey(net.usdcMint);
    const ata = (owner: PublicKey) => getAssociatedTokenAddressSync(usdcMint, owner);
    const paid = await programOf(user)
      .methods.payUsdc(new anchor.BN(500_000), requestId("reference"))
      .accounts({
        user: user.publicKey,
        userUsdc: ata(user.publicKey),
        treasuryUsdc: ata(new PublicKey(net.treasury)),
        usdcMint,
      })
      .rpc();
    const read = await connection.getTransaction(paid, { maxSupportedTransactionVersion: 1 });
    expect(read?.meta?.logMessages?.filter((line) => line.startsWith("Program data: "))).toHaveLength(1);
    const [credit] = PublicKey.findProgramAddressSync(
      [Buffer.from("credit"), user.publicKey.toBuffer()],
      new PublicKey(net.programId),
    );
    const credits = async () => Number((await programOf(user).account.userCredit.fetch(credit)).credits);
    expect(await credits()).toBe(5);
    await consume(spender(), "a clip", 1);
    await consume(spender(), "a clip", 1); // the same request: nothing more is taken
    expect(await credits()).toBe(4);
    const refused = await consume(spender(), "another clip", 9).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(anchor.AnchorError);
    expect((refused as anchor.AnchorError).error.errorCode).toEqual({
      code: "InsufficientCredits",
      number: ERRORS.InsufficientCredits,
    });
    expect(await credits()).toBe(4);
  });
});

describe("@solana/kit", () => {
  test("asks, takes an airdrop, sends and confirms over its own websocket client", async () => {
    const rpc = createSolanaRpc(net.url);
    // both doors take websockets: the next port, where web3.js looks, and the same one
    const rpcSubscriptions = createSolanaRpcSubscriptions(net.url.replace("http", "ws"));
    const signer = await generateKeyPairSigner();
    await airdropFactory({ rpc, rpcSubscriptions })({
      commitment: "confirmed",
      lamports: lamports(1_000_000_000n),
      recipientAddress: signer.address,
    });
    expect((await rpc.getBalance(signer.address).send()).value).toBe(1_000_000_000n);
    const { value: latest } = await rpc.getLatestBlockhash().send();
    const to = await generateKeyPairSigner();
    const transfer = new Uint8Array([2, 0, 0, 0, 64, 66, 15, 0, 0, 0, 0, 0]); // 1,000,000 lamports
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (m) => setTransactionMessageFeePayerSigner(signer, m),
      (m) => setTransactionMessageLifetimeUsingBlockhash(latest, m),
      (m) =>
        appendTransactionMessageInstruction(
          {
            programAddress: address("11111111111111111111111111111111"),
            accounts: [
              { address: signer.address, role: AccountRole.WRITABLE_SIGNER },
              { address: to.address, role: AccountRole.WRITABLE },
            ],
            data: transfer,
          },
          m,
        ),
    );
    const transaction = await signTransactionMessageWithSigners(message);
    assertIsTransactionWithBlockhashLifetime(transaction);
    await sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions })(transaction, {
      commitment: "confirmed",
    });
    expect((await rpc.getBalance(to.address).send()).value).toBe(1_000_000n);
    const read = await rpc
      .getTransaction(getSignatureFromTransaction(transaction), {
        ...{ maxSupportedTransactionVersion: 0, encoding: "json", commitment: "confirmed" },
      })
      .send();
    expect(read?.meta?.err).toBeNull();
  });

  test("the signer of a wallet is the one that web3.js knows", async () => {
    const wallet = testWallet("same");
    const signer = await createKeyPairSignerFromBytes(wallet.secretKey);
    expect(signer.address).toBe(wallet.publicKey.toBase58());
  });
});

test("a version-1 transaction lands, costs the fee it offers, and is told only to clients that know of it", async () => {
  const payer = testWallet("v1 payer");
  const to = testWallet("v1 receiver").publicKey;
  net.faucet(payer.publicKey.toBase58(), { sol: 1 });
  const { blockhash } = await connection.getLatestBlockhash();
  const transfer = SystemProgram.transfer({
    ...{ fromPubkey: payer.publicKey, toPubkey: to, lamports: 1_000_000 },
  });
  const bytes = await signV1(payer, [transfer], blockhash);
  expect(bytes[0]).toBe(0x81);
  const sent = await connection.sendRawTransaction(bytes);
  expect(await connection.getBalance(to)).toBe(1_000_000);
  expect(await connection.getBalance(payer.publicKey)).toBe(1_000_000_000 - 1_000_000 - 5000 - 77);
  const read = await connection.getTransaction(sent, { maxSupportedTransactionVersion: 1 });
  expect(read).toMatchObject({ version: 1, meta: { fee: 5077 } });
  expect(read?.transaction.message.staticAccountKeys).toContainEqual(to);
  const parsed = await connection.getParsedTransaction(sent, { maxSupportedTransactionVersion: 1 });
  expect(parsed?.version).toBe(1);
  for (const known of [undefined, 0]) {
    const config = known === undefined ? {} : { maxSupportedTransactionVersion: known };
    expect(await call(net.url, "getTransaction", sent, config)).toMatchObject({
      error: { code: -32015, message: expect.stringContaining('"maxSupportedTransactionVersion": 1') },
    });
  }
  const kitRead = await createSolanaRpc(net.url)
    .getTransaction(asSignature(sent), {
      ...{ maxSupportedTransactionVersion: 1, encoding: "base64", commitment: "confirmed" },
    } as never)
    .send();
  expect(
    JSON.stringify(kitRead, (_, value) => (typeof value === "bigint" ? Number(value) : value)),
  ).toContain(Buffer.from(bytes).toString("base64"));
});

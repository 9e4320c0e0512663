import { Balance, CreditsInfo, FaucetGift, TopupConfirm, TopupIntent, TopupSent } from "@kangklip/contract";
import { testWallet } from "@kangklip/localnet/testing";
import {
  ComputeBudgetProgram,
  Connection,
  type Keypair,
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionInstruction,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CreditsApi, signed, startCreditsApi } from "./testing-credits.ts";

const PAY_USDC = [24, 1, 58, 95, 8, 82, 131, 221]; // its discriminator, in the 1.x program as well
const NOWHERE = `kkw_${"w".repeat(43)}`;
let api: CreditsApi;
let alice: { wallet: Keypair; address: string; auth: { "x-auth-token": string } };
let bob: typeof alice;

const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.rest("POST", path, body, headers);
const get = (path: string, headers: Record<string, string> = {}) => api.rest("GET", path, undefined, headers);
const credits = async (who = alice): Promise<number> =>
  (await get("/api/credits/balance", who.auth)).body.credits;
const connection = () => new Connection(api.localnet.url, "confirmed");

async function intent(who = alice, credits_to_buy = 5): Promise<TopupIntent> {
  const { status, body } = await post("/api/credits/topup/usdc/intent", { credits_to_buy }, who.auth);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

/** What a client of today does: signs the transaction that it is given. Gives base64. */
function signedIntent({ transaction }: TopupIntent, wallet: Keypair): string {
  const made = VersionedTransaction.deserialize(Buffer.from(transaction, "base64"));
  made.sign([wallet]);
  return Buffer.from(made.serialize()).toString("base64");
}

/** The instruction as an old client makes it: from the payload, and from the accounts that are listed. */
const instructionOf = ({ program_id, accounts, instruction_data }: TopupIntent) =>
  new TransactionInstruction({
    programId: new PublicKey(program_id),
    keys: accounts.map(({ pubkey, ...flags }) => ({ pubkey: new PublicKey(pubkey), ...flags })),
    data: Buffer.from(instruction_data, "base64"),
  });

/** Sends a transaction of one's own through an RPC, as 1.x pages do. Gives its signature. */
async function sent(wallet: Keypair, instructions: TransactionInstruction[], skipPreflight = false) {
  const { blockhash } = await connection().getLatestBlockhash("confirmed");
  const transaction = new Transaction({ feePayer: wallet.publicKey, recentBlockhash: blockhash });
  transaction.add(...instructions).sign(wallet);
  return connection().sendRawTransaction(transaction.serialize(), { skipPreflight });
}

const confirm = (signature: unknown, who = alice) =>
  post("/api/credits/topup/usdc/confirm", { signature }, who.auth);

/** Asks as a page does: again while the network has not confirmed it. */
async function confirmed(signature: string, who = alice): Promise<TopupConfirm> {
  for (let tries = 0; ; tries++) {
    const { status, body } = await confirm(signature, who);
    if (status === 200) return body;
    if (body.code !== "TRANSACTION_NOT_FOUND" || tries > 20) throw new Error(`${status} ${body.detail}`);
  }
}

async function toppedUp(who: typeof alice, amount: number): Promise<void> {
  const transaction = signedIntent(await intent(who, amount), who.wallet);
  const { body } = await post("/api/credits/topup/usdc/send", { transaction }, who.auth);
  await confirmed(body.signature, who);
}

beforeAll(async () => {
  api = await startCreditsApi();
  alice = await api.aWallet("alice", { usdc: 100 });
  bob = await api.aWallet("bob", { usdc: 100 });
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

describe("credits", () => {
  test("what they cost and where they are is told to everybody", async () => {
    const { status, body } = await get("/api/credits");
    expect([status, CreditsInfo.parse(body)]).toEqual([200, body]);
    expect(body).toMatchObject({
      enabled: true,
      chain: "localnet",
      program_id: api.localnet.programId,
      usdc_mint: api.localnet.usdcMint,
      treasury: api.localnet.treasury,
      credit_unit: 100_000,
      paused: false,
      generate_credits: 0,
      unlock_credits: 1,
      explorer: null,
      faucet: true,
    });
    expect((await get("/api/system")).body).toMatchObject({ credits: true, generation_fee: 0 });
    expect(JSON.stringify(body)).not.toContain(api.localnet.url); // it may hold a key
  });

  test("the balance of a wallet that never bought any is 0, and another wallet's is nobody else's business", async () => {
    const dave = await api.aWallet("dave", { sol: 0 });
    const own = await get("/api/credits/balance", dave.auth);
    expect([own.status, Balance.strict().parse(own.body)]).toEqual([200, own.body]);
    expect(own.body).toMatchObject({ credits: 0, purchased: 0, spent: 0, wallet_address: dave.address });
    expect((await get(`/api/credits/balance?wallet=${dave.address}`, dave.auth)).body.credits).toBe(0);
    expect((await get("/api/credits/balance?wallet=", dave.auth)).status).toBe(200);
    const other = await get(`/api/credits/balance?wallet=${alice.address}`, dave.auth);
    expect([other.status, other.body]).toMatchObject([
      403,
      { detail: "wallet mismatch", code: "WALLET_MISMATCH" },
    ]);
    expect(other.body.error).toBeUndefined(); // only a locked clip is told so
  });

  test("the faucet of a localnet gives what a top-up needs", async () => {
    const erin = await api.aWallet("erin", { sol: 0 });
    expect((await intent(erin)).needs_sol).toBeGreaterThan(0);
    expect((await intent(erin)).needs_usdc).toBe(500_000);
    const gift = await post("/api/credits/faucet", undefined, erin.auth);
    expect([gift.status, FaucetGift.strict().parse(gift.body)]).toEqual([200, gift.body]);
    expect(await intent(erin)).toMatchObject({ needs_sol: 0, needs_usdc: 0 });
  });

  test("the retired routes are gone, and confirm asks for the token first", async () => {
    const quote = await post("/api/credits/topup/quote", {});
    expect([quote.status, quote.body.detail]).toEqual([410, "use /api/credits/topup/usdc/intent"]);
    const old = await post("/api/credits/topup/confirm", {}, alice.auth);
    expect([old.status, old.body.detail]).toEqual([410, "use /api/credits/topup/usdc/confirm"]);
  });

  test("readiness tells whether the chain can be used", async () => {
    const { body } = await get("/readyz");
    expect(body.checks.credits).toMatchObject({ ok: true, detail: expect.any(String) });
  });
});

describe("a top-up", () => {
  test("its intent is the documented payload", async () => {
    const answer = await post("/api/credits/topup/usdc/intent", { credits_to_buy: 7 }, alice.auth);
    expect([answer.status, TopupIntent.strict().parse(answer.body)]).toEqual([200, answer.body]);
    expect(Object.keys(answer.body).slice(0, 11)).toEqual([
      ...["wallet_address", "credits_to_buy", "amount_base_units", "credit_unit", "program_id"],
      ...["config_pda", "user_credit_pda", "vault_ata", "user_usdc_ata", "usdc_mint", "instruction_data"],
    ]);
    const body: TopupIntent = answer.body;
    expect(body).toMatchObject({
      wallet_address: alice.address,
      credits_to_buy: 7,
      amount_base_units: 700_000,
      credit_unit: 100_000,
      program_id: api.localnet.programId,
      usdc_mint: api.localnet.usdcMint,
      needs_sol: 0,
      needs_usdc: 0,
    });
    const data = Buffer.from(body.instruction_data, "base64");
    expect([...data.subarray(0, 8)]).toEqual(PAY_USDC);
    expect(data.readBigUInt64LE(8)).toBe(700_000n);
    expect(data.subarray(16).toString("hex")).toBe(body.reference);
    const [program, config, wallet] = [body.program_id, body.config_pda, alice.wallet.publicKey];
    const pda = (...seeds: (string | Uint8Array)[]) =>
      PublicKey.findProgramAddressSync(
        seeds.map((seed) => Buffer.from(seed)),
        new PublicKey(program),
      )[0].toBase58();
    expect(config).toBe(pda("config"));
    expect(body.user_credit_pda).toBe(pda("credit", wallet.toBytes()));
    const { user_credit_pda, user_usdc_ata, vault_ata, usdc_mint } = body;
    expect(body.accounts.map(({ pubkey }) => pubkey)).toEqual([
      ...[alice.address, config, user_credit_pda, user_usdc_ata, vault_ata, usdc_mint],
      ...["TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", SystemProgram.programId.toBase58()],
    ]);
  });

  test.each([
    ...["5", true, 0, -1, 1.5, 1e300, 10_001, null, [5]].map((credits_to_buy) => ({ credits_to_buy })),
    {},
  ])("an intent with %j is refused", async (body) => {
    const answer = await post("/api/credits/topup/usdc/intent", body, alice.auth);
    expect([answer.status, answer.body.detail]).toEqual([400, "credits_to_buy must be a positive integer"]);
  });

  test("the most that can be bought at once is 10,000 credits", async () => {
    expect(await intent(alice, 10_000)).toMatchObject({
      amount_base_units: 1_000_000_000,
      needs_usdc: 900_000_000,
    });
  });

  test("a 1.x client makes and sends the transaction itself, and confirms it", async () => {
    const before = await credits();
    const asked = await intent(alice, 5);
    const signature = await sent(alice.wallet, [instructionOf(asked)]);
    const answer = await confirmed(signature);
    expect(TopupConfirm.strict().parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({
      credited: true,
      new_balance: before + 5,
      credits_added: 5,
      reference: asked.reference,
    });
    expect(await credits()).toBe(before + 5);
    expect((await confirm(signature)).body).toEqual(answer); // the same again, also after more was bought
  });

  test("a page signs the transaction that it is given and has it sent", async () => {
    const before = await credits();
    const asked = await intent(alice, 3);
    const transaction = signedIntent(asked, alice.wallet);
    const first = await post("/api/credits/topup/usdc/send", { transaction }, alice.auth);
    expect([first.status, TopupSent.strict().parse(first.body)]).toEqual([200, first.body]);
    const again = await post("/api/credits/topup/usdc/send", { transaction }, alice.auth);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(await confirmed(first.body.signature)).toMatchObject({
      credits_added: 3,
      new_balance: before + 3,
    });
    expect(await credits()).toBe(before + 3);
  });

  test.each<[string, unknown, string]>([
    ["nothing", {}, "transaction is required"],
    ["a number", { transaction: 7 }, "transaction is required"],
    ["no base64", { transaction: "%%%" }, "transaction must be base64"],
    ["64 kB", { transaction: "AAAA".repeat(10_000) }, "transaction is too long"],
    ["other bytes", { transaction: "AAAA" }, "transaction is no Solana transaction"],
  ])("what is sent may not be %s", async (_name, body, detail) => {
    const answer = await post("/api/credits/topup/usdc/send", body, alice.auth);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
  });

  test("nothing but the wallet's own payment is sent", async () => {
    const asked = await intent(alice, 1);
    const send = async (transaction: string, who = alice) => {
      const { status, body } = await post("/api/credits/topup/usdc/send", { transaction }, who.auth);
      return [status, body.code];
    };
    expect(await send(asked.transaction)).toEqual([400, "INVALID_INPUT"]); // unsigned
    expect(await send(signedIntent(asked, alice.wallet), bob)).toEqual([400, "INVALID_INPUT"]);
    const { blockhash } = await connection().getLatestBlockhash();
    const gift = new Transaction({ feePayer: alice.wallet.publicKey, recentBlockhash: blockhash });
    const lamports = { fromPubkey: alice.wallet.publicKey, toPubkey: bob.wallet.publicKey, lamports: 1 };
    gift.add(instructionOf(asked), SystemProgram.transfer(lamports)).sign(alice.wallet);
    expect(await send(gift.serialize().toString("base64"))).toEqual([400, "INVALID_INPUT"]);
  });

  test("a payment that cannot be made is told at once", async () => {
    const poor = await api.aWallet("poor", { usdc: 0.1 });
    const asked = await intent(poor, 5);
    expect(asked.needs_usdc).toBe(400_000);
    const transaction = signedIntent(asked, poor.wallet);
    const answer = await post("/api/credits/topup/usdc/send", { transaction }, poor.auth);
    expect([answer.status, answer.body.code]).toEqual([400, "TRANSACTION_FAILED"]);
  });
});

describe("confirm refuses", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a number", 7],
    ["null", null],
  ])("%s as a signature", async (_name, signature) => {
    const answer = await confirm(signature);
    expect([answer.status, answer.body.detail]).toEqual([400, "signature is required"]);
  });

  test.each([
    ["no base58", "0OIl".repeat(22)],
    ["63 bytes", "1".repeat(63)],
    ["65 bytes", "1".repeat(65)],
    ["base64", Buffer.alloc(64, 7).toString("base64")],
    ["64 kB", "2".repeat(60_000)],
  ])("%s, which is the signature of no transaction", async (_name, signature) => {
    const answer = await confirm(signature);
    expect([answer.status, answer.body.code]).toEqual([400, "INVALID_INPUT"]);
  });

  test("a signature of no transaction", async () => {
    const answer = await confirm(signed(alice.wallet, "nothing on any chain"));
    expect([answer.status, answer.body]).toMatchObject([
      404,
      { detail: "transaction not found", code: "TRANSACTION_NOT_FOUND", retryable: true },
    ]);
  });

  test("a payment that failed on the chain", async () => {
    const asked = await intent(alice, 1);
    const wrong = instructionOf(asked);
    wrong.data.writeBigUInt64LE(100_001n, 8); // no multiple of the price
    const signature = await sent(alice.wallet, [wrong], true);
    const answer = await confirm(signature);
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { detail: "transaction failed", code: "TRANSACTION_FAILED" },
    ]);
  });

  test("a transaction of another program, another wallet's payment, and a payment for no intent of the wallet", async () => {
    const refused = async (signature: string, who = alice) => {
      const { status, body } = await confirm(signature, who);
      return [status, body.detail];
    };
    const before = await credits(bob);
    const lamports = { fromPubkey: alice.wallet.publicKey, toPubkey: bob.wallet.publicKey, lamports: 1 };
    const transfer = await sent(alice.wallet, [SystemProgram.transfer(lamports)]);
    expect(await refused(transfer)).toEqual([400, "invalid program"]);
    const theirs = await sent(bob.wallet, [instructionOf(await intent(bob, 2))]);
    expect(await refused(theirs)).toEqual([400, "invalid program"]);
    expect((await confirmed(theirs, bob)).new_balance).toBe(before + 2);
    expect(await refused(theirs)).toEqual([400, "invalid program"]); // also once it is known
    const unasked = instructionOf(await intent(alice, 1));
    unasked.data.fill(9, 16);
    const own = await sent(alice.wallet, [
      unasked,
      ComputeBudgetProgram.setComputeUnitLimit({ units: 90_000 }),
    ]);
    expect(await refused(own)).toEqual([400, "invalid program"]);
  });
});

describe("unlocking", () => {
  const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
  let job: { job_id: string; job_token: string };
  const clip = (file = "clip_01.mp4", id = job.job_id) => `/api/jobs/${id}/clips/${file}`;
  const unlock = (body: unknown, headers: Record<string, string>, file?: string, id?: string) =>
    post(`${clip(file, id)}/unlock`, body, headers);
  const tokenOf = (made: { job_token: string }) => ({ "x-job-token": made.job_token });

  beforeAll(async () => {
    job = (await post("/api/jobs", JOB)).body;
    expect((await api.until(job.job_id)).status).toBe("SUCCEEDED");
  }, 60_000);

  test("a locked clip is 403 on every way but its preview, then it is opened for one credit, once", async () => {
    const frank = await api.aWallet("frank", { usdc: 1 });
    await toppedUp(frank, 2);
    for (const path of ["", "/download"]) {
      const { status, body } = await get(`${clip()}${path}`, tokenOf(job));
      expect([status, body]).toMatchObject([403, { error: "locked" }]);
    }
    expect((await get(`${clip()}/preview`, tokenOf(job))).status).toBe(200);
    const results = await get(`/api/jobs/${job.job_id}/results`, tokenOf(job));
    expect(results.body.clips[0].locked).toBe(true);

    const both = { ...tokenOf(job), ...frank.auth };
    const first = await unlock({ unlock_request_id: "a" }, both);
    const answer = { job_id: job.job_id, clip_file: "clip_01.mp4", unlocked: true };
    expect([first.status, first.body]).toEqual([200, { ...answer, charged_credits: 1, idempotency: "NEW" }]);
    for (const unlock_request_id of ["a", "b", "x".repeat(500)]) {
      const again = await unlock({ unlock_request_id }, both);
      expect([again.status, again.body]).toEqual([
        200,
        { ...answer, charged_credits: 0, idempotency: "REPLAY" },
      ]);
    }
    expect(await credits(frank)).toBe(1);
    expect((await get(`${clip()}/download`, tokenOf(job))).status).toBe(200);
    expect((await get(clip(), tokenOf(job))).status).toBe(200);
  });

  test("the checks come in the documented order", async () => {
    const made = (await post("/api/jobs", JOB)).body;
    const running = (await post("/api/jobs", { ...JOB, video_url: "https://example.com/hangs.mp4" })).body;
    expect((await api.until(made.job_id)).status).toBe("SUCCEEDED");
    const poor = await api.aWallet("grace", { sol: 0 });
    const id = { unlock_request_id: "a" };
    const ask = async (...asked: Parameters<typeof unlock>) => {
      const { status, body } = await unlock(...asked);
      return [status, body.detail];
    };
    const unknown = "kk_01JD0000000000000000000000";
    const mine = tokenOf(made);
    expect(await ask({}, mine, undefined, unknown)).toEqual([404, "job not found"]);
    expect(await ask({}, poor.auth, undefined, made.job_id)).toEqual([401, "invalid job token"]);
    expect(await ask({}, { ...tokenOf(job), ...poor.auth }, undefined, made.job_id)).toEqual([
      401,
      "invalid job token",
    ]);
    expect(await ask({}, tokenOf(running), undefined, running.job_id)).toEqual([401, "auth token required"]);
    const bad = { ...tokenOf(running), "x-auth-token": NOWHERE };
    expect(await ask({}, bad, undefined, running.job_id)).toEqual([401, "invalid auth token"]);
    const both = { ...mine, ...poor.auth };
    expect(await ask({}, { ...tokenOf(running), ...poor.auth }, undefined, running.job_id)).toEqual([
      409,
      "job not completed",
    ]);
    for (const body of [{}, { unlock_request_id: "" }, { unlock_request_id: 7 }, undefined])
      expect(await ask(body, both, "clip_05.mp4", made.job_id)).toEqual([
        400,
        "unlock_request_id is required",
      ]);
    for (const file of ["clip_05.mp4", "manifest.json", "..%2Fclip_01.mp4"])
      expect(await ask(id, both, file, made.job_id)).toEqual([404, "clip not found"]);
    expect(await ask(id, both, undefined, made.job_id)).toEqual([402, "insufficient_credits"]);
    expect(await ask(id, both, undefined, made.job_id)).toEqual([402, "insufficient_credits"]); // with its own status again
    await post(`/api/jobs/${running.job_id}/cancel`, undefined, tokenOf(running));
  });
});

test("nothing but the wallet's tokens opens what is its own: a token of a wallet is no job token, and the other way round", async () => {
  const heidi = testWallet("heidi");
  const auth = await api.signIn(heidi);
  const made = await post(
    "/api/jobs",
    { video_url: "https://example.com/hangs.mp4", clip_duration_seconds: 30, clip_count: 1 },
    auth,
  );
  const { job_id, job_token } = made.body;
  expect((await get("/api/jobs/mine", auth)).body.map((row: { job_id: string }) => row.job_id)).toEqual([
    job_id,
  ]);
  expect((await get("/api/jobs/mine", bob.auth)).body).toEqual([]);
  const owner = async (headers: Record<string, string>) =>
    (await get(`/api/jobs/${job_id}`, headers)).body.source;
  expect(await owner(auth)).not.toBeNull();
  expect(await owner({ "x-job-token": job_token })).not.toBeNull();
  for (const headers of [bob.auth, { "x-job-token": auth["x-auth-token"] }, { "x-auth-token": job_token }])
    expect(await owner(headers)).toBeNull();
  expect((await post("/api/jobs", {}, { "x-auth-token": NOWHERE })).status).toBe(400);
  await post(`/api/jobs/${job_id}/cancel`, undefined, auth);
});

test("a 1.x client, which knows nothing of what is new, goes from a wallet to a saved clip", async () => {
  const judy = testWallet("judy");
  const wallet_address = judy.publicKey.toBase58();
  api.localnet.faucet(wallet_address, { sol: 0.1, usdc: 1 });
  const asked = (await post("/api/auth/challenge", { wallet_address })).body;
  const signature = signed(judy, asked.challenge);
  const verified = await post("/api/auth/verify", { wallet_address, nonce: asked.nonce, signature });
  const auth = { "x-auth-token": verified.body.auth_token };
  expect((await get(`/api/credits/balance?wallet=${wallet_address}`, auth)).body.credits).toBe(0);

  const topup = (await post("/api/credits/topup/usdc/intent", { credits_to_buy: 2 }, auth)).body;
  // the list that its page had in its code, with the config writable as it was then
  const keys = [
    { pubkey: topup.wallet_address, isSigner: true, isWritable: true },
    ...["config_pda", "user_credit_pda", "user_usdc_ata", "vault_ata"].map((name) => ({
      ...{ pubkey: topup[name], isSigner: false, isWritable: true },
    })),
    { pubkey: topup.usdc_mint, isSigner: false, isWritable: false },
    { pubkey: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", isSigner: false, isWritable: false },
    { pubkey: "11111111111111111111111111111111", isSigner: false, isWritable: false },
  ].map(({ pubkey, ...flags }) => ({ pubkey: new PublicKey(pubkey), ...flags }));
  const payment = await sent(judy, [
    new TransactionInstruction({
      ...{ programId: new PublicKey(topup.program_id), keys },
      data: Buffer.from(topup.instruction_data, "base64"),
    }),
  ]);
  await connection().confirmTransaction(payment, "confirmed");
  const paid = await post("/api/credits/topup/usdc/confirm", { signature: payment }, auth);
  expect([paid.status, paid.body]).toMatchObject([200, { credited: true, new_balance: 2 }]);

  const job = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
  const { job_id, job_token } = (await post("/api/jobs", job)).body;
  expect((await api.until(job_id)).status).toBe("SUCCEEDED");
  const owner = { "x-job-token": job_token };
  const [clip] = (await get(`/api/jobs/${job_id}/results`, owner)).body.clips;
  const bytesOf = async (path: string) =>
    (await (await fetch(new URL((await get(path, owner)).body.url, api.url))).arrayBuffer()).byteLength;
  expect([clip.locked, await bytesOf(clip.preview_endpoint)]).toEqual([true, 500]);
  expect((await get(clip.download_endpoint, owner)).body.error).toBe("locked");
  const unlocked = await post(clip.unlock_endpoint, { unlock_request_id: "6f1c" }, { ...owner, ...auth });
  expect([unlocked.status, unlocked.body.charged_credits]).toEqual([200, 1]);
  expect(await bytesOf(clip.download_endpoint)).toBe(5000);
  expect((await get("/api/credits/balance", auth)).body.credits).toBe(1);
});

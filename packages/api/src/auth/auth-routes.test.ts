import { Challenge, Session, Verified } from "@kangklip/contract";
import type { Keypair } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CreditsApi, signed, startCreditsApi } from "../testing-credits.ts";

const NOWHERE = `kkw_${"w".repeat(43)}`;
let api: CreditsApi;
let alice: { wallet: Keypair; address: string; auth: { "x-auth-token": string } };
let bob: typeof alice;

const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.rest("POST", path, body, headers);
const get = (path: string, headers: Record<string, string> = {}) => api.rest("GET", path, undefined, headers);

beforeAll(async () => {
  api = await startCreditsApi();
  alice = await api.aWallet("alice", { sol: 0 });
  bob = await api.aWallet("bob", { sol: 0 });
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

describe("signing in", () => {
  test("challenge, verify, session and logout answer as documented", async () => {
    const { wallet, address } = alice;
    const asked = await post("/api/auth/challenge", { wallet_address: address });
    expect(Challenge.strict().parse(asked.body)).toEqual(asked.body);
    expect(asked.body.sign_in_input).toMatchObject({
      chainId: "solana:localnet",
      uri: api.url.replace("127.0.0.1", "localhost"),
    });
    const { nonce, challenge } = asked.body;
    const answer = { wallet_address: address, nonce, signature: signed(wallet, challenge) };
    const verified = await post("/api/auth/verify", answer);
    expect([verified.status, Verified.strict().parse(verified.body)]).toEqual([200, verified.body]);
    const headers = { "x-auth-token": verified.body.auth_token };
    const session = await get("/api/auth/session", headers);
    expect(Session.strict().parse(session.body)).toMatchObject({ wallet_address: address });
    expect((await post("/api/auth/logout", undefined, headers)).body).toEqual({ ok: true });
    expect((await get("/api/auth/session", headers)).status).toBe(401);
  });

  test("a page of ours is named by its own address, a foreign one is not", async () => {
    for (const [origin, domain] of [
      [api.url, new URL(api.url).host],
      ["http://localhost:3000", "localhost:3000"],
      ["https://evil.example", new URL(api.url).host.replace("127.0.0.1", "localhost")],
    ]) {
      const headers = { origin: origin ?? "" };
      const { body } = await post("/api/auth/challenge", { wallet_address: alice.address }, headers);
      expect(body.sign_in_input.domain).toBe(domain);
    }
  });

  test.each<[string, unknown, number, string]>([
    ["challenge", {}, 400, "wallet_address is required"],
    ["challenge", { wallet_address: 7 }, 400, "wallet_address is required"],
    ["challenge", { wallet_address: "" }, 400, "wallet_address is required"],
    [
      "challenge",
      { wallet_address: "0x52908400098527886E0F7030069857D2E4169EE7" },
      400,
      "wallet_address is required",
    ],
    ["challenge", { wallet_address: "1".repeat(31) }, 400, "wallet_address is required"],
    ["verify", {}, 400, "wallet_address is required"],
    ["verify", { nonce: "n" }, 400, "wallet_address is required"],
    ["verify", { wallet_address: "w", signature: "s" }, 400, "nonce is required"],
    ["verify", { wallet_address: "w", nonce: 1, signature: "" }, 400, "nonce is required"],
    ["verify", { wallet_address: "w", nonce: "n" }, 400, "signature is required"],
    ["verify", { wallet_address: "w", nonce: "n", signature: "s" }, 400, "invalid nonce"],
    [
      "verify",
      { wallet_address: "w", nonce: "n", signature: "s", signed_message: "%" },
      400,
      "signed_message must be base64",
    ],
  ])("%s with %j is %s %s", async (what, body, status, detail) => {
    const answer = await post(`/api/auth/${what}`, body);
    expect([answer.status, answer.body.detail]).toEqual([status, detail]);
  });

  test("a wrong signature is 401, and its nonce is spent", async () => {
    const { address, wallet } = alice;
    const { nonce, challenge } = (await post("/api/auth/challenge", { wallet_address: address })).body;
    const answer = (signature: string) =>
      post("/api/auth/verify", { wallet_address: address, nonce, signature });
    const wrong = await answer(signed(bob.wallet, challenge));
    expect([wrong.status, wrong.body]).toMatchObject([
      401,
      { detail: "invalid signature", code: "NOT_SIGNED_IN" },
    ]);
    const late = await answer(signed(wallet, challenge));
    expect([late.status, late.body.detail]).toEqual([400, "invalid nonce"]);
  });
});

describe("who is signed in is asked first", () => {
  const guarded: [string, string, unknown?][] = [
    ["GET", "/api/auth/session"],
    ["POST", "/api/auth/logout"],
    ["POST", "/api/auth/logout", { everywhere: "all" }],
    ["GET", "/api/credits/balance"],
    ["GET", "/api/credits/balance?wallet=somebody"],
    ["POST", "/api/credits/topup/usdc/intent", { credits_to_buy: "5" }],
    ["POST", "/api/credits/topup/usdc/send", {}],
    ["POST", "/api/credits/topup/usdc/confirm", {}],
    ["POST", "/api/credits/topup/confirm", {}],
    ["POST", "/api/credits/faucet"],
    ["GET", "/api/jobs/mine"],
  ];
  test.each(guarded)("%s %s, %j", async (method, path, body) => {
    const ask = async (headers: Record<string, string>) => {
      const answer = await api.rest(method, path, body, headers);
      return [answer.status, answer.body.detail, answer.body.code];
    };
    const over = await api.signIn(alice.wallet);
    await post("/api/auth/logout", {}, over);
    const required = [401, "auth token required", "NOT_SIGNED_IN"];
    const invalid = [401, "invalid auth token", "NOT_SIGNED_IN"];
    expect(await ask({})).toEqual(required);
    expect(await ask({ "x-auth-token": "" })).toEqual(required);
    for (const token of [NOWHERE, over["x-auth-token"], `${alice.auth["x-auth-token"]}x`, alice.address])
      expect(await ask({ "x-auth-token": token })).toEqual(invalid);
    expect(await ask({ "x-job-token": alice.auth["x-auth-token"] })).toEqual(required);
    expect(await ask({ authorization: `Bearer ${alice.auth["x-auth-token"]}` })).toEqual(required);
  });

  test("a logout everywhere ends the other sessions of the wallet too", async () => {
    const carol = await api.aWallet("carol", { sol: 0 });
    const phone = await api.signIn(carol.wallet);
    expect((await post("/api/auth/logout", { everywhere: true }, carol.auth)).status).toBe(200);
    expect((await get("/api/auth/session", phone)).status).toBe(401);
    expect((await get("/api/auth/session", alice.auth)).status).toBe(200);
  });
});

test("where signing in is limited, the answer says for how long", async () => {
  await using limited = await startCreditsApi({ localnet: api.localnet, env: { JOBS_PER_MINUTE: "1" } });
  const body = { wallet_address: alice.address };
  const ask = () => limited.rest("POST", "/api/auth/challenge", body);
  for (let index = 0; index < 3; index++) expect((await ask()).status).toBe(200);
  const refused = await ask();
  expect([refused.status, refused.body.code]).toEqual([429, "RATE_LIMITED"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await limited.rest("GET", "/api/credits")).status).toBe(200);
});

import { startLocalnet } from "@kangklip/localnet";
import { VersionedTransaction } from "@solana/web3.js";
import { pino } from "pino";
import { expect, test } from "vitest";
import { startCreditsApi } from "./testing-credits.ts";

/** What an RPC's address may hold: whoever knows it uses the account. */
const RPC_KEY = "canary-of-the-rpc-4d1f";

test("neither the log nor an answer holds a session, a signature of a wallet, the spender's key or the RPC's", async () => {
  const lines: string[] = [];
  const answers: string[] = [];
  // nothing is crossed out here: what `createLog` would hide must not even be told
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const localnet = await startLocalnet({ slotMs: 50 });
  try {
    const SOLANA_RPC_URL = `${localnet.url}/?api-key=${RPC_KEY}`;
    await using api = await startCreditsApi({ localnet, log, env: { SOLANA_RPC_URL } });
    const ask = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
      const answer = await api.rest(method, path, body, headers);
      answers.push(JSON.stringify(answer.body));
      return answer;
    };
    const { wallet, auth } = await api.aWallet("secrets", { usdc: 1 });
    const intent = (await ask("POST", "/api/credits/topup/usdc/intent", { credits_to_buy: 2 }, auth)).body;
    const payment = VersionedTransaction.deserialize(Buffer.from(intent.transaction, "base64"));
    payment.sign([wallet]);
    const transaction = Buffer.from(payment.serialize()).toString("base64");
    const { signature } = (await ask("POST", "/api/credits/topup/usdc/send", { transaction }, auth)).body;
    let status = 0;
    for (let tries = 0; status !== 200 && tries < 20; tries++)
      status = (await ask("POST", "/api/credits/topup/usdc/confirm", { signature }, auth)).status;
    expect(status).toBe(200);
    const job = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
    const { job_id, job_token } = (await api.rest("POST", "/api/jobs", job, auth)).body;
    expect((await api.until(job_id)).status).toBe("SUCCEEDED");
    const both = { ...auth, "x-job-token": job_token };
    const unlock = `/api/jobs/${job_id}/clips/clip_01.mp4/unlock`;
    expect((await ask("POST", unlock, { unlock_request_id: "u" }, both)).status).toBe(200);
    await ask("POST", "/api/auth/verify", { wallet_address: "w", nonce: "n", signature: "s" }, auth);

    await localnet.stop(); // from now on every call of the RPC fails
    await using other = await startCreditsApi({ localnet, log, env: { SOLANA_RPC_URL } }); // never saw the chain
    const [away, ready, unknown] = await Promise.all([
      ask("GET", "/api/credits/balance", undefined, auth),
      other.rest("GET", "/readyz"),
      other.rest("POST", "/api/auth/challenge", { wallet_address: wallet.publicKey.toBase58() }),
    ]);
    answers.push(JSON.stringify([ready.body, unknown.body]));
    for (const { status, body, headers } of [away, unknown]) {
      expect([status, body.code]).toEqual([503, "UNAVAILABLE"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    // jobs are made and watched without the chain
    expect([ready.status, ready.body.ok, ready.body.checks.credits]).toEqual([
      200,
      true,
      expect.objectContaining({ ok: false, needed: false }),
    ]);
    expect((await api.rest("GET", `/api/jobs/${job_id}`)).status).toBe(200); // the rest goes on

    const spender: number[] = JSON.parse(localnet.spender);
    const secrets = {
      "the session": auth["x-auth-token"].slice(4),
      "the job's token": job_token.slice(4),
      "the spender's key as bytes": JSON.stringify(spender.slice(0, 32)).slice(1, -1),
      "the spender's key in hex": Buffer.from(spender.slice(0, 32)).toString("hex"),
      "the spender's key in base64": Buffer.from(spender).toString("base64").slice(0, 40),
      "the RPC's key": RPC_KEY,
    };
    const told = [...lines, ...answers].join("\n");
    expect(lines.length).toBeGreaterThan(10);
    for (const [what, secret] of Object.entries(secrets)) expect(told.includes(secret), what).toBe(false);
  } finally {
    await localnet.stop();
  }
}, 60_000);

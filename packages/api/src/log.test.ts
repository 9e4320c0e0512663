import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loggedPath, scrubbed } from "./log.ts";

const LOG = fileURLToPath(new URL("log.ts", import.meta.url));

/** What a process logs that runs these lines, with `log` as its log. */
function logOf(lines: string): { stdout: string; stderr: string } {
  const script = `const { createLog } = await import(${JSON.stringify(LOG)}); const log = createLog("debug");\n${lines}`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
}

test("secrets are crossed out at every depth that our lines have, and lines are JSON on stderr", () => {
  const { stdout, stderr } = logOf(`
    const s = "canary";
    log.info({ job_token: s, job: { token: s, env: { KK_CLAIM_TOKEN: s } }, headers: { "x-job-token": s, cookie: s },
      "x-attempt-token": s, "x-upload-token": s, upload: { upload_token: s }, config: { secretAccessKey: s, llm: { apiKey: s }, credits: { spenderKey: s, rpcUrls: [s] } }, password: s,
      env: { SPENDER_KEYPAIR: s, SOLANA_RPC_URL: s }, payer: { _keypair: { secretKey: s } }, auth_token: s, asked: { signed_message: s } }, "hello");`);
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({
    msg: "hello",
    job_token: "[secret]",
    job: { token: "[secret]" },
  });
  expect(stderr).not.toContain("canary");
});

test("errors of others do not bring along what was sent", () => {
  const { stderr } = logOf(`
    log.error({ err: Object.assign(new Error("WRONGPASS invalid username-password pair"), { command: { name: "auth", args: ["canary"] } }) }, "a bug");
    log.error({ err: Object.assign(new Error("Unexpected token"), { body: "canary", config: { headers: { a: "canary" } } }) }, "a bug");
    log.error({ err: new Error("connect to redis://default:canary@127.0.0.1:6379 failed", { cause: new Error("kkj_${"canary".repeat(6)}") }) }, "a bug");`);
  const lines = stderr.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["a bug", "a bug", "a bug"]);
  expect(stderr).toContain("WRONGPASS");
  expect(stderr).not.toContain("canary");
});

test.each([
  ["token kkj_0123456789012345678901234567890123456789012", "token [secret]"],
  [
    "GET https://b.example/k?X-Amz-Signature=0abc&x=1",
    "GET https://b.example/k?X-Amz-Signature=[secret]&x=1",
  ],
  ['{"url":"/artifacts/a?expires=1&signature=ab-c"}', '{"url":"/artifacts/a?expires=1&signature=[secret]"}'],
  ["rediss://user:pass@r.example:6379/0", "rediss://[secret]@r.example:6379/0"],
  ["authorization: Bearer sk-0123456789", "authorization: Bearer [secret]"],
  [
    `GET /trpc/shares.view?input=%7B%22token%22%3A%22kks_${"0".repeat(95)}%22%7D`,
    "GET /trpc/shares.view?input=%7B%22token%22%3A%22[secret]%22%7D",
  ],
  ["job kk_01JD0000000000000000000000 launch kk-01jd0000000000000000000000-e1", undefined],
  ["wallet token kkw_0123456789012345678901234567890123456789012", "wallet token [secret]"],
  ["https://rpc.example/?api-key=0abc-1&x=1", "https://rpc.example/?api-key=[secret]&x=1"],
  [`key ${JSON.stringify(Array(64).fill(207))}`, "key [secret]"],
  [`seed ${JSON.stringify(Array(32).fill(7), null, 1)} end`, "seed [secret] end"],
  [`key ${JSON.stringify(new Uint8Array(64).fill(9))}`, "key [secret]"],
  ["slots [1,2,3] and 250000000", undefined],
  ["mail to a@b.example, https://example.com/@handle", undefined],
])("%s is logged as it should be", (line, expected) => {
  expect(scrubbed(line)).toBe(expected ?? line);
});

test("a signed link is logged without its signature, a link to clips without its token", () => {
  expect(loggedPath("/artifacts/jobs/x/clip_01.mp4?exp=1&sig=abc")).toBe("/artifacts/jobs/x/clip_01.mp4");
  for (const [before, after] of [
    ["/api/shares/", ""],
    ["/s/", "?a=1"],
  ])
    expect(loggedPath(`${before}kks_${"0".repeat(95)}${after}`)).toBe(`${before}[secret]`);
});

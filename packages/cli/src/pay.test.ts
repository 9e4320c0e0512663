import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Localnet, startLocalnet } from "@kangklip/localnet";
import { openDemoWallet } from "@kangklip/localnet/demo-wallet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { EXIT } from "./exit.ts";
import { make } from "./make.ts";
import { signIn } from "./pay.ts";
import type { Terminal } from "./terminal.ts";
import { createTerminal } from "./terminal.ts";
import { kangklip } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-pay-"));
const source = "https://example.com/ok.mp4";
const request = { clip_duration_seconds: 30, clip_count: 1, language: "en" } as const;
let net: Localnet;
let api: Awaited<ReturnType<typeof startTestApi>>;

beforeAll(async () => {
  net = await startLocalnet();
  api = await startTestApi({ env: { ...net.settings, GENERATION_FEE: "2" } });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await net.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A terminal that remembers its events. */
function listening(): { terminal: Terminal; events: Record<string, unknown>[] } {
  const events: Record<string, unknown>[] = [];
  const quiet = createTerminal({ json: false, quiet: true, color: false });
  return { events, terminal: { ...quiet, event: (value) => events.push(value as never) } };
}
const startPayer = (name: string, terminal: Terminal) =>
  signIn(api.url, { wallet: openDemoWallet(join(dir, name)), chainUrl: net.url, terminal });
const makeWith = (options: Partial<Parameters<typeof make>[0]>, terminal: Terminal) =>
  make({
    ...{ apiUrl: api.url, terminal, source, request, outDir: join(dir, "clips") },
    signal: new AbortController().signal,
    ...options,
  });

test("a demo wallet signs in, buys credits, pays for making, unlocks and saves the clip; each payment is told with its transaction", async () => {
  const { terminal, events } = listening();
  const payer = await startPayer("wallet", terminal);
  await payer.topUpTo(3);
  const { headers, unlock } = payer;
  const { clips } = await makeWith({ headers, unlock }, terminal);
  expect(clips).toMatchObject([{ file: "clip_01.mp4", path: expect.stringContaining("clip_01.mp4") }]);
  expect(readFileSync(clips[0]?.path ?? "").length).toBe(5000);
  const told = events.filter(({ event }) => event !== "progress");
  expect(told).toMatchObject([
    { event: "signed in", wallet: payer.address },
    { event: "faucet", sol: expect.any(Number), usdc: expect.any(Number) },
    { event: "topup", credits: 3, usdc: 0.3, balance: 3, lamports: expect.any(Number) },
    { event: "created" },
    { event: "fee", credits: 2 },
    { event: "unlocked", file: "clip_01.mp4", credits: 1 },
    { event: "saved", file: "clip_01.mp4" },
  ]);
  const signatures = [2, 4, 5].map((index) => told[index]?.signature);
  expect(new Set(signatures).size).toBe(3);
  for (const signature of signatures) expect(signature).toMatch(/^[1-9A-HJ-NP-Za-km-z]{80,90}$/);
  expect(told[2]?.lamports).toBeGreaterThan(1_000_000); // the rent of its first account is in it

  const client = api.trpc(headers);
  expect(await client.credits.balance.query({})).toMatchObject({ credits: 0, purchased: 3, spent: 3 });
  expect(await client.jobs.mine.query({})).toHaveLength(1);
  await payer.topUpTo(0); // it has that already: nothing is bought
  expect(events.filter(({ event }) => event === "topup")).toHaveLength(1);
}, 60_000);

test("clips that nobody paid for are not saved: the result says so, and the exit code is that of credits", async () => {
  const { terminal } = listening();
  const payer = await startPayer("another", terminal);
  await payer.topUpTo(2); // for making it alone
  const result = await makeWith({ headers: payer.headers }, terminal);
  expect(result.clips).toMatchObject([{ file: "clip_01.mp4", path: null, title: expect.any(String) }]);
  expect(existsSync(join(dir, "clips", result.job_id))).toBe(false);
  // making costs credits here: without a wallet the terminal can only say so
  const { exit, stderr } = await kangklip(["clip", source, "--api", api.url], { DATA_DIR: dir });
  expect(exit).toBe(EXIT.credits);
  expect(stderr).toMatch(/wallet/);
}, 60_000);

test("clip: without a wallet the clips are made and stay locked; it says where to unlock them, and ends with the code of credits", async () => {
  await using free = await startTestApi({ env: net.settings });
  const out = join(dir, "locked");
  const { exit, last, stderr } = await kangklip(["clip", source, "--json", "--api", free.url, "--out", out], {
    DATA_DIR: dir,
  });
  expect(exit).toBe(EXIT.credits);
  expect(last).toMatchObject({ status: "SUCCEEDED", clips: [{ file: "clip_01.mp4", path: null }] });
  expect(stderr).toContain(`Unlock what is locked here: ${free.url}/jobs/${last.job_id}#token=kkj_`);
  expect(existsSync(out)).toBe(false);
}, 60_000);

test("credits that are off, and a chain that is no localnet, are refused before anything is signed", async () => {
  await using off = await startTestApi();
  const { terminal } = listening();
  const wallet = openDemoWallet(join(dir, "unused"));
  await expect(signIn(off.url, { wallet, chainUrl: net.url, terminal })).rejects.toMatchObject({
    exit: EXIT.credits,
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, testWallet } from "@kangklip/localnet/testing";
import { afterAll, expect, test } from "vitest";
import { kangklip } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-cli-localnet-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const wallet = testWallet("cli").publicKey.toBase58();

/** Runs it until it listens and `meanwhile` is done, then ends it. */
async function running(
  args: string[],
  signal: "SIGINT" | "SIGKILL",
  meanwhile: (line: Listening) => Promise<void>,
) {
  let asked: Promise<void> | undefined;
  const ran = await kangklip(
    ["localnet", "--port", "0", "--json", ...args],
    { DATA_DIR: dir },
    (child, said) => {
      if (asked || !said.includes("\n")) return;
      asked = meanwhile(JSON.parse(said.split("\n")[0] ?? "")).finally(() => child.kill(signal));
    },
  );
  await asked;
  return ran;
}
interface Listening {
  url: string;
  ws_url: string;
  file: string;
  settings: Record<string, string>;
}
const balance = async ({ url }: Listening) =>
  ((await call(url, "getBalance", wallet)) as { result: { value: number } }).result.value;

test("localnet says what to put into .env, keeps the spender's key to its owner, and its state through a restart", async () => {
  const first = await running([], "SIGINT", async (line) => {
    expect(Object.keys(line.settings)).toEqual([
      ...["SOLANA_RPC_URL", "USDC_MINT", "TREASURY_ADDRESS", "CREDITS_PROGRAM_ID", "SPENDER_KEYPAIR"],
    ]);
    expect(new URL(line.url).hostname).toBe("127.0.0.1");
    await call(line.url, "kk_faucet", wallet);
    expect(await balance(line)).toBe(1_000_000_000);
  });
  expect(first.exit).toBe(0);
  const { settings, file } = first.lines[0];
  expect(first.stderr).toContain(`CREDITS_PROGRAM_ID=${settings.CREDITS_PROGRAM_ID}\n`);
  expect(first.stderr).toContain("kk_faucet");
  expect(file).toBe(join(dir, "localnet", "chain.bin"));
  const key = readFileSync(settings.SPENDER_KEYPAIR, "utf8");
  expect(JSON.parse(key)).toHaveLength(64);
  expect(statSync(settings.SPENDER_KEYPAIR).mode & 0o777).toBe(0o600);
  expect(first.stdout + first.stderr).not.toContain(key.trim().slice(0, 40)); // named by its path alone
  let killed = "";
  const second = await running([], "SIGKILL", async (line) => {
    killed = line.url;
    expect(await balance(line)).toBe(1_000_000_000);
  });
  expect(second.exit).toBeNull();
  const isUp = () =>
    fetch(killed).then(
      () => true,
      () => false,
    );
  await expect.poll(isUp, { timeout: 30_000 }).toBe(false); // its chain ended with it
  const third = await running(["--reset"], "SIGINT", async (line) => expect(await balance(line)).toBe(0));
  expect(third.exit).toBe(0);
  await expect(fetch(third.lines[0].url)).rejects.toThrow();
}, 120_000);

test("a port that is taken, and a file that is something else, are told; the file is left alone", async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
  const { port } = other.address() as AddressInfo;
  const diary = join(dir, "diary.txt");
  writeFileSync(diary, "mine");
  const [taken, strange, reset] = await Promise.all([
    kangklip(["localnet", "--port", String(port)], { DATA_DIR: dir }),
    kangklip(["localnet", "--port", "0", "--file", diary], { DATA_DIR: dir }),
    kangklip(["localnet", "--port", "0", "--file", diary, "--reset"], { DATA_DIR: dir }),
  ]);
  other.close();
  expect([taken.exit, strange.exit, reset.exit]).toEqual([69, 78, 2]);
  expect(taken.stderr).toContain(`Port ${port} or ${port + 1} is taken: choose another one with --port`);
  expect(strange.stderr).toMatch(/diary\.txt is not a snapshot of a localnet\. Give another file/);
  expect(reset.stderr).toContain("--reset does not delete it");
  expect(readFileSync(diary, "utf8")).toBe("mine");
  expect(existsSync(`${diary}.new`)).toBe(false);
}, 120_000);

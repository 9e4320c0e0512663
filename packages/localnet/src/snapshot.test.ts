import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Connection } from "@solana/web3.js";
import { afterAll, expect, test } from "vitest";
import { SnapshotError, startLocalnet } from "./index.ts";
import { call, testWallet } from "./testing.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "kk-localnet-"));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});
const wallet = (name: string) => testWallet(name).publicKey;

async function start(file: string, port = 0) {
  const child = spawn(process.execPath, [MAIN], { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  child.stdin.write(`${JSON.stringify({ port, file })}\n`);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const ended = once(child, "exit");
  return { ...JSON.parse(line), child, ended };
}

test("a stopped chain goes on where it was: balances, transactions, blockhashes, its program; time has gone by", async () => {
  const file = join(dir, "kept", "localnet.bin");
  const first = await startLocalnet({ file });
  const signature = first.faucet(wallet("kept").toBase58(), { sol: 2, usdc: 3 });
  const { blockhash } = await new Connection(first.url, "confirmed").getLatestBlockhash();
  const slot = first.slot();
  await first.stop();
  expect(statSync(file).mode & 0o777).toBe(0o600);

  await using second = await startLocalnet({ file });
  const connection = new Connection(second.url, "confirmed");
  expect(await connection.getBalance(wallet("kept"))).toBe(2_000_000_000);
  const read = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 1 });
  expect(read?.meta?.err).toBeNull();
  expect(await connection.getSignaturesForAddress(wallet("kept"))).toMatchObject([{ signature }]);
  expect((await connection.isBlockhashValid(blockhash)).value).toBe(true);
  expect(second.slot()).toBeGreaterThan(slot);
  expect(await call(second.url, "getProgramAccounts", second.programId)).toMatchObject({
    result: [{ account: { space: 178 } }],
  });
  second.faucet(wallet("kept").toBase58(), { sol: 1 }); // and it works
  expect(await connection.getBalance(wallet("kept"))).toBe(3_000_000_000);
});

test("killed while it writes: it comes back each time, with all but the last moments", async () => {
  const file = join(dir, "killed.bin");
  const rounds: string[][] = [];
  const keptOf = async (url: string) => {
    const connection = new Connection(url, "confirmed");
    const kept: number[] = [];
    for (const names of rounds) {
      const accounts = await connection.getMultipleAccountsInfo(names.map(wallet));
      const there = accounts.map((account) => account?.lamports === 1_000_000_000);
      kept.push(there.lastIndexOf(true) + 1);
      expect(there.slice(0, kept.at(-1))).not.toContain(false); // nothing later without what was before it
    }
    return kept;
  };
  let before: number[] = [];
  for (let round = 0; round < 2; round++) {
    const net = await start(file);
    const kept = await keptOf(net.url);
    expect(kept.slice(0, before.length)).toEqual(before); // what was there once stays there
    before = kept;
    let sent = false;
    const writing = Promise.withResolvers<void>();
    const watcher = watch(dir, (_event, name) => {
      if (sent && name === "killed.bin.new") writing.resolve();
    });
    const names = Array.from({ length: 30 }, (_, each) => `killed ${round} ${each}`);
    for (const name of names) {
      sent = name === names.at(-1); // what it writes after the last one was asked for
      await call(net.url, "kk_faucet", wallet(name).toBase58(), { sol: 1 });
    }
    await writing.promise;
    net.child.kill("SIGKILL");
    watcher.close();
    await net.ended;
    rounds.push(names);
  }
  await using last = await startLocalnet({ file });
  const kept = await keptOf(last.url);
  expect(kept.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
}, 120_000);

test("a file that was being written when it was killed is not looked at", async () => {
  const file = join(dir, "half.bin");
  const first = await startLocalnet({ file });
  first.faucet(wallet("half").toBase58(), { sol: 1 });
  await first.stop();
  writeFileSync(`${file}.new`, readFileSync(file).subarray(0, 1000));
  await using second = await startLocalnet({ file });
  expect(await new Connection(second.url, "confirmed").getBalance(wallet("half"))).toBe(1_000_000_000);
  expect(existsSync(`${file}.new`)).toBe(false);
});

test("a damaged file, another file and another program's state are told, and left as they are", async () => {
  const file = join(dir, "damaged.bin");
  await (await startLocalnet({ file })).stop();
  const whole = readFileSync(file);
  await expect(startLocalnet({ file, programId: wallet("other").toBase58() })).rejects.toThrow(
    /state of another program/,
  );
  const damaged = Buffer.from(whole);
  damaged[damaged.length - 9] = (damaged[damaged.length - 9] ?? 0) ^ 1;
  for (const [bytes, words] of [
    [damaged, /is damaged/],
    [whole.subarray(0, whole.length - 100), /is damaged/],
    [Buffer.from("a diary\nof somebody"), /is not a snapshot/],
    [Buffer.alloc(0), /is not a snapshot/],
  ] as const) {
    writeFileSync(file, bytes);
    const failure = await startLocalnet({ file }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SnapshotError);
    expect((failure as Error).message).toMatch(words);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  }
});

test("the program ends with its standard input, keeping everything, and says when a port is taken", async () => {
  const file = join(dir, "program.bin");
  const net = await start(file);
  const port = Number(new URL(net.url).port);
  expect(net.settings.SOLANA_RPC_URL).toBe(net.url);
  const other = await start(join(dir, "other.bin"), port);
  expect(other).toMatchObject({ failed: "taken" });
  await call(net.url, "kk_faucet", wallet("program").toBase58());
  net.child.stdin.end(); // whoever started it is gone
  const [exit] = await net.ended;
  expect(exit).toBe(0);
  await expect(fetch(net.url)).rejects.toThrow();
  const again = await start(file, port);
  expect(await new Connection(again.url, "confirmed").getBalance(wallet("program"))).toBe(1_000_000_000);
  again.child.kill("SIGTERM");
  expect((await again.ended)[0]).toBe(0);
}, 60_000);

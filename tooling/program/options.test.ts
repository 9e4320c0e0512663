import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { Keypair } from "@solana/web3.js";
import { expect, onTestFinished, test } from "vitest";
import { keypairIn, openSender } from "./options.ts";

const MAINNET = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

/** A node that knows its first block's hash and nothing else. */
async function nodeOf(genesis: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const { id } = (await json(request)) as { id: string };
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: genesis }));
  });
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "kk-options-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "key.json"), text);
  return join(folder, "key.json");
}

test("mainnet must be meant", async () => {
  const keypair = fileWith(JSON.stringify([...Keypair.generate().secretKey]));
  const url = await nodeOf(MAINNET);
  const options = { url, keypair, "priority-fee": "0", mainnet: false };
  await expect(openSender(options)).rejects.toThrow("is mainnet, where this costs real money: add --mainnet");
  const { chain } = await openSender({ ...options, mainnet: true });
  expect([chain.name, chain.usdcMint]).toEqual(["mainnet", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"]);
  const own = await openSender({ ...options, url: await nodeOf("11111111111111111111111111111111") });
  expect(own.chain).toEqual({ name: "localnet" });
});

test.each(["-1", "1.5", "much"])("a priority fee of %s is refused", async (fee) => {
  const keypair = fileWith(JSON.stringify([...Keypair.generate().secretKey]));
  const options = { url: "http://127.0.0.1:1", keypair, "priority-fee": fee, mainnet: false };
  await expect(openSender(options)).rejects.toThrow("--priority-fee");
});

test("a file that is no key pair is refused without a word of what is in it", () => {
  const secret = [...Keypair.generate().secretKey];
  for (const text of [
    JSON.stringify(secret.slice(0, 32)),
    JSON.stringify(secret).slice(0, -9),
    "secret words",
  ]) {
    const read = () => keypairIn("keypair", fileWith(text));
    expect(read).toThrow("is no key pair as solana-keygen writes them");
    expect(read).not.toThrow(new RegExp(`${secret.slice(0, 3)}|secret words`));
  }
});

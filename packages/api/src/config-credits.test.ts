import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Keypair } from "@solana/web3.js";
import { afterAll, describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";

const DATA_DIR = mkdtempSync(join(tmpdir(), "kk-config-credits-"));
afterAll(() => rmSync(DATA_DIR, { recursive: true }));

const spender = Keypair.fromSeed(Buffer.alloc(32, 7));
const SPENDER_KEYPAIR = JSON.stringify([...spender.secretKey]);
const ADDRESS = (byte: number) => Keypair.fromSeed(Buffer.alloc(32, byte)).publicKey.toBase58();
const ON = {
  SOLANA_RPC_URL: "http://127.0.0.1:8899",
  USDC_MINT: ADDRESS(1),
  TREASURY_ADDRESS: ADDRESS(2),
  CREDITS_PROGRAM_ID: ADDRESS(3),
  SPENDER_KEYPAIR,
};
const read = (env: Record<string, string> = {}) => readConfig({ DATA_DIR, ...env });
const refusal = (env: Record<string, string>): string => {
  try {
    read(env);
  } catch (error) {
    return (error as Error).message;
  }
  return "let through";
};

test("credits are off until all five settings are there", () => {
  expect(read().credits).toBeUndefined();
  expect(read(ON).credits).toEqual({
    rpcUrls: ["http://127.0.0.1:8899"],
    usdcMint: ON.USDC_MINT,
    treasury: ON.TREASURY_ADDRESS,
    programId: ON.CREDITS_PROGRAM_ID,
    spenderKey: Uint8Array.from(spender.secretKey),
    generationFee: 0,
    webOrigins: undefined,
  });
});

test.each(Object.keys(ON))("%s alone, or all but it, fails at boot and names what lacks", (name) => {
  const others = Object.keys(ON).filter((other) => other !== name);
  const alone = refusal({ [name]: ON[name as keyof typeof ON] });
  for (const other of others) expect(alone).toContain(`${other} is missing: taking credits needs`);
  expect(alone).not.toContain(`${name} is missing`);
  expect(refusal({ ...ON, [name]: "" })).toContain(
    `${name} is missing: taking credits needs SOLANA_RPC_URL, USDC_MINT`,
  );
});

test("several RPCs keep their order; the fee is 0 or 2 credits; origins are written one way", () => {
  const { credits } = read({
    ...ON,
    SOLANA_RPC_URL: "https://a.example/?api-key=k, https://b.example/v2/k",
    GENERATION_FEE: "2",
    WEB_ORIGIN: "https://Clips.example.com/,http://localhost:3000",
  });
  expect(credits).toMatchObject({
    rpcUrls: ["https://a.example/?api-key=k", "https://b.example/v2/k"],
    generationFee: 2,
    webOrigins: ["https://clips.example.com", "http://localhost:3000"],
  });
});

test.each<[string, Record<string, string>, string]>([
  ["an RPC that is none", { SOLANA_RPC_URL: "devnet" }, "http or https addresses"],
  ["an RPC of another kind", { SOLANA_RPC_URL: "ws://127.0.0.1:1" }, "http or https addresses"],
  ["an empty list", { SOLANA_RPC_URL: " , " }, "SOLANA_RPC_URL"],
  ["an address of 31 bytes", { USDC_MINT: "1".repeat(31) }, "must be a Solana address"],
  ["an Ethereum address", { TREASURY_ADDRESS: `0x${"a".repeat(40)}` }, "must be a Solana address"],
  ["an address that is long", { CREDITS_PROGRAM_ID: "z".repeat(44) }, "must be a Solana address"],
  ["a fee of 1", { GENERATION_FEE: "1" }, "must be 0 or 2 credits"],
  ["a fee of -2", { GENERATION_FEE: "-2" }, "must be 0 or 2 credits"],
  ["an origin with a path", { WEB_ORIGIN: "https://a.example/page" }, "list of origins"],
  ["an origin with a name and a password", { WEB_ORIGIN: "https://a:b@c.example" }, "list of origins"],
  ["all origins", { WEB_ORIGIN: "*" }, "WEB_ORIGIN"],
])("%s is refused", (_name, over, text) => {
  const [name] = Object.keys(over);
  expect(refusal({ ...ON, ...over })).toContain(text);
  expect(refusal({ ...ON, ...over })).toContain(name);
});

test("a fee without credits is refused", () => {
  expect(refusal({ GENERATION_FEE: "2" })).toContain("GENERATION_FEE needs credits: set SOLANA_RPC_URL");
  expect(read({ GENERATION_FEE: "0" }).credits).toBeUndefined();
});

test("no worker is told anything of them", () => {
  const { workerEnv, workerSettings } = read({ ...ON, GENERATION_FEE: "2", WEB_ORIGIN: "https://a.example" });
  const told = JSON.stringify([workerEnv, workerSettings]);
  for (const text of [...Object.keys(ON), ...Object.values(ON), SPENDER_KEYPAIR.slice(1, 40)])
    expect(told).not.toContain(text);
});

describe("the spender's key", () => {
  const file = (text: string) => {
    const path = join(DATA_DIR, "spender.json");
    writeFileSync(path, text);
    return path;
  };
  test("may be a JSON array, the path of a file with one, or SPENDER_KEYPAIR_FILE", () => {
    const spaced = ` ${JSON.stringify([...spender.secretKey], null, 1)}\n`;
    for (const SPENDER_KEYPAIR of [ON.SPENDER_KEYPAIR, spaced, file(spaced)])
      expect(read({ ...ON, SPENDER_KEYPAIR }).credits?.spenderKey).toEqual(
        Uint8Array.from(spender.secretKey),
      );
    const given = { ...ON, SPENDER_KEYPAIR: "", SPENDER_KEYPAIR_FILE: file(spaced) };
    expect(read(given).credits?.spenderKey).toEqual(Uint8Array.from(spender.secretKey));
  });

  const bytes = [...spender.secretKey];
  test.each<[string, string, string]>([
    ["63 bytes", JSON.stringify(bytes.slice(1)), "must hold a JSON array of 64 bytes"],
    ["a number too large", JSON.stringify([...bytes.slice(1), 256]), "must hold a JSON array of 64 bytes"],
    ["text in it", JSON.stringify(bytes.map(String)), "must hold a JSON array of 64 bytes"],
    ["an array that is cut", SPENDER_KEYPAIR.slice(0, -9), "must hold a JSON array of 64 bytes"],
    ["a changed seed", JSON.stringify([bytes[0] === 1 ? 2 : 1, ...bytes.slice(1)]), "its second half is not"],
    [
      "a changed public half",
      JSON.stringify([...bytes.slice(0, -1), (bytes[63] ?? 0) ^ 1]),
      "its second half is not",
    ],
    ["base58 of the key", "4".repeat(88), "nor the path of a file with one (ENOENT)"],
    ["a folder", DATA_DIR, "nor the path of a file with one (EISDIR)"],
  ])("with %s is refused, without a word of it", (_name, value, text) => {
    const said = refusal({ ...ON, SPENDER_KEYPAIR: value });
    expect(said).toContain("SPENDER_KEYPAIR");
    expect(said).toContain(text);
    for (let from = 0; from + 12 <= value.length && value !== DATA_DIR; from += 6)
      expect(said).not.toContain(value.slice(from, from + 12));
  });

  test("in a file that holds something else is refused, without a word of it", () => {
    const said = refusal({ ...ON, SPENDER_KEYPAIR: file("a secret of another kind") });
    expect(said).toContain("SPENDER_KEYPAIR names a file that must hold a JSON array of 64 bytes");
    expect(said).not.toContain("secret");
  });
});

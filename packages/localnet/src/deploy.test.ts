import { readFileSync } from "node:fs";
import { LOCALNET_PROGRAM_ID, SO_FILE } from "@kangklip/credits-program";
import {
  Connection,
  type Keypair,
  PublicKey,
  SYSVAR_CLOCK_PUBKEY,
  SYSVAR_RENT_PUBKEY,
  SystemProgram,
  sendAndConfirmTransaction,
  Transaction,
  TransactionInstruction,
} from "@solana/web3.js";
import { expect, test } from "vitest";
import { startLocalnet } from "./index.ts";
import { testWallet } from "./testing.ts";

const LOADER = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
const [INITIALIZE_BUFFER, WRITE, DEPLOY] = [0, 1, 2];
const CHUNK_BYTES = 900;

test("the committed program is deployed as on any cluster: through the upgradeable loader, in pieces, under a key of its own", async () => {
  await using net = await startLocalnet();
  const connection = new Connection(net.url, "confirmed");
  const [payer, buffer, program] = ["payer", "buffer", "program"].map((name) => testWallet(`deploy ${name}`));
  if (!payer || !buffer || !program) throw new Error("no keys");
  net.faucet(payer.publicKey.toBase58(), { sol: 10 });
  const so = readFileSync(SO_FILE);
  const run = (signers: Keypair[], ...instructions: TransactionInstruction[]) =>
    sendAndConfirmTransaction(connection, new Transaction().add(...instructions), signers);
  const create = async (account: Keypair, space: number) =>
    SystemProgram.createAccount({
      ...{ fromPubkey: payer.publicKey, newAccountPubkey: account.publicKey, programId: LOADER, space },
      lamports: await connection.getMinimumBalanceForRentExemption(space),
    });

  await run(
    [payer, buffer],
    await create(buffer, 37 + so.length),
    loader([meta(buffer.publicKey, "w"), meta(payer.publicKey)], u32(INITIALIZE_BUFFER)),
  );
  const keys = [meta(buffer.publicKey, "w"), meta(payer.publicKey, "s")];
  for (let at = 0; at < so.length; at += CHUNK_BYTES) {
    const chunk = so.subarray(at, at + CHUNK_BYTES);
    const write = loader(keys, u32(WRITE), u32(at), u64(chunk.length), chunk);
    await connection.sendTransaction(new Transaction().add(write), [payer]);
  }
  const [programData] = PublicKey.findProgramAddressSync([program.publicKey.toBuffer()], LOADER);
  const accounts = [
    meta(payer.publicKey, "sw"),
    meta(programData, "w"),
    meta(program.publicKey, "w"),
    meta(buffer.publicKey, "w"),
    meta(SYSVAR_RENT_PUBKEY),
    meta(SYSVAR_CLOCK_PUBKEY),
    meta(SystemProgram.programId),
    meta(payer.publicKey, "s"),
  ];
  await run([payer, program], await create(program, 36), loader(accounts, u32(DEPLOY), u64(so.length)));

  const data = (await connection.getAccountInfo(programData))?.data;
  expect(new PublicKey(data?.subarray(13, 45) ?? "")).toEqual(payer.publicKey); // its upgrade authority
  expect(data?.subarray(45).equals(so)).toBe(true);
  net.warp(1); // it serves from the next slot on
  const unknown = new TransactionInstruction({
    programId: program.publicKey,
    keys: [],
    data: Buffer.from([1]),
  });
  await expect(run([payer], unknown)).rejects.toThrow(/custom program error: 0x65/); // 101: it is this program that answers
  expect(program.publicKey.toBase58()).not.toBe(LOCALNET_PROGRAM_ID);
}, 60_000);

test("a localnet has the program under any id that is asked for, with a Config of its own", async () => {
  const programId = testWallet("another program").publicKey;
  await using net = await startLocalnet({ programId: programId.toBase58() });
  const [config] = PublicKey.findProgramAddressSync([Buffer.from("config")], programId);
  const account = await new Connection(net.url, "confirmed").getAccountInfo(config);
  expect(account?.owner).toEqual(programId);
  expect(net.settings.CREDITS_PROGRAM_ID).toBe(programId.toBase58());
});

const u32 = (n: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
};
const u64 = (n: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(n));
  return bytes;
};
const meta = (pubkey: PublicKey, flags = "") => ({
  ...{ pubkey, isSigner: flags.includes("s"), isWritable: flags.includes("w") },
});
const loader = (keys: ReturnType<typeof meta>[], ...data: Uint8Array[]) =>
  new TransactionInstruction({ programId: LOADER, keys, data: Buffer.concat(data) });

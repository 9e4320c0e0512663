import { createHash, createHmac } from "node:crypto";
import { Keypair, LAMPORTS_PER_SOL, type PublicKey, SystemProgram } from "@solana/web3.js";
import * as loader from "./loader.ts";
import { type Sender, send } from "./sending.ts";

/** A write with its signature and addresses fits a packet of 1,232 bytes, with some room for a priority fee. */
const CHUNK_BYTES = 900;
/** Writes under way at once: public nodes let a few through. */
const AT_ONCE = 6;
/** A lost write is found by reading the buffer back; so often are the missing ones sent. */
const ROUNDS = 8;
const FEE_LAMPORTS = 5000;
const MIN_EXTENSION_BYTES = 10_240;

export interface Deployment extends Sender {
  program: PublicKey;
  /** Only a first deployment needs it. */
  programKeypair?: Keypair | undefined;
  so: Buffer;
  log: (line: string) => void;
}

export interface Plan {
  /** "nothing": these very bytes are there. */
  what: "deploy" | "upgrade" | "nothing";
  buffer: Keypair;
  /** Bytes by which the program must be extended first. */
  extendBytes: number;
  /** Chunks that are not in the buffer yet. */
  missing: number[];
  /** Most that it takes from the payer, in lamports; what the buffer holds comes back or goes into the program. */
  lamports: number;
}

/**
 * Looks at what is there and says what has to be done; it changes nothing.
 * @throws Error where it cannot be done: another authority, no key for a new program, too little SOL
 */
export async function planDeployment(deployment: Deployment): Promise<Plan> {
  const { connection, payer, program, programKeypair, so } = deployment;
  const rentOf = (bytes: number) => connection.getMinimumBalanceForRentExemption(bytes);
  const buffer = bufferFor(deployment);
  const current = await currentProgram(deployment);
  if (current && isSame(current.bytes, so)) {
    return { what: "nothing", buffer, extendBytes: 0, missing: [], lamports: 0 };
  }
  if (current && !current.authority?.equals(payer.publicKey)) {
    const whose = current.authority
      ? `belongs to ${current.authority}`
      : "can no longer be changed by anybody";
    throw new Error(`Program ${program} ${whose}, and --keypair is ${payer.publicKey}`);
  }
  if (!current && !programKeypair) {
    throw new Error(`There is no program at ${program} yet: a first deployment needs its --program-keypair`);
  }

  const missing = await missingChunks(deployment, buffer);
  const hasBuffer = await connection.getAccountInfo(buffer.publicKey);
  const extendBytes = current ? extensionFor(so.length - current.bytes.length) : 0;
  const bufferRent = hasBuffer ? 0 : await rentOf(loader.HEADER_BYTES.buffer + so.length);
  const programRent = current
    ? extendBytes > 0
      ? (await rentOf(extendBytes)) - (await rentOf(0))
      : 0
    : (await rentOf(loader.PROGRAM_BYTES)) + (await rentOf(loader.HEADER_BYTES.programData + so.length));
  const lamports = bufferRent + programRent + (missing.length + 8) * FEE_LAMPORTS * 2;
  const balance = await connection.getBalance(payer.publicKey);
  if (balance < lamports) {
    throw new Error(
      `This takes up to ${sol(lamports)} SOL (most of it rent), and ${payer.publicKey} has ${sol(balance)}`,
    );
  }
  return { what: current ? "upgrade" : "deploy", buffer, extendBytes, missing, lamports };
}

/** Does what was planned, and checks what then lies on chain. Whatever stops it, the next run goes on where it ended. */
export async function carryOut(deployment: Deployment, { what, buffer, extendBytes }: Plan): Promise<void> {
  if (what === "nothing") return;
  const { connection, payer, program, programKeypair, so, log } = deployment;
  await fillBuffer(deployment, buffer);
  const keys = { program, buffer: buffer.publicKey, authority: payer.publicKey };
  if (what === "deploy" && programKeypair) {
    const rent = await connection.getMinimumBalanceForRentExemption(loader.PROGRAM_BYTES);
    await send(
      deployment,
      [
        createAccount(payer.publicKey, program, loader.PROGRAM_BYTES, rent),
        loader.deploy({ ...keys, payer: payer.publicKey }, so.length),
      ],
      [programKeypair],
    );
  } else {
    if (extendBytes > 0) {
      await send(deployment, [loader.extend(program, payer.publicKey, extendBytes)]);
      await nextSlot(deployment); // a program that changed in this slot can not change in it again
    }
    await send(deployment, [loader.upgrade({ ...keys, spill: payer.publicKey })]);
  }
  const current = await currentProgram(deployment);
  if (!current || !isSame(current.bytes, so)) {
    throw new Error(`What lies at ${program} is not the program that was sent: run this again`);
  }
  await nextSlot(deployment); // it runs from the slot after
  log(`${what === "deploy" ? "Deployed" : "Upgraded"} ${program}; its bytes on chain are those of the file`);
}

/** The loader extends a program by this much at least. */
const extensionFor = (missingBytes: number) =>
  missingBytes > 0 ? Math.max(missingBytes, MIN_EXTENSION_BYTES) : 0;

/** The program's bytes are the file's, and the room behind them is empty. */
const isSame = (onChain: Buffer, so: Buffer) =>
  onChain.subarray(0, so.length).equals(so) && onChain.subarray(so.length).every((byte) => byte === 0);

async function currentProgram({ connection, program }: Deployment) {
  const account = await connection.getAccountInfo(program);
  if (!account) return undefined;
  if (!loader.isProgram(account)) throw new Error(`${program} is no program that can be upgraded`);
  const data = await connection.getAccountInfo(loader.programDataOf(program));
  const current = data && loader.readProgramData(data);
  if (!current) throw new Error(`Program ${program} was closed: its address can not be used again`);
  return current;
}

/** One buffer per payer, program and file: what an earlier run wrote into it is found again. */
function bufferFor({ payer, program, so }: Deployment): Keypair {
  const file = createHash("sha256").update(so).digest("hex");
  return Keypair.fromSeed(
    createHmac("sha256", payer.secretKey.subarray(0, 32)).update(`kk:buffer:v1|${program}|${file}`).digest(),
  );
}

async function missingChunks({ connection, payer, so }: Deployment, buffer: Keypair): Promise<number[]> {
  const all = Array.from({ length: Math.ceil(so.length / CHUNK_BYTES) }, (_, index) => index * CHUNK_BYTES);
  const account = await connection.getAccountInfo(buffer.publicKey);
  if (!account) return all;
  const found = loader.readBuffer(account);
  if (!found?.authority?.equals(payer.publicKey) || found.bytes.length < so.length) {
    throw new Error(`${buffer.publicKey} should be the buffer of this deployment, and is something else`);
  }
  const chunkOf = (bytes: Buffer, at: number) => bytes.subarray(at, Math.min(at + CHUNK_BYTES, so.length));
  return all.filter((at) => !chunkOf(found.bytes, at).equals(chunkOf(so, at)));
}

async function fillBuffer(deployment: Deployment, buffer: Keypair): Promise<void> {
  const { connection, payer, so, log } = deployment;
  const authority = payer.publicKey;
  if (!(await connection.getAccountInfo(buffer.publicKey))) {
    const bytes = loader.HEADER_BYTES.buffer + so.length;
    const rent = await connection.getMinimumBalanceForRentExemption(bytes);
    await send(
      deployment,
      [
        createAccount(authority, buffer.publicKey, bytes, rent),
        loader.initializeBuffer(buffer.publicKey, authority),
      ],
      [buffer],
    );
  }
  const total = Math.ceil(so.length / CHUNK_BYTES);
  for (let round = 0; round < ROUNDS; round++) {
    const missing = await missingChunks(deployment, buffer);
    if (missing.length === 0) return;
    log(`Writing ${missing.length} of ${total} parts of the program`);
    const next = missing.values();
    const problems: unknown[] = [];
    const writer = async () => {
      for (const at of next) {
        const bytes = so.subarray(at, at + CHUNK_BYTES);
        await send(deployment, [loader.write(buffer.publicKey, authority, at, bytes)]).catch((error) => {
          problems.push(error);
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, writer));
    if (problems.length === missing.length) throw problems[0]; // none of them got through: this is no bad luck
  }
  throw new Error("Parts of the program did not arrive; run this again, it goes on from here");
}

const createAccount = (payer: PublicKey, address: PublicKey, space: number, lamports: number) =>
  SystemProgram.createAccount({
    fromPubkey: payer,
    newAccountPubkey: address,
    ...{ space, lamports, programId: loader.LOADER },
  });

async function nextSlot({ connection }: Sender): Promise<void> {
  const start = await connection.getSlot("confirmed");
  while ((await connection.getSlot("confirmed")) <= start)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

export const sol = (lamports: number) => (lamports / LAMPORTS_PER_SOL).toFixed(4);

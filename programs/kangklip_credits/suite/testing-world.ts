import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import anchor, { type Program } from "@coral-xyz/anchor";
import { type Address, getTransactionDecoder } from "@solana/kit";
import { ACCOUNT_SIZE, AccountLayout, MINT_SIZE, MintLayout, TOKEN_PROGRAM_ID } from "@solana/spl-token";
import { Keypair, PublicKey, SystemProgram, Transaction, type TransactionInstruction } from "@solana/web3.js";
import type BN from "bn.js";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";
import { IDL, idlFor, type KangklipCredits, SEEDS, SO_FILE } from "../index.ts";
import { initialize, PRICE, pay } from "./testing-instructions.ts";

export * from "./testing-instructions.ts";

export const SYSTEM = SystemProgram.programId;
export const TOKEN = TOKEN_PROGRAM_ID;
export const LOADER = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
/** Both forms of the build: 3 is what is deployed, 0 is for clusters that know no other. */
export const VERSIONS = ["v3", "v0"] as const;
export type Version = (typeof VERSIONS)[number];
/** Of the tests that run on one form: v3, or the one that KK_PROGRAM_FORM names. */
const FORM: Version = process.env.KK_PROGRAM_FORM === "v0" ? "v0" : "v3";
const SOL = 1_000_000_000n;

/** The build under test: the committed one, or the one in the folder that KK_PROGRAM_FOLDER names. */
function soFile(version: Version): string {
  const name = version === "v3" ? "kangklip_credits.so" : "kangklip_credits.v0.so";
  return join(process.env.KK_PROGRAM_FOLDER ?? dirname(SO_FILE), name);
}

export interface Outcome {
  /** Null when it landed; the program's number; or the runtime's words. */
  error: number | string | null;
  logs: string[];
  /** Compute units. */
  units: number;
  returned: number[];
  events: { name: string; data: Record<string, unknown> }[];
}

const keypairs = new Map<string, Keypair>();
/** A key pair that is the same in every run. */
export function keypair(name: string): Keypair {
  const known =
    keypairs.get(name) ??
    Keypair.fromSeed(Uint8Array.from({ length: 32 }, (_, at) => name.charCodeAt(at % name.length) ^ at));
  keypairs.set(name, known);
  return known;
}
export const key = (name: string) => keypair(name).publicKey;

export type World = ReturnType<typeof bareWorld>;

/** A chain with the program on it and nobody in charge yet. */
export function bareWorld({ version = FORM, programName = "program" } = {}) {
  const svm = new LiteSVM();
  const programId = key(programName);
  const program: Program<KangklipCredits> = new anchor.Program(idlFor(programId.toBase58()), {
    connection: undefined as never, // it builds instructions and decodes, and asks no node
  });
  const coder = new anchor.BorshCoder(program.idl);
  const parser = new anchor.EventParser(programId, coder);
  const pda = (...seeds: (string | Uint8Array)[]) =>
    PublicKey.findProgramAddressSync(
      seeds.map((seed) => Buffer.from(seed as string)),
      programId,
    );
  const people = {
    admin: keypair("admin"),
    spender: keypair("spender"),
    user: keypair("user"),
    stranger: keypair("stranger"),
  };
  const mint = key("mint");
  const treasury = key("treasury");

  const set = (address: PublicKey, owner: PublicKey, data: Uint8Array, lamports = 10n * SOL) =>
    svm.setAccount({
      address: base58(address),
      programAddress: base58(owner),
      data,
      lamports: lamports as never,
      executable: false,
      space: BigInt(data.length),
    });
  const read = (address: PublicKey) => {
    const account = svm.getAccount(base58(address));
    return account.exists ? account : null;
  };
  const decode = <T>(name: string, address: PublicKey): T | null => {
    const account = read(address);
    return account && account.data.length > 0 ? coder.accounts.decode(name, Buffer.from(account.data)) : null;
  };

  const world = {
    ...{ svm, programId, program, coder, pda, set, read, mint, treasury, ...people },
    config: pda(SEEDS.CONFIG)[0],
    credit: (user: PublicKey) => pda(SEEDS.CREDIT, user.toBuffer())[0],
    receipt: (user: PublicKey, id: number[]) => pda(SEEDS.RECEIPT, user.toBuffer(), Uint8Array.from(id))[0],
    programData: PublicKey.findProgramAddressSync([programId.toBuffer()], LOADER)[0],
    usdc: (owner: PublicKey) => key(`usdc of ${owner.toBase58()}`),

    makeMint: (address: PublicKey, { owner = TOKEN_PROGRAM_ID, isInitialized = true } = {}) => {
      const data = Buffer.alloc(MINT_SIZE);
      const authority = { mintAuthorityOption: 1 as const, mintAuthority: key("minter") };
      const freeze = { freezeAuthorityOption: 0 as const, freezeAuthority: PublicKey.default };
      MintLayout.encode({ ...authority, ...freeze, supply: 10n ** 15n, decimals: 6, isInitialized }, data);
      set(address, owner, data);
    },
    makeTokens: (address: PublicKey, of: TokenAccount) => {
      const {
        owner,
        amount = 0n,
        mint: mintOf = mint,
        program: tokenProgram = TOKEN_PROGRAM_ID,
        state = 1,
      } = of;
      const data = Buffer.alloc(ACCOUNT_SIZE);
      AccountLayout.encode(
        {
          ...{ mint: mintOf, owner, amount, state, delegatedAmount: 0n, isNative: 0n },
          ...{ delegateOption: 0, delegate: PublicKey.default, isNativeOption: 0 },
          ...{ closeAuthorityOption: 0, closeAuthority: PublicKey.default },
        },
        data,
      );
      set(address, tokenProgram, data);
    },
    tokens: (address: PublicKey) =>
      AccountLayout.decode(read(address)?.data ?? new Uint8Array(ACCOUNT_SIZE)).amount,

    /** [credits, purchased, spent] of a user; null where there is no account. */
    balance: (user: PublicKey) => {
      const found = decode<Record<"credits" | "purchased" | "spent", BN>>("userCredit", world.credit(user));
      return found && [found.credits, found.purchased, found.spent].map(Number);
    },
    configNow: () =>
      decode<
        Record<"admin" | "pendingAdmin" | "spender" | "usdcMint" | "treasury", PublicKey> & {
          price: BN;
          paused: boolean;
        }
      >("config", world.config),
    receiptNow: (user: PublicKey, id: number[]) =>
      decode<{ amount: BN; slot: BN; state: number; requestId: number[] }>(
        "consumeReceipt",
        world.receipt(user, id),
      ),

    /** Signs and runs a transaction; the first signer pays its fee. */
    send(instructions: TransactionInstruction[], ...signers: Keypair[]): Outcome {
      const transaction = new Transaction().add(...instructions);
      transaction.recentBlockhash = svm.latestBlockhash();
      transaction.feePayer = signers[0]?.publicKey ?? people.user.publicKey;
      transaction.sign(...signers);
      const result = svm.sendTransaction(getTransactionDecoder().decode(transaction.serialize()));
      svm.expireBlockhash(); // the same instructions once more are another transaction
      const failed = result instanceof FailedTransactionMetadata;
      const metadata = failed ? result.meta() : result;
      const logs = metadata.logs();
      return {
        error: failed ? errorIn(logs, result) : null,
        logs,
        units: Number(metadata.computeUnitsConsumed()),
        returned: [...metadata.returnData().data()],
        events: failed ? [] : [...parser.parseLogs(logs)],
      };
    },
  };

  svm.addProgram(base58(programId), readFileSync(soFile(version)));
  setUpgradeAuthority(world, people.admin.publicKey);
  for (const { publicKey } of Object.values(people)) set(publicKey, SYSTEM, new Uint8Array(), 100n * SOL);
  world.makeMint(mint);
  world.makeTokens(world.usdc(people.user.publicKey), {
    owner: people.user.publicKey,
    amount: 1_000_000_000n,
  });
  world.makeTokens(world.usdc(treasury), { owner: treasury });
  return world;
}

interface TokenAccount {
  owner: PublicKey;
  amount?: bigint;
  mint?: PublicKey;
  program?: PublicKey;
  /** 0 uninitialised, 1 in use, 2 frozen. */
  state?: number;
}

/** As `bareWorld`, with the Config created and `credits` bought by the user. */
export async function makeWorld({ version = FORM, credits = 0 } = {}): Promise<World> {
  const world = bareWorld({ version });
  expectLanded(world.send([await initialize(world)], world.admin));
  if (credits > 0) expectLanded(world.send([await pay(world, credits * PRICE)], world.user));
  return world;
}

export function expectLanded(outcome: Outcome): Outcome {
  if (outcome.error !== null) throw new Error(`It failed with ${outcome.error}:\n${outcome.logs.join("\n")}`);
  return outcome;
}

/** The runtime keeps no upgrade authority for a program that is put there from outside. */
export function setUpgradeAuthority({ read, set, programData }: World, authority: PublicKey | null) {
  const data = Buffer.from(read(programData)?.data ?? []);
  data[12] = authority ? 1 : 0;
  if (authority) authority.toBuffer().copy(data, 13);
  set(programData, LOADER, data);
}

/** An instruction of the IDL, with the flags of its accounts. */
export function instructionOf(name: string): { accounts: IdlAccount[] } {
  const found = IDL.instructions.find((each) => each.name === name);
  if (!found) throw new Error(`There is no instruction ${name}`);
  return { accounts: [...found.accounts] };
}

export interface IdlAccount {
  name: string;
  signer?: boolean;
  writable?: boolean;
}

/** Lets time pass. */
export const warp = ({ svm }: World, slots: number) => svm.warpToSlot(svm.getClock().slot + BigInt(slots));

export const findAddress = (seeds: Buffer[], program: PublicKey) =>
  PublicKey.findProgramAddressSync(seeds, program);

const base58 = (address: PublicKey) => address.toBase58() as Address;

function errorIn(logs: string[], result: FailedTransactionMetadata): number | string {
  const words = logs.map((line) => /^Program \S+ failed: (.*)/.exec(line)?.[1]).find(Boolean);
  const custom = /^custom program error: (0x[0-9a-f]+)/.exec(words ?? "")?.[1];
  return custom ? Number(custom) : (words ?? result.toString());
}

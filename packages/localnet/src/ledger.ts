import type { Address, Transaction } from "@solana/kit";
import bs58 from "bs58";
import type { FailedTransactionMetadata, SimulatedTransactionInfo, TransactionMetadata } from "litesvm";
import { tokenBalances } from "./accounts.ts";
import { type Chain, COMMITMENTS, type Commitment } from "./chain.ts";
import { errorJson, hasFailed, metaOf, type TransactionErrorJson } from "./errors.ts";
import { feeOf } from "./fees.ts";
import { isStaticWritable, type WireMessage, type WireTransaction } from "./wire.ts";

/** Transactions that are remembered; the oldest are forgotten. */
const MAX_RECORDS = 20_000;
/** An address lookup table's keys begin here. */
const TABLE_HEADER_BYTES = 56;

/** One transaction that landed: everything that is asked about it later, in JSON's own types. */
export interface Landed {
  signature: string;
  slot: number;
  blockTime: number;
  /** The transaction's bytes, base64. */
  bytes: string;
  err: TransactionErrorJson | null;
  /** Every account that it named: its own keys, then those that lookup tables gave. */
  keys: string[];
  meta: Record<string, unknown> & { innerInstructions: InnerJson[]; logMessages: string[] };
}

export interface InnerJson {
  index: number;
  instructions: { programIdIndex: number; accounts: number[]; data: string; stackHeight: number }[];
}

export type Listener = (record: Landed, commitment: Commitment, changed: ReadonlySet<string>) => void;

/** What became of a transaction that was executed. */
export type Outcome =
  | { landed: Landed }
  /** It never got into a block: nothing was paid, and there is nothing to find. */
  | { refused: TransactionErrorJson };

export type Ledger = ReturnType<typeof createLedger>;

/** The transactions of a chain: executes them, remembers what became of them, tells who waits for one. */
export function createLedger(chain: Chain, known: Landed[] = []) {
  const records = new Map<string, Landed>(known.map((record) => [record.signature, record]));
  const byAddress = new Map<string, string[]>(); // oldest first
  const listeners = new Set<Listener>();
  /** Landed, and not yet seen by every commitment. */
  let fresh: { record: Landed; changed: ReadonlySet<string>; told: Set<Commitment> }[] = [];
  /** Accepted, to be executed at a slot or later. */
  let held: { transaction: WireTransaction; slot: number }[] = [];

  const index = (record: Landed) => {
    for (const key of new Set(record.keys)) {
      const list = byAddress.get(key);
      if (list) list.push(record.signature);
      else byAddress.set(key, [record.signature]);
    }
  };
  for (const record of known) index(record);

  const forgetOldest = () => {
    const [oldest] = records.values();
    if (records.size <= MAX_RECORDS || !oldest) return;
    records.delete(oldest.signature);
    for (const key of new Set(oldest.keys)) {
      const left = (byAddress.get(key) ?? []).filter((signature) => signature !== oldest.signature);
      if (left.length > 0) byAddress.set(key, left);
      else byAddress.delete(key);
    }
  };

  /** Tells each commitment of what it has come to see. */
  const tell = () => {
    for (const each of fresh) {
      for (const commitment of COMMITMENTS) {
        if (each.told.has(commitment) || each.record.slot > chain.slotAt(commitment)) continue;
        each.told.add(commitment);
        for (const listener of listeners) listener(each.record, commitment, each.changed);
      }
    }
    fresh = fresh.filter(({ told }) => told.size < COMMITMENTS.length);
  };

  /** The keys that lookup tables give: those that may be written, then the others. */
  const loadedKeys = ({ lookups }: WireMessage) => {
    const pick = (table: string, indexes: number[]) => {
      const data = chain.account(table, "processed")?.data ?? new Uint8Array();
      return indexes.flatMap((at) => {
        const start = TABLE_HEADER_BYTES + 32 * at;
        return start + 32 <= data.length ? bs58.encode(data.subarray(start, start + 32)) : [];
      });
    };
    return {
      writable: lookups.flatMap(({ table, writable }) => pick(table, writable)),
      readonly: lookups.flatMap(({ table, readonly }) => pick(table, readonly)),
    };
  };

  const execute = (transaction: WireTransaction): Outcome => {
    const { message, signature } = transaction;
    if (records.has(signature)) return { refused: "AlreadyProcessed" };
    if (!chain.isBlockhashValid(message.blockhash, "processed")) return { refused: "BlockhashNotFound" };
    const loaded = loadedKeys(message);
    const keys = [...message.keys, ...loaded.writable, ...loaded.readonly];
    const changed = new Set([
      ...message.keys.filter((_, at) => isStaticWritable(message, at)),
      ...loaded.writable,
    ]);
    const lamports = () => keys.map((key) => Number(chain.account(key, "processed")?.lamports ?? 0n));
    const payer = message.keys[0] ?? "";
    const paidBefore = chain.account(payer, "processed")?.lamports;
    const preBalances = lamports();
    const preTokenBalances = tokenBalances(chain, keys);
    chain.remember(changed);
    chain.tellSlots();
    const result = chain.svm.sendTransaction(forMachine(transaction));
    const err = hasFailed(result) ? errorJson(result) : null;
    if (err && chain.account(payer, "processed")?.lamports === paidBefore) return { refused: err };
    const metadata = metaOf(result);
    const slot = chain.slotAt("processed");
    const record: Landed = {
      signature,
      slot,
      blockTime: chain.blockTime(slot) ?? 0,
      bytes: Buffer.from(transaction.bytes).toString("base64"),
      err,
      keys,
      meta: {
        err,
        status: err ? { Err: err } : { Ok: null },
        fee: feeOf(message),
        preBalances,
        postBalances: lamports(),
        preTokenBalances,
        postTokenBalances: tokenBalances(chain, keys),
        innerInstructions: innerInstructionsJson(metadata),
        logMessages: metadata.logs(),
        computeUnitsConsumed: Number(metadata.computeUnitsConsumed()),
        loadedAddresses: loaded,
        rewards: [],
        ...returnDataJson(metadata),
      },
    };
    records.set(signature, record);
    index(record);
    forgetOldest();
    fresh.push({ record, changed, told: new Set() });
    return { landed: record };
  };

  return {
    execute,
    tell,
    listen(listener: Listener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    find: (signature: string) => records.get(signature),
    all: () => records.values(),
    count: () => records.size,
    /** Signatures that name an address, the newest first. */
    of: (address: string) => (byAddress.get(address) ?? []).toReversed(),

    /** Keeps an accepted transaction, to be executed at `slot` if it is still good then. */
    hold(transaction: WireTransaction, slot: number): void {
      held.push({ transaction, slot });
    },
    /** Executes what was held until now. @returns how many landed */
    executeHeld(): number {
      const slot = chain.slotAt("processed");
      const due = held.filter((each) => each.slot <= slot);
      held = held.filter((each) => each.slot > slot);
      return due.filter(({ transaction }) => "landed" in execute(transaction)).length;
    },

    /** Tries a transaction without keeping anything. `sigVerify` false: signatures may be missing or wrong. */
    simulate(
      transaction: WireTransaction,
      { sigVerify }: { sigVerify: boolean },
    ): SimulatedTransactionInfo | FailedTransactionMetadata {
      chain.tellSlots();
      chain.svm.withSigverify(sigVerify);
      try {
        return chain.svm.simulateTransaction(forMachine(transaction));
      } finally {
        chain.svm.withSigverify(true);
      }
    },
  };
}

/** In the form that the virtual machine's public door takes. */
function forMachine({ message, messageBytes, signatures }: WireTransaction): Transaction {
  const named = signatures.map((bytes, at) => [message.keys[at] as Address, bytes] as const);
  return { messageBytes, signatures: Object.fromEntries(named) } as unknown as Transaction;
}

export const innerInstructionsJson = (metadata: TransactionMetadata): InnerJson[] =>
  metadata
    .innerInstructions()
    .map((list, index) => ({
      index,
      instructions: list.map((inner) => {
        const compiled = inner.instruction();
        return {
          programIdIndex: compiled.programIdIndex(),
          accounts: [...compiled.accounts()],
          data: bs58.encode(compiled.data()),
          stackHeight: inner.stackHeight(),
        };
      }),
    }))
    .filter(({ instructions }) => instructions.length > 0);

export function returnDataJson(metadata: TransactionMetadata): { returnData?: object } {
  const returned = metadata.returnData();
  const data = returned.data();
  if (data.length === 0) return {};
  return {
    returnData: {
      programId: bs58.encode(returned.programId()),
      data: [Buffer.from(data).toString("base64"), "base64"],
    },
  };
}

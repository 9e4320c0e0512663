import { createHash, randomBytes } from "node:crypto";
import type { Address, EncodedAccount } from "@solana/kit";
import bs58 from "bs58";
import { LiteSVM, type SlotHash } from "litesvm";

export const COMMITMENTS = ["processed", "confirmed", "finalized"] as const;
export type Commitment = (typeof COMMITMENTS)[number];

/** A blockhash is good for this many blocks, on every cluster. */
const BLOCKHASH_BLOCKS = 150;
/** One past the slot from which the mainnet features of the virtual machine hold. */
const FIRST_SLOT = 447_552_000;
const FIRST_HEIGHT = 1000;
/** As many of them as a cluster's programs can look back at. */
const SLOT_HASHES = 512;
/** Slots whose changes are remembered, so that a view that lags can be read: more than a cluster is ever behind. */
const MAX_LAG = 512;

/** The machine's own form of an account, with bytes that can be read like any others. */
export type Account = Omit<EncodedAccount, "data"> & { data: Uint8Array };

/** Where a chain stands, for a snapshot; `blockhashes` are [hash, last block height at which it is good]. */
export interface ChainHead {
  slot: number;
  height: number;
  blockhashes: [string, number][];
}

export type Chain = ReturnType<typeof createChain>;

/**
 * The state of the localnet: accounts in a virtual machine, blocks that follow each other, and what each commitment sees of them.
 * @param from a snapshot's bytes and head; without: a new chain
 */
export function createChain(from?: { state: Uint8Array; head: ChainHead }) {
  const svm = from ? LiteSVM.fromBytes(from.state) : new LiteSVM();
  // It knows one blockhash at a time and its own list of signatures: the window of blocks and the ledger here are the real ones.
  svm.withBlockhashCheck(false).withTransactionHistory(0n);

  let slot = from?.head.slot ?? FIRST_SLOT;
  let height = from?.head.height ?? FIRST_HEIGHT;
  let lag = { confirmed: 0, finalized: 0 };
  const blockhashes = new Map<string, number>(from?.head.blockhashes);
  let isTold = false;
  let slotHashes = from ? svm.getSlotHashes().map(({ slot: at, hash }) => ({ slot: at, hash })) : [];
  const blockTimes = new Map<number, number>();
  /** Per address, oldest first: what the account was before a slot changed it (null: not there). */
  const changes = new Map<string, { slot: number; before: Account | null }[]>();

  const setClock = () => {
    const clock = svm.getClock();
    clock.slot = BigInt(slot);
    clock.unixTimestamp = BigInt(Math.floor(Date.now() / 1000)); // it stands at 0 in a new machine
    svm.setClock(clock);
    blockTimes.set(slot, Number(clock.unixTimestamp));
    blockTimes.delete(slot - 10_000);
  };
  /** A hash for each of the newest blocks: as many as can still be good, or be told to a view that lags. */
  const addBlockhashes = (blocks: number) => {
    const made = Array.from({ length: Math.min(blocks, BLOCKHASH_BLOCKS + MAX_LAG) }, (_, back) => ({
      back,
      hash: bs58.encode(createHash("sha256").update(randomBytes(32)).digest()),
    }));
    for (const { back, hash } of made.toReversed()) blockhashes.set(hash, height - back + BLOCKHASH_BLOCKS);
    const newest = made.map(({ back, hash }) => ({ slot: BigInt(slot - back), hash }));
    slotHashes = [...newest, ...slotHashes].slice(0, SLOT_HASHES);
    isTold = false;
  };
  setClock();
  if (blockhashes.size === 0) addBlockhashes(1);

  const seen = { processed: slot, confirmed: slot, finalized: slot };
  const slotAt = (commitment: Commitment) => seen[commitment];
  /** What was confirmed or finalized once stays so, also when a lag begins. */
  const look = () => {
    seen.processed = slot;
    seen.confirmed = Math.max(seen.confirmed, slot - lag.confirmed);
    seen.finalized = Math.max(seen.finalized, slot - lag.finalized);
  };

  const current = (address: string): Account | null => {
    const account = svm.getAccount(address as Address);
    if (!account.exists) return null;
    const data = account.data as Uint8Array;
    return account.lamports > 0n || data.length > 0 ? { ...account, data } : null;
  };

  const heightAt = (commitment: Commitment) => height - (slot - slotAt(commitment));

  return {
    svm,
    slotAt,
    heightAt,
    blockTime: (at: number) => blockTimes.get(at) ?? null,

    /** The newest blockhash that a commitment sees, and the last block height at which it is good. */
    latestBlockhash(commitment: Commitment): { blockhash: string; lastValidBlockHeight: number } {
      const newest = heightAt(commitment) + BLOCKHASH_BLOCKS;
      const known = [...blockhashes].reverse();
      const [blockhash, lastValidBlockHeight] = known.find(([, last]) => last <= newest) ??
        known.at(-1) ?? ["", 0];
      return { blockhash, lastValidBlockHeight };
    },
    /** Whether a blockhash is known to a commitment, and not too old for it. */
    isBlockhashValid(hash: string, commitment: Commitment): boolean {
      const last = blockhashes.get(hash);
      const at = heightAt(commitment);
      return last !== undefined && last >= at && last <= at + BLOCKHASH_BLOCKS;
    },

    /** The account as a commitment sees it; null where it is not there. */
    account(address: string, commitment: Commitment): Account | null {
      const later = changes.get(address)?.find((change) => change.slot > slotAt(commitment));
      return later ? later.before : current(address);
    },

    /** All accounts of a program, as a commitment sees them. */
    accountsOf(program: string, commitment: Commitment): Account[] {
      const now = svm.getProgramAccounts(program as Address) as Account[];
      const found = new Map<string, Account>(now.map((each) => [each.address, each]));
      for (const [address, list] of changes) {
        const later = list.find((change) => change.slot > slotAt(commitment));
        if (!later) continue;
        if (later.before?.programAddress === program) found.set(address, later.before);
        else found.delete(address);
      }
      return [...found.values()].filter(({ lamports }) => lamports > 0n);
    },

    /** Tells the machine of the newest slots, before it runs something: lookup tables are made under a recent one. */
    tellSlots(): void {
      if (!isTold) svm.setSlotHashes(slotHashes as SlotHash[]);
      isTold = true;
    },

    /** Remembers what these accounts are before `slot` changes them. */
    remember(addresses: Iterable<string>): void {
      for (const address of addresses) {
        const list = changes.get(address) ?? [];
        if (list.at(-1)?.slot === slot) continue; // what it was before this slot is known already
        changes.set(address, [...list, { slot, before: current(address) }]);
      }
    },

    /** Blocks follow, each with its own hash; those that are too old to matter are forgotten. */
    advance(blocks = 1): void {
      slot += blocks;
      height += blocks;
      addBlockhashes(blocks);
      setClock();
      look();
      for (const [hash, last] of blockhashes) if (last < height - MAX_LAG) blockhashes.delete(hash);
      for (const [address, list] of changes) {
        const open = list.filter((change) => change.slot > slotAt("finalized"));
        if (open.length === 0) changes.delete(address);
        else if (open.length < list.length) changes.set(address, open);
      }
    },

    /** How many slots `finalized` and `confirmed` are behind. */
    setLag(finalized: number, confirmed: number): void {
      const bounded = (slots: number) => Math.max(0, Math.min(MAX_LAG, Math.floor(slots)));
      lag = { finalized: Math.max(bounded(finalized), bounded(confirmed)), confirmed: bounded(confirmed) };
      look();
    },

    head: (): ChainHead => ({ slot, height, blockhashes: [...blockhashes] }),
  };
}

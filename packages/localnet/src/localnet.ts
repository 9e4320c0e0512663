import { LOCALNET_PROGRAM_ID, SO_FILE } from "@kangklip/credits-program";
import { createChain } from "./chain.ts";
import { createFaucet } from "./faucet.ts";
import { createFaults, type Faults } from "./faults.ts";
import { makeGenesis } from "./genesis.ts";
import { localnetKeys } from "./keys.ts";
import { createLedger } from "./ledger.ts";
import { accountMethods } from "./methods-accounts.ts";
import { chainMethods } from "./methods-chain.ts";
import { ownMethods } from "./methods-own.ts";
import { transactionMethods } from "./methods-transactions.ts";
import { createRpc } from "./rpc.ts";
import { listen } from "./server.ts";
import { readSnapshot, SnapshotError, writeSnapshot } from "./snapshot.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** A cluster's block time, in ms. */
const SLOT_MS = 400;
/** At most so often is a snapshot written. */
const SNAPSHOT_MS = 200;

export interface LocalnetOptions {
  /** 0 (the default): a free one. Websockets are on it too, and on the next one. */
  port?: number;
  /** Time between blocks, ms. */
  slotMs?: number;
  /** Where its state is kept through restarts; without: it is gone with the process. */
  file?: string;
  /** Where the program stands (base58), and its file; the default is the committed program at its own address. */
  programId?: string;
  so?: string;
  /** Is told what should not have happened: a bug here, or a disk that is full. */
  onError?: (error: unknown) => void;
}

export interface Localnet {
  url: string;
  /** What web3.js derives from `url` by itself; `url`'s own port takes websockets too. */
  wsUrl: string;
  programId: string;
  usdcMint: string;
  /** The treasury's owner. */
  treasury: string;
  /** Secret keys, as the JSON array that Solana's tools write. Known to everybody: good for this chain alone. */
  spender: string;
  admin: string;
  /** The five settings that turn credits on, for a service on this machine. */
  settings: Record<
    "SOLANA_RPC_URL" | "USDC_MINT" | "TREASURY_ADDRESS" | "CREDITS_PROGRAM_ID" | "SPENDER_KEYPAIR",
    string
  >;
  faults: Faults;
  /** Gives test SOL and test USDC (whole ones, fractions too). @returns the signature */
  faucet(address: string, money: { sol?: number; usdc?: number }): string;
  /** So many blocks at once: blockhashes expire, receipts grow old. */
  warp(slots: number): void;
  slot(): number;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the localnet's program (main.ts) is told, on a line of standard input. */
export interface LocalnetProgram {
  /** 0: a free one */
  port: number;
  file: string;
}
/** What it says, on a line of standard output. The settings hold a secret of this chain alone. */
export type LocalnetLine =
  | Pick<Localnet, "url" | "wsUrl" | "settings">
  | { failed: "taken" | "snapshot" | "machine"; why: string };

/**
 * A Solana chain on this machine, for tests, the demo and development: a real virtual machine with the real token program and the credits
 * program, behind the JSON-RPC of a node. It listens on 127.0.0.1 alone.
 * @throws SnapshotError where `file` is not a snapshot of this chain; Error where a port is taken
 */
export async function startLocalnet(options: LocalnetOptions = {}): Promise<Localnet> {
  const { port = 0, slotMs = SLOT_MS, file, so = SO_FILE, onError = () => {} } = options;
  const programId = options.programId ?? LOCALNET_PROGRAM_ID;
  const saved = file === undefined ? undefined : readSnapshot(file);
  if (saved && saved.programId !== programId)
    throw new SnapshotError(`${file} is the state of another program (${saved.programId})`);
  const chain = createChain(saved);
  const ledger = createLedger(chain, saved?.records);
  if (saved)
    chain.advance(1 + Math.max(0, Math.floor((Date.now() - saved.at) / slotMs))); // time went on without it
  else makeGenesis(chain, ledger, programId, so);

  const faults = createFaults((finalized, confirmed) => chain.setLag(finalized, confirmed));
  const subscriptions = createSubscriptions(chain, ledger);
  let saving: NodeJS.Timeout | undefined;
  let savedAt = 0;
  const save = (durable: boolean) => {
    clearTimeout(saving);
    saving = undefined;
    if (file === undefined) return;
    savedAt = performance.now();
    const snapshot = { programId, at: Date.now(), head: chain.head(), state: chain.svm.toBytes() };
    writeSnapshot(file, { ...snapshot, records: [...ledger.all()] }, durable);
  };
  const trySave = () => {
    try {
      save(false);
    } catch (error) {
      onError(error);
    }
  };
  /** At once where the last one is old enough, so that what is answered next has been written. */
  const saveSoon = () => {
    if (file === undefined || saving) return;
    const ms = savedAt + SNAPSHOT_MS - performance.now();
    if (ms <= 0) trySave();
    else saving = setTimeout(trySave, ms);
  };
  const addBlock = () => {
    chain.advance();
    if (ledger.executeHeld() > 0) saveSoon();
    ledger.tell();
    subscriptions.slot();
  };
  /** Ends the block that a transaction was executed in. */
  const produce = () => {
    ledger.tell();
    addBlock();
    saveSoon();
  };
  const warp = (slots: number) => {
    chain.advance(slots - 1);
    addBlock();
    saveSoon();
  };
  const faucet = createFaucet(chain, ledger);
  const give: Localnet["faucet"] = (address, money) => {
    const signature = faucet(address, money);
    saveSoon();
    subscriptions.slot();
    return signature;
  };

  const rpc = createRpc(
    {
      ...chainMethods(chain, ledger),
      ...accountMethods(chain),
      ...transactionMethods(chain, ledger, faults, produce),
      ...ownMethods({ give, faults, warp }),
    },
    faults,
    onError,
  );
  const listening = await listen(port, rpc, subscriptions);
  const ticking = setInterval(() => {
    if (!faults.isTimeStopped()) addBlock();
  }, slotMs);
  ticking.unref();
  if (file !== undefined) save(true);

  const keys = localnetKeys();
  const secret = (of: keyof typeof keys) => JSON.stringify([...keys[of].secretKey]);
  const address = (of: keyof typeof keys) => keys[of].publicKey.toBase58();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      clearInterval(ticking);
      await listening.stop();
      save(true);
    })();
    return stopped;
  };
  return {
    url: listening.url,
    wsUrl: listening.wsUrl,
    programId,
    usdcMint: address("usdcMint"),
    treasury: address("treasury"),
    spender: secret("spender"),
    admin: secret("admin"),
    settings: {
      SOLANA_RPC_URL: listening.url,
      USDC_MINT: address("usdcMint"),
      TREASURY_ADDRESS: address("treasury"),
      CREDITS_PROGRAM_ID: programId,
      SPENDER_KEYPAIR: secret("spender"),
    },
    faults,
    faucet: give,
    warp,
    slot: () => chain.slotAt("processed"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

import { createHash } from "node:crypto";
import { KangKlipError } from "@kangklip/contract";
import type { CreditsLedger, Move, OldReceipt, Receipt, Signed } from "./ledger.ts";

/** Block heights that a signed transaction can land in, as on Solana. */
const VALID_HEIGHTS = 150;
/** The finalized view is this many blocks behind the newest one. */
const FINAL_BEHIND = 32;
const CLOSE_AFTER = 216_000;

/** What goes wrong with one call; the test decides, and `kills` and the like stay with whoever puts something round the port. */
export interface LedgerFaults {
  /** Nobody answers: the call has had no effect. */
  away(method: string): boolean;
  /** The call has had its effect, and its answer is lost. */
  lost(method: string): boolean;
  /** The bytes are taken and never come to a leader. */
  dropped(): boolean;
  /** Blocks that go by before the bytes land. */
  landsAfter(): number;
}

const FINE: LedgerFaults = {
  away: () => false,
  lost: () => false,
  dropped: () => false,
  landsAfter: () => 0,
};

interface Account {
  purchased: number;
  spent: number;
}
interface Sent {
  move: Move;
  landsAt: number;
  last: number;
}

/**
 * A chain with our program in memory, for tests that live through many histories: the rules of the program and of its network (a receipt for
 * each request, signatures that count once, heights after which bytes are worth nothing, a finalized view that is behind), no bytes of either.
 * Blocks are made by `pass`, and `blocksPerCall` with each call. Every charge and refund that took effect is kept, so that a test can count them.
 */
export function createTestingLedger(options: { faults?: LedgerFaults; blocksPerCall?: number } = {}) {
  const { faults = FINE, blocksPerCall = 0 } = options;
  let height = 1000;
  let serial = 0;
  const accounts = new Map<string, Account>();
  const receipts = new Map<string, Receipt & OldReceipt>();
  const pending = new Map<string, Sent>();
  /** Signatures whose bytes were in a block, and whether they did something. */
  const landed = new Map<string, boolean>();
  const taken: { type: Move["type"]; wallet: string; request_id: string; amount: number; height: number }[] =
    [];
  const moves = new Map<string, Move>();
  let calls = 0;

  const addressOf = (wallet: string, request: string) => `${wallet}/${request}`;
  const accountOf = (wallet: string): Account => {
    const account = accounts.get(wallet) ?? { purchased: 0, spent: 0 };
    accounts.set(wallet, account);
    return account;
  };
  const left = (wallet: string) => accountOf(wallet).purchased - accountOf(wallet).spent;

  /** What the program does with one move. @returns whether it succeeds */
  function executed(move: Move): boolean {
    const { wallet, request_id } = move;
    const address = addressOf(wallet, request_id);
    const receipt = receipts.get(address);
    if (move.type === "refund") {
      if (!receipt) return false;
      if (receipt.state === "refunded") return true;
      receipts.set(address, { ...receipt, state: "refunded" });
      accountOf(wallet).spent -= receipt.amount;
      taken.push({ type: "refund", wallet, request_id, amount: receipt.amount, height });
      return true;
    }
    if (receipt) return receipt.amount === move.amount;
    if (left(wallet) < move.amount) return false;
    accountOf(wallet).spent += move.amount;
    receipts.set(address, {
      state: "charged",
      amount: move.amount,
      slot: height,
      address,
      wallet,
      request_id,
    });
    taken.push({ type: "consume", wallet, request_id, amount: move.amount, height });
    return true;
  }

  /** Blocks are made, and take what is due. */
  function pass(blocks: number): void {
    for (let block = 0; block < blocks; block++) {
      height++;
      for (const [signature, sent] of pending) {
        if (sent.landsAt > height) continue;
        pending.delete(signature);
        if (height <= sent.last && !landed.has(signature)) landed.set(signature, executed(sent.move));
      }
    }
  }

  const unavailable = () => new KangKlipError("UNAVAILABLE", "The chain cannot be reached now");
  const insufficient = () => new KangKlipError("INSUFFICIENT_CREDITS", "insufficient_credits");
  async function answering<T>(method: string, work: () => T): Promise<T> {
    calls++;
    await Promise.resolve();
    pass(blocksPerCall);
    if (faults.away(method)) throw unavailable();
    const answer = work();
    if (faults.lost(method)) throw unavailable();
    return answer;
  }
  const moveOf = (signed: Signed): Move => {
    const move = moves.get(signed.signature);
    if (!move) throw new Error("signed by somebody else");
    return move;
  };

  const ledger: CreditsLedger = {
    info: () =>
      answering("info", () => ({
        chain: "localnet",
        program_id: "program",
        config_pda: "config",
        usdc_mint: "mint",
        treasury: "treasury",
        credit_unit: 100_000,
        paused: false,
      })),
    check: async () => ({ ok: true, detail: "in memory" }),
    balance: (wallet) =>
      answering("balance", () => ({ ...accountOf(wallet), credits: left(wallet), slot: height })),
    topup: () => Promise.reject(new Error("no top-ups here: use `give`")),
    readTopup: () => Promise.reject(new Error("no top-ups here: use `give`")),
    confirm: () => Promise.reject(new Error("no top-ups here: use `give`")),
    sign: (move) =>
      answering("sign", () => {
        const known = receipts.has(addressOf(move.wallet, move.request_id));
        if (move.type === "consume" && !known && left(move.wallet) < move.amount) throw insufficient();
        const signature = createHash("sha256").update(`${++serial}`).digest("hex");
        moves.set(signature, move);
        return { signature, transaction: signature, last_valid_block_height: height + VALID_HEIGHTS };
      }),
    broadcast: (signed, { again }) =>
      answering("broadcast", () => {
        const move = moveOf(signed);
        const known = receipts.has(addressOf(move.wallet, move.request_id));
        if (!again && move.type === "consume" && !known && left(move.wallet) < move.amount)
          throw insufficient();
        if (landed.has(signed.signature) || pending.has(signed.signature) || faults.dropped()) return;
        const landsAt = height + faults.landsAfter();
        pending.set(signed.signature, { move, landsAt, last: signed.last_valid_block_height });
      }),
    receipt: (wallet, request_id, { minContextSlot = 0 } = {}) =>
      answering("receipt", () => {
        if (minContextSlot > height) throw unavailable();
        const receipt = receipts.get(addressOf(wallet, request_id));
        return receipt ? { state: receipt.state, amount: receipt.amount, slot: receipt.slot } : null;
      }),
    expired: (signed) =>
      answering("expired", () => {
        const final = height - FINAL_BEHIND;
        const failed = landed.get(signed.signature) === false;
        return failed || final > signed.last_valid_block_height ? final : null;
      }),
    closable: (limit) =>
      answering("closable", () =>
        [...receipts.values()]
          .filter(({ slot }) => height - slot > CLOSE_AFTER)
          .slice(0, limit)
          .map(({ address, wallet, request_id }) => ({ address, wallet, request_id })),
      ),
    close: (old) =>
      answering("close", () =>
        old.filter(({ address }) => {
          const receipt = receipts.get(address);
          if (!receipt || height - receipt.slot <= CLOSE_AFTER) return false;
          return receipts.delete(address);
        }),
      ),
    faucet: () => Promise.reject(new KangKlipError("NO_FAUCET", "no faucet here")),
  };

  let waited = 0; // ms
  return {
    ledger,
    pass,
    /** Whoever waits for this chain waits for its blocks, of 400 ms, and for nothing else. */
    pace: {
      now: () => waited,
      pause: async (ms: number) => {
        waited += ms;
        pass(Math.ceil(ms / 400));
      },
    },
    /** Credits that somebody bought. */
    give(wallet: string, credits: number): void {
      accountOf(wallet).purchased += credits;
    },
    spent: (wallet: string) => accountOf(wallet).spent,
    left,
    /** Every charge and refund that took effect, in order. */
    taken: taken as readonly (typeof taken)[number][],
    /** What took effect for one request: charges less refunds. */
    net: (request: string) =>
      taken
        .filter(({ request_id }) => request_id === request)
        .reduce((sum, { type, amount }) => sum + (type === "consume" ? amount : -amount), 0),
    receipts: receipts as ReadonlyMap<string, Receipt & OldReceipt>,
    calls: () => calls,
  };
}
export type TestingLedger = ReturnType<typeof createTestingLedger>;

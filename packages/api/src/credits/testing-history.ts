import type { Charge } from "../jobs/job.ts";
import type { CreditsLedger } from "./ledger.ts";
import type { SettleOptions } from "./settle.ts";
import { createHistoryChain, type HistoryChain, LIFETIME_MS, unavailable } from "./testing-history-chain.ts";

// one charge, several processes that die, freeze and come back, and a chain that drops, delays, repeats, loses and lags: in virtual time

export type Settle = (
  ledger: CreditsLedger,
  charge: Charge,
  save: (to: Charge) => Promise<boolean>,
  options: SettleOptions,
) => Promise<unknown>;

/** Chances from 0 to 1, and the seed that they are drawn by. */
export interface History {
  seed: number;
  /** A call has no effect, and fails. */
  away: number;
  /** A call has its effect, and its answer is lost. */
  lost: number;
  /** A transaction is taken and never lands. */
  dropped: number;
  /** It lands late, in the last blocks that may have it. */
  late: number;
  /** A process dies at a call or a save, before or after it. */
  dies: number;
  /** It stands still for up to a minute, and goes on as if nothing had happened. */
  freezes: number;
  /** Slots that a node is behind, at most. */
  lag: number;
  /** Credits that others spend of the same wallet meanwhile, and that are bought later. */
  spentByOthers: boolean;
  refunded: boolean;
}

const LEASE_MS = 30_000;
const SETTLE_MS = 15_000;
const REQUEST = "1".repeat(64);

/** Lives through one history. @returns what was wrong, in words; empty: nothing */
export async function lived(history: History, settle: Settle): Promise<string[]> {
  const time = createTime();
  const chance = chances(history.seed);
  const chain = createHistoryChain(time, chance, history);
  const store = createStore();
  let healed = false;

  /** One process: takes the charge up whenever nobody is at it, until it dies. */
  async function live(name: string): Promise<void> {
    const risk = <T>(work: () => Promise<T>): Promise<T> => (healed ? work() : risky(work));
    async function risky<T>(work: () => Promise<T>): Promise<T> {
      if (chance() < history.dies) return new Promise(() => {});
      if (chance() < history.freezes) await time.wait(chance() * 60_000);
      const result = await work();
      if (chance() < history.dies) return new Promise(() => {});
      if (chance() < history.freezes) await time.wait(chance() * 60_000);
      return result;
    }
    const ledger = guarded(chain.ledger, risk);
    for (;;) {
      const found = store.read();
      if (!isOpen(found) || (found.by !== null && found.by !== name && found.until > time.now())) {
        await time.wait(1000);
        continue;
      }
      let mine = { ...found, by: name, until: time.now() + LEASE_MS };
      if (!(await risk(async () => store.replace(found, mine)))) continue;
      const save = (to: Charge) =>
        risk(async () => {
          await time.wait(5);
          if (!healed && chance() < history.away) throw unavailable();
          const next = { ...to, by: name, until: time.now() + LEASE_MS };
          const done = store.replace(mine, next);
          if (done) mine = next;
          if (!healed && chance() < history.lost) throw unavailable();
          return done;
        });
      const options = { deadlineMs: SETTLE_MS, now: time.now, pause: time.wait };
      await settle(ledger, mine, save, options).catch(() => {});
      store.replace(mine, { ...mine, by: null, until: 0 });
      await time.wait(500);
    }
  }

  if (history.spentByOthers) time.later(chance() * 8000, () => chain.spend());
  if (history.spentByOthers) time.later(chance() * 100_000, () => chain.buy(3));
  const refund = () => {
    const now = store.read();
    if (now.state === "CHARGED") store.replace(now, { ...now, state: "REFUNDING", signed: null, by: null });
    else if (isOpen(now)) time.later(5000, refund);
  };
  if (history.refunded) time.later(chance() * 60_000, refund);
  for (let index = 0; index < 4; index++) time.later(index * chance() * 40_000, () => void live(`p${index}`));
  await time.run(240_000);
  healed = true;
  chain.heal();
  void live("last");
  await time.run(600_000, () => !isOpen(store.read()));
  await time.run(3 * LIFETIME_MS); // whatever is on its way comes
  return verdict(store.read(), chain);
}

function verdict(end: Charge, chain: HistoryChain): string[] {
  const wrong: string[] = [];
  const net = chain.charges() - chain.refunds();
  if (chain.charges() > 1) wrong.push(`charged ${chain.charges()} times`);
  if (chain.refunds() > 1) wrong.push(`refunded ${chain.refunds()} times`);
  if (chain.twoAlive()) wrong.push("two transactions of one charge could land");
  if (isOpen(end)) wrong.push(`never ended: ${end.state}`);
  if (end.state === "CHARGED" && net !== 1) wrong.push(`CHARGED, and ${net} taken`);
  if (end.state === "REFUSED" && net !== 0) wrong.push("paid, and locked");
  if (end.state === "REFUNDED" && net !== 0) wrong.push(`REFUNDED, and ${net} taken`);
  return wrong;
}

const isOpen = ({ state, signed }: Charge) =>
  state === "DUE" || state === "SENDING" || state === "REFUNDING" || (state === "REFUSED" && signed !== null);

function guarded(ledger: CreditsLedger, risk: <T>(work: () => Promise<T>) => Promise<T>): CreditsLedger {
  return {
    ...ledger,
    sign: (move) => risk(() => ledger.sign(move)),
    broadcast: (signed, options) => risk(() => ledger.broadcast(signed, options)),
    receipt: (wallet, id, options) => risk(() => ledger.receipt(wallet, id, options)),
    expired: (signed) => risk(() => ledger.expired(signed)),
  };
}

function createStore() {
  let charge: Charge = {
    what: "clip_01.mp4",
    request_id: REQUEST,
    wallet: "wallet",
    amount: 1,
    state: "DUE",
    signed: null,
    since: 0,
    by: null,
    until: 0,
    error: null,
    asked: null,
  };
  return {
    read: () => charge,
    replace(from: Charge, to: Charge): boolean {
      if (JSON.stringify(from) !== JSON.stringify(charge)) return false;
      charge = to;
      return true;
    },
  };
}

export type Time = ReturnType<typeof createTime>;

/** Time that passes as fast as it can: whatever waits longest comes last. */
function createTime() {
  let now = 0;
  let serial = 0;
  const waiting: { at: number; serial: number; go: () => void }[] = [];
  const later = (ms: number, go: () => void) => {
    const entry = { at: now + ms, serial: ++serial, go };
    const place = waiting.findLastIndex((each) => each.at <= entry.at) + 1;
    waiting.splice(place, 0, entry);
  };
  return {
    now: () => now,
    later,
    wait: (ms: number) => new Promise<void>((resolve) => later(ms, resolve)),
    /** Lets so much time pass, or less where something is so. */
    async run(ms: number, isEnough = () => false): Promise<void> {
      const until = now + ms;
      for (;;) {
        for (let turn = 0; turn < 20; turn++) await Promise.resolve(); // what follows at once, follows now
        const next = waiting[0];
        if (isEnough()) return;
        if (!next || next.at > until) break;
        waiting.shift();
        now = next.at;
        next.go();
      }
      now = until;
    },
  };
}

/** The same chances in each run. */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { KangKlipError } from "@kangklip/contract";
import type { CreditsLedger, Move, Receipt, Signed } from "./ledger.ts";
import type { History, Time } from "./testing-history.ts";

const SLOT_MS = 400;
const FINALITY = 32;
const LIFETIME = 150;
export const LIFETIME_MS = LIFETIME * SLOT_MS;

export const unavailable = () => new KangKlipError("UNAVAILABLE", "away");
const insufficient = () => new KangKlipError("INSUFFICIENT_CREDITS", "insufficient_credits");

export type HistoryChain = ReturnType<typeof createHistoryChain>;

/**
 * A chain whose program charges whatever lands: it has no memory of requests, so that nothing but the order of signing, keeping and sending
 * stands between a wallet and a second charge. The receipt tells of the first one.
 */
export function createHistoryChain(time: Time, chance: () => number, history: History) {
  const slot = () => 1000 + Math.floor(time.now() / SLOT_MS);
  let healed = false;
  let serial = 0;
  const counts = { consume: 0, refund: 0 };
  const receipts: { slot: number; receipt: Receipt }[] = [];
  const credits: { slot: number; credits: number }[] = [{ slot: 0, credits: 5 }];
  const moves = new Map<string, Move>();
  const sent = new Map<string, Signed>();
  /** When it landed, and whether it did something. */
  const landed = new Map<string, { slot: number; ok: boolean }>();
  let alive2 = false;

  const at = <T extends { slot: number }>(list: readonly T[], view: number) =>
    list.findLast((entry) => entry.slot <= view);
  const creditsAt = (view: number) => at(credits, view)?.credits ?? 0;
  const change = (by: number) => credits.push({ slot: slot(), credits: creditsAt(slot()) + by });
  /** Each kind of question goes to a node of its own, as a balancer may have it; so far they are behind, all the time. */
  const behind = {
    sign: chance(),
    broadcast: chance(),
    receipt: chance(),
    status: chance(),
    height: chance(),
  };
  /** What the node that answers has confirmed. */
  const view = (asked: keyof typeof behind) =>
    slot() - (healed ? 0 : Math.floor(behind[asked] * history.lag));
  const canLand = ({ signature, last_valid_block_height }: Signed) =>
    !landed.has(signature) && slot() <= last_valid_block_height;

  function land(signed: Signed): void {
    if (!canLand(signed)) return;
    const move = moves.get(signed.signature);
    const known = at(receipts, slot())?.receipt;
    const ok = move?.type === "consume" ? creditsAt(slot()) >= move.amount : known !== undefined;
    landed.set(signed.signature, { slot: slot(), ok });
    if (!ok || !move) return;
    counts[move.type]++;
    change(move.type === "consume" ? -move.amount : 1);
    const state = move.type === "consume" ? "charged" : "refunded";
    receipts.push({ slot: slot(), receipt: { state, amount: 1, slot: slot() } });
  }

  async function answering<T>(work: () => T): Promise<T> {
    await time.wait(5 + chance() * 300);
    if (!healed && chance() < history.away) throw unavailable();
    const answer = work();
    await time.wait(chance() * 100);
    if (!healed && chance() < history.lost) throw unavailable();
    return answer;
  }

  const ledger: Pick<CreditsLedger, "sign" | "broadcast" | "receipt" | "expired"> = {
    sign: (move) =>
      answering(() => {
        if (move.type === "consume" && creditsAt(view("sign")) < move.amount) throw insufficient();
        const signature = `signature ${++serial}`;
        moves.set(signature, move);
        return { signature, transaction: signature, last_valid_block_height: slot() + LIFETIME };
      }),
    broadcast: (signed, { again }) =>
      answering(() => {
        const move = moves.get(signed.signature);
        if (
          !again &&
          move?.type === "consume" &&
          !landed.has(signed.signature) &&
          creditsAt(view("broadcast")) < move.amount
        )
          throw insufficient();
        const others = [...sent.values()].filter(({ signature }) => signature !== signed.signature);
        const type = move?.type;
        alive2 ||=
          canLand(signed) &&
          others.some((other) => canLand(other) && moves.get(other.signature)?.type === type);
        sent.set(signed.signature, signed);
        if (!healed && chance() < history.dropped) return;
        const isLate = !healed && chance() < history.late;
        const blocks = isLate ? (0.8 + 0.2 * chance()) * LIFETIME : 4 * chance();
        time.later(blocks * SLOT_MS, () => land(signed));
      }),
    receipt: (_wallet, _id, { minContextSlot = 0 } = {}) =>
      answering(() => {
        const seen = view("receipt");
        if (seen < minContextSlot) throw unavailable();
        return at(receipts, seen)?.receipt ?? null;
      }),
    expired: ({ signature, last_valid_block_height }) =>
      answering(() => {
        const final = view("height") - FINALITY;
        const seen = view("status");
        const found = landed.get(signature);
        if (found && found.slot <= seen) return !found.ok && found.slot <= final ? final : null;
        return final > last_valid_block_height ? final : null;
      }),
  };
  return {
    ledger: ledger as CreditsLedger,
    charges: () => counts.consume,
    refunds: () => counts.refund,
    twoAlive: () => alive2,
    /** Somebody spends all there is. */
    spend: () => change(-creditsAt(slot())),
    buy: (count: number) => change(count),
    heal() {
      healed = true;
    },
  };
}

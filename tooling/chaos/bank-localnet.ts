import { setTimeout as sleep } from "node:timers/promises";
import { startCredits } from "../../packages/api/src/credits/solana/testing.ts";
import { type Bank, CREDITS, LATE } from "./bank.ts";
import type { Random } from "./random.ts";

/** Time goes as many times faster than on a real chain. */
const HASTE = 20;
const SLOT_MS = 400;
const PATIENCE_MS = 400;
const FAILURES = [{ status: 429 }, { status: 503 }, { code: -32005 }, { code: -32016 }];

/**
 * The real program on a virtual machine, behind the JSON-RPC of a node that misbehaves (packages/localnet), and the ledger that the product uses.
 * One chain for as many histories as one likes, one after the other: each has wallets of its own.
 */
export async function startLocalBank() {
  const credits = await startCredits({ slotMs: SLOT_MS / HASTE });
  const { net } = credits;
  return {
    /** @param luck draws what goes wrong */
    async bank(luck: Random): Promise<Bank> {
      net.faults.clear();
      const rich = CREDITS.map((usdc) => credits.rich({ usdc }));
      for (const [index, who] of rich.entries()) {
        const signature = await credits.buy(who, CREDITS[index] ?? 0);
        await credits.ledger.confirm(who.wallet, signature, { waitMs: 4000 });
      }
      const [alice, bob, poor] = [...rich, credits.rich()].map(({ wallet }) => wallet);
      if (!alice || !bob || !poor) throw new Error("there are three wallets");
      const now = () => performance.now() * HASTE;
      const ledger = credits.another({ patienceMs: PATIENCE_MS, now });
      await ledger.check();
      let faults = 0;
      const kept: Bank["kept"] = async (wallet, request) =>
        (await credits.ledger.receipt(wallet, request))?.state ?? null;
      return {
        ledger,
        pace: { now, pause: (ms) => sleep(ms / HASTE) },
        wallets: [alice, bob, poor],
        pass: (blocks) => net.warp(Math.max(1, blocks)),
        disturb() {
          faults++;
          const dice = luck.next();
          if (dice < 0.25) net.faults.dropNext("sendTransaction");
          else if (dice < 0.35) net.faults.dropNext("*");
          else if (dice < 0.5) net.faults.delayNext("*", luck.whole(5, 600));
          else if (dice < 0.7) net.faults.fail("*", luck.of(FAILURES), luck.whole(1, 4));
          else if (dice < 0.85) net.faults.loseNext();
          else net.faults.holdNext(luck.of(LATE));
        },
        calm: () => net.faults.clear(),
        faults: () => faults,
        spent: async (wallet) => (await credits.ledger.balance(wallet)).spent,
        kept,
        taken: () => [],
      };
    },
    [Symbol.asyncDispose]: () => credits[Symbol.asyncDispose](),
  };
}

import type { CreditsLedger } from "../../packages/api/src/credits/ledger.ts";
import type { SettleOptions } from "../../packages/api/src/credits/settle.ts";
import { createTestingLedger } from "../../packages/api/src/credits/testing-ledger.ts";
import type { Random } from "./random.ts";

/** A chain, with what a history of money needs to know of it: three wallets, of which the last one owns nothing. */
export interface Bank {
  ledger: CreditsLedger;
  /** Whoever waits for this chain waits so. */
  pace: Pick<SettleOptions, "now" | "pause">;
  wallets: readonly [string, string, string];
  /** Blocks go by. */
  pass(blocks: number): void;
  /** Something may go wrong from now on; told now and then. */
  disturb(): void;
  /** Nothing goes wrong any more. */
  calm(): void;
  /** How often something went wrong. */
  faults(): number;
  /** Credits that the chain took of a wallet and has not given back. */
  spent(wallet: string): Promise<number>;
  /** What the chain keeps of a request. */
  kept(wallet: string, request: string): Promise<"charged" | "refunded" | null>;
  /** Requests that the chain took something for; empty where it cannot be asked. */
  taken(): readonly string[];
}

export const CREDITS = [40, 9] as const;
/** A slow network takes a transaction after as many blocks; the last of them is past its life. */
export const LATE = [1, 5, 30, 149, 200];

/** In memory (testing-ledger.ts). */
export function memoryBank(luck: Random): Bank {
  let [quiet, faults] = [false, 0];
  const fault = (probability: number) => {
    const happens = !quiet && luck.chance(probability);
    if (happens) faults++;
    return happens;
  };
  const chain = createTestingLedger({
    faults: {
      away: () => fault(0.06),
      lost: () => fault(0.06),
      dropped: () => fault(0.15),
      landsAfter: () => (fault(0.3) ? luck.of(LATE) : luck.whole(0, 2)),
    },
  });
  const wallets = ["Alice", "Bob", "Poor"] as const;
  for (const [index, credits] of CREDITS.entries()) chain.give(wallets[index] ?? "", credits);
  return {
    ...{ ledger: chain.ledger, pace: chain.pace, pass: chain.pass, wallets },
    disturb: () => {},
    calm: () => {
      quiet = true;
    },
    faults: () => faults,
    spent: async (wallet) => chain.spent(wallet),
    kept: async (wallet, request) => chain.receipts.get(`${wallet}/${request}`)?.state ?? null,
    taken: () => chain.taken.map(({ request_id }) => request_id),
  };
}

import { type Chain, type CreditsInfo, UNLOCK_CREDITS } from "@kangklip/contract";
import { type Auth, createAuth } from "./auth/auth.ts";
import type { Clips } from "./clips/clips.ts";
import type { Charging } from "./credits/charging.ts";
import type { CreditsLedger } from "./credits/ledger.ts";
import { createTopup } from "./credits/topup.ts";
import { createUnlock } from "./credits/unlock.ts";
import type { Jobs } from "./jobs/jobs.ts";
import type { JobStore } from "./jobs/store.ts";
import type { createLimits } from "./limits.ts";
import type { Logger } from "./log.ts";

export type Money = ReturnType<typeof createMoney>;

interface MoneyOptions {
  ledger: CreditsLedger;
  store: JobStore;
  charging: Charging;
  jobs: Jobs;
  clips: Clips;
  limits: ReturnType<typeof createLimits>;
  /** Origins whose visitors may sign in, asked when it is needed: the own one is known once this API listens. */
  origins: () => readonly string[];
  /** Credits that making a job costs. */
  generationFee: number;
  log: Logger;
  now: () => number;
}

/** What there is only where credits are on: who is signed in, and what their wallets can buy. */
export function createMoney(options: MoneyOptions) {
  const { ledger, store, charging, jobs, clips, limits, origins, generationFee, log, now } = options;
  const auth: Auth = createAuth({
    ...{ store, limits, origins, now },
    chain: async () => (await ledger.info()).chain,
  });
  const topup = createTopup({ ledger, store, log, now });
  return {
    auth,
    ledger,
    topup,
    unlock: createUnlock({
      ...{ store, jobs, clips, charging, now },
      walletOf: auth.walletOf,
      limit: limits.payments,
    }),

    /** What a page shows before anybody signs in. */
    async info(): Promise<CreditsInfo> {
      const info = await ledger.info();
      return {
        ...info,
        enabled: true,
        generate_credits: generationFee,
        unlock_credits: UNLOCK_CREDITS,
        explorer: explorerOf(info.chain),
        faucet: info.chain === "localnet",
      };
    },

    /** Begins nothing more. */
    stop: topup.stop,
  };
}

/** Where anybody can look a transaction up; nobody else sees a localnet. */
function explorerOf(chain: Chain): string | null {
  if (chain === "localnet") return null;
  return `https://explorer.solana.com/tx/{signature}${chain === "mainnet" ? "" : `?cluster=${chain}`}`;
}

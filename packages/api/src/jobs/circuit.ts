import type { ProviderError } from "@kangklip/providers";
import type { Hold } from "./placement.ts";

const FIRST_MS = 5000;
const MOST_MS = 60_000;
/** What nobody but a person can mend is tried again less often: first after a minute, at least every ten minutes. */
const LASTING_FIRST_MS = 60_000;
const LASTING_MOST_MS = 10 * 60_000;
/** The shortest and the longest that a provider's "later" is believed. */
const TOLD_LEAST_MS = 1000;
const TOLD_MOST_MS = 30 * 60_000;
/** Who is let through to try has this long to say what came of it. */
const TRIAL_MS = 30_000;
/** Waits differ by up to this part, so that not everybody comes back at once. */
const JITTER = 0.2;

/**
 * Leaves a provider (or one of its offers) alone after failures, for longer each time; then one job tries, and its luck decides for the
 * others. `random` gives 0..1, `now` ms since 1970.
 */
export function createCircuit({ now, random }: { now: () => number; random: () => number }) {
  let hold: Hold | undefined;
  let failures = 0;
  let trialUntil = 0;

  return {
    /** @param lasting nobody but a person can mend it @param why what is said behind the provider's name */
    failed({ retryAfterMs }: Pick<ProviderError, "retryAfterMs">, lasting: boolean, why: string): void {
      const [first, most] = lasting ? [LASTING_FIRST_MS, LASTING_MOST_MS] : [FIRST_MS, MOST_MS];
      const own = Math.min(most, first * 2 ** Math.min(failures, 10));
      const ms =
        retryAfterMs === undefined
          ? Math.round(own * (1 + JITTER * random()))
          : Math.min(TOLD_MOST_MS, Math.max(TOLD_LEAST_MS, retryAfterMs));
      failures++;
      trialUntil = 0;
      hold = { until: now() + ms, ms, lasting, why };
    },

    worked(): void {
      hold = undefined;
      failures = 0;
      trialUntil = 0;
    },

    /** Undefined: it may be asked. */
    held(): Hold | undefined {
      if (!hold || hold.until > now()) return hold;
      return trialUntil > now() ? { ...hold, until: trialUntil, lasting: false } : undefined;
    },

    /** It is about to be asked: after a failure nobody else does so until it is known how that went. */
    asked(): void {
      if (hold) trialUntil = now() + TRIAL_MS;
    },
  };
}
export type Circuit = ReturnType<typeof createCircuit>;

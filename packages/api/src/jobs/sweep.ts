import type { ComputeProvider, LaunchRef } from "@kangklip/providers";
import type { Logger } from "../log.ts";
import { jobOfLaunch } from "./launch.ts";
import { CANCEL_GRACE_SECONDS } from "./steps.ts";
import type { JobStore } from "./store.ts";

/** A launch may be younger than what is known of it: until it is this old it is left alone. */
const ORPHAN_AGE_MS = 5 * 60_000;

/** Ends launches that belong to no attempt (any more): nobody would ever stop paying for them. `now` in ms since 1970. */
export function createSweep(options: {
  store: JobStore;
  provider: ComputeProvider;
  log: Logger;
  now: () => number;
}) {
  const { store, provider, log, now } = options;
  const orphans = new Map<string, LaunchRef>();

  return {
    /** Looks through all that the provider knows. */
    async find(): Promise<void> {
      if (!provider.capabilities.list) return;
      for await (const { ref, launchKey, createdAt } of provider.list()) {
        if (now() - createdAt < ORPHAN_AGE_MS) continue;
        const known = (await store.get(jobOfLaunch(launchKey)))?.job.attempts.find(
          ({ launch_key }) => launch_key === launchKey,
        );
        if (known && !known.released) continue;
        if (!orphans.has(ref.ref))
          log.warn({ launch: launchKey }, "removing a launch that belongs to no attempt");
        orphans.set(ref.ref, ref);
      }
    },

    /** One step towards the end of each of them. */
    async end(): Promise<void> {
      for (const [key, ref] of orphans) {
        if ((await provider.cancel(ref, { graceSeconds: CANCEL_GRACE_SECONDS })) !== "gone") continue;
        await provider.release(ref);
        orphans.delete(key);
      }
    },
  };
}

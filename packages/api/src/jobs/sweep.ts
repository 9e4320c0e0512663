import type { ComputeProvider, LaunchRef } from "@kangklip/providers";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Logger } from "../log.ts";
import type { Attempt } from "./job.ts";
import { epochOfLaunch, jobOfLaunch } from "./launch.ts";
import { CANCEL_GRACE_SECONDS } from "./steps.ts";
import type { JobStore } from "./store.ts";

/** A launch may be younger than what is known of it: until it is this old it is left alone. */
const ORPHAN_AGE_MS = 5 * 60_000;

/**
 * Ends launches at one provider that belong to no attempt (any more), and removes what they uploaded: nobody would ever stop paying for
 * them. `now` in ms since 1970.
 */
export function createSweep(options: {
  store: JobStore;
  provider: ComputeProvider;
  artifacts: ArtifactStore;
  log: Logger;
  now: () => number;
}) {
  const { store, provider, artifacts, log, now } = options;
  const orphans = new Map<string, { ref: LaunchRef; launchKey: string; keep: boolean }>();

  const isHere = (attempt: Attempt) => (attempt.ref?.provider ?? attempt.provider) === provider.id;
  /** A launch of an attempt that is elsewhere: nobody knows which of them claimed it, and who did not is sent away when it asks. */
  const mayHold = async ({ state }: Attempt, ref: LaunchRef) =>
    state === "CLAIMED" && ["running", "stopping"].includes((await provider.observe(ref)).phase);

  return {
    /** Looks through all that the provider knows. */
    async find(): Promise<void> {
      if (!provider.capabilities.list) return;
      for await (const { ref, launchKey, createdAt } of provider.list()) {
        if (now() - createdAt < ORPHAN_AGE_MS) continue;
        const known = (await store.get(jobOfLaunch(launchKey)))?.job.attempts.find(
          ({ launch_key }) => launch_key === launchKey,
        );
        if (known && !known.released && (isHere(known) || (await mayHold(known, ref)))) continue;
        if (!orphans.has(ref.ref))
          log.warn(
            { launch: launchKey, provider: provider.id },
            "removing a launch that belongs to no attempt",
          );
        orphans.set(ref.ref, { ref, launchKey, keep: known !== undefined && !known.released });
      }
    },

    /** One step towards the end of each of them. */
    async end(): Promise<void> {
      for (const [key, { ref, launchKey, keep }] of orphans) {
        if ((await provider.cancel(ref, { graceSeconds: CANCEL_GRACE_SECONDS })) !== "gone") continue;
        await provider.release(ref);
        if (!keep)
          await artifacts.delete(`jobs/${jobOfLaunch(launchKey)}/attempts/${epochOfLaunch(launchKey)}/`);
        orphans.delete(key);
      }
    },
  };
}

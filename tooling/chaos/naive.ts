import { randomBytes } from "node:crypto";
import { changeAttempt } from "../../packages/api/src/jobs/attempt.ts";
import { currentAttempt } from "../../packages/api/src/jobs/job.ts";
import type { Ports } from "../../packages/api/src/services.ts";

/**
 * The same ports without what makes them safe, as a first draft would have them: a write that does not look whether somebody was first,
 * no note of a request that was seen before, no intent stored before a launch, and a provider that does not know its launch keys.
 * The negative control: a harness that finds nothing here would find nothing anywhere.
 */
export function naively({ store, artifacts, providers, ledger }: Ports): Ports {
  return {
    artifacts,
    ledger,
    store: {
      ...store,
      remember: async () => true,
      async replace(job, version) {
        const { epoch, state } = currentAttempt(job);
        const next = state === "SUBMITTING" ? changeAttempt(job, epoch, { state: "PLANNED" }) : job;
        for (;;) {
          const stored = await store.get(job.job_id);
          if (await store.replace(next, stored?.version ?? version)) return true;
        }
      },
    },
    providers: providers.map((provider) => ({
      ...provider,
      submit: (spec) =>
        provider.submit({ ...spec, launchKey: `${spec.launchKey}-${randomBytes(4).toString("hex")}` }),
      find: async () => [],
    })),
  };
}

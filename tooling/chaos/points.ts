import { currentAttempt, isFinal, type Job } from "../../packages/api/src/jobs/job.ts";
import type { Ports } from "../../packages/api/src/services.ts";
import type { Behaviour } from "./worker.ts";

/** Calls that change something or on whose answer something depends, and which job leads there. */
const CALLS: Record<string, Behaviour> = {
  // these take longest to be made good, so they come first: a claim on a key, or a submission, has to run out
  "store.remember": "ok",
  "store.insert": "ok",
  "store.note": "ok",
  "provider.offers": "ok",
  "store.replace/SUBMITTING": "ok",
  "provider.submit": "ok",
  "store.replace/STARTING": "ok",
  "provider.find": "ok",
  "store.active": "ok",
  "store.replace/RUNNING": "ok",
  "provider.observe": "slow",
  "artifacts.signPut": "ok",
  "store.replace/COMMITTING": "ok",
  "artifacts.get": "ok",
  "artifacts.hash": "ok",
  "artifacts.copy/clip": "ok",
  "artifacts.copy/manifest": "ok",
  "artifacts.delete": "ok",
  "store.replace/SUCCEEDED": "ok",
  "provider.cancel": "ok",
  "provider.release": "ok",
  "store.replace/released": "ok",
  "store.replace/RETRYING": "crashes",
  "provider.logs": "crashes",
  "store.replace/FAILED": "fails",
  "artifacts.put": "fails",
  "store.replace/CANCELLING": "cancelled",
  "store.replace/CANCELLED": "cancelled",
};

export interface Point {
  /** `before:` the call is made; `after:` it was done and nobody has heard of it yet. */
  name: string;
  behaviour: Behaviour;
}

/** Every place at which a process of the API can be killed on purpose. */
export const POINTS: readonly Point[] = Object.entries(CALLS).flatMap(([call, behaviour]) =>
  ["before", "after"].map((when) => ({ name: `${when}:${call}`, behaviour })),
);

type Calls = Record<string, (...args: never[]) => unknown>;
/** Calls that are over when they return, or that go on for long: no process dies in the middle of one on purpose. */
const SKIPPED = ["watch", "list", "checkLink", "close"];
/** Calls that mean different things for different arguments. */
const NAMES: Record<string, (...args: never[]) => string> = {
  "store.replace": (job: Job) => momentOf(job),
  "artifacts.copy": (_from: string, to: string) => (to.endsWith("manifest.json") ? "manifest" : "clip"),
};

/**
 * Calls `reached` with the name of each point as it is passed. Every call of every port is one, so a side effect that is added to the
 * product is a place to die from that day on. The ports are wrapped; nothing in the product knows of this.
 */
export function withPoints(ports: Ports, reached: (point: string) => void): Ports {
  const around = <Port extends object>(name: string, port: Port): Port => {
    const wrapped = { ...port } as unknown as Calls;
    for (const [method, work] of Object.entries(port as unknown as Calls)) {
      if (typeof work !== "function" || SKIPPED.includes(method)) continue;
      const call = `${name}.${method}`;
      const detail = NAMES[call];
      wrapped[method] = async (...args: never[]) => {
        const point = detail ? `${call}/${detail(...args)}` : call;
        reached(`before:${point}`);
        const answer = await work(...args);
        reached(`after:${point}`);
        return answer;
      };
    }
    return wrapped as unknown as Port;
  };
  return {
    store: around("store", ports.store),
    artifacts: around("artifacts", ports.artifacts),
    providers: ports.providers.map((provider) => around("provider", provider)),
    ledger: ports.ledger && around("ledger", ports.ledger),
  };
}

/** What a write makes of a job. */
function momentOf(job: Job): string {
  const attempt = currentAttempt(job);
  if (isFinal(job) && attempt.released && attempt.submitting_at !== null) return "released";
  return attempt.state === "SUBMITTING" ? "SUBMITTING" : job.state;
}

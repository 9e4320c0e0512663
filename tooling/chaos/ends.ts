import type { Watched } from "./clients.ts";
import type { Fact } from "./invariants.ts";
import type { Behaviour } from "./worker.ts";

const MAX_ATTEMPTS = 3;

/** A job whose workers were left alone ends as its video says; only a job that lost every attempt may fail for that. */
export function wrongEnds(jobs: readonly Watched[], lostWorkers: ReadonlyMap<string, number>): Fact[] {
  return jobs.flatMap(({ id, behaviour, view }): Fact[] => {
    const lost = (lostWorkers.get(id) ?? 0) + Number(behaviour === "crashes");
    if (!view || (lost >= MAX_ATTEMPTS && view.error_code === "WORKER_LOST")) return [];
    const right: Record<Behaviour, string[]> = {
      ok: ["SUCCEEDED"],
      slow: ["SUCCEEDED"],
      crashes: ["SUCCEEDED"],
      unreported: ["SUCCEEDED"],
      fails: ["FAILED SOURCE_UNREADABLE"],
      cancelled: ["CANCELLED CANCELLED"],
    };
    const end = [view.state, view.error_code].filter(Boolean).join(" ");
    if (right[behaviour].includes(end)) return [];
    const text = `ended ${end} (${view.error ?? ""}) and should have ended ${right[behaviour]}; ${lost} workers of it were killed`;
    return [{ is: "broken", id: "I1", job: id, text }];
  });
}

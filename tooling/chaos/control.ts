import { type Attempt, currentAttempt, isFinal, type Job } from "../../packages/api/src/jobs/job.ts";
import { isAbandoned, isDue, SUBMIT_MS } from "../../packages/api/src/jobs/launch.ts";
import { CALL_MS } from "../../packages/api/src/jobs/limited.ts";
import { type JobEvent, LEASE_MS } from "../../packages/api/src/jobs/state.ts";
import { EXIT_FENCED } from "../../packages/contract/src/index.ts";
import type { LaunchRef, Observation } from "../../packages/providers/src/index.ts";
import type { Market } from "./market.ts";
import { publishing } from "./publishing.ts";
import type { Part, Thread, World } from "./world.ts";

const OBSERVE_MS = 3000;
const DOUBLES_MS = 30_000;
const SWEEP_MS = 60_000;
const DEAF_MS = 15_000;

/** Why a step of the control plane ends early; the next round begins anew. */
class Interrupted extends Error {}

export type Control = ReturnType<typeof createControl>;

interface Seen {
  ref: LaunchRef;
  observation: Observation;
}

const isThere = ({ phase }: Observation) => phase !== "exited" && phase !== "lost";

/**
 * One process of the API as the simulation sees it: the steps of the real one (steps.ts, sweep.ts) in their order, with a `yield`
 * wherever it waits for a port, so that it can be killed there, or others come between. What decides is the real `decide`.
 */
export function createControl(world: World, market: Market) {
  let life = 0;
  let heardSince = world.now;
  let heardAt = world.now;
  let sweptAt = world.now;
  const orphans = new Map<string, number>();
  /** Whether workers could be heard for a whole lease. */
  const listened = () => world.now - heardSince >= LEASE_MS;

  /** Gives what throws once this process has been killed. */
  function birth(): () => void {
    const born = life;
    return () => {
      if (life !== born) throw new Interrupted();
    };
  }

  /** An endless loop of rounds. */
  function* loop(): Thread {
    for (;;) {
      const alive = birth();
      try {
        yield* round(alive);
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
      }
      yield "idle";
    }
  }

  function* round(alive: () => void): Part {
    if (world.now - heardAt > DEAF_MS) heardSince = world.now;
    heardAt = world.now;
    const { job } = world.stored;
    yield;
    alive();
    for (const attempt of job.attempts)
      if (attempt.state === "FINISHED" && !attempt.released) yield* release(attempt, alive);
    if (!isFinal(job)) {
      yield* advance(job, currentAttempt(job), alive);
      if (listened()) yield* world.happened({ type: "tick", heardSince }, alive);
    }
    yield* sweep(alive);
  }

  function* advance(job: Job, attempt: Attempt, alive: () => void): Part {
    if (job.state === "COMMITTING") return yield* publishing(world, { job, attempt, alive, publishedBefore });
    if (job.state === "CANCELLING") return yield* cancel(attempt, alive);
    switch (attempt.state) {
      case "PLANNED":
        if (isDue(attempt, world.now)) yield* submit(attempt, alive);
        return;
      case "SUBMITTING":
        if (isAbandoned(attempt, world.now, world.submit === "native")) yield* submit(attempt, alive);
        return;
      case "SUBMITTED":
      case "CLAIMED":
        yield* look(attempt, alive);
    }
  }

  function* publishedBefore({ epoch }: Attempt, alive: () => void): Part<boolean> {
    yield;
    alive();
    if (!world.published.manifest) return false;
    yield* world.happened({ type: "published", epoch }, alive);
    return true;
  }

  function* submit(attempt: Attempt, alive: () => void): Part {
    const { epoch } = attempt;
    if (yield* publishedBefore(attempt, alive)) return;
    if (attempt.state === "PLANNED" && attempt.doubt_until !== null && (yield* cameLate(attempt, alive)))
      return;
    const native = world.submit === "native";
    const first = yield* world.happened({ type: "submitting", epoch, provider: "market", native }, alive);
    if (!first.changed) return;
    const asked = currentAttempt(first.before).submitting_at !== null;
    const { submitting_at: since } = currentAttempt(first.job);
    if (!asked || !native) {
      yield;
      alive();
      const found = market.find(epoch);
      const [there] = found;
      if (there && !asked)
        return void (yield* world.happened({ type: "epoch_taken", epoch, ref: there, since }, alive));
      for (const ref of found) yield* launched(epoch, ref, alive);
      if (there) return;
    }
    if (!native && world.now - (since ?? 0) > SUBMIT_MS - CALL_MS) return;
    const answer = yield* market.submit(epoch, alive);
    if (typeof answer !== "string") return yield* launched(epoch, answer, alive);
    const message = answer;
    const again = answer === "full";
    const unsure = { type: "submit_unsure", epoch, message } as const;
    const failed = { type: "submit_failed", epoch, since, message, again } as const;
    yield* world.happened(answer === "unsure" ? unsure : failed, alive);
  }

  /** Who was asked before and never answered: whether it has begun the launch after all. */
  function* cameLate({ epoch, submitting_at: since }: Attempt, alive: () => void): Part<boolean> {
    yield;
    alive();
    const found = market.find(epoch);
    for (const ref of found) yield* launched(epoch, ref, alive);
    if (found.length > 0) return true;
    yield* world.happened({ type: "submit_never", epoch, since }, alive);
    return false;
  }

  function* launched(epoch: number, ref: LaunchRef, alive: () => void): Part {
    const { job } = yield* world.happened({ type: "submitted", epoch, ref }, alive);
    const kept = job.attempts.find((one) => one.epoch === epoch)?.ref;
    if (kept && kept.ref !== ref.ref) yield* market.cancel(ref, alive);
  }

  function* look(attempt: Attempt, alive: () => void): Part {
    const { epoch, lease_until: lease } = attempt;
    const heard = lease === null ? 0 : lease - LEASE_MS;
    const looked = Math.max(attempt.observed_at ?? 0, attempt.submitted_at ?? 0);
    const doubles = world.submit === "lookup" && world.now - looked >= DOUBLES_MS;
    if (world.now - Math.max(looked, heard) < OBSERVE_MS && !doubles) return;
    yield;
    alive();
    const refs = market.launchesOf(attempt);
    const [first] = refs;
    if (!first) {
      const observation: Observation = { phase: "lost" };
      if (listened()) yield* world.happened({ type: "observed", epoch, observation }, alive);
      return;
    }
    if (!attempt.ref) yield* launched(epoch, first, alive);
    const seen: Seen[] = [];
    for (const ref of refs) {
      yield;
      alive();
      seen.push({ ref, observation: market.observe(ref) });
    }
    const observation = yield* theOne(attempt, seen, alive);
    if (isThere(observation)) {
      if (listened()) yield* world.happened({ type: "observed", epoch, observation }, alive);
      return;
    }
    if (yield* publishedBefore(attempt, alive)) return;
    const uploaded = observation.exitCode === 0 && world.uploads.has(epoch);
    yield* world.happened({ type: "observed", epoch, observation, uploaded }, alive);
  }

  /** Of several launches of one attempt only one can claim it; the others are ended as soon as it is sure that they are the others. */
  function* theOne(attempt: Attempt, seen: Seen[], alive: () => void): Part<Observation> {
    let kept = seen.find(({ ref }) => ref.ref === attempt.ref?.ref) ?? (seen[0] as Seen);
    const claimed = attempt.state === "CLAIMED";
    if (!isThere(kept.observation) && (!claimed || kept.observation.exitCode === EXIT_FENCED)) {
      const heir = seen.find(({ observation }) => isThere(observation));
      if (heir) yield* world.happened({ type: "moved", epoch: attempt.epoch, ref: heir.ref }, alive);
      kept = heir ?? kept;
    }
    for (const { ref, observation } of seen) {
      if (ref.ref === kept.ref.ref) continue;
      if (!isThere(observation)) market.release(ref);
      else if (!claimed || observation.phase !== "running") yield* market.cancel(ref, alive);
    }
    return kept.observation;
  }

  function* cancel(attempt: Attempt, alive: () => void): Part {
    yield;
    alive();
    let gone = true;
    for (const ref of market.launchesOf(attempt)) gone = (yield* market.cancel(ref, alive)) && gone;
    const observation: Observation = { phase: "exited", exitCode: null, reason: "cancelled" };
    if (gone) yield* world.happened({ type: "observed", epoch: attempt.epoch, observation }, alive);
  }

  function* release(attempt: Attempt, alive: () => void): Part {
    yield;
    alive();
    for (const ref of market.launchesOf(attempt)) {
      if (!(yield* market.cancel(ref, alive))) return;
      market.release(ref);
    }
    world.uploads.delete(attempt.epoch);
    yield* world.happened({ type: "released", epoch: attempt.epoch }, alive);
  }

  function* sweep(alive: () => void): Part {
    if (world.now - sweptAt >= SWEEP_MS) {
      sweptAt = world.now;
      yield;
      alive();
      for (const { ref, epoch } of market.old()) {
        const known = world.stored.job.attempts.find((one) => one.epoch === epoch);
        if (!known || known.released) orphans.set(ref.ref, epoch);
      }
    }
    for (const [ref, epoch] of orphans) {
      if (!(yield* market.cancel({ provider: "market", ref }, alive))) continue;
      market.release({ provider: "market", ref });
      yield;
      alive();
      world.uploads.delete(epoch);
      orphans.delete(ref);
    }
  }

  return {
    loop: loop(),
    /** Kills the process; its successor begins with the next round. */
    kill() {
      life++;
      heardSince = world.now;
      heardAt = world.now;
      sweptAt = world.now;
      orphans.clear();
    },
    /** A request that this process answers: throws where it is killed before it has answered. */
    answer: (event: JobEvent) => world.happened(event, birth()),
  };
}

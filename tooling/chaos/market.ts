import type { Attempt } from "../../packages/api/src/jobs/job.ts";
import type { LaunchRef, Observation } from "../../packages/providers/src/index.ts";
import type { Launch, Part, World } from "./world.ts";

/**
 * How long a provider may take to begin a launch once it was asked, and to show it. A submission begins no later than SUBMIT_MS - CALL_MS
 * after its intent was written down; with a provider that needs longer than CALL_MS for both, an attempt could be paid twice, because after
 * SUBMIT_MS somebody else asks.
 */
const BEGIN_MS = 20_000;
const SHOWN_MS = 10_000;
const ORPHAN_AGE_MS = 5 * 60_000;

export type Market = ReturnType<typeof createMarket>;

/**
 * A provider as the simulation sees it: it knows a launch key at once ("native") or shows what it has begun only later ("lookup"), loses
 * answers and refuses; and it forgets a launch only when it is released. Once it is calm no answer is lost.
 */
export function createMarket(world: World, faults: { calm: boolean }) {
  const { random, launches } = world;
  const isShown = ({ visibleAt }: Launch) => visibleAt <= world.now;

  const market = {
    /** @returns the launch, why there is none, or "unsure" where nobody can tell */
    *submit(epoch: number, alive: () => void): Part<LaunchRef | "full" | "never" | "unsure"> {
      const begun = world.now;
      const late = () => world.now - begun > BEGIN_MS;
      yield;
      alive();
      if (late()) return "unsure";
      if (!faults.calm && random.chance(0.06)) return random.chance(0.7) ? "full" : "never";
      const same = world.submit === "native" && launches.values().find((one) => one.epoch === epoch);
      const shownAt = world.now + (world.submit === "lookup" ? random.whole(0, SHOWN_MS) : 0);
      const { ref } = same || world.launch(epoch, shownAt);
      yield; // the answer is on its way
      alive();
      return late() || (!faults.calm && random.chance(0.15)) ? "unsure" : ref;
    },

    find: (epoch: number): LaunchRef[] => {
      const found: LaunchRef[] = [];
      for (const launch of launches.values())
        if (launch.epoch === epoch && isShown(launch)) found.push(launch.ref);
      return found;
    },

    /** Where an attempt runs, as far as is known here or at the provider. */
    launchesOf({ ref, epoch }: Attempt): LaunchRef[] {
      if (ref && world.submit === "native") return [ref];
      const found = market.find(epoch);
      return ref && !found.some((one) => one.ref === ref.ref) ? [ref, ...found] : found;
    },

    observe({ ref }: LaunchRef): Observation {
      const launch = launches.get(ref);
      if (!launch) return { phase: "lost" };
      const { phase, exitCode, reason } = launch;
      return phase === "exited" ? { phase, exitCode, ...(reason && { reason }) } : { phase };
    },

    /** @returns whether it is gone; if not, it was asked to go */
    *cancel({ ref }: LaunchRef, alive: () => void): Part<boolean> {
      yield;
      alive();
      const launch = launches.get(ref);
      if (!launch || launch.phase === "exited") return true;
      if (launch.phase === "stopping" && (faults.calm || random.chance(0.5)))
        world.exit(launch, null, "cancelled");
      else world.stop(launch);
      return false;
    },

    release: ({ ref }: LaunchRef) => launches.delete(ref),

    /** Launches that are too old to be still on their way in. */
    old: (): Launch[] =>
      launches
        .values()
        .filter((one) => isShown(one) && world.now - one.createdAt >= ORPHAN_AGE_MS)
        .toArray(),
  };
  return market;
}

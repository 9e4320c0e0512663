import type { ComputeProvider, LaunchSpec } from "../../../packages/providers/src/index.ts";
import { aLaunch, cancelled, until } from "../../../packages/providers/src/testing.ts";
import type { Claims } from "./claims.ts";
import { type Spread, spread } from "./figures.ts";

/** One way to start the same worker. */
export interface Way {
  /** Starts it; over when whoever was asked says that it is started. */
  start(spec: LaunchSpec): Promise<unknown>;
  /** Waits for its end and clears it away; not measured. */
  clear(spec: LaunchSpec): Promise<void>;
}

/** Both times in ms. */
export interface Times {
  /** Until the call that starts it is over. */
  started: Spread;
  /** Until the worker claims. */
  claimed: Spread;
}

export interface Overhead {
  launches: number;
  provider: Times;
  bare: Times;
  /** Of the middle times: what the provider takes, to what the bare calls take. */
  ratio: { started: number; claimed: number };
}

/** The provider as one of the two ways. */
export function throughProvider(provider: ComputeProvider): Way {
  const refs = new Map<string, Awaited<ReturnType<ComputeProvider["submit"]>>>();
  return {
    start: async (spec) => {
      // as the API does: where a launch key is not known again, it is looked for first
      if (provider.capabilities.submit === "lookup") await provider.find(spec.launchKey);
      refs.set(spec.launchKey, await provider.submit(spec));
    },
    clear: async ({ launchKey }) => {
      const ref = refs.get(launchKey);
      if (!ref) return;
      await until(provider, ref, ["exited", "lost"]);
      await cancelled(provider, ref);
      await provider.release(ref);
      refs.delete(launchKey);
    },
  };
}

/**
 * Starts the same worker through a provider and past it, in turn, so that what else happens on the machine meets both; who is first changes
 * with every turn. @throws Error where a launch does not claim
 */
export async function measureOverhead(options: {
  claims: Claims;
  launches: number;
  provider: Way;
  bare: Way;
  say: (line: string) => void;
}): Promise<Overhead> {
  const { claims, launches, provider, bare, say } = options;
  const seen = {
    provider: { started: [] as number[], claimed: [] as number[] },
    bare: { started: [] as number[], claimed: [] as number[] },
  };

  async function once(name: keyof typeof seen, way: Way, counts: boolean): Promise<void> {
    const spec = aLaunch();
    const launch = { ...spec, env: { ...spec.env, KK_API_URL: claims.url } };
    const claim = claims.of(launch.launchKey);
    const from = performance.now();
    await Promise.all([
      way.start(launch).then(() => counts && seen[name].started.push(performance.now() - from)),
      claim.then((at) => counts && seen[name].claimed.push(at - from)),
    ]);
    await way.clear(launch);
  }

  const ways = [["provider", provider] as const, ["bare", bare] as const];
  for (const [name, way] of ways) await once(name, way, false); // warm
  for (let turn = 1; turn <= launches; turn++) {
    say(`launch ${turn} of ${launches}`);
    for (const [name, way] of turn % 2 === 0 ? ways.toReversed() : ways) await once(name, way, true);
  }
  const times = (name: keyof typeof seen): Times => ({
    started: spread(seen[name].started),
    claimed: spread(seen[name].claimed),
  });
  const [ours, theirs] = [times("provider"), times("bare")];
  const ratio = (of: keyof Times) => Number((ours[of].median / theirs[of].median).toFixed(2));
  return {
    launches,
    provider: ours,
    bare: theirs,
    ratio: { started: ratio("started"), claimed: ratio("claimed") },
  };
}

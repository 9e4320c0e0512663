import { setTimeout as sleep } from "node:timers/promises";
import {
  createNosanaProvider,
  type LaunchRef,
  type LaunchSpec,
} from "../../../packages/providers/src/index.ts";
import { deploymentOf } from "../../../packages/providers/src/nosana/job.ts";
import { aLaunch, until } from "../../../packages/providers/src/testing.ts";
import { startStandIn } from "../../chaos/compute-nosana.ts";
import { CLAIMER, type Leg, type ProviderResult } from "./leg.ts";
import { measureOverhead, throughProvider, type Way } from "./overhead.ts";
import { measureReconcile } from "./reconcile.ts";

const API_KEY = "nos_stand_in";
const IMAGE = `kangklip/worker@sha256:${"0".repeat(64)}`;
const LOOK_MS = 5;
/** Launches that run while the open attempts are looked after, which share them. */
const SHARED = 5;

/** Deployments at Nosana's stand-in, which takes no time of its own, beside the two bare requests that make one. */
export async function ofNosana({ options, claims, say }: Leg): Promise<ProviderResult> {
  const { launches: count, open, quiet, rounds } = options;
  await using claiming = await standIn([process.execPath, CLAIMER]);
  const overhead = await measureOverhead({
    ...{ claims, say, launches: count },
    provider: throughProvider(claiming.provider),
    bare: bareRequests(claiming.url, claiming.market),
  });
  await using working = await standIn(["sleep", "3600"]);
  const { provider } = working;
  const refs: LaunchRef[] = [];
  for (let n = 0; n < SHARED; n++) refs.push(await provider.submit(aLaunch()));
  for (const ref of refs) await until(provider, ref, ["running"]);
  return {
    overhead,
    reconcile: await measureReconcile({ provider, launches: async () => refs, open, quiet, rounds, say }),
  };
}

async function standIn(command: readonly string[]) {
  const faults = { startMs: 0, queueMs: 0, settleMs: 0 };
  const there = await startStandIn({ command, env: { PATH: process.env.PATH ?? "" }, faults });
  const provider = createNosanaProvider({
    ...{ apiKey: API_KEY, baseUrl: there.url, image: IMAGE, scope: "bench", settings: {}, markets: [] },
  });
  const [offer] = await provider.offers({ gpu: "none", diskGb: 1, maxRuntimeSeconds: 3600 });
  if (!offer) throw new Error("The stand-in has no market");
  return { ...there, provider, market: offer.offerId };
}

/** The two requests without which nothing runs. */
function bareRequests(url: string, market: string): Way {
  const ids = new Map<string, string>();
  async function ask<T>(path: string, body?: object): Promise<T> {
    const response = await fetch(`${url}/deployments/${path}`, {
      ...(path.includes("/") || body ? { method: "POST" } : {}),
      headers: { authorization: `Bearer ${API_KEY}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`The stand-in answers ${response.status}: ${JSON.stringify(answer)}`);
    return answer as T;
  }
  return {
    async start(spec: LaunchSpec) {
      const name = `bare:${spec.launchKey}`;
      const { id } = await ask<{ id: string }>(
        "create",
        deploymentOf(spec, { name, market, image: IMAGE, settings: {} }),
      );
      ids.set(spec.launchKey, id);
      await ask(`${id}/start`);
    },
    async clear({ launchKey }) {
      const id = ids.get(launchKey);
      if (!id) return;
      while ((await ask<{ status: string }>(id)).status !== "STOPPED") await sleep(LOOK_MS);
      await ask(`${id}/archive`);
      ids.delete(launchKey);
    },
  };
}

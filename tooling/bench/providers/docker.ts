import { startTestEngine, type TestEngine } from "../../../packages/providers/src/docker/testing.ts";
import {
  createDockerProvider,
  type DockerProviderOptions,
  type LaunchRef,
  type LaunchSpec,
} from "../../../packages/providers/src/index.ts";
import { aLaunch, cancelled, until } from "../../../packages/providers/src/testing.ts";
import { imageOf } from "../../chaos/compute-docker.ts";
import { CLAIMER, type Leg, type ProviderResult } from "./leg.ts";
import { measureOverhead, throughProvider, type Way } from "./overhead.ts";
import { measureReconcile } from "./reconcile.ts";

/** Containers that run while the open attempts are looked after, which share them. */
const SHARED = 5;

/** Containers of an engine of one's own, beside bare calls of the same engine for the same containers. */
export async function ofDocker({ options, claims, say }: Leg): Promise<ProviderResult> {
  const { launches: count, open, quiet, rounds } = options;
  await using engine = await startTestEngine();
  const image = await imageOf(engine, { files: { "/claimer.mts": CLAIMER }, command: ["/claimer.mts"] });
  const { socketPath } = engine;
  const settings: DockerProviderOptions = {
    ...{ engine: { socketPath }, scope: "bench", image, pull: "never" },
    ...{ network: "host", gpus: "none", memoryBytes: 512 << 20 },
  };
  const provider = createDockerProvider(settings);
  const overhead = await measureOverhead({
    ...{ claims, say, launches: count },
    provider: throughProvider(provider),
    bare: await bareCalls(engine, provider),
  });
  const waiting = createDockerProvider({ ...settings, command: ["sleep", "3600"] });
  const refs: LaunchRef[] = [];
  for (let n = 0; n < SHARED; n++) refs.push(await waiting.submit(aLaunch()));
  const launches = async () => refs;
  const reconcile = await measureReconcile({ provider: waiting, launches, open, quiet, rounds, say });
  return { overhead, reconcile };
}

/** The two calls without which nothing runs, for a container that is in all things like the provider's own. */
async function bareCalls(
  { docker }: TestEngine,
  provider: ReturnType<typeof createDockerProvider>,
): Promise<Way> {
  const sample = await provider.submit(aLaunch());
  const { Config, HostConfig } = await docker.getContainer(sample.ref).inspect();
  await until(provider, sample, ["exited"]);
  await cancelled(provider, sample);
  await provider.release(sample);
  const { Image, Entrypoint, Cmd, WorkingDir, User, Env } = Config;
  const kept = Env.filter((line) => !line.startsWith("KK_"));
  return {
    async start({ launchKey, env }: LaunchSpec) {
      const own = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const container = await docker.createContainer({
        ...{ name: `bare-${launchKey}`, Image, Cmd, WorkingDir, User, HostConfig },
        ...(Entrypoint && { Entrypoint }),
        Env: [...kept, ...own],
      });
      await container.start();
    },
    async clear({ launchKey }) {
      const container = docker.getContainer(`bare-${launchKey}`);
      await container.wait();
      await container.remove({ v: true });
    },
  };
}

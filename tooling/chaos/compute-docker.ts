import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { CONTRACT_VERSION } from "../../packages/contract/src/index.ts";
import { startTestEngine, type TestEngine, testImage } from "../../packages/providers/src/docker/testing.ts";
import type { Compute, ComputeOptions } from "./compute.ts";
import { type LiveLaunch, namesOf } from "./launches.ts";
import { startLedger } from "./ledger.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** What the engine tells of a container; the rest is left away. */
interface Told {
  Action: "start" | "die";
  Actor: { ID: string; Attributes: { name: string } };
}

/** Containers of a Docker engine that is this run's own, so that whatever is on it was left by the run. */
export async function startDockerCompute({ apiUrl, facts }: ComputeOptions): Promise<Compute> {
  await using started = new AsyncDisposableStack();
  const ledger = started.use(await startLedger(facts));
  const engine = started.use(await startTestEngine());
  const { docker } = engine;
  const image = await imageOf(engine, {
    files: { "/worker.mts": WORKER },
    command: ["/worker.mts", ledger.url, String(CONTRACT_VERSION)],
  });
  const live = new Map<string, LiveLaunch>();
  let count = 0;
  const events = (await docker.getEvents({
    filters: { type: ["container"], event: ["start", "die"] },
  })) as Readable;
  events.on("error", () => {}); // the engine is ended
  createInterface({ input: events }).on("line", (line) => {
    const { Action, Actor }: Told = JSON.parse(line);
    const { ID: launch, Attributes } = Actor;
    const now = Date.now();
    if (Action === "start") {
      count++;
      const names = namesOf(Attributes.name);
      live.set(launch, { ...names, launch });
      facts.push({ is: "launched", ...names, launch, now });
    } else if (live.delete(launch)) facts.push({ is: "ended", launch, now });
  });
  started.defer(() => void events.destroy());

  const ends = started.move();
  return {
    env: {
      ...{ COMPUTE: "docker", DOCKER_HOST: `unix://${engine.socketPath}`, DOCKER_NETWORK: "host" },
      ...{ DOCKER_GPUS: "none", DOCKER_MEMORY_GB: "1", WORKER_IMAGE: image, WORKER_API_URL: apiUrl },
      CACHE_MAX_GB: "0", // these workers make nothing that could be kept, and its volume would stay
    },
    places: 8, // a container takes a second of a processor to start
    look: async () => {}, // the engine tells
    live: () => [...live.values()],
    count: () => count,
    kill: ({ launch }) =>
      docker
        .getContainer(launch)
        .kill()
        .then(
          () => true,
          () => false, // it was done a moment ago
        ),
    async left() {
      const [containers, { Volumes }] = await Promise.all([
        docker.listContainers({ all: true }),
        docker.listVolumes(),
      ]);
      return [
        ...containers.map(({ Names, Status }) => `${Names[0]} (${Status})`),
        ...(Volumes ?? []).map(({ Name }) => `${Name} (volume)`),
      ];
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/**
 * An image of this machine's Node with some files, made without a registry.
 * @param command what Node is given. @returns its name
 */
export async function imageOf(
  engine: TestEngine,
  { files, command }: { files: Record<string, string>; command: readonly string[] },
): Promise<string> {
  const { docker } = engine;
  const base = await testImage(engine, { files, tag: "kangklip/base:test" });
  const container = await docker.createContainer({ Image: base });
  const [repo, tag] = ["kangklip/worker", "test"];
  await container.commit({ repo, tag, changes: `CMD ${JSON.stringify(command)}` });
  await container.remove();
  return `${repo}:${tag}`;
}

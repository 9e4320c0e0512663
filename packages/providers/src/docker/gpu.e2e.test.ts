import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aLaunch, BEHAVIOURS, cancelled, until } from "../testing.ts";
import { createDockerProvider } from "./docker.ts";
import { hasDockerEngine, startTestEngine, type TestEngine, testImage } from "./testing.ts";

let engine: TestEngine;
let image: string;
let dir: string;

/** What NVIDIA's toolkit and driver look like to an engine and to us: programs that do nothing but be there. */
const PROGRAMS = {
  "nvidia-container-runtime-hook": "exit 0",
  "nvidia-smi": "echo 'GPU-aaaa, NVIDIA L4, 23034'; echo 'GPU-bbbb, NVIDIA L4, 23034'",
};

if (hasDockerEngine) {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "kk-nvidia-"));
    for (const [name, script] of Object.entries(PROGRAMS)) {
      writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(dir, name), 0o755);
    }
    engine = await startTestEngine({ programs: dir });
    image = await testImage(engine);
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });
}

/** A service after a start: it knows nothing but what the engine tells. */
const service = (script: string, scope = "gpus1") =>
  createDockerProvider({
    ...{ engine: { socketPath: engine.socketPath }, scope, image, network: "none", pull: "never" },
    command: ["node", "-e", script],
    gpuDriver: "nvidia", // this engine's stand-in has the hook alone, which /info does not show
    nvidiaSmi: join(dir, "nvidia-smi"),
    deadlineSlackSeconds: 0,
  });
const requirements = { gpu: "required", diskGb: 1, maxRuntimeSeconds: 600 } as const;

describe.skipIf(!hasDockerEngine)(
  "GPUs of an engine with a stand-in for NVIDIA's hook (needs a Docker engine)",
  () => {
    test("a container is given the GPU that it was promised, and all that it can do", async () => {
      const names = ["NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"];
      const provider = service(
        `console.log(${JSON.stringify(names)}.map((name) => process.env[name]).join(" "))`,
      );
      const ref = await provider.submit(aLaunch({ requirements, offerId: "gpu:GPU-bbbb" }));
      expect(await until(provider, ref, ["exited"])).toMatchObject({
        reason: "completed",
        node: expect.stringMatching(/, NVIDIA L4$/),
      });
      const [device, capabilities = ""] = (await provider.logs(ref, { tail: 1 })).split(" ");
      expect(device).toBe("GPU-bbbb");
      expect(capabilities.split(",").sort()).toEqual(["compute", "utility", "video"]);
      await provider.release(ref);
    });

    test("of ten launches of two services two run, on a GPU each; after a restart it is known who has which", async () => {
      const tries = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const spec = aLaunch({ requirements });
          const provider = service(BEHAVIOURS.waits, index % 2 === 0 ? "gpus1" : "gpus2");
          const answer = await provider.submit(spec).catch((error: unknown) => error);
          return { spec, provider, answer };
        }),
      );
      const running = await engine.docker.listContainers();
      const held = running.map(({ Labels }) => Labels["kk.gpu"]);
      expect(new Set(held).size).toBe(held.length);
      for (const { answer } of tries)
        if (answer instanceof Error) expect(answer).toMatchObject({ kind: "CAPACITY" });
      const started = tries.filter(({ answer }) => !(answer instanceof Error));
      expect(started).toHaveLength(held.length);
      expect(await engine.docker.listContainers({ all: true })).toHaveLength(held.length);

      // fill up what both of two services may have stepped back from
      while ((await engine.docker.listContainers()).length < 2)
        started.push({
          spec: aLaunch(),
          provider: service(""),
          answer: await service(BEHAVIOURS.waits).submit(aLaunch({ requirements })),
        });
      const restarted = service(BEHAVIOURS.ok);
      expect((await restarted.offers(requirements)).map(({ availability }) => availability)).toEqual([
        "full",
        "full",
      ]);
      await expect(restarted.submit(aLaunch({ requirements }))).rejects.toMatchObject({ kind: "CAPACITY" });
      const [first] = started;
      const ref = first?.answer as { provider: string; ref: string };
      if (first) await cancelled(first.provider, ref, 0.3);
      const freed = await restarted.submit(aLaunch({ requirements }));
      expect(await until(restarted, freed, ["exited"])).toMatchObject({ reason: "completed" });
    });
  },
);

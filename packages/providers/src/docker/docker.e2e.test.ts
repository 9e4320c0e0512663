import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProviderConformance } from "../conformance.ts";
import type { ComputeProvider, LaunchRef, ProviderError } from "../provider.ts";
import { aLaunch, BEHAVIOURS, type Behaviour, checksBut, keysOf, until } from "../testing.ts";
import { createDockerProvider, type DockerProviderOptions } from "./docker.ts";
import { hasDockerEngine, startTestEngine, type TestEngine, testImage } from "./testing.ts";
import { startEngineLine } from "./testing-line.ts";
import { startRegistry } from "./testing-registry.ts";

const suite = describe.skipIf(!hasDockerEngine);
const scopes = { ours: "ours1", theirs: "theirs1" };

const WALLS = fileURLToPath(new URL("../../../worker/src/walls.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "kk-docker-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let engine: TestEngine;
let image: string;
let line: Awaited<ReturnType<typeof startEngineLine>>;

if (hasDockerEngine) {
  beforeAll(async () => {
    engine = await startTestEngine();
    const walls = join(dir, "walls.mjs");
    await build({
      entryPoints: [WALLS],
      outfile: walls,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    const programs = ["unshare", "prlimit", "setpriv", "true"];
    image = await testImage(engine, { programs, files: { "/walls.mjs": walls } });
    line = await startEngineLine(engine.socketPath);
  });
  afterAll(async () => {
    await line[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
}

const open = (behaviour: Behaviour, more: Partial<DockerProviderOptions> = {}) =>
  createDockerProvider({
    engine: { socketPath: engine.socketPath },
    scope: scopes.ours,
    image,
    network: "host",
    pull: "never",
    command: ["node", "-e", BEHAVIOURS[behaviour]],
    memoryBytes: 400 << 20,
    deadlineSlackSeconds: 0,
    ...more,
  });

suite("docker (needs a Docker engine)", () => {
  const checks = runProviderConformance("docker on a real engine", {
    open: (behaviour, installation) => open(behaviour, { scope: scopes[installation] }),
    capabilities: {
      submit: "native",
      deadline: "native",
      logs: "live",
      envVisibleTo: "host",
      gpu: true,
      list: true,
    },
    async alive(launchKey) {
      const name = `kk-${scopes.ours}-${launchKey}`;
      const running = await engine.docker.listContainers({ filters: { name: [`^/${name}$`] } });
      return running.length;
    },
    async sent(launchKey) {
      return JSON.stringify(await engine.docker.getContainer(`kk-${scopes.ours}-${launchKey}`).inspect());
    },
    deadline: { seconds: 2 },
    memoryLimit: true,
    line: {
      async losesAnswer() {
        line.set({ mode: "loses", answerTo: /^POST \S+\/start/ });
        return open("waits", { engine: line.address });
      },
      async unreachable() {
        const server = createServer().listen(0, "127.0.0.1");
        await new Promise((done) => server.once("listening", done));
        const { port } = server.address() as { port: number };
        await new Promise((done) => server.close(done));
        return open("waits", { engine: { host: "127.0.0.1", port } });
      },
      async silent() {
        line.set({ mode: "silent" });
        return open("waits", { engine: line.address });
      },
    },
    refusals: [
      {
        when: "there is no such image",
        kind: "IMAGE",
        says: /npm run image.*WORKER_IMAGE/,
        open: () => open("ok", { image: "kangklip/nosuch:1" }),
      },
      {
        when: "a GPU is needed and there is none",
        kind: "UNSUPPORTED",
        says: /needs a GPU/,
        open: () => open("ok", { nvidiaSmi: "/nosuch/nvidia-smi" }),
        launch: { requirements: { gpu: "required", diskGb: 1, maxRuntimeSeconds: 60 } },
      },
      {
        when: "the engine cannot give its GPU to a container",
        kind: "UNSUPPORTED",
        says: /NVIDIA Container Toolkit.*could not select device driver/,
        open: () => open("ok", { gpus: [`GPU-${randomBytes(4).toString("hex")}`] }),
        launch: { requirements: { gpu: "preferred", diskGb: 1, maxRuntimeSeconds: 60 } },
      },
      {
        when: "there is no such network",
        kind: "UNSUPPORTED",
        says: /DOCKER_NETWORK/,
        open: () => open("ok", { network: "nosuch" }),
      },
    ],
  });

  test("all checks apply to it", () => {
    expect(checks).toEqual(checksBut());
  });

  /** What a script in a container prints as JSON. */
  async function told(provider: ComputeProvider, spec = aLaunch()) {
    const ref = await provider.submit(spec);
    const seen = await until(provider, ref, ["exited"]);
    const log = await provider.logs(ref, { tail: 5 });
    await provider.release(ref);
    expect(seen, log).toMatchObject({ reason: "completed" });
    return JSON.parse(log);
  }

  test("a worker in its container is nobody, can write to its scratch folder alone, and reaches the API", async () => {
    const server = createHttpServer((_, response) => void response.end("the API")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const spec = aLaunch();
    spec.env.KK_API_URL = `http://127.0.0.1:${port}`;
    const facts = await told(
      open("ok", { command: ["node", "-e", FACTS], settings: { RENDER_CRF: "20" }, cpus: 1 }),
      spec,
    );
    server.close();
    expect(facts).toEqual({
      uid: 10_001,
      cwd: "/scratch",
      writable: ["/scratch", "/tmp"],
      rights: "0000000000000000",
      noNewPrivs: "1",
      seccomp: "2",
      sockets: [],
      environment: [
        "HOME",
        "HOSTNAME",
        "KK_API_URL",
        "KK_CLAIM_TOKEN",
        "KK_LAUNCH_KEY",
        "KK_LOG_LEVEL",
      ].concat(["NVIDIA_VISIBLE_DEVICES", "PATH", "RENDER_CRF", "TMPDIR", "XDG_CACHE_HOME"]),
      api: "the API",
    });
    expect(await leftovers()).toEqual([]);
  });

  test("the worker's own walls do in the container what they can, and say what they cannot", async () => {
    const script = `import { machineWalls, wallsNote } from "/walls.mjs";
      const walls = await machineWalls(); console.log(JSON.stringify({ ...walls, note: wallsNote(walls) }));`;
    const walls = await told(open("ok", { command: ["node", "--input-type=module", "-e", script] }));
    // a container may not make namespaces: its own network is what a child keeps, and docs/docker.md says so
    expect(walls).toMatchObject({
      network: [],
      limits: ["prlimit", "--core=0"],
      parent: expect.arrayContaining(["setpriv", "--pdeathsig", "KILL", "--no-new-privs"]),
      family: [],
      note: expect.stringContaining("they keep the network"),
    });
  });

  test("that an end was wanted outlives the service: another one finishes it and knows why it ended", async () => {
    const ref = await open("waits").submit(aLaunch());
    await until(open("waits"), ref, ["running"]);
    await engine.docker.getContainer(ref.ref).pause(); // so that it cannot end between the two
    const { cancel } = open("waits");
    expect(await cancel(ref, { graceSeconds: 60 })).toBe("stopping");
    const heir = open("waits");
    expect(await until(heir, ref, ["exited"])).toMatchObject({ reason: "cancelled" });
    await heir.release(ref);
    const other = await heir.submit(aLaunch());
    await until(heir, other, ["running"]);
    await engine.docker.getContainer(other.ref).kill();
    expect(await until(heir, other, ["exited"])).toMatchObject({ reason: "evicted", exitCode: 137 });
    await heir.release(other);
    expect(await leftovers()).toEqual([]);
  });

  test("a launch of which only the container was made is started by whoever asks again", async () => {
    const spec = aLaunch();
    line.set({ mode: "loses", answerTo: /^POST \S+\/create/ });
    await expect(open("ok", { engine: line.address }).submit(spec)).rejects.toMatchObject({
      kind: "AMBIGUOUS",
    });
    const provider = open("ok");
    await expect.poll(() => provider.find(spec.launchKey), { timeout: 30_000 }).toHaveLength(1);
    const [made] = await provider.find(spec.launchKey);
    expect(await provider.observe(made as LaunchRef)).toMatchObject({ phase: "starting" });
    const refs = await Promise.all([provider.submit(spec), open("ok").submit(spec)]);
    expect(refs).toEqual([made, made]);
    expect(await until(provider, made as LaunchRef, ["exited"])).toMatchObject({ reason: "completed" });
    await provider.release(made as LaunchRef);
  });

  test("an image is pulled while the submission is told how far it is; one without `timeout` is blamed", async () => {
    await using registry = await startRegistry({ bytes: 6 << 20, ms: 2000 });
    const provider = createDockerProvider({
      ...{ engine: { socketPath: engine.socketPath }, scope: scopes.ours, network: "host", gpus: "none" },
      image: registry.image,
    });
    const spec = aLaunch();
    const said = new Set<string>();
    const ref = await expect
      .poll(
        () =>
          provider.submit(spec).catch((error: ProviderError) => {
            said.add(`${error.kind} ${error.message}`);
            return undefined;
          }),
        { timeout: 120_000, interval: 200 },
      )
      .toBeDefined()
      .then(() => provider.submit(spec));
    expect([...said].every((text) => text.startsWith("PREPARING pulling the image 127.0.0.1:"))).toBe(true);
    expect([...said].join()).toMatch(/: \d+ % of 7 MB/);
    expect(await until(provider, ref, ["exited"])).toMatchObject({ reason: "image", exitCode: 127 });
    await provider.release(ref);
    const missing = createDockerProvider({
      ...{ engine: { socketPath: engine.socketPath }, scope: scopes.ours, network: "host", gpus: "none" },
      image: registry.missing,
    });
    await expect
      .poll(() => missing.submit(spec).catch((error: ProviderError) => error.kind), { timeout: 60_000 })
      .toBe("IMAGE");
  });

  // the last ones: they end the engine
  test("a container that ends while the daemon is dead keeps its exit code, and the daemon counts as away", async () => {
    const script = "setTimeout(() => process.exit(5), 1500)";
    const provider = open("ok", { command: ["node", "-e", script] });
    const ref = await provider.submit(aLaunch());
    await engine.kill("SIGKILL");
    await expect(provider.observe(ref)).rejects.toMatchObject({
      kind: "UNAVAILABLE",
      message: /is Docker running/,
    });
    await expect(provider.submit(aLaunch())).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    await sleep(4000);
    await engine.start();
    expect(await until(provider, ref, ["exited"])).toMatchObject({ exitCode: 5, reason: "error" });
    await provider.release(ref);
  });

  test("what ran when the machine went down is evicted, and what was done by then stays done", async () => {
    const provider = open("waits");
    const done = await open("ok").submit(aLaunch());
    await until(provider, done, ["exited"]);
    const ref = await provider.submit(aLaunch());
    await until(provider, ref, ["running"]);
    await engine.losePower();
    await engine.start();
    expect(await until(provider, ref, ["exited"])).toMatchObject({ reason: "evicted" });
    expect(await provider.observe(done)).toMatchObject({ reason: "completed", exitCode: 0 });
    for (const one of [done, ref]) await provider.release(one);
    expect(await keysOf(provider)).toEqual([]);
  });
});

/** Volumes that nobody removed. */
async function leftovers(): Promise<string[]> {
  const { Volumes } = await engine.docker.listVolumes();
  return (Volumes ?? []).map(({ Name }) => Name);
}

/** Prints what a worker finds in its container. */
const FACTS = `
const { readFileSync, writeFileSync, readdirSync, existsSync, rmSync } = require("node:fs");
const status = Object.fromEntries(readFileSync("/proc/self/status", "utf8").split("\\n").map((line) => line.split(":\\t")));
const tries = ["/", "/etc", "/usr/local/bin", "/scratch", "/tmp", "/proc/sys/kernel"];
const writable = tries.filter((dir) => { try { writeFileSync(dir + "/try", "x"); rmSync(dir + "/try"); return true } catch { return false } });
const sockets = ["/var/run/docker.sock", "/run/docker.sock"].filter(existsSync);
fetch(process.env.KK_API_URL).then((answer) => answer.text()).then((api) => console.log(JSON.stringify({
  uid: process.getuid(), cwd: process.cwd(), writable, rights: status.CapBnd, noNewPrivs: status.NoNewPrivs, seccomp: status.Seccomp,
  sockets, environment: Object.keys(process.env).sort(), api,
})));`;

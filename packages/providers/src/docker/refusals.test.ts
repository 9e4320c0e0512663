import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { aLaunch } from "../testing.ts";
import { createDockerProvider, type DockerProviderOptions } from "./docker.ts";
import { created, openOn as open, startWireEngine } from "./testing-wire.ts";

test("an image that is not there is fetched in the background, and whoever asks is told how far it is", async () => {
  await using wire = await startWireEngine();
  const more = Promise.withResolvers<void>();
  wire.images.clear();
  wire.on(/^POST \/images\/create$/, async (_, response) => {
    const say = (line: object) => response.write(`${JSON.stringify(line)}\r\n`);
    say({ status: "Pulling from kangklip/worker", id: "cuda" });
    say({ status: "Downloading", id: "a", progressDetail: { current: 0, total: 3e9 } });
    say({ status: "Download complete", id: "b", progressDetail: {} }); // of unknown size
    say({ status: "Downloading", id: "c", progressDetail: { current: 1e8, total: 1e8 } });
    const half = JSON.stringify({
      status: "Downloading",
      id: "a",
      progressDetail: { current: 1.3e9, total: 3e9 },
    });
    response.write(half.slice(0, 20));
    await sleep(20);
    response.write(`${half.slice(20)}\r\nno json\r\n`);
    await more.promise;
    wire.images.set("kangklip/worker:cuda", { Entrypoint: ["node"], Cmd: [], User: "" });
    say({ status: "Pull complete", id: "a" });
    response.end();
  });
  const provider = open(wire, { image: "kangklip/worker:cuda" });
  const spec = aLaunch();
  const asked = () =>
    provider.submit(spec).then(
      () => "started",
      (error: Error) => error,
    );
  expect(await asked()).toMatchObject({ kind: "PREPARING", retryAfterMs: 2000 });
  await expect.poll(asked, { timeout: 10_000 }).toMatchObject({
    kind: "PREPARING",
    message: "pulling the image kangklip/worker:cuda: 45 % of 3.1 GB",
  });
  expect(await provider.probe()).toMatchObject({
    ok: true,
    detail: expect.stringContaining("45 % of 3.1 GB"),
  });
  expect(created(wire)).toEqual([]);
  more.resolve();
  await expect.poll(asked, { timeout: 10_000 }).toBe("started");
  const pulls = wire.calls.filter(({ path }) => path === "/images/create");
  expect(pulls.map(({ query }) => Object.fromEntries(query))).toEqual([
    { fromImage: "kangklip/worker", tag: "cuda" },
  ]);
});

test.each([
  [
    "pull access denied for kangklip/worker, repository does not exist or may require 'docker login'",
    "IMAGE",
    /npm run image/,
  ],
  ["manifest for kangklip/worker:1 not found: manifest unknown", "IMAGE", /WORKER_IMAGE/],
  ["no matching manifest for linux/arm64/v8 in the manifest list entries", "IMAGE", /processor/],
  ["toomanyrequests: You have reached your pull rate limit", "RATE_LIMITED", /docker login/],
  [
    'Get "https://images.example/v2/": dial tcp: lookup images.example: no such host',
    "UNAVAILABLE",
    /online/,
  ],
  ["write /var/lib/docker/tmp/x: no space left on device", "UNAVAILABLE", /docker system prune/],
])("a pull that ends with %j is %s, and not begun again at once", async (error, kind, says) => {
  await using wire = await startWireEngine();
  wire.on(/^POST \/images\/create$/, (_, response) => void response.end(`${JSON.stringify({ error })}\n`));
  const provider = open(wire, { image: "other:1" });
  const asked = () => provider.submit(aLaunch()).catch((error: Error) => error);
  await expect.poll(asked, { timeout: 10_000 }).toMatchObject({ kind, message: expect.stringMatching(says) });
  await asked();
  expect(wire.calls.filter(({ path }) => path === "/images/create")).toHaveLength(1);
  expect(created(wire)).toEqual([]);
});

test("an image that may not be fetched, and one that says nothing, are refused", async () => {
  await using wire = await startWireEngine();
  const never = open(wire, { image: "other:1", pull: "never" });
  await expect(never.submit(aLaunch())).rejects.toMatchObject({ kind: "IMAGE", message: /npm run image/ });
  expect(await never.probe()).toMatchObject({ ok: false, detail: expect.stringContaining("other:1") });
  wire.images.set("worker:1", { Entrypoint: null, Cmd: null, User: "" });
  await expect(open(wire).submit(aLaunch())).rejects.toMatchObject({ kind: "IMAGE" });
  expect(created(wire)).toEqual([]);
});

test.each([
  ['could not select device driver "nvidia" with capabilities: [[gpu compute video utility]]', "UNSUPPORTED"],
  ["CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=0", "UNSUPPORTED"],
  [
    "OCI runtime create failed: nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8",
    "UNSUPPORTED",
  ],
  ["nvidia-container-cli: initialization error: nvml error: driver not loaded", "UNSUPPORTED"],
  ["failed to create shim task: exec format error", "IMAGE"],
  ["no space left on device", "UNAVAILABLE"],
])("a container that cannot be started for %j is removed: %s", async (text, kind) => {
  await using wire = await startWireEngine();
  wire.on(/\/start$/, [500, text]);
  const provider = open(wire, { gpus: ["GPU-aaaa"] });
  await expect(
    provider.submit(aLaunch({ requirements: { ...aLaunch().requirements, gpu: "preferred" } })),
  ).rejects.toMatchObject({ kind });
  expect(wire.containers.size).toBe(0);
});

test.each([
  [400, "Unknown runtime specified nvidia", "UNSUPPORTED", /DOCKER_GPUS=none/],
  [400, "Minimum memory limit allowed is 6MB", "INVALID", /6MB/],
  [403, "authorization denied by plugin", "AUTH", /denied/],
  [500, "something broke", "UNAVAILABLE", /something broke/],
  [503, "<html>Bad gateway</html>", "UNAVAILABLE", /./],
])("a container that is refused with %d %s is %s", async (status, text, kind, says) => {
  await using wire = await startWireEngine();
  wire.on(/^POST \/containers\/create$/, [status, text]);
  await expect(open(wire).submit(aLaunch())).rejects.toMatchObject({
    kind,
    message: expect.stringMatching(says),
  });
});

test("an engine that is away, locked, or something else is told from one that refuses", async () => {
  const message = (engine: DockerProviderOptions["engine"]) =>
    createDockerProvider({ engine, scope: "abcd", image: "worker:1" }).probe();
  expect(await message({ socketPath: "/nosuch/nosuch.sock" })).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/nosuch\.sock: is Docker running\?.*systemctl start docker.*DOCKER_HOST/),
  });
  const talker = createServer((socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n")).listen(0, "127.0.0.1");
  await new Promise((done) => talker.once("listening", done));
  const { port } = talker.address() as { port: number };
  expect(await message({ host: "127.0.0.1", port })).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/not Docker/),
  });
  talker.close();
  await using wire = await startWireEngine();
  wire.on(/^GET \/info$/, (_, response) => void response.end("<html>It works!</html>"));
  expect(await message(wire.address)).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/not Docker/),
  });
});

test("an answer that is cut in the middle does not hold anybody up", async () => {
  await using wire = await startWireEngine();
  const provider = open(wire);
  const ref = await provider.submit(aLaunch());
  wire.on(/\/json$/, (_, response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write('{"State":', () => response.destroy());
  });
  await expect(provider.observe(ref, AbortSignal.timeout(500))).rejects.toMatchObject({
    kind: "UNAVAILABLE",
  });
});

test("a connection that died with the engine's last life is replaced for questions", async () => {
  await using wire = await startWireEngine();
  const provider = open(wire);
  const ref = await provider.submit(aLaunch());
  wire.on(/\/json$/, (_, response) => void response.socket?.resetAndDestroy(), 1);
  expect(await provider.observe(ref)).toMatchObject({ phase: "running" });
});

test("the engine's library is loaded when a container is needed, and not before", async () => {
  const script = `
    const { createDockerProvider } = await import(${JSON.stringify(join(import.meta.dirname, "docker.ts"))});
    const { default: Module } = await import("node:module");
    const loaded = () => Object.keys(Module._cache).some((file) => file.includes("dockerode"));
    const provider = createDockerProvider({ engine: { socketPath: "/nosuch" }, scope: "abcd", image: "a" });
    const before = loaded();
    await provider.probe();
    console.log(JSON.stringify({ before, after: loaded() }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env: { NODE_ENV: "test", NODE_NO_WARNINGS: "1" },
  });
  expect(JSON.parse(stdout)).toEqual({ before: false, after: true });
});

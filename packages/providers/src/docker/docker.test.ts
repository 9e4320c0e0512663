import { expect, test } from "vitest";
import { aLaunch } from "../testing.ts";
import { created, openOn as open, startWireEngine } from "./testing-wire.ts";

// the life of a launch, on a stand-in for the engine; docker.e2e.test.ts has a real one

const nameOf = (launchKey: string) => `kk-abcd-${launchKey}`;

test("a container is created walled in, named after its launch, and with no more than the launch says", async () => {
  await using wire = await startWireEngine();
  const provider = open(wire, { settings: { RENDER_CRF: "20" }, cpus: 64 });
  const spec = aLaunch({ requirements: { gpu: "none", diskGb: 1, maxRuntimeSeconds: 600 } });
  expect(await provider.submit(spec)).toEqual({ provider: "docker", ref: nameOf(spec.launchKey) });
  const [call] = created(wire);
  expect([...(call?.query ?? [])]).toEqual([["name", nameOf(spec.launchKey)]]); // the token is in no address
  expect(call?.body).toEqual({
    Image: "worker:1",
    Entrypoint: ["timeout", "-k", "15", "720"],
    Cmd: ["node", "/worker.mjs"],
    Env: [
      "RENDER_CRF=20",
      "HOME=/scratch",
      "TMPDIR=/scratch",
      "XDG_CACHE_HOME=/scratch/.cache",
      "NVIDIA_VISIBLE_DEVICES=void",
      "KK_API_URL=http://host.docker.internal:9",
      `KK_LAUNCH_KEY=${spec.launchKey}`,
      `KK_CLAIM_TOKEN=${spec.env.KK_CLAIM_TOKEN}`,
      "KK_LOG_LEVEL=info",
    ],
    Labels: {
      "kk.scope": "abcd",
      "kk.launch": spec.launchKey,
      "kk.job": spec.jobId,
      "kk.epoch": "1",
      "kk.node": "wire",
      "kk.seconds": "720",
    },
    WorkingDir: "/scratch",
    User: "10001:10001",
    StopSignal: "SIGTERM",
    StopTimeout: 15,
    HostConfig: {
      Init: true,
      AutoRemove: false,
      RestartPolicy: { Name: "no" },
      NetworkMode: "bridge",
      ExtraHosts: ["host.docker.internal:host-gateway"],
      ReadonlyRootfs: true,
      Mounts: [{ Type: "volume", Target: "/scratch" }],
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,size=536870912,mode=1777" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: 4096,
      Memory: 6e9,
      MemorySwap: 6e9,
      NanoCpus: 8e9, // no more than the engine has
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
      LogConfig: { Type: "json-file", Config: { "max-size": "4m", "max-file": "2" } },
    },
  });
});

test("workers of one installation share a volume for finished stages, of the size that was set; none where it is 0", async () => {
  await using wire = await startWireEngine();
  const bodyWith = async (cacheGb: number) => {
    await open(wire, { cacheGb }).submit(aLaunch());
    return created(wire).at(-1)?.body;
  };
  const shared = await bodyWith(7.5);
  expect(shared.HostConfig.Mounts).toEqual([
    { Type: "volume", Target: "/scratch" },
    { Type: "volume", Source: "kk-abcd-cache", Target: "/cache" },
  ]);
  expect(shared.Env).toEqual(
    expect.arrayContaining(["WORKER_CACHE_DIR=/cache", "CACHE_MAX_GB=7.5", "CACHE_WALL=required"]),
  );
  const alone = await bodyWith(0);
  expect(alone.HostConfig.Mounts).toEqual([{ Type: "volume", Target: "/scratch" }]);
  expect(alone.Env.join()).not.toMatch(/CACHE_(DIR|MAX|WALL)/);
});

test("an image's own user is kept unless that is root", async () => {
  await using wire = await startWireEngine();
  const userOf = async (User: string) => {
    wire.images.set("worker:1", { Entrypoint: ["node"], Cmd: [], User });
    await open(wire).submit(aLaunch());
    return created(wire).at(-1)?.body.User;
  };
  expect(await userOf("1234:5678")).toBe("1234:5678");
  expect(await userOf("root")).toBe("10001:10001");
  expect(await userOf("0:0")).toBe("10001:10001");
});

test("on the CPU no more launches run at once than the engine has cores for", async () => {
  await using wire = await startWireEngine({ info: { NCPU: 5 } });
  const provider = open(wire, { cpuLaunches: "auto" });
  const spec = () => aLaunch({ requirements: { ...aLaunch().requirements, gpu: "preferred" } });
  const answers = await Promise.allSettled(Array.from({ length: 4 }, () => provider.submit(spec())));
  const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
  expect(refused).toEqual([
    expect.objectContaining({ kind: "CAPACITY", retryAfterMs: 15_000 }),
    expect.objectContaining({ kind: "CAPACITY" }),
  ]);
  expect(await provider.offers({ ...aLaunch().requirements, gpu: "preferred" })).toMatchObject([
    { offerId: "cpu", availability: "full" },
  ]);
  await open(wire, { cpuLaunches: 3 }).submit(spec());
  await open(wire, { cpuLaunches: "auto", scope: "other" }).submit(spec()); // another installation counts its own
  for (const container of wire.containers.values()) container.status = "exited";
  await provider.submit(spec());
});

test("a worker that could not reach the API is not even started, and the setting that helps is told", async () => {
  await using wire = await startWireEngine();
  const apiUrl = "http://127.0.0.1:3000";
  const deaf = open(wire, { apiUrl, listensOn: "127.0.0.1" });
  await expect(deaf.submit(aLaunch())).rejects.toMatchObject({
    kind: "UNSUPPORTED",
    message: expect.stringMatching(/listens on 127\.0\.0\.1 only.*HOST=.*DOCKER_NETWORK=host/),
  });
  expect(await deaf.probe()).toMatchObject({
    ok: false,
    detail: expect.stringContaining("DOCKER_NETWORK=host"),
  });
  expect(created(wire)).toEqual([]);
  await open(wire, { apiUrl, listensOn: "127.0.0.1", network: "host" }).submit(aLaunch());
  await open(wire, { apiUrl, listensOn: "0.0.0.0" }).submit(aLaunch());
  await open(wire, { apiUrl: "http://host.docker.internal:3000", listensOn: "127.0.0.1" }).submit(aLaunch());
  wire.setInfo({ OperatingSystem: "Docker Desktop" });
  await open(wire, { apiUrl, listensOn: "127.0.0.1" }).submit(aLaunch());
});

test("a launch that was created by somebody who died is started; one that has run is left alone", async () => {
  await using wire = await startWireEngine();
  const spec = aLaunch();
  wire.on(/\/start$/, (_, response) => void response.destroy(), 1);
  await expect(open(wire).submit(spec)).rejects.toMatchObject({ kind: "AMBIGUOUS" });
  expect(wire.containers.get(nameOf(spec.launchKey))?.status).toBe("created");
  await open(wire).submit(spec);
  const container = wire.containers.get(nameOf(spec.launchKey));
  expect(container?.status).toBe("running");
  if (container) container.status = "exited";
  await open(wire).submit(spec);
  expect(container?.status).toBe("exited");
  expect(created(wire)).toHaveLength(1);
});

test("a name that is taken before it can be seen is waited for", async () => {
  await using wire = await startWireEngine();
  const spec = aLaunch();
  wire.on(/^POST \/containers\/create$/, [409, "Conflict. The container name is already in use"], 1);
  await open(wire).submit(spec);
  expect(wire.containers.get(nameOf(spec.launchKey))?.status).toBe("running");
});

test("a container of that name that is not ours is neither started, nor read, nor ended", async () => {
  await using wire = await startWireEngine();
  const spec = aLaunch();
  const name = nameOf(spec.launchKey);
  wire.containers.set(name, { body: { Labels: { "kk.scope": "abcd" } }, status: "running", exitCode: 0 });
  const provider = open(wire);
  const ref = { provider: "docker", ref: name };
  await expect(provider.submit(spec)).rejects.toMatchObject({ kind: "INVALID" });
  expect(await provider.observe(ref)).toEqual({ phase: "lost" });
  expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
  await provider.release(ref);
  expect(wire.containers.get(name)?.status).toBe("running");
});

test("that an end was wanted is known to whoever comes later, and forgotten with the launch", async () => {
  await using wire = await startWireEngine({ info: { SystemTime: "2026-01-02T03:04:09Z" } });
  wire.on(/\/kill$/, (_, response) => void response.writeHead(204).end()); // it ignores whatever it is sent
  const spec = aLaunch();
  const ref = await open(wire).submit(spec);
  expect(await open(wire).cancel(ref, { graceSeconds: 60 })).toBe("stopping");
  expect([...wire.volumes]).toEqual([`${ref.ref}-cancelled`]);
  const kills = () =>
    wire.calls.filter(({ path }) => path.endsWith("/kill")).map(({ query }) => query.get("signal"));
  expect(kills()).toEqual(["SIGTERM"]);
  const heir = open(wire);
  expect(await heir.cancel(ref, { graceSeconds: 60 })).toBe("stopping");
  expect(kills()).toEqual(["SIGTERM", "SIGTERM"]); // the first may not have got as far
  expect(await open(wire).cancel(ref, { graceSeconds: 2 })).toBe("stopping"); // the engine's clock: 3.3 s ago
  expect(kills().at(-1)).toBe("SIGKILL");
  Object.assign(wire.containers.get(ref.ref) ?? {}, { status: "exited", exitCode: 137 });
  expect(await open(wire).observe(ref)).toMatchObject({
    phase: "exited",
    exitCode: 137,
    reason: "cancelled",
  });
  await heir.release(ref);
  expect([wire.containers.size, wire.volumes.size]).toEqual([0, 0]);
});

test("a process that hangs in a driver is asked again, and an engine without volumes still ends launches", async () => {
  await using wire = await startWireEngine();
  const provider = open(wire);
  const ref = await provider.submit(aLaunch());
  wire.on(/^POST \/volumes\/create$/, [500, "driver not found"]);
  wire.on(/\/kill$/, [500, "tried to kill container, but did not receive an exit event"], 1);
  expect(await provider.cancel(ref, { graceSeconds: 60 })).toBe("retry");
  expect(await open(wire).cancel(ref, { graceSeconds: 60 })).toBe("stopping");
  expect(await open(wire).observe(ref)).toMatchObject({ reason: "evicted" });
});

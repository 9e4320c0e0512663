import { expect, test } from "vitest";
import { observationOf, textOfFrames, timeOf } from "./container.ts";
import { Container, Info } from "./engine.ts";
import { asProviderError, EngineError, isInDoubt } from "./errors.ts";
import { driverOf, findGpus, gpusOfCsv } from "./gpus.ts";
import { pullProgress } from "./image.ts";
import { reachTrouble, workerUrl } from "./reach.ts";

// what the engine's words mean; no engine needed

const aContainer = (State: object, Labels: object = {}) =>
  Container.parse({
    State: {
      Status: "exited",
      ExitCode: 0,
      StartedAt: "2026-01-02T03:04:05.5Z",
      FinishedAt: "2026-01-02T03:05:05.5Z",
      ...State,
    },
    Config: { Labels: { "kk.node": "host, RTX 4090", "kk.seconds": "100", ...Labels } },
  });

test.each([
  [{ ExitCode: 0 }, false, "completed"],
  [{ ExitCode: 0 }, true, "completed"],
  [{ ExitCode: 0, OOMKilled: true }, false, "completed"], // a child of it; it went on without
  [{ ExitCode: 7 }, false, "error"],
  [{ ExitCode: 70, OOMKilled: true }, false, "oom"],
  [{ ExitCode: 137, OOMKilled: true }, false, "oom"],
  [{ ExitCode: 137, OOMKilled: true }, true, "cancelled"],
  [{ ExitCode: 130 }, true, "cancelled"],
  [{ ExitCode: 137 }, true, "cancelled"],
  [{ ExitCode: 137 }, false, "evicted"], // somebody's docker kill
  [{ ExitCode: 143 }, false, "evicted"],
  [{ ExitCode: 130 }, false, "evicted"], // the machine shuts down, and the worker did as it was told
  [{ ExitCode: 255 }, false, "evicted"], // the power went
  [{ ExitCode: 124 }, false, "timeout"],
  [{ ExitCode: 137, FinishedAt: "2026-01-02T03:05:46Z" }, false, "timeout"],
  [{ ExitCode: 127 }, false, "image"],
  [{ ExitCode: 1, Error: "oh\nno" }, false, "infra"],
])("a container that ended as %j (end wanted: %s) is %s", (state, wanted, reason) => {
  expect(observationOf(aContainer(state), wanted)).toMatchObject({
    phase: "exited",
    reason,
    exitCode: state.ExitCode,
    node: "host, RTX 4090",
    startedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 500),
    usd: 0,
  });
});

test("a container that has not ended is starting, running or stopping", () => {
  const phase = (state: object, wanted = false) => observationOf(aContainer(state), wanted).phase;
  expect(phase({ Status: "created", StartedAt: "0001-01-01T00:00:00Z" })).toBe("starting");
  expect(phase({ Status: "running" })).toBe("running");
  expect(phase({ Status: "running" }, true)).toBe("stopping");
  expect(phase({ Status: "paused" })).toBe("running");
  expect(phase({ Status: "removing" })).toBe("stopping");
  expect(
    observationOf(aContainer({ Status: "created", ExitCode: 128, Error: "no such device" }), false),
  ).toMatchObject({
    phase: "exited",
    reason: "infra",
    message: "no such device",
  });
  expect(timeOf("0001-01-01T00:00:00Z")).toBeUndefined();
});

test("the output of both streams is put together in order, also where the last piece is cut", () => {
  const frame = (stream: number, text: string, length = text.length) =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, length]), Buffer.from(text)]);
  const frames = Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(1, "cut", 9)]);
  expect(textOfFrames(frames).toString()).toBe("out\nerr\ncut");
  expect(textOfFrames(Buffer.from([1, 0, 0])).toString()).toBe("");
});

test.each([
  [{ code: "ENOENT" }, "UNAVAILABLE", /is Docker running\?/, false],
  [{ code: "ECONNREFUSED" }, "UNAVAILABLE", /is Docker running\?/, false],
  [{ code: "EACCES" }, "AUTH", /group docker.*log in again/, false],
  [{ code: "ECONNRESET" }, "UNAVAILABLE", /was lost/, true],
  [{ code: "TIMEOUT" }, "UNAVAILABLE", /at \/a\.sock/, true],
  [{ code: "GARBAGE" }, "UNAVAILABLE", /DOCKER_HOST/, true],
  [{ status: 401 }, "AUTH", /./, false],
  [{ status: 404 }, "CONFLICT", /./, false],
  [{ status: 409 }, "CONFLICT", /./, false],
  [{ status: 418 }, "INVALID", /./, false],
  [{ status: 429 }, "RATE_LIMITED", /./, false],
  [{ status: 500 }, "UNAVAILABLE", /./, false],
])("an engine's %j is %s", (how, kind, says, doubt) => {
  const error = new EngineError("because", how);
  expect(asProviderError(error, "/a.sock")).toMatchObject({ kind, message: expect.stringMatching(says) });
  expect(isInDoubt(error)).toBe(doubt);
});

test("what an engine says is kept to one short line without control characters", () => {
  const { message } = asProviderError(
    new EngineError(`a\u001b[31m\nb${"x".repeat(5000)}`, { status: 500 }),
    "x",
  );
  expect(message).toMatch(/^Docker says: a \[31m bx+…$/);
  expect(message.length).toBeLessThan(350);
});

test("GPUs are read as nvidia-smi lists them, and nothing else it may print", () => {
  const csv = "GPU-1a-2b, NVIDIA GeForce RTX 4090, 24564\nMIG-3c, , [N/A]\n\nNo devices were found\n, a, 1\n";
  expect(gpusOfCsv(csv)).toEqual([
    { id: "GPU-1a-2b", model: "NVIDIA GeForce RTX 4090", vramGb: 24 },
    { id: "MIG-3c" },
  ]);
});

const info = (fields: object) => Info.parse({ ServerVersion: "28.3.0", ...fields });
const CDI = {
  DiscoveredDevices: [
    { Source: "cdi", ID: "nvidia.com/gpu=GPU-1" },
    { Source: "cdi", ID: "nvidia.com/gpu=all" },
  ],
};

test("the way to the GPU follows from what the engine says it has", () => {
  expect(driverOf(info({}), "auto")).toBe("none");
  expect(driverOf(info({ Runtimes: { runc: {}, nvidia: {} } }), "auto")).toBe("nvidia");
  expect(driverOf(info({ Runtimes: { nvidia: {} }, ...CDI }), "auto")).toBe("cdi");
  expect(driverOf(info({ DiscoveredDevices: [{ Source: "cdi", ID: "intel.com/gpu=0" }] }), "auto")).toBe(
    "none",
  );
  expect(driverOf(info(CDI), "nvidia")).toBe("nvidia");
});

test("an engine elsewhere is believed where it lists its GPUs, and asks for their names where it does not", async () => {
  const settings = { gpus: "auto", driver: "auto", nvidiaSmi: "/nosuch" } as const;
  expect(await findGpus(settings, info(CDI), false)).toEqual({ gpus: [{ id: "GPU-1" }], driver: "cdi" });
  expect(await findGpus(settings, info({ Runtimes: { nvidia: {} } }), false)).toMatchObject({
    gpus: [],
    why: expect.stringMatching(/another machine.*DOCKER_GPUS/),
  });
  expect(await findGpus({ ...settings, gpus: ["GPU-9"] }, info({}), false)).toEqual({
    gpus: [{ id: "GPU-9" }],
    driver: "nvidia",
  });
  expect(await findGpus({ ...settings, nvidiaSmi: process.execPath }, info({}), true)).toMatchObject({
    gpus: [],
    why: expect.stringContaining("does not work"),
  });
});

test("how far a pull is counts layers of known size", () => {
  const progress = pullProgress();
  expect(progress.text()).toBeUndefined();
  progress.take({ id: "a", status: "Downloading", progressDetail: { current: 1e6, total: 4e6 } });
  progress.take({ id: "b", status: "Already exists" });
  expect(progress.text()).toBe("25 % of 4 MB");
  progress.take({ id: "a", status: "Extracting", progressDetail: { current: 1, total: 4e6 } });
  expect(progress.text()).toBe("100 % of 4 MB");
});

test.each([
  ["http://127.0.0.1:3000", "bridge", "http://host.docker.internal:3000"],
  ["http://localhost:3000/", "mine", "http://host.docker.internal:3000"],
  ["http://[::1]:3000/base", "bridge", "http://host.docker.internal:3000/base"],
  ["http://0.0.0.0:8000", "bridge", "http://host.docker.internal:8000"],
  ["http://127.0.0.1:3000", "host", "http://127.0.0.1:3000"],
  ["https://clips.example.com", "bridge", "https://clips.example.com"],
  ["http://192.168.1.5:3000", "bridge", "http://192.168.1.5:3000"],
])("%s on the network %s is %s", (url, network, expected) => {
  expect(workerUrl(url, network).url).toBe(expected);
});

test("what stands between a worker and the API is told with the setting that changes it", () => {
  const reach = {
    apiUrl: "http://127.0.0.1:3000",
    network: "bridge",
    local: true,
    desktop: false,
    rootless: false,
  };
  const trouble = (more: object) => reachTrouble({ ...reach, ...more });
  expect(trouble({ listensOn: "127.0.0.1" })).toMatch(/HOST=0\.0\.0\.0.*DOCKER_NETWORK=host/);
  expect(trouble({ listensOn: "0.0.0.0" })).toBeUndefined();
  expect(trouble({})).toBeUndefined(); // not known
  expect(trouble({ listensOn: "127.0.0.1", network: "host" })).toBeUndefined();
  expect(trouble({ listensOn: "127.0.0.1", desktop: true })).toBeUndefined();
  expect(trouble({ network: "host", desktop: true })).toMatch(/DOCKER_NETWORK=bridge/);
  expect(trouble({ network: "none" })).toMatch(/bridge or host/);
  expect(trouble({ local: false })).toMatch(/WORKER_API_URL/);
  expect(trouble({ network: "host", rootless: true })).toMatch(/WORKER_API_URL=http:\/\/ADDRESS:3000/);
  expect(trouble({ local: false, apiUrl: "https://clips.example.com" })).toBeUndefined();
});

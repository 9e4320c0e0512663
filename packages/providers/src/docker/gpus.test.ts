import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { aLaunch } from "../testing.ts";
import { created, openOn as open, startWireEngine } from "./testing-wire.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-docker-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
/** A program that answers as nvidia-smi does. */
function smi(...rows: string[]): string {
  const file = join(dir, `smi-${Math.random().toString(36).slice(2)}`);
  writeFileSync(file, `#!/bin/sh\ncat <<'END'\n${rows.join("\n")}\nEND\n`);
  chmodSync(file, 0o755);
  return file;
}
const gpus = { gpu: "preferred", diskGb: 1, maxRuntimeSeconds: 600 } as const;
const TWO = ["GPU-aaaa, NVIDIA GeForce RTX 4090, 24564", "GPU-bbbb, NVIDIA H100 80GB HBM3, 81559"];
const NVIDIA = { Runtimes: { runc: {}, nvidia: {} } };

test("a GPU is asked for by its UUID with video, and named on the launch", async () => {
  await using wire = await startWireEngine({ info: NVIDIA });
  const provider = open(wire, { gpus: "auto", nvidiaSmi: smi(...TWO) });
  const spec = aLaunch({ requirements: gpus, offerId: "gpu:GPU-bbbb" });
  const ref = await provider.submit(spec);
  const [{ body } = { body: undefined }] = created(wire);
  expect(body.HostConfig.DeviceRequests).toEqual([
    { Driver: "nvidia", DeviceIDs: ["GPU-bbbb"], Capabilities: [["gpu", "compute", "video", "utility"]] },
  ]);
  expect(body.Env.join()).not.toContain("NVIDIA_VISIBLE_DEVICES"); // the driver sets it
  expect(await provider.observe(ref)).toMatchObject({
    phase: "running",
    node: "wire, NVIDIA H100 80GB HBM3",
  });
});

test("device files are used where the engine lists them, by UUID or else by number", async () => {
  const listed = (...names: string[]) => ({
    DiscoveredDevices: names.map((name) => ({ Source: "cdi", ID: `nvidia.com/gpu=${name}` })),
  });
  await using wire = await startWireEngine({
    info: { ...NVIDIA, ...listed("GPU-aaaa", "GPU-bbbb", "0", "1", "all") },
  });
  const requested = async (info: object) => {
    wire.containers.clear();
    wire.setInfo(info);
    const provider = open(wire, { gpus: "auto", nvidiaSmi: smi(...TWO) });
    await provider.submit(aLaunch({ requirements: gpus, offerId: "gpu:GPU-bbbb" }));
    return created(wire).at(-1)?.body;
  };
  const { HostConfig, Env } = await requested({});
  expect(HostConfig.DeviceRequests).toEqual([{ Driver: "cdi", DeviceIDs: ["nvidia.com/gpu=GPU-bbbb"] }]);
  expect(Env).toContain("NVIDIA_VISIBLE_DEVICES=void");
  const byNumber = await requested(listed("0", "1", "all"));
  expect(byNumber.HostConfig.DeviceRequests).toEqual([{ Driver: "cdi", DeviceIDs: ["nvidia.com/gpu=1"] }]);
});

test("without a GPU a job that prefers one runs on the CPU, and one that needs one is refused", async () => {
  await using wire = await startWireEngine({ info: NVIDIA });
  const provider = open(wire, { gpus: "auto", nvidiaSmi: join(dir, "nosuch") });
  const [offer, ...others] = await provider.offers(gpus);
  expect(offer).toMatchObject({ offerId: "cpu", usdPerHour: 0, availability: "available" });
  expect(others).toEqual([]);
  await provider.submit(aLaunch({ requirements: gpus }));
  expect(created(wire)[0]?.body.HostConfig).not.toHaveProperty("DeviceRequests");
  const needs = { ...gpus, gpu: "required" } as const;
  expect(await provider.offers(needs)).toEqual([]);
  await expect(provider.submit(aLaunch({ requirements: needs }))).rejects.toMatchObject({
    kind: "UNSUPPORTED",
    message: expect.stringContaining("no nvidia-smi"),
  });
});

test("a GPU that the engine cannot give away is told, not hidden", async () => {
  await using wire = await startWireEngine();
  const provider = open(wire, { gpus: "auto", nvidiaSmi: smi(...TWO) });
  expect(await provider.probe()).toMatchObject({
    gpus: 0,
    detail: expect.stringMatching(/RTX 4090.*nvidia-ctk/),
  });
  expect((await provider.offers(gpus)).map(({ offerId }) => offerId)).toEqual(["cpu"]);
});

test("offers tell each GPU with its memory, which are at work, and what has no video encoder", async () => {
  await using wire = await startWireEngine({ info: NVIDIA });
  const provider = open(wire, { gpus: "auto", nvidiaSmi: smi(...TWO) });
  await provider.submit(aLaunch({ requirements: gpus, offerId: "gpu:GPU-bbbb" }));
  const expiresAt = expect.any(Number);
  expect(await provider.offers(gpus)).toEqual([
    {
      ...{ provider: "docker", offerId: "gpu:GPU-aaaa", label: "NVIDIA GeForce RTX 4090 of this machine" },
      ...{ usdPerHour: 0, availability: "available", expiresAt },
      gpu: { model: "NVIDIA GeForce RTX 4090", vramGb: 24, count: 1 },
    },
    {
      ...{ provider: "docker", offerId: "gpu:GPU-bbbb", label: "NVIDIA H100 80GB HBM3 of this machine" },
      ...{ usdPerHour: 0, availability: "full", expiresAt },
      gpu: { model: "NVIDIA H100 80GB HBM3", vramGb: 79.6, count: 1, nvenc: false },
    },
  ]);
  const ids = async (more: object) =>
    (await provider.offers({ ...gpus, ...more })).map(({ offerId }) => offerId);
  expect(await ids({ minVramGb: 40 })).toEqual(["gpu:GPU-bbbb"]);
  expect(await ids({ minVramGb: 24, nvenc: "required" })).toEqual(["gpu:GPU-aaaa"]);
  expect(await ids({ gpu: "none" })).toEqual(["cpu"]);
  const tooMuch = { ...gpus, gpu: "required", minVramGb: 200 } as const;
  await expect(provider.submit(aLaunch({ requirements: tooMuch }))).rejects.toMatchObject({
    kind: "UNSUPPORTED",
    message: expect.stringContaining("200 GB"),
  });
});

test("two services with five launches each on two GPUs: never two on one, and the others are told to wait", async () => {
  await using wire = await startWireEngine({ info: NVIDIA });
  wire.setDelay(2);
  let most = 0;
  wire.on(/^POST \/containers\/[^/]+\/start$/, ({ path }, response) => {
    const container = wire.containers.get(path.split("/")[2] ?? "");
    if (container) container.status = "running";
    const running = [...wire.containers.values()].filter(({ status }) => status === "running");
    const ids = running.map(({ body }) => body.Labels["kk.gpu"]);
    most = Math.max(most, ids.length - new Set(ids).size);
    response.writeHead(204).end();
  });
  const program = smi(...TWO);
  const services = ["abcd", "efgh"].map((scope) => open(wire, { gpus: "auto", nvidiaSmi: program, scope }));
  const answers = await Promise.allSettled(
    services.flatMap((service) =>
      Array.from({ length: 5 }, () =>
        service.submit(aLaunch({ requirements: { ...gpus, gpu: "required" } })),
      ),
    ),
  );
  expect(most).toBe(0);
  const refused = answers.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
  expect(answers.length - refused.length).toBeLessThanOrEqual(2);
  for (const { reason } of refused) expect(reason).toMatchObject({ kind: "CAPACITY", retryAfterMs: 15_000 });
  expect(wire.containers.size).toBe(answers.length - refused.length); // nothing is left of the others
  // one that came back would see who has what
  wire.containers.clear();
  for (const [index, id] of ["GPU-aaaa", "GPU-bbbb"].entries())
    wire.containers.set(`kk-wxyz-${index}`, {
      body: { Labels: { "kk.gpu": id } },
      status: "running",
      exitCode: 0,
    });
  const restarted = open(wire, { gpus: "auto", nvidiaSmi: program });
  await expect(restarted.submit(aLaunch({ requirements: gpus }))).rejects.toMatchObject({ kind: "CAPACITY" });
  const [one] = wire.containers.values();
  if (one) one.status = "exited";
  await restarted.submit(aLaunch({ requirements: gpus }));
  expect(created(wire).at(-1)?.body.Labels["kk.gpu"]).toBe("GPU-aaaa");
});

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { createProcessProvider } from "./process.ts";
import { groupIsAlive } from "./process-group.ts";
import type { LaunchRef } from "./provider.ts";
import { aLaunch, cancelled, until } from "./testing.ts";

vi.setConfig({ testTimeout: 60_000 }); // they start programs, on a machine that may be busy
const isLinux = process.platform === "linux";
const root = mkdtempSync(join(tmpdir(), "kk-warm-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/**
 * A program that does one launch after the other, as the worker does with --warm. A launch whose log level is "debug" waits until it is
 * told to stop, one with "error" kills the program; the others end well.
 */
const STAYS = `
const fs = require("node:fs");
const start = fs.readFileSync("/proc/self/stat", "utf8").replace(/^.*\\) /, "").split(" ")[19];
const whole = (file, text) => { fs.writeFileSync(file + ".own", text); fs.renameSync(file + ".own", file); };
let dir;
process.on("SIGTERM", () => { if (dir) whole(dir + "/exit", "143"); process.exit(); });
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { env, ...order } = JSON.parse(line);
  dir = order.dir;
  fs.writeFileSync(dir + "/log", env.KK_LAUNCH_KEY + " " + process.pid + " " + order.seconds + " " + Object.keys(process.env) + "\\n");
  if (env.KK_LOG_LEVEL === "error") process.exit(9);
  whole(dir + "/pid", JSON.stringify({ pid: process.pid, start, warm: true }));
  if (env.KK_LOG_LEVEL === "debug") return;
  setTimeout(() => { whole(dir + "/exit", "0"); dir = undefined; console.log("free"); }, 100);
}).on("close", () => process.exit());`;

const open = (name: string, options: { count?: number; idleMs?: number } = {}) =>
  createProcessProvider({
    dir: join(root, name),
    command: [process.execPath, "-e", `console.log("cold " + process.pid)`],
    machineEnv: { PATH: process.env.PATH ?? "" },
    warm: { command: [process.execPath, "-e", STAYS], count: 1, idleMs: 60_000, ...options },
  });
type Level = "info" | "debug" | "error";
const launch = (level: Level = "info") => {
  const spec = aLaunch();
  return { ...spec, env: { ...spec.env, KK_LOG_LEVEL: level } };
};
/** Submits until a warm worker takes it: one that has just ended a launch is free a moment later. */
async function submitWarm(provider: ReturnType<typeof open>, level?: Level): Promise<LaunchRef> {
  for (;;) {
    const ref = await provider.submit(launch(level));
    await until(provider, ref, ["running", "exited"]);
    if ((await provider.logs(ref, { tail: 1 })).startsWith(ref.ref)) return ref;
    await until(provider, ref, ["exited"]); // it was started as usual
    await provider.release(ref);
  }
}
const born = (name: string, { ref }: LaunchRef) =>
  JSON.parse(readFileSync(join(root, name, ref, "pid"), "utf8")) as { pid: number; start: string };

test.skipIf(!isLinux)(
  "one launch after the other is done by the same process, each in its folder (needs Linux)",
  async () => {
    const provider = open("same");
    const pids: number[] = [];
    for (let i = 0; i < 3; i++) {
      const ref = await submitWarm(provider);
      expect(await until(provider, ref, ["exited"])).toMatchObject({ exitCode: 0, reason: "completed" });
      pids.push(born("same", ref).pid);
      const said = await provider.logs(ref, { tail: 5 });
      expect(said).toContain(`${ref.ref} ${pids[0]} 3600`);
      expect(said).not.toContain("KK_"); // its own environment has nothing of any launch
      // it is over, and the process that did it lives on
      expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
      await provider.release(ref);
      expect((await provider.observe(ref)).phase).toBe("lost");
    }
    expect(new Set(pids).size).toBe(1);
  },
);

test.skipIf(!isLinux)(
  "the end of one launch does not touch the next one of the same process (needs Linux)",
  async () => {
    const provider = open("apart");
    const first = await submitWarm(provider);
    await until(provider, first, ["exited"]);
    const next = await submitWarm(provider, "debug");
    expect(born("apart", next)).toEqual(born("apart", first));
    expect(await provider.cancel(first, { graceSeconds: 0 })).toBe("gone");
    await provider.release(first);
    expect((await provider.observe(next)).phase).toBe("running");
    await cancelled(provider, next, 10);
  },
);

test.skipIf(!isLinux)(
  "a launch beyond their number is started as usual, and a cancelled one ends its process (needs Linux)",
  async () => {
    const provider = open("cold");
    const waits = await provider.submit(launch("debug"));
    await until(provider, waits, ["running"]);
    const cold = await provider.submit(launch());
    expect(await until(provider, cold, ["exited"])).toMatchObject({ exitCode: 0 });
    expect(await provider.logs(cold, { tail: 5 })).toMatch(/^cold \d+$/);
    const own = born("cold", waits);
    await cancelled(provider, waits, 10);
    expect(await provider.observe(waits)).toMatchObject({ exitCode: 143, reason: "cancelled" });
    await expect.poll(() => groupIsAlive(own)).toBe(false);
    // and another one takes its place
    const next = await submitWarm(provider);
    expect(await until(provider, next, ["exited"])).toMatchObject({ exitCode: 0 });
    expect(born("cold", next).pid).not.toBe(own.pid);
  },
);

test.skipIf(!isLinux)(
  "a process that dies takes its launch with it, at once, and no other (needs Linux)",
  async () => {
    const provider = open("dies");
    const dies = await provider.submit(launch("error"));
    expect(await until(provider, dies, ["exited"])).toMatchObject({ exitCode: 9, reason: "error" });
    const killed = await submitWarm(provider, "debug");
    process.kill(-born("dies", killed).pid, "SIGKILL");
    expect(await until(provider, killed, ["exited"])).toMatchObject({ exitCode: null, reason: "lost" });
    const next = await submitWarm(provider);
    expect(await until(provider, next, ["exited"])).toMatchObject({ exitCode: 0 });
  },
);

test.skipIf(!isLinux)("one that is idle for long ends (needs Linux)", async () => {
  const provider = open("idle", { idleMs: 50 });
  const ref = await submitWarm(provider);
  await until(provider, ref, ["exited"]);
  const own = born("idle", ref);
  await expect.poll(() => groupIsAlive(own), { timeout: 20_000 }).toBe(false);
  expect(existsSync(join(root, "idle", ref.ref, "exit"))).toBe(true);
});

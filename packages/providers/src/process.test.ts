import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runProviderConformance } from "./conformance.ts";
import { createProcessProvider } from "./process.ts";
import { groupIsAlive, startOf } from "./process-group.ts";
import { aLaunch, BEHAVIOURS, cancelled, checksBut, until } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "kk-launches-"));
const dir = join(root, "ours");
afterAll(() => rmSync(root, { recursive: true, force: true }));
const open = (script: string, where = dir) =>
  createProcessProvider({
    dir: where,
    command: [process.execPath, "-e", script],
    machineEnv: { PATH: process.env.PATH ?? "" },
  });

/** The groups of a launch that have a member alive, by what their processes were started with. */
const isLinux = existsSync("/proc/self/environ");
function groupsOf(launchKey: string): number {
  if (!isLinux) {
    const born = textOf(join(dir, launchKey, "pid"));
    return born && groupIsAlive(JSON.parse(born)) ? 1 : 0;
  }
  const groups = readdirSync("/proc")
    .filter((name) => textOf(`/proc/${name}/environ`).includes(`KK_LAUNCH_DIR=${join(dir, launchKey)}\0`))
    .map((name) =>
      textOf(`/proc/${name}/stat`)
        .replace(/^.*\) /, "")
        .split(" "),
    )
    .filter(([state]) => state && state !== "Z")
    .map(([, , group]) => group);
  return new Set(groups).size;
}
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const checks = runProviderConformance("process", {
  open: (behaviour, installation) => open(BEHAVIOURS[behaviour], join(root, installation)),
  capabilities: {
    submit: "native",
    deadline: "native",
    logs: "live",
    envVisibleTo: "host",
    gpu: false,
    list: true,
  },
  alive: groupsOf,
  async sent(launchKey) {
    const file = join(dir, launchKey, "pid");
    await expect.poll(() => existsSync(file), { timeout: 30_000 }).toBe(true);
    const { pid } = JSON.parse(readFileSync(file, "utf8"));
    const ofProcess = ["environ", "cmdline"].map((name) => textOf(`/proc/${pid}/${name}`));
    return [launchKey, ...ofProcess, ...globSync(join(dir, launchKey, "*")).map(textOf)].join("\n");
  },
  line: "no line",
  refusals: [
    {
      kind: "UNAVAILABLE",
      when: "no folder can be made for it",
      open: () => {
        writeFileSync(join(root, "a-file"), "");
        return open(BEHAVIOURS.ok, join(root, "a-file"));
      },
    },
  ],
});

test("all checks apply to it but those of a line to elsewhere and of a memory limit", () => {
  expect(checks).toEqual(checksBut("C4", "C13"));
});

test("a launch whose maker died before starting it is lost after half a minute", async () => {
  const provider = open(BEHAVIOURS.ok);
  const { launchKey } = aLaunch();
  const ref = { provider: "process", ref: launchKey };
  mkdirSync(join(dir, launchKey));
  expect((await provider.observe(ref)).phase).toBe("starting");
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(join(dir, launchKey), longAgo, longAgo);
  expect(await provider.observe(ref)).toMatchObject({ phase: "exited", reason: "lost" });
});

test("a process killed from outside counts as lost, not as ended", async () => {
  const provider = open(BEHAVIOURS.waits);
  const ref = await provider.submit(aLaunch());
  await until(provider, ref, ["running"]);
  const { pid } = JSON.parse(readFileSync(join(dir, ref.ref, "pid"), "utf8"));
  process.kill(-pid, "SIGKILL");
  expect(await until(provider, ref, ["exited"])).toMatchObject({ exitCode: null, reason: "lost" });
});

test("a worker that dies alone takes its children with it", async () => {
  const provider = open(
    `require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore" }); process.kill(process.pid, "SIGKILL")`,
  );
  const ref = await provider.submit(aLaunch());
  expect(await until(provider, ref, ["exited"])).toMatchObject({ exitCode: 137, reason: "error" });
  const born = JSON.parse(readFileSync(join(dir, ref.ref, "pid"), "utf8"));
  await expect.poll(() => groupIsAlive(born)).toBe(false);
  await provider.release(ref);
});

test("the claim token is in the launch's environment and nowhere else", async () => {
  const provider = open(`console.log(process.argv.join(" ")); setInterval(() => {}, 1000)`);
  const spec = aLaunch();
  const ref = await provider.submit(spec);
  await until(provider, ref, ["running"]);
  const { pid } = JSON.parse(readFileSync(join(dir, ref.ref, "pid"), "utf8"));
  if (existsSync(`/proc/${pid}/cmdline`))
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(spec.env.KK_CLAIM_TOKEN);
  expect(await provider.logs(ref, { tail: 50 })).not.toContain(spec.env.KK_CLAIM_TOKEN);
  await cancelled(provider, ref);
});

test("F02: a launch writes down itself who it is, so its maker may die at once", async () => {
  const provider = open(BEHAVIOURS.waits);
  const ref = await provider.submit(aLaunch());
  const file = join(dir, ref.ref, "pid");
  expect(await provider.cancel(ref, { graceSeconds: 10 })).toBeOneOf(["retry", "stopping"]);
  await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
  const own = JSON.parse(readFileSync(file, "utf8"));
  expect(own).toEqual({ pid: expect.any(Number), start: expect.any(String) });
  expect(startOf(own.pid) ?? own.start).toBe(own.start);
  await cancelled(provider, ref);
  expect(groupIsAlive(own)).toBe(false);
});

test("F40: a launch that was asked to stop before a clock was put back is not waited for an hour longer", async () => {
  const provider = open(BEHAVIOURS.stubborn);
  const ref = await provider.submit(aLaunch());
  await until(provider, ref, ["running"]);
  await new Promise((wait) => setTimeout(wait, 500)); // until it ignores the polite request
  expect(await provider.cancel(ref, { graceSeconds: 3600 })).toBe("stopping");
  writeFileSync(join(dir, ref.ref, "cancel"), JSON.stringify({ at: Date.now() + 3_600_000 }));
  await provider.cancel(ref, { graceSeconds: 3600 });
  expect(await until(provider, ref, ["exited"])).toMatchObject({ reason: "cancelled" });
});

test("a launch that has not come up yet can be cancelled, and then never begins", async () => {
  const slow = join(root, "slow"); // what the launch writes down about itself comes late
  mkdirSync(slow);
  writeFileSync(join(slow, "mv"), `#!/bin/sh\nsleep 1\nexec /bin/mv "$@"\n`, { mode: 0o755 });
  const provider = createProcessProvider({
    dir,
    command: [process.execPath, "-e", BEHAVIOURS.waits],
    machineEnv: { PATH: `${slow}:${process.env.PATH}` },
  });
  const ref = await provider.submit(aLaunch());
  expect(await provider.observe(ref)).toEqual({ phase: "starting" });
  expect(await provider.cancel(ref, { graceSeconds: 3600 })).toBe("retry");
  expect(await provider.observe(ref)).toEqual({ phase: "stopping" });
  expect(await until(provider, ref, ["exited"])).toMatchObject({ reason: "cancelled", exitCode: 143 });
  await expect.poll(() => provider.cancel(ref, { graceSeconds: 3600 })).toBe("gone");
  expect(existsSync(join(dir, ref.ref, "log"))).toBe(false);
  await provider.release(ref);
});

test("a launch that ends by itself when its time is up is timed out, and has time to end well", async () => {
  const script = (code: number) =>
    `process.on("SIGTERM", () => process.exit(${code})); setInterval(() => {}, 1000)`;
  const { requirements } = aLaunch();
  const short = { requirements: { ...requirements, maxRuntimeSeconds: 1.5 } };
  const [late, justInTime] = [open(script(124)), open(script(0))];
  const ref = await late.submit(aLaunch(short));
  const other = await justInTime.submit(aLaunch(short));
  expect(await until(late, ref, ["exited"])).toMatchObject({ reason: "timeout", exitCode: 124 });
  expect(await until(justInTime, other, ["exited"])).toMatchObject({ reason: "completed", exitCode: 0 });
  for (const each of [ref, other]) await late.release(each);
});

test("what a worker leaves behind ends with it, although nobody looks", async () => {
  const provider = open(
    `require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore", detached: false }); setTimeout(() => process.exit(3), 300)`,
  );
  const ref = await provider.submit(aLaunch());
  await expect.poll(() => existsSync(join(dir, ref.ref, "exit")), { timeout: 20_000 }).toBe(true);
  await expect.poll(() => groupsOf(ref.ref), { timeout: 20_000 }).toBe(0);
  expect(await provider.observe(ref)).toMatchObject({ exitCode: 3, reason: "error" });
  await provider.release(ref);
});

test("a state that cannot be read is no answer: the launch may still run", async () => {
  const provider = open(BEHAVIOURS.waits);
  const ref = await provider.submit(aLaunch());
  await until(provider, ref, ["running"]);
  const file = join(dir, ref.ref, "pid");
  const born = readFileSync(file, "utf8");
  writeFileSync(file, born.slice(0, 5));
  const unavailable = { name: "ProviderError", kind: "UNAVAILABLE" };
  await expect(provider.observe(ref)).rejects.toMatchObject(unavailable);
  await expect(provider.cancel(ref, { graceSeconds: 0 })).rejects.toMatchObject(unavailable);
  await expect(provider.release(ref)).rejects.toMatchObject(unavailable);
  writeFileSync(file, born);
  await cancelled(provider, ref);
});

test("on Windows it says what to do instead", async () => {
  const platform = Object.getOwnPropertyDescriptor(process, "platform") ?? {};
  Object.defineProperty(process, "platform", { ...platform, value: "win32" });
  try {
    const provider = open(BEHAVIOURS.ok);
    expect(await provider.probe()).toMatchObject({ ok: false, detail: expect.stringContaining("WSL 2") });
    expect(await provider.offers(aLaunch().requirements)).toEqual([]);
    await expect(provider.submit(aLaunch())).rejects.toMatchObject({ kind: "UNSUPPORTED" });
  } finally {
    Object.defineProperty(process, "platform", platform);
  }
});

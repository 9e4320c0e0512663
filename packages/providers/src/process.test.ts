import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createProcessProvider } from "./process.ts";
import { groupIsAlive, startOf } from "./process-group.ts";
import { aLaunch, BEHAVIOURS, cancelled, testProvider, until } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-launches-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const open = (script: string) =>
  createProcessProvider({
    dir,
    command: [process.execPath, "-e", script],
    machineEnv: { PATH: process.env.PATH ?? "" },
  });

describe("process provider", () => testProvider((behaviour) => open(BEHAVIOURS[behaviour])));

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

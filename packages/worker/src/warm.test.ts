import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { tools } from "./asr/testing.ts";
import { problem, startApiPlace, until } from "./testing-api.ts";

vi.setConfig({ testTimeout: 60_000 }); // they start programs, on a machine that may be busy
const isLinux = process.platform === "linux";
const WORKER = fileURLToPath(new URL("./main.ts", import.meta.url));
const STAND_IN = fileURLToPath(new URL("./testing-warm.ts", import.meta.url));

/** A warm worker, and folders of launches for it. */
function startWarm(program = STAND_IN, args: string[] = []) {
  const root = mkdtempSync(join(tmpdir(), "kk-warm-"));
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      NODE_ENV: "production",
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    },
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const closed = new Promise<number | null>((end) => child.once("exit", (code) => end(code)));
  let count = 0;
  return {
    child,
    closed,
    free: () => said.split("\n").filter((line) => line === "free").length,
    /** Orders a launch. @returns what its folder holds */
    order(level: string, options: { seconds?: number; url?: string; cancel?: boolean } = {}) {
      const dir = join(root, `launch-${++count}`);
      mkdirSync(dir);
      if (options.cancel) writeFileSync(join(dir, "cancel"), JSON.stringify({ at: Date.now() }));
      const env = {
        KK_API_URL: options.url ?? "http://127.0.0.1:9",
        KK_LAUNCH_KEY: `kk-01jd0000000000000000000000-e${count}`,
        KK_CLAIM_TOKEN: `kkc_${count}`.padEnd(40, `${count}`),
        KK_LOG_LEVEL: level,
      };
      child.stdin.write(`${JSON.stringify({ dir, seconds: options.seconds ?? 600, env })}\n`);
      const text = (name: string) =>
        existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8") : "";
      const ended = async () => {
        await until(() => text("exit") !== "");
        return Number(text("exit"));
      };
      return { dir, text, ended };
    },
    [Symbol.dispose]() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), "SIGKILL");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

test.skipIf(!isLinux)(
  "launches are done one after the other, each with its own folder, token and log (needs Linux)",
  async () => {
    using warm = startWarm();
    const orders = [warm.order("info"), warm.order("info")];
    for (const [index, one] of orders.entries()) {
      expect(await one.ended()).toBe(0);
      expect(one.text("log")).toBe(
        `kk-01jd0000000000000000000000-e${index + 1} ${`kkc_${index + 1}`.padEnd(8, `${index + 1}`)} in ${one.dir}\n`,
      );
      expect(JSON.parse(one.text("pid"))).toEqual({
        pid: warm.child.pid,
        start: expect.any(String),
        warm: true,
      });
    }
    await until(() => warm.free() === 2);
    warm.child.stdin.end(); // whoever gave the launches is gone
    expect(await warm.closed).toBe(0);
  },
);

test.skipIf(!isLinux)(
  "a launch that is told to stop ends, and the process with it (needs Linux)",
  async () => {
    using warm = startWarm();
    const one = warm.order("debug");
    await until(() => one.text("log") !== "");
    process.kill(-(warm.child.pid ?? 0), "SIGTERM");
    expect(await one.ended()).toBe(130);
    expect(one.text("log")).toContain("CANCELLED");
    await warm.closed;
    expect(warm.free()).toBe(0);
  },
);

test.skipIf(!isLinux)(
  "a launch that was told to stop before it began does not begin, and an idle process ends at once (needs Linux)",
  async () => {
    using warm = startWarm();
    const one = warm.order("debug", { cancel: true });
    expect(await one.ended()).toBe(143);
    expect(one.text("log")).toBe("");
    await warm.closed; // only a good end is followed by another launch
    using idle = startWarm();
    expect(await idle.order("info").ended()).toBe(0);
    await until(() => idle.free() === 1);
    process.kill(idle.child.pid ?? 0, "SIGTERM");
    expect(await idle.closed).toBe(0);
  },
);

test.skipIf(!isLinux)("a launch ends at its maximum run time (needs Linux)", async () => {
  using warm = startWarm();
  const one = warm.order("debug", { seconds: 1 });
  expect(await one.ended()).not.toBe(0);
  expect(one.text("log")).toContain("TIMED_OUT");
  expect(existsSync(join(one.dir, "timeout"))).toBe(true);
  await warm.closed;
});

test.skipIf(!isLinux)(
  "what a launch leaves behind ends with it, and so does the process (needs Linux)",
  async () => {
    using warm = startWarm();
    const one = warm.order("warn");
    expect(await one.ended()).toBe(0);
    const pid = /left (\d+)/.exec(one.text("log"))?.[1];
    expect(pid).toBeDefined();
    await until(() => !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
    await warm.closed;
    expect(warm.free()).toBe(0);
  },
);

test.skipIf(!isLinux)(
  "a process that breaks ends its launch, with the reason in its log (needs Linux)",
  async () => {
    using warm = startWarm();
    const one = warm.order("error");
    expect(await one.ended()).toBe(70);
    expect(one.text("log")).toContain("it broke");
    expect(await warm.closed).toBe(70);
  },
);

test.skipIf(!isLinux || !tools)(
  "the worker itself: a launch claims with its own token, and a refusal ends it (needs Linux and ffmpeg)",
  async () => {
    await using place = await startApiPlace(() => problem(409, "FENCED", "not yours"));
    using warm = startWarm(WORKER, ["--warm"]);
    const one = warm.order("info", { url: place.url });
    expect(await one.ended()).toBe(75);
    expect(place.asked.map(({ path, body }) => [path, body.launch_key, body.claim_token])).toEqual([
      ["claim", "kk-01jd0000000000000000000000-e1", "kkc_1".padEnd(40, "1")],
    ]);
    expect(one.text("log")).toContain("not yours");
    expect(one.text("log")).not.toContain("kkc_");
    expect(await warm.closed).toBe(0);
  },
);

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createInspections } from "./inspections.ts";
import { createLog } from "./log.ts";
import { startTestApi } from "./testing.ts";

const POLICY = { allow_private: false, allow_origins: [], max_bytes: 1e9, max_seconds: 3600 };
const HERE = "https://example.com/talk.mp4";

/** Stands in for the worker's program: what it does is the last part of the path. It writes down each order with its environment. */
const PROGRAM = `
const { appendFileSync } = require("node:fs");
const { spawn } = require("node:child_process");
require("node:readline").createInterface({ input: process.stdin }).once("line", (line) => {
  const order = JSON.parse(line);
  const [, , log] = process.argv;
  const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\\n", () => process.exit());
  const note = (what) => appendFileSync(log, JSON.stringify({ order, cwd: process.cwd(), env: process.env, ...what }) + "\\n");
  const preview = { title: "A talk", seconds: 61.5, width: 1280, height: 720, size_bytes: 9, thumbnail: null, has_captions: false, notices: [] };
  const kind = new URL(order.url).pathname.slice(1);
  if (kind === "hangs") {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    process.on("SIGTERM", () => {});
    return note({ pids: [process.pid, child.pid] });
  }
  if (kind === "tidies") {
    process.on("SIGTERM", () => (note({ ended: "as it was asked to" }), process.exit()));
    setInterval(() => {}, 1000);
    return note({});
  }
  note({});
  if (kind === "slow") return setTimeout(say, 400, { ok: true, preview });
  if (kind === "dies") process.exit(1);
  if (kind === "loud") return process.stdout.write("x".repeat(5e6));
  if (kind === "lies") return say({ ok: true, preview: { ...preview, thumbnail: "javascript:alert(1)" } });
  if (kind === "missing") return say({ ok: false, code: "SOURCE_NOT_FOUND", message: "nothing there (404)" });
  if (kind === "away") return say({ ok: false, code: "SOURCE_UNREACHABLE", message: "not now" });
  say({ ok: true, preview });
});`;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "kk-inspections-"));
  writeFileSync(join(dir, "program.cjs"), PROGRAM);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let serial = 0;
function aHouse(patience: Parameters<typeof createInspections>[0]["patience"] = {}) {
  const file = join(dir, `orders-${serial++}.txt`);
  writeFileSync(file, "");
  const orders = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const inspections = createInspections({
    command: [process.execPath, join(dir, "program.cjs"), file],
    env: { PATH: process.env.PATH ?? "", FFMPEG_PATH: "/opt/ffmpeg" },
    fetchPolicy: POLICY,
    log: createLog("silent"),
    patience,
  });
  return { ...inspections, orders };
}

describe.concurrent("looking at addresses", () => {
  test("the program is told the address and the policy, and nothing of this process's environment", async () => {
    const { inspect, orders } = aHouse();
    expect(await inspect(HERE)).toMatchObject({ title: "A talk", seconds: 61.5 });
    const [{ order, env, cwd }] = orders();
    expect(order).toEqual({ url: HERE, fetch_policy: POLICY, within_ms: 12_000 });
    expect(Object.keys(env).sort()).toEqual(["FFMPEG_PATH", "NODE_ENV", "PATH"]);
    expect(cwd).toContain("kangklip-inspect-");
    await vi.waitFor(() => expect(existsSync(cwd)).toBe(false), { timeout: 10_000 });
  });

  test("what is known is not looked at again, and who asks at the same time gets the same answer", async () => {
    const { inspect, orders } = aHouse();
    const slow = "https://example.com/slow";
    expect(await Promise.all([inspect(slow), inspect(slow), inspect(`${slow}#t=5`)])).toHaveLength(3);
    await inspect(slow);
    const refused = () =>
      expect(inspect("https://example.com/missing")).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
    await refused();
    await refused();
    expect(orders().map(({ order }) => order.url)).toEqual([slow, "https://example.com/missing"]);
  });

  test("what may pass is asked for again, and what says nothing sensible is no answer", async () => {
    const { inspect, orders } = aHouse();
    for (const kind of ["away", "away", "dies", "lies", "loud"])
      await expect(inspect(`https://example.com/${kind}`)).rejects.toMatchObject({
        code: "SOURCE_UNREACHABLE",
      });
    expect(orders()).toHaveLength(5);
  });

  test("addresses that no job takes are refused before anything is started", async () => {
    const { inspect, orders } = aHouse();
    await expect(inspect("http://127.0.0.1/x")).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    await expect(inspect("http://169.254.169.254/")).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    await expect(inspect("file:///etc/passwd")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect(orders()).toEqual([]);
  });

  test("a program that hangs is killed with all that it has started", async () => {
    const { inspect, orders } = aHouse({ askToEndMs: 1500, killMs: 2000 });
    await expect(inspect("https://example.com/hangs")).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    const [{ pids }] = orders();
    const alive = (pid: number) => {
      try {
        process.kill(pid, 0);
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
      } catch {
        return false;
      }
    };
    await vi.waitFor(() => expect(pids.filter(alive)).toEqual([]), { timeout: 10_000 });
  });

  test("two at a time; others wait shortly, then are told when to ask again; closing ends them", async () => {
    const { inspect, close } = aHouse({ waitMs: 300 });
    const hanging = [1, 2].map((serial) => inspect(`https://example.com/hangs?${serial}`));
    for (const one of hanging) one.catch(() => {}); // looked at below
    await expect(inspect(HERE)).rejects.toMatchObject({ code: "RATE_LIMITED", retryAfterSeconds: 5 });
    close();
    for (const one of hanging) await expect(one).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    await expect(inspect(HERE)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("a look that nobody waits for any more ends, and its place is free; others are not kept from theirs", async () => {
    const { inspect, orders } = aHouse({ waitMs: 10_000 });
    const [mine, theirs] = [new AbortController(), new AbortController()];
    const hangs = "https://example.com/hangs";
    const both = [inspect(hangs, mine.signal), inspect(hangs, theirs.signal)];
    for (const one of both) one.catch(() => {}); // looked at below
    await vi.waitFor(() => expect(orders()).toHaveLength(1), { timeout: 10_000 });
    mine.abort();
    const slow = "https://example.com/slow?a";
    expect(await inspect(slow, mine.signal).catch(({ code }) => code)).toBe("SOURCE_UNREACHABLE");
    expect(orders().some(({ order }) => order.url === slow)).toBe(false);
    theirs.abort();
    for (const one of both) await expect(one).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    expect(await inspect(slow)).toMatchObject({ title: "A talk" });
    expect(orders()).toHaveLength(2);
  });

  test("what nobody waits for any more is asked to end, so that it can end what has left its group", async () => {
    for (const how of ["gone", "closed"]) {
      const { inspect, close, orders } = aHouse();
      const asker = new AbortController();
      const asked = inspect("https://example.com/tidies", asker.signal);
      asked.catch(() => {}); // looked at below
      await vi.waitFor(() => expect(orders()).toHaveLength(1), { timeout: 10_000 });
      if (how === "gone") asker.abort();
      else close();
      await expect(asked).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
      expect(orders().at(-1), how).toMatchObject({ ended: "as it was asked to" });
    }
  });

  test("a place that becomes free is taken by who waits", async () => {
    const { inspect } = aHouse({ waitMs: 15_000 });
    const all = [1, 2, 3, 4, 5].map((serial) => inspect(`https://example.com/slow?${serial}`));
    expect(await Promise.all(all)).toHaveLength(5);
  });
});

test("by both doors, and only where it is on", async () => {
  const file = join(dir, "orders-api.txt");
  const inspectCommand = [process.execPath, join(dir, "program.cjs"), file];
  // what stands for ffmpeg is only looked for
  await using on = await startTestApi({ inspectCommand, env: { FFMPEG_PATH: process.execPath } });
  expect((await on.rest("GET", "/api/system")).body.inspect).toBe(true);
  const asked = { video_url: HERE };
  expect((await on.rest("POST", "/api/jobs/inspect", asked)).body).toMatchObject({ title: "A talk" });
  expect(await on.trpc().jobs.inspect.query(asked)).toMatchObject({ title: "A talk" });
  const wrong = await on.rest("POST", "/api/jobs/inspect", { video_url: "nonsense" });
  expect([wrong.status, wrong.body.detail]).toEqual([400, "video_url must be a valid URL"]);
  const hidden = await on.rest("POST", "/api/jobs/inspect", { video_url: "http://10.0.0.1/" });
  expect([hidden.status, hidden.body.code]).toEqual([400, "SOURCE_REFUSED"]);
  await using off = await startTestApi({ inspectCommand, env: { INSPECT: "off" } });
  expect((await off.rest("GET", "/api/system")).body.inspect).toBe(false);
  const refused = await off.rest("POST", "/api/jobs/inspect", asked);
  expect([refused.status, refused.body.code]).toEqual([503, "UNAVAILABLE"]);
  expect(refused.body.detail).toContain("make the job");
});

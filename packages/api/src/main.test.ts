import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { currentAttempt } from "./jobs/job.ts";
import { createSqliteStore } from "./jobs/sqlite-store.ts";
import { endLaunches } from "./testing.ts";

// the program as it is run: signals, bugs, wrong settings

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
/** Bugs to order: an exception that nobody catches, a promise that nobody looks after. */
const BUGS = `process.on("SIGUSR2", () => { throw new Error("planted") });
  process.on("SIGWINCH", () => { Promise.reject(new Error("planted")) });
  process.on("SIGURG", () => { throw Object.assign(new Error("gone"), { code: "ECONNRESET" }) })`;

/** A place for data, and a video that never ends to come. */
async function aPlace() {
  const dataDir = mkdtempSync(join(tmpdir(), "kk-main-"));
  const origin = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "video/mp4", "content-length": "100000000" });
    response.write(Buffer.alloc(64));
  });
  await new Promise<void>((listens) => origin.listen(0, "127.0.0.1", listens));
  const address = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const started: ChildProcess[] = [];

  async function start(env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [MAIN], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        NODE_ENV: "production",
        PATH: process.env.PATH ?? "",
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BUGS)}`,
        DATA_DIR: dataDir,
        PORT: "0",
        WEB: "off",
        JOBS_PER_MINUTE: "10000",
        MAX_RUNNING_JOBS: "2",
        ALLOW_SOURCE_ORIGINS: address,
        ...env,
      },
    });
    started.push(child);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const ended = new Promise<{ exit: number | null; said: string }>((end) =>
      child.once("close", (exit) => end({ exit, said })),
    );
    const url = await Promise.race([
      new Promise<string>((listens) => {
        createInterface({ input: child.stdout }).once("line", (line) => listens(JSON.parse(line).listening));
      }),
      ended.then((end) => Promise.reject(new Error(`exit ${end.exit}: ${end.said}`))),
    ]);
    return { url: url.replace("localhost", "127.0.0.1"), child, ended };
  }

  return {
    dataDir,
    start,
    async create(url: string): Promise<string> {
      const response = await fetch(`${url}/api/jobs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ video_url: `${address}/talk.mp4`, clip_duration_seconds: 30, clip_count: 1 }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return ((await response.json()) as { job_id: string }).job_id;
    },
    /** The jobs as they are stored. */
    async stored(ids: string[]) {
      const store = createSqliteStore({ file: join(dataDir, "kangklip.db") });
      const jobs = await Promise.all(ids.map(async (id) => (await store.get(id))?.job));
      await store.close();
      return jobs;
    },
    async [Symbol.asyncDispose]() {
      for (const child of started) child.kill("SIGKILL");
      endLaunches(dataDir);
      origin.closeAllConnections();
      origin.close();
      await sleep(100);
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Follows a job as a page does. @returns what has come so far, and the end of it */
async function follow(url: string, id: string) {
  const input = encodeURIComponent(JSON.stringify({ job_id: id }));
  const response = await fetch(`${url}/trpc/jobs.events?input=${input}`, {
    headers: { accept: "text/event-stream" },
  });
  expect(response.status).toBe(200);
  const heard = { text: "" };
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) heard.text += decoder.decode(chunk);
  })().catch(() => {});
  return { heard, ended };
}

const state = (place: Awaited<ReturnType<typeof aPlace>>, id: string) => async () =>
  (await place.stored([id]))[0]?.state;

test("F19: SIGTERM with requests in flight and two hundred pages that listen: it says so first, answers all, ends in time, loses nothing", async () => {
  await using place = await aPlace();
  const { url, child, ended } = await place.start();
  const id = await place.create(url);
  await expect.poll(state(place, id), { timeout: 30_000 }).toBe("RUNNING");
  const pages = await Promise.all(Array.from({ length: 200 }, () => follow(url, id)));
  await expect
    .poll(() => pages.every(({ heard }) => heard.text.includes(id)), { timeout: 10_000 })
    .toBe(true);
  const flying = Array.from({ length: 50 }, () => place.create(url));
  await Promise.race(flying); // the others have been sent as well
  const watched = await readiness(url);
  const from = performance.now();
  child.kill("SIGTERM");
  expect(await watched.untilRefused).toEqual([200, 503]);
  const acked = await Promise.all(flying);
  await Promise.all(pages.map((page) => page.ended));
  expect((await ended).exit).toBe(0);
  expect(performance.now() - from).toBeLessThan(10_000);
  const jobs = await place.stored([id, ...acked]);
  expect(jobs.map((job) => job?.state)).toEqual(["RUNNING", ...acked.map(() => expect.any(String))]);
  const { url: again } = await place.start();
  const { heard } = await follow(again, id);
  await expect.poll(() => heard.text.includes(id), { timeout: 10_000 }).toBe(true); // where they come back to
}, 90_000);

/** What `/readyz` says until nobody listens any more, each status once: asked by a process of its own, as this one is busy with the pages. */
async function readiness(url: string): Promise<{ untilRefused: Promise<number[]> }> {
  const script = `
    const seen = new Set();
    for (let open = true; open; await new Promise((resolve) => setTimeout(resolve, 20)))
      await fetch("${url}/readyz").then(
        ({ status }) => { if (seen.size === 0) console.log("asks"); seen.add(status); },
        ({ cause }) => { open = cause?.code !== "ECONNREFUSED"; }, // one that was sent too late is reset
      );
    console.log(JSON.stringify([...seen]));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return { untilRefused: lines.next().then(({ value }) => JSON.parse(value ?? "[]")) };
}

test.each([
  ["an exception that nobody catches", "SIGUSR2", "uncaught exception"],
  ["a rejection that nobody looks after", "SIGWINCH", "unhandled rejection"],
] as const)(
  "F75: %s: the process says so, ends in good order with 1, and the next one goes on with every job",
  async (_name, signal, words) => {
    await using place = await aPlace();
    const first = await place.start();
    const id = await place.create(first.url);
    await expect.poll(state(place, id), { timeout: 30_000 }).toBe("RUNNING");
    first.child.kill("SIGURG"); // a connection that broke is no bug
    await sleep(300);
    expect((await fetch(`${first.url}/livez`)).status).toBe(200);
    first.child.kill(signal);
    const { exit, said } = await first.ended;
    expect(exit).toBe(1);
    expect(said).toContain(`a bug: ${words}`);
    expect(said).toContain("planted");
    await place.start({ PORT: new URL(first.url).port });
    await sleep(1500);
    const [job] = await place.stored([id]);
    expect(job?.state).toBe("RUNNING");
    expect(job && currentAttempt(job)).toMatchObject({ epoch: 1, state: "CLAIMED" });
  },
  90_000,
);

test("F20: a rolling restart on one data folder: whoever asks twice is never refused, and no job is lost or started twice", async () => {
  await using place = await aPlace();
  const [old, fresh] = [await place.start(), await place.start()];
  const acked: string[] = [];
  let refused = 0;
  const client = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const id = await place
        .create(old.url)
        .catch(() => place.create(fresh.url))
        .catch(() => undefined);
      if (id) acked.push(id);
      else refused++;
      await sleep(10);
    }
  };
  const clients = Promise.all(Array.from({ length: 5 }, () => client(25)));
  await sleep(300);
  old.child.kill("SIGTERM");
  expect((await old.ended).exit).toBe(0);
  await clients;
  expect(refused).toBe(0);
  expect(acked).toHaveLength(125);
  const jobs = await place.stored(acked);
  expect(jobs.every((job) => job?.attempts.length === 1)).toBe(true);
  expect(jobs.filter((job) => job && currentAttempt(job).state !== "PLANNED").length).toBeLessThanOrEqual(4);
  const ready = await fetch(`${fresh.url}/readyz`);
  expect(ready.status).toBe(200);
}, 90_000);

test("F73: wrong settings: all of them are named at once, and it ends with 78", async () => {
  await using place = await aPlace();
  const start = place.start({
    PORT: "many",
    LOG_LEVEL: "loud",
    COMPUTE: "cloud",
    REDIS_URL: "http://redis",
    MAX_SOURCE_BYTES: "-1",
    CALLBACK_BASE_URL: "not an address",
    R2_BUCKET: "clips",
    LLM_MODEL_NAME: "m",
    SECRET: "short",
    RENDER_CRF: "99",
  });
  const error = await start.then(
    () => new Error("it started"),
    (reason: Error) => reason,
  );
  expect(error.message).toMatch(/^exit 78: /);
  for (const name of [
    "PORT",
    "LOG_LEVEL",
    "COMPUTE",
    "REDIS_URL",
    "MAX_SOURCE_BYTES",
    "CALLBACK_BASE_URL",
    "R2_ENDPOINT",
    "R2_SECRET_ACCESS_KEY",
    "LLM_API_BASE",
    "SECRET",
    "RENDER_CRF",
  ])
    expect(error.message).toContain(name);
  expect(error.message).not.toMatch(/\n {4}at /); // words, no stack
}, 60_000);

test("F73: a data folder that cannot be written is named, with 78", async () => {
  await using place = await aPlace();
  await expect(place.start({ DATA_DIR: "/dev/null/x" })).rejects.toThrow(/exit 78: [\s\S]*\/dev\/null/);
}, 60_000);

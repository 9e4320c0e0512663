import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobView } from "@kangklip/contract";
import { createTRPCClient, httpSubscriptionLink } from "@trpc/client";
import { EventSource } from "eventsource";
import express from "express";
import { expect, test } from "vitest";
import { eventStreams } from "./event-stream.ts";
import { createJobs } from "./jobs/jobs.ts";
import { createSqliteStore } from "./jobs/sqlite-store.ts";
import { update } from "./jobs/store.ts";
import { aStoredJob } from "./jobs/testing.ts";
import type { AppRouter } from "./router.ts";
import type { ServicesOptions } from "./services.ts";
import { startTestApi } from "./testing.ts";
import { startTcpFault } from "./testing-tcp-fault.ts";
import type { Context } from "./trpc.ts";

const SILENT = { video_url: "https://example.com/silent.mp4", clip_duration_seconds: 30, clip_count: 1 };
const path = (job_id: string) => `/trpc/jobs.events?input=${encodeURIComponent(JSON.stringify({ job_id }))}`;
const until = async (fits: () => boolean, what: string) => {
  for (const end = Date.now() + 20_000; !fits(); await sleep(20))
    if (Date.now() > end) throw new Error(`not in 20 s: ${what}`);
};

/** An API whose jobs nobody starts, so that only the test changes them. */
async function startQuietApi(wrap?: ServicesOptions["wrap"]) {
  const api = await startTestApi({ ...(wrap && { wrap }) });
  await api.services.reconciler.stop();
  return api;
}

/** The streams alone over a store of their own, with one job whose message can be set. */
async function startStreams(patienceSeconds: number) {
  const dir = mkdtempSync(join(tmpdir(), "kk-streams-"));
  const store = createSqliteStore({ file: join(dir, "jobs.db") });
  const policy = { allow_private: false, allow_origins: [], max_bytes: 1, max_seconds: 1 };
  const jobs = createJobs({ store, uploads: {} as never, fetchPolicy: policy, compute: [], wake: () => {} });
  const job = aStoredJob();
  await store.insert(job);
  const draining = new AbortController();
  const services = { jobs, isOperator: () => false } as unknown as Context["services"];
  const contextOf = () => ({ services, header: () => undefined }) as unknown as Context;
  const app = express().get(
    "/trpc/jobs.events",
    eventStreams({ contextOf, draining: draining.signal, patienceSeconds }),
  );
  const server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  return {
    port: (server.address() as AddressInfo).port,
    id: job.job_id,
    followed: jobs.followed,
    draining,
    say: (message: string) => update(store, job.job_id, (before) => ({ ...before, message })),
    async [Symbol.asyncDispose]() {
      draining.abort();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Reads a stream as bytes; `text` grows. */
function listen(port: number, job_id: string, headers: string[] = []) {
  const heard = { text: "", ended: false };
  const socket = connect(port, "127.0.0.1", () =>
    socket.write(
      [`GET ${path(job_id)} HTTP/1.1`, "host: x", "accept: text/event-stream", ...headers, "", ""].join(
        "\r\n",
      ),
    ),
  );
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    heard.text += text;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    heard.ended = true;
  });
  return { heard, socket };
}

test("the stream says, event for event, what tRPC's own adapter says", async () => {
  await using api = await startTestApi();
  const { job_id, job_token } = await api.trpc().jobs.create.mutate(SILENT);
  await api.until(job_id, ({ state, stage_progress }) => state === "RUNNING" && stage_progress > 0);
  await sleep(300); // let the submission be written down
  const read = async (accept: string) => {
    const response = await fetch(api.url + path(job_id), { headers: { accept, "x-job-token": job_token } });
    return { headers: response.headers, text: await response.text() };
  };
  const both = Promise.all([read("text/event-stream"), read("*/*")]);
  await until(() => api.services.jobs.followed().followers === 2, "both follow");
  await sleep(100);
  await api.trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
  const [ours, theirs] = await both;
  const lastOf = (text: string) => text.split("\n\n\n").filter(Boolean).slice(-2);
  expect(lastOf(ours.text)).toEqual(lastOf(theirs.text)); // the last view and the end; versions in between may be skipped
  expect(ours.text.split("\n\n\n")[0]?.replace(/\nretry: \d+$/, "")).toBe(theirs.text.split("\n\n\n")[0]);
  expect(ours.text).toContain('"source":{"title"');
  for (const name of ["content-type", "x-accel-buffering"])
    expect(ours.headers.get(name)).toBe(theirs.headers.get(name));
  expect(ours.headers.get("cache-control")).toContain("no-transform"); // a proxy that packs would hold events back
});

test("two hundred comings and goings leave no follower, no watch and no timer", async () => {
  let watches = 0;
  await using api = await startQuietApi((ports) => ({
    ...ports,
    store: {
      ...ports.store,
      watch(id, listener) {
        watches++;
        const stop = ports.store.watch(id, listener);
        return () => {
          watches--;
          stop();
        };
      },
    },
  }));
  const { job_id } = await api.trpc().jobs.create.mutate(SILENT);
  const port = Number(new URL(api.url).port);
  for (let round = 0; round < 10; round++) {
    const open = Array.from({ length: 20 }, () => listen(port, job_id));
    await until(() => open.every(({ heard }) => heard.text.includes("\nid: ")), "all are told");
    expect([watches, api.services.jobs.followed().followers]).toEqual([1, 20]);
    for (const { socket } of open) socket.destroy();
    await until(() => api.services.jobs.followed().followers === 0, "all have left");
  }
  expect([watches, api.services.jobs.followed().jobs]).toEqual([0, 0]);
});

test("who leaves before the first answer is forgotten too", async () => {
  await using api = await startQuietApi();
  const { job_id } = await api.trpc().jobs.create.mutate(SILENT);
  const port = Number(new URL(api.url).port);
  for (let round = 0; round < 50; round++) {
    const { socket } = listen(port, job_id);
    await new Promise((connected) => socket.once("connect", connected));
    if (round % 2) await new Promise((next) => setImmediate(next));
    socket.destroy();
  }
  await sleep(200);
  await until(() => api.services.jobs.followed().followers === 0, "all have left");
});

test("a reader that takes nothing is dropped, and never slows the others", async () => {
  await using streams = await startStreams(2);
  const good = listen(streams.port, streams.id);
  const stuck = listen(streams.port, streams.id);
  await until(() => good.heard.text.includes("\nid: 1\n"), "the first view");
  stuck.socket.pause();
  let last = "";
  for (let round = 0; streams.followed().followers === 2; round++) {
    last = `${round} ${"x".repeat(400_000)}`; // the system itself keeps megabytes for a connection
    await streams.say(last);
    await until(() => good.heard.text.includes(`"message":"${round} `), "the good reader hears");
    good.heard.text = "";
    if (round > 300) throw new Error("it was not dropped");
  }
  expect(good.heard.ended).toBe(false);
  await streams.say("still there");
  await until(() => good.heard.text.includes("still there"), "the good reader hears the last word");
  stuck.socket.destroy();
  good.socket.destroy();
});

test("a reader that falls behind gets the newest view once it has caught up", async () => {
  await using streams = await startStreams(60);
  const slow = listen(streams.port, streams.id);
  await until(() => slow.heard.text.includes("\nid: 1\n"), "the first view");
  slow.socket.pause();
  for (let round = 0; round < 40; round++) await streams.say(`${round} ${"x".repeat(400_000)}`);
  await streams.say("the newest");
  await sleep(100);
  slow.socket.resume();
  await until(() => slow.heard.text.includes('"message":"the newest"'), "it catches up");
  const versions = [...slow.heard.text.matchAll(/\nid: (\d+)\n/g)].map(([, id]) => Number(id));
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  slow.socket.destroy();
});

test("a connection that is cut again and again costs nothing but time: the last view is the stored one", async () => {
  await using api = await startQuietApi();
  const { job_id, job_token } = await api.trpc().jobs.create.mutate(SILENT);
  await using fault = await startTcpFault({ port: Number(new URL(api.url).port) });
  const client = createTRPCClient<AppRouter>({
    links: [httpSubscriptionLink({ url: `http://127.0.0.1:${fault.port}/trpc`, EventSource })],
  });
  const views: JobView[] = [];
  const subscription = client.jobs.events.subscribe(
    { job_id },
    { onData: ({ data }) => views.push(data as JobView) },
  );
  const say = (message: string) =>
    update(api.services.store, job_id, (job) => ({ ...job, message, updated_at: Date.now() }));
  for (let round = 0; round < 3; round++) {
    await say(`before cut ${round}`);
    await until(() => views.at(-1)?.message === `before cut ${round}`, "it hears");
    fault.cut();
    await say(`while away ${round}`);
  }
  await until(() => views.at(-1)?.message === "while away 2", "it has what it missed");
  await api.trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
  const stored = await api.trpc().jobs.view.query({ job_id });
  await until(() => views.at(-1)?.version === stored.version, "it has the last view");
  expect(views.at(-1)).toEqual(stored);
  const versions = views.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
  subscription.unsubscribe();
});

test("what another process writes reaches the readers of this one", async () => {
  await using api = await startQuietApi();
  const { job_id } = await api.trpc().jobs.create.mutate(SILENT);
  const { heard, socket } = listen(Number(new URL(api.url).port), job_id);
  await until(() => heard.text.includes("\nid: "), "the first view");
  const other = createSqliteStore({ file: join(api.dataDir, "kangklip.db") });
  await update(other, job_id, (job) => ({ ...job, message: "from elsewhere" }));
  await until(() => heard.text.includes("from elsewhere"), "it hears");
  await other.close();
  socket.destroy();
});

test("a service that goes away says goodbye without ending the subscription for good", async () => {
  await using streams = await startStreams(30);
  const { heard } = listen(streams.port, streams.id);
  await until(() => heard.text.includes("\nid: 1\n"), "the first view");
  streams.draining.abort();
  await until(() => heard.text.includes("event: bye"), "goodbye");
  expect(heard.text).not.toContain("event: return");
  await until(() => streams.followed().followers === 0, "it is forgotten");
});

test("a reader that takes nothing does not keep a service that goes away", async () => {
  await using streams = await startStreams(1);
  const stuck = listen(streams.port, streams.id);
  await until(() => stuck.heard.text.includes("\nid: 1\n"), "the first view");
  stuck.socket.pause();
  for (let round = 0; round < 20; round++) await streams.say(`${round} ${"x".repeat(400_000)}`);
  streams.draining.abort();
  await until(() => streams.followed().followers === 0, "it is dropped");
  stuck.socket.destroy();
});

test("the body is what its marks say, whatever letters are in it", async () => {
  await using api = await startQuietApi();
  const { job_id, job_token } = await api.trpc().jobs.create.mutate(SILENT);
  await update(api.services.store, job_id, (job) => ({ ...job, message: "Grüße, 你好, 🎬" }));
  const response = await fetch(api.url + path(job_id), { headers: { accept: "text/event-stream" } });
  await api.trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
  const text = await response.text(); // fails where a piece is longer or shorter than it says
  expect(text).toContain('"message":"Grüße, 你好, 🎬"');
  expect(text).toMatch(/"state":"CANCELLED".*\nid: \d+\n\n\nevent: return\ndata: \n\n\n$/);
});

test("a connection on which more is asked is answered by the adapter, and one that is a stream's takes no more", async () => {
  await using api = await startQuietApi();
  const { job_id } = await api.trpc().jobs.create.mutate(SILENT);
  const port = Number(new URL(api.url).port);
  const both = listen(port, job_id, ["x: y", "", `GET ${path(job_id)} HTTP/1.1`, "host: x"]);
  await until(() => both.heard.text.includes("\nid: "), "the first of two is answered");
  expect(both.heard.text).not.toContain("connection: close");
  const { heard, socket } = listen(port, job_id);
  await until(() => heard.text.includes("\nid: "), "the only one is answered");
  expect(heard.text).toContain("connection: close");
  socket.write("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
  await until(() => heard.ended, "it is dropped");
  expect(heard.text).not.toContain('{"ok":true}');
  both.socket.destroy();
  await until(() => api.services.jobs.followed().followers === 0, "both are forgotten");
});

test.each([
  ["an unknown job", { job_id: "kk_01JD0000000000000000000000" }, "NOT_FOUND"],
  ["a job id of another form", { job_id: "nonsense" }, "NOT_FOUND"],
  [
    "a last id of another form",
    { job_id: "kk_01JD0000000000000000000000", lastEventId: {} },
    "INVALID_INPUT",
  ],
])("%s is refused in the adapter's words", async (_what, input, code) => {
  await using api = await startQuietApi();
  const response = await fetch(
    `${api.url}/trpc/jobs.events?input=${encodeURIComponent(JSON.stringify(input))}`,
    { headers: { accept: "text/event-stream" } },
  );
  expect(await response.text()).toContain(`"code":"${code}"`);
});

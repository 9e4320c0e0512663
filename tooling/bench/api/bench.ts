import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestRedis } from "../../../packages/api/src/testing-redis.ts";
import { readOperatorToken } from "../../start-api.ts";
import { type Child, startChild } from "./children.ts";
import { type Driven, drive, requestBytes } from "./drive.ts";
import { median, round } from "./figures.ts";
import { listAll, measureQueue, type Queue } from "./queue.ts";
import { createReaders, type Delivery } from "./readers.ts";

export interface BenchOptions {
  store: "redis" | "sqlite";
  /** Of each stretch of load. */
  seconds: number;
  /** Stretches per server, taken in turn; the middle one counts. */
  rounds: number;
  connections: number;
  readers: number;
  /** Jobs that the readers are spread over in the second part. */
  jobs: number;
  /** Events for each reader. */
  changes: number;
  /** Jobs that wait, and jobs with something to do, for the measurement of a long queue. */
  waiting: number;
  due: number;
  /** One process of each kind does everything: quicker, but memory per reader is then only a hint. */
  shareProcesses?: boolean;
}

/** One server under load: the middle of its stretches. */
export interface Rate {
  perSecond: number;
  /** Per second of its own CPU time: says more than the rate where others use the machine. */
  perCpuSecond: number;
  p50: number;
  p99: number;
  errors: number;
}
export type Readers = Delivery & {
  /** Memory of the server (bytes) per reader, and its CPU time (us) per reader and event. */
  bytesEach: number;
  cpuUsEach: number;
  comeBack: { cut: number; caughtUp: number; seconds: number };
  /** Readers and jobs that the server still held a while after all had left. */
  leftBehind: number;
};
export interface Found {
  acked: number;
  found: number;
  stored: number;
  listP50: number;
  listP99: number;
  /** Memory of the service before the first job and with all of them stored, bytes. */
  rss: [before: number, after: number];
}
export interface Result {
  options: BenchOptions;
  creates: Record<string, Rate>;
  reads: Record<string, Rate>;
  jobs: Found;
  queue: Queue;
  events: Record<string, Readers>;
}

const JOB = { video_url: "https://example.com/talk.mp4", clip_duration_seconds: 30, clip_count: 3 };
const LEAVE_MS = 60_000;
const SETTLE_MS = 100;

/** Puts the service and two bare servers that read and write the same under the same load, in turn. @param say told what goes on */
export async function runBench(options: BenchOptions, say: (line: string) => void): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), "kangklip-bench-"));
  const redis = options.store === "redis" ? await startTestRedis() : undefined;
  let started = 0;
  /** Each service has data of its own. */
  const env = () => {
    const name = `bench${started++}`;
    const place = redis ? { REDIS_URL: redis.url, REDIS_PREFIX: name } : {};
    return { DATA_DIR: join(dir, name), ...place };
  };
  try {
    const serviceEnv = env();
    const service = await startChild("service.ts", serviceEnv);
    const sample = await createJob(service);
    const bareEnv = { DATA_DIR: dir, ...(redis && { REDIS_URL: redis.url }), VIEW: sample.view };
    const bare = (kind: "express" | "node") => startChild("bare.ts", { ...bareEnv, KIND: kind });
    const servers = { service, express: await bare("express"), node: await bare("node") };
    const { rss } = await service.usage();
    const acked = new Set<string>();
    const creates = await inTurn(options, say, "creates", {
      "our REST door": create(servers.service, "/api/jobs", acked),
      "our tRPC door": create(servers.service, "/trpc/jobs.create", acked),
      "bare Express": create(servers.express, "/api/jobs"),
      "bare node:http": create(servers.node, "/api/jobs"),
    });
    const readIds = [...acked].slice(-200);
    const [expressIds, nodeIds] = [await someIds(servers.express, 200), await someIds(servers.node, 200)];
    const reads = await inTurn(options, say, "reads", {
      "our REST door": read(servers.service, readIds, (id) => `/api/jobs/${id}`),
      "our tRPC door": read(
        servers.service,
        readIds,
        (id) => `/trpc/jobs.view?input=${encodeURIComponent(JSON.stringify({ job_id: id }))}`,
      ),
      "bare Express": read(servers.express, expressIds, (id) => `/api/jobs/${id}`),
      "bare node:http": read(servers.node, nodeIds, (id) => `/api/jobs/${id}`),
    });
    say("looking for every job that was promised");
    const listed = await listAll(service, readOperatorToken(serviceEnv.DATA_DIR));
    const jobs: Found = {
      acked: acked.size,
      found: [...acked].filter((id) => listed.ids.has(id)).length,
      stored: listed.ids.size,
      listP50: listed.p50,
      listP99: listed.p99,
      rss: [rss, (await service.usage()).rss],
    };
    const { shareProcesses } = options;
    const stopAll = () => Promise.all(Object.values(servers).map((server) => server.stop()));
    if (!shareProcesses) await stopAll();

    say(`a queue of ${options.waiting} jobs`);
    const queueEnv = env();
    const queue = await measureQueue({
      ...options,
      start: () => startChild("service.ts", queueEnv),
      operatorToken: () => readOperatorToken(queueEnv.DATA_DIR),
      job: JOB,
    });

    const events: Result["events"] = {};
    const stream = "accept: text/event-stream";
    const ours = (id: string) =>
      `/trpc/jobs.events?input=${encodeURIComponent(JSON.stringify({ job_id: id }))}`;
    const fresh = async (kind: keyof typeof servers) => {
      if (shareProcesses) return servers[kind];
      return kind === "service" ? startChild("service.ts", env()) : bare(kind);
    };
    for (const count of [1, options.jobs]) {
      const name = count === 1 ? "one job" : `${count} jobs`;
      const measure = async (title: string, server: Child, path: typeof ours, headers: string[]) => {
        say(`events of ${name}: ${title}`);
        events[`${title}, ${name}`] = await readersOf(server, { ...options, jobs: count }, path, headers);
        if (!shareProcesses) await server.stop();
      };
      await measure("our stream", await fresh("service"), ours, [stream]);
      await measure("bare Express", await fresh("express"), (id) => `/events/${id}`, [stream]);
      await measure("bare node:http", await fresh("node"), (id) => `/events/${id}`, [stream]);
      // requests that do not say what they accept are left to tRPC's adapter
      if (count === 1) await measure("tRPC's own adapter", await fresh("service"), ours, []);
    }
    if (shareProcesses) await stopAll();
    return { options, creates, reads, jobs, queue, events };
  } finally {
    await redis?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  }
}

type Stretch = (seconds: number, connections: number) => Promise<Driven & { cpuMs: number }>;

/** Takes the servers in turn, so that what else happens on the machine meets all of them. */
async function inTurn(
  { seconds, rounds, connections }: BenchOptions,
  say: (line: string) => void,
  what: string,
  stretches: Record<string, Stretch>,
): Promise<Record<string, Rate>> {
  const seen: Record<string, (Driven & { cpuMs: number })[]> = {};
  for (const stretch of Object.values(stretches)) await stretch(Math.min(1, seconds), connections); // warm
  for (let turn = 1; turn <= rounds; turn++)
    for (const [name, stretch] of Object.entries(stretches)) {
      say(`${what}, turn ${turn} of ${rounds}: ${name}`);
      seen[name] = [...(seen[name] ?? []), await stretch(seconds, connections)];
    }
  const rates = Object.entries(seen).map(([name, all]): [string, Rate] => [
    name,
    {
      perSecond: Math.round(median(all.map(({ answers, seconds: took }) => answers / took))),
      perCpuSecond: Math.round(median(all.map(({ answers, cpuMs }) => (answers / cpuMs) * 1000))),
      p50: median(all.map(({ p50 }) => p50)),
      p99: median(all.map(({ p99 }) => p99)),
      errors: all.reduce((sum, { errors }) => sum + errors, 0),
    },
  ]);
  return Object.fromEntries(rates);
}

async function measured(server: Child, load: () => Promise<Driven>): Promise<Driven & { cpuMs: number }> {
  const before = await server.usage();
  const driven = await load();
  return { ...driven, cpuMs: Math.max(1, (await server.usage()).cpuMs - before.cpuMs) };
}

function create(server: Child, path: string, acked?: Set<string>): Stretch {
  const request = requestBytes("POST", path, [], JSON.stringify(JOB));
  const onBody = (body: string) => void acked?.add(/kk_[0-9A-Z]{26}/.exec(body)?.[0] ?? body);
  return (seconds, connections) =>
    measured(server, () => drive({ port: server.port, connections, seconds, next: () => request, onBody }));
}

function read(server: Child, ids: string[], path: (id: string) => string): Stretch {
  const token = `x-job-token: kkj_${"A".repeat(43)}`; // as a page sends it
  const requests = ids.map((id) => requestBytes("GET", path(id), [token]));
  let index = 0;
  const next = () => requests[index++ % requests.length] ?? Buffer.alloc(0);
  return (seconds, connections) =>
    measured(server, () => drive({ port: server.port, connections, seconds, next }));
}

async function createJob({ port }: Pick<Child, "port">): Promise<{ id: string; view: string }> {
  const url = `http://127.0.0.1:${port}/api/jobs`;
  const headers = { "content-type": "application/json" };
  const made = await fetch(url, { method: "POST", headers, body: JSON.stringify(JOB) });
  const { job_id } = (await made.json()) as { job_id: string };
  return { id: job_id, view: await (await fetch(`${url}/${job_id}`)).text() };
}

async function someIds(server: Child, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push((await createJob(server)).id);
  return ids;
}

async function readersOf(
  server: Child,
  { jobs, readers: count, changes: rounds }: BenchOptions,
  path: (id: string) => string,
  headers: string[],
): Promise<Readers> {
  const ids = await someIds(server, jobs);
  await server.change(ids);
  const readers = createReaders({ port: server.port, ids, count, path, headers });
  const before = await server.usage();
  await readers.open();
  await sleep(SETTLE_MS);
  const open = await server.usage();
  const delivery = await readers.deliver(rounds, server.change);
  const { cpuMs } = await server.usage();
  const comeBack = await readers.comeBack(server.change);
  readers.close();
  return {
    ...delivery,
    bytesEach: Math.round((open.rss - before.rss) / count),
    cpuUsEach: round(((cpuMs - open.cpuMs) * 1000) / (count * rounds)),
    comeBack,
    leftBehind: await leftBehind(server),
  };
}

async function leftBehind(server: Child): Promise<number> {
  const until = performance.now() + LEAVE_MS;
  for (;;) {
    const { readers, watched } = await server.usage();
    if (readers + watched === 0 || performance.now() > until) return readers + watched;
    await sleep(50);
  }
}

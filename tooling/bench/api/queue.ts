import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./children.ts";
import { drive, requestBytes } from "./drive.ts";
import { clockUs, createTimes, round } from "./figures.ts";

/** What a long queue costs. */
export interface Queue {
  waiting: number;
  /** Memory of the service without and with them, each after the same load, and what of its heap is in use: bytes. */
  rss: [without: number, withThem: number];
  heap: [without: number, withThem: number];
  /** Of one core, while nothing happens. */
  idleCpu: number;
  /** A page of 200 jobs, ms. */
  listP50: number;
  listP99: number;
  createsPerSecond: number;
  createP99: number;
  createErrors: number;
  /** Jobs with something to do (a launch to stop, what it left to remove), and how long until all was done. */
  due: number;
  undone: number;
  dueSeconds: number;
}

const SETTLE_MS = 60_000;
const DUE_MS = 120_000;
const IDLE_MS = 5000;

/** @param options `start` starts a service on the same data each time */
export async function measureQueue(options: {
  start: () => Promise<Child>;
  waiting: number;
  due: number;
  seconds: number;
  operatorToken: () => string;
  job: object;
}): Promise<Queue> {
  const { start, waiting, due, seconds, operatorToken, job } = options;
  const request = requestBytes("POST", "/api/jobs", [], JSON.stringify(job));
  const load = ({ port }: Child) => drive({ port, connections: 8, seconds, next: () => request });
  const filling = await start();
  await load(filling);
  await listAll(filling, operatorToken());
  const before = await filling.usage();
  await filling.fill(waiting, 0);
  await filling.stop();
  const service = await start(); // one that did not write them itself
  await settled(service);
  const quiet = await service.usage();
  const idleMs = Math.min(IDLE_MS, seconds * 1000);
  await sleep(idleMs);
  const idleCpu = round(((await service.usage()).cpuMs - quiet.cpuMs) / idleMs, 2);
  const creates = await load(service);
  const list = await listAll(service, operatorToken());
  const after = await service.usage();
  const open = await service.active();
  await service.fill(0, due);
  const from = performance.now();
  let undone = due;
  while (undone > 0 && performance.now() - from < DUE_MS) {
    await sleep(100);
    undone = Math.max(0, (await service.active()) - open);
  }
  await service.stop();
  return {
    waiting,
    rss: [before.rss, after.rss],
    heap: [before.heap, after.heap],
    idleCpu,
    listP50: list.p50,
    listP99: list.p99,
    createsPerSecond: Math.round(creates.answers / creates.seconds),
    createP99: creates.p99,
    createErrors: creates.errors,
    due,
    undone,
    dueSeconds: round((performance.now() - from) / 1000),
  };
}

/** Waits until the service has looked at what is new: until it needs little of the CPU for a second. */
async function settled(service: Child): Promise<void> {
  const until = performance.now() + SETTLE_MS;
  for (let last = (await service.usage()).cpuMs; performance.now() < until; ) {
    await sleep(1000);
    const { cpuMs } = await service.usage();
    if (cpuMs - last < 400) return;
    last = cpuMs;
  }
}

/** Every job that the service knows, page by page, and how long a page takes (ms). */
export async function listAll({ port }: Child, operatorToken: string) {
  const ids = new Set<string>();
  const times = createTimes();
  for (let before: string | undefined; ; ) {
    const input = encodeURIComponent(JSON.stringify({ before, limit: 200 }));
    const from = clockUs();
    const answer = await fetch(`http://127.0.0.1:${port}/trpc/jobs.list?input=${input}`, {
      headers: { "x-operator-token": operatorToken },
    });
    const { result } = (await answer.json()) as { result: { data: { job_id: string }[] } };
    times.add(clockUs() - from);
    for (const { job_id } of result.data) ids.add(job_id);
    before = result.data.at(-1)?.job_id;
    if (!before) return { ids, p50: times.at(0.5), p99: times.at(0.99) };
  }
}

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a server under test is asked over its channel. */
export type Question =
  /** Writes a new version of these jobs, the time of the clock in it. */
  | { ask: "change"; ids: string[] }
  /** Stores jobs that wait, and jobs with something to do. */
  | { ask: "fill"; waiting: number; due: number }
  /** How many jobs something still has to be done for. */
  | { ask: "active" }
  /** CPU time since it started (ms), memory of the process and what of its heap is in use (bytes), readers and watched jobs. */
  | { ask: "usage" };
export interface Usage {
  cpuMs: number;
  rss: number;
  heap: number;
  readers: number;
  watched: number;
}
export type Child = Awaited<ReturnType<typeof startChild>>;

const STOP_MS = 15_000;

/** Starts one of the servers in a process of its own and waits until it listens. @throws Error with its own words where it ends before */
export async function startChild(program: "service.ts" | "bare.ts", env: Record<string, string>) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
    execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.on("data", (text) => {
    said = `${said}${text}`.slice(-4000);
  });
  const waiting = new Map<number, (answer: unknown) => void>();
  const listening = Promise.withResolvers<{ port: number }>();
  child.on("message", (message: { port?: number; id?: number; answer?: unknown }) => {
    if (message.port !== undefined) listening.resolve({ port: message.port });
    if (message.id !== undefined) waiting.get(message.id)?.(message.answer);
  });
  const ended = new Promise<void>((end) => child.once("exit", () => end()));
  const gone = ended.then((): never => {
    throw new Error(`${program} ended.\n${said}`);
  });
  gone.catch(() => {});
  const { port } = await Promise.race([listening.promise, gone]);
  let asked = 0;
  const ask = async (question: Question): Promise<unknown> => {
    const id = asked++;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    child.send({ id, ...question });
    return Promise.race([answer.finally(() => waiting.delete(id)), gone]);
  };
  return {
    port,
    change: async (ids: string[]) => void (await ask({ ask: "change", ids })),
    fill: async (waiting: number, due: number) => void (await ask({ ask: "fill", waiting, due })),
    active: async () => (await ask({ ask: "active" })) as number,
    usage: async () => (await ask({ ask: "usage" })) as Usage,
    /** What it has said on stderr lately. */
    said: () => said,
    async stop() {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(force);
    },
  };
}

/** The other end: answers what the benchmark asks. Ends the process with the benchmark, however that went. */
export function answering(port: number, answer: (question: Question) => Promise<unknown>): void {
  process.on("message", async ({ id, ...question }: Question & { id: number }) => {
    process.send?.({ id, answer: await answer(question as Question) });
  });
  process.once("disconnect", () => process.exit());
  process.send?.({ port });
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let collectingMs = 0;

/** This process's share of a usage answer. What it takes to measure memory is no work of the server's, and is left out of its CPU time. */
export function ownUsage(): Pick<Usage, "cpuMs" | "rss" | "heap"> {
  const from = cpuMs();
  const own = from - collectingMs;
  // the kind of collection that also gives room back: what is left is needed
  globalThis.gc?.({ execution: "sync", flavor: "last-resort", type: "major" });
  collectingMs += cpuMs() - from;
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuMs: own, rss, heap: heapUsed };
}

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

const READY_MS = 20_000; // a start takes 0.1 s on an idle machine

/** Whether redis-server is installed: tests that need one are skipped without it. */
export const hasRedisServer = spawnSync("redis-server", ["--version"], { stdio: "ignore" }).status === 0;

export type TestRedis = Awaited<ReturnType<typeof startTestRedis>>;

/**
 * What makes a killed server keep each write that it answered. With "everysec" it may lose the last ones although its page cache
 * survives: while a sync takes long, Redis holds back the writes to its file for up to 2 s, and answers all the same.
 */
export const KEEPS_ALL = ["--appendfsync", "always"];

/**
 * A redis-server of its own on a free port of this machine, set up as we advise (AOF every second, no eviction), its data in a temporary
 * folder. `await using` ends it. Only where `hasRedisServer`.
 * @param options `args` are added to its command line and win over ours, e.g. ["--appendonly", "no"]
 */
export async function startTestRedis(options: { args?: string[] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "kk-redis-"));
  let port = await freePort();
  let server = await started(dir, port, options.args);
  for (let tries = 0; tries < 5 && "fault" in server && /in use/i.test(server.fault); tries++) {
    port = await freePort(); // somebody was faster
    server = await started(dir, port, options.args);
  }
  if ("fault" in server) {
    rmSync(dir, { recursive: true, force: true });
    throw new Error(server.fault);
  }
  let child: ChildProcess | undefined = server.child;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending) await ended(ending, signal);
  }

  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    /** Holds `appendonlydir`. */
    dir,
    /** SIGKILL: nothing is said goodbye to. */
    kill: () => end("SIGKILL"),
    /** SIGTERM: it writes what it has and goes. */
    stop: () => end("SIGTERM"),
    /** SIGSTOP and SIGCONT: the port is open and nobody answers. */
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),

    /**
     * Starts it again on the same port (after a kill, if it still runs) with the data that lies there.
     * @param again `from`: go back to a copy that `copyData` made. @throws Error with its log where it refuses to start
     */
    async restart(again: { args?: string[]; from?: string } = {}): Promise<void> {
      await end("SIGKILL");
      if (again.from) {
        rmSync(join(dir, "appendonlydir"), { recursive: true, force: true });
        cpSync(join(again.from, "appendonlydir"), join(dir, "appendonlydir"), { recursive: true });
      }
      const next = await started(dir, port, again.args ?? options.args);
      if ("fault" in next) throw new Error(next.fault);
      child = next.child;
    },

    /** Copies what it has written until now into a folder, which is the caller's to remove. */
    copyData(): string {
      const to = mkdtempSync(join(tmpdir(), "kk-redis-copy-"));
      cpSync(join(dir, "appendonlydir"), join(to, "appendonlydir"), { recursive: true });
      return to;
    },

    /** The file that grows with each write. */
    aofFile(): string {
      const [file] = globSync("appendonlydir/*.incr.aof", { cwd: dir }).toSorted().reverse();
      if (!file) throw new Error(`${dir} holds no append-only file`);
      return join(dir, file);
    },

    /** Sends one command over a connection of its own, e.g. `command("CONFIG", "SET", "maxmemory", "3mb")`. */
    async command(name: string, ...args: (string | number)[]): Promise<unknown> {
      const redis = new Redis(port, "127.0.0.1", { retryStrategy: () => null, enableReadyCheck: false });
      redis.on("error", () => {}); // the command tells
      try {
        return await redis.call(name, ...args);
      } finally {
        redis.disconnect();
      }
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await end("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

async function started(
  dir: string,
  port: number,
  args: string[] = [],
): Promise<{ child: ChildProcess } | { fault: string }> {
  const ours = `--port ${port} --bind 127.0.0.1 --appendonly yes --appendfsync everysec --maxmemory-policy noeviction`;
  const child = spawn("redis-server", [...ours.split(" "), "--save", "", "--dir", dir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      log = (log + text).slice(-20_000);
    });
  const goes = () => void child.kill("SIGKILL");
  process.once("exit", goes); // outlives no test run
  child.once("exit", () => process.removeListener("exit", goes));

  const deadline = Date.now() + READY_MS;
  while (!/Ready to accept connections/.test(log)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      await closed; // its last words may still be in the pipes
      return { fault: `redis-server did not start: ${log}` };
    }
    if (Date.now() > deadline) {
      await ended(child, "SIGKILL");
      return { fault: `redis-server was not ready after ${READY_MS} ms: ${log}` };
    }
    await sleep(10);
  }
  return { child };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

import { type ChildProcess, spawn } from "node:child_process";
import { timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LOG_BYTES } from "./launch.ts";
import { groupIsAlive, startOf } from "./process-group.ts";

// The service that the example of docs/write-a-provider.md talks to: an agent on a spare computer, which runs programs that it knows by name
// for whoever has its token. It stands for any service with launches that have names.

interface Launch {
  name: string;
  created_at: number;
  state: "running" | "stopping" | "ended";
  exit_code: number | null;
  ended_by: "itself" | "request" | "deadline" | null;
}
interface Kept {
  launch: Launch;
  child: ChildProcess;
  log: Buffer;
  /** When its process started. */
  start: string;
  /** As it was sent. */
  body: string;
}

const MAX_BODY = 64 * 1024;

/** Starts the agent on a free port of 127.0.0.1; `programs` are the commands that it may run. */
export async function startAttic({ token, programs }: { token: string; programs: Record<string, string[]> }) {
  const launches = new Map<string, Kept>();
  const refusals: { status: number; headers: Record<string, string> }[] = [];
  const kill = ({ child }: Kept, signal: NodeJS.Signals) => {
    try {
      if (child.pid) process.kill(-child.pid, signal);
    } catch {
      // the group has ended
    }
  };

  function put(name: string, body: string): { status: number; answer?: Launch } {
    const there = launches.get(name);
    if (there) return { status: 200, answer: there.launch };
    const { program, env, max_seconds } = JSON.parse(body);
    const [file, ...args] = (Object.hasOwn(programs, program) && programs[program]) || [];
    if (!file) return { status: 422 };
    const child = spawn(file, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
    const launch: Launch = {
      name,
      created_at: Date.now(),
      state: "running",
      exit_code: null,
      ended_by: null,
    };
    const kept: Kept = { launch, child, start: startOf(child.pid ?? 0) ?? "", body, log: Buffer.alloc(0) };
    launches.set(name, kept);
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        kept.log = Buffer.concat([kept.log, data]).subarray(-LOG_BYTES);
      });
    const deadline = setTimeout(() => {
      launch.ended_by = "deadline";
      kill(kept, "SIGKILL");
    }, max_seconds * 1000);
    child.on("error", () => {}); // "close" follows
    child.on("exit", () => kill(kept, "SIGKILL")); // whatever it has left behind
    child.on("close", (code) => {
      clearTimeout(deadline);
      Object.assign(launch, { state: "ended", exit_code: code, ended_by: launch.ended_by ?? "itself" });
    });
    return { status: 201, answer: launch };
  }

  function stop(kept: Kept, body: string): Launch {
    const { launch } = kept;
    if (launch.state !== "running") return launch;
    Object.assign(launch, { state: "stopping", ended_by: launch.ended_by ?? "request" });
    kill(kept, "SIGTERM");
    setTimeout(() => kill(kept, "SIGKILL"), JSON.parse(body).grace_seconds * 1000).unref();
    return launch;
  }

  function answer(method: string, path: string, body: string): { status: number; answer?: unknown } {
    const [, collection, name = "", what] = path.split("/");
    if (collection !== "launches") return { status: 404 };
    if (!name) return { status: 200, answer: [...launches.values()].map(({ launch }) => launch) };
    if (method === "PUT") return put(name, body);
    const kept = launches.get(name);
    if (!kept) return { status: 404 };
    if (what === "log") return { status: 200, answer: kept.log.toString("utf8") };
    if (what === "stop") return { status: 202, answer: stop(kept, body) };
    if (method === "GET") return { status: 200, answer: kept.launch };
    if (kept.launch.state !== "ended") return { status: 409 };
    launches.delete(name);
    return { status: 200, answer: kept.launch };
  }

  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    if (!isSame(headers.authorization ?? "", `Bearer ${token}`)) return response.writeHead(401).end();
    let body = "";
    for await (const part of request) {
      body += part;
      if (body.length > MAX_BODY) return request.destroy();
    }
    const refusal = method === "PUT" ? refusals.shift() : undefined;
    if (refusal) return response.writeHead(refusal.status, refusal.headers).end();
    const { status, answer: content } = answer(method, url, body);
    return response
      .writeHead(status, { "content-type": "application/json" })
      .end(JSON.stringify(content ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** The next launch is refused with this status. */
    refuse: (status: number, headers: Record<string, string> = {}) => void refusals.push({ status, headers }),
    /** How many launches of this name run. */
    alive: (name: string) => (isAlive(launches.get(name)) ? 1 : 0),
    /** What was sent for it. */
    sent: (name: string) => launches.get(name)?.body ?? "",
    async close() {
      for (const kept of launches.values()) kill(kept, "SIGKILL");
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const isSame = (a: string, b: string) =>
  a.length === b.length && timingSafeEqual(Buffer.from(a.padEnd(200)), Buffer.from(b.padEnd(200)));

function isAlive(kept: Kept | undefined): boolean {
  return kept?.child.pid !== undefined && groupIsAlive({ pid: kept.child.pid, start: kept.start });
}

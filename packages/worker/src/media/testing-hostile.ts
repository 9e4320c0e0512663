import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type ClaimAnswer, Report } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { PULSE } from "../testing-api.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const SAMPLE_MS = 100;

/** What one job of the worker program came to. */
export interface Outcome {
  /** "clip", or the code with which it failed; "nothing" where it did not say. */
  end: string;
  /** The sentence that came with the code. */
  error: string;
  exit: number | null;
  /** What the worker wrote to its own outputs. */
  said: string;
  /** Everything that it uploaded, by name. */
  files: Map<string, Buffer>;
  /** Most memory in use at one time by the worker and all below it, in bytes; of the children alone; 0 where /proc is missing. */
  memory: { all: number; children: number };
  seconds: number;
  /** Requests that were made to the server other than for the source and by the worker's protocol. */
  strays: string[];
  /** Processes that were left afterwards. */
  left: number;
  /** Paths that were left in the folder in which it was started. */
  rest: string[];
  /** Longest time between two heartbeats, ms. */
  longestSilence: number;
}

interface Job {
  file: string;
  env?: Record<string, string>;
  /** Before the program, such as strace. */
  under?: string[];
  upload?: boolean;
  maxSeconds?: number;
  heartbeatSeconds?: number;
  /** Called with the folder in which the worker will be started. */
  before?: (cwd: string) => void;
}

/**
 * The real worker program at work on one file: its API, the store and the server of the file are one place on loopback. Clips are
 * small and there is no recogniser unless the environment says otherwise.
 */
export async function workOn({
  file,
  env = {},
  under = [],
  upload = false,
  maxSeconds = 4 * 3600,
  heartbeatSeconds = 1,
  before,
}: Job): Promise<Outcome> {
  const files = new Map<string, Buffer>();
  const strays: string[] = [];
  const beats: number[] = [];
  let last: { status: string; code?: string; error?: string } = { status: "nothing" };
  const source = `/source/${file.split("/").at(-1)}`;
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    const answer = (body: unknown) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (path === source) {
      response.writeHead(200, { "content-length": statSync(file).size });
      return void createReadStream(file).pipe(response);
    }
    if (request.method === "PUT" && path.startsWith("/put/")) {
      files.set(path.slice("/put/".length), await buffer(request));
      return void response.writeHead(200).end();
    }
    if (!path.startsWith("/api/worker/")) {
      strays.push(path);
      return void response.writeHead(404).end();
    }
    // biome-ignore lint/suspicious/noExplicitAny: bodies of several shapes
    const body: any = await json(request);
    if (path.endsWith("/claim")) return void answer(claim);
    if (path.endsWith("/heartbeat")) beats.push(performance.now());
    if (path.endsWith("/presign"))
      return void answer({
        uploads: body.files.map(({ name }: { name: string }) => ({
          name,
          url: `${url}/put/${name}`,
          headers: {},
        })),
        in_parts: [],
      });
    if (path.endsWith("/report")) last = Report.parse(body);
    answer(PULSE);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = `${url}${source}`;
  const claim: ClaimAnswer = {
    attempt_token: "kka_token",
    job: aJobSpec({
      source: upload
        ? { kind: "upload", upload_id: "up_01JD0000000000000000000000", filename: "talk.mp4", url: address }
        : { kind: "url", url: address },
      ...{ clip_duration_seconds: 30, clip_count: 1, language: "en", can_rank: false },
      fetch_policy: { allow_private: false, allow_origins: [url], max_bytes: 4e9, max_seconds: maxSeconds },
    }),
    heartbeat_seconds: heartbeatSeconds,
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
  };

  const cwd = mkdtempSync(join(tmpdir(), "kk-hostile-"));
  const [program = process.execPath, ...args] = [...under, process.execPath, MAIN];
  before?.(cwd);
  const begun = performance.now();
  const child = spawn(program, args, {
    cwd,
    env: {
      ...{ NODE_ENV: "production", PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
      ...(process.env.FFMPEG_PATH && { FFMPEG_PATH: process.env.FFMPEG_PATH }),
      ...{
        KK_API_URL: url,
        KK_LAUNCH_KEY: "kk-01jd0000000000000000000000-e1",
        KK_CLAIM_TOKEN: `kkc_${"0".repeat(40)}`,
      },
      ...{ TRANSCRIBER: "none", MODEL_DOWNLOAD: "off", YTDLP_PATH: "/nowhere/yt-dlp" },
      // modules that were read and compiled for another job of these tests are not again; children get none of it
      NODE_COMPILE_CACHE: join(tmpdir(), `kk-compiled-${process.getuid?.() ?? 0}`),
      ...{ RENDER_RESOLUTION: "90x160", RENDER_PRESET: "ultrafast", RENDER_CRF: "35", WORKER_THREADS: "2" },
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-1_000_000);
    });
  const memory = { all: 0, children: 0 };
  const sampling = setInterval(() => {
    const tree = memoryBelow(child.pid ?? 0);
    const all = tree.reduce((sum, { bytes }) => sum + bytes, 0);
    const own = tree.find(({ pid }) => pid === child.pid)?.bytes ?? 0;
    memory.all = Math.max(memory.all, all);
    memory.children = Math.max(memory.children, all - own);
  }, SAMPLE_MS);
  try {
    const [exit] = (await once(child, "close")) as [number | null];
    const seconds = (performance.now() - begun) / 1000;
    const left = processesIn(cwd);
    const rest = readdirSync(cwd, { recursive: true }).map(String);
    const { status, code = status, error = "" } = last;
    return {
      ...{
        end: status === "SUCCEEDED" ? "clip" : code,
        error,
        exit,
        said,
        files,
        memory,
        seconds,
        strays,
        left,
        rest,
      },
      longestSilence: beats.reduce((most, at, i) => Math.max(most, at - (beats[i - 1] ?? begun)), 0),
    };
  } finally {
    clearInterval(sampling);
    server.closeAllConnections();
    server.close();
    await rm(cwd, { recursive: true, force: true });
  }
}

const statusOf = (pid: string) => {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    const number = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return { pid: Number(pid), parent: number("PPid"), bytes: number("VmRSS") * 1024 };
  } catch {
    return { pid: Number(pid), parent: 0, bytes: 0 }; // it has just ended
  }
};
const pids = (): string[] => {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
};

/** Memory in use by a process and all below it. */
function memoryBelow(root: number): { pid: number; bytes: number }[] {
  const all = pids().map(statusOf);
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** Living processes whose command line or folder names this folder. */
function processesIn(folder: string): number {
  return pids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
    } catch {
      return false;
    }
  }).length;
}

/** A living process whose command line has this text. */
export const pidOf = (text: string): number | undefined => {
  const found = pids().find((pid) => {
    try {
      return Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
    } catch {
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
};

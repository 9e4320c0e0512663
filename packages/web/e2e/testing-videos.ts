import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { KEPT } from "../../../tooling/sample/make.ts";

/** What the slow address gives: the talk takes some minutes to arrive. */
const SLOW_BYTES_PER_SECOND = 12_000;
const TICK_MS = 250;
const SHORT_SECONDS = 90;
/** More than any installation takes unless it is told to. */
const HUGE_BYTES = 9e12;
/** A length that the tests' installation does not take, and the one it takes. */
export const MAX_SOURCE_SECONDS = 300;

/**
 * Videos at one loopback address: the talk that comes with KangKlip, the same so slowly that its job goes on for as long as a test looks
 * at it, and some of which no clips can be made.
 */
export async function serveVideos() {
  const folder = await mkdtemp(join(tmpdir(), "kk-videos-"));
  const [talk, short, silent, long] = await Promise.all([
    readFile(KEPT),
    readFile(await cutTalk(folder)),
    readFile(await makeStill(folder, "silent", 40)),
    readFile(await makeStill(folder, "long", MAX_SOURCE_SECONDS + 20)),
  ]);
  let lateIsThere = false;
  const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    "/talk.mp4": (request, response) => give(talk, request, response),
    "/short.mp4": (request, response) => give(short, request, response),
    "/slow.mp4": (request, response) => give(talk, request, response, SLOW_BYTES_PER_SECOND),
    "/silent.mp4": (request, response) => give(silent, request, response),
    "/long.mp4": (request, response) => give(long, request, response),
    "/late.mp4": (request, response) =>
      lateIsThere ? give(talk, request, response, SLOW_BYTES_PER_SECOND) : void response.writeHead(404).end(),
    "/text.mp4": (request, response) =>
      give(Buffer.from("This is no video.\n".repeat(99)), request, response),
    "/huge.mp4": (_request, response) =>
      void response.writeHead(200, { "content-type": "video/mp4", "content-length": HUGE_BYTES }).write(talk), // and never the rest
    "/missing.mp4": (_request, response) => void response.writeHead(404).end(),
  };
  const server = createServer((request, response) => {
    const answer = answers[new URL(request.url ?? "", "http://x").pathname];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at = (name: VideoName) => `${origin}/${name}.mp4`;
  return {
    origin,
    at,
    /** From now on the late video is there, slowly. */
    bringLate() {
      lateIsThere = true;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type VideoName = "talk" | "text" | "short" | "slow" | "silent" | "long" | "late" | "huge" | "missing";

/** The first part of the talk, long enough for two clips. */
async function cutTalk(folder: string): Promise<string> {
  const file = join(folder, "short.mp4");
  const cut = ["-i", KEPT, "-t", String(SHORT_SECONDS), "-c", "copy", "-movflags", "+faststart", file];
  await promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...cut]);
  return file;
}

/** The talk as a file that is sent in several parts: filled up with what players pass over. */
export async function makeLargeTalk(folder: string, bytes: number): Promise<string> {
  const talk = await readFile(KEPT);
  const box = Buffer.alloc(bytes - talk.length);
  box.writeUInt32BE(box.length, 0);
  box.write("free", 4, "latin1"); // ISO/IEC 14496-12, 8.1.2
  const file = join(folder, "large-talk.mp4");
  await writeFile(file, Buffer.concat([talk, box]));
  return file;
}

/** A still picture, with sound in which there is nothing to hear. */
async function makeStill(folder: string, name: string, seconds: number): Promise<string> {
  const file = join(folder, `${name}.mp4`);
  const picture = ["-f", "lavfi", "-i", `color=c=0x2b3f96:s=320x180:r=2:d=${seconds}`];
  const sound = ["-f", "lavfi", "-i", `anullsrc=r=16000:cl=mono:d=${seconds}`];
  const encode = [
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-shortest",
    "-movflags",
    "+faststart",
    file,
  ];
  await promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...picture, ...sound, ...encode]);
  return file;
}

/** Answers with a file, whole or the range that is asked for, at so many bytes a second. */
function give(bytes: Buffer, request: IncomingMessage, response: ServerResponse, rate = Infinity) {
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const end = to === "" ? bytes.length : Math.min(bytes.length, Number(to) + 1);
  const part = bytes.subarray(Number(from), end);
  response.writeHead(request.headers.range ? 206 : 200, {
    "content-type": "video/mp4",
    "content-length": part.length,
    "accept-ranges": "bytes",
    ...(request.headers.range && { "content-range": `bytes ${from}-${end - 1}/${bytes.length}` }),
  });
  if (request.method === "HEAD") response.end();
  else if (rate === Infinity) response.end(part);
  else void drip(part, response, (rate * TICK_MS) / 1000);
}

async function drip(part: Buffer, response: ServerResponse, step: number): Promise<void> {
  for (let at = 0; at < part.length && !response.destroyed; at += step) {
    response.write(part.subarray(at, at + step));
    await sleep(TICK_MS);
  }
  response.end();
}

import type { Socket } from "node:net";
import { isEnded, JobId, type JobView } from "@kangklip/contract";
import type { NextFunction, Request, Response } from "express";
import { isNews } from "./jobs/jobs.ts";
import { accessOf, type Context, RECONNECT_AFTER_MS } from "./trpc.ts";

/** One who reads a stream: all that is kept for it beside its connection. */
interface Reader {
  socket: Socket | undefined;
  view: () => JobView;
  stop: () => void;
  /** What it has seen last. */
  version: number | undefined;
  stalled: boolean;
  /** Bytes that have left for it, when that was looked at last. */
  taken: number;
  secondsStuck: number;
  secondsQuiet: number;
}

interface EventStreamOptions {
  contextOf: (request: Request) => Context;
  draining: AbortSignal;
  /** Seconds without a byte taken after which a reader is dropped. */
  patienceSeconds?: number;
}

const TICK_MS = 1000;
const PING_SECONDS = 15; // shorter than the silence after which clients reconnect
const PATIENCE_SECONDS = 30;
/** The same while the server ends; it waits somewhat longer for all its connections. */
const GOODBYE_SECONDS = 5;
/** Bytes that may wait for one reader before it is skipped; with the one view that may follow, all that a stream ever holds. */
const MAX_WAITING = 64 * 1024;

/**
 * `GET /trpc/jobs.events`: the subscription of that name in the frames of tRPC's own adapter, but each view is written out once for all
 * who see it, slow readers are bounded, and of HTTP nothing but the connection is kept. For many watchers the adapter needs several times
 * the memory and CPU per reader (`npm run bench:api` shows both). What is in any way unusual, every error among it, is left to the
 * adapter behind this one.
 */
export function eventStreams({
  contextOf,
  draining,
  patienceSeconds = PATIENCE_SECONDS,
}: EventStreamOptions) {
  const readers = new Map<Socket, Reader>();
  let clock: NodeJS.Timeout | undefined;
  draining.addEventListener("abort", () => {
    for (const { socket } of readers.values()) if (socket?.writable) ended(socket, BYE);
    const goodbyeSeconds = Math.min(patienceSeconds, GOODBYE_SECONDS);
    setTimeout(() => {
      for (const socket of readers.keys()) socket.destroy();
    }, goodbyeSeconds * 1000).unref();
  });

  function added(socket: Socket, reader: Reader): void {
    readers.set(socket, reader);
    socket.on("close", left).on("end", destroyed).on("error", destroyed).on("data", destroyed);
    clock ??= setInterval(() => {
      for (const one of readers.values()) tick(one, patienceSeconds);
    }, TICK_MS).unref();
  }

  function left(this: Socket): void {
    readers.get(this)?.stop();
    readers.delete(this);
    if (readers.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  }

  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const asked = questionOf(request);
    if (!asked || draining.aborted) return next();
    const reader = newReader(asked.seenVersion);
    const context = contextOf(request);
    const followed = await accessOf(context)
      .then((access) => context.services.jobs.follow(asked.id, access, tellingOf(reader)))
      .catch(() => undefined);
    if (!followed) return next(); // the adapter finds the same error and says it in its own form
    Object.assign(reader, followed);
    const gone = response.closed || response.destroyed || draining.aborted;
    const socket = gone ? undefined : begun(request, response);
    if (!socket) {
      followed.stop();
      return gone ? void response.destroy() : next();
    }
    reader.socket = socket;
    added(socket, reader);
    deliver(reader);
    socket.uncork();
  };
}

const newReader = (version: number | undefined): Reader => ({
  socket: undefined,
  view: () => {
    throw new Error("not followed yet");
  },
  stop: () => {},
  version,
  stalled: false,
  taken: 0,
  secondsStuck: 0,
  secondsQuiet: 0,
});

/** By itself, for a function made beside the request would keep the request for as long as the reader stays. */
const tellingOf = (reader: Reader) => () => deliver(reader);

/** What an ordinary client asks for; undefined for any other request. */
function questionOf(request: Request): { id: JobId; seenVersion: number | undefined } | undefined {
  const { input, ...rest } = request.query;
  const stream = request.get("accept")?.includes("text/event-stream");
  if (request.method !== "GET" || !stream || typeof input !== "string" || Object.keys(rest).length > 0)
    return undefined;
  try {
    const { job_id, lastEventId } = JSON.parse(input);
    const id = JobId.safeParse(job_id);
    const last = request.get("last-event-id") || (lastEventId ?? "");
    if (!id.success || !/^\d{0,15}$/.test(last)) return undefined;
    return { id: id.data, seenVersion: last === "" ? undefined : Number(last) };
  } catch {
    return undefined;
  }
}

/** A piece of a body in chunks (RFC 9112, section 7.1). */
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

const PING = Buffer.from(chunk("event: ping\ndata: \n\n\n"));
const RETURN = "event: return\ndata: \n\n\n"; // the subscription is over: clients do not come back
const BYE = "event: bye\ndata: \n\n\n";
const HELLO = `event: connected\ndata: ${JSON.stringify({ reconnectAfterInactivityMs: RECONNECT_AFTER_MS })}`;
const frames = new WeakMap<JobView, Buffer>();

function frameOf(view: JobView): Buffer {
  const made = frames.get(view);
  if (made) return made;
  const frame = Buffer.from(chunk(`data: ${JSON.stringify(view)}\nid: ${view.version}\n\n\n`));
  frames.set(view, frame);
  return frame;
}

function deliver(reader: Reader): void {
  const { socket } = reader;
  if (!socket?.writable || socket.writableLength > MAX_WAITING) return;
  let view: JobView;
  try {
    view = reader.view();
  } catch {
    ended(socket); // the reader comes back and is told
    return;
  }
  if (isNews(view, reader)) {
    socket.write(frameOf(view));
    reader.version = view.version;
    reader.stalled = view.stalled;
    reader.secondsQuiet = 0;
  }
  if (isEnded(view.status)) ended(socket, RETURN);
}

/** Once a second. */
function tick(reader: Reader, patienceSeconds: number): void {
  const { socket } = reader;
  if (!socket) return;
  const waiting = socket.writableLength;
  const gone = socket.bytesWritten - waiting;
  reader.secondsStuck = waiting > 0 && gone <= reader.taken ? reader.secondsStuck + 1 : 0;
  reader.taken = gone;
  if (reader.secondsStuck >= patienceSeconds) socket.destroy();
  if (waiting > 0) return;
  deliver(reader);
  reader.secondsQuiet++;
  if (reader.secondsQuiet < PING_SECONDS || !socket.writable) return;
  socket.write(PING);
  reader.secondsQuiet = 0;
}

/** Ends the body and, once it has been sent, the connection. */
function ended(socket: Socket, last = ""): void {
  socket.write(`${last && chunk(last)}0\r\n\r\n`);
  socket.destroySoon();
}

/** The reader has gone, or it speaks where nothing is to be said: its connection is for this stream alone. */
function destroyed(this: Socket): void {
  this.destroy();
}

/** What Node keeps for a connection that speaks HTTP: of no use once nothing more will be asked on it. */
interface HttpParser {
  incoming?: unknown;
  _consumed?: boolean;
  unconsume?(): void;
  remove?(): void;
  close?(): void;
}

/**
 * Answers with the head and the first words, and takes the connection out of Node's HTTP: request, response and parser are more than all
 * else that a reader costs. Gives the socket, corked; undefined, and nothing is done, where more than this request is on the connection.
 */
function begun(request: Request, response: Response): Socket | undefined {
  const socket = response.socket as (Socket & { parser?: HttpParser | null }) | null;
  const parser = socket?.parser;
  const alone = parser?.incoming === undefined || parser.incoming === null || parser.incoming === request;
  if (!socket || !alone || request.httpVersion !== "1.1") return undefined;
  socket.cork();
  response.vary("trpc-accept, accept").writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    connection: "close",
  });
  response.flushHeaders();
  response.detachSocket(socket);
  // as Node does where a connection is handed over (freeParser in its lib/_http_common.js)
  if (parser?._consumed) parser.unconsume?.();
  parser?.remove?.();
  if (parser?.close) setImmediate(() => parser.close?.()); // not while it may be running
  socket.parser = null;
  socket.removeAllListeners().setTimeout(0);
  response.emit("close"); // for whoever waits for the answer's end: there is no more to see of it
  // readers that were cut off together do not come back together
  const retryMs = 500 + Math.round(Math.random() * 1000);
  socket.write(chunk(`${HELLO}\nretry: ${retryMs}\n\n\n`));
  return socket;
}

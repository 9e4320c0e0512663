import { isEnded, JobId, type JobView } from "@kangklip/contract";
import type { NextFunction, Request, Response } from "express";
import { isNews } from "./jobs/jobs.ts";
import { accessOf, type Context, RECONNECT_AFTER_MS } from "./trpc.ts";

interface Stream {
  /** Writes what is new, unless the reader is behind: then it gets the newest view once it has caught up. */
  deliver(): void;
  /** Called every second. */
  tick(): void;
  /** Ends the connection; the reader comes back by itself with the last id it has seen. */
  end(): void;
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
/** Bytes that may wait for one reader before it is skipped; with the one view that may follow, all that a stream ever holds. */
const MAX_WAITING = 64 * 1024;

/**
 * `GET /trpc/jobs.events`: the subscription of that name in the frames of tRPC's own adapter, but each view is written out once for all
 * who see it, and slow readers are bounded. For many watchers the adapter needs several times the memory and CPU per reader
 * (`npm run bench:api` shows both). What is in any way unusual, every error among it, is left to the adapter behind this one.
 */
export function eventStreams({
  contextOf,
  draining,
  patienceSeconds = PATIENCE_SECONDS,
}: EventStreamOptions) {
  const streams = new Set<Stream>();
  let clock: NodeJS.Timeout | undefined;
  draining.addEventListener("abort", () => {
    for (const stream of streams) stream.end();
  });

  function added(stream: Stream): void {
    streams.add(stream);
    clock ??= setInterval(() => {
      for (const one of streams) one.tick();
    }, TICK_MS).unref();
  }

  function removed(stream: Stream): void {
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  }

  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const asked = questionOf(request);
    if (!asked || draining.aborted) return next();
    const context = contextOf(request);
    let stream: Stream | undefined;
    const followed = await accessOf(context)
      .then((access) => context.services.jobs.follow(asked.id, access, () => stream?.deliver()))
      .catch(() => undefined);
    if (!followed) return next(); // the adapter finds the same error and says it in its own form
    if (response.closed || draining.aborted) {
      followed.stop();
      response.destroy();
      return;
    }
    stream = opened(response, { ...followed, seenVersion: asked.seenVersion, patienceSeconds });
    added(stream);
    response.once("close", () => {
      followed.stop();
      if (stream) removed(stream);
    });
    stream.deliver();
  };
}

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

const PING = Buffer.from("event: ping\ndata: \n\n\n");
const RETURN = "event: return\ndata: \n\n\n"; // the subscription is over: clients do not come back
const BYE = "event: bye\ndata: \n\n\n";
const frames = new WeakMap<JobView, Buffer>();

function frameOf(view: JobView): Buffer {
  const made = frames.get(view);
  if (made) return made;
  const frame = Buffer.from(`data: ${JSON.stringify(view)}\nid: ${view.version}\n\n\n`);
  frames.set(view, frame);
  return frame;
}

function opened(
  response: Response,
  follow: { view: () => JobView; seenVersion: number | undefined; patienceSeconds: number },
): Stream {
  let seen: { version: number | undefined; stalled: boolean } = {
    version: follow.seenVersion,
    stalled: false,
  };
  let taken = 0;
  let [secondsStuck, secondsQuiet] = [0, 0];
  response.vary("trpc-accept, accept").writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  const hello = JSON.stringify({ reconnectAfterInactivityMs: RECONNECT_AFTER_MS });
  // readers that were cut off together do not come back together
  const retryMs = 500 + Math.round(Math.random() * 1000);
  response.write(`event: connected\ndata: ${hello}\nretry: ${retryMs}\n\n\n`);

  function deliver(): void {
    if (response.writableEnded || response.destroyed || response.writableLength > MAX_WAITING) return;
    let view: JobView;
    try {
      view = follow.view();
    } catch {
      response.end(); // the reader comes back and is told
      return;
    }
    if (isNews(view, seen)) {
      response.write(frameOf(view));
      seen = view;
      secondsQuiet = 0;
    }
    if (isEnded(view.status)) response.end(RETURN);
  }

  return {
    deliver,
    tick() {
      const waiting = response.writableLength;
      const gone = (response.socket?.bytesWritten ?? 0) - waiting;
      secondsStuck = waiting > 0 && gone <= taken ? secondsStuck + 1 : 0;
      taken = gone;
      if (secondsStuck >= follow.patienceSeconds) response.destroy();
      if (waiting > 0) return;
      deliver();
      secondsQuiet++;
      if (secondsQuiet < PING_SECONDS || response.writableEnded) return;
      response.write(PING);
      secondsQuiet = 0;
    },
    end: () => void response.end(BYE),
  };
}

import { setImmediate as turn } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { Redis, type RedisOptions } from "ioredis";
import type { Logger } from "./log.ts";

/** How long a dead connection can pass for a living one: Redis is asked this often whether it is there (ms). */
const PULSE_MS = 1000;
const RETRY_MS = 300; // between two tries to connect
const TIMEOUT_MS = 2000;

/**
 * A connection to Redis that is never waited on for long, never sends anything twice and comes back by itself:
 * - a command without an answer fails after 2 s and is not sent again (ioredis would: a lost answer then counts twice);
 *   without this limit it would wait for ever;
 * - a command given while there is no connection fails at once, so that its caller decides what to do;
 * - a connection that answers nothing is given up and made anew, as is one to a server that has become a read-only replica.
 * @param options `log` hears of each loss and each return, once, without the password. @throws KangKlipError INVALID_INPUT
 */
export function createRedis(options: { url: string; log?: Logger | undefined; more?: RedisOptions }): Redis {
  const { url, log, more } = options;
  if (!URL.canParse(url))
    throw new KangKlipError("INVALID_INPUT", "REDIS_URL must be like redis://127.0.0.1:6379/0");
  const redis = new Redis(url, {
    autoResendUnfulfilledCommands: false,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: TIMEOUT_MS,
    disconnectTimeout: 100,
    maxLoadingRetryTime: RETRY_MS,
    disableClientInfo: true, // it is waited for before the connection counts as ready
    keepAlive: 10_000,
    retryStrategy: (tries) => Math.min(50 * tries, RETRY_MS),
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
    ...more,
  });

  let lost = false;
  let reason = "the connection was closed";
  redis.on("error", (error: Error) => {
    reason = withoutPassword(error.message, url);
    if (lost) return;
    lost = true;
    log?.warn({ redis: placeOf(url), reason }, "Redis cannot be reached; trying again until it can");
  });
  redis.on("close", () => {
    if (lost || redis.status === "end") return;
    lost = true;
    log?.warn(
      { redis: placeOf(url), reason },
      "the connection to Redis was lost; trying again until it is back",
    );
  });
  redis.on("ready", () => {
    if (lost) log?.info({ redis: placeOf(url) }, "Redis answers again");
    lost = false;
  });

  const pulse = setInterval(() => {
    if (redis.status !== "ready") return;
    const giveUp = giveUpLater(redis);
    redis.ping().catch((error: Error) => (isTimeout(error) ? giveUp() : undefined));
  }, PULSE_MS).unref();
  redis.on("end", () => clearInterval(pulse));
  return redis;
}

/**
 * Called before a command is sent, gives what to do where no answer came: it ends the connection if nothing has come over it since (not
 * waiting for the other side); "close" then makes a new one. A process that was busy for long finds its timers late and its answers there.
 */
export function giveUpLater({ stream }: Redis): () => Promise<void> {
  const { bytesRead } = stream;
  return async () => {
    await turn(); // what has arrived is read before
    if (stream.bytesRead === bytesRead) stream.destroy();
  };
}

/** What is asked in one turn of the event loop, by whomever, goes out in one write: a write of its own costs as much as all else of a question. */
export function together<T>(redis: Redis, question: () => Promise<T>): Promise<T> {
  if (redis.status === "ready") {
    const { stream } = redis;
    stream.cork();
    setImmediate(() => stream.uncork());
  }
  return question();
}

/** Whether a command got no answer in time. */
export const isTimeout = (error: Error) => error.message === "Command timed out";

/** Host and port of a Redis URL, for people: without user and password. */
export function placeOf(url: string): string {
  try {
    const { hostname, port } = new URL(url);
    return `${hostname}:${port || 6379}`;
  } catch {
    return "REDIS_URL";
  }
}

/** A sentence of Redis or its client with nothing of the URL's password in it. */
export function withoutPassword(text: string, url: string): string {
  const { password } = URL.canParse(url) ? new URL(url) : { password: "" };
  return [url, password, unescaped(password)]
    .filter(Boolean)
    .reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

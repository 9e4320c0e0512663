import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import type { Redis } from "ioredis";
import { giveUpLater, isTimeout, together, withoutPassword } from "../redis.ts";

/** In all, a call takes no longer (ms): one command that gets no answer (2000, redis.ts), and what is left for asking again. */
const BUDGET_MS = 3500;
/** A connection that is gone for no longer than this (ms) is waited for: Redis restarts, and nobody notices. */
const GAP_MS = 1000;

export interface Script {
  lua: string;
  sha: string;
}

/** A Lua script, sent once and then named by its hash. */
export const script = (lua: string): Script => ({ lua, sha: createHash("sha1").update(lua).digest("hex") });

/** Runs a script over a connection, once. */
export async function runScript(
  redis: Redis,
  { lua, sha }: Script,
  keys: string[],
  args: (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
    return await redis.eval(lua, keys.length, ...keys, ...args); // it has been restarted, or told to forget
  }
}

/** The connection was lost, or gave no answer: what was asked may have been done or not. */
const LOST = "The connection to Redis was lost";

/** ioredis' own words for a connection that takes no command, because it is ending or has ended. */
const ENDING = "Stream isn't writeable and enableOfflineQueue options is false";
const PAUSE_MS = 50;

export type Ask = ReturnType<typeof createAsk>;

/**
 * Asks Redis, and asks again where the connection was lost before the answer came: for questions that may be answered twice only.
 * Nothing waits longer than 3.5 s.
 */
export function createAsk({ redis, url }: { redis: Redis; url: string }) {
  /** Those who wait for an answer on the present connection. A set: racing against one long-lived promise would keep them all for ever. */
  const waiting = new Set<(error: Error) => void>();
  const comers = new Set<() => void>();
  let downSince: number | undefined = performance.now();
  let reason = "no connection yet";
  redis.on("ready", () => {
    downSince = undefined;
    for (const come of comers) come();
  });
  redis.on("end", () => {
    for (const come of comers) come();
  });
  redis.on("error", ({ message }: Error) => {
    reason = message;
  });
  redis.on("close", () => {
    downSince ??= performance.now();
    for (const reject of waiting) reject(new Error(LOST));
    waiting.clear();
  });

  const answered = <T>(command: Promise<T>, limitMs: number) =>
    new Promise<T>((resolve, reject) => {
      const timer = limitMs < BUDGET_MS && setTimeout(() => reject(new Error(LOST)), limitMs); // ioredis limits the first try
      waiting.add(reject);
      command.then(resolve, reject).finally(() => {
        waiting.delete(reject);
        if (timer) clearTimeout(timer);
      });
    });

  /** Whether there is a connection, at the latest after `ms`. */
  const ready = (ms: number) =>
    new Promise<boolean>((resolve) => {
      if (redis.status === "ready") return resolve(true);
      // in a turn of its own, so that who tries again and again does not keep the connection from coming back
      if (ms <= 0 || redis.status === "end") return void setImmediate(resolve, false);
      const done = () => {
        clearTimeout(timer);
        comers.delete(done);
        resolve(redis.status === "ready");
      };
      const timer = setTimeout(done, ms);
      comers.add(done);
    });

  /** @param question is asked once or more. @throws KangKlipError UNAVAILABLE */
  async function ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const from = performance.now();
    const left = () => BUDGET_MS - (performance.now() - from);
    for (let tries = 0; ; tries++) {
      const gap = downSince === undefined ? GAP_MS : downSince + GAP_MS - performance.now();
      if (!(await ready(Math.min(gap, left())))) throw unavailable(new Error(reason), url);
      const giveUp = giveUpLater(redis);
      try {
        return await answered(
          together(redis, () => question(redis)),
          tries === 0 ? BUDGET_MS : left(),
        );
      } catch (caught) {
        const error = caught as Error;
        if (isTimeout(error)) await giveUp();
        const isReadOnly = error.message.startsWith("READONLY"); // another server may have become the primary: once more
        const again = isTimeout(error) || isLost(error) || (isReadOnly && tries === 0);
        if (!again || redis.status === "end" || left() < 2 * PAUSE_MS) throw unavailable(error, url);
        if (error.message === ENDING || isReadOnly) await sleep(PAUSE_MS); // it is being closed
      }
    }
  }

  /** Runs a script. */
  const run = (script: Script, keys: string[], args: (string | number)[]) =>
    ask((connection) => runScript(connection, script, keys, args));

  return { ask, run };
}

const isLost = ({ name, message }: Error) =>
  message === LOST || message === ENDING || name === "MaxRetriesPerRequestError";

/** What the first word of Redis' refusal means, for the person who runs KangKlip. */
const REFUSALS: Record<string, string> = {
  OOM: "its Redis is full: raise maxmemory in redis.conf",
  READONLY: "its Redis is a read-only replica: let REDIS_URL name the primary",
  LOADING: "its Redis is still loading its data",
  MASTERDOWN: "its Redis is a replica without its primary",
  NOREPLICAS: "its Redis has too few replicas to take a write",
  MISCONF: "its Redis cannot write to its disk: look into its log",
  BUSY: "its Redis is busy with somebody's script",
  NOAUTH: "its Redis wants a password: put it into REDIS_URL",
  WRONGPASS: "its Redis refuses the user or the password of REDIS_URL",
  NOPERM: "its Redis does not let the user of REDIS_URL do this",
  MOVED:
    "its Redis is one node of a cluster that keeps the data elsewhere: let REDIS_URL name the node that has it",
  CLUSTERDOWN: "its Redis cluster is down",
};

function unavailable(error: Error, url: string): KangKlipError {
  const { message } = error;
  const refusal = REFUSALS[message.split(" ", 1)[0] ?? ""];
  const why = refusal ?? (isReply(error) ? "its Redis answers with an error" : "its Redis does not answer");
  // a new error: those of ioredis carry the arguments of the command, the password among them
  return new KangKlipError("UNAVAILABLE", `The job store cannot be used now: ${why}`, {
    cause: new Error(withoutPassword(message, url)),
  });
}

const isReply = (error: Error) => error.name === "ReplyError";

import { KangKlipError } from "@kangklip/contract";
import type { Logger } from "../log.ts";
import { placeOf } from "../redis.ts";
import type { Ask } from "./redis-ask.ts";

/**
 * Looks at how Redis is set up. It may forget nothing (a job, or a note that makes a request count once) to make room.
 * @param options `log` is told of what is allowed and unwise. @throws KangKlipError UNAVAILABLE naming the setting to change
 */
export async function checkSettings(options: { ask: Ask["ask"]; url: string; log?: Logger | undefined }) {
  const { ask, url, log } = options;
  const place = placeOf(url);
  const info = await ask((redis) => redis.info()).catch(forbidden);
  const settings = new Map(info?.split("\r\n").map((line) => line.split(":", 2) as [string, string]));
  const policy =
    settings.get("maxmemory_policy") ??
    (await ask((redis) => redis.config("GET", "maxmemory-policy")).then(second, forbidden));
  if (policy === undefined)
    log?.warn(
      { redis: place },
      "Redis does not tell its maxmemory-policy: make sure that it is noeviction, or a full Redis throws jobs away",
    );
  else if (policy !== "noeviction")
    throw new KangKlipError(
      "UNAVAILABLE",
      `Redis at ${place} may throw jobs away when it is full (its maxmemory-policy is ${policy}): put "maxmemory-policy noeviction" into redis.conf and restart it, or run: redis-cli CONFIG SET maxmemory-policy noeviction`,
    );
  if (settings.get("aof_enabled") === "0")
    log?.warn(
      { redis: place },
      'Redis keeps no append-only file, so jobs are lost when it ends: put "appendonly yes" and "appendfsync everysec" into redis.conf and restart it',
    );
}

const second = (reply: unknown) => (Array.isArray(reply) && reply.length > 1 ? String(reply[1]) : undefined);

/** Servers of a hosting company may not let one look. */
function forbidden(error: unknown): undefined {
  const cause = (error as Error).cause as Error | undefined;
  if (cause && /^NOPERM|^ERR unknown command/i.test(cause.message)) return undefined;
  throw error;
}

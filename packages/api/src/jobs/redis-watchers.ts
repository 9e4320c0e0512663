import type { JobId } from "@kangklip/contract";
import type { Redis } from "ioredis";
import type { Logger } from "../log.ts";

/** Of a job that does not exist; a job's first version is 1. */
const NONE = 0;

/**
 * Who wants to know of which job. One subscription per watched job, dropped with its last watcher, on a connection of its own (one that
 * subscribes can do nothing else). Writes of this process are told at once; the message that follows then tells nothing new.
 * @param options `channels`: what the channel of a job begins with; `versionOf` gives a job's version, or undefined where nobody can tell
 */
export function createRedisWatchers(options: {
  subscriber: Redis;
  channels: string;
  versionOf: (id: JobId) => Promise<number | undefined>;
  log?: Logger | undefined;
}) {
  const { subscriber, channels, versionOf, log } = options;
  const watched = new Map<JobId, { version: number | undefined; listeners: Set<() => void> }>();
  const channel = (id: JobId) => channels + id;

  const tell = (listeners: Set<() => void>) => {
    for (const listener of listeners) queueMicrotask(listener);
  };

  function wrote(id: JobId, version: number): void {
    const entry = watched.get(id);
    if (!entry) return;
    // the answer of a write and the messages of others come on two connections, so an older version may be heard last
    const isNews = version <= 1 ? version !== entry.version : version > (entry.version ?? NONE);
    if (!isNews) return;
    entry.version = version;
    tell(entry.listeners);
  }

  subscriber.on("message", (from: string, version: string) => {
    wrote(from.slice(channels.length), Number(version));
  });
  subscriber.on("ready", () => {
    const ids = [...watched.keys()];
    if (ids.length === 0) return;
    subscriber.subscribe(...ids.map(channel)).then(() => {
      for (const id of ids) {
        const entry = watched.get(id);
        if (!entry) {
          void unsubscribe(id);
          continue;
        }
        entry.version = undefined; // the server may have gone back to what its disk knew
        tell(entry.listeners); // messages were missed, perhaps
      }
    }, refused);
  });

  let saidSo = false;
  /** Where the connection was lost the next one subscribes; where Redis does not allow it, this process hears of its own writes only. */
  function refused(error: Error): void {
    if (error.name !== "ReplyError" || saidSo) return;
    saidSo = true;
    const channelPattern = `&${channels}*`;
    log?.warn(
      { reason: error.message },
      `Redis does not let us subscribe, so changes made by other processes show late: allow its user ${channelPattern}`,
    );
  }

  const unsubscribe = (id: JobId) => subscriber.unsubscribe(channel(id)).catch(() => {});

  /** Subscribes, and tells of what was written between the call of `watch` and the subscription. */
  async function subscribe(id: JobId): Promise<void> {
    const entry = watched.get(id);
    const before = versionOf(id); // asked before anything that the watcher will ask: commands keep their order
    if (subscriber.status !== "ready") return; // "ready" subscribes and tells
    await subscriber.subscribe(channel(id)).catch(refused);
    const [from, now] = [await before, await versionOf(id)];
    if (!entry || watched.get(id) !== entry) return;
    entry.version ??= from;
    // where a writer has told of more since, what was read is old
    if (now !== undefined && now !== from && entry.version === from) wrote(id, now);
  }

  return {
    wrote,
    removed: (id: JobId) => wrote(id, NONE),
    watch(id: JobId, listener: () => void): () => void {
      const present = watched.get(id);
      const entry = present ?? { version: undefined, listeners: new Set<() => void>() };
      const own = () => listener(); // the same function may watch twice
      entry.listeners.add(own);
      if (!present) {
        watched.set(id, entry);
        void subscribe(id);
      }
      return () => {
        entry.listeners.delete(own);
        if (entry.listeners.size > 0 || watched.get(id) !== entry) return;
        watched.delete(id);
        void unsubscribe(id);
      };
    },
    close(): void {
      watched.clear();
      subscriber.disconnect();
    },
  };
}

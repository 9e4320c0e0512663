import { EventEmitter } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";

/** The same input and output as the service's, without any of its thoughts: one write, one read, one message. */
export interface BareStore {
  insert(id: string, text: string): Promise<void>;
  /** How often somebody has asked in this minute, among all processes that share the store. */
  count(who: string): Promise<number>;
  get(id: string): Promise<string | undefined>;
  /** Writes a new text and tells whoever listens to the job. */
  change(id: string, text: string): Promise<void>;
  listen(id: string, listener: (text: string) => void): void;
  ignore(id: string, listener: (text: string) => void): void;
}

export const bareStore = ({ REDIS_URL, DATA_DIR = "." }: NodeJS.ProcessEnv): BareStore =>
  REDIS_URL ? onRedis(REDIS_URL) : onSqlite(join(DATA_DIR, "bare.db"));

function onRedis(url: string): BareStore {
  const options = { autoResendUnfulfilledCommands: false, commandTimeout: 5000, maxRetriesPerRequest: 1 };
  const redis = new Redis(url, options);
  const subscriber = new Redis(url);
  redis.defineCommand("bareInsert", {
    numberOfKeys: 3,
    lua: `if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
          redis.call('HSET', KEYS[1], 'version', 1, 'job', ARGV[2])
          redis.call('ZADD', KEYS[2], 0, ARGV[1])
          redis.call('ZADD', KEYS[3], 0, ARGV[1])
          return 1`,
  });
  redis.defineCommand("bareChange", {
    numberOfKeys: 1,
    lua: `redis.call('HSET', KEYS[1], 'job', ARGV[2])
          redis.call('HINCRBY', KEYS[1], 'version', 1)
          return redis.call('PUBLISH', 'bare:' .. ARGV[1], ARGV[2])`,
  });
  redis.defineCommand("bareCount", {
    numberOfKeys: 1,
    lua: `local asked = redis.call('INCR', KEYS[1])
          if asked == 1 then redis.call('EXPIRE', KEYS[1], 60) end
          return asked`,
  });
  const command = redis as unknown as Record<
    "bareInsert" | "bareChange" | "bareCount",
    (...args: string[]) => Promise<number>
  >;
  const listeners = new EventEmitter().setMaxListeners(0);
  subscriber.on("message", (channel, text) => void listeners.emit(channel, text));
  return {
    insert: async (id, text) =>
      void (await command.bareInsert(`{bare}:${id}`, "{bare}:all", "{bare}:active", id, text)),
    count: (who) => command.bareCount(`{bare}:asked:${who}`),
    get: async (id) => (await redis.hmget(`{bare}:${id}`, "version", "job"))[1] ?? undefined,
    change: async (id, text) => void (await command.bareChange(`{bare}:${id}`, id, text)),
    listen(id, listener) {
      if (listeners.listenerCount(`bare:${id}`) === 0) void subscriber.subscribe(`bare:${id}`);
      listeners.on(`bare:${id}`, listener);
    },
    ignore(id, listener) {
      listeners.off(`bare:${id}`, listener);
      if (listeners.listenerCount(`bare:${id}`) === 0) void subscriber.unsubscribe(`bare:${id}`);
    },
  };
}

function onSqlite(file: string): BareStore {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, active INTEGER, job TEXT NOT NULL) STRICT");
  db.exec("CREATE INDEX IF NOT EXISTS active_jobs ON jobs (id) WHERE active = 1");
  const insert = db.prepare("INSERT INTO jobs (id, active, job) VALUES (?, 1, ?)");
  const get = db.prepare("SELECT job FROM jobs WHERE id = ?");
  const change = db.prepare("UPDATE jobs SET job = ? WHERE id = ?");
  const listeners = new EventEmitter().setMaxListeners(0);
  let [minute, asked] = [0, new Map<string, number>()];
  return {
    // a file has one process
    async count(who) {
      const now = Math.floor(Date.now() / 60_000);
      if (now !== minute) [minute, asked] = [now, new Map()];
      asked.set(who, (asked.get(who) ?? 0) + 1);
      return asked.get(who) ?? 0;
    },
    insert: async (id, text) => void insert.run(id, text),
    get: async (id) => get.get(id)?.job as string | undefined,
    async change(id, text) {
      change.run(text, id);
      listeners.emit(id, text);
    },
    listen: (id, listener) => void listeners.on(id, listener),
    ignore: (id, listener) => void listeners.off(id, listener),
  };
}

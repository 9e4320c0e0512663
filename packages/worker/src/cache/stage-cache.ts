import { mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockFile } from "../asr/lock-file.ts";
import {
  codeOf,
  Damaged,
  folderOf,
  giveOut,
  type KeptFile,
  readEntry,
  removeEntry,
  touch,
  writeEntry,
} from "./entry.ts";
import type { EntryKey } from "./key.ts";
import { makeRoom } from "./room.ts";

/** What this machine keeps of finished stages (docs/decisions/0021). Nothing that goes wrong with it ever fails a job. */
export interface StageCache {
  /**
   * What was kept under a key, with its files in the folder `into`; undefined where there is nothing that can be used.
   * @param accept whether it may be used, asked before the files are brought
   */
  take<T>(key: EntryKey, into: string, accept?: (kept: Taken<T>) => Promise<boolean>): Promise<T | undefined>;
  /** Keeps a result. Its files must not be written to any more; they become read-only. */
  keep(key: EntryKey, value: unknown, files?: readonly KeptFile[]): Promise<void>;
  /** Keeps what is kept under one key under another one too: its bytes are there once, also where they could not be shared with a job. */
  keepAlso(under: EntryKey, kept: EntryKey): Promise<void>;
  /**
   * Does work that nobody else on this machine does at the same time for one of the keys: who comes second waits as long as the first
   * one lives. Work that waits for further keys inside must not hold any that others wait for.
   * @param onWait called while somebody else is at it @throws the signal's reason, or what the work throws
   */
  alone<T>(
    keys: readonly EntryKey[],
    options: { signal: AbortSignal; onWait?: () => void },
    work: () => Promise<T>,
  ): Promise<T>;
  /** Evicts what has to go so that so many bytes are free on its disk, as far as that helps. */
  freeUp(bytes: number): Promise<void>;
  /** Why it could not be used, in plain sentences; empty while all is well. */
  notes(): string[];
}

export interface Taken<T> {
  value: T;
  /** When it was kept, ms since 1970. */
  at: number;
  /** Bytes of its files. */
  sizeBytes: number;
}

/** How often it is looked whether somebody else has finished. */
const LOCK_POLL_MS = 300;

const sizeOf = (files: readonly { sizeBytes: number }[]) =>
  files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Keeps nothing. @param notes why, where somebody should know */
export const noCache = (notes: string[] = []): StageCache => ({
  take: async () => undefined,
  keep: async () => {},
  keepAlso: async () => {},
  alone: (_keys, _options, work) => work(),
  freeUp: async () => {},
  notes: () => notes,
});

/**
 * Opens the cache in a folder, which is made, and evicts what is too much.
 * @param maxBytes most that it may take of the disk @returns one that keeps nothing where the folder cannot be used
 */
export async function openStageCache(options: {
  dir: string;
  maxBytes: number;
  log: (event: string, fields?: Record<string, unknown>) => void;
}): Promise<StageCache> {
  const { maxBytes, log } = options;
  const root = resolve(options.dir, "v1"); // another layout will have another name
  const [dir, locks] = [join(root, "entries"), join(root, "locks")];
  const place = { dir, locks };
  let broken: string | undefined;

  const trouble = (error: unknown) => {
    const why = codeOf(error) || (error instanceof Error ? error.message : String(error));
    log("cache.trouble", { error: String(error) });
    broken ??= `What was done could not be kept on this machine for the next time (${why.slice(0, 100)}): look after ${root}.`;
  };
  const sweep = async (freeBytes = 0) => {
    const evicted = await makeRoom(place, { maxBytes, freeBytes });
    if (evicted > 0) log("cache.evicted", { entries: evicted });
  };

  /** Undefined: somebody else has it. What cannot be locked is worked on without a lock. */
  const lockOf = (key: EntryKey): Disposable | undefined => {
    try {
      return lockFile(folderOf(locks, key));
    } catch (error) {
      trouble(error);
      return { [Symbol.dispose]: () => {} };
    }
  };

  /** While an entry is being written its key is locked, by us or by whoever works on it: else another sweep would take it for a leftover. */
  const write = async (key: EntryKey, content: Parameters<typeof writeEntry>[2]) => {
    using _ = lockOf(key);
    await writeEntry(dir, key, content);
    await sweep();
  };

  /** Undefined where there is nothing that can be used; a damaged entry is thrown away. */
  const safely = async <R>(key: EntryKey, work: () => Promise<R>): Promise<R | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Damaged)) trouble(error);
      else {
        log("cache.damaged", { stage: key.stage, why: error.message });
        await removeEntry(dir, folderOf(dir, key)).catch(trouble);
      }
      return undefined;
    }
  };

  try {
    await mkdir(locks, { recursive: true, mode: 0o700 });
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await sweep();
  } catch (error) {
    trouble(error);
    return noCache(broken ? [broken] : []);
  }

  return {
    async take<T>(
      key: EntryKey,
      into: string,
      accept: (kept: Taken<T>) => Promise<boolean> = async () => true,
    ) {
      const entry = await safely(key, () => readEntry(dir, key));
      if (!entry) return undefined;
      const sizeBytes = sizeOf(entry.files);
      // the checksum holds, so it is what this very program has written
      const taken = { value: entry.value as T, at: entry.at, sizeBytes };
      if (!(await accept(taken))) return undefined;
      return safely(key, async () => {
        await giveOut(dir, key, entry, into);
        await touch(dir, key).catch(() => {}); // evicted this moment; the files are ours
        return taken.value;
      });
    },

    async keep(key, value, files = []) {
      try {
        const sizes = await Promise.all(
          files.map(async ({ path }) => ({ sizeBytes: (await stat(path)).size })),
        );
        if (sizeOf(sizes) > maxBytes) return log("cache.too_large", { stage: key.stage });
        await write(key, { value, files });
      } catch (error) {
        trouble(error);
      }
    },

    async keepAlso(under, kept) {
      try {
        const entry = await readEntry(dir, kept);
        if (!entry) return; // it was too large, or is evicted already
        const files = entry.files.map(({ name, sha256 }) => ({
          name,
          sha256,
          path: join(folderOf(dir, kept), name),
        }));
        await write(under, { value: entry.value, files });
      } catch (error) {
        trouble(error);
      }
    },

    async alone(keys, { signal, onWait = () => {} }, work) {
      using held = new DisposableStack();
      // everybody in the same order: two that want the same ones cannot wait for each other
      const byName = new Map(keys.map((key) => [folderOf("", key), key]));
      for (const [, key] of [...byName].sort(([a], [b]) => (a < b ? -1 : 1)))
        for (;;) {
          signal.throwIfAborted();
          const lock = lockOf(key);
          if (lock) {
            held.use(lock);
            break;
          }
          onWait();
          await sleep(LOCK_POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
        }
      return await work();
    },

    async freeUp(bytes) {
      await sweep(bytes).catch(trouble);
    },

    notes: () => (broken ? [broken] : []),
  };
}

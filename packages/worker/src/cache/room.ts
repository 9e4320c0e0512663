import { existsSync } from "node:fs";
import { mkdir, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { lockFile } from "../asr/lock-file.ts";
import { codeOf, ENTRY_FILE, GONE, PART, removeEntry } from "./entry.ts";

/** A lock file that nobody has touched for this long belongs to nothing any more. */
const LOCK_KEPT_MS = 24 * 3600_000;

/** What nobody has wanted for this long goes, however much room there is. */
const UNUSED_MS = 30 * 24 * 3600_000;

interface Kept {
  folder: string;
  usedAt: number;
  /** Sizes by inode: a file that two entries share is on the disk once. */
  files: { inode: string; bytes: number }[];
}

/**
 * Evicts entries, least recently used first, until what is left takes at most `maxBytes`, and at most as much as would still be free
 * beside it, and those that nobody has used for a month; removes what a worker that was killed has left. Files that were given out stay with whoever has them.
 * @param dir of the entries @param locks folder of their locks @param freeBytes that must be free afterwards, where eviction can bring that
 * @returns how many entries were evicted
 */
export async function makeRoom(
  { dir, locks }: { dir: string; locks: string },
  { maxBytes, freeBytes = 0 }: { maxBytes: number; freeBytes?: number },
): Promise<number> {
  await removeLeftovers(dir, locks).catch(() => {}); // two that sweep at once get in each other's way
  const kept = (await allEntries(dir)).sort((a, b) => a.usedAt - b.usedAt);
  const users = new Map<string, number>();
  for (const { inode } of kept.flatMap(({ files }) => files)) users.set(inode, (users.get(inode) ?? 0) + 1);
  const sizes = new Map(
    kept.flatMap(({ files }) => files.map(({ inode, bytes }) => [inode, bytes] as const)),
  );
  let used = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const most = Math.min(maxBytes, ((await freeOf(dir)) + used) / 2);
  let evicted = 0;
  for (const { folder, files, usedAt } of kept) {
    const isOld = Date.now() - usedAt > UNUSED_MS;
    if (!isOld && used <= most && (await freeOf(dir)) >= freeBytes) break;
    await removeEntry(dir, folder);
    evicted++;
    for (const { inode, bytes } of files) {
      const left = (users.get(inode) ?? 1) - 1;
      users.set(inode, left);
      if (left === 0) used -= bytes;
    }
  }
  return evicted;
}

/** Bytes that may still be written to where a folder lies. */
async function freeOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

async function allEntries(dir: string): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const name of await readdir(dir)) {
    if (name.startsWith(".")) continue;
    const folder = join(dir, name);
    try {
      const files: Kept["files"] = [];
      let usedAt = 0;
      for (const file of await readdir(folder)) {
        const { dev, ino, size, mtimeMs } = await stat(join(folder, file));
        files.push({ inode: `${dev}:${ino}`, bytes: size });
        if (file === ENTRY_FILE) usedAt = mtimeMs; // without one it is damaged, and goes first
      }
      kept.push({ folder, usedAt, files });
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error; // else it was evicted by somebody else
    }
  }
  return kept;
}

/** Entries that were not finished by workers that are gone, those that were being removed, and locks of nothing. */
async function removeLeftovers(dir: string, locks: string): Promise<void> {
  await mkdir(locks, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dir)) {
    if (name.startsWith(GONE)) await rm(join(dir, name), { recursive: true, force: true });
    if (!name.startsWith(PART)) continue;
    const [, key = ""] = /^([A-Z]+-[0-9a-f]{64})-/.exec(name.slice(PART.length)) ?? [];
    using lock = lockFile(join(locks, key || "none")); // who writes an entry holds its lock
    if (lock) await rm(join(dir, name), { recursive: true, force: true });
  }
  for (const name of await readdir(locks)) {
    const file = join(locks, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs < LOCK_KEPT_MS || existsSync(join(dir, name))) continue;
    using lock = lockFile(file);
    if (lock) await rm(file, { force: true });
  }
}

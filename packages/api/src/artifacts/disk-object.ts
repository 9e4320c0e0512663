import { createHash, randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { contentTypeOf } from "./content-type.ts";

/** What is known of one version of an object beside its bytes. */
const Facts = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), content_type: z.string() });
export type Facts = z.infer<typeof Facts>;

/** One version of an object, opened. */
export interface OpenObject {
  handle: FileHandle;
  stats: BigIntStats;
  facts: Facts;
}

export const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? "";

/** What the file system refused, in words for people; anything else as it is. */
export function forPeople(error: unknown): unknown {
  const cause = { cause: error };
  if (/^(ENOSPC|EDQUOT)$/.test(codeOf(error)))
    return new KangKlipError("DISK_FULL", "There is no room on the disk for artifacts", cause);
  if (/^(ENOTDIR|EISDIR|EEXIST|ENOTEMPTY)$/.test(codeOf(error)))
    return new KangKlipError("CONFLICT", "A folder and an artifact cannot have the same name", cause);
  return error;
}

export const infoOf = ({ stats, facts }: Pick<OpenObject, "stats" | "facts">) => ({
  sizeBytes: Number(stats.size),
  etag: facts.sha256,
  sha256: facts.sha256,
  contentType: facts.content_type,
  modifiedAt: stats.mtime,
});

/** A file is never written again once it is visible, so inode and time of writing tell its versions apart. */
export const sameVersion = (a: BigIntStats, b: BigIntStats | undefined) =>
  a.ino === b?.ino && a.mtimeNs === b.mtimeNs;

/** The name of an object with inode and time of writing, and something random while the facts are being written. */
const FACTS = /^\.(.+)\.\d+-\d+(?:\.[0-9a-f-]{36})?$/;

/** Where the facts of one version of a file are: hidden, beside it. */
const factsFile = (file: string, { ino, mtimeNs }: BigIntStats) =>
  join(dirname(file), `.${basename(file)}.${ino}-${mtimeNs}`);

/** undefined where there is nothing. */
export async function statsOf(file: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    if (/^(ENOENT|ENOTDIR)$/.test(codeOf(error))) return undefined;
    throw error;
  }
}

/** Keeps the facts of a version; whole or not at all. */
export async function writeFacts(file: string, stats: BigIntStats, facts: Facts): Promise<void> {
  const target = factsFile(file, stats);
  const temporary = `${target}.${randomUUID()}`;
  try {
    await writeFile(temporary, JSON.stringify(facts), { mode: 0o600 });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes what is known of one version of a file. */
export const removeFacts = (file: string, stats: BigIntStats) => rm(factsFile(file, stats), { force: true });

/**
 * Removes what a killed process left in a folder: facts of versions that never became visible, or are gone.
 * @param before ms since 1970: later ones may be of a version that is just being published
 */
export async function removeStrayFacts(folder: string, before: number): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const [, object] = FACTS.exec(name) ?? [];
    if (object === undefined) continue;
    const file = join(folder, object);
    const current = await statsOf(file);
    if (current && join(folder, name) === factsFile(file, current)) continue;
    const stats = await statsOf(join(folder, name));
    if (stats && Number(stats.mtimeMs) < before) await rm(join(folder, name), { force: true });
  }
}

/** The object that is there now, opened, with the facts of this very version; the caller closes it. */
export async function openObject(file: string): Promise<OpenObject | undefined> {
  for (;;) {
    const handle = await openFile(file);
    if (!handle) return undefined;
    try {
      const stats = await handle.stat({ bigint: true });
      const facts = stats.isFile() && (await readFacts(factsFile(file, stats)));
      if (facts) return { handle, stats, facts };
      if (stats.isFile() && sameVersion(stats, await statsOf(file)))
        return { handle, stats, facts: await foundOut(handle, file, stats) };
      await handle.close();
      if (!stats.isFile()) return undefined;
      // replaced since it was opened, and its facts with it: look again
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

async function openFile(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|ELOOP)$/.test(codeOf(error))) return undefined;
    throw error;
  }
}

async function readFacts(file: string): Promise<Facts | undefined> {
  try {
    return Facts.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined; // missing, or cut short by a loss of power
  }
}

/** Hex sha256 of the bytes of an opened file. */
export async function hashOf(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk);
  return hash.digest("hex");
}

async function foundOut(handle: FileHandle, file: string, stats: BigIntStats): Promise<Facts> {
  const facts = {
    sha256: await hashOf(handle),
    content_type: contentTypeOf(file) ?? "application/octet-stream", // put here by hand, or from a backup
  };
  await writeFacts(file, stats, facts);
  return facts;
}

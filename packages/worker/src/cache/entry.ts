import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  chmod,
  constants,
  copyFile,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { EntryKey } from "./key.ts";

/** A file that goes into an entry. */
export interface KeptFile {
  /** Its name in the entry, and in the folder that it is given out to. */
  name: string;
  /** Where it lies now; it must not be written to any more. */
  path: string;
  /** sha256 (hex) where it is known. */
  sha256?: string | undefined;
}

/** What an entry says of itself: one line of JSON after its own sha256. */
const Entry = z.object({
  /** When it was made, ms since 1970. */
  at: z.number(),
  value: z.unknown(),
  files: z.array(
    z.object({
      name: z.string().regex(/^\w[\w.-]{0,99}$/), // no path, nothing hidden
      sizeBytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Entry = z.infer<typeof Entry>;

/** The file that makes a folder an entry. Its time of change is when the entry was last used. */
export const ENTRY_FILE = "entry.json";
export const PART = ".part-";
export const GONE = ".gone-";

/** The entry's folder below the cache's. */
export const folderOf = (dir: string, { stage, sha256 }: EntryKey) => join(dir, `${stage}-${sha256}`);

/**
 * Writes an entry beside its place and renames it there, so that nobody ever sees half of one. One that is there already makes way.
 * The files are shared with whoever has them where the file system can do that, and are read-only from then on.
 */
export async function writeEntry(
  dir: string,
  key: EntryKey,
  { value, files }: { value: unknown; files: readonly KeptFile[] },
): Promise<void> {
  const target = folderOf(dir, key);
  // the key is in the name, so that who sweeps up can ask for its lock whether anybody is still at it
  const part = join(dir, `${PART}${key.stage}-${key.sha256}-${randomUUID()}`);
  try {
    await mkdir(part, { mode: 0o700 });
    const facts: Entry["files"] = [];
    for (const { name, path, sha256 } of files) {
      const kept = join(part, name);
      await share(path, kept);
      await chmod(kept, 0o444);
      const { size } = await stat(kept);
      facts.push({ name, sizeBytes: size, sha256: sha256 ?? (await sha256Of(kept)) });
    }
    const entry = JSON.stringify({ at: Date.now(), value, files: facts } satisfies Entry);
    await writeFile(join(part, ENTRY_FILE), `${sha256OfText(entry)}\n${entry}`, { mode: 0o600 });
    await rename(part, target).catch(async () => {
      await removeEntry(dir, target);
      await rename(part, target);
    });
  } catch (error) {
    await rm(part, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** An entry was there, but is not what was kept. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** What an entry says. @returns undefined where there is none @throws Damaged */
export async function readEntry(dir: string, key: EntryKey): Promise<Entry | undefined> {
  const text = await readFile(join(folderOf(dir, key), ENTRY_FILE), "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const [sum = "", json = ""] = text.split("\n", 2);
  if (sha256OfText(json) !== sum) throw new Damaged("its description is not what was written");
  const entry = Entry.safeParse(JSON.parse(json));
  if (!entry.success) throw new Damaged(z.prettifyError(entry.error));
  return entry.data;
}

/**
 * Brings an entry's files into `into` under their names. Each is looked at whole before it has its name there: what is given out is what
 * was kept. @throws Damaged; ENOENT where the entry was evicted meanwhile
 */
export async function giveOut(dir: string, key: EntryKey, { files }: Entry, into: string): Promise<void> {
  const placed: string[] = [];
  try {
    for (const { name, sizeBytes, sha256 } of files) {
      const part = join(into, `${PART}kept-${name}`);
      placed.push(part);
      await rm(part, { force: true });
      await share(join(folderOf(dir, key), name), part).catch((error: unknown) => {
        throw codeOf(error) === "ENOENT" ? new Damaged(`${name} is missing`) : error;
      });
      if ((await stat(part)).size !== sizeBytes || (await sha256Of(part)) !== sha256)
        throw new Damaged(`${name} is not what was kept`);
    }
    for (const { name } of files) await rename(join(into, `${PART}kept-${name}`), join(into, name));
  } finally {
    for (const part of placed) await rm(part, { force: true });
  }
}

/** Marks an entry as used now. */
export async function touch(dir: string, key: EntryKey): Promise<void> {
  const now = new Date();
  await utimes(join(folderOf(dir, key), ENTRY_FILE), now, now);
}

/** Takes an entry away at once, then its bytes; files that were given out stay where they are. */
export async function removeEntry(dir: string, folder: string): Promise<void> {
  const gone = join(dir, `${GONE}${randomUUID()}`);
  try {
    await rename(folder, gone);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return; // somebody else was faster
    throw error;
  }
  await rm(gone, { recursive: true, force: true });
}

/**
 * The same bytes under another name: as a copy that shares its blocks (which neither side can change for the other), else as a second
 * name of the same file, else as a copy.
 */
async function share(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return;
  } catch (error) {
    if (["ENOENT", "ENOSPC", "EDQUOT"].includes(codeOf(error))) throw error;
    await rm(to, { force: true });
  }
  try {
    await link(from, to);
  } catch (error) {
    if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "EACCES"].includes(codeOf(error))) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException)?.code ?? "";

const sha256OfText = (text: string) => createHash("sha256").update(text).digest("hex");

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

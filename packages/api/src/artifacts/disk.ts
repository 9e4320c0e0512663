import { createHash, randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { KangKlipError } from "@kangklip/contract";
import {
  codeOf,
  type Facts,
  forPeople,
  hashOf,
  infoOf,
  type OpenObject,
  openObject,
  removeFacts,
  removeStrayFacts,
  sameVersion,
  statsOf,
  writeFacts,
} from "./disk-object.ts";
import { createDiskParts } from "./disk-parts.ts";
import { ArtifactKey, ArtifactPrefix, parseKey } from "./key.ts";
import { type ArtifactLink, checkedLink, linkQuery } from "./link.ts";
import type { ArtifactStore } from "./store.ts";

export interface DiskStoreOptions {
  /** The folder that holds everything; made when missing. */
  dir: string;
  /** Signs the links. */
  secret: Buffer;
  /** Where `artifactRoutes` is mounted. */
  basePath: string;
}

/** The disk's links lead to this process, so its store also tells what they allow. */
export interface DiskStore extends ArtifactStore {
  /** What a request is allowed by its query; undefined where the link was not made by this store for this method and key. */
  checkLink(method: ArtifactLink["method"], key: string, query: URLSearchParams): ArtifactLink | undefined;
}

/** What a killed process left unfinished is removed after this long. */
const LEFT_BEHIND_MS = 24 * 3_600_000;

/**
 * Artifacts as plain files below `dir`, under their keys: anybody can open a clip there. What else is known of an object (hash, content
 * type) is in a hidden file beside it that speaks of one version only and is written before that version becomes visible by a
 * rename. So no reader, race or crash can pair an object with the facts of another version; where they are missing, they are found
 * out again from the object.
 */
export function createDiskStore({ dir, secret, basePath }: DiskStoreOptions): DiskStore {
  const temporaryDir = join(dir, ".tmp");
  const fileOf = (key: string) => join(dir, parseKey(ArtifactKey, key));
  const linkTo = (allowed: ArtifactLink) => `${basePath}/${allowed.key}?${linkQuery(secret, allowed)}`;
  const expiry = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
  let swept = false;

  /** Folders are nothing by themselves: those that hold nothing any more go, up to `jobs` and `uploads`. */
  async function removeEmpty(folder: string): Promise<void> {
    for (let at = folder; dirname(at).length > dir.length; at = dirname(at)) {
      const removed = await rmdir(at).then(
        () => true,
        (error) => codeOf(error) === "ENOENT",
      );
      if (!removed) return;
    }
  }

  /** Hands `work` a free name for something unfinished, on the same file system; nothing stays under it. */
  async function withTemporary<T>(work: (temporary: string) => Promise<T>): Promise<T> {
    await mkdir(temporaryDir, { recursive: true, mode: 0o700 });
    if (!swept) await sweep(temporaryDir, Date.now() - LEFT_BEHIND_MS);
    swept = true;
    const temporary = join(temporaryDir, randomUUID());
    try {
      return await work(temporary);
    } catch (error) {
      throw forPeople(error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** @throws KangKlipError NOT_FOUND */
  async function found(key: string): Promise<OpenObject> {
    const object = await openObject(fileOf(key));
    if (!object) throw new KangKlipError("NOT_FOUND", "artifact not found");
    return object;
  }

  const store: DiskStore = {
    async put(key, body, { contentType }) {
      const file = fileOf(key);
      return withTemporary(async (temporary) => {
        const { stats, sha256 } = await written(temporary, body);
        const facts = { sha256, content_type: contentType };
        await publish(temporary, file, stats, facts);
        return infoOf({ stats, facts });
      });
    },

    async get(key, range) {
      const object = await found(key);
      const info = infoOf(object);
      const { start, end } = range ?? { start: 0, end: info.sizeBytes - 1 };
      if (range && (start < 0 || start > end || start >= info.sizeBytes)) {
        await object.handle.close();
        throw new KangKlipError("INVALID_INPUT", "The artifact has no such range");
      }
      if (info.sizeBytes > 0) return { info, body: object.handle.createReadStream({ start, end }) };
      await object.handle.close();
      return { info, body: Readable.from([]) };
    },

    async head(key) {
      const object = await openObject(fileOf(key));
      await object?.handle.close();
      return object && infoOf(object);
    },

    async hash(key) {
      const { handle } = await found(key);
      return hashOf(handle).finally(() => handle.close());
    },

    async copy(from, to, etag) {
      const [source, target] = [fileOf(from), fileOf(to)];
      for (;;) {
        const { handle, stats, facts } = await found(from);
        await handle.close();
        if (etag !== undefined && facts.sha256 !== etag)
          throw new KangKlipError("CONFLICT", "The artifact was replaced meanwhile");
        if (source === target) return;
        const outcome = await withTemporary(async (temporary) => {
          const linked = await hardLinked(source, temporary);
          if (linked === "impossible") return linked;
          if (!sameVersion(stats, linked)) return "replaced";
          await publish(temporary, target, stats, facts);
          return "done";
        });
        if (outcome === "done") return;
        if (outcome === "replaced") continue;
        const { info, body } = await store.get(from);
        if (info.etag === facts.sha256) {
          await store.put(to, body, info);
          return;
        }
        body.destroy(); // replaced just now
      }
    },

    async *list(prefix) {
      const beginning = parseKey(ArtifactPrefix, prefix);
      for await (const key of keysBelow(dir, dirname(`${beginning}x`)))
        if (key.startsWith(beginning)) yield key;
    },

    async delete(keyOrPrefix) {
      if (keyOrPrefix.endsWith("/")) {
        const folder = join(dir, parseKey(ArtifactPrefix, keyOrPrefix));
        await rm(folder, { recursive: true, force: true, maxRetries: 3 });
        await removeEmpty(dirname(folder));
        return;
      }
      const file = fileOf(keyOrPrefix);
      const stats = await statsOf(file);
      if (!stats?.isFile()) return;
      await rm(file, { force: true });
      await removeFacts(file, stats);
      await removeEmpty(dirname(file));
    },

    async signGet(key, { expiresSeconds, downloadName }) {
      const allowed = { key: parseKey(ArtifactKey, key), expires: expiry(expiresSeconds) };
      return linkTo({ method: "GET", ...allowed, downloadName: downloadName?.toWellFormed() });
    },

    async signPut(key, { expiresSeconds, sizeBytes, sha256, contentType }) {
      const allowed = { key: parseKey(ArtifactKey, key), expires: expiry(expiresSeconds), sizeBytes, sha256 };
      const url = linkTo({ method: "PUT", ...allowed, contentType });
      return { url, headers: { "content-type": contentType } };
    },

    signParts: async () => undefined, // one PUT takes any size here

    ...createDiskParts({ fileOf, store: () => store, publish }),

    async tidy(before) {
      await sweep(temporaryDir, before);
      for await (const folder of foldersBelow(dir)) await removeStrayFacts(folder, before);
    },

    checkLink: (method, key, query) => checkedLink(secret, method, key, query),
  };
  return store;
}

/** Writes all of `body` in constant memory, down to the disk. */
async function written(
  file: string,
  body: Readable | Buffer | string,
): Promise<{ stats: BigIntStats; sha256: string }> {
  const hash = createHash("sha256");
  const handle: FileHandle = await open(file, "wx", 0o600);
  try {
    for await (const chunk of body instanceof Readable ? body : [body]) {
      hash.update(chunk);
      await handle.writeFile(chunk); // on a handle it goes on where the last one ended
    }
    await handle.sync();
    return { stats: await handle.stat({ bigint: true }), sha256: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}

/** Makes a finished file the only version of an object. */
async function publish(temporary: string, file: string, stats: BigIntStats, facts: Facts): Promise<void> {
  const folder = dirname(file);
  let replaced: BigIntStats | undefined;
  for (let tries = 0; ; tries++) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      replaced = await statsOf(file);
      await writeFacts(file, stats, facts);
      await rename(temporary, file); // does nothing where both names are links to the same version already
      break;
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || tries >= 3) throw error; // the folder was empty just now, and was removed
    }
  }
  if (replaced && !sameVersion(replaced, stats)) await removeFacts(file, replaced);
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

async function hardLinked(source: string, target: string): Promise<BigIntStats | undefined | "impossible"> {
  try {
    await link(source, target);
    return await statsOf(target);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined; // removed meanwhile
    if (/^(EPERM|EXDEV|EMLINK|ENOTSUP|EOPNOTSUPP|ENOSYS|EACCES)$/.test(codeOf(error))) return "impossible";
    throw error;
  }
}

async function* keysBelow(dir: string, folder: string): AsyncGenerator<string> {
  const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch((error) => {
    if (/^(ENOENT|ENOTDIR)$/.test(codeOf(error))) return [];
    throw error;
  });
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const key = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* keysBelow(dir, key);
    else if (entry.isFile()) yield key;
  }
}

/** Every folder that objects can be in. */
async function* foldersBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    if (codeOf(error) === "ENOENT") return []; // removed meanwhile
    throw error;
  });
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
    yield join(folder, entry.name);
    yield* foldersBelow(join(folder, entry.name));
  }
}

/** Removes the unfinished files that were not written to since a time (ms since 1970). */
async function sweep(temporaryDir: string, before: number): Promise<void> {
  const names = await readdir(temporaryDir).catch((error) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const file = join(temporaryDir, name);
    const stats = await statsOf(file);
    if (stats && Number(stats.mtimeMs) < before) await rm(file, { force: true });
  }
}

import { createHash, randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { codeOf, type Facts, forPeople, openObject } from "./disk-object.ts";
import type { ArrivedPart, ArtifactStore } from "./store.ts";

interface DiskPartsOptions {
  /** The file of a key. */
  fileOf(key: string): string;
  store(): Pick<ArtifactStore, "put" | "head" | "signPut" | "delete">;
  /** Makes a finished file the only version of an object. */
  publish(temporary: string, file: string, stats: BigIntStats, facts: Facts): Promise<void>;
}

const PART_TYPE = "application/octet-stream";
/** Its facts say of what type the object will be. */
const BEGUN = "begun";
const PART = /^\d{5}$/;
/** The first part, to which the others are being added: its own size and hash are in its name. */
const JOINING = /^joining-(\d{1,15})-([0-9a-f]{64})$/;
/** Ids of uploads; others may be of another store. */
const OURS = /^[0-9a-f-]{36}$/;
const nameOf = (part: number) => String(part).padStart(5, "0");
const noUpload = () => new KangKlipError("UPLOAD_FAILED", "There is no such upload in parts");
const misfit = () =>
  new KangKlipError("UPLOAD_FAILED", "The parts that were uploaded do not make up the artifact");

/**
 * Uploads in parts in a folder: each part is an object of its own, in a folder beside the object to come. They are joined by writing all
 * but the first behind the first one, each to its place, so that doing it again after a kill, or by two processes at once, ends with the
 * same file; the parts go when the whole is visible.
 */
export function createDiskParts({ fileOf, store, publish }: DiskPartsOptions) {
  const folderOf = (key: string, uploadId: string) => `${key}.parts/${uploadId}`;
  const joining = new Map<string, Promise<void>>();

  async function joined(key: string, uploadId: string, etags: readonly string[]): Promise<void> {
    const folder = folderOf(key, uploadId);
    const done = async () => (await store().head(key)) !== undefined;
    const begun = await store().head(`${folder}/${BEGUN}`);
    if (!begun) {
      if (await done()) return; // done before, and the answer was lost
      throw noUpload();
    }
    const arrived = await partsIn(fileOf(folder));
    const fits =
      etags.length > 0 && etags.every((etag, index) => arrived.get(index + 1)?.etag === unquoted(etag));
    if (fits) await join1(key, folder, arrived, etags.length, begun.contentType);
    else if (arrived.has(1) || !(await done())) throw misfit(); // without the first part: it was killed before it tidied up
    await store().delete(`${folder}/`);
  }

  async function join1(
    key: string,
    folder: string,
    arrived: ReadonlyMap<number, FoundPart>,
    count: number,
    contentType: string,
  ): Promise<void> {
    const [dir, first] = [fileOf(folder), arrived.get(1)];
    if (!first) throw misfit();
    const target = join(dir, `joining-${first.sizeBytes}-${first.etag}`);
    try {
      if (first.file !== target) {
        // older than this first part
        for (const name of await readdir(dir))
          if (JOINING.test(name)) await rm(join(dir, name), { force: true });
        await rename(first.file, target);
      }
      const handle = await open(target, "r+");
      try {
        const hash = createHash("sha256");
        let at = await addTo(hash, handle, first.sizeBytes);
        for (let part = 2; part <= count; part++)
          at = await append({ handle, hash, at }, arrived.get(part)?.file ?? "");
        await handle.truncate(at); // what an earlier try may have left behind it
        await handle.sync();
        const facts = { sha256: hash.digest("hex"), content_type: contentType };
        await publish(target, fileOf(key), await handle.stat({ bigint: true }), facts);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw forPeople(error);
      // another process was faster, or somebody has dropped it
      if (!(await store().head(key))) throw noUpload();
    }
  }

  return {
    async beginParts(key: string, { contentType }: { contentType: string }): Promise<string> {
      const uploadId = randomUUID();
      await store().put(`${folderOf(key, uploadId)}/${BEGUN}`, "", { contentType });
      return uploadId;
    },

    signPart: async (
      key: string,
      uploadId: string,
      { part, ...signed }: Parameters<ArtifactStore["signPart"]>[2],
    ): Promise<string> => {
      const options = { ...signed, contentType: PART_TYPE };
      return (await store().signPut(`${folderOf(key, uploadId)}/${nameOf(part)}`, options)).url;
    },

    async arrivedParts(key: string, uploadId: string): Promise<ArrivedPart[] | undefined> {
      if (!OURS.test(uploadId)) return undefined;
      const folder = folderOf(key, uploadId);
      if (!(await store().head(`${folder}/${BEGUN}`))) return undefined;
      const arrived = [...(await partsIn(fileOf(folder)))].toSorted(([a], [b]) => a - b);
      return arrived.map(([part, { sizeBytes, etag }]) => ({ part, sizeBytes, etag }));
    },

    /** One at a time in this process: the others are answered by the first. */
    async completeParts(key: string, uploadId: string, etags: string[]): Promise<void> {
      if (!OURS.test(uploadId)) throw noUpload();
      const folder = folderOf(key, uploadId);
      const work = joining.get(folder) ?? joined(key, uploadId, etags);
      joining.set(folder, work);
      await work.finally(() => joining.delete(folder));
    },
  };
}

interface FoundPart {
  file: string;
  sizeBytes: number;
  etag: string;
}

async function partsIn(dir: string): Promise<Map<number, FoundPart>> {
  const names = await readdir(dir).catch((error) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const found = new Map<number, FoundPart>();
  for (const name of names.toSorted()) {
    const file = join(dir, name);
    const [, size, etag] = JOINING.exec(name) ?? [];
    // a first part that was sent again counts more than the one that others were already added to
    if (size !== undefined && etag !== undefined && !found.has(1))
      found.set(1, { file, sizeBytes: Number(size), etag });
    if (!PART.test(name)) continue;
    const object = await openObject(file);
    await object?.handle.close();
    if (object)
      found.set(Number(name), { file, sizeBytes: Number(object.stats.size), etag: object.facts.sha256 });
  }
  return found;
}

/** Takes the first bytes of a file into a hash. @returns how many there are */
async function addTo(
  hash: ReturnType<typeof createHash>,
  handle: FileHandle,
  bytes: number,
): Promise<number> {
  let read = 0;
  if (bytes > 0)
    for await (const chunk of handle.createReadStream({ start: 0, end: bytes - 1, autoClose: false })) {
      hash.update(chunk);
      read += chunk.length;
    }
  if (read !== bytes) throw misfit();
  return read;
}

/** Writes a part to its place. @returns where the next one goes */
async function append(
  { handle, hash, at }: { handle: FileHandle; hash: ReturnType<typeof createHash>; at: number },
  file: string,
): Promise<number> {
  const part = await open(file, "r");
  let place = at;
  try {
    for await (const chunk of part.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      for (let done = 0; done < chunk.length; )
        done += (await handle.write(chunk, done, chunk.length - done, place + done)).bytesWritten;
      place += chunk.length;
    }
  } finally {
    await part.close();
  }
  return place;
}

const unquoted = (etag: string) => etag.replaceAll('"', "");

import { rm, statfs } from "node:fs/promises";
import { KangKlipError } from "@kangklip/contract";
import type { Fetcher, Opened } from "../fetch/fetcher.ts";
import { fetchRanged, type Ranged } from "../fetch/need/by-ranges.ts";
import { NotByNeed } from "../fetch/need/mp4-boxes.ts";
import { SourceChanged } from "../fetch/need/range-address.ts";
import { downloaded } from "../fetch/progress.ts";
import { saveTo } from "../fetch/save.ts";
import { type Validators, validatorsOf } from "../fetch/validators.ts";
import type { StageContext } from "../stage.ts";

/** Smaller ones are here as a whole before parts of them would be. */
export const BY_NEED_FROM_BYTES = 64e6;

/** Free space that a file needs, in times its size (reliability reference, F41). */
const ROOM = 3;

interface FetchedFile {
  sha256: string;
  /** By what one sees whether it is still the same; null: by nothing that is known. */
  validators: Validators | null;
  parts?: Ranged & { way: "ranges" };
  /** In one sentence; null where only parts were fetched. */
  whyWhole: string | null;
}

/** A media file, by ranges where that can be done and is worth it, else as a whole. */
export async function fetchFile(
  context: StageContext,
  fetcher: Fetcher,
  first: Opened,
  wanted: {
    file: string;
    address: string;
    byNeedFromBytes: number;
    soundWithinMs: number | undefined;
    isMp4: boolean;
  },
): Promise<FetchedFile> {
  const { file, address, byNeedFromBytes, soundWithinMs, isMp4 } = wanted;
  const validators = validatorsOf(first);
  const { length: size } = validators;
  let opened: Opened | undefined = first;
  let why: string | null = null;
  if (size !== null && size < byNeedFromBytes)
    why = `it has less than ${Math.round(byNeedFromBytes / 1e6)} MB`;
  else if (!isMp4) why = "only MP4 and MOV files are fetched by ranges";
  else if (first.status !== 206) why = "the server does not give ranges of it";
  for (let tries = 0; why === null && tries < MOST_STARTS; tries++)
    try {
      const parts = await fetchRanged(context, fetcher, {
        ...{ address, path: file, first: opened, soundWithinMs },
        checkRoom: (bytes) => checkRoom(context, bytes),
      });
      const { sha256 } = parts;
      return { sha256, validators: parts.validators, parts: { ...parts, way: "ranges" }, whyWhole: null };
    } catch (error) {
      await rm(file, { force: true });
      opened = undefined;
      if (error instanceof NotByNeed) why = error.message;
      else if (!(error instanceof SourceChanged)) throw error;
      context.log("fetch.not_by_need", { why: String(error) });
    }
  if (size !== null && size <= context.job.fetch_policy.max_bytes)
    // else it is too large anyway
    await checkRoom(context, size).catch((error) => {
      opened?.cancel();
      throw error;
    });
  const { sha256 } = await saveTo(fetcher, file, { address, ...(opened && { opened }) }, (received, total) =>
    context.progress(...downloaded(received, total)),
  );
  return {
    ...{ sha256, validators: why === null ? null : validators },
    whyWhole: `The whole was fetched: ${why ?? "it changed while parts of it were being read"}.`,
  };
}

/** A video that becomes another one meanwhile is begun anew once. */
const MOST_STARTS = 2;

/**
 * The source, its sound and the clips: a job takes up to three times the file's size. What is kept of other jobs makes way.
 * @throws KangKlipError DISK_FULL
 */
export async function checkRoom({ dir, freeUp }: StageContext, fileBytes: number): Promise<void> {
  const needed = ROOM * fileBytes;
  const before = await statfs(dir);
  if (needed > before.bavail * before.bsize) await freeUp?.(needed);
  const { bavail, bsize } = await statfs(dir);
  if (!(needed > bavail * bsize)) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new KangKlipError(
    "DISK_FULL",
    `A video of ${megabytes(fileBytes)} needs ${megabytes(needed)} while it is worked on, but only ${megabytes(bavail * bsize)} are free`,
  );
}

/** Of an answer with a part of it as if it had been the whole. */
export function keptHeaders(answer: Opened) {
  const { length } = validatorsOf(answer);
  const headers: Opened["headers"] = {
    ...answer.headers,
    ...(length !== null && { "content-length": `${length}` }),
  };
  return Object.fromEntries(
    ["content-type", "content-length", "last-modified", "etag"]
      .filter((name) => headers[name] !== undefined)
      .map((name) => [name, headers[name]]),
  );
}

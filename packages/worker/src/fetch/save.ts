import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { Interrupted, StatusError } from "./failure.ts";
import type { Fetcher, Opened } from "./fetcher.ts";

/** Bytes `start` to `start + length - 1` of a remote file. */
export interface ByteRange {
  start: number;
  length: number;
}

export interface Wanted {
  address: string;
  /** Undefined or null: the whole file. */
  range?: ByteRange | null;
  /** An answer that has already begun to arrive; used for the first try. One with a first part is gone on from there. */
  opened?: Opened;
}

/** Called for every piece: bytes so far, and how many there will be (null where the server does not say). */
export type OnBytes = (received: number, total: number | null) => void;

/** Left free for what the later stages write. */
const SPARE_BYTES = 256 << 20;

/**
 * Fetches one address into `file`. A cut connection goes on where it stopped when the server can (Range with If-Range, the
 * same ETag, the same length), else from the start. Nothing is left behind on failure.
 * @returns size in bytes and sha256 of what was written.
 * @throws KangKlipError SOURCE_* as in failure.ts, SOURCE_TOO_LARGE, DISK_FULL; or the abort's reason.
 */
export async function saveTo(
  fetcher: Fetcher,
  file: string,
  { address, range = null, opened: first }: Wanted,
  onBytes: OnBytes = () => {},
): Promise<{ sizeBytes: number; sha256: string }> {
  const part = join(dirname(file), `.part-${basename(file)}`);
  const start = range?.start ?? 0;
  let next = first;
  let received = 0;
  let furthest = 0;
  let total = range?.length ?? null;
  let validator: string | null = null;
  let hash = createHash("sha256");

  const startOver = async (handle: FileHandle) => {
    fetcher.charge(-received);
    received = 0;
    hash = createHash("sha256");
    await handle.truncate(0);
  };
  const ask = (at = address): Promise<Opened> => {
    const from = start + received;
    const until = range ? start + range.length - 1 : "";
    const resume = received > 0 && validator ? { "if-range": validator } : {};
    return fetcher.open(at, range || received > 0 ? { range: `bytes=${from}-${until}`, ...resume } : {});
  };

  const attempt = async (handle: FileHandle) => {
    if (received > 0 && !validator) await startOver(handle);
    const begun = next;
    const answer =
      begun ??
      (await ask().catch((cause) => {
        if (cause instanceof StatusError && cause.status === 416) validator = null; // the file has become another one
        throw cause;
      }));
    next = undefined;
    const found = stretchOf(answer);
    try {
      if (
        received > 0 &&
        !goesOn(answer, found, { from: start + received, total, start, range, validator })
      ) {
        validator = null;
        await startOver(handle);
      }
      if (found.start !== start + received) throw misplaced(answer, range);
      total = range?.length ?? found.total ?? (received > 0 ? total : null);
      validator = validatorOf(answer);
      if (total !== null) {
        fetcher.reserve(total - received);
        await checkSpace(part, total - received);
      }
      for await (const chunk of answer.body) {
        const wanted = total === null ? chunk : chunk.subarray(0, total - received);
        fetcher.charge(wanted.length);
        await writeAll(handle, wanted, received);
        hash.update(wanted);
        received += wanted.length;
        furthest = Math.max(furthest, received);
        onBytes(received, total);
        if (wanted.length < chunk.length || (range && received === total)) break;
      }
    } finally {
      answer.cancel();
    }
    if (begun && total !== null && received === found.end && received < total) {
      // the first part was all that it was: on from where it was found, and where that does not answer any more as after a cut
      if (validator) next = await ask(answer.url.href).catch(() => undefined);
      return attempt(handle);
    }
    if (total !== null && received < total) throw new Interrupted(`${received} of ${total} bytes`);
  };

  const handle = await open(part, "w");
  try {
    let mark = 0;
    await fetcher.retrying(
      address,
      () => attempt(handle),
      () => {
        const gained = furthest > mark;
        mark = furthest;
        return gained;
      },
    );
    await handle.close();
    await rename(part, file);
    return { sizeBytes: received, sha256: hash.digest("hex") };
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
}

/** Which bytes an answer holds (`end` is the first one that it does not, null: not known) and how long the whole file is. */
function stretchOf({ status, headers }: Opened): { start: number; end: number | null; total: number | null } {
  const [, from, last, whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (status === 206)
    return {
      start: from === undefined ? Number.NaN : Number(from),
      end: Number(last) + 1,
      total: numberOf(whole),
    };
  const total = numberOf(headers["content-length"]);
  return { start: 0, end: total, total };
}

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;

function goesOn(
  answer: Opened,
  found: { start: number; total: number | null },
  so: {
    from: number;
    start: number;
    total: number | null;
    range: ByteRange | null;
    validator: string | null;
  },
): boolean {
  if (answer.status !== 206 || found.start !== so.from) return false;
  if (!so.range && so.total !== null && found.total !== null && found.total !== so.total) return false;
  return validatorOf(answer) === so.validator;
}

/** What If-Range may hold: a strong ETag, else the date of the last change (RFC 9110, 13.1.5). */
function validatorOf({ headers }: Opened): string | null {
  const { etag, "last-modified": date } = headers;
  return etag && !etag.startsWith("W/") ? etag : (date ?? null);
}

function misplaced(answer: Opened, range: ByteRange | null): Error {
  if (answer.status === 206 && !range) return new Interrupted("another range than the one asked for");
  return new KangKlipError(
    "SOURCE_UNSUPPORTED",
    `${answer.url.hostname} does not give the byte ranges that its own playlist names`,
  );
}

async function checkSpace(path: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < neededBytes + SPARE_BYTES)
    throw new KangKlipError(
      "DISK_FULL",
      `The video needs ${Math.ceil(neededBytes / 1e6)} MB, but only ${Math.floor((bavail * bsize) / 1e6)} MB are free`,
    );
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

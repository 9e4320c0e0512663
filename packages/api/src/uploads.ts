import {
  type CompleteUploadInput,
  type CreatedUpload,
  type CreateUpload,
  KangKlipError,
  type UploadId,
  type UploadParts,
} from "@kangklip/contract";
import { ulid } from "ulid";
import { z } from "zod";
import type { ArrivedPart, ArtifactStore } from "./artifacts/store.ts";
import type { JobSource } from "./jobs/job.ts";
import type { JobStore } from "./jobs/store.ts";
import { same, uploadToken } from "./jobs/tokens.ts";

export type Uploads = ReturnType<typeof createUploads>;

const Kept = z.object({ filename: z.string(), size_bytes: z.int() });
type Kept = z.infer<typeof Kept>;
/** Whoever has an upload's token. */
type OfUpload = z.infer<typeof CompleteUploadInput>;

const LINK_SECONDS = 6 * 3600;
/** A fresh link for a part can be had at any time. */
const PART_LINK_SECONDS = 3600;
const KEEP_MS = 24 * 3_600_000;
const TYPE = { contentType: "application/octet-stream" };

const MIB = 1 << 20;
/** A part is sent again as a whole where its connection broke: 8 MiB are 7 s at 10 Mbit/s. S3 wants 5 MiB or more, and takes 10,000 parts. */
const PART_BYTES = 8 * MIB;
const MOST_PARTS = 2000;
const MOST_LINKS = 200;

/** How a file of this many bytes is cut. Pure. */
export function partsOf(sizeBytes: number): { partBytes: number; sizes: number[] } {
  const partBytes = Math.max(PART_BYTES, Math.ceil(sizeBytes / MOST_PARTS / MIB) * MIB);
  const count = Math.ceil(sizeBytes / partBytes);
  const sizeOf = (index: number) => Math.min(partBytes, sizeBytes - index * partBytes);
  return { partBytes, sizes: Array.from({ length: count }, (_, index) => sizeOf(index)) };
}

/**
 * Videos that people bring themselves: a link to put the file to, or links to put its parts to, then a source for a job. `keepMs`: for
 * how long a job can be made of it; retention.ts removes it some time later.
 */
export function createUploads(options: {
  store: JobStore;
  artifacts: ArtifactStore;
  secret: Buffer;
  maxBytes: number;
  keepMs?: number;
}) {
  const { store, artifacts, secret, maxBytes, keepMs = KEEP_MS } = options;
  const secondsWithin = (seconds: number) => Math.min(seconds, Math.floor(keepMs / 1000));
  const keyOf = (id: UploadId) => `uploads/${id}/source`;
  const noteOf = (id: UploadId) => `upload:${id}`;
  const partsNoteOf = (id: UploadId) => `upload-parts:${id}`;

  /** @throws KangKlipError NOT_FOUND */
  async function keptOf(id: UploadId): Promise<Kept> {
    const text = await store.recall(noteOf(id));
    if (!text) throw new KangKlipError("NOT_FOUND", "upload not found");
    return Kept.parse(JSON.parse(text));
  }

  /** @throws KangKlipError UNAUTHORIZED */
  function mustBeTheirs({ upload_id, upload_token }: OfUpload): void {
    if (!same(upload_token, uploadToken(secret, upload_id)))
      throw new KangKlipError("UNAUTHORIZED", "invalid upload token");
  }

  const isWhole = async (id: UploadId, { size_bytes }: Kept) =>
    (await artifacts.head(keyOf(id)))?.sizeBytes === size_bytes;

  /** The upload in parts that has begun; undefined where none has, or the store has given it up. */
  async function begun(id: UploadId): Promise<{ partsId: string; arrived: ArrivedPart[] } | undefined> {
    const partsId = await store.recall(partsNoteOf(id));
    const arrived = partsId && (await artifacts.arrivedParts(keyOf(id), partsId));
    return partsId && arrived ? { partsId, arrived } : undefined;
  }

  async function begin(id: UploadId): Promise<string> {
    const before = await store.recall(partsNoteOf(id));
    const fresh = await artifacts.beginParts(keyOf(id), TYPE);
    if (before) await store.note(partsNoteOf(id), fresh, keepMs);
    else if (!(await store.remember(partsNoteOf(id), fresh, keepMs)))
      return (await store.recall(partsNoteOf(id))) ?? fresh; // another request was faster: its parts count
    return fresh;
  }

  return {
    /** @throws KangKlipError SOURCE_TOO_LARGE */
    async create({ filename, size_bytes }: z.infer<typeof CreateUpload>): Promise<CreatedUpload> {
      if (size_bytes > maxBytes)
        throw new KangKlipError(
          "SOURCE_TOO_LARGE",
          `The file has ${(size_bytes / 1e9).toFixed(1)} GB; ${(maxBytes / 1e9).toFixed(1)} GB is the most`,
        );
      const id = `up_${ulid()}`;
      await store.note(noteOf(id), JSON.stringify({ filename, size_bytes }), keepMs);
      const expiresSeconds = secondsWithin(LINK_SECONDS);
      const { url } = await artifacts.signPut(keyOf(id), { expiresSeconds, sizeBytes: size_bytes, ...TYPE });
      return {
        upload_id: id,
        put_url: url,
        expires_in: expiresSeconds,
        upload_token: uploadToken(secret, id),
      };
    },

    /**
     * What has arrived of a file that is sent in parts, and links for the first that are missing.
     * @throws KangKlipError UNAUTHORIZED, NOT_FOUND
     */
    async parts(of: OfUpload): Promise<UploadParts> {
      mustBeTheirs(of);
      const id = of.upload_id;
      const kept = await keptOf(id);
      const { partBytes, sizes } = partsOf(kept.size_bytes);
      const all = sizes.map((_, index) => index + 1);
      const plan = { size_bytes: kept.size_bytes, part_bytes: partBytes, parts: sizes.length };
      const whole: UploadParts = { ...plan, arrived: all, missing: [], complete: true };
      if (await isWhole(id, kept)) return whole;
      const found = await begun(id);
      if (!found && (await isWhole(id, kept))) return whole; // another request has just made it: nothing is to be sent anew
      const { partsId, arrived } = found ?? { partsId: await begin(id), arrived: [] };
      const there = present(arrived, sizes);
      const missing = all.filter((part) => !there.has(part)).slice(0, MOST_LINKS);
      const expiresSeconds = secondsWithin(PART_LINK_SECONDS);
      const linked = missing.map(async (part) => {
        const sizeBytes = sizes[part - 1] ?? 0;
        const put_url = await artifacts.signPart(keyOf(id), partsId, { part, sizeBytes, expiresSeconds });
        return { part, size_bytes: sizeBytes, put_url };
      });
      return { ...plan, arrived: [...there.keys()], missing: await Promise.all(linked), complete: false };
    },

    /**
     * Makes the file of its parts; doing it again, or twice at once, is harmless.
     * @throws KangKlipError UNAUTHORIZED, NOT_FOUND, CONFLICT that names the parts that are missing: none of the others is lost
     */
    async complete(of: OfUpload): Promise<{ ok: true }> {
      mustBeTheirs(of);
      const id = of.upload_id;
      const kept = await keptOf(id);
      if (await isWhole(id, kept)) return { ok: true };
      const { sizes } = partsOf(kept.size_bytes);
      const found = await begun(id);
      if (!found && (await isWhole(id, kept))) return { ok: true }; // another request has just done it
      const there = present(found?.arrived ?? [], sizes);
      const missing = sizes.flatMap((_, index) => (there.has(index + 1) ? [] : [index + 1]));
      if (!found || missing.length > 0) throw incomplete(missing, sizes.length);
      const etags = sizes.map((_, index) => there.get(index + 1) ?? "");
      await artifacts.completeParts(keyOf(id), found.partsId, etags);
      if (await isWhole(id, kept)) return { ok: true };
      throw new KangKlipError("UPLOAD_FAILED", "The parts that were uploaded do not make up the file");
    },

    /**
     * Removes the file, or what has arrived of it; doing it again is harmless.
     * @throws KangKlipError UNAUTHORIZED, CONFLICT while a job is being made of it
     */
    async drop(of: OfUpload): Promise<{ ok: true }> {
      mustBeTheirs(of);
      const id = of.upload_id;
      for (const job of await store.active()) {
        const source = (await store.get(job))?.job.source;
        if (source?.kind === "upload" && source.upload_id === id)
          throw new KangKlipError("CONFLICT", "A job is being made of this file: cancel it first");
      }
      await store.take(noteOf(id));
      await store.take(partsNoteOf(id));
      await artifacts.delete(`uploads/${id}/`);
      return { ok: true };
    },

    /** The source for a job. @throws KangKlipError NOT_FOUND, or CONFLICT while the file is not there yet */
    async finished(id: UploadId): Promise<JobSource> {
      const kept = await keptOf(id);
      if (!(await isWhole(id, kept)))
        throw new KangKlipError(
          "CONFLICT",
          "The upload is not complete: send the file to its put_url, or all of its parts, first",
        );
      return { kind: "upload", upload_id: id, filename: kept.filename };
    },

    /** A link from which the worker reads the file. */
    link: (id: UploadId, expiresSeconds: number) => artifacts.signGet(keyOf(id), { expiresSeconds }),
  };
}

/** ETags of the parts that are there and as long as they should be, by their numbers, in order. Pure. */
function present(arrived: readonly ArrivedPart[], sizes: readonly number[]): Map<number, string> {
  const right = arrived.filter(({ part, sizeBytes }) => sizes[part - 1] === sizeBytes);
  return new Map(right.map(({ part, etag }) => [part, etag]));
}

function incomplete(missing: readonly number[], count: number): KangKlipError {
  const text = `${missing.length === 1 ? "Part" : "Parts"} ${runsOf(missing)} of ${count} ${missing.length === 1 ? "is" : "are"} missing`;
  return new KangKlipError("CONFLICT", `${text}: send what is missing, then complete the upload again`);
}

const MOST_RUNS = 20;
/** "2, 5 to 9 and 12", at most 20 of them. Pure. */
export function runsOf(numbers: readonly number[]): string {
  const runs: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const told = runs.slice(0, MOST_RUNS).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  const rest = runs.length - told.length;
  const [last = "", ...before] = [...told, ...(rest > 0 ? [`${rest} more`] : [])].toReversed();
  return before.length > 0 ? `${before.toReversed().join(", ")} and ${last}` : last;
}

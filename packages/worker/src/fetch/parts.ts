import { createDecipheriv } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { KangKlipError } from "@kangklip/contract";
import type { Fetcher } from "./fetcher.ts";
import { type ByteRange, saveTo } from "./save.ts";

/** A piece of a stream: one request. Addresses are absolute; the fetcher checks them. */
export interface Part {
  address: string;
  range: ByteRange | null;
  /** AES-128-CBC over the whole piece; the key is behind an address of its own. */
  key: { address: string; iv: Buffer } | null;
  /** What it is, where its address changes from one look to the next; left out: the address says it. */
  name?: string;
}

/** Pieces that make one readable file when joined; a new run begins where times or codecs jump. */
export interface Run {
  parts: Part[];
  /** 0: unknown. */
  durationSeconds: number;
  /** How long each piece plays, seconds; null: a header. Left out: the list does not say. */
  lengths?: (number | null)[];
  /** Where in its one piece, a whole file, the header lies and the index (`sidx`) that says the rest. */
  index?: { header: ByteRange; index: ByteRange };
}

/** The picture or the sound of a stream. */
export interface Track {
  runs: Run[];
  /** Media time, seconds, at which the presentation begins (DASH's presentationTimeOffset). */
  offsetSeconds: number;
  /** Bits per second, as the list says; 0 or left out: unknown. */
  bandwidth?: number;
}

/** What to fetch of a stream: made from HLS and DASH alike. */
export interface StreamPlan {
  way: "hls" | "dash";
  video: Track;
  /** Null: the sound is in the picture's pieces, or there is none. */
  audio: Track | null;
  /** WebVTT pieces in order. */
  captions: { parts: Part[]; language: string | null } | null;
  /** 0: unknown. */
  durationSeconds: number;
  height: number | null;
  codecs: string | null;
}

/** 50 000 pieces of 2 s are more than a day. */
export const MAX_PARTS = 50_000;
const IN_PARALLEL = 4;

/** Works on up to `limit` items at once and gives the results in the items' order. */
export async function* inOrder<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for (const [index, item] of items.entries()) {
    const result = work(item, index);
    result.catch(() => {}); // looked at when its turn comes
    running.push(result);
    if (running.length >= limit) yield (await running.shift()) as R;
  }
  for (const result of running) yield await result;
}

/**
 * Fetches pieces, four at a time, and joins them in order into `file`. The first failure stops the others.
 * `onMore(bytes, pieces)` is told how much more there is, in bytes and in (parts of) pieces; both may be negative after a restart.
 * @throws KangKlipError as `saveTo` does, SOURCE_UNREADABLE for a piece that cannot be decrypted.
 */
export async function joinParts(
  fetcher: Fetcher,
  parts: readonly Part[],
  file: string,
  onMore: (bytes: number, pieces: number) => void,
): Promise<void> {
  await writeFile(file, "");
  for await (const { append } of savedParts(fetcher, parts, file, onMore)) await append(file);
}

/**
 * Fetches pieces, four at a time, into files beside `file`, and gives them in order: `append` puts one, decrypted, at the end of a file
 * and removes it. The first failure stops the others, and so does whoever breaks off.
 * @throws as `joinParts`, and so does `append`
 */
export async function* savedParts(
  fetcher: Fetcher,
  parts: readonly Part[],
  file: string,
  onMore: (bytes: number, pieces: number) => void,
): AsyncGenerator<{ index: number; append: (to: string) => Promise<void> }> {
  const stop = new AbortController();
  const inner = fetcher.until(stop.signal);
  const keys = new Map<string, Promise<Buffer>>();
  const keyAt = (address: string) => {
    const known = keys.get(address) ?? keyFrom(inner, address);
    keys.set(address, known);
    return known;
  };
  const started: Promise<unknown>[] = [];
  let isDone = false;
  try {
    const saved = inOrder(parts, IN_PARALLEL, (part, index) => {
      let before = 0;
      let shareBefore = 0;
      const piece = `${file}.${index}`;
      const more = (received: number, share: number) => {
        onMore(received - before, share - shareBefore);
        before = received;
        shareBefore = share;
      };
      const work = saveTo(inner, piece, part, (received, total) =>
        more(received, total ? received / total : 0),
      ).then(({ sizeBytes }) => {
        more(sizeBytes, 1);
        return { piece, part, index };
      });
      started.push(work);
      return work;
    });
    for await (const { piece, part, index } of saved) {
      const clear = part.key
        ? [createDecipheriv("aes-128-cbc", await keyAt(part.key.address), part.key.iv)]
        : [];
      const append = async (to: string) => {
        await pipeline([createReadStream(piece), ...clear, createWriteStream(to, { flags: "a" })]).catch(
          (cause) => {
            throw String(cause.code).startsWith("ERR_OSSL")
              ? new KangKlipError("SOURCE_UNREADABLE", "A part of the stream cannot be decrypted", { cause })
              : cause;
          },
        );
        await rm(piece);
      };
      yield { index, append };
    }
    isDone = true;
  } finally {
    if (!isDone) {
      stop.abort();
      await Promise.allSettled(started);
    }
  }
}

async function keyFrom(fetcher: Fetcher, address: string): Promise<Buffer> {
  return fetcher.retrying(address, async () => {
    const opened = await fetcher.open(address);
    const chunks: Buffer[] = [];
    for await (const chunk of opened.body) {
      chunks.push(chunk);
      if (chunks.reduce((sum, { length }) => sum + length, 0) > 16) break;
    }
    const key = Buffer.concat(chunks);
    if (key.length !== 16)
      throw new KangKlipError(
        "SOURCE_UNREADABLE",
        `The stream's key from ${opened.url.hostname} is not 16 bytes long`,
      );
    return key;
  });
}

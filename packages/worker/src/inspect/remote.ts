import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { failureOf, StatusError } from "../fetch/failure.ts";
import type { Fetcher, Opened } from "../fetch/fetcher.ts";

/** Most that is read from outside for one look. */
const MOST_BYTES = 8_000_000;
/** A wait before the one other try. */
const AGAIN_MS = 300;

/** There is more to read than may be read for a look. A job may. */
export class TooMuch extends Error {
  override readonly name = "TooMuch";
}

/** The first bytes of what an address gives, and how to have others. */
export interface Remote {
  url: URL;
  headers: Opened["headers"];
  /** Bytes of the whole; null where the server does not say. */
  total: number | null;
  /** What is there of the beginning. */
  head(): Buffer;
  /** Whether `read` works. */
  hasRanges: boolean;
  /** More of the beginning, up to that many bytes in all, or to its end. */
  more(bytes: number): Promise<Buffer>;
  /** Some bytes from anywhere; fewer where the file ends. @throws TooMuch */
  read(start: number, length: number): Promise<Buffer>;
  close(): void;
}

/** What may still be read. */
export const left = (fetcher: Fetcher) => Math.max(0, MOST_BYTES - fetcher.wireBytes());

/** Asks an address for its first bytes. @throws KangKlipError as `failureOf` */
export async function openRemote(fetcher: Fetcher, address: string, headBytes: number): Promise<Remote> {
  const first = await opened(fetcher, address, { range: `bytes=0-${headBytes - 1}` });
  const hasRanges = first.status === 206;
  const total = hasRanges
    ? numberIn(/^bytes 0-\d+\/(\d+)$/.exec(first.headers["content-range"] ?? "")?.[1])
    : numberIn(first.headers["content-length"]);
  const chunks = first.body[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let isOver = false;
  const fill = async (bytes: number) => {
    while (!isOver && head.length < bytes && left(fetcher) > 0) {
      const { done, value } = await chunks.next();
      if (done) isOver = true;
      else head = Buffer.concat([head, value]);
    }
  };
  const host = first.url.hostname;
  await told(host, () => fill(headBytes)).catch((error) => {
    first.cancel();
    throw error;
  });
  if (hasRanges) first.cancel(); // the rest of the head is over anyway

  const read: Remote["read"] = async (start, length) => {
    if (length > left(fetcher)) throw new TooMuch(`${length} bytes more`);
    const answer = await opened(fetcher, first.url.href, { range: `bytes=${start}-${start + length - 1}` });
    try {
      if (answer.status !== 206 || !answer.headers["content-range"]?.startsWith(`bytes ${start}-`))
        throw new TooMuch("it gives no ranges after all");
      return await told(host, () => firstOf(answer, length));
    } finally {
      answer.cancel();
    }
  };
  return {
    ...{ url: first.url, headers: first.headers, total, hasRanges, read, head: () => head },
    async more(bytes) {
      if (bytes <= head.length || (total !== null && head.length >= total)) return head;
      if (hasRanges) {
        const wanted = Math.min(Math.min(bytes, total ?? bytes) - head.length, left(fetcher));
        if (wanted > 0) head = Buffer.concat([head, await read(head.length, wanted)]);
      } else await told(host, () => fill(bytes));
      return head;
    },
    close: () => first.cancel(),
  };
}

/** One request, and another where that may help. @throws KangKlipError */
export async function opened(
  fetcher: Fetcher,
  address: string,
  headers: Record<string, string> = {},
): Promise<Opened> {
  const host = URL.canParse(address) ? new URL(address).hostname : "the address";
  for (let tries = 1; ; tries++) {
    try {
      return await fetcher.open(address, headers);
    } catch (cause) {
      // an empty file has no first byte
      if (cause instanceof StatusError && cause.status === 416 && headers.range)
        return opened(fetcher, address);
      const failure = failureOf(cause, host);
      if (!failure) throw cause;
      if (!failure.retry || tries > 1) throw failure.error;
      await sleep(AGAIN_MS);
    }
  }
}

/** The first bytes of an answer's body, at most so many. */
export async function firstOf(answer: Opened, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= bytes) break;
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

/** What breaks while bytes come, in words for people. */
async function told<T>(host: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw failureOf(cause, host)?.error ?? cause;
  }
}

const numberIn = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;

/** Puts bytes to their place in a local file. */
export async function place(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

import { writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { failureOf, Interrupted } from "../failure.ts";
import type { Fetcher, Opened } from "../fetcher.ts";
import { isSame, isStrong, type Validators, validatorsOf } from "../validators.ts";
import { NotByNeed } from "./mp4-boxes.ts";
import {
  boundaryOf,
  type Cost,
  costOf,
  LANES,
  mostBytesOf,
  NotTogether,
  partsOf,
  planned,
  rangesOf,
  requestBytesOf,
} from "./multi-range.ts";
import { type AddressOptions, createAddress, SourceChanged } from "./range-address.ts";
import { type FlatSpans, flat, joined, type Span, taken, unflat, without } from "./spans.ts";

/** The index of a short video is in it already. */
export const HEAD_BYTES = 64 * 1024;
/** A file system without holes has the full length on its disk at once; one with them, its tables at most. */
const MOST_FOR_HOLES = 16 << 20;

/** A file that is elsewhere, of which parts lie here, each in its own place; whoever reads asks for what they are going to read first. */
export type RangeFile = Awaited<ReturnType<typeof openRangeFile>>;

/** What is known of a file at its address: how long it is, and what its server says by which one sees that it is still the same. */
interface RangeFileFacts {
  sizeBytes: number;
  validators: Validators;
}

export interface RangeFileOptions extends AddressOptions {
  fetcher: Fetcher;
  /** Where its parts are put. The file has the full length from the start, and holes where nothing has been fetched. */
  path: string;
  /** The answer to a request for its first bytes, where one has been made. */
  first?: Opened | undefined;
  /** Of a file that was kept, whose parts lie at `path` already: nothing is asked until something else is wanted. */
  kept?: (RangeFileFacts & { spans: Span[] }) | undefined;
}

/** Told what each piece has brought, in bytes, and up to which byte of the file all that is wanted is here. */
export type OnMore = (bytes: number, upTo: number) => void;

/**
 * Opens it with one request for its first bytes.
 * @throws NotByNeed where the server gives no ranges, or does not say by what one would see that the file has become another one;
 * KangKlipError as `Fetcher.retrying`; the abort's reason
 */
export async function openRangeFile({ fetcher: given, path, first, kept, ...options }: RangeFileOptions) {
  const closed = new AbortController();
  const fetcher = given.until(closed.signal);
  let known: RangeFileFacts | undefined = kept && { sizeBytes: kept.sizeBytes, validators: kept.validators };
  const { now, ask, found, waitMs } = createAddress(options, first !== undefined);
  let opened = first;
  const have: FlatSpans = kept ? flat(joined(kept.spans, 0)) : [];
  /** Whether the server sends several ranges in one answer; undefined: nobody has asked. */
  let together: boolean | undefined;
  const running = new Set<Promise<unknown>>();
  const handle = await open(path, kept ? "r+" : "w+");

  async function readOne(span: Span, fetchedFrom: Fetcher): Promise<number> {
    const bytes = await read(span, fetchedFrom);
    await write(bytes, span[0]);
    return bytes.length;
  }

  /** The bytes of one span, exactly, of exactly the same file. */
  async function read([from, to]: Span, fetchedFrom: Fetcher): Promise<Buffer> {
    const bytes: Buffer[] = [];
    let received = 0;
    let furthest = 0;
    const attempt = async () => {
      const answer = opened ?? (await ask(`bytes=${from + received}-${to - 1}`, fetchedFrom));
      opened = undefined;
      try {
        check(answer, from + received);
        const end = Math.min(to, known?.sizeBytes ?? to);
        for await (const chunk of answer.body) {
          const wanted = chunk.subarray(0, end - from - received);
          fetchedFrom.charge(wanted.length);
          bytes.push(wanted);
          received += wanted.length;
          if (wanted.length < chunk.length) break; // more than was asked for; else its end is awaited, and the connection stays
        }
        if (received < end - from) throw new Interrupted(`${received} of ${end - from} bytes`);
      } finally {
        answer.cancel();
      }
    };
    await fetchedFrom.retrying(now(), attempt, () => {
      const gained = received > furthest;
      furthest = received;
      return gained;
    });
    return Buffer.concat(bytes);
  }

  /** Several spans by one request, written where they belong. @throws NotTogether */
  async function readMany(spans: readonly Span[], fetchedFrom: Fetcher): Promise<number> {
    return fetchedFrom.retrying(now(), async () => {
      const answer = await ask(rangesOf(spans), fetchedFrom);
      try {
        const boundary = boundaryOf(answer.headers["content-type"]);
        if (answer.status !== 206 || boundary === undefined) throw new NotTogether("one range at a time");
        const now = validatorsOf(answer);
        if (known && !isSame(known.validators, { ...now, length: known.validators.length }))
          throw new SourceChanged();
        found(answer);
        const chunks: Buffer[] = [];
        let received = 0;
        for await (const chunk of answer.body) {
          received += chunk.length;
          if (received > mostBytesOf(spans)) throw new NotTogether("more than was asked for");
          chunks.push(chunk);
        }
        let bytes = 0;
        for (const part of partsOf(Buffer.concat(chunks), boundary, factsIn(known).sizeBytes)) {
          await write(part.bytes, part.from);
          bytes += part.bytes.length;
        }
        fetchedFrom.charge(bytes);
        if (without(spans, have).length > 0) throw new NotTogether("less than was asked for");
        return bytes;
      } finally {
        answer.cancel();
      }
    });
  }

  function check(answer: Opened, from: number): void {
    const [, start, whole] =
      /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(answer.headers["content-range"] ?? "") ?? [];
    if (answer.status !== 206 || Number(start) !== from)
      throw new NotByNeed("the server does not give ranges of it");
    const now = validatorsOf(answer);
    if (known && (known.sizeBytes !== Number(whole) || !isSame(known.validators, now)))
      throw new SourceChanged();
    if (!isStrong(now)) throw new NotByNeed("the server does not say when it changes");
    known = { sizeBytes: Number(whole), validators: now };
    found(answer);
  }

  async function write(bytes: Buffer, at: number): Promise<void> {
    await writeAll(handle, bytes, at);
    taken(have, [at, at + bytes.length]);
  }

  const planOf = (wanted: readonly Span[], many = together !== false): Span[][] =>
    planned(
      without(joined(wanted, 0), have).map((span) => (span[1] > total ? [span[0], total] : span)),
      many,
      requestBytesOf(waitMs()),
    );

  /** Does work that `close` ends and waits for; a full disk is called that. */
  async function tracked<T>(work: Promise<T>): Promise<T> {
    running.add(work);
    try {
      return await work;
    } catch (error) {
      throw failureOf(error, "the disk")?.error ?? error;
    } finally {
      running.delete(work);
    }
  }

  async function fetchAll(plan: readonly Span[][], onMore: OnMore): Promise<void> {
    const queue = plan.entries();
    const isHere = plan.map(() => false);
    let front = 0; // the first request that has not been answered yet
    const stop = new AbortController();
    const inner = fetcher.until(stop.signal);
    const lane = async () => {
      for (const [index, spans] of queue) {
        const [span] = spans;
        if (!span) continue;
        const received = spans.length > 1 ? await readMany(spans, inner) : await readOne(span, inner);
        isHere[index] = true;
        while (isHere[front]) front++;
        onMore(received, plan[front]?.[0]?.[0] ?? Number.POSITIVE_INFINITY);
      }
    };
    const lanes = Array.from({ length: LANES }, lane);
    try {
      await Promise.all(lanes);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(lanes);
      throw error;
    }
  }

  async function ensure(wanted: readonly Span[], onMore: OnMore = () => {}): Promise<void> {
    await fetchAll(planOf(wanted), onMore).catch(async (error) => {
      if (!(error instanceof NotTogether)) throw error;
      together = false;
      await fetchAll(planOf(wanted), onMore);
    });
  }

  let total = 0;
  try {
    if (!known) {
      const head = await read([0, HEAD_BYTES], fetcher);
      await handle.truncate(factsIn(known).sizeBytes);
      if ((await handle.stat()).blocks * 512 > MOST_FOR_HOLES)
        throw new NotByNeed("the disk cannot hold a file with holes");
      await write(head, 0);
    }
    const facts = factsIn(known);
    total = facts.sizeBytes;

    return {
      path,
      facts,
      sizeBytes: total,
      /** Spans that are here. */
      spans: (): Span[] => unflat(have),
      /** Reads bytes that are here, or fetches them first. */
      async bytes(from: number, to: number): Promise<Buffer> {
        const end = Math.min(to, total);
        await tracked(ensure([[from, end]]));
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - from), 0, end - from, from);
        return buffer.subarray(0, bytesRead);
      },
      /**
       * Finds out whether the server sends several ranges in one answer, where that would make these bytes cheaper, by fetching some of
       * them. `cost` counts on it afterwards.
       */
      async tryTogether(wanted: readonly Span[]): Promise<void> {
        const group = planOf(wanted, true).find(({ length }) => length > 1);
        if (together !== undefined || !group) return;
        together = await tracked(readMany(group, fetcher)).then(
          () => true,
          (error) => {
            if (error instanceof NotTogether) return false;
            throw error;
          },
        );
      },
      /** What `ensure` would take. */
      cost: (wanted: readonly Span[]): Cost =>
        costOf(planOf(wanted, together === true), requestBytesOf(waitMs())),
      /**
       * Fetches what of these bytes is not here, several ranges at once.
       * @throws KangKlipError as `Fetcher.retrying`, SOURCE_TOO_LARGE, DISK_FULL; SourceChanged; NotByNeed where it gives no ranges any more
       */
      ensure: (wanted: readonly Span[], onMore?: OnMore) => tracked(ensure(wanted, onMore)),
      /** What is being fetched is given up. */
      async close(): Promise<void> {
        closed.abort(new Error("The file was closed while parts of it were being fetched"));
        await Promise.allSettled(running);
        await handle.close();
      },
    };
  } catch (error) {
    first?.cancel();
    await handle.close();
    throw error;
  }
}

function factsIn(known: RangeFileFacts | undefined): RangeFileFacts {
  if (!known) throw new Error("nothing is known of the file");
  return known;
}

/** Small ones at once: handing each to another thread would cost more than writing it. */
const SMALL_BYTES = 64 * 1024;

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done +=
      bytes.length < SMALL_BYTES
        ? writeSync(handle.fd, bytes, done, bytes.length - done, at + done)
        : (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

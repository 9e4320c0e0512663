import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { forPeople, mayPass, SMALL } from "./s3-call.ts";

export interface BodyOptions {
  /** As the first answer gave it. */
  body: Readable;
  sizeBytes: number;
  /** The rest of the same version, from an offset in what is read; gives up after `totalMs`. */
  rest(offset: number, totalMs: number): Promise<Readable>;
}

const MAX_FAILURES = 8;
const PAUSE_MS = 50;

/**
 * All bytes of an object in order, whatever happens to a connection: where it breaks, ends too early or stands still, the rest is
 * asked for. Whoever reads slowly is not hurried.
 * @throws (by the stream) KangKlipError UNAVAILABLE when no byte came for about 5 s
 */
export function wholeBody(options: BodyOptions): Readable {
  return Readable.from(chunksOf(options), { objectMode: false });
}

async function* chunksOf({ body, sizeBytes, rest }: BodyOptions): AsyncGenerator<Buffer> {
  let source = body;
  let chunks = source[Symbol.asyncIterator]();
  let received = 0;
  let failures = 0;
  let silentMs = 0;
  try {
    while (received < sizeBytes) {
      const from = performance.now();
      let chunk: Buffer;
      try {
        chunk = await soon(chunks.next(), SMALL.tryMs);
        received += chunk.length;
        failures = 0;
        silentMs = 0;
      } catch (error) {
        source.destroy();
        await sleep(PAUSE_MS * 2 ** failures++);
        silentMs += performance.now() - from;
        if (silentMs >= SMALL.totalMs || failures === MAX_FAILURES || !mayPass(error)) throw forPeople(error);
        source = await rest(received, SMALL.totalMs - silentMs);
        chunks = source[Symbol.asyncIterator]();
        continue;
      }
      yield chunk;
    }
  } finally {
    source.destroy();
  }
}

/** What comes next. @throws where it does not come in time or there is nothing more */
async function soon(next: Promise<IteratorResult<Buffer>>, ms: number): Promise<Buffer> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(reject, ms, new DOMException("no byte came", "TimeoutError"));
  try {
    const { value, done } = await Promise.race([next, promise]);
    if (done) throw new DOMException("ended too early", "TimeoutError");
    return value;
  } finally {
    clearTimeout(timer);
  }
}

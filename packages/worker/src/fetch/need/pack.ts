import { readSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { bytesIn, type Span } from "./spans.ts";

const STEP_BYTES = 1 << 20;

/** Writes the parts of a file with holes one after another, so that it can be kept, hashed and copied for what it holds. */
export async function pack(file: string, spans: readonly Span[], into: string): Promise<void> {
  await using from = await open(file, "r");
  await using to = await open(into, "w");
  const buffer = Buffer.alloc(STEP_BYTES);
  let filled = 0;
  const flush = async () => {
    for (let done = 0; done < filled; ) done += (await to.write(buffer, done, filled - done)).bytesWritten;
    filled = 0;
  };
  for (const [start, end] of spans)
    for (let at = start; at < end; ) {
      if (filled === STEP_BYTES) await flush();
      // there are a hundred thousand short ones: handing each to another thread would cost more than reading it
      const bytes = readSync(from.fd, buffer, filled, Math.min(STEP_BYTES - filled, end - at), at);
      if (bytes === 0) throw new Error(`${file} ends before ${end}`);
      filled += bytes;
      at += bytes;
    }
  await flush();
}

/** Puts the parts back into their places in a file of the full length. @throws Error where they are not as long as they should be */
export async function unpack(
  packed: string,
  spans: readonly Span[],
  sizeBytes: number,
  into: string,
): Promise<void> {
  await using from = await open(packed, "r");
  await using to = await open(into, "w");
  if ((await from.stat()).size !== bytesIn(spans)) throw new Error(`${packed} does not hold what it should`);
  await to.truncate(sizeBytes);
  let buffer = Buffer.alloc(0);
  for (const [start, end] of spans)
    for (let at = start; at < end; ) {
      if (buffer.length === 0) {
        await setImmediate();
        const step = await from.read(Buffer.alloc(STEP_BYTES), 0, STEP_BYTES, null);
        if (step.bytesRead === 0) throw new Error(`${packed} has become shorter`);
        buffer = step.buffer.subarray(0, step.bytesRead);
      }
      const bytes = writeSync(to.fd, buffer, 0, Math.min(buffer.length, end - at), at);
      buffer = buffer.subarray(bytes);
      at += bytes;
    }
}

/** Spans as a short list of numbers: by turns how far each begins after the last one's end, and how long it is. Pure. */
export function written(spans: readonly Span[]): number[] {
  let at = 0;
  return spans.flatMap(([from, to]) => {
    const gap = from - at;
    at = to;
    return [gap, to - from];
  });
}

/** The spans that `written` wrote. Pure. @throws Error for anything else */
export function spansIn(numbers: unknown): Span[] {
  if (!Array.isArray(numbers) || numbers.length % 2 !== 0) throw new Error("not a list of spans");
  const spans: Span[] = [];
  let at = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const from = at + Number(numbers[index]);
    at = from + Number(numbers[index + 1]);
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(at) || at <= from || from < 0)
      throw new Error("not a list of spans");
    spans.push([from, at]);
  }
  return spans;
}

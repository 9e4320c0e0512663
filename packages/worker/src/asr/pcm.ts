import { open } from "node:fs/promises";

/** Samples per second of the decoded sound: what every recogniser here wants. */
export const RATE = 16_000;
/** Bytes per second of the decoded sound: mono, signed 16 bit. */
export const BYTES_PER_SECOND = RATE * 2;

/** The samples of stretches (seconds) of the decoded sound, one after the other; fewer where the file ends before. */
export async function readPart(
  pcmFile: string,
  part: readonly { start: number; end: number }[],
): Promise<Buffer> {
  await using handle = await open(pcmFile);
  const places = part.map(({ start, end }) => ({
    at: 2 * Math.round(start * RATE),
    length: 2 * Math.round((end - start) * RATE),
  }));
  const buffer = Buffer.alloc(places.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const { at, length } of places) {
    const { bytesRead } = await handle.read(buffer, filled, length, at);
    filled += bytesRead - (bytesRead % 2);
    if (bytesRead < length) break; // only the last stretch can reach beyond the end
  }
  return buffer.subarray(0, filled);
}

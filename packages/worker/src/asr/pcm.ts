import { open } from "node:fs/promises";

/** Samples per second of the decoded sound: what every recogniser here wants. */
export const RATE = 16_000;
/** Bytes per second of the decoded sound: mono, signed 16 bit. */
export const BYTES_PER_SECOND = RATE * 2;

/** The samples of a stretch (seconds) of the decoded sound; fewer where the file ends before. */
export async function readPart(
  pcmFile: string,
  { start, end }: { start: number; end: number },
): Promise<Buffer> {
  await using handle = await open(pcmFile);
  const length = 2 * Math.round((end - start) * RATE);
  const { buffer, bytesRead } = await handle.read(
    Buffer.alloc(length),
    0,
    length,
    2 * Math.round(start * RATE),
  );
  return buffer.subarray(0, bytesRead - (bytesRead % 2));
}

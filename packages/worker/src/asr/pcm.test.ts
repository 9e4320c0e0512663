import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RATE, readPart } from "./pcm.ts";
import { temporaryDir } from "./testing.ts";

test("stretches of the sound are read one after the other, to the sample; the last one ends with the file", async () => {
  await using temporary = await temporaryDir();
  const file = join(temporary.dir, "sound.pcm");
  const seconds = Int16Array.from({ length: 10 * RATE }, (_, at) => Math.floor(at / RATE));
  await writeFile(file, Buffer.from(seconds.buffer));
  const read = async (...part: [start: number, end: number][]) => {
    const bytes = await readPart(
      file,
      part.map(([start, end]) => ({ start, end })),
    );
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  };
  const samples = await read([1, 2], [5.5, 6.5]);
  expect(samples).toHaveLength(2 * RATE);
  const places = [0, RATE - 1, RATE, RATE * 1.5 - 1, RATE * 1.5, 2 * RATE - 1];
  expect(places.map((at) => samples[at])).toEqual([1, 1, 5, 5, 6, 6]);
  expect(await read([8, 9], [9.75, 30])).toHaveLength(1.25 * RATE);
  expect(await read([40, 50])).toHaveLength(0);
});

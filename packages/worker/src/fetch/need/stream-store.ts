import { createReadStream, createWriteStream } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { refuseOther } from "../stream.ts";

/** Where a piece lies on disk. */
interface Place {
  file: string;
  start: number;
  length: number;
}

/** The number under which the header is kept, which comes before all pieces. */
export const HEADER = -1;

/** The pieces of a stream that are here. */
export interface StreamStore {
  has(index: number): boolean;
  /** Their numbers, in order. */
  indexes(): number[];
  /** @param append writes the piece at the end of a file */
  add(index: number, append: (to: string) => Promise<void>): Promise<void>;
  /**
   * Writes the header and these pieces into a file, in order. @returns where each has come to lie, by number
   * @throws KangKlipError SOURCE_UNREADABLE for what must not reach ffmpeg
   */
  join(indexes: readonly number[], into: string): Promise<[index: number, start: number, length: number][]>;
}

/** @param file new pieces are put at its end @param given pieces that lie somewhere already, and are not written to */
export function createStore(file: string, given: Iterable<[number, Place]> = []): StreamStore {
  const places = new Map(given);
  const sizeNow = () =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  const store: StreamStore = {
    has: (index) => places.has(index),
    indexes: () => [...places.keys()].filter((index) => index !== HEADER).sort((a, b) => a - b),
    async add(index, append) {
      const start = await sizeNow();
      await append(file);
      places.set(index, { file, start, length: (await sizeNow()) - start });
    },
    async join(indexes, into) {
      const made: [number, number, number][] = [];
      let size = 0;
      await writeFile(into, "");
      for (const index of [HEADER, ...indexes]) {
        const place = places.get(index);
        if (!place || place.length === 0) continue;
        const { start, length } = place;
        const from = createReadStream(place.file, { start, end: start + length - 1 });
        await pipeline(from, createWriteStream(into, { flags: "a" }));
        made.push([index, size, length]);
        size += length;
      }
      await refuseOther(into);
      return made;
    },
  };
  return store;
}

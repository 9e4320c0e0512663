import { readSync } from "node:fs";
import { open } from "node:fs/promises";
import type { ArrivingSound } from "../../stage.ts";
import type { SoundFile } from "./mp4-sound.ts";
import type { Mp4Source } from "./mp4-source.ts";
import { pieces } from "./spans.ts";

/** So much goes to a reader at once. */
const CHUNK_BYTES = 256 * 1024;

/** The sound of a video on its way. */
export interface Arrival extends Pick<ArrivingSound, "whole" | "share"> {
  /** The sound as a reader gets it who does not wait until all of it is here; undefined where it cannot be read so. */
  asItComes(stream: number): Promise<Pick<ArrivingSound, "read"> | undefined>;
}

/**
 * Begins to fetch the sound of a video.
 * @param total bytes that will come @param onMore told how many have come
 */
export function fetchSound(source: Mp4Source, total: number, onMore: (received: number) => void): Arrival {
  const { file } = source;
  let received = 0;
  let here = 0; // up to which byte of the file all sound is here
  let rise = Promise.withResolvers<void>();
  const whole = source.sound((bytes, upTo) => {
    received += bytes;
    here = Math.max(here, upTo);
    onMore(received);
    rise.resolve();
    rise = Promise.withResolvers();
  });
  whole.then(
    () => {
      here = Number.POSITIVE_INFINITY;
    },
    () => {}, // whoever waits is told
  );
  return {
    whole,
    share: () => (here === Number.POSITIVE_INFINITY ? 1 : Math.min(0.99, received / total)),
    async asItComes(stream) {
      const own = await source.soundFile(stream);
      if (!own) return undefined;
      async function* read({ head, spans }: SoundFile): AsyncGenerator<Buffer> {
        yield head;
        await using handle = await open(file.path);
        let chunk = Buffer.alloc(CHUNK_BYTES);
        let filled = 0;
        const given = () => {
          const bytes = chunk.subarray(0, filled);
          chunk = Buffer.alloc(CHUNK_BYTES);
          filled = 0;
          return bytes;
        };
        for (const [from, to] of pieces(spans(), CHUNK_BYTES)) {
          if (filled > 0 && (to > here || filled + to - from > CHUNK_BYTES)) yield given();
          while (to > here) await Promise.race([rise.promise, whole]);
          // there are a hundred thousand short ones: handing each to another thread would cost more than reading it
          for (let at = from; at < to; ) {
            const bytes = readSync(handle.fd, chunk, filled, to - at, at);
            if (bytes === 0) throw new Error(`${file.path} ends before ${to}`);
            filled += bytes;
            at += bytes;
          }
        }
        if (filled > 0) yield given();
      }
      return { read: () => read(own) };
    },
  };
}

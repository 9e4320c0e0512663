import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { comingParts } from "./coming-parts.ts";
import { type Part, partsOf } from "./parts.ts";
import { RATE } from "./pcm.ts";
import type { Growth } from "./sound.ts";
import { aSoundMap, temporaryDir } from "./testing.ts";

const { signal } = new AbortController();
const LENGTHS = { minSeconds: 20, maxSeconds: 40, skipSeconds: 2 };
const SECONDS = 200;

/** Two hundred seconds of loud sound, of which only so much is known as the test lets be known. */
async function aGrowingSound(dir: string) {
  const pcmFile = join(dir, "sound.pcm");
  await writeFile(pcmFile, Buffer.alloc(SECONDS * RATE * 2, 1));
  let known = 0;
  let failure: Error | undefined;
  let next = Promise.withResolvers<void>();
  const growth: Growth = {
    knownSeconds: () => known,
    isWhole: () => known === SECONDS,
    failure: () => failure,
    next: async () => next.promise,
    close: async () => {},
  };
  return {
    sound: { pcmFile, sound: aSoundMap([], SECONDS), durationSeconds: SECONDS, growth },
    grow(seconds: number) {
      known = seconds;
      const { resolve } = next;
      next = Promise.withResolvers();
      resolve();
    },
    fail(error: Error) {
      failure = error;
      next.reject(error);
    },
  };
}

/** What is fulfilled by now. */
const now = <T>(work: Promise<T>) =>
  Promise.race([work, new Promise<"not yet">((resolve) => setTimeout(resolve, 20, "not yet"))]);

test("a part is given as soon as no more sound can change it, to each who asks, and at the end nothing", async () => {
  await using temporary = await temporaryDir();
  const { sound, grow } = await aGrowingSound(temporary.dir);
  await using coming = await comingParts(sound, LENGTHS, signal);
  const [first, again, second] = [coming.at(0), coming.at(0), coming.at(1)];
  grow(40);
  expect(await now(first)).toBe("not yet");
  grow(41);
  const parts = partsOf(sound.sound, SECONDS, LENGTHS);
  expect(await first).toEqual(parts[0]);
  expect(await again).toEqual(parts[0]);
  expect(await now(second)).toBe("not yet");
  expect(coming.scale(0, 1)).toEqual([
    expect.closeTo((parts[0]?.[0]?.end ?? 0) / SECONDS),
    parts[0]?.[0]?.end,
  ]);
  grow(SECONDS);
  const all: (Part | undefined)[] = [];
  for (let index = 0; index <= parts.length; index++) all.push(await coming.at(index));
  expect(all).toEqual([...parts, undefined]);
  expect(coming.parts).toEqual(parts);
  expect(coming.scale(parts.length - 1, 1)).toEqual([expect.closeTo(1), SECONDS]);
});

test("what decoding fails with ends the waiting, and so does a cancelled job", async () => {
  await using temporary = await temporaryDir();
  const broken = await aGrowingSound(temporary.dir);
  await using coming = await comingParts(broken.sound, LENGTHS, signal);
  const waiting = coming.at(0);
  broken.fail(new Error("it broke off"));
  await expect(waiting).rejects.toThrow("it broke off");

  const stop = new AbortController();
  const { sound } = await aGrowingSound(temporary.dir);
  await using cancelled = await comingParts(sound, LENGTHS, stop.signal);
  const other = cancelled.at(0);
  stop.abort(new Error("cancelled"));
  await expect(other).rejects.toThrow("cancelled");
});

test("a language is told by half a minute of the part that reaches beyond the middle, as soon as that is there", async () => {
  await using temporary = await temporaryDir();
  const { sound, grow } = await aGrowingSound(temporary.dir);
  await using coming = await comingParts(sound, LENGTHS, signal);
  const sample = coming.sample();
  grow(100);
  expect(await now(sample)).toBe("not yet");
  grow(150);
  const middle = partsOf(sound.sound, SECONDS, LENGTHS).find((part) => (part.at(-1)?.end ?? 0) > SECONDS / 2);
  const start = middle?.[0]?.start ?? 0;
  expect(await sample).toEqual([{ start, end: start + 30 }]);
  const long = { minSeconds: 100, maxSeconds: SECONDS, skipSeconds: 2 };
  await using one = await comingParts(sound, long, signal);
  expect(await one.sample()).toBeUndefined();
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { decodeSound } from "./sound.ts";
import { aContext, aSoundMap, aSource, ffmpeg, temporaryDir, tools } from "./testing.ts";
import { tinyModel } from "./tiny-model.ts";
import { createWhisperTranscriber, joinPieces, lineWords } from "./whisper.ts";

vi.setConfig({ testTimeout: 60_000 }); // native code on a machine that may be busy

/** Seconds of noise with pauses, and what a transcriber needs to hear it. */
async function hearing(dir: string, seconds: number, options: Parameters<typeof aContext>[1] = {}) {
  const { context, told } = aContext(dir, options);
  const file = join(dir, "noise.wav");
  const noise = `anoisesrc=d=${seconds}:c=pink:a=0.4:r=16000:seed=7,volume='if(gt(mod(t,6),5.4),0,1)':eval=frame`;
  await ffmpeg("-f", "lavfi", "-i", noise, file);
  const source = await aSource(file);
  const { tools, signal } = context;
  const decoded = await decodeSound({ tools, file, info: source.info, dir, limitSeconds: 600, signal });
  if (!decoded) throw new Error("no sound");
  const heard: [number, number][] = [];
  return {
    ...{ context, source, ...decoded },
    told,
    progress: heard,
    waiting: () => {},
    heard: (fraction: number, upTo: number) => void heard.push([fraction, upTo]),
  };
}

const MODEL = tinyModel();

async function aModel(dir: string): Promise<string> {
  const file = join(dir, "tiny.bin");
  await writeFile(file, MODEL);
  return file;
}

test.skipIf(!tools)(
  "a model is loaded in a child process, which tells words with times and how far it is (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const model = await aModel(temporary.dir);
    const input = await hearing(temporary.dir, 9);
    const result = await createWhisperTranscriber(async () => model).transcribe(input);
    expect(result).toMatchObject({ language: "en", accuracy: "high" });
    const words = "segments" in result ? result.segments.flatMap((segment) => segment.words) : [];
    for (const [index, { start, end }] of words.entries()) {
      expect(start).toBeGreaterThanOrEqual(words[index - 1]?.end ?? 0);
      expect(end).toBeGreaterThan(start);
      expect(end).toBeLessThanOrEqual(9);
    }
    expect(input.told.logs).toContainEqual(
      expect.objectContaining({ event: "whisper", parts: 1, language: "en" }),
    );
    expect(input.progress.at(-1)?.[0]).toBe(1);
    expect(input.progress.at(-1)?.[1]).toBeGreaterThan(8);
  },
);

test.skipIf(!tools)(
  "a language that is not named is detected once for all parts (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const model = await aModel(temporary.dir);
    const input = await hearing(temporary.dir, 9, { job: { language: "auto" } });
    const parts = { minSeconds: 3, maxSeconds: 6, skipSeconds: 2 };
    const result = await createWhisperTranscriber(async () => model, parts).transcribe(input);
    expect(result).toMatchObject({ language: expect.stringMatching(/^[a-z]{2,3}$/) });
    expect(input.told.logs).toContainEqual(expect.objectContaining({ event: "whisper", parts: 2 }));
    const fractions = input.progress.map(([fraction]) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  },
);

test.skipIf(!tools)(
  "cancelling ends the child within a tenth of a second (needs ffmpeg)",
  { retry: 2 },
  async () => {
    await using temporary = await temporaryDir();
    const model = await aModel(temporary.dir);
    const abort = new AbortController();
    const input = await hearing(temporary.dir, 120, { signal: abort.signal });
    let abortedAt = 0;
    setTimeout(() => {
      abortedAt = performance.now();
      abort.abort(new Error("cancelled"));
    }, 1200); // by then it is loaded and at work
    await expect(createWhisperTranscriber(async () => model).transcribe(input)).rejects.toThrow("cancelled");
    expect(abortedAt).toBeGreaterThan(0);
    expect(performance.now() - abortedAt).toBeLessThan(100);
  },
);

test.skipIf(!tools)("a model that cannot be read is a failure with a reason (needs ffmpeg)", async () => {
  await using temporary = await temporaryDir();
  const input = await hearing(temporary.dir, 3);
  const broken = join(temporary.dir, "broken.bin");
  for (const bytes of [MODEL.subarray(0, 3_000_000), Buffer.alloc(100_000)]) {
    await writeFile(broken, bytes);
    await expect(createWhisperTranscriber(async () => broken).transcribe(input)).rejects.toThrow(
      /^The whisper recogniser stopped: (Failed to initialize whisper context|its process ended with )/,
    );
  }
});

test.skipIf(!tools)("an English model is not asked for another language (needs ffmpeg)", async () => {
  await using temporary = await temporaryDir();
  const english = join(temporary.dir, "english.bin");
  const bytes = Buffer.from(MODEL.subarray(0, 48));
  bytes.writeInt32LE(51_864, 4);
  await writeFile(english, bytes);
  const input = await hearing(temporary.dir, 3, { job: { language: "id" } });
  expect(await createWhisperTranscriber(async () => english).transcribe(input)).toHaveProperty("unavailable");
});

const piece = (text: string, t0: number, t1: number) => ({ text, t0, t1 });

test("tokens become words at spaces, and letters of scripts without spaces become words of their own", () => {
  expect(
    joinPieces([
      piece(" Hel", 0, 200),
      piece("lo", 200, 400),
      piece(",", 400, 450),
      piece(" \ufffd", 450, 460),
      piece(" you", 500, 700),
    ]),
  ).toEqual([
    { word: "Hello,", start: 0, end: 0.45 },
    { word: "you", start: 0.5, end: 0.7 },
  ]);
  expect(
    joinPieces([piece("今", 0, 100), piece("天", 100, 200), piece("。", 200, 250)]).map(({ word }) => word),
  ).toEqual(["今", "天。"]);
});

test("a line whose tokens were broken is spread over its time, letter by letter where there are no spaces", () => {
  const words = lineWords(piece(" 今天。OK go", 1000, 3000), [{ start: 10, end: 20 }], aSoundMap());
  expect(words.map(({ word }) => word)).toEqual(["今", "天。", "O", "K", "go"]);
  expect([words[0]?.start, words.at(-1)?.end]).toEqual([11, 13]);
});

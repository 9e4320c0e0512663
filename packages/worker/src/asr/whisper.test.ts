import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { decodeSound } from "./sound.ts";
import { aContext, aSoundMap, aSource, ffmpeg, temporaryDir, tools } from "./testing.ts";
import { tinyModel } from "./tiny-model.ts";
import type { Hearing } from "./transcriber.ts";
import { createWhisperTranscriber, heardIn, heardSoFar, joinPieces, lineWords } from "./whisper.ts";

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
    const early: unknown[] = [];
    const sure: Hearing["sure"] = (upTo, soFar) => void early.push([Math.ceil(upTo), soFar().language]);
    const result = await createWhisperTranscriber(async () => model, parts).transcribe({ ...input, sure });
    expect(result).toMatchObject({ language: expect.stringMatching(/^[a-z]{2,3}$/) });
    const language = "language" in result && result.language;
    expect(early).toEqual([
      [6, language],
      [9, language],
    ]);
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

test("what is sure after some of the parts is how the whole transcript begins", () => {
  const { context } = aContext(".");
  const PARTS = Array.from({ length: 6 }, (_, index) => [{ start: 60 * index, end: 60 * index + 58 }]);
  const word = fc.record({
    word: fc.constantFrom("yes.", "so", "why", "one", "two", "three", "Never.", "[Music]", "and"),
    at: fc.integer({ min: 0, max: 580 }),
    length: fc.constantFrom(0, 0.1, 0.3, 0.5, 4),
  });
  const part = fc.array(word, { minLength: 60, maxLength: 120 });
  let sure = 0;
  fc.assert(
    fc.property(
      fc.tuple(part, part, part, part, part, part),
      fc.integer({ min: 1, max: 6 }),
      (heard, known) => {
        const words = heard.map((own, index) =>
          own
            .toSorted((a, b) => a.at - b.at)
            .map(({ word, at, length }) => ({
              word,
              start: 60 * index + at / 10,
              end: 60 * index + at / 10 + length,
            })),
        );
        const silences = PARTS.map(([stretch]) => ({
          start: stretch?.end ?? 0,
          end: (stretch?.end ?? 0) + 2,
        }));
        const sound = { silences: [{ start: 10, end: 10.4 }, ...silences], levels: { step: 0.1, dbfs: [] } };
        const input = {
          ...{ context, sound, durationSeconds: 360, pcmFile: "", heard() {}, waiting() {} },
          source: {} as Parameters<typeof heardIn>[0]["source"],
        };
        const all = { words: words.flat(), language: "en", exact: true };
        const { segments } = heardIn(input, PARTS, silences, all);
        const soFar = { words: words.slice(0, known).flat(), language: "en", end: 60 * known - 2 };
        const told = heardSoFar(input, silences, soFar).words;
        expect(segments.flatMap((segment) => segment.words).slice(0, told.length)).toEqual(told);
        sure += told.length;
      },
    ),
    { numRuns: 150 },
  );
  expect(sure).toBeGreaterThan(5000);
});

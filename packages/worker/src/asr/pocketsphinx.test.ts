import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TranscriptFile, type Word } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createPocketsphinxTranscriber, tidied, wordOf } from "./pocketsphinx.ts";
import { segmentsOf } from "./segments.ts";
import { decodeSound } from "./sound.ts";
import {
  aContext,
  aSource,
  ffmpeg,
  hasProgram,
  speak,
  temporaryDir,
  tools,
  wordErrorRate,
} from "./testing.ts";
import type { Hearing } from "./transcriber.ts";

const canHear = tools && (await hasProgram("pocketsphinx_continuous"));
const canSpeak = canHear && (await hasProgram("flite"));

const SAID = [
  "The most important thing to remember is that people watch short videos.",
  "Nobody expected the market to change so quickly, and that is exactly why we won.",
  "Let me tell you a story about the worst mistake I ever made in business.",
].join(" ");

const plain = (word: string) => word.toLowerCase().replace(/[^a-z']/g, "");
/** Share of the words that a text holds. */
const share = (words: string[], text: string) =>
  words.filter((word) => text.split(" ").map(plain).includes(word)).length / Math.max(1, words.length);

async function hearing(dir: string, file: string, options: Parameters<typeof aContext>[1] = {}) {
  const { context } = aContext(dir, options);
  const source = await aSource(file);
  const { tools, signal } = context;
  const decoded = await decodeSound({ tools, file, info: source.info, dir, limitSeconds: 600, signal });
  if (!decoded) throw new Error("no sound");
  const fractions: number[] = [];
  return {
    context,
    source,
    ...decoded,
    fractions,
    waiting: () => {},
    heard: (fraction: number) => void fractions.push(fraction),
  };
}

test.skipIf(!canSpeak)(
  "spoken words are heard, most of them right, at their times (needs flite and pocketsphinx)",
  async () => {
    await using temporary = await temporaryDir();
    const wav = join(temporary.dir, "speech.wav");
    await speak(SAID, wav);
    const input = await hearing(temporary.dir, wav);
    const result = await createPocketsphinxTranscriber().transcribe(input);
    expect(result).toMatchObject({ language: "en", accuracy: "low", timing: "word" });
    const segments = "segments" in result ? result.segments : [];
    const heard = segments.map(({ text }) => text).join(" ");
    expect(wordErrorRate(SAID, heard)).toBeLessThan(0.25);
    expect(heard).toMatch(/^The .* I ever .*\.$/);
    // the pauses between the three sentences are seen in the words' times
    const words = segments.flatMap((segment) => segment.words);
    expect(TranscriptFile.parse(segments)).toEqual(segments);
    // the recogniser knows where it is on firm ground
    const sure = words.filter(({ confidence = 0 }) => confidence >= 0.9).map(({ word }) => plain(word));
    const unsure = words.filter(({ confidence = 1 }) => confidence < 0.2).map(({ word }) => plain(word));
    expect(sure.length).toBeGreaterThan(words.length / 3);
    expect(share(sure, SAID)).toBeGreaterThan(0.9);
    expect(share(unsure, SAID)).toBeLessThan(share(sure, SAID));
    const pauses = input.sound.silences.slice(1, -1);
    const seen = pauses.filter((pause) => words.some(({ start }) => Math.abs(start - pause.end) < 0.1));
    expect(pauses.length).toBeGreaterThanOrEqual(2);
    expect(seen.length).toBeGreaterThanOrEqual(pauses.length - 1); // the first word after one may be missed
    expect(input.fractions.at(-1)).toBe(1);
    expect((await readdir(temporary.dir)).filter((name) => name.startsWith("part-"))).toEqual([]);
  },
  60_000,
);

test.skipIf(!canSpeak)(
  "what is said after a long silence is heard at one go with what was said before, and at its time (needs flite and pocketsphinx)",
  async () => {
    await using temporary = await temporaryDir();
    const at = (name: string) => join(temporary.dir, name);
    const [first = "", , third = ""] = SAID.split(/(?<=\.) /);
    await speak(first, at("first.wav"));
    await speak(third, at("third.wav"));
    const silence = "anoisesrc=d=20:c=pink:a=0.0003:r=16000:seed=3";
    const inputs = ["-i", at("first.wav"), "-f", "lavfi", "-i", silence, "-i", at("third.wav")];
    await ffmpeg(...inputs, "-filter_complex", "concat=n=3:v=0:a=1", at("all.wav"));
    const input = await hearing(temporary.dir, at("all.wav"));
    const result = await createPocketsphinxTranscriber().transcribe(input);
    expect(input.fractions).toHaveLength(1); // one part
    const words = "segments" in result ? result.segments.flatMap((segment) => segment.words) : [];
    expect(wordErrorRate(`${first} ${third}`, words.map(({ word }) => word).join(" "))).toBeLessThan(0.25);
    const { silences } = input.sound;
    const long = silences.find(({ start, end }) => end - start > 20);
    const [before, after] = [words.filter((one) => one.end <= 20), words.filter((one) => one.start >= 20)];
    expect(before.length + after.length).toBe(words.length);
    expect(Math.abs((before.at(-1)?.end ?? 0) - (long?.start ?? 0))).toBeLessThan(0.3);
    expect(Math.abs((after[0]?.start ?? 0) - (long?.end ?? 0))).toBeLessThan(0.15);
    expect(Math.abs((after.at(-1)?.end ?? 0) - (silences.at(-1)?.start ?? 0))).toBeLessThan(0.3);
  },
  60_000,
);

test.skipIf(!canHear)("cancelling ends the recognisers at once (needs pocketsphinx)", async () => {
  await using temporary = await temporaryDir();
  const wav = join(temporary.dir, "noise.wav");
  await ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=90:c=pink:a=0.4:r=16000", wav);
  const abort = new AbortController();
  const input = await hearing(temporary.dir, wav, { signal: abort.signal });
  let abortedAt = 0;
  setTimeout(() => {
    abortedAt = performance.now();
    abort.abort(new Error("cancelled"));
  }, 600);
  await expect(createPocketsphinxTranscriber().transcribe(input)).rejects.toThrow("cancelled");
  expect(performance.now() - abortedAt).toBeLessThan(200);
  expect((await readdir(temporary.dir)).filter((name) => name.startsWith("part-"))).toEqual([]);
});

test.skipIf(!tools)(
  "a machine without the program and a job in Indonesian are told why (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const wav = join(temporary.dir, "noise.wav");
    await ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=2:c=pink:a=0.4:r=16000", wav);
    expect(
      await createPocketsphinxTranscriber("no-such-program").transcribe(await hearing(temporary.dir, wav)),
    ).toEqual({
      unavailable: "there is no no-such-program on PATH",
    });
    for (const language of ["id", "fr"] as const) {
      const other = await hearing(temporary.dir, wav, { job: { language } });
      expect(await createPocketsphinxTranscriber().transcribe(other)).toEqual({
        unavailable: "pocketsphinx knows English only",
      });
    }
    await expect(
      createPocketsphinxTranscriber("false").transcribe(await hearing(temporary.dir, wav)),
    ).rejects.toThrow(/pocketsphinx stopped with exit code 1/);
  },
);

test("words are read from the program's lines; silences, noises and sentences are not", () => {
  expect(wordOf("for(2) 3.060 3.220 0.658133")).toEqual({
    word: "for",
    start: 3.06,
    end: 3.22,
    confidence: 0.658133,
  });
  expect(wordOf("shit 1.0 1.2 0.99")?.word).toBe("shit");
  expect(wordOf("shift 1.0 1.2 0.1")?.word).toBe("shift");
  expect(wordOf("hour 5.670 6.030 1.000400")?.confidence).toBe(1);
  for (const line of [
    "<s> 0.060 0.140 0.999800",
    "<sil> 7.340 7.420 0.7",
    "[NOISE] 1.0 2.0 0.5",
    "++UM++ 1.0 2.0 0.5",
    "we won 3",
    "",
    "shit 1.0 1.2 0.21",
  ])
    expect(wordOf(line)).toBeUndefined();
});

test("bare words become readable: capitals after a long pause, a full stop before it, I and its kin", () => {
  const at = (word: string, start: number) => ({ word, start, end: start + 0.3, confidence: 0.7 });
  const words = [
    at("so", 0),
    at("i", 0.3),
    at("think", 0.6),
    at("i'm", 1.4),
    at("right", 1.7),
    at("on", 3),
    at("monday", 3.3),
  ];
  const segments = tidied(segmentsOf(words));
  expect(segments.map(({ text }) => text)).toEqual(["So I think", "I'm right.", "On Monday."]);
  expect(segments.flatMap((segment) => segment.words.map(({ confidence }) => confidence))).toEqual(
    words.map(() => 0.7),
  );
});

test.skipIf(!tools)(
  "what is sure while it is at work is how the transcript begins, in each of its words (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const program = join(temporary.dir, "hears");
    // the third word of a part runs on behind it now and then, and pauses come at odd places; later parts are done first
    const script = `#!/bin/sh
n=$(echo "$2" | sed 's/.*part-//; s/[.]pcm//')
[ $((n % 3)) = 0 ] && sleep 0.2
echo "one 0.000 0.300 0.9"; echo "i 0.$((n % 7 + 3))00 1.100 0.9"; echo "monday 1.600 $((n % 3 + 2)).900 0.9"
[ $((n % 2)) = 0 ] && echo "so 3.000 3.100 0.9"
exit 0`;
    await writeFile(program, script, { mode: 0o755 });
    const file = join(temporary.dir, "noise.wav");
    await ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=80:c=pink:a=0.4:r=16000:seed=3", file);
    const input = await hearing(temporary.dir, file);
    const told: Word[][] = [];
    const sure: Hearing["sure"] = (upTo, soFar) => {
      const { words } = soFar();
      for (const { end } of words) expect(end).toBeLessThan(upTo);
      told.push(words);
    };
    const lengths = { minSeconds: 3, maxSeconds: 4, skipSeconds: 100 };
    const result = await createPocketsphinxTranscriber(program, lengths).transcribe({ ...input, sure });
    const words = "segments" in result ? result.segments.flatMap((segment) => segment.words) : [];
    expect(words.length).toBeGreaterThan(50);
    expect(words.map(({ word }) => word)).toContain("Monday");
    for (const some of told) expect(words.slice(0, some.length)).toEqual(some);
    expect(told.length).toBeGreaterThan(5);
    expect(told.at(-1)?.length).toBeGreaterThan(words.length - 10);
  },
  60_000,
);

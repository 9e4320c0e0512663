import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { speechlessIn, voicesIn } from "./gate.ts";
import { RATE } from "./pcm.ts";
import { decodeSound } from "./sound.ts";
import { aContext, aSource, ffmpeg, hasProgram, speak, temporaryDir, tools } from "./testing.ts";

const canSpeak = tools && (await hasProgram("flite"));
const { signal } = new AbortController();

/** Seconds of sound, each sample by its time and by a noise between -1 and 1, in LSB of 16 bits. */
function samples(seconds: number, value: (time: number, noise: number) => number): Int16Array {
  let state = 7;
  return Int16Array.from({ length: seconds * RATE }, (_, at) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.round(value(at / RATE, state / 2 ** 31));
  });
}
const brown = () => {
  let last = 0;
  return (_: number, noise: number) => {
    last = 0.998 * last + 4 * noise;
    return last;
  };
};
const hum = (time: number) =>
  60 * Math.sin(2 * Math.PI * 50 * time) + 20 * Math.sin(2 * Math.PI * 150 * time);
const click = (time: number) => (time % 1 < 0.03 ? 300 * Math.sin(2 * Math.PI * 900 * time) : 0);

test.each<[string, (time: number, noise: number) => number]>([
  ["nothing", () => 0],
  ["the noise of a microphone", (_, noise) => 60 * noise],
  ["rumble", brown()],
  ["the hum of the mains", (time, noise) => hum(time) + 5 * noise],
  ["clicks of keys", (time, noise) => click(time) + 20 * noise],
])("%s is no voice", (_, value) => {
  expect(voicesIn(samples(20, value))).toEqual([]);
});

test.each<[string, (time: number, noise: number) => number]>([
  [
    "a tone of a fifth of a second",
    (time, noise) => (time > 5 && time < 5.2 ? 80 * Math.sin(1500 * time) : 10 * noise),
  ],
  ["a hiss", (time, noise) => (time > 5 && time < 5.2 ? 100 : 15) * noise],
  [
    "a pitch that hardly stands out of noise",
    (time, noise) => 40 * noise + (time > 5 && time < 5.4 && (time * 120) % 1 < 0.1 ? 90 : 0),
  ],
])("%s is heard in doubt, with a breath around it", (_, value) => {
  const voices = voicesIn(samples(20, value));
  expect(voices).toHaveLength(1);
  expect(voices[0]?.start).toBeLessThanOrEqual(4.9);
  expect(voices[0]?.start).toBeGreaterThan(4.5);
  expect(voices[0]?.end).toBeGreaterThanOrEqual(5.3);
  expect(voices[0]?.end).toBeLessThan(5.9);
});

async function decoded(dir: string, file: string) {
  const { context } = aContext(dir);
  const { info } = await aSource(file);
  const found = await decodeSound({ tools: context.tools, file, info, dir, limitSeconds: 600, signal });
  if (!found) throw new Error("no sound");
  return found;
}

const SENTENCE = "The most important thing to remember is that people watch short videos.";

for (const [decibels, noise] of [
  [0, 0],
  [-25, 0],
  [-35, 0],
  [-45, 0],
  [-40, 0.0008],
] as const)
  test.skipIf(!canSpeak)(
    `speech that is ${-decibels} dB under the loud one is never left out${noise ? ", also in noise" : ""}, and what lies around it is (needs ffmpeg and flite)`,
    async () => {
      await using temporary = await temporaryDir();
      const at = (name: string) => join(temporary.dir, name);
      await speak(SENTENCE, at("said.wav"));
      const { durationSeconds: seconds, sound: alone } = await decoded(temporary.dir, at("said.wav"));
      const spoken = { start: alone.silences[0]?.end ?? 0, end: alone.silences.at(-1)?.start ?? seconds };
      // loud at 0, quiet at 30, loud at 60
      const graph = [
        `[0]asplit=3[a][b][c];[b]volume=${decibels}dB,adelay=30000:all=1[quiet];[c]adelay=60000:all=1[late]`,
        `anoisesrc=c=pink:a=${noise || 0.00003}:r=16000:d=70:seed=3[noise]`,
        "[a][quiet][late][noise]amix=inputs=4:normalize=0:duration=longest",
      ].join(";");
      await ffmpeg("-i", at("said.wav"), "-filter_complex", graph, "-ar", "16000", at("all.wav"));
      const sound = await decoded(temporary.dir, at("all.wav"));
      const speechless = await speechlessIn(sound, signal);
      // what is cut out lies between what is spoken, but for less than the breath that is kept
      for (const from of [0, 30, 60])
        for (const { start, end } of speechless)
          expect(end <= from + spoken.start + 0.1 || start >= from + spoken.end - 0.1).toBe(true);
      const left = speechless.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(left).toBeGreaterThan(0.95 * (70 - 3 * seconds));
    },
  );

test.skipIf(!tools)(
  "music and noise stay in, hours of silence do not, and a cancelled job ends it (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const file = join(temporary.dir, "sound.wav");
    const music = "aevalsrc='0.2*sin(2*PI*(220+110*floor(mod(t,4)))*t)*exp(-2*mod(t,0.5))':d=20:s=16000";
    const noise = "anoisesrc=d=20:c=pink:a=0.2:r=16000:seed=2";
    const inputs = [music, "anullsrc=r=16000:cl=mono:d=150", noise].flatMap((one) => [
      "-f",
      "lavfi",
      "-i",
      one,
    ]);
    await ffmpeg(...inputs, "-filter_complex", "concat=n=3:v=0:a=1", file);
    const sound = await decoded(temporary.dir, file);
    const speechless = await speechlessIn(sound, signal);
    expect(speechless).toEqual([{ start: expect.closeTo(20, 0), end: expect.closeTo(170, 1) }]);
    await expect(speechlessIn(sound, AbortSignal.abort(new Error("cancelled")))).rejects.toThrow("cancelled");
  },
);

test("a file that ends early is no failure", async () => {
  await using temporary = await temporaryDir();
  const pcmFile = join(temporary.dir, "sound.pcm");
  await writeFile(pcmFile, Buffer.alloc(RATE * 2 * 2));
  const sound = { silences: [{ start: 0, end: 10 }], levels: { step: 0.1, dbfs: [] } };
  expect(await speechlessIn({ pcmFile, sound }, signal)).toEqual([{ start: 0, end: 10 }]);
});

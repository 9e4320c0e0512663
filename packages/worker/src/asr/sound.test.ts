import { join } from "node:path";
import { expect, test } from "vitest";
import { RATE } from "./pcm.ts";
import { createMeter, decodeSound } from "./sound.ts";
import { aContext, aSource, ffmpeg, temporaryDir, tools } from "./testing.ts";

const TONE = "aevalsrc='if(between(t,0.5,1),0.5*sin(2*PI*440*t),0)':d=4:s=48000";

async function decoded(dir: string, file: string) {
  const { context } = aContext(dir);
  const { info } = await aSource(file);
  return decodeSound({ tools: context.tools, file, info, dir, limitSeconds: 60, signal: context.signal });
}

for (const container of ["mp4", "mkv", "ts"])
  test.skipIf(!tools)(
    `a sound that starts after the picture is found where -ss finds it, in .${container} (needs ffmpeg)`,
    async () => {
      await using temporary = await temporaryDir();
      const file = join(temporary.dir, `late.${container}`);
      const video = ["-f", "lavfi", "-i", "color=black:s=64x36:r=25:d=6"];
      const sound = ["-itsoffset", "1.5", "-f", "lavfi", "-i", TONE];
      await ffmpeg(...video, ...sound, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", file);
      const found = await decoded(temporary.dir, file);
      expect(found?.sound.silences).toHaveLength(2);
      expect(found?.sound.silences[0]?.start).toBe(0);
      expect(Math.abs((found?.sound.silences[0]?.end ?? 0) - 2)).toBeLessThan(0.05);
      expect(Math.abs((found?.sound.silences[1]?.start ?? 0) - 2.5)).toBeLessThan(0.05);
      expect(found?.sound.silences[1]?.end).toBeCloseTo(6, 1);
      expect(found?.sound.levels.dbfs).toHaveLength(60);
      expect(found?.sound.levels.dbfs[22]).toBeCloseTo(-9, 0); // RMS of a sine of half the full scale

      // the same place, asked of ffmpeg as RENDER asks: the tone fills the half second after -ss 2
      const cut = join(temporary.dir, "cut.wav");
      await ffmpeg("-ss", "2", "-t", "0.5", "-i", file, "-vn", "-ac", "1", "-ar", `${RATE}`, cut);
      const there = await decoded(temporary.dir, cut);
      expect(there?.sound.silences).toEqual([]);
    },
  );

test.skipIf(!tools)(
  "a gap in the sound is silence and does not move what follows (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const file = join(temporary.dir, "gap.mkv");
    // asetpts, which works on frames of 64 ms, moves the second half of a tone 12 s later: more than ffmpeg itself would let stand
    const gap = "aevalsrc='0.5*sin(2*PI*440*t)':d=4:s=16000,asetpts='if(lt(T,2),PTS,PTS+12/TB)'";
    await ffmpeg("-f", "lavfi", "-i", gap, "-c:a", "pcm_s16le", file);
    const found = await decoded(temporary.dir, file);
    expect(found?.sound.silences).toHaveLength(1);
    expect(found?.sound.silences[0]?.start).toBeCloseTo(2.05, 1);
    expect(found?.sound.silences[0]?.end).toBeCloseTo(14.05, 1);
  },
);

test("samples are measured the same however they are cut into chunks", async () => {
  const samples = Buffer.from(
    Int16Array.from({ length: RATE }, (_, i) => Math.sin(i / 7) * 9000 - 50).buffer,
  );
  const measured = async (sizes: (before: number) => number) => {
    const meter = createMeter();
    for (let at = 0, size = sizes(0); at < samples.length; at += size, size = sizes(size))
      meter.push(samples.subarray(at, at + size));
    await meter.end(1);
    return meter.map;
  };
  const whole = await measured(() => samples.length);
  expect(await measured((before) => (before ? (before * 7) % 1013 : 1))).toEqual(whole);
  expect(whole.levels.dbfs).toHaveLength(10);
});

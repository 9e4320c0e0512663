import { execFile } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ffmpeg, temporaryDir, tools } from "./testing.ts";

const exec = promisify(execFile);
const PROGRAM = fileURLToPath(new URL("./testing-memory.ts", import.meta.url));

/** A minute: noise for 20 s, silence for 10 s, speech-like noise with short pauses for 30 s. MPEG audio, which can be put end to end. */
const MINUTE =
  "anoisesrc=d=60:c=pink:a=0.3:r=16000:seed=5,volume='if(between(t,20,30),0,if(gt(t,30)*gt(mod(t,6),5.4),0,1))':eval=frame";

test.skipIf(!tools)(
  "four hours of sound take no more memory than twenty minutes, and their silence is not read (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const at = (name: string) => join(temporary.dir, name);
    await ffmpeg("-f", "lavfi", "-i", MINUTE, "-c:a", "mp2", "-b:a", "32k", "-ac", "1", at("minute.mp2"));
    const minute = await readFile(at("minute.mp2"));
    const run = async (minutes: number) => {
      for (let done = 0; done < minutes; done++) await appendFile(at(`${minutes}.mp2`), minute);
      const { stdout } = await exec(process.execPath, [PROGRAM, at(`${minutes}.mp2`), temporary.dir]);
      return JSON.parse(stdout) as Record<
        "peakMb" | "durationSeconds" | "silences" | "seconds" | "readSeconds" | "heard",
        number
      >;
    };
    const short = await run(20);
    const long = await run(240);
    for (const [minutes, found] of [
      [20, short],
      [240, long],
    ] as const) {
      expect(Math.abs(found.durationSeconds - 60 * minutes)).toBeLessThan(minutes / 10);
      expect(found.silences).toBeGreaterThan(5 * minutes);
      expect(found.seconds / found.durationSeconds).toBeLessThan(51.5 / 60); // 10 s of silence, but for a breath
      expect(found.readSeconds).toBeCloseTo(found.seconds, 0);
      expect(found.heard).toBeCloseTo(1);
    }
    // 422 MB of samples more; what is left of that is how late Node collects
    expect(long.peakMb - short.peakMb).toBeLessThan(150);
  },
);

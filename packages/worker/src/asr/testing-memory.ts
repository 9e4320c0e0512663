import { speechlessIn } from "./gate.ts";
import { createScale, partsOf, secondsOf } from "./parts.ts";
import { readPart } from "./pcm.ts";
import { decodeSound } from "./sound.ts";
import { aContext, aSource } from "./testing.ts";
import { WHISPER_PARTS } from "./whisper.ts";

/**
 * A program for a test: decodes the sound of FILE into DIR, looks for silence, and reads what whisper would hear, as the worker and its
 * recogniser do. Prints the most memory that it ever had (MB) and how many seconds were decoded and read.
 */
const [file = "", dir = ""] = process.argv.slice(2);
const { context } = aContext(dir);
const { tools, signal } = context;
const { info } = await aSource(file);
const decoded = await decodeSound({ tools, file, info, dir, limitSeconds: 50_000, signal });
if (!decoded) throw new Error("no sound");
const { pcmFile, sound, durationSeconds } = decoded;
const parts = partsOf(sound, durationSeconds, WHISPER_PARTS, await speechlessIn(decoded, signal));
let bytes = 0;
for (const part of parts) bytes += (await readPart(pcmFile, part)).length;
const [heard] = createScale(parts)(parts.length - 1, 1);
const seconds = parts.reduce((sum, part) => sum + secondsOf(part), 0);
console.log(
  JSON.stringify({
    peakMb: process.resourceUsage().maxRSS / 1000,
    durationSeconds,
    silences: sound.silences.length,
    ...{ seconds, readSeconds: bytes / 32_000, heard },
  }),
);

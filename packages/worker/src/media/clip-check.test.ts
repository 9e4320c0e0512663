import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkClip } from "./clip-check.ts";
import { clipTimeline } from "./clip-timeline.ts";
import { encodingArgs } from "./encoder.ts";
import { findTools } from "./ffmpeg.ts";

const tools = await findTools({}).catch(() => null);
const size = { width: 144, height: 256 };
const timeline = clipTimeline([{ start: 0, end: 1, text: "" }], { text: "30/1", fps: 30 });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-check-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Change {
  seconds?: number;
  sound?: number;
  filter?: string;
  output?: string[];
  rate?: string;
}

/** Checks a second of video that is as it should be but for what is changed. */
async function check({ seconds = 1, sound = 1, filter = "null", output = [], rate = "48000" }: Change = {}) {
  if (!tools) throw new Error("needs ffmpeg");
  const inputs = ["-f", "lavfi", "-t", `${seconds}`, "-i", `testsrc=s=144x256:r=30,${filter}`];
  const tone = ["-f", "lavfi", "-t", `${sound}`, "-i", `sine=r=${rate}`, "-ac", "2", "-c:a", "aac"];
  const video = encodingArgs({
    ...size,
    encoder: "libx264",
    crf: 30,
    preset: "ultrafast",
    fps: 30,
    threads: 1,
  });
  const scrubbed = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"];
  const file = join(dir, "clip.mp4");
  const args = ["-v", "error", "-y", ...inputs, ...tone, ...video, ...scrubbed, "-movflags", "+faststart"];
  await promisify(execFile)(tools.ffmpeg, [...args, ...output, file]);
  await checkClip(tools, file, size, timeline, new AbortController().signal);
}

test.skipIf(!tools)("a clip that is as it should be passes (needs ffmpeg)", () => check());

test.skipIf(!tools).each([
  ["a size", { filter: "scale=128:256" }, "its size, its pixel shape"],
  ["a pixel shape", { filter: "setsar=4/3" }, "its pixel shape"],
  ["a rate", { rate: "44100" }, "its sound"],
  ["a longer sound", { sound: 1.3 }, "the length of its sound"],
  ["a title", { output: ["-metadata", "title=secret"] }, "its tags"],
  [
    "a handler's name",
    { output: ["-metadata:s:v", "handler_name=ISO Media file produced by Google"] },
    "its tags",
  ],
  ["no moov in front", { output: ["-movflags", "0"] }, "the order of its boxes"],
  [
    "another profile",
    { output: ["-profile:v", "baseline", "-x264-params", "8x8dct=0:cabac=0"] },
    "its codec",
  ],
])("a clip with %s is refused by name (needs ffmpeg)", async (_title, change, wrong) => {
  await expect(check(change)).rejects.toMatchObject({
    code: "RENDER_FAILED",
    message: `The rendered clip is not as it should be: ${wrong}`,
  });
});

test.skipIf(!tools)("too few frames mean a truncated source, too many a bug (needs ffmpeg)", async () => {
  await expect(check({ seconds: 0.8, sound: 0.8 })).rejects.toMatchObject({ code: "SOURCE_TRUNCATED" });
  await expect(check({ seconds: 1.2 })).rejects.toMatchObject({
    code: "RENDER_FAILED",
    message: expect.stringContaining("longer than planned"),
  });
});

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileChecks, whatIsWrong } from "./clip-check.ts";
import { clipTimeline } from "./clip-timeline.ts";
import { encodingArgs } from "./encoder.ts";
import { findTools } from "./ffmpeg.ts";

const tools = await findTools({}).catch(() => null);
const size = { width: 144, height: 256 };

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-check-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Change {
  seconds?: number;
  /** What the EDL says. */
  planned?: number;
  sound?: number;
  filter?: string;
  before?: string[];
  output?: string[];
  rate?: string;
}

/** Checks a second of video that is as it should be but for what is changed. */
async function wrongOf({ seconds = 1, planned = seconds, sound = 1, filter = "null", ...rest }: Change = {}) {
  if (!tools) throw new Error("needs ffmpeg");
  const { output = [], before = [], rate = "48000" } = rest;
  const inputs = [...before, "-f", "lavfi", "-t", `${seconds}`, "-i", `testsrc=s=144x256:r=30,${filter}`];
  const tone = ["-f", "lavfi", "-t", `${sound}`, "-i", `sine=r=${rate}`, "-ac", "2", "-c:a", "aac"];
  const coding = { encoder: "libx264", crf: 30, preset: "ultrafast", fps: 30, threads: 1 } as const;
  const video = encodingArgs({ ...size, ...coding });
  const scrubbed = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"];
  const file = join(dir, "clip.mp4");
  const args = ["-v", "error", "-y", ...inputs, ...tone, ...video, ...scrubbed, "-movflags", "+faststart"];
  await promisify(execFile)(tools.ffmpeg, [...args, ...output, file]);
  const timeline = clipTimeline([{ start: 0, end: planned, text: "" }], { text: "30/1", fps: 30 });
  return whatIsWrong(await fileChecks(tools, file, size, timeline, new AbortController().signal));
}

test.skipIf(!tools)("a clip that is as it should be passes (needs ffmpeg)", async () => {
  expect(await wrongOf()).toBe("");
});

test.skipIf(!tools).each([
  ["a size", { filter: "scale=128:256" }, "its size, its pixel shape"],
  ["a pixel shape", { filter: "setsar=4/3" }, "its pixel shape"],
  ["other colours", { output: ["-color_trc", "smpte170m"] }, "its colours"],
  ["a rate of sound", { rate: "44100" }, "its sound"],
  ["a longer sound", { sound: 1.3 }, "the length of its sound"],
  [
    "a late picture",
    { before: ["-itsoffset", "0.2"], output: ["-fps_mode", "passthrough"] },
    "its start, the length of its sound",
  ],
  [
    "uneven pictures",
    { seconds: 1.034, planned: 1, filter: "select='not(eq(n,5))'", output: ["-fps_mode", "vfr"] },
    "its frame rate",
  ],
  ["few key frames", { seconds: 3, sound: 3, output: ["-g", "90"] }, "the distance of its key frames"],
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
  [
    "too many bytes",
    {
      filter: "scale=720:1280,noise=alls=60:allf=t",
      output: ["-crf", "2"],
    },
    "its size, its size in bytes",
  ],
])("a clip with %s is named by what is wrong with it (needs ffmpeg)", async (_title, change, wrong) => {
  expect(await wrongOf(change)).toBe(wrong);
});

test.skipIf(!tools)("too few frames mean a truncated source, too many a bug (needs ffmpeg)", async () => {
  await expect(wrongOf({ seconds: 0.8, sound: 0.8, planned: 1 })).rejects.toMatchObject({
    code: "SOURCE_TRUNCATED",
  });
  await expect(wrongOf({ seconds: 1.2, planned: 1 })).rejects.toMatchObject({
    code: "RENDER_FAILED",
    message: expect.stringContaining("longer than planned"),
  });
});

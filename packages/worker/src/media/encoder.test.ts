import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import {
  chooseEncoder,
  encodingArgs,
  highestBitrate,
  nvencReason,
  presetFor,
  smallerCrf,
} from "./encoder.ts";

const clip = {
  encoder: "libx264" as const,
  crf: 20,
  preset: "veryfast",
  width: 1080,
  height: 1920,
  fps: 30,
  threads: 2,
};
const optionOf = (args: string[], name: string) => args[args.indexOf(name) + 1];

test("x264 gets the wanted quality, its own threads and a key frame every two seconds", () => {
  const args = encodingArgs(clip);
  expect(optionOf(args, "-c:v")).toBe("libx264");
  expect(optionOf(args, "-crf")).toBe("20");
  expect(optionOf(args, "-threads")).toBe("2");
  expect(optionOf(args, "-g")).toBe("60");
  expect(optionOf(encodingArgs({ ...clip, fps: 30000 / 1001 }), "-g")).toBe("59");
});

test("NVENC gets the same quality on its own scale", () => {
  const args = encodingArgs({ ...clip, encoder: "h264_nvenc" });
  expect(optionOf(args, "-cq")).toBe("27");
  expect(optionOf(args, "-preset")).toBe("p3");
  expect(optionOf(args, "-pix_fmt")).toBe("yuv420p");
  expect(args).not.toContain("-crf");
});

test("45 seconds stay under 30 MB, and a clip that became too large is made smaller by enough", () => {
  expect(((highestBitrate(clip) + 160_000) * 45) / 8).toBeLessThan(30e6);
  expect(Number(optionOf(encodingArgs({ ...clip, encoder: "h264_nvenc" }), "-maxrate"))).toBe(5_000_000);
  expect(smallerCrf(20, 2)).toBe(27);
  expect(smallerCrf(20, 1.01)).toBe(22);
  expect(smallerCrf(35, 1000)).toBe(48);
});

test.each([
  ["h264_nvenc", "veryfast", "p3"],
  ["h264_nvenc", "medium", "p5"],
  ["h264_nvenc", "p6", "p6"],
  ["h264_nvenc", "what", "p4"],
  ["libx264", "slow", "slow"],
  ["libx264", "p4", "faster"],
  ["libx264", "p7", "slower"],
  ["libx264", "what", "veryfast"],
] as const)("%s reads the preset %s as %s", (encoder, preset, expected) => {
  expect(presetFor(encoder, preset)).toBe(expected);
});

test.each([
  ["[h264_nvenc @ 0x55] Cannot load libcuda.so.1", "NO_LIB"],
  ["[h264_nvenc @ 0x55] Cannot load libnvidia-encode.so.1", "NO_LIB"],
  ["OpenEncodeSessionEx failed: unsupported device (2): (no details)", "NO_ENGINE"],
  ["OpenEncodeSessionEx failed: out of memory (10): (no details)", "SESSION_LIMIT"],
  ["Driver does not support the required nvenc API version. Required: 12.0 Found: 11.1", "DRIVER_OLD"],
  ["Unknown encoder 'h264_nvenc'", "NOT_BUILT"],
  ["something new", "UNKNOWN: something new"],
])("%s means %s", (said, reason) => {
  const error = new KangKlipError("RENDER_FAILED", "The media tool failed", { cause: new Error(said) });
  expect(nvencReason(error)).toContain(reason);
});

/** A program that stands where ffmpeg does and answers every call in the same way. */
async function programThat(script: string) {
  const dir = await mkdtemp(join(tmpdir(), "kangklip-encoder-"));
  const ffmpeg = join(dir, "ffmpeg");
  await writeFile(ffmpeg, `#!/bin/sh\n${script}\n`);
  await chmod(ffmpeg, 0o755);
  return {
    ffmpeg,
    ffprobe: "ffprobe",
    version: "5.1",
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
const signal = new AbortController().signal;

test("an ffmpeg that lists NVENC but cannot use it gives libx264 and the reason", async () => {
  await using tools = await programThat("echo 'Cannot load libcuda.so.1' >&2; exit 1");
  expect(await chooseEncoder(tools, signal)).toEqual({
    encoder: "libx264",
    reason: expect.stringContaining("NO_LIB"),
  });
});

test("NVENC is used where it really encodes", async () => {
  await using tools = await programThat("exit 0");
  expect(await chooseEncoder(tools, signal)).toEqual({ encoder: "h264_nvenc", reason: null });
});

test("an abort while trying is an abort, not a fall-back", async () => {
  await using tools = await programThat("exec sleep 10");
  await expect(chooseEncoder(tools, AbortSignal.timeout(100))).rejects.toThrow(/timeout/i);
});

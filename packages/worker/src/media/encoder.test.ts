import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import { WORKS } from "../ability.ts";
import {
  chooseEncoder,
  clipShares,
  clipsAtOnce,
  type Encoder,
  encodingArgs,
  highestBitrate,
  nvencFailure,
  nvencQuality,
  presetFor,
  smallerCrf,
  tryNvenc,
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

test.each([
  ["superfast", undefined, "sync-lookahead=0:mbtree=1:rc-lookahead=20:b-pyramid=strict"],
  ["medium", undefined, "sync-lookahead=0"],
  ["superfast", "subme=2", "sync-lookahead=0:subme=2"],
])(
  "x264 at %s with %s looks ahead in no thread of its own, which would give other bytes each time",
  (preset, params, given) => {
    expect(optionOf(encodingArgs({ ...clip, preset, params }), "-x264-params")).toBe(given);
  },
);

test("NVENC gets the same quality on its own scale", () => {
  const args = encodingArgs({ ...clip, encoder: "h264_nvenc" });
  expect(optionOf(args, "-cq")).toBe("27");
  expect(optionOf(args, "-preset")).toBe("p3");
  expect(optionOf(args, "-pix_fmt")).toBe("yuv420p");
  expect(args).not.toContain("-crf");
  expect([nvencQuality(21), nvencQuality(48)]).toEqual([28, 51]);
});

test("45 seconds stay under 30 MB, and a clip that became too large is made smaller by enough", () => {
  expect(((highestBitrate(clip) + 160_000) * 45) / 8).toBeLessThan(30e6);
  expect(Number(optionOf(encodingArgs({ ...clip, encoder: "h264_nvenc" }), "-maxrate"))).toBe(5_000_000);
  expect(smallerCrf(5e6, { crf: 20, bitrate: 10e6 })).toBe(24);
  expect(smallerCrf(5e6, { crf: 20, bitrate: 5.05e6 })).toBe(22);
  expect(smallerCrf(5e6, { crf: 35, bitrate: 5e9 })).toBe(48);
});

test.each([
  ["as many steps as halved it count", 7.07e6, 27],
  ["no more than halve calm footage, however little it became smaller", 9.9e6, 31],
  ["so too where it became larger", 11e6, 32],
])("of a clip that is still too large %s", (_, bitrate, crf) => {
  const first = { crf: 22, bitrate: 10e6 };
  expect(smallerCrf(5e6, { crf: 24, bitrate }, first)).toBe(crf);
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

const NOT_OPENED = [
  "[vost#0:0/h264_nvenc @ 0x5] Error while opening encoder - maybe incorrect parameters such as bit_rate, rate, width or height.",
  "[vf#0:0 @ 0x5] Error sending frames to consumers: Cannot allocate memory",
  "[vf#0:0 @ 0x5] Task finished with error code: -12 (Cannot allocate memory)",
  "[out#0/null @ 0x5] Nothing was written into output file, because at least one of its streams received no packets.",
];

test.each([
  ["NO_LIB", "Cannot load libcuda.so.1"],
  ["NO_LIB", "Cannot load libnvidia-encode.so.1"],
  ["NO_ENGINE", "OpenEncodeSessionEx failed: unsupported device (2): (no details)\nNo capable devices found"],
  ["NO_ENGINE", "OpenEncodeSessionEx failed: no encode device (1): (no details)"],
  ["SESSION_LIMIT", "OpenEncodeSessionEx failed: out of memory (10): (no details)\nNo capable devices found"],
  ["SESSION_LIMIT", "OpenEncodeSessionEx failed: incompatible client key (21): (no details)"],
  ["DRIVER_OLD", "Driver does not support the required nvenc API version. Required: 12.0 Found: 11.1"],
  ["DRIVER_OLD", "The minimum required Nvidia driver for nvenc is 522.25 or newer"],
  [
    "NO_DEVICE",
    "dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
  ],
  ["NOT_BUILT", "Unknown encoder 'h264_nvenc'"],
  ["UNKNOWN: something new", "something new"],
])("%s is read from all that ffmpeg says, however much comes after it: %s", (reason, said) => {
  const stderr = said.split("\n").map((line) => `[h264_nvenc @ 0x55] ${line}`);
  // in newer versions what follows fills the last lines, and calls it a lack of memory
  for (const after of [[], ...(reason.startsWith("UNKNOWN") ? [] : [NOT_OPENED])]) {
    const all = [...stderr, ...after].join("\n");
    const cause = new Error(`ffmpeg ended with 1: ${all.split("\n").slice(-3).join(" | ")}`, { cause: all });
    const error = new KangKlipError("OUT_OF_MEMORY", "There was not enough memory", { cause });
    expect(nvencFailure(error).reason?.replace("[h264_nvenc @ 0x55] ", "")).toContain(reason);
  }
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

test("an ffmpeg that lists NVENC but cannot use it is known by trying", async () => {
  await using tools = await programThat("echo 'Cannot load libcuda.so.1' >&2; exit 1");
  expect(await tryNvenc(tools, signal)).toMatchObject({ code: "NO_LIB" });
});

test("NVENC is tried with what clips are encoded with", async () => {
  await using tools = await programThat(`printf '%s\\n' "$@" > "$0.args"`);
  expect(await tryNvenc(tools, signal)).toEqual(WORKS);
  const args = (await readFile(`${tools.ffmpeg}.args`, "utf8")).split("\n");
  for (const arg of encodingArgs({ ...clip, encoder: "h264_nvenc", width: 256, height: 256 }))
    if (!/^\d+$|^p\d$/.test(arg)) expect(args).toContain(arg);
});

test("where all sessions are in use, it is tried again before x264 is taken", async () => {
  const busy = "echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1";
  await using freed = await programThat(`test -e "$0.busy" && exit 0; : > "$0.busy"; ${busy}`);
  expect(await tryNvenc(freed, signal)).toEqual(WORKS);
  await using full = await programThat(`echo x >> "$0.tries"; ${busy}`);
  expect(await tryNvenc(full, signal)).toMatchObject({ code: "SESSION_LIMIT" });
  expect(await readFile(`${full.ffmpeg}.tries`, "utf8")).toBe("x\nx\nx\n");
});

test("an abort while trying is an abort, not a fall-back", async () => {
  await using tools = await programThat("exec sleep 10");
  await expect(tryNvenc(tools, AbortSignal.timeout(100))).rejects.toThrow(/timeout/i);
});

test("NVENC encodes where it works, unless the operator wants x264; asking for what does not work is no error", () => {
  const none = { code: "NO_ENGINE", reason: "NO_ENGINE: this card has no H.264 encoder" };
  expect(chooseEncoder("auto", WORKS)).toEqual({ encoder: "h264_nvenc", reason: null });
  expect(chooseEncoder("h264_nvenc", WORKS)).toEqual({ encoder: "h264_nvenc", reason: null });
  expect(chooseEncoder("libx264", WORKS)).toEqual({ encoder: "libx264", reason: "OFF: ENCODER=libx264" });
  for (const wanted of ["auto", "h264_nvenc"] as const)
    expect(chooseEncoder(wanted, none)).toEqual({ encoder: "libx264", reason: none.reason });
});

const room = (threads: number, memoryBytes = 64e9) => ({ threads, memoryBytes });

test("a clip for each core; a card gets two cores for each, and never more clips than it has engines for", () => {
  const atOnce = (encoder: Encoder) => [1, 2, 4, 8, 64].map((threads) => clipsAtOnce(encoder, room(threads)));
  expect(atOnce("h264_nvenc")).toEqual([1, 1, 2, 3, 3]);
  expect(atOnce("libx264")).toEqual([1, 2, 4, 5, 5]);
});

test("no more is encoded at the same time than memory holds, and one clip in any case", () => {
  const atOnce = [0.5e9, 1e9, 1.4e9, 2e9].map((memory) => clipsAtOnce("libx264", room(8, memory)));
  expect(atOnce).toEqual([1, 1, 2, 3]);
  expect(clipShares("libx264", room(8, 1e9), 2)).toEqual([
    { threads: 8, parts: 1 },
    { threads: 8, parts: 1 },
  ]);
});

test("a clip has a thread of its own, the first and the last odd ones get what is left, and never do more encode than may", () => {
  const shares = (threads: number, clips: number, encoder: Encoder = "libx264") =>
    clipShares(encoder, room(threads), clips).map((share) => `${share.threads}/${share.parts}`);
  expect(shares(2, 3)).toEqual(["2/2", "1/1", "1/1"]);
  expect(shares(2, 1)).toEqual(["2/2"]);
  expect(shares(4, 6)).toEqual(["4/4", "1/1", "1/1", "1/1", "1/1", "4/4"]);
  expect(shares(8, 3)).toEqual(["8/5", "4/2", "4/2"]);
  expect(shares(1, 2)).toEqual(["1/1", "1/1"]);
  expect(shares(64, 3)).toEqual(["8/5", "8/2", "8/2"]);
  expect(shares(4, 3, "h264_nvenc")).toEqual(["4/1", "2/1", "2/1"]);
  expect(shares(4, 0)).toEqual([]);
});

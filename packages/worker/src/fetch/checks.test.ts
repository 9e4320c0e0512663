import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aJobSpec } from "@kangklip/contract/testing";
import { beforeAll, expect, test } from "vitest";
import { aContext, ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import { checkLength, checkMedia, mp4Boxes } from "./checks.ts";

const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10"];
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=40"];
const SOUND = ["-f", "lavfi", "-i", "sine=d=40"];

let dir = "";
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  dir = temporary.dir;
  const made = (...args: string[]) => ffmpeg(...PICTURE, ...SOUND, ...H264, "-c:a", "aac", ...args);
  await made("-movflags", "+faststart", join(dir, "front.mp4"));
  await ffmpeg("-i", join(dir, "front.mp4"), "-c", "copy", join(dir, "back.mp4"));
  await ffmpeg("-i", join(dir, "front.mp4"), "-c", "copy", join(dir, "video.mkv"));
  await ffmpeg(
    "-i",
    join(dir, "front.mp4"),
    "-c",
    "copy",
    "-movflags",
    "frag_keyframe+empty_moov",
    join(dir, "parts.mp4"),
  );
  await ffmpeg(
    "-i",
    join(dir, "front.mp4"),
    "-c",
    "copy",
    "-f",
    "matroska",
    "-live",
    "1",
    join(dir, "nolength.mkv"),
  );
  await ffmpeg("-i", join(dir, "front.mp4"), "-c", "copy", join(dir, "video.ts"));
  await ffmpeg("-i", join(dir, "front.mp4"), "-vn", "-c", "copy", join(dir, "sound.mp4"));
  return temporary[Symbol.asyncDispose];
});

const check = (file: string) => checkMedia({ ...aContext(dir).context, job: aJobSpec() }, file);
const refused = (code: string) => expect.objectContaining({ name: "KangKlipError", code });

/** The first part of a file, as a broken download leaves it. */
async function cut(name: string, share: number): Promise<string> {
  const whole = await readFile(join(dir, name));
  const file = join(dir, `cut-${share}-${name}`);
  await writeFile(file, whole);
  await truncate(file, Math.floor(whole.length * share));
  return file;
}

for (const name of ["front.mp4", "back.mp4", "parts.mp4", "video.mkv", "nolength.mkv", "video.ts"])
  test.skipIf(!tools)(`${name} is whole, and its length is known (needs ffmpeg)`, async () => {
    const info = await check(join(dir, name));
    expect(info.durationSeconds).toBeGreaterThan(39.5);
    expect(info.durationSeconds).toBeLessThan(40.5);
    expect(info.video).toMatchObject({ width: 64, height: 36 });
  });

test.skipIf(!tools).each(["front.mp4", "back.mp4", "video.mkv"])(
  "%s cut in the middle is truncated (needs ffmpeg)",
  async (name) => {
    await expect(check(await cut(name, 0.6))).rejects.toEqual(refused("SOURCE_TRUNCATED"));
  },
);

test.skipIf(!tools)("the sentence says how much there is of how much (needs ffmpeg)", async () => {
  await expect(check(await cut("front.mp4", 0.5))).rejects.toThrow(
    /it says that it is 40\.\d s long, but ends after [12]\d\.\d s/,
  );
});

test.skipIf(!tools).each(["video.ts", "parts.mp4"])(
  "a recording such as %s, which names no length, is only shorter when it stops early (needs ffmpeg)",
  async (name) => {
    const { durationSeconds } = await check(await cut(name, 0.8));
    expect(durationSeconds).toBeGreaterThan(28);
    expect(durationSeconds).toBeLessThan(36);
  },
);

test.skipIf(!tools)("sound alone is no video (needs ffmpeg)", async () => {
  await expect(check(join(dir, "sound.mp4"))).rejects.toEqual(refused("NO_VIDEO"));
});

test.skipIf(!tools)("bytes that are no media cannot be read (needs ffmpeg)", async () => {
  const file = join(dir, "noise.mp4");
  await writeFile(file, Buffer.from("\0\0\0\x18ftypmp42 this is no video at all"));
  await expect(check(file)).rejects.toEqual(refused("SOURCE_TRUNCATED"));
  await writeFile(file, "#EXTM3U\nvideo.mkv\n");
  await expect(check(file)).rejects.toEqual(refused("SOURCE_UNREADABLE"));
});

test.skipIf(!tools)("an aborted check ends with the reason (needs ffmpeg)", async () => {
  const stop = AbortSignal.abort(new Error("cancelled"));
  const { context } = aContext(dir, { signal: stop });
  await expect(checkMedia({ ...context, job: aJobSpec() }, join(dir, "front.mp4"))).rejects.toThrow(
    "cancelled",
  );
});

test("boxes tell an MP4 that ends early from one without an index", async () => {
  await using temporary = await temporaryDir();
  const file = join(temporary.dir, "x.mp4");
  const box = (name: string, size: number) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32BE(size);
    bytes.write(name, 4);
    return bytes;
  };
  const cases: [Buffer[], unknown][] = [
    [[box("ftyp", 16), box("moov", 40), box("mdat", 20)], { hasIndex: true, isCut: false }],
    [[box("ftyp", 16), box("mdat", 20)], { hasIndex: false, isCut: false }],
    [[box("ftyp", 16), box("moov", 40), box("mdat", 20).subarray(0, 19)], { hasIndex: true, isCut: true }],
    [[box("ftyp", 16), Buffer.from("\0\0\0\x03mdat")], { hasIndex: false, isCut: true }],
    [[Buffer.from("RIFF....AVI ")], null],
  ];
  for (const [parts, expected] of cases) {
    await writeFile(file, Buffer.concat(parts));
    expect(await mp4Boxes(file)).toEqual(expected);
  }
});

test("a source must be long enough for a clip, and not longer than allowed", () => {
  const job = aJobSpec({ clip_duration_seconds: 30 });
  expect(() => checkLength(24, job)).not.toThrow();
  expect(() => checkLength(23.9, job)).toThrow(
    "The video is 23.9 s long; a clip of 30 s needs at least 24 s",
  );
  expect(() => checkLength(4 * 3600 + 1, job)).toThrow("The video is 241 minutes long; 240 are allowed here");
  expect(() => checkLength(1, job)).toThrow(refused("SOURCE_TOO_SHORT"));
  expect(() => checkLength(1e6, job)).toThrow(refused("SOURCE_TOO_LONG"));
});

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeSound } from "../../asr/sound.ts";
import { aContext, aSource, ffmpeg, temporaryDir, tools } from "../../asr/testing.ts";
import { createFetcher } from "../fetcher.ts";
import { bytes, startOrigin } from "../testing-server.ts";
import { fetchSound } from "./arriving-sound.ts";
import { openMp4 } from "./mp4-source.ts";

/** What is different about each file: more output options, after a picture, a high tone and a low one. */
const FILES: Record<string, string> = {
  "moov-first.mp4": "-map 0:v -map 1:a -c:a aac -movflags +faststart",
  "moov-last.mp4": "-map 0:v -map 1:a -c:a aac",
  "stereo-44100.mp4": "-map 0:v -map 1:a -c:a aac -ar 44100 -ac 2 -movflags +faststart",
  "second-of-two.mp4": "-map 0:v -map 1:a -map 2:a -c:a aac -disposition:a:1 default -disposition:a:0 0",
  "sound-first.mp4": "-map 1:a -map 0:v -c:a aac -movflags +faststart",
  "mp3.mp4": "-map 0:v -map 1:a -c:a libmp3lame -ar 44100",
  "opus.mp4": "-map 0:v -map 1:a -c:a libopus -movflags +faststart",
  "samples.mov": "-map 0:v -map 1:a -c:a pcm_s16le -ar 24000 -f mov",
  "titled.mov": "-map 0:v -map 1:a -c:a aac -metadata title=Tones -f mov",
};
const SECONDS = 12;
const { signal } = new AbortController();
const policy = { allow_private: true, allow_origins: [], max_bytes: 1e9, max_seconds: 1e6 };

let folder = "";
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  folder = temporary.dir;
  const lavfi = (source: string) => ["-f", "lavfi", "-i", source];
  const tone = (hertz: number) =>
    `aevalsrc='0.4*sin(2*PI*${hertz}*t)*(0.5+0.5*sin(t*3))':d=${SECONDS}:s=48000`;
  const inputs = [...lavfi(`testsrc2=s=160x90:r=25:d=${SECONDS}`), ...lavfi(tone(900)), ...lavfi(tone(200))];
  const picture = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -crf 10 -bf 2 -g 125".split(" ");
  for (const [name, options] of Object.entries(FILES))
    await ffmpeg(...inputs, ...picture, ...options.split(" "), join(folder, name));
  // a track that begins later than the other has an empty edit before it
  const twice = [
    "-i",
    join(folder, "moov-last.mp4"),
    "-itsoffset",
    "1.3",
    "-i",
    join(folder, "moov-last.mp4"),
  ];
  await ffmpeg(...twice, "-c", "copy", "-map", "0:v", "-map", "1:a", join(folder, "late-sound.mp4"));
  await ffmpeg(...twice, "-c", "copy", "-map", "1:v", "-map", "0:a", join(folder, "late-picture.mp4"));
  return temporary[Symbol.asyncDispose];
}, 300_000);

const hashOf = async (file: string) =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

describe.skipIf(!tools)("a sound that is read while it comes (needs ffmpeg)", () => {
  test.each([...Object.keys(FILES), "late-sound.mp4", "late-picture.mp4"])(
    "%s: every sample is the one of the whole file",
    { timeout: 300_000 },
    async (name) => {
      await using temporary = await temporaryDir();
      const { dir } = temporary;
      const whole = join(folder, name);
      await using server = await startOrigin({ "/v": bytes(await readFile(whole), { together: true }) });
      const fetcher = createFetcher({ policy, signal });
      const path = join(dir, "v");
      const source = await openMp4({ fetcher, address: `${server.origin}/v`, path });
      const { info } = await aSource(whole);
      const shares: number[] = [];
      const arrival = fetchSound(source, (await source.costOfSound()).bytes, () => {
        shares.push(arrival.share());
      });
      const coming = await arrival.asItComes(info.audio?.index ?? -1);
      const { context } = aContext(dir);
      const decode = async (arriving?: AsyncIterable<Buffer>) => {
        const options = { tools: context.tools, info, dir, limitSeconds: 600, signal, arriving };
        const decoded = await decodeSound({ ...options, file: arriving ? path : whole });
        return { hash: await hashOf(decoded?.pcmFile ?? ""), sound: decoded?.sound };
      };
      expect(coming).toBeDefined();
      const heard = await decode(coming?.read());
      await arrival.whole;
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect(arrival.share()).toBe(1);
      expect(heard).toEqual(await decode());
      expect(await decode(coming?.read())).toEqual(heard); // once more, now that all of it is here
      await source.file.close();
      await fetcher.close();
    },
  );

  test("what is no sound of it cannot be read so", async () => {
    await using temporary = await temporaryDir();
    const file = await readFile(join(folder, "moov-last.mp4"));
    await using server = await startOrigin({ "/v": bytes(file, { together: true }) });
    const fetcher = createFetcher({ policy, signal });
    const source = await openMp4({ fetcher, address: `${server.origin}/v`, path: join(temporary.dir, "v") });
    expect(await source.soundFile(0)).toBeUndefined(); // the picture
    expect(await source.soundFile(1)).toBeDefined();
    expect(await source.soundFile(2)).toBeUndefined();
    await source.file.close();
    await fetcher.close();
  });
});

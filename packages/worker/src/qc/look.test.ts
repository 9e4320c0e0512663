import { execFile } from "node:child_process";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clipPieces, clipTimeline } from "../media/clip-timeline.ts";
import { findTools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource } from "../stage.ts";
import { ownFaults } from "./compare.ts";
import { lookThrough } from "./look.ts";

const tools = await findTools({}).catch(() => null);
const signal = new AbortController().signal;
const picture = { width: 72, height: 128 };
const frames = [6, 36];

describe.skipIf(!tools)("a finished clip is looked through (needs ffmpeg)", () => {
  let dir: string;
  const ffmpeg = (...args: string[]) =>
    promisify(execFile)(tools?.ffmpeg ?? "", ["-v", "error", "-y", ...args]);
  /** 5 s of a moving picture with a tone; `filter` spoils it. */
  const make = async (name: string, filter = "null", sound = "sine=r=48000:f=300") => {
    const inputs = ["-f", "lavfi", "-t", "5", "-i", `testsrc2=s=144x256:r=30,${filter}`];
    const heard = ["-f", "lavfi", "-t", "5", "-i", sound];
    const coding = [
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-pix_fmt",
      "yuv420p",
      "-c:a",
      "aac",
      "-ac",
      "2",
    ];
    await ffmpeg(...inputs, ...heard, ...coding, join(dir, name));
    return join(dir, name);
  };
  const SPOILT =
    "drawbox=w=144:h=256:color=black:t=fill:enable='between(t,0.5,0.95)',select='not(between(n,60,134))',fps=30";
  let [clean, spoilt] = ["", ""];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kangklip-look-"));
    [clean, spoilt] = [await make("clean.mp4"), await make("spoilt.mp4", SPOILT)];
    const two = ["-vf", "select='eq(n,6)+eq(n,36)'", "-fps_mode", "passthrough", "-q:v", "2"];
    await ffmpeg("-i", clean, ...two, join(dir, "cover_%02d.jpg"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const look = (file: string, above = 1) => {
    if (!tools) throw new Error("needs ffmpeg");
    const beside = { pattern: "cover_%02d.jpg", cwd: dir };
    return lookThrough({ tools, file, signal, seconds: 5, above, frames, picture, beside });
  };

  test("a clean one shows nothing, and the wanted frames are those of the pictures beside them", async () => {
    const seen = await look(clean);
    expect(seen).toMatchObject({ errors: [], black: [], frozen: [] });
    expect(seen.pairs).toHaveLength(2);
    for (const { own, beside } of seen.pairs) {
      const apart = own.reduce((sum, luma, i) => sum + Math.abs(luma - (beside[i] ?? 0)), 0) / own.length;
      expect(apart).toBeLessThan(3);
    }
    const [first, second] = seen.pairs.map(({ own }) => own);
    expect(Buffer.compare(first ?? Buffer.alloc(0), second ?? Buffer.alloc(0))).not.toBe(0);
  });

  test("black and still stretches are found where they are", async () => {
    const { black, frozen, errors } = await look(spoilt);
    expect(errors).toEqual([]);
    expect(black).toEqual([{ start: 0.5, end: expect.closeTo(0.96, 1) }]);
    expect(frozen).toHaveLength(1);
    expect(Math.abs((frozen[0]?.start ?? 0) - 2)).toBeLessThan(0.25); // the encoder refines the first ones
    expect(frozen[0]?.end).toBeCloseTo(4.5, 1);
  });

  test("a picture that stands still to the end is still to the end, though captions move below it", async () => {
    const words = Array.from({ length: 10 }, (_, i) => {
      const word = `drawbox=x=${20 + 9 * i}:y=200:w=20:h=20:color=white:t=fill`;
      return `${word}:enable='between(t,${i / 2},${(i + 1) / 2})'`;
    });
    const still = await make("still.mp4", `trim=end=2,tpad=stop_mode=clone:stop=90,${words}`);
    const { frozen } = await look(still, 0.7);
    expect(frozen).toEqual([{ start: expect.any(Number), end: 5 }]);
    expect(Math.abs((frozen[0]?.start ?? 0) - 2)).toBeLessThan(0.25);
    expect((await look(still)).frozen).toEqual([]);
  });

  test("damaged bytes are counted", async () => {
    const file = await make("damaged.mp4");
    const at = (await readFile(file)).indexOf("mdat") + 5000;
    await using handle = await open(file, "r+");
    await handle.write(Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 73 + 41) % 256)), 0, 3000, at);
    expect((await look(file)).errors.length).toBeGreaterThan(0);
  });

  test("loudness, peak and range are those of the encoded sound", async () => {
    const { loudness } = await look(await make("loud.mp4", "null", "sine=r=48000:f=1000,volume=18dB"));
    expect(loudness.truePeak).toBeGreaterThan(-4);
    expect(loudness.integrated).toBeGreaterThan(-6);
  });

  describe("what the source shows as well is no fault of the clip", () => {
    const faultsOf = async (clip: string, of: string) => {
      if (!tools) throw new Error("needs ffmpeg");
      const source = { file: of, info: await probeMedia(tools, of, signal) } as FetchedSource;
      const timeline = clipTimeline([{ start: 0, end: 5, text: "" }], { text: "30/1", fps: 30 });
      const pieces = clipPieces(timeline, [], source.info.video, { width: 144, height: 256 });
      const seen = await look(clip);
      return ownFaults(seen, { tools, source, timeline, pieces, file: clip, above: 1, signal });
    };

    test("black and still ones of a moving source are faults", async () => {
      expect(await faultsOf(spoilt, clean)).toEqual({
        ...{ black: expect.closeTo(0.46, 1), frozen: expect.closeTo(2.4, 0) },
      });
    });

    test("those of a source that has them are not, noise or none", async () => {
      expect(await faultsOf(spoilt, await make("noisy.mp4", `${SPOILT},noise=alls=8:allf=t`))).toEqual({
        ...{ black: 0, frozen: 0 },
      });
    });

    test("a mouth that moves in the source must move in the clip", async () => {
      const mouth = "drawbox=x=60:y=120:w=20:h=10:color=black:t=fill";
      const face = `lutyuv=y=120:u=128:v=128,${mouth}`;
      const talking = await make("talking.mp4", `${face}:enable='lt(mod(t,0.5),0.25)'`);
      expect(await faultsOf(await make("stuck.mp4", face), talking)).toMatchObject({ frozen: 5 });
      expect(await faultsOf(talking, talking)).toMatchObject({ frozen: 0 });
    });
  });
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { outputRate } from "../media/clip-timeline.ts";
import { findTools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import { watch } from "./analysis.ts";

const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => undefined);

/** How a picture lies in its file, and the turn (ISO 14496-12, the matrix of tkhd) that brings it up again. */
const LYING: [name: string, laid: string, matrix: [number, number, number, number]][] = [
  ["as it is", "null", [1, 0, 0, 1]],
  ["by 90", "transpose=2", [0, 1, -1, 0]],
  ["by 180", "hflip,vflip", [-1, 0, 0, -1]],
  ["by 270", "transpose=1", [0, -1, 1, 0]],
  ["mirrored", "hflip", [-1, 0, 0, 1]],
  ["mirrored and by 90", "transpose=0", [0, 1, 1, 0]],
  ["mirrored and by 180", "vflip", [1, 0, 0, -1]],
  ["mirrored and by 270", "transpose=3", [0, -1, -1, 0]],
];

test.skipIf(!tools)("an arrow points up, whichever way it lies in its file (needs ffmpeg)", async () => {
  if (!tools) return;
  const dir = mkdtempSync(join(tmpdir(), "kangklip-analysis-"));
  try {
    // an upright picture of four greys, so that no turn and no mirror looks like another
    const quarters = "nullsrc=s=64x96:r=10:d=0.3,geq=lum='40+50*gte(X,32)+100*gte(Y,48)':cb=128:cr=128";
    const file = join(dir, "arrow.mp4");
    const signal = new AbortController().signal;
    for (const [name, laid, matrix] of LYING) {
      const made = [
        "-f",
        "lavfi",
        "-i",
        `${quarters},${laid}`,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-y",
        file,
      ];
      execFileSync(tools.ffmpeg, ["-v", "error", ...made]);
      const data = readFileSync(file);
      const at = data.indexOf("tkhd") + 44;
      const [a, b, c, d] = matrix;
      for (const [i, value] of [a, b, 0, c, d, 0, 0, 0, 0x4000].entries())
        data.writeInt32BE(value * 0x10000, at + 4 * i);
      writeFileSync(file, data);

      const { video } = await probeMedia(tools, file, signal);
      if (!video) throw new Error("no video");
      expect([video.width, video.height], name).toEqual([64, 96]);
      const rate = outputRate(10, 30);
      const { lumas, width, height } = await watch({
        ...{
          tools,
          file,
          video,
          startSeconds: 0,
          seconds: 0.3,
          rate,
          threads: 1,
          signal,
          onPicture: () => {},
        },
      });
      const grey = (x: number, y: number) =>
        Math.round(((lumas[0]?.luma[Math.round(y * height) * width + Math.round(x * width)] ?? 0) - 40) / 50);
      const seen = [grey(0.25, 0.25), grey(0.75, 0.25), grey(0.25, 0.75), grey(0.75, 0.75)];
      expect(seen, name).toEqual([0, 1, 2, 3]);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

// Why RENDER_PRESET and RENDER_CRF are what they are: encodes the same vertical picture with the default and with its neighbours
// and prints CPU time and size as ratios to the first one (1.x: veryfast, crf 20), and how near each comes to the lossless picture.
// `node_modules/.bin/node tooling/bench/x264-point.ts [video]`: about a minute on two cores. Without a video the sample talk with
// film grain over it is taken: drawn pictures alone are too easy.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodingArgs } from "../../packages/worker/src/media/encoder.ts";
import { KEPT } from "../sample/make.ts";

const POINTS: [preset: string, crf: number][] = [
  ["veryfast", 20],
  ["veryfast", 21],
  ["superfast", 20],
  ["superfast", 21],
  ["superfast", 22],
  ["ultrafast", 21],
];
const SIZE = { width: 1080, height: 1920, fps: 30 };
const SECONDS = 10;
const ffmpeg = process.env.FFMPEG_PATH ?? "ffmpeg";
const [, , video] = process.argv;
const dir = mkdtempSync(join(tmpdir(), "kangklip-bench-"));
const quiet = ["-hide_banner", "-nostdin", "-y"];

try {
  const reference = join(dir, "reference.mkv");
  const grain = video ? "" : ",noise=alls=2:allf=t";
  const vertical = `crop=ih*9/16:ih,scale=${SIZE.width}:${SIZE.height},setsar=1,fps=${SIZE.fps}${grain},format=yuv420p`;
  const lossless = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", reference];
  const stretch = ["-ss", "40", "-t", `${SECONDS}`, "-i", video ?? KEPT];
  execFileSync(ffmpeg, [...quiet, "-v", "error", ...stretch, "-an", "-vf", vertical, ...lossless]);

  const measured = POINTS.map(([preset, crf]) => {
    const file = join(dir, `${preset}-${crf}.mp4`);
    const how = encodingArgs({ ...SIZE, encoder: "libx264", preset, crf, threads: 2 });
    const said = run(["-benchmark", "-i", reference, "-an", ...how, file]);
    const cpuSeconds = Number(/utime=([\d.]+)s/.exec(said)?.[1]);
    const compared = run(["-i", file, "-i", reference, "-lavfi", "ssim", "-f", "null", "-"]);
    const ssimDb = Number(/All:[\d.]+ \(([\d.]+)\)/.exec(compared)?.[1]);
    return { point: `${preset} ${crf}`, cpuSeconds, bytes: statSync(file).size, ssimDb };
  });
  const [base] = measured;
  if (!base) throw new Error("nothing was measured");
  console.table(
    measured.map(({ point, cpuSeconds, bytes, ssimDb }) => ({
      point,
      CPU: (cpuSeconds / base.cpuSeconds).toFixed(2),
      size: (bytes / base.bytes).toFixed(2),
      "SSIM dB": ssimDb.toFixed(2),
    })),
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function run(args: string[]): string {
  const { status, stderr } = spawnSync(ffmpeg, [...quiet, ...args], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(stderr.slice(-2000));
  return stderr;
}

// Why RENDER_PRESET and RENDER_CRF are what they are: the same vertical, captioned pictures encoded at many points of x264 (preset, parameters,
// crf), each with one thread, and what each costs, takes and loses. `npm run bench:ladder [-- --quick] [--json] [--video FILE]`
// Points are tried in turns, several rounds of all of them, and the middle one of each counts: a machine's speed changes meanwhile.
// A full run takes about 15 minutes on an idle machine, a quick one about two; processor time is only to be compared within one run.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { X264_TUNING } from "../../../packages/worker/src/media/encoder.ts";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { machineLine, machineOf } from "../machine.ts";
import { median } from "../performance/figures.ts";
import { makeContent } from "./content.ts";
import { canVmaf, compare, encode } from "./measure.ts";
import { atQuality, best, isOnFrontier, type Measured, nameOf, type Point, pointsOf } from "./points.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    video: { type: "string" },
  },
});
const [seconds, rounds] = values.quick ? [2, 2] : [8, 3];
const stopped = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stopped.abort());

const settings = readSettings(process.env);
const { renderPreset: preset, renderCrf: crf } = settings;
const today: Point = { preset, params: X264_TUNING[preset] ?? "", crf };
const tools = await findTools({ FFMPEG_PATH: settings.ffmpegPath });
const dir = await mkdtemp(join(tmpdir(), "kangklip-ladder-"));
const kitchen = { ffmpeg: tools.ffmpeg, dir, signal: stopped.signal };
try {
  const all = await measureAll();
  const own = all.find((point) => nameOf(point) === nameOf(today) && point.crf === today.crf);
  if (!own) throw new Error("Today's point was not measured");
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({ seconds, rounds, today: own, points: all, best: best(all, own) })}\n`,
    );
  else print(all, own);
} catch (error) {
  if (!stopped.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function measureAll(): Promise<Measured[]> {
  const contents = await makeContent(
    kitchen,
    seconds,
    values.video === undefined ? null : resolve(values.video),
  );
  const vmaf = await canVmaf(kitchen);
  const points = pointsOf(values.quick, today);
  const times = points.map((): number[] => []);
  const looks = points.map((): Awaited<ReturnType<typeof compare>>[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, point] of points.entries()) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${nameOf(point)}, crf ${point.crf}\n`);
      let cpu = 0;
      for (const content of contents) {
        const made = await encode(kitchen, content, point);
        cpu += made.cpu / contents.length;
        if (round === 0) looks[i]?.push(await compare(kitchen, content, made.file, vmaf));
      }
      times[i]?.push(cpu);
    }
  }
  const mean = (figures: number[]) => figures.reduce((sum, one) => sum + one, 0) / figures.length;
  return points.map((point, i) => {
    const own = looks[i] ?? [];
    return {
      ...{ ...point, cpu: median(times[i] ?? []), kbits: mean(own.map(({ kbits }) => kbits)) },
      ...{ ssimDb: mean(own.map(({ ssimDb }) => ssimDb)), psnrDb: mean(own.map(({ psnrDb }) => psnrDb)) },
      vmaf: vmaf ? mean(own.map((one) => one.vmaf ?? Number.NaN)) : null,
    };
  });
}

function print(all: readonly Measured[], own: Measured): void {
  console.log(machineLine(new Date().toISOString(), machineOf(tools.version)));
  console.table(
    all.map((point) => ({
      ...{ point: nameOf(point), crf: point.crf, "CPU s per s": Number(point.cpu.toFixed(3)) },
      "CPU / today's": Number((point.cpu / own.cpu).toFixed(2)),
      "kbit/s": Math.round(point.kbits),
      ...{ "SSIM-Y dB": Number(point.ssimDb.toFixed(2)), "PSNR-Y dB": Number(point.psnrDb.toFixed(2)) },
      ...(point.vmaf !== null && { VMAF: Number(point.vmaf.toFixed(2)) }),
      frontier: isOnFrontier(point, all) ? "*" : "",
      today: point === own ? "<" : "",
    })),
  );
  console.log(`At today's similarity, ${own.ssimDb.toFixed(2)} dB:`);
  console.table(
    atQuality(all, own.ssimDb).map(({ kind, crf: at, cpu, kbits }) => ({
      ...{ kind, crf: Number(at.toFixed(1)), CPU: Number((cpu / own.cpu).toFixed(2)) },
      bits: Number((kbits / own.kbits).toFixed(2)),
    })),
  );
  const { kind, crf: at } = best(all, own);
  console.log(`Least time with no more bits at that similarity: ${kind}, crf ${at.toFixed(1)}.`);
}

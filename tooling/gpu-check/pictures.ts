import { execFile } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { EdlClip } from "../../packages/contract/src/index.ts";
import { WORKS } from "../../packages/worker/src/ability.ts";
import type { Machine } from "../../packages/worker/src/machine.ts";
import { encodingArgs } from "../../packages/worker/src/media/encoder.ts";
import type { Tools } from "../../packages/worker/src/media/ffmpeg.ts";
import { probeMedia } from "../../packages/worker/src/media/probe.ts";
import type {
  FetchedSource,
  Framing,
  StageContext,
  WorkerSettings,
} from "../../packages/worker/src/stage.ts";
import { renderClips } from "../../packages/worker/src/stages/render.ts";
import type { Bench } from "./main.ts";
import { secondsSince } from "./speech.ts";

const exec = promisify(execFile);

export interface Pictures {
  tools: Tools;
  machine: Machine;
  settings: WorkerSettings;
}

/** A window of 1080 lines, as clips are cut. */
const CUT = "crop=608:1080:656:0,scale=1080:1920:flags=bicubic,format=yuv420p";

const ffmpeg = ({ tools }: Pictures, { work, signal }: Bench, args: string[]) =>
  exec(tools.ffmpeg, ["-hide_banner", "-nostdin", "-nostats", "-benchmark", "-y", ...args], {
    ...{ cwd: work, signal, maxBuffer: 1 << 24 },
  });

/** Some seconds of 1080p30 with a moving picture and a little grain (7 Mbit/s, as such videos have), as H.264 with a tone; made once. */
async function sample(pictures: Pictures, bench: Bench): Promise<string> {
  const file = join(bench.work, "sample.mp4");
  if (await stat(file).catch(() => undefined)) return file;
  const inputs = ["testsrc2=s=1920x1080:r=30,noise=alls=3:allf=t", "sine=f=330:r=48000"];
  await ffmpeg(pictures, bench, [
    ...inputs.flatMap((graph) => ["-f", "lavfi", "-i", graph]),
    ...[
      "-t",
      `${bench.pictureSeconds}`,
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-crf",
      "21",
      "-pix_fmt",
      "yuv420p",
    ],
    ...["-g", "60", "-c:a", "aac", file],
  ]);
  return file;
}

/** How long one call of ffmpeg takes, and how many seconds of the processor's cores. */
async function timed({ pictureSeconds }: Bench, work: () => Promise<{ stderr: string }>) {
  const begun = performance.now();
  const { stderr } = await work();
  const seconds = secondsSince(begun);
  const [, user, system] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr) ?? [];
  const cores = Math.round((Number(user) + Number(system)) * 100) / 100;
  return { seconds, fps: Math.round((pictureSeconds * 30) / seconds), core_seconds: cores };
}

/** Decoding alone, with the pictures brought back into memory as the worker has it. */
export async function decoding(bench: Bench, pictures: Pictures) {
  const file = await sample(pictures, bench);
  const decode = (before: string[]) =>
    timed(bench, () => ffmpeg(pictures, bench, [...before, "-i", file, "-map", "0:v", "-f", "null", "-"]));
  const cpu = await decode([]);
  const { nvdec } = pictures.machine;
  if (nvdec.code !== WORKS.code) bench.missing.push(`NVDEC: ${nvdec.reason}`);
  const card = nvdec.code === WORKS.code ? await decode(["-threads", "1", "-hwaccel", "cuda"]) : null;
  const { size } = await stat(file);
  return {
    ...{ nvdec: nvdec.code, mbit_per_second: Math.round((size * 8) / bench.pictureSeconds / 1e5) / 10 },
    ...{ cpu, card, card_times_faster: card && ratio(cpu.seconds, card.seconds) },
  };
}

/** Cutting and encoding with the arguments that clips get; how near each comes to the picture before encoding, in dB. */
export async function encoding(bench: Bench, pictures: Pictures) {
  const file = await sample(pictures, bench);
  const { renderCrf: crf, renderPreset: preset, threads } = pictures.settings;
  const encode = async (encoder: "h264_nvenc" | "libx264") => {
    const name = `encoded-${encoder}.mp4`;
    const quality = encodingArgs({ encoder, crf, preset, width: 1080, height: 1920, fps: 30, threads });
    const took = await timed(bench, () =>
      ffmpeg(pictures, bench, ["-i", file, "-map", "0:v", "-vf", CUT, ...quality, "-f", "mp4", name]),
    );
    const { size } = await stat(join(bench.work, name));
    const { stderr } = await exec(
      pictures.tools.ffmpeg,
      [
        "-hide_banner",
        "-nostdin",
        "-i",
        name,
        "-i",
        file,
        "-lavfi",
        `[1:v]${CUT}[b];[0:v][b]psnr`,
        "-f",
        "null",
        "-",
      ],
      { cwd: bench.work, signal: bench.signal, maxBuffer: 1 << 24 },
    );
    return { ...took, bytes: size, psnr_db: Number(/average:([\d.]+)/.exec(stderr)?.[1] ?? Number.NaN) };
  };
  const cpu = await encode("libx264");
  const { nvenc } = pictures.machine;
  if (nvenc.code !== WORKS.code) bench.missing.push(`NVENC: ${nvenc.reason}`);
  const card = nvenc.code === WORKS.code ? await encode("h264_nvenc") : null;
  return { nvenc: nvenc.code, crf, cpu, card, card_times_faster: card && ratio(cpu.seconds, card.seconds) };
}

/**
 * Whether pictures could stay on the card until they are cut and scaled: this ffmpeg's scale_cuda must heed what `crop` wrote on them
 * (old ones do not), and it must pay. `psnr_db` against the processor's picture: under 25 it shows something else.
 */
export async function fullPath(bench: Bench, pictures: Pictures) {
  if (pictures.machine.nvdec.code !== WORKS.code) return null;
  const file = await sample(pictures, bench);
  const lossless = ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
  const kept = [
    "-threads",
    "1",
    "-hwaccel",
    "cuda",
    "-hwaccel_output_format",
    "cuda",
    "-i",
    file,
    "-map",
    "0:v",
  ];
  const onCard =
    "crop=608:1080:656:0,scale_cuda=1080:1920:interp_algo=bicubic:format=nv12,hwdownload,format=nv12,format=yuv420p";
  const nothing = ["-f", "null", "-"];
  await ffmpeg(pictures, bench, [...kept, "-vf", onCard, "-frames:v", "60", ...lossless, "full-path.mp4"]);
  const { stderr } = await exec(
    pictures.tools.ffmpeg,
    [
      ...["-hide_banner", "-nostdin", "-i", "full-path.mp4", "-i", file],
      ...["-lavfi", `[1:v]${CUT},trim=end_frame=60[b];[0:v][b]psnr=shortest=1`, ...nothing],
    ],
    { cwd: bench.work, signal: bench.signal, maxBuffer: 1 << 24 },
  );
  const psnr = Number(/average:([\d.]+|inf)/.exec(stderr)?.[1] ?? Number.NaN);
  const card = await timed(bench, () => ffmpeg(pictures, bench, [...kept, "-vf", onCard, ...nothing]));
  const half = ["-threads", "1", "-hwaccel", "cuda", "-i", file, "-map", "0:v", "-vf", CUT];
  const back = await timed(bench, () => ffmpeg(pictures, bench, [...half, ...nothing]));
  return {
    ...{ psnr_db: psnr, heeds_crop: psnr > 25, whole_on_card: card, decoded_on_card: back },
    whole_times_faster: ratio(back.seconds, card.seconds),
  };
}

/** Two clips as a job renders them, with captions, preview and cover: with what the card does, and by the processor alone. */
export async function rendering(bench: Bench, pictures: Pictures) {
  const file = await sample(pictures, bench);
  const run = async (settings: WorkerSettings) => {
    const dir = join(bench.work, `render-${settings.gpu}`);
    await mkdir(dir, { recursive: true });
    const context = {
      ...{ dir, tools: pictures.tools, signal: bench.signal, settings, progress() {}, log() {}, notice() {} },
      job: { preview: true },
    } as unknown as StageContext;
    const info = await probeMedia(pictures.tools, file, bench.signal);
    const half = bench.pictureSeconds / 2;
    const clips = [0, half].map((start, i) =>
      EdlClip.parse({
        ...{ index: i + 1, title: "t", hook: "h", segments: [{ start, end: start + half, text: "" }] },
        words: Array.from({ length: Math.floor(half * 2) }, (_, w) => ({
          word: "words",
          start: start + w / 2,
          end: start + w / 2 + 0.4,
        })),
      }),
    );
    const window = { layout: "crop" as const, x: 656, y: 0, w: 608, h: 1080, reason: "face" };
    const frames = [{ start: 0, end: half, ...window }];
    const framing: Framing = {
      ...{
        frames,
        shown: frames,
        shots: 1,
        detected: 1,
        backend: "none",
        reason: null,
        error: null,
      },
    };
    const used: string[] = [];
    const begun = performance.now();
    for await (const { encoder, decoder, encoderReason, decoderReason } of renderClips(
      context,
      { file, info } as FetchedSource,
      clips,
      async () => framing,
    ))
      used.push([encoder, decoder, encoderReason, decoderReason].filter(Boolean).join(", "));
    const seconds = secondsSince(begun);
    await rm(dir, { recursive: true, force: true });
    return { seconds, clip_seconds: bench.pictureSeconds, used };
  };
  const cpu = await run({ ...pictures.settings, gpu: "off" });
  const card = pictures.machine.gpu ? await run(pictures.settings) : null;
  return { cpu, card, card_times_faster: card && ratio(cpu.seconds, card.seconds) };
}

const ratio = (slow: number, fast: number) => Math.round((slow / fast) * 100) / 100;

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { SelfTest } from "@kangklip/contract";
import { type Ability, lacking, WORKS, withinTime } from "./ability.ts";
import { tinyModel } from "./asr/tiny-model.ts";
import { wavOf } from "./asr/wav.ts";
import { addonInstalled } from "./asr/whisper.ts";
import { runWhisperCli, WhisperCliFailure } from "./asr/whisper-cli-run.ts";
import { findProgram } from "./child.ts";
import { childEnvironment } from "./config.ts";
import { findGpus, type Gpu } from "./machine-gpu.ts";
import { type Abilities, keptAbilities, keyOf } from "./machine-kept.ts";
import { tryNvdec } from "./media/decoder.ts";
import { chooseEncoder, tryNvenc } from "./media/encoder.ts";
import type { Tools } from "./media/ffmpeg.ts";
import type { WorkerSettings } from "./stage.ts";

/** What this machine can do besides what every machine can, each found by doing it. */
export interface Machine {
  /** The card that is used; null where there is none, or none of what it could do works. */
  gpu: Gpu | null;
  /** Why the driver gives no card; null where it does. */
  gpuReason: string | null;
  /** There was a card, and the driver can no longer reach it. */
  gpuLost: boolean;
  nvenc: Ability;
  nvdec: Ability;
  /** Speech recognition by whisper.cpp's program with CUDA. */
  cudaWhisper: Ability;
  /** How long finding out took. */
  seconds: number;
}

type Asked = Pick<WorkerSettings, "gpu" | "encoder" | "transcriber" | "whisperCliPath">;
interface Options {
  tools: Tools;
  settings: Asked;
  signal: AbortSignal;
  /** Folder out of the reach of children, in which what was found is kept for the next worker on this machine; undefined: it is not. */
  keptIn?: string | undefined;
}

/** A first use of CUDA on a cold machine takes some seconds. */
const WHISPER_TRY_MS = 30_000;

const known = new Map<string, Promise<Machine>>();

/**
 * What this machine can do, tried once per process, and with `keptIn` once an hour: nothing is tried where there is no card, a second or two
 * where there is one, and never longer than a minute, whatever hangs. The driver is asked for its cards each time. @throws the abort's reason, nothing else
 */
export function machineFacts({ tools, settings, signal, keptIn }: Options): Promise<Machine> {
  const { gpu, encoder, transcriber, whisperCliPath } = settings;
  const { PATH, CUDA_VISIBLE_DEVICES } = childEnvironment();
  const key = JSON.stringify([
    tools.ffmpeg,
    gpu,
    encoder,
    transcriber,
    whisperCliPath,
    PATH,
    CUDA_VISIBLE_DEVICES,
  ]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const asked = measured({ tools, settings, signal, keptIn });
  known.set(key, asked);
  asked.catch(() => known.delete(key)); // it was stopped: the next one asks again
  return asked;
}

async function measured({ tools, settings, signal, keptIn }: Options): Promise<Machine> {
  const begun = performance.now();
  const off = settings.gpu === "off" ? lacking("OFF", "GPU=off") : undefined;
  const found = off ? { gpus: [], why: off, lost: false } : await findGpus(signal);
  const missing = "why" in found ? found.why : undefined;
  const attempt = () => tried({ tools, settings, signal }, missing);
  const { gpu, encoder, transcriber, whisperCliPath = "whisper-cli" } = settings;
  const asked = [
    found.gpus,
    gpu,
    encoder,
    transcriber,
    whisperCliPath,
    childEnvironment().CUDA_VISIBLE_DEVICES,
  ];
  const abilities =
    keptIn === undefined || missing // nothing to try, nothing to keep
      ? await attempt()
      : await keptAbilities(
          keptIn,
          await keyOf(asked, [tools.ffmpeg, tools.ffprobe, whisperCliPath]),
          attempt,
        );
  return {
    gpu: found.gpus[0] ?? null,
    gpuReason: missing?.reason ?? null,
    gpuLost: "lost" in found && found.lost,
    ...abilities,
    seconds: Math.round(performance.now() - begun) / 1000,
  };
}

/** @param missing why there is no card */
async function tried({ tools, settings, signal }: Options, missing: Ability | undefined): Promise<Abilities> {
  // who names the encoder wants it tried, even where no card is seen
  const insists = settings.encoder === "h264_nvenc" && settings.gpu !== "off";
  // by itself: making its model keeps this process busy, and the others' time would run out meanwhile
  const cudaWhisper = missing
    ? withoutCard(missing)
    : ["pocketsphinx", "none"].includes(settings.transcriber)
      ? lacking("OFF", `TRANSCRIBER=${settings.transcriber}`)
      : await tryCudaWhisper(settings.whisperCliPath, signal);
  const [nvenc, nvdec] = await Promise.all([
    settings.encoder === "libx264"
      ? lacking("OFF", "ENCODER=libx264")
      : missing && !insists
        ? withoutCard(missing)
        : tryNvenc(tools, signal),
    missing ? withoutCard(missing) : tryNvdec(tools, signal),
  ]);
  return { nvenc, nvdec, cudaWhisper };
}

/** Without a card its libraries are of no use, and are not there as a rule. */
const withoutCard = (why: Ability): Ability =>
  why.code === "NO_GPU" ? lacking("NO_LIB", "no NVIDIA graphics card or driver here") : why;

/**
 * Transcribes a breath of sound by whisper-cli on the card, with a small model of random weights: it is there at once whatever model
 * is installed, and needs the same driver, libraries and kernels. @throws the abort's reason, nothing else
 */
export async function tryCudaWhisper(path: string | undefined, signal: AbortSignal): Promise<Ability> {
  const program = await findProgram(path ?? "whisper-cli").catch(() => undefined);
  if (!program)
    return lacking("NO_PROGRAM", `there is no ${path ?? "whisper-cli on PATH (WHISPER_CLI_PATH)"}`);
  const dir = await mkdtemp(join(tmpdir(), "kk-whisper-"));
  try {
    const model = join(dir, "model.bin");
    await writeFile(model, tinyModel());
    const task = {
      program: resolve(program),
      model,
      device: "gpu" as const,
      language: "en",
      threads: 1,
      once: true,
    };
    const tried = breathe({ ...task, dir }, signal, WHISPER_TRY_MS);
    const ability = await withinTime(WHISPER_TRY_MS + 5000, tried, "whisper-cli");
    signal.throwIfAborted();
    return ability;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** One second of noise, for any model. */
async function breathe(
  task: Omit<Parameters<typeof runWhisperCli>[0], "parts">,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Ability> {
  try {
    const samples = Int16Array.from({ length: 16_000 }, (_, i) => 6000 * Math.sin(i * i * 0.7));
    await writeFile(join(task.dir, "breath.wav"), wavOf(Buffer.from(samples.buffer)));
    await runWhisperCli({ ...task, parts: [{ name: "breath", seconds: 1 }] }, { signal, timeoutMs });
    return WORKS;
  } catch (error) {
    return error instanceof WhisperCliFailure
      ? error.ability
      : lacking("UNKNOWN", String(error).slice(0, 200));
  }
}

/** What a claim tells of the machine. */
export function selfTestOf(
  { tools, settings }: Pick<Options, "tools" | "settings">,
  machine: Machine,
): SelfTest {
  const { gpu, nvenc, nvdec, cudaWhisper, seconds } = machine;
  return {
    ffmpeg: tools.version.slice(0, 100),
    encoder: chooseEncoder(settings.encoder, nvenc).encoder,
    gpu: gpu?.name ?? null,
    notes: machineNotes(machine).map((note) => note.slice(0, 500)),
    vram_mb: gpu?.vramMb ?? null,
    driver: gpu?.driver ?? null,
    ...{ nvenc: nvenc.code, nvdec: nvdec.code, cuda_whisper: cudaWhisper.code },
    transcriber: transcriberOf(settings, machine),
    cpus: availableParallelism(),
    seconds,
  };
}

/** What will hear the words where the source has no captions. */
function transcriberOf({ transcriber }: Pick<Asked, "transcriber">, { cudaWhisper }: Machine): string {
  if (transcriber === "pocketsphinx" || transcriber === "none") return transcriber;
  if (cudaWhisper.code === WORKS.code) return "whisper (CUDA)";
  return addonInstalled() ? "whisper (CPU)" : "pocketsphinx";
}

/** Why the card is not used for all that a card can do, one line each; a single line where there is none. */
export function machineNotes({ gpu, gpuReason, nvenc, nvdec, cudaWhisper }: Machine): string[] {
  if (!gpu) return gpuReason ? [`No graphics card is used. ${gpuReason}`] : [];
  return [
    ["Speech is recognised without the graphics card", cudaWhisper],
    ["Clips are encoded without the graphics card", nvenc],
    ["The source is decoded without the graphics card", nvdec],
  ].flatMap(([what, ability]) => {
    const { reason } = ability as Ability;
    return reason ? [`${what}. ${reason}`] : [];
  });
}

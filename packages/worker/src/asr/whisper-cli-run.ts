import { open, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Ability, lacking, type Meaning, meaningOf } from "../ability.ts";
import { ChildStopped, runChild } from "../child.ts";
import { MOST_OUTPUT_BYTES, readOutput } from "./whisper-cli-output.ts";

/** What whisper-cli is asked for. Files lie in `dir` as `${name}.wav`, 16 kHz mono; `seconds` is how long each is. */
interface CliTask {
  program: string;
  model: string;
  /** "gpu": it must run on the graphics card, and is ended where it would quietly take the processor instead. */
  device: "gpu" | "cpu";
  /** "auto", or a language as whisper.cpp names it. */
  language: string;
  threads: number;
  dir: string;
  parts: { name: string; seconds: number }[];
  /** A Silero model: what is no speech is not listened to. */
  vadModel?: string | undefined;
  /** Only tells the language. */
  detect?: boolean;
  /** One try per half minute, as a sound without speech would be tried again and again. */
  once?: boolean;
}

/** Why whisper-cli did not do it. */
export class WhisperCliFailure extends Error {
  override readonly name = "WhisperCliFailure";
  readonly ability: Ability;
  constructor(ability: Ability) {
    super(ability.reason ?? ability.code);
    this.ability = ability;
  }
}

/** On the card five beams cost little and hear a little better; the processor gets what whisper.node does. */
const BEAMS = { gpu: 5, cpu: 1 };
/** Besides the model: the sound, what large models compute with, and what CUDA and its libraries map. Not met by any good run. */
const MEMORY_BYTES = { gpu: 24 * 1024 ** 3, cpu: 3 * 1024 ** 3 };
/** The driver keeps what it has compiled for the card in files of its own. */
const FILE_BYTES = { gpu: 1024 ** 3, cpu: MOST_OUTPUT_BYTES };
/** It tells of every half minute that it has heard; a model's first use on a card may have to be compiled. */
const SILENT_MS = { gpu: 3 * 60_000, cpu: 15 * 60_000 };
const STDERR_KEPT = 32_768;
const LONGEST_LINE = 4096;

/** Texts of whisper.cpp, of ggml-cuda and of CUDA, the telling ones first. */
const MEANINGS: readonly Meaning[] = [
  [
    /error while loading shared libraries: (?:\S*cuda|\S*cublas)|libcuda\.so\.1: cannot open/i,
    "NO_LIB",
    "CUDA's libraries are not here",
  ],
  [
    /error while loading shared libraries|cannot open shared object/i,
    "NO_LIB",
    "whisper-cli lacks a library",
  ],
  [
    /driver version is insufficient|unsupported toolchain|unsupported display driver|driver.{0,20}too old/i,
    "DRIVER_OLD",
    // CUDA says the same where there is no libcuda.so.1 (error 35 of cudart 12.8 and 13.0)
    "the NVIDIA driver is too old for this whisper-cli, or not here (a container needs the `compute` capability)",
  ],
  [
    /no kernel image|invalid device function|device kernel image is invalid/i,
    "NO_KERNEL",
    "this whisper-cli was not built for this card",
  ],
  [
    /out of memory|failed to allocate|CUBLAS_STATUS_ALLOC_FAILED/i,
    "OUT_OF_MEMORY",
    "the card has not enough memory for this model",
  ],
  [/no CUDA-capable device|invalid device ordinal/i, "NO_DEVICE", "CUDA finds no card"],
  [
    /unspecified launch failure|illegal (?:memory access|instruction)|uncorrectable ECC|launch timed out|GPU is lost|unknown error|CUDA error|CUBLAS_STATUS|failed to initialize CUDA/i,
    "DEVICE_FAILED",
    "the card or its driver failed",
  ],
  [
    /not all tensors loaded|bad magic|failed to load model|failed to open '|wrong size in model file|unknown tensor/i,
    "MODEL_BROKEN",
    "the model cannot be read",
  ],
];

/** The arguments of one call. `-ml 1` makes one segment of each token, whose times hold also where silence was left out. */
export function whisperCliArgs(task: CliTask): string[] {
  const { model, device, language, threads, parts, vadModel, detect = false, once = false } = task;
  return [
    ...["-m", resolve(model), "-l", language, "-t", `${threads}`, "-oj", "-pp"],
    ...(device === "cpu" ? ["-ng"] : ["-dev", "0"]),
    ...(detect ? ["-dl"] : ["-ml", "1"]),
    // as whisper-child.ts: nothing is held against what comes later, and three tries are enough for a half minute of music
    ...["-mc", "0", "-bo", "1", "-bs", `${once ? 1 : BEAMS[device]}`, ...(once ? ["-nf"] : ["-tpi", "0.4"])],
    ...(vadModel && !detect ? ["--vad", "-vm", resolve(vadModel)] : []),
    ...parts.flatMap(({ name }) => ["-f", `${name}.wav`, "-of", name]),
  ];
}

/**
 * Runs whisper-cli once over all parts, with its model loaded once.
 * @param onProgress told the part (its index) and how much of it is heard, 0..1
 * @returns what was heard of each part, and what it ran on: "CUDA0", "CPU"
 * @throws WhisperCliFailure, or the signal's reason; the child is gone then
 */
export async function runWhisperCli(
  task: CliTask,
  {
    signal,
    onProgress = () => {},
    onHeard,
    timeoutMs,
  }: {
    signal: AbortSignal;
    onProgress?: (part: number, fraction: number) => void;
    /** Told what was heard of the first parts, while it is at work on the next one. */
    onHeard?: (heard: ReturnType<typeof readOutput>[]) => void;
    timeoutMs?: number;
  },
): Promise<{ heard: ReturnType<typeof readOutput>[]; device: string }> {
  const { program, device, dir, parts } = task;
  const { size } = await stat(task.model).catch(() => ({ size: 0 })); // the program says it better
  const stop = new AbortController();
  let known = 0;
  let telling = Promise.resolve();
  const tell = async (count: number) => {
    const heard = await outputs(dir, parts.slice(0, count));
    if (heard) onHeard?.(heard);
  };
  const signs = createSigns(
    task,
    (failure) => stop.abort(failure),
    (part, fraction) => {
      if (onHeard && part > known) telling = telling.then(() => tell(part)).catch(() => {});
      known = Math.max(known, part);
      onProgress(part, fraction);
    },
  );
  let ended: number | string;
  let stderr: string;
  try {
    ({ ended, stderr } = await runChild(program, whisperCliArgs(task), {
      ...{ cwd: dir, signal: AbortSignal.any([signal, stop.signal]), timeoutMs, silentMs: SILENT_MS[device] },
      ...{ memoryBytes: 2 * size + MEMORY_BYTES[device], fileBytes: FILE_BYTES[device] },
      env: { GGML_NO_BACKTRACE: "1" },
      onData: () => {}, // the same words as in the file
      ...{ onError: signs.take, keepStderr: STDERR_KEPT },
    }));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ChildStopped) throw new WhisperCliFailure(lacking("NO_ANSWER", "whisper-cli hung"));
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new WhisperCliFailure(lacking("NO_PROGRAM", `there is no ${program}`));
    throw error;
  }
  await telling;
  // wrong arguments and sound that cannot be read end with 0 as well: only the files tell
  const heard = ended === 0 ? await outputs(dir, parts) : undefined;
  if (heard) return { heard, device: signs.device() ?? "CPU" };
  if (ended === 0)
    throw new WhisperCliFailure(lacking("NO_OUTPUT", "whisper-cli gave no output that can be read"));
  const meant = meaningOf(stderr, MEANINGS);
  throw new WhisperCliFailure(
    meant.code === "UNKNOWN" ? lacking("UNKNOWN", `whisper-cli ended with ${ended}: ${meant.reason}`) : meant,
  );
}

async function outputs(dir: string, parts: CliTask["parts"]) {
  try {
    return await Promise.all(
      parts.map(async ({ name, seconds }) => {
        await using file = await open(join(dir, `${name}.json`));
        if ((await file.stat()).size > MOST_OUTPUT_BYTES)
          throw new Error("its output is larger than it can be");
        return readOutput(await file.readFile(), seconds);
      }),
    );
  } catch {
    return undefined;
  }
}

/** Reads along on stderr: what it runs on, which part it is at, and how far. */
function createSigns(
  { device, parts }: CliTask,
  fail: (failure: WhisperCliFailure) => void,
  onProgress: (part: number, fraction: number) => void,
) {
  let rest = "";
  let runsOn: string | undefined;
  let said = "";
  let part = -1;
  const line = (text: string) => {
    const [, backend] = /whisper_backend_init(?:_gpu)?: using (\S+) backend/.exec(text) ?? [];
    if (backend && !/^(?:CPU|BLAS|ACCEL)/i.test(backend)) runsOn ??= backend;
    if (part < 0) said = (said + text).slice(-LONGEST_LINE);
    // later ones are about the model that finds speech, which stays on the processor
    const quietly = part < 0 && /no GPU found|failed to initialize \S+ backend/.test(text);
    const begins = /^main: processing '/.test(text);
    if (device === "gpu" && !runsOn && (quietly || begins))
      return fail(new WhisperCliFailure(withoutGpu(said)));
    if (begins) part++;
    const [, percent] = /progress =\s*(\d{1,3})%/.exec(text) ?? [];
    if (percent && part >= 0 && part < parts.length) onProgress(part, Math.min(1, Number(percent) / 100));
  };
  return {
    take(text: string) {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(-LONGEST_LINE);
      for (const one of lines) line(one);
    },
    device: () => runsOn,
  };
}

/** Why it would have taken the processor. */
function withoutGpu(said: string): Ability {
  const meant = meaningOf(said, MEANINGS);
  if (meant.code !== "UNKNOWN") return meant;
  return /ggml_cuda_init/.test(said)
    ? lacking("NO_DEVICE", "CUDA finds no card")
    : lacking("NOT_BUILT", "this whisper-cli was built without CUDA");
}

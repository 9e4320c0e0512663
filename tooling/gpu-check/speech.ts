import { execFile, spawn } from "node:child_process";
import { access, open, readFile, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RATE } from "../../packages/worker/src/asr/pcm.ts";
import { type ModelShape, modelParts, TINY, TURBO } from "../../packages/worker/src/asr/tiny-model.ts";
import { wavOf } from "../../packages/worker/src/asr/wav.ts";
import { whisperCliArgs } from "../../packages/worker/src/asr/whisper-cli-run.ts";
import type { Bench } from "./main.ts";

const exec = promisify(execFile);
const DOCKERFILE = fileURLToPath(new URL("../../packages/worker/Dockerfile", import.meta.url));
const REPOSITORY = "https://github.com/ggml-org/whisper.cpp";

export interface Built {
  program: string;
  /** Whether it was built with CUDA; null where the user gave a program of their own. */
  cuda: boolean | null;
  commit: string | null;
  seconds: number;
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const runs = (program: string, ...args: string[]) =>
  exec(program, args).then(
    () => true,
    () => false,
  );

/**
 * A whisper-cli: the user's own, or one built from `source`, else from the commit that the worker's image is built from. With CUDA
 * for this machine's card where there is an nvcc; null where it cannot be built, with the reason in `missing`.
 */
export async function buildWhisper(
  { work, signal, missing, log }: Bench,
  { source, program }: { source: string | undefined; program: string | undefined },
): Promise<Built | null> {
  if (program) return { program: resolve(program), cuda: null, commit: null, seconds: 0 };
  for (const tool of ["cmake", "c++"])
    if (!(await runs(tool, "--version"))) {
      missing.push(
        `whisper.cpp: ${tool} is needed to build it (Debian: apt-get install -y cmake g++), or --whisper-cli FILE`,
      );
      return null;
    }
  const [, commit = "HEAD"] =
    /^ARG WHISPER_COMMIT=([0-9a-f]{40})/m.exec(await readFile(DOCKERFILE, "utf8")) ?? [];
  const dir = source ? resolve(source) : join(work, "whisper.cpp");
  if (!source && !(await isThere(join(dir, "CMakeLists.txt")))) {
    const git = (...args: string[]) => exec("git", ["-C", dir, ...args], { signal });
    const fetched = await exec("git", ["init", "-q", dir], { signal })
      .then(() => git("fetch", "-q", "--depth", "1", REPOSITORY, commit))
      .then(() => git("checkout", "-q", "FETCH_HEAD"))
      .then(
        () => true,
        () => false,
      );
    if (!fetched) {
      missing.push(`whisper.cpp: ${REPOSITORY} cannot be reached; give its sources with --source DIR`);
      return null;
    }
  }
  // nvcc is in PATH, or where NVIDIA's packages put it
  const nvcc = (await runs("nvcc", "--version")) ? "nvcc" : "/usr/local/cuda/bin/nvcc";
  const cuda = await runs(nvcc, "--version");
  if (!cuda)
    missing.push(
      "speech on the card: nvcc is needed to build whisper.cpp with CUDA (the CUDA toolkit, 12.8 or newer)",
    );
  const build = join(work, cuda ? "build-cuda" : "build-cpu");
  const begun = performance.now();
  const options = [
    ...["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF", "-DWHISPER_BUILD_TESTS=OFF"],
    ...["-DWHISPER_BUILD_SERVER=OFF", `-DGGML_CUDA=${cuda ? "ON" : "OFF"}`],
    ...(cuda
      ? [
          "-DGGML_CUDA_NCCL=OFF",
          "-DGGML_CUDA_NO_VMM=ON", // as in the worker's image, whose Dockerfile says why
          "-DCMAKE_CUDA_ARCHITECTURES=native",
          `-DCMAKE_CUDA_COMPILER=${nvcc === "nvcc" ? "nvcc" : nvcc}`,
        ]
      : []),
  ];
  await spoken("cmake", ["-S", dir, "-B", build, ...options], signal, log);
  await spoken(
    "cmake",
    ["--build", build, "-j", `${availableParallelism()}`, "--target", "whisper-cli"],
    signal,
    log,
  );
  const seconds = Math.round((performance.now() - begun) / 1000);
  return { program: join(build, "bin", "whisper-cli"), cuda, commit: source ? null : commit, seconds };
}

/** Runs a long program; its last lines are told where it fails. */
function spoken(
  program: string,
  args: string[],
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { signal, stdio: ["ignore", "pipe", "pipe"] });
    let last = "";
    let told = Date.now();
    for (const pipe of [child.stdout, child.stderr])
      pipe.setEncoding("utf8").on("data", (text: string) => {
        last = (last + text).slice(-3000);
        const [line] = /\[ *\d+%\][^\n]*/.exec(text) ?? [];
        if (!line || Date.now() - told < 20_000) return;
        told = Date.now();
        log(line);
      });
    child.once("error", failed);
    child.once("close", (code) =>
      code === 0
        ? done()
        : failed(new Error(`${program} ended with ${code}: ${last.split("\n").slice(-12).join(" | ")}`)),
    );
  });
}

/** The processor hears no more of the sound than this: a large model would keep it busy for minutes. */
const CPU_SECONDS = 30;

/**
 * The same noise by the same random model on the card and on the processor (the beginning of it, and only the speeds are compared), one
 * beam, no second tries: as much is decoded as never in speech, which is the worst case for both. The model says at random where it
 * goes on, so that half a minute may be encoded several times: `encode_runs`. Without a card the processor alone, with a small model.
 */
export async function recognising(
  { work, signal }: Bench,
  { program }: Built,
  { card, seconds }: { card: boolean; seconds: number },
) {
  const shape = card ? TURBO : TINY;
  const begun = performance.now();
  const model = join(work, card ? "random-turbo.bin" : "random-tiny.bin");
  const bytes = await writeModel(model, shape);
  const made = { shape: card ? "large-v3-turbo" : "tiny", bytes, seconds: secondsSince(begun) };
  let state = 7;
  const samples = Int16Array.from({ length: seconds * RATE }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >> 18;
  });
  const run = async (device: "gpu" | "cpu", most = seconds) => {
    const heard = Math.min(most, seconds);
    const pcm = samples.subarray(0, heard * RATE);
    await writeFile(join(work, "noise.wav"), wavOf(Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)));
    const task = { program, model, device, language: "en", threads: availableParallelism(), dir: work };
    const args = whisperCliArgs({ ...task, once: true, parts: [{ name: "noise", seconds: heard }] });
    const from = performance.now();
    const { stderr } = await exec(program, args, { cwd: work, signal, maxBuffer: 1 << 26 });
    const wall = secondsSince(from);
    const spent = (what: string) =>
      Number(new RegExp(`${what} time =\\s*([\\d.]+) ms`).exec(stderr)?.[1] ?? Number.NaN);
    const [, encodings] = /encode time =.*?\/\s*(\d+) runs/.exec(stderr) ?? [];
    const [, runsOn = "CPU"] = /whisper_backend_init_gpu: using (\S+) backend/.exec(stderr) ?? [];
    const { size } = await stat(join(work, "noise.json")); // it ends with 0 also where it did nothing
    return {
      ...{ runs_on: runsOn, sound_seconds: heard, wall_seconds: wall, output_bytes: size },
      ...{
        load_ms: spent("load"),
        encode_ms: spent("encode"),
        encode_runs: Number(encodings ?? Number.NaN),
        decode_ms: spent("decode"),
        total_ms: spent("total"),
      },
      times_real_time: Math.round((heard / wall) * 100) / 100,
    };
  };
  const gpu = card ? [await run("gpu"), await run("gpu")].at(-1) : undefined; // the first one fills the driver's caches
  const cpu = await run("cpu", CPU_SECONDS);
  const speed = (one: { sound_seconds: number; wall_seconds: number }) =>
    one.sound_seconds / one.wall_seconds;
  return {
    ...{ model: made, gpu: gpu ?? null, cpu },
    gpu_times_faster: gpu ? Math.round((speed(gpu) / speed(cpu)) * 10) / 10 : null,
  };
}

async function writeModel(file: string, shape: ModelShape): Promise<number> {
  await using handle = await open(file, "w");
  let bytes = 0;
  for (const part of modelParts(shape)) {
    await handle.writeFile(part);
    bytes += part.length;
  }
  return bytes;
}

export const secondsSince = (begun: number) => Math.round(performance.now() - begun) / 1000;

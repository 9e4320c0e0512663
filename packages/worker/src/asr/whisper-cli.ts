import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { KangKlipError, type Word } from "@kangklip/contract";
import { WORKS } from "../ability.ts";
import { findProgram, runChild } from "../child.ts";
import type { Machine } from "../machine.ts";
import { type ComingParts, comingParts } from "./coming-parts.ts";
import { findModel, isVadModel, modelFor } from "./model.ts";
import { endOf, type Part, placed, secondsOf } from "./parts.ts";
import { readPart } from "./pcm.ts";
import type { Hearing, Transcriber } from "./transcriber.ts";
import { wavOf } from "./wav.ts";
import {
  addonInstalled,
  ENGLISH_MODEL,
  heardIn,
  heardSoFar,
  joinPieces,
  languageFor,
  WHISPER_PARTS,
} from "./whisper.ts";
import type { WhisperPiece } from "./whisper-child.ts";
import { runWhisperCli, WhisperCliFailure } from "./whisper-cli-run.ts";

/** One call hears at most this much, so that the copy of the sound on disk stays small (115 MB); the model is loaded once for it. */
const CALL_SECONDS = 3600;

interface Options {
  /** What was found of this machine (machine.ts). */
  machine: () => Promise<Pick<Machine, "cudaWhisper" | "gpu">>;
  /** "gpu": on the graphics card, else not at all; "cpu": where there is no npm build of whisper.cpp for this machine. */
  device: "gpu" | "cpu";
  /** Gives the model file; the default fetches it once. */
  find?: typeof findModel;
  /** Lengths of the parts that are recognised one by one, and of what one call takes; seconds. */
  lengths?: typeof WHISPER_PARTS;
  callSeconds?: number;
}

/**
 * Recognises speech with whisper.cpp's own program, above all on an NVIDIA card (its build with CUDA). What it cannot do is left to
 * the next transcriber with the reason in the receipt: no card, a driver too old, a card without room for the model.
 */
export function createWhisperCliTranscriber(options: Options): Transcriber {
  const { device, find = findModel, lengths = WHISPER_PARTS, callSeconds = CALL_SECONDS } = options;
  return {
    name: "whisper",
    async transcribe(hearing) {
      const { context } = hearing;
      const { settings, signal, job } = context;
      const { cudaWhisper, gpu } = await options.machine();
      if (device === "gpu" && cudaWhisper.code !== WORKS.code)
        return { unavailable: cudaWhisper.reason ?? cudaWhisper.code }; // the receipt has it from the machine
      if (device === "cpu" && addonInstalled()) return { unavailable: "whisper.node does the same" };
      const program = await findProgram(settings.whisperCliPath ?? "whisper-cli").catch(() => undefined);
      if (!program) return { unavailable: "there is no whisper-cli (WHISPER_CLI_PATH)" };
      const wanted = modelFor(device, gpu?.vramMb);
      const model = await find({
        ...{ ...settings, signal, log: context.log, onWait: hearing.waiting, model: wanted },
      });
      const language = await languageFor(model, job.language);
      if (!language) return ENGLISH_MODEL;

      const dir = await mkdtemp(join(context.dir, "whisper-"));
      try {
        await using parts = await comingParts(hearing, lengths, signal);
        const vadModel = (await knowsVad(program, signal)) ? await vadModelBeside(model) : undefined;
        const task = {
          program: resolve(program),
          model,
          device,
          language,
          threads: settings.threads,
          dir,
          vadModel,
        };
        const result = await hearParts(hearing, parts, task, callSeconds, (soFar) =>
          hearing.sure?.(soFar.end, () => heardSoFar(hearing, parts.speechless, soFar)),
        );
        const on = device === "gpu" ? `the graphics card (${gpu?.name ?? result.device})` : "the CPU";
        return {
          ...heardIn(hearing, parts.parts, parts.speechless, result),
          notes: [`Whisper ran on ${on}.`],
        };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof WhisperCliFailure)) throw error;
        context.log("whisper.failed", { device, code: error.ability.code, reason: error.message });
        if (device === "gpu")
          return {
            unavailable: error.message,
            note: `Whisper failed on the graphics card, and another recogniser took its place. ${error.message}`,
          };
        throw new KangKlipError("INTERNAL", `The whisper recogniser stopped: ${error.message}`, {
          cause: error,
        });
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

type Task = Omit<Parameters<typeof runWhisperCli>[0], "parts">;

/**
 * All words of all parts in order, seconds of the source. A language that is not named is told by a sample.
 * @param onWords told the words of the first parts, up to where the last of these ends
 */
export async function hearParts(
  hearing: Hearing,
  parts: ComingParts,
  task: Task,
  callSeconds: number,
  onWords: (soFar: Parameters<typeof heardSoFar>[2]) => void = () => {},
) {
  const { context, pcmFile, heard } = hearing;
  const { signal } = context;
  const write = async (name: string, part: Part) => {
    await writeFile(join(task.dir, `${name}.wav`), wavOf(await readPart(pcmFile, part)));
    return { name, seconds: secondsOf(part) };
  };
  let { language } = task;
  const sample = language === "auto" ? await parts.sample() : undefined;
  if (sample) {
    const files = [await write("sample", sample)];
    const told = await runWhisperCli({ ...task, parts: files, detect: true }, { signal });
    language = told.heard[0]?.language ?? language;
  }
  const words: Word[] = [];
  let found: string | null = null;
  let device = "";
  let done = 0;
  while (await parts.at(done)) {
    const [call = []] = callsOf(parts.parts.slice(done), callSeconds); // what is known by now
    const files: { name: string; seconds: number }[] = [];
    for (const [index, part] of call.entries()) files.push(await write(`part-${index}`, part));
    const report = (index: number, fraction: number) => heard(...parts.scale(done + index, fraction));
    const wordsIn = (heard: { pieces: WhisperPiece[] }[]) =>
      heard.flatMap(({ pieces }, index) => placed(joinPieces(pieces), call[index] ?? []));
    const known = (told: string | null = null) => (language === "auto" ? (found ?? told) : language);
    const result = await runWhisperCli(
      { ...task, language, parts: files },
      {
        ...{ signal, onProgress: report },
        onHeard: (heard) =>
          onWords({
            ...{ words: [...words, ...wordsIn(heard)], language: known(heard[0]?.language) },
            end: endOf(call[heard.length - 1] ?? []),
          }),
      },
    );
    found ??= result.heard.find(({ language: told }) => told !== null)?.language ?? null;
    words.push(...wordsIn(result.heard));
    ({ device } = result);
    report(call.length - 1, 1);
    done += call.length;
    for (const { name } of files) await rm(join(task.dir, `${name}.wav`), { force: true });
  }
  return { words, language: language === "auto" ? found : language, exact: true, device };
}

/** The parts in groups of about so many seconds, each one a call. */
export function callsOf(parts: readonly Part[], seconds: number): Part[][] {
  const calls: Part[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const part of parts) {
    const length = secondsOf(part);
    if (filled + length > seconds) {
      calls.push([]);
      filled = 0;
    }
    calls.at(-1)?.push(part);
    filled += length;
  }
  return calls;
}

/** A Silero model in the same folder, as whisper.cpp publishes it: ggml-silero-v6.2.0.bin. */
async function vadModelBeside(model: string): Promise<string | undefined> {
  const folder = dirname(model);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /silero.*\.bin$/i.test(name)).sort();
  for (const name of names.reverse()) if (await isVadModel(join(folder, name))) return join(folder, name);
  return undefined;
}

/** Whether this whisper-cli can look for speech first (whisper.cpp 1.7.6 and later). An argument that it does not know would end it. */
async function knowsVad(program: string, signal: AbortSignal): Promise<boolean> {
  const options = { signal, timeoutMs: 30_000, memoryBytes: 4 * 1024 ** 3, fileBytes: 0 };
  const said = await runChild(program, ["--help"], options).catch(() => undefined);
  signal.throwIfAborted();
  return /--vad-model/.test(`${said?.stdout}${said?.stderr}`);
}

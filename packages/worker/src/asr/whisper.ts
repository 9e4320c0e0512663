import type { ChildProcess } from "node:child_process";
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { KangKlipError, type Language, type Word } from "@kangklip/contract";
import { startChild } from "../child.ts";
import { spreadWords } from "./captions.ts";
import { type ComingParts, comingParts } from "./coming-parts.ts";
import { believableWords, believedSoFar } from "./doubt.ts";
import { findModel, modelLanguages } from "./model.ts";
import {
  endOf,
  type Lengths,
  type Part,
  placed,
  type Stretch,
  secondsOf,
  sourceTime,
  surelyUpTo,
} from "./parts.ts";
import { needsSpace, orderedWords, segmentsOf, trimmedToSound } from "./segments.ts";
import type { Heard, HeardSoFar, Hearing, Transcriber } from "./transcriber.ts";
import type { WhisperMessage, WhisperOrder, WhisperPiece, WhisperTask } from "./whisper-child.ts";

const CHILD = fileURLToPath(new URL("./whisper-child.ts", import.meta.url));
/** Five minutes keep the addon's memory small whatever the length of the video: it holds all samples of a call as floats, 64 kB a second. */
const PARTS: Lengths = { minSeconds: 120, maxSeconds: 300, skipSeconds: 2, padSeconds: 0.5 };
const STDERR_KEPT = 4096;
/** Besides the model: Node, five minutes of sound, and what large models compute with. */
const MEMORY_BYTES = 3 * 1024 ** 3;

/**
 * Recognises speech with whisper.cpp on the CPU, in a child process; about 100 languages.
 * @param find gives the model file; the default fetches it once
 * @param lengths of the parts that are recognised one by one, seconds
 */
export function createWhisperTranscriber(find = findModel, lengths = PARTS): Transcriber {
  return {
    name: "whisper",
    async transcribe(hearing) {
      const { context, pcmFile } = hearing;
      const { settings, signal, job } = context;
      if (!addonInstalled())
        return { unavailable: `there is no whisper build for ${process.platform}-${process.arch}` };
      const model = await find({ ...settings, signal, log: context.log, onWait: hearing.waiting });
      const language = await languageFor(model, job.language);
      if (!language) return ENGLISH_MODEL;
      await using parts = await comingParts(hearing, lengths, signal);
      const task = { model, pcmFile, language, threads: settings.threads };
      const result = await runChild(hearing, parts, task);
      return heardIn(hearing, parts.parts, parts.speechless, result);
    },
  };
}

/** How long the parts are that whisper recognises one by one, seconds. */
export const WHISPER_PARTS = PARTS;
export const ENGLISH_MODEL = { unavailable: "the model of MODEL_PATH knows English only" };

/** The language to ask a model for, "auto" where it is to tell it; undefined where the model does not know the wanted one. */
export async function languageFor(model: string, wanted: Language): Promise<string | undefined> {
  if ((await modelLanguages(model)) !== "en") return wanted;
  return wanted === "auto" || wanted === "en" ? "en" : undefined;
}

/** Words of whisper as segments, without its inventions, and where they sound. */
export function heardIn(
  { context, sound, durationSeconds }: Hearing,
  parts: readonly Part[],
  speechless: Stretch[],
  { words, language, exact }: { words: readonly Word[]; language: string | null; exact: boolean },
): Heard {
  const ordered = orderedWords(words, durationSeconds);
  const believed = believableWords(ordered, speechless);
  const seconds = Math.round(parts.reduce((sum, part) => sum + secondsOf(part), 0));
  const counts = { parts: parts.length, seconds, words: ordered.length, believed: believed.length };
  context.log("whisper", { ...counts, language });
  return {
    ...{ language, accuracy: "high", timing: exact ? "word" : "line" },
    segments: segmentsOf(orderedWords(trimmedToSound(believed, sound), durationSeconds)),
  };
}

/** Whether whisper.cpp as an npm package runs on this kind of machine. */
export function addonInstalled(): boolean {
  try {
    const addon = createRequire(import.meta.url).resolve("@fugood/whisper.node");
    createRequire(addon).resolve(`@fugood/node-whisper-${process.platform}-${process.arch}`);
    return true;
  } catch {
    return false;
  }
}

/** Tokens as words, seconds of their part: a leading space begins one, and so does each letter of a script without spaces. */
export function joinPieces(pieces: readonly WhisperPiece[]): Word[] {
  const words: Word[] = [];
  for (const { text, t0, t1 } of pieces) {
    const word = text.replaceAll("\ufffd", "").trim();
    if (!word) continue;
    const last = words.at(-1);
    const begins = /^\s/.test(text) || (/^[\p{L}\p{N}]/u.test(word) && !needsSpace(last?.word ?? "", word));
    const end = t1 / 1000;
    if (last && !begins) Object.assign(last, { word: last.word + word, end });
    else words.push({ word, start: t0 / 1000, end });
  }
  return words;
}

/** The first words of `heardIn` that are sure. @param words of all parts up to the one that ends at `end` */
export function heardSoFar(
  { sound, durationSeconds }: Hearing,
  speechless: Stretch[],
  { words, language, end }: { words: readonly Word[]; language: string | null; end: number },
): HeardSoFar {
  const upTo = surelyUpTo(words, end);
  const ordered = orderedWords(words, durationSeconds).filter((word) => word.end < upTo);
  const sounding = trimmedToSound(believedSoFar(ordered, speechless), sound);
  // what the last one may take of the time is not known
  return { language, accuracy: "high", words: orderedWords(sounding, durationSeconds).slice(0, -1) };
}

async function runChild(hearing: Hearing, parts: ComingParts, task: WhisperTask) {
  const { context, sound, heard } = hearing;
  const { signal } = context;
  signal.throwIfAborted();
  const { size } = await stat(task.model).catch(() => ({ size: 0 })); // the child says it better
  const child = await startChild(process.execPath, [CHILD], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    ...{ memoryBytes: 2 * size + MEMORY_BYTES, fileBytes: 0 },
  });
  const words: Word[] = [];
  let exact = true;
  let stderr = "";
  let language: string | null = null;
  let done = false;
  let failure: string | undefined;
  const report = (part: number, fraction: number) => heard(...parts.scale(part, fraction));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_KEPT);
  });
  child.on("message", (message: WhisperMessage) => {
    if (message.type === "progress") report(message.part, message.fraction);
    if (message.type === "part") {
      const part = parts.parts[message.part] ?? [];
      if (message.exact) words.push(...placed(joinPieces(message.pieces), part));
      else for (const line of message.pieces) words.push(...lineWords(line, part, sound));
      exact &&= message.exact;
      report(message.part, 1);
      const [end, count] = [endOf(part), words.length];
      const soFar = () => ({ words: words.slice(0, count), language: message.language, end });
      hearing.sure?.(end, () => heardSoFar(hearing, parts.speechless, soFar()));
    }
    if (message.type === "done") {
      done = true;
      language = message.language;
    }
    if (message.type === "failed") failure = message.reason;
  });
  const onAbort = () => child.kill("SIGKILL"); // native code on another thread: SIGTERM would wait for it
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const closed = new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
      child.send(task, (error) => error && resolve(error.message));
    });
    const ended = await Promise.race([closed, orderParts(child, parts, task).then(() => closed)]);
    signal.throwIfAborted();
    if (done) return { language, words, exact };
    const reason = failure ?? `its process ended with ${ended}`;
    throw new KangKlipError("INTERNAL", `The whisper recogniser stopped: ${reason}`, {
      cause: new Error(stderr.trim().split("\n").slice(-3).join(" | ")),
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
  }
}

/** Tells the child what to hear as it becomes known, until all of it is told or the child is gone. @throws as `ComingParts.at` */
async function orderParts(child: ChildProcess, parts: ComingParts, { language }: WhisperTask): Promise<void> {
  const order = (one: WhisperOrder) => void (child.connected && child.send(one, () => {})); // its end says more
  const sample = language === "auto" ? await parts.sample() : undefined;
  if (sample) order({ sample });
  for (let index = 0; child.connected; index++) {
    const part = await parts.at(index);
    order(part ? { part } : { end: true });
    if (!part) return;
  }
}

/** The words of a line whose tokens could not be told apart: spread over its time, letter by letter where there are no spaces. */
export function lineWords({ text, t0, t1 }: WhisperPiece, part: Part, sound: Hearing["sound"]): Word[] {
  const words = text
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((word) => (needsSpace(word, word) ? [word] : (word.match(/.[^\p{L}\p{N}]*/gsu) ?? [word])));
  const partEnd = part.at(-1)?.end ?? 0; // what lies behind it may not be known yet
  const start = Math.min(partEnd, sourceTime(part, t0 / 1000, "start"));
  const end = Math.min(partEnd, sourceTime(part, t1 / 1000));
  return spreadWords(words, start, Math.max(start, end), sound);
}

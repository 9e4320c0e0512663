import { createRequire } from "node:module";
import { headOf, type Part } from "./parts.ts";
import { readPart } from "./pcm.ts";

/**
 * The child process around the whisper.cpp addon, started by whisper.ts with an IPC channel. A process of its own because the addon can
 * neither be cancelled (its stop() leaves the promise pending for ever, seen in 1.1.3) nor be trusted to survive a broken model.
 */

/** The one message in: what to recognise. Times are seconds. */
export interface WhisperTask {
  model: string;
  pcmFile: string;
  parts: Part[];
  /** "auto" is settled by half a minute from the middle and then kept. */
  language: string;
  threads: number;
}
/** A piece of text of about one token; milliseconds from the start of its part. */
export interface WhisperPiece {
  text: string;
  t0: number;
  t1: number;
}
/** The messages out. `exact`: pieces are single tokens; else lines, whose words have no times of their own. */
export type WhisperMessage =
  | { type: "progress"; part: number; fraction: number }
  | { type: "part"; part: number; pieces: WhisperPiece[]; exact: boolean }
  | { type: "done"; language: string | null }
  | { type: "failed"; reason: string };

/** The part of the addon's interface that is used. Its package has no declarations, and its sources do not pass our compiler. */
interface WhisperAddon {
  initWhisper(options: { filePath: string; useGpu: boolean }): Promise<{
    transcribeData(
      samples: ArrayBuffer,
      options: {
        language: string;
        maxThreads: number;
        tokenTimestamps: boolean;
        maxLen?: number;
        maxContext: number;
        bestOf: number;
        temperatureInc: number;
        onProgress?: (percent: number) => void;
      },
    ): { promise: Promise<{ language?: string; segments: WhisperPiece[] }> };
  }>;
}

const require = createRequire(import.meta.url);
/** Longest sound by which a language is told. */
const SAMPLE_SECONDS = 30;
/** Share of pieces with half a letter that may be passed over. */
const MOST_TORN = 0.03;

const send = (message: WhisperMessage) =>
  new Promise<void>((resolve) => {
    if (!process.send?.(message, () => resolve())) resolve();
  });

// the worker is gone: nobody will ever read the words, and the addon's threads would keep the process alive
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", (task: WhisperTask) => {
  recognise(task)
    .then((language) => send({ type: "done", language }))
    .catch((error: unknown) =>
      send({ type: "failed", reason: error instanceof Error ? error.message : `${error}` }),
    )
    .finally(() => process.kill(process.pid, "SIGKILL")); // exit() can crash in the addon's destructors
});

async function recognise({ model, pcmFile, parts, language, threads }: WhisperTask): Promise<string | null> {
  const addon = require("@fugood/whisper.node") as WhisperAddon;
  const whisper = await addon.initWhisper({ filePath: model, useGpu: false });
  const hear = async (
    part: Part,
    options: { language: string; exact: boolean; onProgress?: (percent: number) => void },
  ) => {
    const { exact, ...rest } = options;
    const samples = await readPart(pcmFile, part);
    return whisper.transcribeData(new Uint8Array(samples).buffer, {
      ...rest,
      maxThreads: threads,
      tokenTimestamps: exact,
      ...(exact ? { maxLen: 1 } : {}), // one segment per token; whisper.ts joins them into words
      maxContext: 0, // what was heard before is not held against what comes: a loop ends with its half minute
      // at most three tries for a half minute that comes out badly, instead of six times five: music would take minutes
      temperatureInc: 0.4,
      bestOf: 1,
    }).promise;
  };

  let settled = language;
  let heard: string | null = null;
  const [first, ...others] = parts;
  if (language === "auto" && first && others.length > 0) {
    const middle = parts[Math.floor(parts.length / 2)] ?? first;
    const sample = headOf(middle, SAMPLE_SECONDS);
    settled = (await hear(sample, { language, exact: false })).language ?? language;
  }
  for (const [index, part] of parts.entries()) {
    const onProgress = (percent: number) =>
      void send({ type: "progress", part: index, fraction: percent / 100 });
    const words = await hear(part, { language: settled, exact: true, onProgress });
    // a token can be half a letter; where that is more than a stray music note, whole lines are taken, without word times
    const torn = words.segments.filter(({ text }) => text.includes("\ufffd")).length;
    const broken = torn > words.segments.length * MOST_TORN;
    const { segments, language: found } = broken
      ? await hear(part, { language: settled, exact: false })
      : words;
    heard ??= found ?? null;
    await send({ type: "part", part: index, pieces: segments, exact: !broken });
  }
  return settled === "auto" ? heard : settled;
}

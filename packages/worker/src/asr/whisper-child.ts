import { createRequire } from "node:module";
import type { Part } from "./parts.ts";
import { readPart } from "./pcm.ts";

/**
 * The child process around the whisper.cpp addon, started by whisper.ts with an IPC channel. A process of its own because the addon can
 * neither be cancelled (its stop() leaves the promise pending for ever, seen in 1.1.3) nor be trusted to survive a broken model.
 */

/** The first message in: how to recognise. Times are seconds. */
export interface WhisperTask {
  model: string;
  pcmFile: string;
  /** "auto" is settled by the sample, where there is one, and then kept. */
  language: string;
  threads: number;
}
/** The messages that follow, in the order in which they are to be heard: a part by which the language is told, and then all parts. */
export type WhisperOrder = { sample: Part } | { part: Part } | { end: true };
/** A piece of text of about one token; milliseconds from the start of its part. */
export interface WhisperPiece {
  text: string;
  t0: number;
  t1: number;
}
/** The messages out. `exact`: pieces are single tokens; else lines, whose words have no times of their own. */
export type WhisperMessage =
  | { type: "progress"; part: number; fraction: number }
  | { type: "part"; part: number; pieces: WhisperPiece[]; exact: boolean; language: string | null }
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
/** Share of pieces with half a letter that may be passed over. */
const MOST_TORN = 0.03;

const send = (message: WhisperMessage) =>
  new Promise<void>((resolve) => {
    if (!process.send?.(message, () => resolve())) resolve();
  });

// the worker is gone: nobody will ever read the words, and the addon's threads would keep the process alive
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", (task: WhisperTask) => {
  recognise(task, orders())
    .then((language) => send({ type: "done", language }))
    .catch((error: unknown) =>
      send({ type: "failed", reason: error instanceof Error ? error.message : `${error}` }),
    )
    .finally(() => process.kill(process.pid, "SIGKILL")); // exit() can crash in the addon's destructors
});

/** What comes from now on, until the end is said. */
async function* orders(): AsyncGenerator<{ sample?: Part; part?: Part }> {
  const waiting: WhisperOrder[] = [];
  let wake = () => {};
  process.on("message", (order: WhisperOrder) => {
    waiting.push(order);
    wake();
  });
  for (;;) {
    const order = waiting.shift();
    if (!order)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    else if ("end" in order) return;
    else yield order;
  }
}

async function recognise(
  { model, pcmFile, language, threads }: WhisperTask,
  ordered: ReturnType<typeof orders>,
): Promise<string | null> {
  const first = ordered.next(); // listens from now on
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
  const known = () => (settled === "auto" ? heard : settled);
  let index = 0;
  for (let next = await first; !next.done; next = await ordered.next()) {
    const { sample, part } = next.value;
    if (sample) settled = (await hear(sample, { language, exact: false })).language ?? language;
    if (!part) continue;
    const at = index++;
    const onProgress = (percent: number) =>
      void send({ type: "progress", part: at, fraction: percent / 100 });
    const words = await hear(part, { language: settled, exact: true, onProgress });
    // a token can be half a letter; where that is more than a stray music note, whole lines are taken, without word times
    const torn = words.segments.filter(({ text }) => text.includes("\ufffd")).length;
    const broken = torn > words.segments.length * MOST_TORN;
    const { segments, language: found } = broken
      ? await hear(part, { language: settled, exact: false })
      : words;
    heard ??= found ?? null;
    await send({ type: "part", part: at, pieces: segments, exact: !broken, language: known() });
  }
  return known();
}

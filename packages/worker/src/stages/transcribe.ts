import { rm } from "node:fs/promises";
import { KangKlipError } from "@kangklip/contract";
import { createCaptionsTranscriber } from "../asr/captions.ts";
import { messageOf } from "../asr/fetch-model.ts";
import { RETRY_AFTER_MS } from "../asr/model.ts";
import { voicedSeconds } from "../asr/parts.ts";
import { createPocketsphinxTranscriber } from "../asr/pocketsphinx.ts";
import { type DecodedSound, decodeSound, NO_SOUND } from "../asr/sound.ts";
import type { Heard, Hearing, Transcriber, Unavailable } from "../asr/transcriber.ts";
import { createWhisperTranscriber } from "../asr/whisper.ts";
import { createWhisperCliTranscriber } from "../asr/whisper-cli.ts";
import { machineFacts } from "../machine.ts";
import type { FetchedSource, SoundMap, StageContext, Transcript } from "../stage.ts";

/** Share of the stage that decoding takes; recognition takes the rest. */
const DECODE_SHARE = 0.05;
/** Less sound than this holds no speech worth a recogniser. */
const MIN_VOICED_SECONDS = 0.3;

const ALWAYS = Number.POSITIVE_INFINITY;

/** TRANSCRIPT's result. */
export interface Transcribed {
  transcript: Transcript;
  sound: SoundMap;
  /** For how long other jobs may take it too, ms: less than for ever where a better recogniser failed or was missing. */
  standsMs: number;
}

const NOTHING: Transcript = {
  language: null,
  transcriber: "none",
  accuracy: "none",
  timing: "none",
  segments: [],
};

/** The best first: what a person wrote, the graphics card, the processor by whichever build of whisper.cpp is there, the last resort. */
function usualTranscribers({ tools, settings, signal }: StageContext): Transcriber[] {
  const machine = () => machineFacts({ tools, settings, signal });
  return [
    createCaptionsTranscriber(),
    createWhisperCliTranscriber({ machine, device: "gpu" }),
    createWhisperTranscriber(),
    createWhisperCliTranscriber({ machine, device: "cpu" }),
    createPocketsphinxTranscriber(),
  ];
}

/**
 * TRANSCRIPT: what is said in the source and where it is silent. The transcribers are tried in order; one that cannot be used or
 * breaks makes way for the next, and the user is told when the words are doubtful or missing. Only a cancelled job and a full disk throw.
 * @param transcribers in order of preference
 */
export async function transcribe(
  context: StageContext,
  source: FetchedSource,
  transcribers: Transcriber[] = usualTranscribers(context),
): Promise<Transcribed> {
  const { tools, dir, signal, job } = context;
  const decoded = await decodeSound({
    ...{
      tools,
      dir,
      signal,
      file: source.file,
      info: source.info,
      limitSeconds: job.fetch_policy.max_seconds,
    },
    onProgress: (fraction) => context.progress(fraction * DECODE_SHARE, "Reading the sound"),
  });
  if (!decoded) {
    context.notice("The video has no sound, so its clips have no captions.");
    return { transcript: NOTHING, sound: NO_SOUND, standsMs: ALWAYS };
  }
  try {
    return { ...(await firstHeard(context, source, decoded, transcribers)), sound: decoded.sound };
  } finally {
    await rm(decoded.pcmFile, { force: true });
  }
}

async function firstHeard(
  context: StageContext,
  source: FetchedSource,
  decoded: DecodedSound,
  transcribers: Transcriber[],
): Promise<Omit<Transcribed, "sound">> {
  const { settings, signal, log } = context;
  if (voicedSeconds(decoded.sound) < MIN_VOICED_SECONDS) {
    context.notice("The video's sound is silent, so its clips have no captions.");
    return { transcript: NOTHING, standsMs: ALWAYS };
  }
  const hearing: Hearing = {
    ...{ context, source, ...decoded },
    heard: (fraction, upToSeconds) =>
      context.progress(
        DECODE_SHARE + (1 - DECODE_SHARE) * fraction,
        `Heard ${clock(upToSeconds)} of ${clock(decoded.durationSeconds)}`,
      ),
    waiting: (message) => context.progress(DECODE_SHARE, message),
  };
  const notes: string[] = [];
  let standsMs = ALWAYS;
  for (const transcriber of transcribers) {
    const { name } = transcriber;
    if (settings.transcriber !== "auto" && settings.transcriber !== name) continue;
    const heard = await tried(transcriber, hearing);
    if ("unavailable" in heard) {
      log("transcriber.skipped", { transcriber: name, why: heard.unavailable });
      if (heard.note) notes.push(heard.note);
      standsMs = Math.min(standsMs, heard.note ? 0 : (heard.standsMs ?? ALWAYS));
      continue;
    }
    log("transcriber.used", { transcriber: name, language: heard.language, segments: heard.segments.length });
    if (heard.segments.length === 0)
      context.notice("No speech was heard in the video, so clips were chosen by sound and have no captions.");
    else if (heard.accuracy === "low")
      context.notice(
        `The words were recognised by ${name}, which mishears many: check the captions before you post. A whisper.cpp model (MODEL_PATH) hears better.`,
      );
    const transcript = { transcriber: name, ...heard, notes: [...notes, ...(heard.notes ?? [])] };
    return { transcript, standsMs };
  }
  signal.throwIfAborted();
  context.notice(
    settings.transcriber === "none"
      ? "Speech recognition is switched off on this machine, so clips were chosen by sound and have no captions."
      : "No speech recogniser could be used, so clips were chosen by sound and have no captions. Set MODEL_PATH to a whisper.cpp model file, or for English install pocketsphinx (Debian: apt-get install -y pocketsphinx pocketsphinx-en-us).",
  );
  return { transcript: { ...NOTHING, notes }, standsMs };
}

/** A transcriber that breaks is one that cannot be used, and the user is told; a cancelled job ends here. */
async function tried(
  transcriber: Transcriber,
  hearing: Hearing,
): Promise<Heard | (Unavailable & { standsMs?: number })> {
  const { signal, notice, settings } = hearing.context;
  signal.throwIfAborted();
  try {
    return await transcriber.transcribe(hearing);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KangKlipError && error.code === "DISK_FULL") throw error;
    const why = error instanceof KangKlipError ? error.message : messageOf(error);
    notice(`${capitalized(transcriber.name)} could not be used. ${why.slice(0, 400)}`);
    return { unavailable: why, standsMs: standsFor(error, settings) };
  }
}

/** How long others may go without a recogniser that could not be used. */
function standsFor(error: unknown, { modelPath, modelDownload }: StageContext["settings"]): number {
  if (!(error instanceof KangKlipError) || error.code !== "MODEL_MISSING") return 0; // it broke
  // a model that nobody fetches is missing until somebody changes that; one that could not be fetched is tried again
  return modelPath !== undefined || !modelDownload ? ALWAYS : RETRY_AFTER_MS;
}

const capitalized = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1);

/** Seconds as a person reads them: "3:20", "1:02:05". */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => `${value}`.padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

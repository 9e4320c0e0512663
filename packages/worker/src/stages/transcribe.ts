import { rm } from "node:fs/promises";
import { KangKlipError } from "@kangklip/contract";
import { createCaptionsTranscriber } from "../asr/captions.ts";
import { messageOf } from "../asr/fetch-model.ts";
import { RETRY_AFTER_MS } from "../asr/model.ts";
import { voicedSeconds } from "../asr/parts.ts";
import { createPocketsphinxTranscriber } from "../asr/pocketsphinx.ts";
import { type DecodedSound, NO_SOUND, openSound, wholeOf } from "../asr/sound.ts";
import type { Heard, HeardSoFar, Hearing, Transcriber, Unavailable } from "../asr/transcriber.ts";
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

/** What is known of a source while it is still being listened to. */
export interface SoFar {
  transcript: HeardSoFar;
  /** Of all of the source, or up to where it is heard. */
  levels: SoundMap["levels"];
}

/** Takes what is known so far, and up to which second; it is told again with more. */
export type OnSure = (upToSeconds: number, soFar: () => SoFar) => void;

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
 * @param sure told of words that will not change while a recogniser is at work
 */
export async function transcribe(
  context: StageContext,
  source: FetchedSource,
  transcribers: Transcriber[] = usualTranscribers(context),
  sure: OnSure = () => {},
): Promise<Transcribed> {
  const { tools, dir, signal, job } = context;
  const { file, info } = source;
  const limitSeconds = job.fetch_policy.max_seconds;
  let isHearing = false;
  const onProgress = (fraction: number) =>
    isHearing || context.progress(fraction * DECODE_SHARE, `Reading the sound${stillComing(source)}`);
  const coming = source.need?.sound;
  const arriving = coming && coming.share() < 1 ? coming.read() : undefined;
  const decoded = await openSound({ tools, dir, signal, file, info, limitSeconds, arriving, onProgress });
  if (!decoded) {
    context.notice("The video has no sound, so its clips have no captions.");
    return { transcript: NOTHING, sound: NO_SOUND, standsMs: ALWAYS };
  }
  const onHearing = () => {
    isHearing = true;
  };
  try {
    const heard = await firstHeard(context, source, { decoded, transcribers, onHearing, sure });
    await wholeOf(decoded);
    return { ...heard, sound: decoded.sound };
  } finally {
    await decoded.growth.close();
    await rm(decoded.pcmFile, { force: true });
  }
}

/** What of a sound is here that is still on its way, as the end of a line. */
function stillComing({ need }: FetchedSource): string {
  const share = need?.sound?.share() ?? 1;
  return share < 1 ? `, ${Math.floor(share * 100)} % of the sound is here` : "";
}

/** Whether there is enough of it to be heard: known as soon as there is, else at the end. */
async function isVoiced({ sound, growth }: DecodedSound): Promise<boolean> {
  for (;;) {
    const isWhole = growth?.isWhole() ?? true;
    const upTo = isWhole ? undefined : growth?.knownSeconds();
    if (voicedSeconds(sound, upTo) >= MIN_VOICED_SECONDS) return true;
    if (isWhole) return false;
    await growth?.next();
  }
}

async function firstHeard(
  context: StageContext,
  source: FetchedSource,
  {
    decoded,
    transcribers,
    onHearing,
    sure,
  }: { decoded: DecodedSound; transcribers: Transcriber[]; onHearing: () => void; sure: OnSure },
): Promise<Omit<Transcribed, "sound">> {
  const { settings, signal, log } = context;
  if (!(await isVoiced(decoded))) {
    context.notice("The video's sound is silent, so its clips have no captions.");
    return { transcript: NOTHING, standsMs: ALWAYS };
  }
  const hearing: Hearing = {
    ...{ context, source, ...decoded },
    heard: (fraction, upToSeconds) => {
      onHearing();
      context.progress(
        DECODE_SHARE + (1 - DECODE_SHARE) * fraction,
        `Heard ${clock(upToSeconds)} of ${clock(decoded.durationSeconds)}${stillComing(source)}`,
      );
    },
    sure: (upToSeconds, soFar) =>
      sure(upToSeconds, () => ({ transcript: soFar(), levels: decoded.sound.levels })),
    waiting: (message) => {
      onHearing();
      context.progress(DECODE_SHARE, message);
    },
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
    const noSound = hearing.growth?.failure();
    if (noSound) throw noSound; // no other would hear more
    if (error instanceof KangKlipError && error.code === "DISK_FULL") throw error;
    const why = error instanceof KangKlipError ? error.message : messageOf(error);
    notice(
      `${capitalized(transcriber.name)} could not be used. ${why.slice(0, 400).replace(/[^.!?…]$/u, "$&.")}`,
    );
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

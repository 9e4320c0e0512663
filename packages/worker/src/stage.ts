import type {
  BrandColours,
  CaptionPreset,
  Chunk,
  Edl,
  EdlClip,
  JobSpec,
  Qc,
  RankAnswer,
  RankInput,
  ShotFrame,
  TranscriptSegment,
  TranslateAnswer,
  TranslateInput,
} from "@kangklip/contract";
import type { Validators } from "./fetch/validators.ts";
import type { Sample } from "./frame/track.ts";
import type { Piece } from "./media/clip-timeline.ts";
import type { Candidate } from "./media/cover.ts";
import type { Tools } from "./media/ffmpeg.ts";
import type { MediaInfo } from "./media/probe.ts";
import type { KnownPictures } from "./qc/gate.ts";

/** What every stage is given besides its input: where to work, when to stop, how to say how far it is. */
export interface StageContext {
  job: JobSpec;
  /** The attempt's own folder; all files of the attempt are below it. */
  dir: string;
  tools: Tools;
  /** Aborted on cancel, fence and deadline; every child dies with it. */
  signal: AbortSignal;
  /** `fraction` of the current stage, 0..1; `message` is one readable line. Cheap: call it as often as you like. */
  progress(fraction: number, message?: string): void;
  /** Tells the user about something that went otherwise than hoped, in one plain sentence. */
  notice(text: string): void;
  log(event: string, fields?: Record<string, unknown>): void;
  settings: WorkerSettings;
  /** Takes what is kept of other jobs off the attempt's disk, so that so many bytes are free, as far as that helps. */
  freeUp?(bytes: number): Promise<void>;
}

/** What the machine's operator may set; read from the environment in config.ts, nowhere else. */
export interface WorkerSettings {
  ffmpegPath: string | undefined;
  ytDlpPath: string | undefined;
  /** whisper.cpp's program; undefined: the one on PATH, where there is one. */
  whisperCliPath: string | undefined;
  modelPath: string | undefined;
  /** Where fetched models are kept. */
  modelsDir: string;
  /** Whether a missing model may be fetched. */
  modelDownload: boolean;
  /** "auto" tries them in order: source captions, whisper, pocketsphinx, none. */
  transcriber: "auto" | "whisper" | "pocketsphinx" | "none";
  /** "off" leaves the graphics card alone. */
  gpu: "auto" | "off";
  encoder: "auto" | "libx264" | "h264_nvenc";
  renderWidth: number;
  renderHeight: number;
  renderCrf: number;
  renderPreset: string;
  renderMaxFps: number;
  captionPreset: CaptionPreset;
  /** Whether captions are drawn into the picture. */
  captionBurnIn: boolean;
  /** A brand's colours in place of the preset's. */
  captionColours: BrandColours;
  captionFont: string;
  /** Pixels at the output's size; undefined: the default for that size. The next four alike. */
  captionFontSize: number | undefined;
  captionMaxChars: number | undefined;
  captionMaxLines: number | undefined;
  captionMarginH: number | undefined;
  captionMarginV: number | undefined;
  threads: number;
}

/** DOWNLOAD's result: one local file that has been looked into. */
export interface FetchedSource {
  /** All of the video; where `need` is there, only what was asked for, and holes between. ffmpeg reads it like any file. */
  file: string;
  info: MediaInfo & { video: NonNullable<MediaInfo["video"]> };
  title: string | null;
  /** Public address of the page or file, null for an upload. */
  url: string | null;
  /** meta.json: what the source said of itself. */
  meta: Record<string, unknown>;
  /** Subtitles that the source offered, as WebVTT or SRT text. */
  captions: { text: string; format: "vtt" | "srt"; language: string | null; automatic: boolean } | null;
  fetchedBytes: number;
  sha256: string;
  /** By what one can see later whether the address still gives the same; null or left out: by nothing. */
  validators?: Validators | null;
  /** Bytes of the whole video at its address; left out: those of `file`. */
  sizeBytes?: number;
  /** Left out: as a whole, and nobody asked why. */
  fetch?: FetchWay;
  /** There where only a part of the video was fetched; whoever opens it closes it. */
  need?: SourceByNeed;
}

/** How a source was fetched, for meta.json and the receipt. */
export interface FetchWay {
  /** "ranges": by byte ranges of one file; "segments": by pieces of a stream. */
  way: "ranges" | "segments" | "whole";
  /** Why the whole was fetched, in plain words; null where that needs none. */
  reason: string | null;
  /** Requests that were made for it by the end of DOWNLOAD; null where another program made them. */
  requests: number | null;
}

/** A source of which DOWNLOAD fetched the sound, and what a reader looks into when it opens the file; pictures come when a stage asks. */
export interface SourceByNeed {
  /**
   * Fetches the pictures of these stretches (seconds from the file's start, as `-ss` counts) unless they are here. None: what any reader needs.
   * @returns the local file in which they are, and the whole sound; frames and sound are those of the whole video at the same times
   * @throws KangKlipError SOURCE_*, DISK_FULL, or the abort's reason
   */
  pictures(stretches: readonly { start: number; end: number }[]): Promise<string>;
  /**
   * Fetches the key frames of the whole video; the pictures between them may be empty. Left out: they cannot be had alone.
   * @returns and @throws as `pictures`
   */
  keyPictures?(): Promise<string>;
  /** The sound that was still on its way at the end of DOWNLOAD; left out: all of it was here. */
  sound?: ArrivingSound;
  /** Bytes that came over the wire so far, everything counted. */
  wireBytes(): number;
  /** How many requests brought them. */
  requests(): number;
  /**
   * Writes what is here into files in the folder `into` that nobody writes to any more, for the stage cache. Left out: it is not kept.
   * @returns the files, and what whoever opens them again has to know (JSON)
   */
  packed?(into: string): Promise<{ files: { name: string; path: string }[]; state: unknown }>;
  /** Gives connections and handles up; nothing can be asked for after that. */
  close(): Promise<void>;
}

/** A sound that is heard while it still comes. */
export interface ArrivingSound {
  /**
   * The sound of `info.audio` from its beginning, as a file that ffmpeg reads from a pipe; its bytes when they are here.
   * @throws what `whole` throws
   */
  read(): AsyncIterable<Buffer>;
  /** Fulfilled when all of it is here. @throws KangKlipError SOURCE_*, DISK_FULL, or the abort's reason */
  whole: Promise<void>;
  /** How much of it is here; 1: all. */
  share(): number;
}

/** TRANSCRIPT's result. Times are seconds on the source's timeline; words in order. */
export interface Transcript {
  language: string | null;
  transcriber: "source-captions" | "whisper" | "pocketsphinx" | "none";
  accuracy: "high" | "low" | "none";
  /** "line": word times were spread over a line by length. */
  timing: "word" | "line" | "none";
  segments: TranscriptSegment[];
  /** For the receipt: what heard the words, and why it was no faster one. */
  notes?: string[];
}

/** Pauses and loudness of the sound, found without any recogniser. Empty where the source has no sound. */
export interface SoundMap {
  /** Stretches without sound, seconds. */
  silences: { start: number; end: number }[];
  /** RMS level (dBFS) per `step` seconds. */
  levels: { step: number; dbfs: number[] };
}

/** SELECT's input. `rank` asks a language model through the API; null where there is none. */
export interface SelectInput {
  durationSeconds: number;
  title: string | null;
  transcript: Transcript;
  sound: SoundMap;
  chunks: Chunk[];
  /** Times of scene cuts, seconds, as far as they are known cheaply. */
  shots: number[];
  /** Where the chapters that the source names begin, seconds. */
  chapters?: number[] | undefined;
  /** How often people went back to a stretch (seconds), 0..1 against the most replayed one, where the source says so. */
  replayed?: { start: number; end: number; value: number }[] | undefined;
  /** A clip that people can watch already: it stays, as the first one. */
  shown?: EdlClip | undefined;
  rank: ((input: Omit<RankInput, "job_id" | "epoch">) => Promise<RankAnswer>) | null;
  /** Has captions translated by the same model; null or undefined where there is none. */
  translate?: ((input: Omit<TranslateInput, "job_id" | "epoch">) => Promise<TranslateAnswer>) | null;
}

/** SELECT's result: an EDL whose clips have no framing yet, best clip first. */
export interface Selection {
  edl: Edl;
  /** "llm_api" or "heuristic", as 1.x wrote it into the manifest. */
  mode: "llm_api" | "heuristic";
  /** The model that ranked, or "heuristic". */
  selector: string;
  /** What the model's answers took, and US dollars where the prices are known; null: nothing was asked. */
  usage: { tokens_in: number | null; tokens_out: number | null; usd: number | null } | null;
  /** Whether there is a model that failed, so that a second try may do better. */
  isSecondBest?: boolean;
}

/** Where the picture is cut for one clip, and what was seen. */
export interface Framing {
  /** As it was found, without anybody's wishes: what the EDL keeps, so that a wish can be taken back. */
  frames: ShotFrame[];
  /** With the clip's overrides: what is rendered. */
  shown: ShotFrame[];
  /** Shots looked at, and those of them with a face. */
  shots: number;
  detected: number;
  /** "blazeface" or "unavailable"; `reason` as in face_log.json, null when all went well. */
  backend: string;
  reason: string | null;
  error: string | null;
  /** Faces as they were found, by the clip's time, in pixels of the source; left out where nobody looked. */
  faces?: Sample[];
}

/** RENDER's result for one clip: names of files in the attempt's folder. */
export interface RenderedClip {
  index: number;
  files: {
    clip: string;
    /** Null where the job asks for none. */
    preview: string | null;
    cover: string;
    srt: string | null;
    vtt: string | null;
    ass: string | null;
  };
  framing: Framing;
  durationSeconds: number;
  width: number;
  height: number;
  /** Whether captions are drawn into the picture. */
  captioned: boolean;
  captionPreset: CaptionPreset;
  /** What a person should know about the captions. */
  captionWarnings: string[];
  encoder: string;
  /** What decoded the source: "nvdec" or "cpu". */
  decoder: string;
  /** On x264's scale; repairs of a clip that was too large raise it. */
  crf: number;
  /** Why they were no faster ones; null where they were. */
  encoderReason: string | null;
  decoderReason: string | null;
  /** What the finished clip was measured at. */
  qc: Omit<Qc["clips"][number], "clip_file">;
  /** What its next version may build upon; left out where that is nothing. */
  pictures?: MadePictures;
}

/** How the pictures of a clip came about, captions aside, and what they were seen to show. */
export interface MadePictures extends KnownPictures {
  pieces: Piece[];
  captionTop: number;
  candidates: Candidate[];
  /** Which of the candidates is the cover. */
  best: number;
}

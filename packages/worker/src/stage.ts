import type { JobSpec, TranscriptSegment } from "@kangklip/contract";
import type { Tools } from "./media/ffmpeg.ts";
import type { MediaInfo } from "./media/probe.ts";

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
}

/** What the machine's operator may set; read from the environment in config.ts, nowhere else. */
export interface WorkerSettings {
  ffmpegPath: string | undefined;
  ytDlpPath: string | undefined;
  modelPath: string | undefined;
  /** Where fetched models are kept. */
  modelsDir: string;
  /** Whether a missing model may be fetched. */
  modelDownload: boolean;
  /** "auto" tries them in order: source captions, whisper, pocketsphinx, none. */
  transcriber: "auto" | "whisper" | "pocketsphinx" | "none";
  renderCrf: number;
  renderPreset: string;
  renderMaxFps: number;
  captionFont: string;
  captionFontSize: number | undefined;
  threads: number;
}

/** DOWNLOAD's result: one local file that has been looked into. */
export interface FetchedSource {
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
}

/** TRANSCRIPT's result. Times are seconds on the source's timeline; words in order. */
export interface Transcript {
  language: string | null;
  transcriber: "source-captions" | "whisper" | "pocketsphinx" | "none";
  accuracy: "high" | "low" | "none";
  /** "line": word times were spread over a line by length. */
  timing: "word" | "line" | "none";
  segments: TranscriptSegment[];
}

/** A pause or burst in the sound, found without any recogniser. */
export interface SoundMap {
  /** Stretches without sound, seconds. */
  silences: { start: number; end: number }[];
  /** RMS level (dBFS) per `step` seconds. */
  levels: { step: number; dbfs: number[] };
}

/** RENDER's result for one clip; files are in the attempt's folder. */
export interface RenderedClip {
  index: number;
  files: { clip: string; preview: string; cover: string; srt: string; vtt: string };
  durationSeconds: number;
  width: number;
  height: number;
  captioned: boolean;
  encoder: string;
}

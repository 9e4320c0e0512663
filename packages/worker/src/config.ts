import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { KangKlipError, MachineEnv, WorkerEnv } from "@kangklip/contract";
import { z } from "zod";
import type { WorkerSettings } from "./stage.ts";

export const SETTINGS = Object.keys(MachineEnv.shape);

/** What programs need to find their libraries, fonts, certificates, temporary folder and graphics card. */
const FOR_CHILDREN = [
  ...["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME"],
  ...["FONTCONFIG_PATH", "FONTCONFIG_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"],
];
/** For all children alike: cards are numbered as nvidia-smi numbers them. */
const FIXED = { NODE_ENV: "production", CUDA_DEVICE_ORDER: "PCI_BUS_ID" } as const;

/** All that a child gets of this process's environment: no token, no setting. */
export const childEnvironment = (): NodeJS.ProcessEnv => ({
  ...FIXED,
  ...Object.fromEntries(FOR_CHILDREN.map((name) => [name, process.env[name]])),
});

/**
 * The launch's four variables and the machine's settings, from the environment; nothing else of the worker reads `process.env`.
 * An empty variable counts as unset. @throws KangKlipError INVALID_INPUT naming everything that is wrong
 */
export function readConfig(env: Record<string, string | undefined>): {
  launch: WorkerEnv;
  settings: WorkerSettings;
  cache: CacheSettings;
} {
  const set = given(env);
  const launchNames = Object.keys(WorkerEnv.shape);
  const launch = WorkerEnv.safeParse(
    Object.fromEntries(Object.entries(set).filter(([name]) => launchNames.includes(name))),
  );
  const parsed = MachineEnv.safeParse(set);
  if (!launch.success || !parsed.success) throw wrong(launch.error, parsed.error);
  return { launch: launch.data, settings: settingsOf(parsed.data), cache: cacheOf(parsed.data) };
}

/** What the machine's operator allows a worker to keep for the next one. */
export interface CacheSettings {
  /** Undefined: nothing is kept. */
  dir: string | undefined;
  maxBytes: number;
  /** Whether nothing may be kept where children cannot be walled off from it. */
  needsWall: boolean;
}

function cacheOf(e: MachineEnv): CacheSettings {
  const maxBytes = e.CACHE_MAX_GB * 1e9;
  const dir = maxBytes > 0 && e.WORKER_CACHE_DIR ? resolve(e.WORKER_CACHE_DIR) : undefined;
  return { dir, maxBytes, needsWall: e.CACHE_WALL === "required" };
}

/** The machine's settings alone. @throws KangKlipError INVALID_INPUT naming everything that is wrong */
export function readSettings(env: Record<string, string | undefined>): WorkerSettings {
  const parsed = MachineEnv.safeParse(given(env));
  if (!parsed.success) throw wrong(parsed.error);
  return settingsOf(parsed.data);
}

const given = (env: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value));

function wrong(...errors: (z.ZodError | undefined)[]): KangKlipError {
  const lines = errors.flatMap((error) => (error ? [z.prettifyError(error)] : []));
  return new KangKlipError("INVALID_INPUT", `The worker's environment is wrong:\n${lines.join("\n")}`);
}

function settingsOf(e: MachineEnv): WorkerSettings {
  const [renderWidth = 1080, renderHeight = 1920] = e.RENDER_RESOLUTION;
  return {
    ffmpegPath: e.FFMPEG_PATH,
    ytDlpPath: e.YTDLP_PATH,
    whisperCliPath: e.WHISPER_CLI_PATH,
    modelPath: e.MODEL_PATH,
    modelsDir: e.MODELS_DIR,
    modelDownload: e.MODEL_DOWNLOAD,
    transcriber: e.TRANSCRIBER,
    gpu: e.GPU,
    encoder: e.ENCODER,
    renderWidth,
    renderHeight,
    renderCrf: e.RENDER_CRF,
    renderPreset: e.RENDER_PRESET,
    renderMaxFps: e.RENDER_MAX_FPS,
    captionPreset: e.CAPTION_PRESET,
    captionBurnIn: e.CAPTION_BURN_IN,
    captionColours: {
      text: e.CAPTION_COLOUR,
      highlight: e.CAPTION_HIGHLIGHT_COLOUR,
      outline: e.CAPTION_OUTLINE_COLOUR,
    },
    captionFont: e.CAPTION_FONT,
    captionFontSize: e.CAPTION_FONT_SIZE,
    captionMaxChars: e.CAPTION_MAX_CHARS,
    captionMaxLines: e.CAPTION_MAX_LINES,
    captionMarginH: e.CAPTION_MARGIN_H,
    captionMarginV: e.CAPTION_MARGIN_V,
    threads: e.WORKER_THREADS ?? availableParallelism(),
  };
}

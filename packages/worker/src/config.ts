import { availableParallelism } from "node:os";
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

/** All that a child gets of this process's environment: no token, no setting. */
export const childEnvironment = (): NodeJS.ProcessEnv => ({
  NODE_ENV: "production",
  ...Object.fromEntries(FOR_CHILDREN.map((name) => [name, process.env[name]])),
});

/**
 * The launch's four variables and the machine's settings, from the environment; nothing else of the worker reads `process.env`.
 * An empty variable counts as unset. @throws KangKlipError INVALID_INPUT naming everything that is wrong
 */
export function readConfig(env: Record<string, string | undefined>): {
  launch: WorkerEnv;
  settings: WorkerSettings;
} {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const launchNames = Object.keys(WorkerEnv.shape);
  const launch = WorkerEnv.safeParse(
    Object.fromEntries(Object.entries(set).filter(([name]) => launchNames.includes(name))),
  );
  const parsed = MachineEnv.safeParse(set);
  const wrong = [launch, parsed].flatMap(({ error }) => (error ? [z.prettifyError(error)] : []));
  if (!launch.success || !parsed.success)
    throw new KangKlipError("INVALID_INPUT", `The worker's environment is wrong:\n${wrong.join("\n")}`);
  const e = parsed.data;
  const [renderWidth = 1080, renderHeight = 1920] = e.RENDER_RESOLUTION;
  return {
    launch: launch.data,
    settings: {
      ffmpegPath: e.FFMPEG_PATH,
      ytDlpPath: e.YTDLP_PATH,
      modelPath: e.MODEL_PATH,
      modelsDir: e.MODELS_DIR,
      modelDownload: e.MODEL_DOWNLOAD,
      transcriber: e.TRANSCRIBER,
      renderWidth,
      renderHeight,
      renderCrf: e.RENDER_CRF,
      renderPreset: e.RENDER_PRESET,
      renderMaxFps: e.RENDER_MAX_FPS,
      captionFont: e.CAPTION_FONT,
      captionFontSize: e.CAPTION_FONT_SIZE,
      captionMaxChars: e.CAPTION_MAX_CHARS,
      captionMaxLines: e.CAPTION_MAX_LINES,
      captionMarginH: e.CAPTION_MARGIN_H,
      captionMarginV: e.CAPTION_MARGIN_V,
      threads: e.WORKER_THREADS ?? availableParallelism(),
    },
  };
}

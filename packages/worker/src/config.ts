import { availableParallelism } from "node:os";
import { KangKlipError, WorkerEnv } from "@kangklip/contract";
import { z } from "zod";
import type { WorkerSettings } from "./stage.ts";

const whole = z.coerce.number().int();
const flag = z
  .enum(["1", "true", "yes", "on", "0", "false", "no", "off"])
  .transform((text) => ["1", "true", "yes", "on"].includes(text));
const resolution = z
  .string()
  .regex(/^\d{2,4}x\d{2,4}$/, "RENDER_RESOLUTION is written like 1080x1920")
  .transform((text) => text.split("x").map((side) => Number(side) - (Number(side) % 2)))
  .refine((sides) => sides.every((side) => side >= 64), "RENDER_RESOLUTION must be at least 64x64");

/** What the operator of the machine may set. The names and ranges of RENDER_* and CAPTION_* are those of 1.x. */
const Env = z.object({
  FFMPEG_PATH: z.string().optional(),
  YTDLP_PATH: z.string().optional(),
  MODEL_PATH: z.string().optional(),
  MODELS_DIR: z.string().default(".kangklip/models"),
  MODEL_DOWNLOAD: flag.default(true),
  TRANSCRIBER: z.enum(["auto", "whisper", "pocketsphinx", "none"]).default("auto"),
  WORKER_THREADS: whole.min(1).max(256).optional(),
  RENDER_RESOLUTION: resolution.default([1080, 1920]),
  RENDER_MAX_FPS: whole.min(1).max(120).default(30),
  RENDER_CRF: whole.min(10).max(35).default(21),
  RENDER_PRESET: z
    .string()
    .regex(/^[a-z0-9]{2,12}$/)
    .default("superfast"),
  CAPTION_FONT: z
    .string()
    .regex(/^[\p{L}\p{N} -]{1,60}$/u)
    .default("Roboto"),
  CAPTION_FONT_SIZE: whole.min(32).max(140).optional(),
  CAPTION_MAX_CHARS: whole.min(12).max(40).optional(),
  CAPTION_MAX_LINES: whole.min(1).max(4).optional(),
  CAPTION_MARGIN_H: whole.min(40).max(260).optional(),
  CAPTION_MARGIN_V: whole.min(60).max(900).optional(),
});
export const SETTINGS = Object.keys(Env.shape);

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
  const parsed = Env.safeParse(set);
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

import { z } from "zod";
import { CaptionPreset, Colour, contrastProblems } from "./captions.ts";

const whole = z.coerce.number().int();
/** A switch in an environment variable. */
export const OnOff = z
  .enum(["1", "true", "yes", "on", "0", "false", "no", "off"])
  .transform((text) => ["1", "true", "yes", "on"].includes(text));
const resolution = z
  .string()
  .regex(/^\d{2,4}x\d{2,4}$/, "RENDER_RESOLUTION is written like 1080x1920")
  .transform((text) => text.split("x").map((side) => Number(side) - (Number(side) % 2)))
  .refine((sides) => sides.every((side) => side >= 64), "RENDER_RESOLUTION must be at least 64x64");

/**
 * What the operator of a machine may set for its workers, as environment variables. The service checks them when it starts and hands
 * them on; a worker that was started by hand reads them itself. The names and ranges of RENDER_* and CAPTION_* are those of 1.x.
 */
const Settings = z.object({
  FFMPEG_PATH: z.string().optional(),
  YTDLP_PATH: z.string().optional(),
  /** whisper.cpp's program, which a machine with a graphics card hears with; else the one on PATH. */
  WHISPER_CLI_PATH: z.string().optional(),
  MODEL_PATH: z.string().optional(),
  MODELS_DIR: z.string().default(".kangklip/models"),
  MODEL_DOWNLOAD: OnOff.default(true),
  TRANSCRIBER: z.enum(["auto", "whisper", "pocketsphinx", "none"]).default("auto"),
  /** "off": the graphics card of this machine is left alone. */
  GPU: z.enum(["auto", "off"]).default("auto"),
  /** "auto": NVENC where it really encodes. */
  ENCODER: z.enum(["auto", "libx264", "h264_nvenc"]).default("auto"),
  /** Where finished stages are kept, so that the same work is not done twice; unset: nothing is kept. */
  WORKER_CACHE_DIR: z.string().optional(),
  /** Most that they take of the disk; 0: nothing is kept. */
  CACHE_MAX_GB: z.coerce.number().min(0).max(100_000).default(20),
  /** "required": nothing is kept where the programs that read foreign files cannot be walled off from it. */
  CACHE_WALL: z.enum(["wanted", "required"]).default("wanted"),
  WORKER_THREADS: whole.min(1).max(256).optional(),
  RENDER_RESOLUTION: resolution.default([1080, 1920]),
  RENDER_MAX_FPS: whole.min(1).max(120).default(30),
  RENDER_CRF: whole.min(10).max(35).default(21),
  RENDER_PRESET: z
    .string()
    .regex(/^[a-z0-9]{2,12}$/)
    .default("superfast"),
  CAPTION_PRESET: CaptionPreset.default("amber"),
  /** "off": nothing is drawn into the picture; the subtitle files lie beside the clip all the same. */
  CAPTION_BURN_IN: OnOff.default(true),
  /** A brand's colours in place of the preset's; what could not be read is refused. */
  CAPTION_COLOUR: Colour.optional(),
  CAPTION_HIGHLIGHT_COLOUR: Colour.optional(),
  CAPTION_OUTLINE_COLOUR: Colour.optional(),
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
export const MachineEnv = Settings.superRefine((env, context) => {
  const brand = {
    text: env.CAPTION_COLOUR,
    highlight: env.CAPTION_HIGHLIGHT_COLOUR,
    outline: env.CAPTION_OUTLINE_COLOUR,
  };
  const path = Object.values(brand).some(Boolean) ? ["CAPTION_COLOUR"] : ["CAPTION_PRESET"];
  for (const message of contrastProblems(env.CAPTION_PRESET, brand))
    context.addIssue({ code: "custom", path, message });
});
export type MachineEnv = z.infer<typeof MachineEnv>;

/** Of these the settings that mean the same on every machine, so that they go with a launch wherever it runs: paths, cores and whether a card is free do not. */
export const PORTABLE_SETTINGS = Object.keys(MachineEnv.shape).filter((name) =>
  /^(TRANSCRIBER|ENCODER|RENDER_\w+|CAPTION_\w+)$/.test(name),
);

import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type EdlClip, KangKlipError } from "@kangklip/contract";
import type { Cue } from "../captions/cues.ts";
import type { MachineFonts } from "../captions/fonts.ts";
import { type CaptionStyle, captionTop } from "../captions/style.ts";
import { type ClipPlan, type Colours, clipArgs, previewSize } from "../media/clip-args.ts";
import { checkClip } from "../media/clip-check.ts";
import type { ClipTimeline, Piece } from "../media/clip-timeline.ts";
import { coverFrames, sharpestCover } from "../media/cover.ts";
import type { Decoder } from "../media/decoder.ts";
import { type Encoder, highestBitrate, nvencFailure, SESSION_WAIT_MS, smallerCrf } from "../media/encoder.ts";
import { runFfmpeg } from "../media/ffmpeg.ts";
import { explainFailure } from "../media/truncation.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext } from "../stage.ts";

/** What encodes and decodes, and why it is not the graphics card; null where it is. */
export interface Card {
  encoder: Encoder;
  decoder: Decoder;
  encoderReason: string | null;
  decoderReason: string | null;
}

/** What is the same for all clips of a job. */
export interface Setting {
  context: StageContext;
  source: FetchedSource;
  /** Of this machine, for letters that the shipped font lacks; null: none is needed, or none is known. */
  fonts: MachineFonts | null;
  colours: Colours;
  /** What the graphics card does for the next clip; taken back for the rest of the job when it fails. */
  card: Card;
  /** Folder of everything that is not finished; gone when the stage ends, however it ends. */
  scratch: string;
}

/** A clip that only has to be encoded: its sound, captions and fonts lie in its own scratch folder `dir`. */
export interface ReadyClip {
  clip: EdlClip;
  name: string;
  dir: string;
  framing: Framing;
  timeline: ClipTimeline;
  pieces: Piece[];
  cues: Cue[];
  style: CaptionStyle;
  /** Whether the captions are drawn into the picture. */
  captioned: boolean;
  /** What a person should know about them. */
  captionWarnings: string[];
}

/**
 * Encodes a clip with its preview and cover, checks what came out, and moves the files into the attempt's folder under their
 * final names. Where the graphics card fails, the processor renders this clip, as the EDL has it; a clip that is too large for its length is encoded again.
 * @param onProgress called with 0..1, never with less than before.
 */
export async function finishClip(
  setting: Setting,
  ready: ReadyClip,
  onProgress: (fraction: number) => void,
): Promise<RenderedClip> {
  const { context, source } = setting;
  const { clip, name, dir, framing, timeline, cues, style, captioned, captionWarnings } = ready;
  const { tools, signal } = context;
  const { width, height } = style;
  const used = await explainFailure(context, source, timeline, () => encode(setting, ready, onProgress));
  await checkClip(tools, join(dir, "clip.mp4"), style, timeline, signal);
  await checkClip(tools, join(dir, "preview.mp4"), previewSize(style), timeline, signal);

  const subtitle = (ending: string) => (cues.length > 0 ? `${name}.${ending}` : null);
  const files = {
    clip: `${name}.mp4`,
    preview: `${name}_preview.mp4`,
    cover: `${name}.jpg`,
    srt: subtitle("srt"),
    vtt: subtitle("vtt"),
    ass: subtitle("ass"),
  };
  const finish = (from: string, to: string | null) => to && rename(join(dir, from), join(context.dir, to));
  await finish("captions.srt", files.srt);
  await finish("captions.vtt", files.vtt);
  await finish("captions.ass", files.ass);
  await finish(await sharpestCover(dir), files.cover);
  await finish("preview.mp4", files.preview);
  await finish("clip.mp4", files.clip);
  await rm(dir, { recursive: true, force: true });
  const durationSeconds = timeline.seconds;
  return {
    ...{ index: clip.index, files, framing, durationSeconds, width, height, captioned },
    ...{ captionPreset: style.preset, captionWarnings },
    ...used,
  };
}

const ON_CPU = { encoder: "libx264", decoder: "cpu" } as const;

/** Leaves clip.mp4, preview.mp4 and the cover's candidates in the clip's scratch folder. @returns how the clip was encoded. */
async function encode(
  setting: Setting,
  { clip, dir, timeline, pieces, cues, style, captioned }: ReadyClip,
  onProgress: (fraction: number) => void,
): Promise<Card & { crf: number }> {
  const { context, source, colours } = setting;
  const { tools, settings, signal } = context;
  const { width, height } = style;
  const plan: Omit<ClipPlan, "encoder" | "decoder" | "crf"> = {
    ...{ source, timeline, pieces, colours, width, height, captioned },
    ...{ captionTop: captionTop(style), cover: coverFrames(timeline, pieces) },
    ...{ preset: settings.renderPreset, threads: settings.threads },
  };
  const foreign = cues.some(({ lines }) => lines.flat().some(({ text }) => !style.canDraw(text)));
  let furthest = 0;
  const run = async (card: Card, crf: number): Promise<Card> => {
    const { encoder, decoder } = card;
    const said = await runFfmpeg(tools, {
      args: clipArgs({ ...plan, encoder, decoder, crf }),
      ...{ output: join(dir, "clip.mp4"), cwd: dir, signal, durationSeconds: timeline.seconds },
      onProgress: (fraction) => {
        furthest = Math.max(furthest, fraction);
        onProgress(furthest);
      },
      ...{ timeoutMs: 120_000 + timeline.seconds * 40_000, threads: settings.threads },
      gpu: encoder === "h264_nvenc" || decoder === "nvdec",
      ...(foreign && { level: "info" as const, keepStderr: 1 << 20 }),
    });
    if (/failed to find any fallback with glyph/i.test(said)) context.notice(MISSING_GLYPHS);
    return card;
  };
  /** By the card where it can, else by the processor: whatever the card's failure was, only the processor's counts. */
  const runAnyhow = async (crf: number, sessionRetries = 1): Promise<Card> => {
    const { card } = setting;
    if (card.encoder === "libx264" && card.decoder === "cpu") return run(card, crf);
    try {
      const made = await run(card, crf);
      await checkClip(tools, join(dir, "clip.mp4"), style, timeline, signal);
      return made;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KangKlipError) || error.code === "DISK_FULL") throw error;
      const { code, reason } = nvencFailure(error);
      context.log("encoder", { clip: clip.index, ...ON_CPU, reason });
      const onlyBusy = code === "SESSION_LIMIT" && card.encoder === "h264_nvenc";
      if (onlyBusy && sessionRetries > 0) {
        await sleep(SESSION_WAIT_MS, undefined, { signal });
        return runAnyhow(crf, sessionRetries - 1);
      }
      const made = await run({ ...ON_CPU, encoderReason: reason, decoderReason: reason }, crf);
      if (!onlyBusy && setting.card === card) setting.card = made; // it would fail, or hang, at each clip again
      return made;
    }
  };

  let { renderCrf: crf } = settings;
  let used = await runAnyhow(crf);
  for (let repairs = 0; repairs < REPAIRS; repairs++) {
    const { size } = await stat(join(dir, "clip.mp4"));
    const bitrate = (size * 8) / timeline.seconds;
    const limit = highestBitrate({ width, height, fps: timeline.rate.fps });
    if (bitrate <= limit) break;
    crf = smallerCrf(crf, bitrate / limit);
    context.log("too_large", { clip: clip.index, bitrate: Math.round(bitrate), crf });
    const onCpu = used.encoder === "libx264" && used.decoder === "cpu";
    used = await (onCpu ? run(used, crf) : runAnyhow(crf));
  }
  return { ...used, crf };
}

/** A clip that is still too large after that is noise, and stays so. */
const REPAIRS = 2;
const MISSING_GLYPHS =
  "Some characters of the captions have no font on this machine (Debian: apt-get install -y fonts-noto-core fonts-noto-cjk).";

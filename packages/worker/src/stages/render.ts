import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type EdlClip, KangKlipError } from "@kangklip/contract";
import { captionsAss, previewMarkAss } from "../captions/ass.ts";
import { type Cue, captionCues } from "../captions/cues.ts";
import { type CaptionStyle, captionStyle, captionTop, SHIPPED_FONT } from "../captions/style.ts";
import { subtitlesSrt, subtitlesVtt } from "../captions/subtitles.ts";
import { type CaptionWord, clipWords } from "../captions/words.ts";
import { type ClipPlan, type Colours, clipArgs, previewSize } from "../media/clip-args.ts";
import { checkClip } from "../media/clip-check.ts";
import {
  type ClipTimeline,
  clipPieces,
  clipTimeline,
  outputRate,
  type Piece,
} from "../media/clip-timeline.ts";
import { readColours } from "../media/colours.ts";
import { coverFrames, sharpestCover } from "../media/cover.ts";
import { chooseEncoder, type Encoder, nvencReason } from "../media/encoder.ts";
import { runFfmpeg } from "../media/ffmpeg.ts";
import { clipSound } from "../media/loudness.ts";
import { explainFailure } from "../media/truncation.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext } from "../stage.ts";

/** What is the same for all clips of a job. */
interface Setting {
  context: StageContext;
  source: FetchedSource;
  style: CaptionStyle;
  colours: Colours;
  encoder: Encoder;
  /** Folder of everything that is not finished; gone when the stage ends, however it ends. */
  scratch: string;
}

/** A clip that only has to be encoded: its sound, captions and fonts lie in its own scratch folder `dir`. */
interface ReadyClip {
  clip: EdlClip;
  name: string;
  dir: string;
  framing: Framing;
  timeline: ClipTimeline;
  pieces: Piece[];
  cues: Cue[];
}

/**
 * Renders the clips of an EDL into the attempt's folder and yields each as soon as it is whole, in the EDL's order. While one
 * clip is encoded by all threads, the next one is framed and its sound is prepared.
 * @param frame finds the window of a clip; called once per clip, in order.
 * @throws KangKlipError SOURCE_TRUNCATED where the source ends before a clip does, RENDER_FAILED, TIMED_OUT, DISK_FULL,
 * OUT_OF_MEMORY, or the abort's reason. Nothing unfinished stays in the folder.
 */
export async function* renderClips(
  context: StageContext,
  source: FetchedSource,
  clips: EdlClip[],
  frame: (clip: EdlClip) => Promise<Framing>,
): AsyncGenerator<RenderedClip> {
  const stop = new AbortController();
  const setting = await prepare(
    { ...context, signal: AbortSignal.any([context.signal, stop.signal]) },
    source,
  );
  const begun: Promise<ReadyClip>[] = [];
  const begin = (index: number) => {
    const clip = clips[index];
    if (!clip || begun[index]) return;
    begun[index] = makeReady(setting, clip, frame);
    begun[index].catch(() => {}); // looked at when its turn comes
  };
  try {
    for (const index of clips.keys()) {
      context.progress(index / clips.length, `Preparing clip ${index + 1} of ${clips.length}`);
      begin(index);
      const ready = await begun[index];
      begin(index + 1);
      if (!ready) continue;
      yield await renderClip(setting, ready, (fraction) => {
        const percent = Math.floor(fraction * 100);
        context.progress(
          (index + fraction) / clips.length,
          `Rendering clip ${index + 1} of ${clips.length}, ${percent} %`,
        );
      });
    }
  } finally {
    stop.abort();
    await Promise.allSettled(begun);
    await rm(setting.scratch, { recursive: true, force: true });
  }
}

async function prepare(context: StageContext, fetched: FetchedSource): Promise<Setting> {
  const { dir, tools, settings, signal } = context;
  const source = { ...fetched, file: resolve(dir, fetched.file) }; // ffmpeg works in the scratch folder
  const [style, colours, choice] = await Promise.all([
    captionStyle(settings),
    readColours(tools, source, signal),
    chooseEncoder(tools, signal),
  ]);
  context.log("encoder", { ...choice });
  if (colours.lost)
    context.notice("The video is HDR and this ffmpeg has no zscale filter: colours may look pale.");
  const scratch = join(dir, ".render");
  return { context, source, style, colours: colours.colours, encoder: choice.encoder, scratch };
}

/** Everything of a clip that comes before its encoding. */
async function makeReady(
  { context, source, style, scratch }: Setting,
  clip: EdlClip,
  frame: (clip: EdlClip) => Promise<Framing>,
): Promise<ReadyClip> {
  const { settings, tools, signal } = context;
  const name = `clip_${String(clip.index).padStart(2, "0")}`;
  const dir = join(scratch, name);
  await mkdir(join(dir, "fonts"), { recursive: true });
  const timeline = clipTimeline(clip.segments, outputRate(source.info.video.fps, settings.renderMaxFps));
  if (timeline.frames === 0) throw new KangKlipError("RENDER_FAILED", `Clip ${clip.index} has no length`);

  const [framing, loudness] = await Promise.all([
    frame(clip),
    explainFailure(context, source, timeline, () => clipSound({ tools, source, timeline, dir, signal })),
  ]);
  context.log("loudness", { clip: clip.index, ...loudness });

  const spans = timeline.stretches.map(({ start, end, firstFrame }) => ({
    start,
    end,
    clipStart: firstFrame / timeline.rate.fps,
  }));
  const words = clipWords(clip.words, spans, timeline.seconds, style.fits);
  const cues = captionCues(words, {
    clipSeconds: timeline.seconds,
    maxLines: style.maxLines,
    fits: style.fits,
  });
  const small = previewSize(style);
  await copyFile(SHIPPED_FONT.file, join(dir, "fonts", "caption.ttf"));
  await writeFile(
    join(dir, "mark.ass"),
    previewMarkAss(small.width, small.height, SHIPPED_FONT.family, timeline.seconds),
  );
  if (cues.length > 0) {
    await writeFile(join(dir, "captions.ass"), captionsAss(cues, style));
    await writeFile(join(dir, "captions.srt"), subtitlesSrt(cues));
    await writeFile(join(dir, "captions.vtt"), subtitlesVtt(cues));
  }
  const pieces = clipPieces(timeline, framing.frames, source.info.video, style);
  return { clip, name, dir, framing, timeline, pieces, cues };
}

async function renderClip(
  { context, source, style, colours, encoder, scratch }: Setting,
  ready: ReadyClip,
  onProgress: (fraction: number) => void,
): Promise<RenderedClip> {
  const { tools, settings, signal } = context;
  const { clip, name, dir, framing, timeline, pieces, cues } = ready;
  const { width, height } = style;
  const captioned = cues.length > 0;
  const plan: Omit<ClipPlan, "encoder"> = {
    ...{ source, timeline, pieces, colours, width, height, captioned },
    captionTop: captionTop(style),
    cover: coverFrames(timeline, pieces),
    crf: settings.renderCrf,
    preset: settings.renderPreset,
    threads: settings.threads,
  };
  const inFont = ({ text }: CaptionWord) =>
    Array.from(text).every((sign) => style.has(sign.codePointAt(0) ?? 0));
  const foreign = cues.some(({ lines }) => !lines.flat().every(inFont));
  const encode = async (by: Encoder) => {
    const said = await runFfmpeg(tools, {
      args: clipArgs({ ...plan, encoder: by }),
      output: join(dir, "clip.mp4"),
      cwd: dir,
      signal,
      durationSeconds: timeline.seconds,
      onProgress,
      timeoutMs: 120_000 + timeline.seconds * 40_000,
      ...(foreign && { level: "info" as const, keepStderr: 1 << 20 }),
    });
    if (/failed to find any fallback with glyph/i.test(said))
      context.notice(
        "Some characters of the captions have no font on this machine (Debian: apt-get install -y fonts-noto-core fonts-noto-cjk).",
      );
    return by;
  };
  const usedEncoder = await explainFailure(context, source, timeline, () =>
    encode(encoder).catch((error: unknown) => {
      if (encoder === "libx264" || !(error instanceof KangKlipError) || error.code !== "RENDER_FAILED")
        throw error;
      context.log("encoder", { clip: clip.index, encoder: "libx264", reason: nvencReason(error) });
      return encode("libx264");
    }),
  );

  await checkClip(tools, join(dir, "clip.mp4"), style, timeline, signal);
  await checkClip(tools, join(dir, "preview.mp4"), previewSize(style), timeline, signal);
  const subtitle = (ending: string) => (captioned ? `${name}.${ending}` : null);
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
  await rm(join(scratch, name), { recursive: true, force: true });
  return {
    index: clip.index,
    ...{ files, framing, width, height, captioned },
    durationSeconds: timeline.seconds,
    encoder: usedEncoder,
  };
}

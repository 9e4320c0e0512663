import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type EdlClip, KangKlipError } from "@kangklip/contract";
import type { Cue } from "../captions/cues.ts";
import type { MachineFonts } from "../captions/fonts.ts";
import type { CaptionStyle } from "../captions/style.ts";
import type { CaptionWord } from "../captions/words.ts";
import type { Colours } from "../media/clip-args.ts";
import type { ClipTimeline, Piece } from "../media/clip-timeline.ts";
import type { Candidate } from "../media/cover.ts";
import type { Decoder } from "../media/decoder.ts";
import type { Encoder, Share } from "../media/encoder.ts";
import type { ClipSound } from "../media/loudness.ts";
import { explainFailure } from "../media/truncation.ts";
import { type ClipToMeasure, measureClip, wantsEncoding } from "../qc/gate.ts";
import { type Repair, verdictOf } from "../qc/verdict.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext } from "../stage.ts";
import { encodeClip, isCpu, processorFor } from "./encode-clip.ts";
import { type Before, patchClip, picturesOf } from "./patch-clip.ts";

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
  kept: KeptParts;
}

/** What this machine may have kept of a clip that has to be rendered. */
export interface KeptParts {
  /** The clip's finished sound, which ends up in `dir` as sound.m4a: as it was kept, else as `make` makes it there. */
  sound?(
    clip: EdlClip,
    timeline: ClipTimeline,
    dir: string,
    make: () => Promise<ClipSound>,
  ): Promise<ClipSound>;
  /** The last version of the clip that may differ in its captions alone, its files in the folder `into`; undefined: there is none. */
  before?(clip: EdlClip, into: string): Promise<Before | undefined>;
}

/** A clip that only has to be encoded: its sound, captions and fonts lie in its own scratch folder `dir`. */
export interface ReadyClip {
  clip: EdlClip;
  name: string;
  dir: string;
  framing: Framing;
  timeline: ClipTimeline;
  pieces: Piece[];
  sound: ClipSound;
  /** What is heard, with its times in the clip. */
  words: CaptionWord[];
  cues: Cue[];
  style: CaptionStyle;
  /** captions.ass; empty where there are no captions. */
  ass: string;
  /** Whether the captions are drawn into the picture, and whether they should be. */
  captioned: boolean;
  wantsCaptions: boolean;
  /** What a person should know about them. */
  captionWarnings: string[];
  /** Frames that may become the cover. */
  candidates: Candidate[];
  /** What of the machine it may use; left out: all threads that the worker has, for one run. */
  share?: Share | undefined;
  /** Told how many more encoders the processor has with it, or fewer; 0: it is made, but by something else. */
  onEncoders?: ((more: number) => void) | undefined;
}

/**
 * Encodes a clip with its cover, and its preview where the job wants one, measures what came out against the EDL, repairs what can be repaired and measures again,
 * and moves the files into the attempt's folder under their final names. What stays wrong is told in `qc`: the clip is delivered as
 * "degraded", with its reasons.
 * @param onProgress called with 0..1, never with less than before.
 * @throws KangKlipError where the clip would be of no use (see `fileChecks`)
 */
export async function finishClip(
  setting: Setting,
  ready: ReadyClip,
  onProgress: (fraction: number) => void,
): Promise<RenderedClip> {
  const { context, source } = setting;
  const { clip, name, dir, framing, timeline, cues, style, captioned, captionWarnings, sound } = ready;
  const { tools, signal } = context;
  const { width, height } = style;
  const toMeasure: Omit<ClipToMeasure, "seen"> = {
    ...{ ...ready, tools, source, signal },
    preview: context.job.preview,
  };
  let furthest = 0;
  const forward = (fraction: number) => {
    furthest = Math.max(furthest, fraction);
    onProgress(furthest);
  };
  const encode = (only?: Card) =>
    explainFailure(context, source, timeline, () => encodeClip(setting, ready, forward, only));
  const madeWhole = async () => {
    let encoded = await encode();
    const again: Repair[] = [];
    const measure = () =>
      measureClip({ ...toMeasure, seen: encoded.encoder === "libx264" ? encoded.seen : null });
    let measured = await measure().catch(unlessOfNoUse);
    const wrong = "checks" in measured ? wantsEncoding(measured, !isCpu(encoded)) : measured.message;
    if (wrong) {
      context.log("encoded_again", { clip: clip.index, wrong });
      again.push(...encoded.repairs, "encoded_again");
      encoded = await encode(processorFor(encoded, `the clip had faults: ${wrong}`));
      measured = await measure();
    }
    if (!("checks" in measured)) throw measured;
    const { seen: _, ...used } = encoded;
    return { measured, used: { ...used, repairs: [...again, ...used.repairs] } };
  };

  const repairs: Repair[] = sound.regains > 0 ? ["regain"] : [];
  if (ready.wantsCaptions && !captioned && cues.length > 0) repairs.push("without_captions");
  const parts = await madeOfParts(setting, ready, toMeasure, forward);
  const { used, measured } = parts ?? (await madeWhole());
  repairs.push(...used.repairs);
  const told = repairs.includes("without_captions") ? captionWarnings : [];
  const qc = verdictOf(measured.checks, repairs, told);
  context.log("qc", { clip: clip.index, verdict: qc.verdict, repairs: qc.repairs, reasons: qc.reasons });

  const subtitle = (ending: string) => (cues.length > 0 ? `${name}.${ending}` : null);
  const files = {
    clip: `${name}.mp4`,
    preview: context.job.preview ? `${name}_preview.mp4` : null,
    cover: `${name}.jpg`,
    srt: subtitle("srt"),
    vtt: subtitle("vtt"),
    ass: subtitle("ass"),
  };
  const finish = async (from: string, to: string | null) => {
    if (to) await rename(join(dir, from), join(context.dir, to));
  };
  await finish("captions.srt", files.srt);
  await finish("captions.vtt", files.vtt);
  await finish("captions.ass", files.ass);
  await finish(measured.cover, files.cover).catch((cause) => {
    throw new KangKlipError("RENDER_FAILED", "No picture could be taken for the cover", { cause });
  });
  await finish("preview.mp4", files.preview);
  await finish("clip.mp4", files.clip);
  await rm(dir, { recursive: true, force: true });
  const durationSeconds = timeline.seconds;
  const pictures = picturesOf(ready, measured, used, context.settings);
  const { repairs: _, ...by } = used;
  return {
    ...{ index: clip.index, files, framing, durationSeconds, width, height, captioned },
    ...{ captionPreset: style.preset, captionWarnings },
    ...by,
    ...{ qc, ...(pictures && { pictures }) },
  };
}

/** The clip out of a version that this machine has kept; undefined where it has to be encoded as a whole. */
async function madeOfParts(
  setting: Setting,
  ready: ReadyClip,
  toMeasure: Omit<ClipToMeasure, "seen">,
  onProgress: (fraction: number) => void,
) {
  const { context, kept, source } = setting;
  const before = await kept.before?.(ready.clip, join(ready.dir, "before"));
  if (!before) return undefined;
  ready.onEncoders?.(0); // there is hardly anything to encode
  const made = await explainFailure(context, source, ready.timeline, () =>
    patchClip(setting, ready, before, onProgress),
  );
  if (!made) return undefined;
  const measured = await measureClip({
    ...toMeasure,
    ...{ seen: { black: [], frozen: [], pairs: [] }, known: made.known },
  }).catch(unlessOfNoUse);
  const wrong = "checks" in measured ? wantsEncoding(measured, false) : measured.message;
  if (!wrong && "checks" in measured) return { used: made.used, measured };
  context.log("whole_render", {
    clip: ready.clip.index,
    reason: `what was put together had faults: ${wrong}`,
  });
  return undefined;
}

/** A file that cannot be opened may be better the next time. */
function unlessOfNoUse(error: unknown): KangKlipError {
  if (error instanceof KangKlipError && error.code === "RENDER_FAILED") return error;
  throw error;
}

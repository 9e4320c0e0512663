import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { captionTop } from "../captions/style.ts";
import type { ClipPlan } from "../media/clip-args.ts";
import { fileChecks, whatIsWrong } from "../media/clip-check.ts";
import { highestBitrate, nvencFailure, SESSION_WAIT_MS, smallerCrf, type Tried } from "../media/encoder.ts";
import { KEPT_OF_STDERR, type SeenPictures } from "../qc/look.ts";
import type { Repair } from "../qc/verdict.ts";
import { encodeInParts, encodePictures, type PicturesOptions, partsOf } from "./encode-parts.ts";
import type { Card, ReadyClip, Setting } from "./finish-clip.ts";

/** How a clip was encoded. */
export interface Encoded extends Card {
  crf: number;
  repairs: Repair[];
  /** What its pictures showed on their way to the encoder. */
  seen: SeenPictures;
}

const ON_CPU = { encoder: "libx264", decoder: "cpu" } as const;
export const isCpu = ({ encoder, decoder }: Pick<Card, "encoder" | "decoder">) =>
  encoder === ON_CPU.encoder && decoder === ON_CPU.decoder;
/** The processor, for what the card has made badly; as it was, where it was the processor. */
export const processorFor = (card: Card, reason: string): Card =>
  isCpu(card) ? card : { ...ON_CPU, encoderReason: reason, decoderReason: reason };
/** A clip that is still too large after that is noise, and stays so. */
const MOST_TRIES = 2;
const MISSING_GLYPHS =
  "Some characters of the captions have no font on this machine (Debian: apt-get install -y fonts-noto-core fonts-noto-cjk).";

/** What of a clip's making does not depend on who does it. */
export function planOf(
  { context: { job, settings }, source, colours }: Setting,
  { timeline, pieces, style, captioned, candidates, share }: ReadyClip,
): Omit<ClipPlan, "encoder" | "decoder" | "crf"> {
  const { width, height } = style;
  return {
    ...{ source, timeline, pieces, colours, width, height, captioned },
    ...{ captionTop: captionTop(style), cover: candidates.map(({ frame }) => frame) },
    ...{ preset: settings.renderPreset, threads: share?.threads ?? settings.threads, preview: job.preview },
  };
}

/** Whether its captions have characters that the look's own font lacks. */
export const isForeign = ({ cues, style }: Pick<ReadyClip, "cues" | "style">): boolean =>
  cues.some(({ lines }) => lines.flat().some(({ text }) => !style.canDraw(text)));

/**
 * Leaves clip.mp4, preview.mp4 where the job wants one, and the cover's candidates in the clip's scratch folder. Where the graphics card fails, the processor
 * renders this clip, as the EDL has it; a clip that is too large for its length is encoded again. Where it has several cores of the processor, each
 * encodes a part of it.
 * @param only what has to do it; undefined: the card, where it can
 * @param onProgress called with 0..1, from the beginning for each try.
 */
export async function encodeClip(
  setting: Setting,
  ready: ReadyClip,
  onProgress: (fraction: number) => void,
  only?: Card,
): Promise<Encoded> {
  const { context } = setting;
  const { clip, dir, timeline, style, onEncoders } = ready;
  const { tools, settings, signal } = context;
  const { width, height } = style;
  const plan = planOf(setting, ready);
  const parts = partsOf(timeline, ready.share?.parts ?? 1);
  const foreign = isForeign(ready);
  const repairs: Repair[] = [];
  let seen: SeenPictures = { black: [], frozen: [], pairs: [] };
  const encodeWhole = async (drawn: ClipPlan, about: Omit<PicturesOptions, "output">) => {
    const encoders = isCpu(drawn) ? 1 : 0;
    onEncoders?.(encoders);
    const made = encodePictures(context, drawn, { ...about, output: "clip.mp4" });
    return made.finally(() => onEncoders?.(-encoders));
  };
  const run = async (card: Card, crf: number): Promise<Card> => {
    const { encoder, decoder } = card;
    const drawn = { ...plan, encoder, decoder, crf };
    const about = { dir, signal, onProgress, keepStderr: foreign ? 1 << 20 : KEPT_OF_STDERR };
    const inParts =
      parts.length > 1 && isCpu(card)
        ? await encodeInParts(context, drawn, parts, { ...about, clip: clip.index, onEncoders })
        : undefined;
    const made = inParts ?? (await encodeWhole(drawn, about));
    if (foreign && /failed to find any fallback with glyph/i.test(made.said)) context.notice(MISSING_GLYPHS);
    seen = made.seen;
    return card;
  };
  /** By the card where it can, else by the processor: whatever the card's failure was, only the processor's counts. */
  const runAnyhow = async (crf: number, sessionRetries = 1): Promise<Card> => {
    const { card } = setting;
    if (isCpu(card)) return run(card, crf);
    try {
      const made = await run(card, crf);
      const wrong = whatIsWrong(
        (await fileChecks(tools, join(dir, "clip.mp4"), style, timeline, signal)).filter(
          ({ id }) => id !== "V1.bytes",
        ),
      );
      if (wrong)
        throw new KangKlipError("RENDER_FAILED", `The rendered clip is not as it should be: ${wrong}`);
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
      repairs.push("cpu");
      const made = await run({ ...ON_CPU, encoderReason: reason, decoderReason: reason }, crf);
      if (!onlyBusy && setting.card === card) setting.card = made; // it would fail, or hang, at each clip again
      return made;
    }
  };

  let { renderCrf: crf } = settings;
  let used = await (only ? run(only, crf) : runAnyhow(crf));
  const { size: soundBytes } = await stat(join(dir, "sound.m4a"));
  const limit = highestBitrate({ width, height, fps: timeline.rate.fps });
  let before: Tried | undefined;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const { size } = await stat(join(dir, "clip.mp4"));
    const bitrate = ((size - soundBytes) * 8) / timeline.seconds;
    if (bitrate <= limit) break;
    const last = { crf, bitrate };
    crf = smallerCrf(limit, last, before);
    before = last;
    context.log("too_large", { clip: clip.index, bitrate: Math.round(bitrate), crf });
    repairs.push("smaller");
    used = await (isCpu(used) ? run(used, crf) : runAnyhow(crf));
  }
  return { ...used, crf, repairs, seen };
}

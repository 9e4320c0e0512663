import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type EdlClip, KangKlipError } from "@kangklip/contract";
import { captionsAss, previewMarkAss } from "../captions/ass.ts";
import { captionCues } from "../captions/cues.ts";
import { findFonts, type MachineFonts } from "../captions/fonts.ts";
import { ROBOTO_BLACK } from "../captions/looks.ts";
import { captionStyle, lackingCharacters, wantedFamily } from "../captions/style.ts";
import { subtitlesSrt, subtitlesVtt } from "../captions/subtitles.ts";
import { captionState } from "../captions/warnings.ts";
import { clipWords } from "../captions/words.ts";
import { machineFacts } from "../machine.ts";
import { previewSize } from "../media/clip-args.ts";
import { clipPieces, clipTimeline, outputRate, splitSpans } from "../media/clip-timeline.ts";
import { readColours } from "../media/colours.ts";
import { coverCandidates } from "../media/cover.ts";
import { chooseDecoder } from "../media/decoder.ts";
import { chooseEncoder, clipShares, clipsAtOnce } from "../media/encoder.ts";
import { MACHINE_BYTES } from "../media/ffmpeg.ts";
import { clipSound } from "../media/loudness.ts";
import { explainFailure } from "../media/truncation.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext } from "../stage.ts";
import { type Card, finishClip, type KeptParts, type ReadyClip, type Setting } from "./finish-clip.ts";

/**
 * Renders the clips of an EDL into the attempt's folder and yields each as soon as it is whole and those before it are, in the EDL's
 * order. While some are encoded, the pictures of the next one are fetched where they are not here; as soon as a core has no encoder, it is framed and its sound is prepared.
 * @param frame finds the window of a clip in a file that has its pictures; called once per clip, in order.
 * @param kept what need not be made again
 * @param all the clips of the EDL, of which `clips` are those that are wanted: a clip gets what belongs to its place
 * @throws KangKlipError SOURCE_TRUNCATED where the source ends before a clip does, RENDER_FAILED, TIMED_OUT, DISK_FULL,
 * OUT_OF_MEMORY, or the abort's reason. Nothing unfinished stays in the folder.
 */
export async function* renderClips(
  context: StageContext,
  source: FetchedSource,
  clips: EdlClip[],
  frame: (clip: EdlClip, source: FetchedSource) => Promise<Framing>,
  { kept = {}, all = clips }: { kept?: KeptParts; all?: readonly EdlClip[] } = {},
): AsyncGenerator<RenderedClip> {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const about = await prepare({ ...context, signal, notice: oncePerText(context.notice) }, source, clips);
  const setting: Setting = { ...about, kept };
  const room = { threads: context.settings.threads, memoryBytes: MACHINE_BYTES };
  const atOnce = clipsAtOnce(setting.card.encoder, room);
  const shares = clipShares(setting.card.encoder, room, all.length);
  const progress = createProgress(context.progress, all.length);
  const places = clips.map((clip) => all.indexOf(clip));
  const placeOf = (index: number) => places[index] ?? 0;
  for (const [place, clip] of all.entries()) if (!clips.includes(clip)) progress.done(place);
  const fetched: Promise<Setting>[] = [];
  const ready: Promise<{ clip: ReadyClip; setting: Setting }>[] = [];
  const done: Promise<RenderedClip>[] = [];
  // of the processor, and the last clip that has any
  let [encoders, latest] = [0, -1];
  const fetchAt = (index: number) => {
    const clip = clips[index];
    if (!clip || fetched[index]) return;
    fetched[index] = withPictures(setting, clip);
    fetched[index].catch(() => {}); // looked at when its turn comes
  };
  const makeReadyAt = (index: number) => {
    const clip = clips[index];
    if (!clip || ready[index]) return;
    // one after the other: they are framed by one detector
    const before = ready[index - 1] ?? Promise.resolve();
    ready[index] = before.then(async () => {
      fetchAt(index);
      const own = (await fetched[index]) ?? setting;
      return {
        clip: { ...(await makeReady(own, clip, frame)), share: shares[placeOf(index)] },
        setting: own,
      };
    });
    ready[index].catch(() => {}); // looked at when its turn comes
  };
  const renderAt = (index: number) => {
    if (done[index]) return;
    progress.preparing(placeOf(index));
    makeReadyAt(index);
    done[index] = (async () => {
      const made = await ready[index];
      if (!made) throw new Error(`There is no clip ${index}`);
      fetchAt(index + 1);
      const onEncoders = (more: number) => {
        encoders += more;
        latest = Math.max(latest, index);
        // where each core has an encoder, looking at the next clip would only hold them up, and take memory besides
        if (encoders < room.threads && !signal.aborted) makeReadyAt(latest + 1);
      };
      const whole = await finishClip(made.setting, { ...made.clip, onEncoders }, (fraction) =>
        progress.rendering(placeOf(index), fraction),
      );
      progress.done(placeOf(index));
      return whole;
    })();
    done[index].catch(() => {}); // looked at when its turn comes
  };
  try {
    for (const index of clips.keys()) {
      // the first one by itself: somebody waits to see it
      const until = clips[index] === all[0] ? index + 1 : Math.min(clips.length, index + atOnce);
      for (let next = index; next < until; next++) renderAt(next);
      const made = await done[index];
      if (made) yield made;
    }
  } finally {
    stop.abort();
    await Promise.allSettled([...ready, ...done]);
    await rm(setting.scratch, { recursive: true, force: true });
  }
}

/** How far all clips are together, whichever of them moves. */
function createProgress(tell: StageContext["progress"], count: number) {
  const fractions = Array.from({ length: count }, () => 0);
  const all = () => fractions.reduce((sum, fraction) => sum + fraction, 0) / count;
  return {
    preparing: (index: number) => tell(all(), `Preparing clip ${index + 1} of ${count}`),
    rendering(index: number, fraction: number) {
      fractions[index] = fraction;
      tell(all(), `Rendering clip ${index + 1} of ${count}, ${Math.floor(fraction * 100)} %`);
    },
    done(index: number) {
      fractions[index] = 1;
    },
  };
}

/** What holds for the machine would otherwise be said again for each clip. */
function oncePerText(notice: (text: string) => void) {
  const said = new Set<string>();
  return (text: string) => {
    if (!said.has(text)) notice(text);
    said.add(text);
  };
}

async function prepare(
  context: StageContext,
  fetched: FetchedSource,
  clips: EdlClip[],
): Promise<Omit<Setting, "kept">> {
  const { dir, tools, signal } = context;
  const file = (await unlessAborted(signal, fetched.need?.pictures([]))) ?? fetched.file;
  const source = { ...fetched, file: resolve(dir, file) }; // ffmpeg works in the scratch folder
  const [fonts, colours, card] = await Promise.all([
    fontsFor(context, clips),
    readColours(tools, source, signal),
    chooseCard(context, source),
  ]);
  context.log("encoder", { ...card });
  if (colours.lost)
    context.notice("The video is HDR and this ffmpeg has no zscale filter: colours may look pale.");
  const scratch = join(dir, ".render");
  return { context, source, fonts, colours: colours.colours, card, scratch };
}

/** The setting for one clip: with a file that has its pictures, which are fetched where they are not here. The card stays the one of all clips. */
async function withPictures(setting: Setting, clip: EdlClip): Promise<Setting> {
  const { context, source } = setting;
  const { dir, signal } = context;
  const file = await unlessAborted(signal, source.need?.pictures(clip.segments));
  if (file === undefined) return setting;
  return {
    ...setting,
    source: { ...source, file: resolve(dir, file) },
    get card() {
      return setting.card;
    },
    set card(card) {
      setting.card = card;
    },
  };
}

/** What is fetched for all goes on when this stage stops, and ends with the source. @throws the signal's reason */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T> | undefined): Promise<T | undefined> {
  if (!work) return undefined;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
    work.catch(() => {});
  }
}

/** The fonts that the captions of all clips need beside the shipped one. */
async function fontsFor({ settings, notice }: StageContext, clips: EdlClip[]): Promise<MachineFonts | null> {
  const said = clips.flatMap(({ words }) => words.map(({ word }) => word)).join(" ");
  const lacking = await lackingCharacters(said);
  const brand = wantedFamily(settings.captionFont);
  if (lacking === "" && brand === null) return null;
  const fonts = await findFonts(lacking, brand);
  if (fonts === null)
    notice(
      "fontconfig's fc-match is not on this machine: whether all letters of the captions have a font is not known.",
    );
  return fonts;
}

/** What the graphics card will do for this source. */
async function chooseCard({ tools, settings, signal }: StageContext, source: FetchedSource): Promise<Card> {
  const { nvenc, nvdec } = await machineFacts({ tools, settings, signal });
  const encoding = chooseEncoder(settings.encoder, nvenc);
  const decoding = await chooseDecoder(tools, source, nvdec, signal);
  return {
    ...{ encoder: encoding.encoder, encoderReason: encoding.reason },
    ...{ decoder: decoding.decoder, decoderReason: decoding.reason },
  };
}

/** Everything of a clip that comes before its encoding. */
async function makeReady(
  { context, source, fonts, scratch, kept }: Setting,
  clip: EdlClip,
  frame: (clip: EdlClip, source: FetchedSource) => Promise<Framing>,
): Promise<ReadyClip> {
  const { settings, tools, signal } = context;
  const name = `clip_${String(clip.index).padStart(2, "0")}`;
  const dir = join(scratch, name);
  await mkdir(join(dir, "fonts"), { recursive: true });
  const timeline = clipTimeline(clip.segments, outputRate(source.info.video.fps, settings.renderMaxFps));
  if (timeline.frames === 0) throw new KangKlipError("RENDER_FAILED", `Clip ${clip.index} has no length`);

  const framed = frame(clip, source);
  const makeSound = () =>
    explainFailure(context, source, timeline, () => clipSound({ tools, source, timeline, dir, signal }));
  const sound = kept.sound?.(clip, timeline, dir, makeSound) ?? makeSound();
  await Promise.allSettled([framed, sound]); // neither may go on after the other has failed
  const framing = await framed;
  context.log("loudness", { clip: clip.index, ...(await sound) });

  const spans = timeline.stretches.map(({ start, end, firstFrame }) => ({
    start,
    end,
    clipStart: firstFrame / timeline.rate.fps,
  }));
  const style = await captionStyle(settings, {
    ...{ preset: clip.caption_preset, fonts, timing: clip.words_timing },
  });
  const words = clipWords(clip.words, spans, timeline.seconds, style.fits);
  const cues = captionCues(words, {
    clipSeconds: timeline.seconds,
    maxLines: style.maxLines,
    fits: style.fits,
  });
  const state = captionState(clip, cues, style);
  const wantsCaptions = clip.captions ?? style.burnIn;
  for (const text of state.warnings)
    context.notice(style.warnings.includes(text) ? text : `Clip ${clip.index}: ${text}`);
  const small = previewSize(style);
  for (const file of style.fontFiles) await copyFile(file, join(dir, "fonts", basename(file)));
  await writeFile(
    join(dir, "mark.ass"),
    previewMarkAss(small.width, small.height, ROBOTO_BLACK.family, timeline.seconds),
  );
  const pieces = clipPieces(timeline, framing.shown, source.info.video, style);
  const ass =
    cues.length > 0 ? captionsAss(cues, style, timeline.rate.fps, splitSpans(timeline, pieces)) : "";
  if (cues.length > 0) {
    await writeFile(join(dir, "captions.ass"), ass);
    await writeFile(join(dir, "captions.srt"), subtitlesSrt(cues));
    await writeFile(join(dir, "captions.vtt"), subtitlesVtt(cues));
  }
  const captioned = wantsCaptions && state.drawable;
  const candidates = coverCandidates({
    ...{ timeline, pieces, video: source.info.video, faces: framing.faces },
    isSaid: (time) => words.some(({ start, end }) => time >= start && time < end),
  });
  return {
    ...{ clip, name, dir, framing, timeline, pieces, sound: await sound, candidates },
    ...{ words, cues, style, ass, captioned, wantsCaptions, captionWarnings: state.warnings },
  };
}

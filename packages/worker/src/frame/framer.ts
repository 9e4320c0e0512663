import { resolve } from "node:path";
import type { EdlClip, FaceLog, ShotFrame } from "@kangklip/contract";
import { runUp } from "../media/clip-args.ts";
import { outputRate } from "../media/clip-timeline.ts";
import { squareSize } from "../media/probe.ts";
import type { FetchedSource, Framing, StageContext } from "../stage.ts";
import { watch } from "./analysis.ts";
import { activeArea } from "./bars.ts";
import { makeFace } from "./blazeface.ts";
import { createFaceFinder, type FaceFinder } from "./faces.ts";
import { keptFraming } from "./kept.ts";
import { createLooks } from "./looks.ts";
import { withOverrides } from "./overrides.ts";
import type { Box } from "./picture.ts";
import { planFrames, roundSeconds, showsFace } from "./plan.ts";
import { type Stretch, seeShots } from "./shots.ts";
import { fillsFrame } from "./window.ts";

/** A word's times are this uncertain. */
const WORD_SLACK_SECONDS = 0.15;
/** Pictures that are looked at for black bars. */
const BAR_PICTURES = 12;

export interface FramerContext extends Pick<StageContext, "dir" | "tools" | "signal" | "notice"> {
  settings: Pick<StageContext["settings"], "threads" | "renderWidth" | "renderHeight" | "renderMaxFps">;
  /** Another folder with the face model; undefined: the one that comes with the packages. */
  modelDir?: string | undefined;
}

/** Looks at the clips of one job. Dispose it while nothing is looked at: its detector takes as much memory as a third of an encoder. A clip that comes later starts another one, for a quarter of a second of processor time. */
export interface Framer extends AsyncDisposable {
  /**
   * A clip that brings a framing along is not looked at: the EDL is the truth, and `frames` is what it says. One that does not belong to
   * the clip (see keptFraming) is found anew. `shown` is always with the clip's overrides. Else: where the window of the settings' shape lies over the clip: frames from 0 to the clip's length, in pixels of the upright,
   * square-pixel source. Without a working face detector the clip is framed by its detail and `backend` says "unavailable".
   * A source of the window's own shape is not looked at.
   * @throws the abort's reason, or what `runFfmpeg` throws where the stretch cannot be decoded.
   */
  frame(clip: EdlClip, source: FetchedSource): Promise<Framing>;
}

/** A framer keeps one detector process, started with the first clip that needs it. */
export function createFramer(context: FramerContext): Framer {
  const { signal, settings, notice } = context;
  const target = { width: settings.renderWidth, height: settings.renderHeight };
  let starting: Promise<FaceFinder> | undefined;
  let told = false;

  async function workingFinder(): Promise<FaceFinder> {
    starting ??= createFaceFinder(context);
    const latest = starting;
    const finder = await latest;
    if (finder.failure()?.reason !== "face_detect_failed") return finder;
    if (starting === latest) starting = createFaceFinder(context); // it crashed over an earlier clip
    return starting;
  }

  async function frame(clip: EdlClip, source: FetchedSource): Promise<Framing> {
    const { width: w, height: h } = squareSize(source.info.video);
    const kept = keptFraming(clip.framing, secondsOf(clip), { w, h });
    const seen = kept ? asKept(kept) : await look(clip, source, { w, h });
    return { ...seen, shown: withOverrides(seen.frames, clip, { w, h }, target) };
  }

  async function look(clip: EdlClip, source: FetchedSource, { w, h }: Pick<Box, "w" | "h">): Promise<Seen> {
    if (fillsFrame({ w, h }, target)) return ownShape(clip, { x: 0, y: 0, w, h });

    const finder = await workingFinder();
    using pictures = new DisposableStack();
    const stretches = await watchClip(clip, source, finder, { ...context, pictures });
    signal.throwIfAborted();
    const failure = finder.failure();
    if (failure && !told) {
      told = true;
      notice("Faces could not be looked for, so the clips are framed by what else is in the picture.");
    }
    const area = areaOf(stretches, { w, h });
    if (fillsFrame(area, target)) return ownShape(clip, area);

    const isSpeech = speechOf(clip);
    const shots = stretches.flatMap((stretch) =>
      seeShots(failure ? { ...stretch, samples: [] } : stretch, { area, target, isSpeech }),
    );
    return {
      frames: planFrames(shots, area, target, { w, h }),
      shots: shots.length,
      detected: shots.filter(({ scenes }) => scenes.length > 0).length,
      faces: failure ? [] : stretches.flatMap(({ samples }) => samples),
      ...(failure
        ? { backend: "unavailable", ...failure }
        : { backend: "blazeface", reason: null, error: null }),
    };
  }

  return {
    frame,
    async [Symbol.asyncDispose]() {
      const last = starting;
      starting = undefined;
      const finder = await last?.catch(() => undefined); // aborted before it started
      await finder?.[Symbol.asyncDispose]();
    },
  };
}

type Seen = Omit<Framing, "shown">;

const secondsOf = ({ segments }: Pick<EdlClip, "segments">) =>
  roundSeconds(segments.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0));

/** What is said of a clip that was looked at before. */
const asKept = (frames: ShotFrame[]): Seen => ({
  ...{ frames, shots: frames.length, detected: frames.filter(showsFace).length },
  ...{ backend: "blazeface", reason: null, error: null },
});

/** The framing of a picture that has the window's shape already. */
function ownShape(clip: EdlClip, box: Box): Seen {
  return {
    frames: [{ start: 0, end: secondsOf(clip), layout: "crop", ...box, reason: "portrait" }],
    ...{ shots: 1, detected: 0, backend: "blazeface", reason: null, error: null },
  };
}

async function watchClip(
  { segments }: EdlClip,
  source: FetchedSource,
  finder: FaceFinder,
  { dir, tools, signal, settings, pictures }: FramerContext & { pictures: DisposableStack },
): Promise<Stretch[]> {
  const { file } = source;
  const { video } = source.info;
  const rate = outputRate(video.fps, settings.renderMaxFps);
  const sourceWidth = squareSize(video).width;
  const stretches: Stretch[] = [];
  let at = 0;
  for (const segment of segments) {
    const [start, seconds] = [at, segment.end - segment.start];
    const looks = createLooks(finder.find);
    const watched = await watch({
      ...{ tools, file: resolve(dir, file), video, rate, signal, threads: settings.threads },
      ...{ startSeconds: segment.start, seconds, runUpSeconds: runUp(source, segment.start) },
      onPicture: (picture, frame) => looks.add(picture, start + frame / rate.fps),
    });
    pictures.use(watched);
    const scale = sourceWidth / watched.width;
    const samples = (await looks.end()).map(({ time, faces }) => ({
      time,
      faces: faces.map((face) => makeFace((key) => face[key] * (key === "score" ? 1 : scale))),
    }));
    at = start + seconds;
    stretches.push({ watched, start, end: at, samples });
  }
  return stretches;
}

/** The picture without black bars, in source pixels; sides and offsets even. */
function areaOf(stretches: Stretch[], { w, h }: { w: number; h: number }): Box {
  const pictures = stretches.flatMap(({ watched }) => watched.lumas.map(({ luma }) => luma));
  const { width = 0, height = 0 } = stretches[0]?.watched ?? {};
  const step = Math.ceil(pictures.length / BAR_PICTURES) || 1;
  const part = activeArea(
    pictures.filter((_, i) => i % step === 0),
    width,
    height,
  );
  const even = (value: number) => Math.round(value / 2) * 2;
  return { x: even(part.x * w), y: even(part.y * h), w: even(part.w * w), h: even(part.h * h) };
}

/** Whether a word is being said at a second of the clip. A clip without words may have speech anywhere. */
function speechOf({ words, segments }: EdlClip): (time: number) => boolean {
  if (words.length === 0) return () => true;
  let at = 0;
  const spans = segments.flatMap(({ start, end }) => {
    const offset = at - start;
    at += end - start;
    return words
      .filter((word) => word.end > start && word.start < end)
      .map(
        (word) => [word.start + offset - WORD_SLACK_SECONDS, word.end + offset + WORD_SLACK_SECONDS] as const,
      );
  });
  return (time) => spans.some(([from, to]) => time >= from && time <= to);
}

/** face_log.json of a job's clips. */
export function faceLog(framings: { index: number; framing: Framing }[]): FaceLog {
  const failed = framings.find(({ framing }) => framing.backend === "unavailable")?.framing;
  return {
    backend: failed ? "unavailable" : "blazeface",
    reason: failed?.reason ?? null,
    error: failed?.error ?? null,
    opencv_version: null,
    cuda_devices: 0,
    clips: framings.map(({ index, framing: { shots, detected } }) => ({ index, segments: shots, detected })),
  };
}

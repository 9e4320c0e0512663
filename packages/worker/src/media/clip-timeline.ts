import { isDeepStrictEqual } from "node:util";
import type { EdlClip, ShotFrame } from "@kangklip/contract";
import type { FetchedSource } from "../stage.ts";
import { partsOfPath, placeAt, type Way, waysOf } from "./clip-way.ts";
import { squareSize } from "./probe.ts";

/** Constant frame rate, as ffmpeg reads it ("30000/1001") and as a number. */
export interface FrameRate {
  text: string;
  fps: number;
}

const STANDARD_RATES: [frames: number, seconds: number][] = [24, 25, 30, 48, 50, 60, 100, 120].flatMap(
  (rate): [number, number][] =>
    rate % 25 === 0
      ? [[rate, 1]]
      : [
          [rate * 1000, 1001],
          [rate, 1],
        ],
);
/** Below this, words would light up visibly late. */
const SLOWEST_FPS = 20;

/**
 * The clip's frame rate: the source's own where it is at most `maxFps`, else an even share of it (59.94 → 29.97, 50 → 25), so that
 * every frame stands equally long. Slow sources are repeated evenly (10 → 30), variable ones get the next standard rate.
 */
export function outputRate(sourceFps: number, maxFps: number): FrameRate {
  const rate = (frames: number, seconds: number) => ({ text: `${frames}/${seconds}`, fps: frames / seconds });
  const closest = STANDARD_RATES.map(([frames, seconds]) => ({
    frames,
    seconds,
    off: Math.abs(frames / seconds / sourceFps - 1),
  }))
    .filter(({ off }) => off < 0.004)
    .sort((a, b) => a.off - b.off)[0];
  if (closest) {
    const share = Math.ceil(closest.frames / closest.seconds / maxFps - 1e-9);
    const shared = rate(closest.frames, closest.seconds * share);
    return share === 1 || shared.fps >= SLOWEST_FPS ? shared : rate(maxFps, 1);
  }
  if (sourceFps < SLOWEST_FPS) {
    const times = Math.ceil(24 / sourceFps);
    const repeated = rate(Math.round(sourceFps * times * 1000), 1000);
    return repeated.fps <= maxFps ? repeated : rate(Math.min(30, maxFps), 1);
  }
  const next = [24, 25, 30, 50, 60].find((fps) => fps >= sourceFps && fps <= maxFps);
  return rate(next ?? maxFps, 1);
}

/** One segment of the EDL on the clip's frames. */
export interface Stretch {
  /** Seconds on the source's own timeline, which is what `-ss` counts. */
  start: number;
  end: number;
  firstFrame: number;
  frames: number;
}

export interface ClipTimeline {
  rate: FrameRate;
  frames: number;
  seconds: number;
  stretches: Stretch[];
}

/** Lays the segments of a clip end to end on whole frames; the error never adds up. */
export function clipTimeline(segments: EdlClip["segments"], rate: FrameRate): ClipTimeline {
  const stretches: Stretch[] = [];
  let length = 0;
  let firstFrame = 0;
  for (const { start, end } of segments) {
    length += Math.max(0, end - start);
    const frames = Math.round(length * rate.fps) - firstFrame;
    if (frames > 0) stretches.push({ start, end, firstFrame, frames });
    firstFrame += frames;
  }
  return { rate, frames: firstFrame, seconds: firstFrame / rate.fps, stretches };
}

/** Pixels of the upright picture as it is stored (not squared), which is what filters see. */
export interface Window {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Frames of one stretch that are cut alike. `firstFrame` and `endFrame` count from the stretch's start; the end is not part of it. */
export interface Piece {
  stretch: number;
  firstFrame: number;
  endFrame: number;
  /** crop: the window fills the frame. fit: it is shown whole over its own blur. split: it fills the upper half, `lower` the lower one. */
  layout: ShotFrame["layout"];
  window: Window;
  lower?: Window;
  /** crop: the window moves. */
  way?: Way;
  reason: string;
}

/**
 * Brings the framing of a clip onto frames: every frame of every stretch belongs to exactly one piece. A shot begins on the frame
 * that is nearest to its start, which is where the fps filter puts the shot's first picture (it rounds to the nearest, too).
 */
export function clipPieces(
  timeline: ClipTimeline,
  framing: ShotFrame[],
  video: FetchedSource["info"]["video"],
  size: { width: number; height: number },
): Piece[] {
  const shots = framing.length > 0 ? framing.toSorted((a, b) => a.start - b.start) : [wholePicture(video)];
  return timeline.stretches.flatMap((stretch, index) => {
    const pieces: Piece[] = [];
    const last = stretch.firstFrame + stretch.frames;
    for (const [i, shot] of shots.entries()) {
      const begin = i === 0 ? 0 : Math.round(shot.start * timeline.rate.fps);
      const end = Math.round((shots[i + 1]?.start ?? Number.POSITIVE_INFINITY) * timeline.rate.fps);
      const firstFrame = Math.max(begin, stretch.firstFrame) - stretch.firstFrame;
      const endFrame = Math.min(end, last) - stretch.firstFrame;
      if (endFrame <= firstFrame) continue;
      const frames = { first: stretch.firstFrame + firstFrame, end: stretch.firstFrame + endFrame };
      for (const { first, end: after, ...looks } of partsOf(shot, frames, {
        video,
        size,
        fps: timeline.rate.fps,
      })) {
        const previous = pieces.at(-1);
        const own = { firstFrame: first - stretch.firstFrame, endFrame: after - stretch.firstFrame };
        if (previous && !looks.way && isDeepStrictEqual(looksOf(previous), looks))
          previous.endFrame = own.endFrame;
        else pieces.push({ stretch: index, ...own, ...looks, reason: shot.reason });
      }
    }
    return pieces;
  });
}

/** When the frame is split into halves, seconds of the clip. */
export function splitSpans(
  { rate, stretches }: ClipTimeline,
  pieces: Piece[],
): { start: number; end: number }[] {
  return pieces
    .filter(({ layout }) => layout === "split")
    .map(({ stretch, firstFrame, endFrame }) => {
      const offset = stretches[stretch]?.firstFrame ?? 0;
      return { start: (offset + firstFrame) / rate.fps, end: (offset + endFrame) / rate.fps };
    });
}

type Looks = Pick<Piece, "layout" | "window" | "lower" | "way">;

const looksOf = ({ layout, window, lower, way }: Piece): Looks => ({
  ...{ layout, window, ...(lower && { lower }), ...(way && { way }) },
});

/** What is cut of the picture during a shot, one after the other. */
function partsOf(
  shot: ShotFrame,
  frames: { first: number; end: number },
  about: { video: FetchedSource["info"]["video"]; size: { width: number; height: number }; fps: number },
): (Looks & { first: number; end: number })[] {
  const { video, size, fps } = about;
  const { layout, lower, path } = shot;
  if (layout === "split") {
    const half = { width: size.width, height: size.height / 2 };
    const [window, below] = [shot, lower ?? shot].map((box) => storedWindow(box, video, half, layout));
    return window && below ? [{ ...frames, layout, window, lower: below }] : [];
  }
  const window = storedWindow(shot, video, size, layout);
  if (layout !== "crop" || !path || path.length === 0) return [{ ...frames, layout, window }];
  const ordered = path.toSorted((a, b) => a.at - b.at);
  return partsOfPath(ordered, frames, fps).flatMap(({ moves, ...part }) => {
    const here = placeAt(ordered, (part.first + part.end - 1) / 2 / fps);
    if (!moves) return [{ ...part, layout, window: storedWindow({ ...shot, ...here }, video, size, layout) }];
    return waysOf(shot, ordered, part, { window, video, size, fps }).map((one) => ({
      ...one,
      layout,
      window,
    }));
  });
}

/** Shown where nobody has framed a clip. */
function wholePicture(video: FetchedSource["info"]["video"]): ShotFrame {
  const { width, height } = squareSize(video);
  return { start: 0, end: 0, layout: "fit", x: 0, y: 0, w: width, h: height, reason: "not_framed" };
}

/**
 * The window inside the picture, on even stored pixels (a 4:2:0 picture knows no others). One that fills the frame gets the frame's
 * shape, so that nothing is stretched.
 */
function storedWindow(
  shot: Pick<ShotFrame, "x" | "y" | "w" | "h">,
  video: FetchedSource["info"]["video"],
  size: { width: number; height: number },
  layout: ShotFrame["layout"],
): Window {
  const square = squareSize(video);
  const shape = size.width / size.height;
  let w = Math.min(Math.max(2, shot.w), square.width);
  let h = Math.min(Math.max(2, shot.h), square.height);
  const [wanted, tall] = [h * shape, w / shape];
  if (layout !== "fit" && w > wanted * 1.01) w = wanted;
  else if (layout !== "fit" && h > tall * 1.01) h = tall;
  const x = shot.x + (shot.w - w) / 2;
  const y = shot.y + (shot.h - h) / 2;
  const onto = (at: number, length: number, squared: number, stored: number) => {
    const even = (n: number) => 2 * Math.round((n * stored) / squared / 2);
    const whole = Math.min(Math.max(2, even(length)), 2 * Math.floor(stored / 2));
    return { at: Math.max(0, Math.min(even(at), 2 * Math.floor((stored - whole) / 2))), length: whole };
  };
  const across = onto(x, w, square.width, video.width);
  const down = onto(y, h, square.height, video.height);
  return { x: across.at, y: down.at, w: across.length, h: down.length };
}

import type { Face } from "../frame/blazeface.ts";
import type { Sample } from "../frame/track.ts";
import type { FetchedSource } from "../stage.ts";
import type { ClipTimeline, Piece } from "./clip-timeline.ts";

/** Pictures that compete for the cover. */
const CANDIDATES = 8;
/** Where nobody is seen they are taken over this many seconds of one shot. */
const LOOK_SECONDS = 4;
/** The first moments of a shot may still be a dissolve, and so may its last ones. */
const SETTLE_SECONDS = 0.3;
/** A face of at least this part of the largest one's width is as good as that. */
const LARGE_ENOUGH = 0.85;
/** A cover is worth more the earlier it comes: it is taken from this part of the clip where somebody is seen there. */
const EARLY_PART = 0.6;

/** A frame of the clip that may become its cover, and the face that it shows, in parts of the picture's width and height. */
export interface Candidate {
  frame: number;
  face: FaceInPicture | null;
  /** Whether a word is being said just then: a mouth in the middle of one looks odd. */
  speaking: boolean;
}

/** Middle of the face, its size, and the line of its eyes; parts of the picture. */
export interface FaceInPicture {
  x: number;
  y: number;
  w: number;
  h: number;
  eyeY: number;
}

export interface CoverOptions {
  timeline: ClipTimeline;
  pieces: Piece[];
  video: FetchedSource["info"]["video"];
  /** Faces by the clip's time, in pixels of the square-pixel source; undefined where nobody looked. */
  faces: Sample[] | undefined;
  /** Whether a word is being said at a second of the clip. */
  isSaid: (time: number) => boolean;
}

/**
 * Where to look for a clip's cover, in order of time: frames with a large face that is well inside the picture and away from cuts, else
 * those of its longest early shot. A cover has no captions: half a sentence that stands still looks like a mistake.
 */
export function coverCandidates(options: CoverOptions): Candidate[] {
  const { timeline, isSaid } = options;
  const early = Math.ceil(timeline.frames * EARLY_PART);
  const seen = facesInPicture(options);
  const first = seen.filter(({ frame }) => frame < early);
  const from = first.length > 0 ? first : seen;
  const largest = Math.max(...from.map(({ face }) => face.w));
  const large = from.filter(({ face }) => face.w >= LARGE_ENOUGH * largest);
  const chosen = large.length > 0 ? evenly(large, CANDIDATES) : framesOfShot(options);
  return chosen.map(({ frame, face }) => ({ frame, face, speaking: isSaid(frame / timeline.rate.fps) }));
}

const evenly = <T>(all: T[], count: number): T[] =>
  all.length <= count
    ? all
    : Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)] as T);

/** Frames of the clip that belong to one piece, its moments of change left out where it is long enough. */
function settled({ rate, stretches }: ClipTimeline, { stretch, firstFrame, endFrame }: Piece) {
  const offset = stretches[stretch]?.firstFrame ?? 0;
  const settle = Math.min(Math.round(SETTLE_SECONDS * rate.fps), Math.floor((endFrame - firstFrame - 1) / 2));
  return { first: offset + firstFrame + settle, end: offset + endFrame - settle };
}

/** The largest face of each look that lies inside what the picture shows then. */
function facesInPicture({ timeline, pieces, video, faces = [] }: CoverOptions) {
  const [acrossScale, downScale] = [1 / video.sar, 1];
  return faces.flatMap(({ time, faces: all }) => {
    const frame = Math.round(time * timeline.rate.fps);
    const piece = pieces.find((one) => {
      const { first, end } = settled(timeline, one);
      return frame >= first && frame < end;
    });
    if (piece?.layout !== "crop" || piece.way) return []; // a moving window is for films
    const { x, y, w, h } = piece.window;
    const inside = all
      .map((face: Face) => ({
        x: ((face.x + face.w / 2) * acrossScale - x) / w,
        y: ((face.y + face.h / 2) * downScale - y) / h,
        w: (face.w * acrossScale) / w,
        h: (face.h * downScale) / h,
        eyeY: (face.eyeY * downScale - y) / h,
      }))
      .filter(
        (face) =>
          face.x > face.w / 2 && face.x < 1 - face.w / 2 && face.y > face.h / 2 && face.y < 1 - face.h / 2,
      )
      .toSorted((a, b) => b.w - a.w)[0];
    return inside ? [{ frame, face: inside }] : [];
  });
}

const SHOWS_SOMEBODY = ["speaker", "face", "faces", "split_exchange", "split_both"];

/** Where it is not known whose face is where: of the shots of the clip's first half the first one that is about somebody, else the longest. */
function framesOfShot({ timeline, pieces }: CoverOptions) {
  const shots = pieces.map((piece) => ({ ...settled(timeline, piece), reason: piece.reason }));
  const early = shots.filter(({ first }) => first < timeline.frames / 2);
  const { first, end } = early.find(
    (shot) => SHOWS_SOMEBODY.includes(shot.reason) && shot.end - shot.first > timeline.rate.fps,
  ) ??
    early.toSorted((a, b) => b.end - b.first - (a.end - a.first))[0] ?? { first: 0, end: timeline.frames };
  const span = Math.max(1, Math.min(end - first, Math.round(LOOK_SECONDS * timeline.rate.fps)));
  const frames = Array.from({ length: span }, (_, i) => ({ frame: first + i, face: null }));
  return evenly(frames, CANDIDATES);
}

/** Luma of a picture, 0..255, row by row. */
export interface Luma {
  width: number;
  height: number;
  data: Uint8Array;
}

/** What a point of each quality is worth. A blink spoils a cover more than anything but a blurred picture. */
const WORTH = { sharp: 0.3, eyes: 0.3, size: 0.15, exposure: 0.2, calm: 0.05 };
const MIDDLE_LUMA = 118;

/**
 * The best of the candidates' pictures: sharp where the face is (else all over), with open eyes, a large face, well exposed, not in the
 * middle of a word. Whether eyes are open shows only against the same face's other pictures: an iris between two whites has the strongest
 * steps from left to right of all that a face has, a lid has none. The first one wins a draw.
 * @returns its number; 0 where there is only one
 */
export const bestCover = (candidates: Candidate[], pictures: Luma[]): number =>
  bestMarked(candidates, marksOf(candidates, pictures));

/** What a picture is like, by itself. */
export interface Marks {
  sharp: number;
  eyes: number;
  size: number;
  exposure: number;
}

export const marksOf = (candidates: Candidate[], pictures: Luma[]): Marks[] =>
  pictures.map((picture, i) => marksOfOne(picture, candidates[i]?.face ?? null));

/** As `bestCover`, where the pictures' marks are known. */
export function bestMarked(candidates: Candidate[], marks: Marks[]): number {
  const most = (of: "sharp" | "eyes" | "size") => Math.max(1e-9, ...marks.map((mark) => mark[of]));
  const [sharp, eyes, size] = [most("sharp"), most("eyes"), most("size")];
  const sums = marks.map(
    (mark, i) =>
      WORTH.sharp * (mark.sharp / sharp) +
      WORTH.eyes * (mark.eyes / eyes) +
      WORTH.size * (mark.size / size) +
      WORTH.exposure * mark.exposure +
      WORTH.calm * Number(!candidates[i]?.speaking),
  );
  return Math.max(0, sums.indexOf(Math.max(...sums)));
}

function marksOfOne(picture: Luma, face: FaceInPicture | null): Marks {
  const whole = { left: 0, right: 1, top: 0, foot: 1 };
  const region = face
    ? {
        left: face.x - face.w / 2,
        right: face.x + face.w / 2,
        top: face.y - face.h / 2,
        foot: face.y + face.h / 2,
      }
    : whole;
  const { mean, steps, edges, clipped } = figures(picture, region);
  // each eye lies a fifth of the face's width beside its middle
  const eye = (side: number) => {
    const middle = (face?.x ?? 0.5) + side * 0.21 * (face?.w ?? 0);
    const [half, height] = [0.14 * (face?.w ?? 0), 0.07 * (face?.h ?? 0)];
    const at = face?.eyeY ?? 0.5;
    return figures(picture, {
      left: middle - half,
      right: middle + half,
      top: at - height,
      foot: at + height,
    }).steps;
  };
  return {
    sharp: edges,
    // of one brow-to-chin face, so that a sharper picture does not win twice
    eyes: face ? (eye(-1) + eye(1)) / (2 * Math.max(steps, 1)) : 0,
    size: face?.w ?? 0,
    exposure: Math.max(0, 1 - Math.abs(mean - MIDDLE_LUMA) / MIDDLE_LUMA) * (1 - clipped),
  };
}

interface Region {
  left: number;
  right: number;
  top: number;
  foot: number;
}

/** Mean luma, mean step from left to right, mean strength of edges (Laplacian), and the share of pixels without any drawing left. */
function figures({ width, height, data }: Luma, { left, right, top, foot }: Region) {
  const inside = (part: number, length: number) =>
    Math.min(length - 1, Math.max(1, Math.round(part * length)));
  const [x0, x1] = [inside(left, width), inside(right, width)];
  const [y0, y1] = [inside(top, height), inside(foot, height)];
  let [sum, steps, edges, clipped, count] = [0, 0, 0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const at = y * width + x;
      const luma = data[at] ?? 0;
      const [before, after] = [data[at - 1] ?? 0, data[at + 1] ?? 0];
      const [above, below] = [data[at - width] ?? 0, data[at + width] ?? 0];
      sum += luma;
      steps += Math.abs(after - before);
      edges += Math.abs(4 * luma - before - after - above - below);
      clipped += Number(luma < 8 || luma > 247);
      count++;
    }
  }
  const mean = (value: number) => value / Math.max(1, count);
  return { mean: mean(sum), steps: mean(steps), edges: mean(edges), clipped: mean(clipped) };
}

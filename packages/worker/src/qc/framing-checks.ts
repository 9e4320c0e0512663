import type { QcCheck, ShotFrame } from "@kangklip/contract";
import type { Face } from "../frame/blazeface.ts";
import type { Box } from "../frame/picture.ts";
import { median } from "../frame/picture.ts";
import { type Sample, trackFaces } from "../frame/track.ts";
import { atLeast, atMost } from "./check.ts";

/** Limits of the quality reference, R1, R3 and R6; shares in percent. */
const MOST_EMPTY = 2;
const MOST_CUT_HEADS = 2;
const MOST_OFF = 5;
const MOST_REVERSALS = 0.13;
/** Pixels a second at 1080 of width. */
const MOST_TRAVEL = 60;
const LEAST_STATIC = 80;
const CENTRE: readonly [number, number] = [0.2, 0.8];
const EYES: readonly [number, number] = [0.25, 0.45];
/** From the top of the detector's box (the brows) to the crown, and beside it to the ears, in parts of the box. */
const CROWN = 0.5;
/** Fewer looks than this say nothing about a share. */
const FEWEST_LOOKS = 10;
/** A single turn in a shorter clip is no swaying. */
const SHORTEST_SECONDS = 10;
/** Output pixels a second below which a window rests. */
const STILL = 2;
/** Steps in which a moving window is followed. */
const STEP_SECONDS = 0.1;
/** A face that stays within this part of the window's width sits. */
const SEATED_WITHIN = 0.5;

export interface FramingToCheck {
  /** As they were rendered. */
  frames: ShotFrame[];
  /** Faces as they were found, clip time; undefined where nobody looked. */
  faces: Sample[] | undefined;
  /** The upright, square-pixel source. */
  size: { width: number; height: number };
  seconds: number;
}

/** Where a person chose the picture, there is nothing to judge. */
const isChosen = ({ reason }: ShotFrame) => reason === "override";

/** Measures where the window lies and how it moves. What cannot be known (no faces looked for, a clip too short) is left out. */
export function framingChecks(framing: FramingToCheck): QcCheck[] {
  const looks = looksOf(framing);
  const moving = movementChecks(framing, looks);
  if (framing.faces === undefined) return [unknown("R1.empty", MOST_EMPTY), ...moving];
  if (looks.length < FEWEST_LOOKS) return moving;
  const share = (isSo: (look: Look) => boolean) => (100 * looks.filter(isSo).length) / looks.length;
  return [
    atMost(
      "R1.empty",
      share(({ shown }) => shown === undefined),
      MOST_EMPTY,
      "%",
    ),
    atMost(
      "R6.head",
      share((look) => isCut(look, framing.size)),
      MOST_CUT_HEADS,
      "%",
    ),
    atMost(
      "R6.centre",
      share((look) => isOff(look, "x", framing.size)),
      MOST_OFF,
      "%",
    ),
    atMost(
      "R6.eyes",
      share((look) => isOff(look, "y", framing.size)),
      2 * MOST_OFF,
      "%",
    ),
    ...moving,
  ];
}

/** Nobody looked for faces, as in a clip whose framing was brought along. */
const unknown = (id: string, max: number): QcCheck => ({ id, value: null, unit: "%", max, pass: true });

/** One look at a shot in which somebody was seen. */
interface Look {
  time: number;
  frame: ShotFrame;
  window: Box;
  /** The largest face inside the window; undefined: it shows nobody. */
  shown: Face | undefined;
}

function looksOf({ frames, faces, seconds }: FramingToCheck): Look[] {
  return frames.flatMap((frame, i) => {
    if (isChosen(frame)) return [];
    const end = frames[i + 1]?.start ?? seconds;
    const inside = (faces ?? []).filter(({ time }) => time >= frame.start && time < end);
    const seen = new Map<number, Face[]>();
    for (const { time, face } of trackFaces(inside).flat()) seen.set(time, [...(seen.get(time) ?? []), face]);
    return [...seen].flatMap(([time, all]): Look[] => {
      const window = windowAt(frame, time);
      const shown = all
        .filter((face) => contains(window, face) || (frame.lower && contains(frame.lower, face)))
        .toSorted((a, b) => b.w - a.w)[0];
      return [
        {
          time,
          frame,
          window: shown && frame.lower && !contains(window, shown) ? frame.lower : window,
          shown,
        },
      ];
    });
  });
}

const contains = (box: Box, { x, y, w, h }: Box) =>
  x + w / 2 >= box.x && x + w / 2 <= box.x + box.w && y + h / 2 >= box.y && y + h / 2 <= box.y + box.h;

/** Where a shot's window lies at a second of the clip. */
export function windowAt({ x, y, w, h, path = [] }: ShotFrame, time: number): Box {
  const after = path.find(({ at }) => at >= time) ?? path.at(-1);
  const before = path.findLast(({ at }) => at <= time) ?? path[0];
  if (!after || !before) return { x, y, w, h };
  const part = after.at > before.at ? (time - before.at) / (after.at - before.at) : 0;
  const mix = (a: number, b: number) => a + (b - a) * part;
  return { x: mix(before.x, after.x), y: mix(before.y, after.y), w, h };
}

/** Whether the window cuts off a part of the shown head that the source has and the window could hold. */
function isCut({ frame, window, shown }: Look, size: FramingToCheck["size"]): boolean {
  if (!shown || frame.layout === "fit") return false;
  const head = {
    left: shown.x,
    right: shown.x + shown.w,
    top: shown.y - CROWN * shown.h,
    foot: shown.y + shown.h,
  };
  if (shown.w > window.w || head.foot - head.top > window.h) return false;
  return (
    Math.max(0, head.left) < window.x ||
    Math.max(0, head.top) < window.y - 1 ||
    Math.min(size.width, head.right) > window.x + window.w ||
    Math.min(size.height, head.foot) > window.y + window.h
  );
}

/** Whether the face lies too far aside (x), or its eyes too high or low (y), though the window could have been moved. */
function isOff(
  { frame, window, shown }: Look,
  axis: "x" | "y",
  { width, height }: FramingToCheck["size"],
): boolean {
  if (!shown || frame.layout !== "crop") return false;
  const [at, low, long, whole] =
    axis === "x"
      ? [shown.x + shown.w / 2, window.x, window.w, width]
      : [shown.eyeY, window.y, window.h, height];
  const [least, most] = axis === "x" ? CENTRE : EYES;
  const part = (at - low) / long;
  if (part < least) return low > 1;
  return part > most && low + long < whole - 1;
}

function movementChecks({ frames, seconds }: FramingToCheck, looks: Look[]): QcCheck[] {
  const moving = frames.filter((frame) => frame.path && !isChosen(frame));
  if (moving.length === 0) return [];
  let [reversals, travel, seated, still] = [0, 0, 0, 0];
  for (const frame of moving) {
    const end = frames[frames.indexOf(frame) + 1]?.start ?? seconds;
    const steps = Math.max(1, Math.round((end - frame.start) / STEP_SECONDS));
    const scale = 1080 / frame.w;
    let direction = 0;
    const sits = isSeated(looks.filter((look) => look.frame === frame));
    for (let i = 1; i <= steps; i++) {
      const [before, now] = [i - 1, i].map((n) => windowAt(frame, frame.start + n * STEP_SECONDS));
      const [dx, dy] = [(now?.x ?? 0) - (before?.x ?? 0), (now?.y ?? 0) - (before?.y ?? 0)];
      const moved = Math.hypot(dx, dy) * scale;
      const rests = moved <= STILL * STEP_SECONDS;
      if (!rests && Math.abs(dx) > Math.abs(dy)) {
        if (direction !== 0 && Math.sign(dx) !== direction) reversals++;
        direction = Math.sign(dx);
      }
      if (!sits) continue;
      [seated, travel, still] = [seated + 1, travel + moved, still + Number(rests)];
    }
  }
  const sat = seated * STEP_SECONDS;
  return [
    atMost("R3.reversals", reversals / Math.max(seconds, SHORTEST_SECONDS), MOST_REVERSALS, "per s"),
    ...(sat < 1
      ? []
      : [
          atMost("R3.travel", travel / sat, MOST_TRAVEL, "px/s"),
          atLeast("R3.static", (100 * still) / seated, LEAST_STATIC, "%"),
        ]),
  ];
}

/** Whether the one who is followed hardly leaves their place; false where nobody is. */
function isSeated(looks: Look[]): boolean {
  const middles = looks
    .flatMap(({ shown }) => (shown ? [shown.x + shown.w / 2] : []))
    .toSorted((a, b) => a - b);
  if (middles.length < FEWEST_LOOKS) return false;
  const at = (part: number) => middles[Math.round((middles.length - 1) * part)] ?? 0;
  return at(0.9) - at(0.1) < SEATED_WITHIN * median(looks.map(({ window }) => window.w));
}

import { isSameView, middleOf, partInside, type View } from "./framing-track.ts";
import { slideTextBoxes } from "./scene-places.ts";
import {
  type Box,
  cutsOf,
  eyesOf,
  faceBox,
  type Head,
  headBox,
  headsAt,
  type Scene,
  type Take,
  type Turn,
  takeAt,
  turnAt,
} from "./scenes.ts";

/** What was counted over one scene; figures of several scenes are made of their sums. */
export interface Counts {
  frames: number;
  seconds: number;
  /** Frames with a face in the source, and those of them in which the clip shows none. */
  faces: { frames: number; empty: number; whole: number };
  /** Pictures in which the detector finds a face, and those of them of which the clip shows none (see countEmpty). */
  pixels: { faces: number; empty: number };
  /** Frames of turns of 1.5 s and more, and those that show the speaker. */
  turns: { frames: number; seen: number };
  /** Movement of the window on the same person, in pixels of an output 1080 wide. */
  movement: { steps: number; still: number; travel: number; reversals: number; jumps: number };
  /** Of each cut: frames until the new shot is framed for itself, or before it from which that is so. */
  late: number[];
  /** Of each change of speaker to a turn of 1.5 s and more: seconds until they are seen. */
  delays: number[];
  /** Seconds between two changes of the picture's part within a shot. */
  holds: number[];
  interjections: { count: number; followed: number };
  composed: { frames: number; centre: number; eyes: number; head: number };
  /** Frames with nobody to show or about a screen; of them those with a fitting layout; frames that name a reason. */
  quiet: { frames: number; sensible: number };
  reasons: number;
  /** Text boxes of slides per frame, and those that are cut. */
  texts: { seen: number; cut: number };
}

/** A turn has to be followed from this length on. */
const LONG_TURN_SECONDS = 1.5;
/** Of a face this much has to be seen. */
const FACE_PART = 0.95;
const OUTPUT_WIDTH = 1080;
/** Movement in one direction that counts, output pixels. */
const NOTICED = 8;
/** Frames after a cut in which the picture has found its place. */
const SETTLED_AFTER = 12;
/** A step of this part of the window's width is no movement but a jump. */
const JUMP = 0.1;

/** Compares a clip's views with what is known of its scene; `pixels` stay 0. */
export function countScene(scene: Scene, views: readonly View[], fps: number): Counts {
  const moments = views.map((view, n) => momentOf(scene, view, n, fps));
  const counts: Counts = {
    ...{ frames: views.length, seconds: views.length / fps },
    faces: { frames: 0, empty: 0, whole: 0 },
    pixels: { faces: 0, empty: 0 },
    turns: { frames: 0, seen: 0 },
    movement: countMovement(moments),
    late: cutsOf(scene).map((at) => lateFrames(moments, Math.round(at * fps))),
    delays: [],
    holds: countHolds(moments, fps),
    interjections: { count: 0, followed: 0 },
    composed: { frames: 0, centre: 0, eyes: 0, head: 0 },
    quiet: { frames: 0, sensible: 0 },
    reasons: views.filter(({ reason }) => reason !== "").length,
    texts: { seen: 0, cut: 0 },
  };
  for (const moment of moments) countMoment(counts, scene, moment);
  for (const turn of scene.turns) countTurn(counts, scene, turn, moments, fps);
  return counts;
}

interface Moment {
  seconds: number;
  view: View;
  take: Take;
  heads: Head[];
  turn: Turn | undefined;
  /** Whom the window is laid around: whose head is nearest to the middle of it. */
  subject: Head | undefined;
}

function momentOf(scene: Scene, view: View, n: number, fps: number): Moment {
  // slow sources are repeated evenly: the picture on screen is the last one that has begun
  const seconds = Math.floor((n * scene.fps) / fps + 1e-6) / scene.fps;
  const heads = headsAt(scene, seconds);
  const window = view.windows[0] as Box;
  const middle = middleOf(window);
  const far = ({ x, y }: Head) => Math.hypot(x - middle.x, (y - middle.y) / 3); // windows are taller than wide
  const subject = heads.toSorted((a, b) => far(a) - far(b))[0];
  return { seconds, view, take: takeAt(scene, seconds), heads, turn: turnAt(scene, seconds), subject };
}

const sees = ({ windows }: View, head: Head, part = FACE_PART) =>
  windows.some((window) => partInside(faceBox(head), window) >= part);

function countMoment(counts: Counts, scene: Scene, { view, take, heads, turn, subject }: Moment): void {
  const isScreen = take.place.kind === "slide" || take.place.kind === "screencast";
  if (heads.length > 0 && !isScreen) {
    counts.faces.frames++;
    if (!heads.some((head) => sees(view, head, 0.5))) counts.faces.empty++;
    if (view.layout === "fit") counts.faces.whole++;
  }
  const speaker = heads.find(({ who }) => who === turn?.who);
  if (turn && speaker && turn.to - turn.from >= LONG_TURN_SECONDS) {
    counts.turns.frames++;
    if (sees(view, speaker)) counts.turns.seen++;
  }
  if (isScreen || heads.length === 0) {
    counts.quiet.frames++;
    const texts = take.place.kind === "slide" ? slideTextBoxes(scene) : [];
    const cut = texts.filter((text) => !view.windows.some((window) => partInside(text, window) > 0.999));
    counts.texts.seen += texts.length;
    counts.texts.cut += cut.length;
    const fits = take.place.kind === "screencast" ? view.layout !== "crop" : cut.length === 0;
    if (fits) counts.quiet.sensible++;
  }
  if (subject && !isScreen && view.layout !== "fit") countComposition(counts, scene, view, subject, heads);
}

/** Half of a split lies in the middle of the screen, so its eyes may stand anywhere in the middle half of it. */
const EYES = { crop: [0.25, 0.45], split: [0.2, 0.6] } as const;

function countComposition(counts: Counts, scene: Scene, view: View, subject: Head, heads: Head[]): void {
  const shown = view.windows.map((window, i) => {
    if (i === 0 && view.layout === "crop") return { window, head: subject };
    const middle = middleOf(window);
    const far = ({ x, y }: Head) => Math.hypot(x - middle.x, y - middle.y);
    return { window, head: heads.toSorted((a, b) => far(a) - far(b))[0] as Head };
  });
  const [lowest, highest] = view.layout === "split" ? EYES.split : EYES.crop;
  const all = (test: (window: Box, head: Head) => boolean) =>
    shown.every(({ window, head }) => test(window, head));
  counts.composed.frames++;
  if (all((window, head) => Math.abs(head.x - middleOf(window).x) <= 0.3 * window.w))
    counts.composed.centre++;
  const eyesAt = (window: Box, head: Head) => (eyesOf(head) - window.y) / window.h;
  if (all((window, head) => eyesAt(window, head) >= lowest && eyesAt(window, head) <= highest))
    counts.composed.eyes++;
  const picture = { x: 0, y: 0, w: scene.width, h: scene.height + 2 * (scene.storage?.bars ?? 0) };
  // what the camera itself cut off cannot be shown
  if (all((window, head) => partInside(headBox(head), window) >= partInside(headBox(head), picture) - 0.01))
    counts.composed.head++;
}

function countMovement(moments: readonly Moment[]): Counts["movement"] {
  const movement = { steps: 0, still: 0, travel: 0, reversals: 0, jumps: 0 };
  let [direction, run] = [0, 0];
  for (const [i, now] of moments.entries()) {
    const before = moments[i - 1];
    if (!before || before.take !== now.take) {
      [direction, run] = [0, 0];
      continue;
    }
    movement.steps++;
    const isCut = before.view.layout !== now.view.layout || before.subject?.who !== now.subject?.who;
    if (isCut && before.view.piece !== now.view.piece) {
      [direction, run] = [0, 0];
      if (isSameView(before.view, now.view)) movement.still++;
      continue;
    }
    const [from, to] = [before.view.windows[0] as Box, now.view.windows[0] as Box];
    const scale = OUTPUT_WIDTH / to.w;
    const [dx, dy] = [middleOf(to).x - middleOf(from).x, middleOf(to).y - middleOf(from).y];
    const far = Math.hypot(dx, dy) * scale;
    if (far < 0.5) movement.still++;
    movement.travel += far;
    if (now.view.piece !== before.view.piece && far > JUMP * OUTPUT_WIDTH) movement.jumps++;
    if (dx === 0) continue;
    run = Math.sign(dx) === Math.sign(run) ? run + dx * scale : dx * scale;
    if (Math.abs(run) < NOTICED || Math.sign(run) === direction) continue;
    if (direction !== 0) movement.reversals++;
    direction = Math.sign(run);
  }
  return movement;
}

/** Whether a view shows somebody of the shot as a whole, or, where nobody is there, what it shows a little later. */
function isFramed({ view, heads }: Moment, settled: Moment | undefined): boolean {
  if (heads.length > 0) return heads.some((head) => sees(view, head));
  return settled === undefined || isSameView(view, settled.view);
}

function lateFrames(moments: readonly Moment[], cut: number): number {
  const take = moments[cut]?.take;
  const inside = moments.filter((moment, n) => n >= cut && moment.take === take);
  const settled = inside[Math.min(SETTLED_AFTER, inside.length - 1)];
  const framed = inside.findIndex((moment) => isFramed(moment, settled));
  let late = framed < 0 ? inside.length : framed;
  const [last, first] = [moments[cut - 1], moments[cut]];
  if (!last || !first) return late;
  const begun = moments.findIndex(({ view }) => view.piece === last.view.piece);
  // a range that begins just before a cut was meant for it
  if (begun > 0 && cut - begun < SETTLED_AFTER) late = Math.max(late, cut - begun);
  if (last.view.piece === first.view.piece) {
    // one range over the cut: it must not be on its way
    const resting = inside.findIndex((moment, i) => isSameView(moment.view, (inside[i - 1] ?? last).view));
    late = Math.max(late, resting < 0 ? inside.length : resting);
  }
  return late;
}

function countHolds(moments: readonly Moment[], fps: number): number[] {
  const holds: number[] = [];
  let from = 0;
  let changed = false;
  for (const [n, now] of moments.entries()) {
    const before = moments[n - 1];
    if (!before) continue;
    const isCut = before.take !== now.take;
    const isChange = !isCut && before.view.piece !== now.view.piece && !isSameView(before.view, now.view);
    if (isChange || (isCut && changed)) holds.push((n - from) / fps);
    if (isChange || isCut) [from, changed] = [n, isChange];
  }
  if (changed) holds.push((moments.length - from) / fps);
  return holds;
}

function countTurn(counts: Counts, scene: Scene, turn: Turn, moments: readonly Moment[], fps: number): void {
  const inside = moments.filter(({ seconds }) => seconds >= turn.from && seconds < turn.to);
  const first = inside[0];
  const speakerOf = (moment: Moment) => moment.heads.find(({ who }) => who === turn.who);
  if (!first || !speakerOf(first)) return;
  if (turn.interjection) {
    counts.interjections.count++;
    const followed = inside.filter(({ view, heads, turn: floor }) => {
      const [other, holder] = [
        heads.find(({ who }) => who === turn.who),
        heads.find(({ who }) => who === floor?.who),
      ];
      return other && holder && sees(view, other) && !sees(view, holder);
    });
    if (followed.length > 0) counts.interjections.followed++;
    return;
  }
  const before = scene.turns.findLast((other) => !other.interjection && other.to <= turn.from);
  const isChange = before && before.who !== turn.who && takeAt(scene, before.to - 0.05) === first.take;
  if (!isChange || turn.to - turn.from < LONG_TURN_SECONDS) return;
  const seen = inside.findIndex((moment) => {
    const head = speakerOf(moment);
    return head && sees(moment.view, head);
  });
  counts.delays.push((seen < 0 ? inside.length : seen) / fps);
}

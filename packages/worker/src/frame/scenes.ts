import type { Watched } from "./analysis.ts";
import type { Face } from "./blazeface.ts";
import type { Box } from "./picture.ts";
import type { Scene } from "./plan.ts";
import { HOLD_SECONDS, measureMouths, prominence, type Span, takeTurns } from "./speaker.ts";
import { around, medianFace, type Track } from "./track.ts";
import { largestWindow, MIDDLES_WITHIN, type Subject, type Target, windowAround } from "./window.ts";

/** Faces much less prominent than the first one are passers-by. */
const BESIDE = 0.4;
const MOST_PEOPLE = 4;
/** A face may wander through this part of the window's width before the window moves. */
const WANDER = 0.5;

export interface ShotContext {
  /** The decode that holds the shot, and the clip's time of its first frame. */
  watched: Watched;
  offsetSeconds: number;
  /** Where the picture lies inside its black bars, source pixels. */
  area: Box;
  target: Target;
  /** Whether somebody speaks at a second of the clip. */
  isSpeech: (time: number) => boolean;
}

/** Whom to show in a shot, from its tracks (source pixels, clip time): scenes without gaps, or none without tracks. */
export function arrangeShot(shot: Span, tracks: Track[], context: ShotContext): Scene[] {
  const { area, target, watched, offsetSeconds, isSpeech } = context;
  const weights = prominence(tracks, area);
  const highest = Math.max(...weights);
  const people = tracks
    .map((track, i) => ({ track, weight: weights[i] ?? 0 }))
    .filter(({ weight }) => weight >= highest * BESIDE)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST_PEOPLE)
    .map(({ track }) => track);
  const [first] = people;
  if (!first) return [];
  if (people.length === 1) return follow(first, shot, "face", context);

  const group = together(people.map(medianFace));
  if (group.box.w - group.faceWidth <= MIDDLES_WITHIN * largestWindow(area, target).w)
    return [{ ...shot, subject: group, reason: "faces" }];
  const mouths = measureMouths(watched, offsetSeconds, shot, people);
  const turns = takeTurns(shot, people, mouths, { area, isSpeech });
  return turns.flatMap(({ start, end, track, speaking }) =>
    follow(people[track] ?? first, { start, end }, speaking ? "speaker" : "face", context),
  );
}

function together(faces: Face[]): Subject {
  const mean = (of: "w" | "eyeY") => faces.reduce((sum, face) => sum + face[of], 0) / faces.length;
  return { box: around(faces), faceWidth: mean("w"), eyeY: mean("eyeY") };
}

/** One resting scene, or several of at least a second where the face leaves the middle of the window. */
function follow(track: Track, span: Span, reason: string, { area, target }: ShotContext): Scene[] {
  const inside = track.filter(({ time }) => time >= span.start && time < span.end);
  const seen = inside.length > 0 ? inside : track;
  const room = WANDER * windowAround(subjectOf(seen), area, target).w;
  const scenes: Scene[] = [];
  let part: Track = [];
  let start = span.start;
  for (const sighting of seen) {
    const middles = [...part, sighting].map(({ face }) => face.x + face.w / 2);
    const wandered = Math.max(...middles) - Math.min(...middles) > room;
    if (wandered && sighting.time - start >= HOLD_SECONDS && span.end - sighting.time >= HOLD_SECONDS) {
      scenes.push({ start, end: sighting.time, subject: subjectOf(part), reason });
      [part, start] = [[], sighting.time];
    }
    part.push(sighting);
  }
  scenes.push({ start, end: span.end, subject: subjectOf(part), reason });
  return scenes;
}

/** The face at its usual size, in the middle of the stretch it wanders through. */
function subjectOf(track: Track): Subject {
  const face = medianFace(track);
  const middles = track.map(({ face: { x, w } }) => x + w / 2).toSorted((a, b) => a - b);
  const at = (part: number) => middles[Math.round((middles.length - 1) * part)] ?? face.x + face.w / 2;
  const middle = (at(0.1) + at(0.9)) / 2;
  return {
    box: { x: middle - face.w / 2, y: face.y, w: face.w, h: face.h },
    faceWidth: face.w,
    eyeY: face.eyeY,
  };
}

import type { Watched } from "./analysis.ts";
import type { Face } from "./blazeface.ts";
import { follow, subjectOf } from "./follow.ts";
import { measureMouths } from "./mouths.ts";
import type { Box } from "./picture.ts";
import type { Scene } from "./plan.ts";
import { prominence, type Span, takeTurns } from "./speaker.ts";
import { splitPairs } from "./split.ts";
import { around, medianFace, type Track } from "./track.ts";
import { largestWindow, MIDDLES_WITHIN, type Subject, type Target } from "./window.ts";

/** Faces much less prominent than the first one are passers-by. */
const BESIDE = 0.4;
const MOST_PEOPLE = 4;
/** Heads are wider than the detector's boxes: both outer ones together by this part of a face. */
const EARS = 0.5;

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
  const { w } = largestWindow(area, target);
  if (group.box.w - group.faceWidth <= MIDDLES_WITHIN * w && group.box.w + EARS * group.faceWidth <= w)
    return [{ ...shot, subject: group, reason: "faces" }];
  const mouths = measureMouths(watched, offsetSeconds, shot, people);
  const pairs = splitPairs(people, area, target);
  const turns = takeTurns(shot, people, mouths, { area, isSpeech, pairs });
  return turns.flatMap(({ start, end, track, speaking, beside }) => {
    const shown = people[track] ?? first;
    const other = beside && people[beside.track];
    if (!other) return follow(shown, { start, end }, speaking ? "speaker" : "face", context);
    const [subject, lower] = [shown, other].map(subjectOf).sort((a, b) => a.box.x - b.box.x);
    return subject && lower ? [{ start, end, subject, lower, reason: beside.reason }] : [];
  });
}

function together(faces: Face[]): Subject {
  const mean = (of: "w" | "eyeY") => faces.reduce((sum, face) => sum + face[of], 0) / faces.length;
  return { box: around(faces), faceWidth: mean("w"), eyeY: mean("eyeY") };
}

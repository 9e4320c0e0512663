import { type ClipPart, type ClipPlan, runUp } from "./clip-args.ts";
import type { Piece } from "./clip-timeline.ts";
import type { Frames } from "./own-mp4.ts";

/** So much of the source is read before a frame: filters look at the pictures before it, and its key frame may name others that come first. */
const LEAD_SECONDS = 0.5;

/**
 * The plan of some of a clip's frames: each is decoded, cut, scaled and drawn on as in the whole clip, bit by bit. Pure.
 * @param keys frames of it that must be key frames
 */
export function partOfClip(plan: ClipPlan, { first, end }: Frames, keys: ClipPart["keys"]): ClipPlan {
  const { timeline, source } = plan;
  const { fps } = timeline.rate;
  const inside = timeline.stretches.flatMap((stretch, was) => {
    const offset = stretch.firstFrame;
    const [from, to] = [Math.max(first - offset, 0), Math.min(end - offset, stretch.frames)];
    if (to <= from) return [];
    const pieces = plan.pieces.flatMap((piece) => (piece.stretch === was ? cut(piece, from, to) : []));
    const lead = Math.max(LEAD_SECONDS, runUp(source, stretch.start + from / fps));
    const skip = Math.floor(Math.max(0, from / fps - lead) * 1e6);
    return [{ stretch: { ...stretch, frames: to }, pieces, skip }];
  });
  return {
    ...plan,
    timeline: { ...timeline, stretches: inside.map(({ stretch }) => stretch) },
    pieces: inside.flatMap(({ pieces }, stretch) => pieces.map((piece) => ({ ...piece, stretch }))),
    cover: plan.cover.filter((frame) => frame >= first && frame < end),
    part: { begin: first, skips: inside.map(({ skip }) => skip), keys },
  };
}

/** What of a piece lies between two frames of its stretch. A window that moves goes on from where it would be. */
function cut(piece: Piece, from: number, to: number): Piece[] {
  const firstFrame = Math.max(piece.firstFrame, from);
  const endFrame = Math.min(piece.endFrame, to);
  if (endFrame <= firstFrame) return [];
  const { way } = piece;
  const later = firstFrame - piece.firstFrame;
  const moved = way && {
    ...way,
    keypoints: way.keypoints.map((point) => ({ ...point, frame: point.frame - later })),
  };
  return [{ ...piece, firstFrame, endFrame, ...(moved && { way: moved }) }];
}

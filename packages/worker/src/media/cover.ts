import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import type { ClipPlan } from "./clip-args.ts";
import type { ClipTimeline, Piece } from "./clip-timeline.ts";

/** Pictures that compete for the cover, taken over this many seconds of one shot. */
const CANDIDATES = 8;
const LOOK_SECONDS = 4;
/** The first moments of a shot may still be a dissolve. */
const SETTLE_SECONDS = 0.3;
const SHOWS_SOMEBODY = ["speaker", "face", "faces"];

/**
 * Where to look for a clip's cover: the first shot of its first half that shows a face, else its longest early shot. A cover has no
 * captions: half a sentence that stands still looks like a mistake.
 */
export function coverFrames({ rate, frames, stretches }: ClipTimeline, pieces: Piece[]): ClipPlan["cover"] {
  const shots = pieces.map(({ stretch, firstFrame, endFrame, reason }) => {
    const offset = stretches[stretch]?.firstFrame ?? 0;
    return { first: offset + firstFrame, end: offset + endFrame, reason };
  });
  const early = shots.filter(({ first }) => first < frames / 2);
  const longest = early.toSorted((a, b) => b.end - b.first - (a.end - a.first))[0];
  const chosen =
    early.find(({ reason, first, end }) => SHOWS_SOMEBODY.includes(reason) && end - first > rate.fps) ??
    longest;
  const { first, end } = chosen ?? { first: 0, end: frames };
  const settled = Math.min(first + Math.round(SETTLE_SECONDS * rate.fps), end - 1);
  const span = Math.max(1, Math.min(end - settled, Math.round(LOOK_SECONDS * rate.fps)));
  const step = Math.max(1, Math.floor(span / CANDIDATES));
  return { firstFrame: settled, step, count: Math.max(1, Math.min(CANDIDATES, Math.floor(span / step))) };
}

/** The largest of files of equal size and quality holds the most detail: it is neither black nor blurred by movement. */
export async function sharpestCover(dir: string): Promise<string> {
  const names = (await readdir(dir)).filter((name) => /^cover_\d+\.jpg$/.test(name)).sort();
  const sized = await Promise.all(
    names.map(async (name) => ({ name, bytes: (await stat(join(dir, name))).size })),
  );
  const [largest] = sized.toSorted((a, b) => b.bytes - a.bytes);
  if (!largest) throw new KangKlipError("RENDER_FAILED", "No picture could be taken for the cover");
  return largest.name;
}

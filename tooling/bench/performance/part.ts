import { join } from "node:path";
import { readSettings } from "../../../packages/worker/src/config.ts";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import type { Found } from "./figures.ts";
import type { Fixtures, Source } from "./fixtures.ts";
import type { Origin } from "./origin.ts";
import { givenClip, type Ours, runOurs, workerEnv } from "./ours.ts";
import type { Profile } from "./profile.ts";
import { type Seen, watchFfmpeg } from "./watched-ffmpeg.ts";

/** What every part of the bench is given. */
export interface Bench {
  profile: Profile;
  tools: Tools;
  signal: AbortSignal;
  /** A folder that goes with the run. */
  dir: string;
  fixtures: Fixtures;
  origin: Origin;
  /** One line of what is going on. */
  say(text: string): void;
  /**
   * One run of ours that is watched instead of measured, made when it is first asked for.
   * @param crf above the worker's own (negative: below): another point of quality
   */
  watched(crf?: number): Promise<Watched>;
}

/** A part of the bench; its name is the first word of its figures' ids. */
export interface Part {
  name: string;
  run(bench: Bench): Promise<Found>;
}

/** Ours on the first of the clips, with an ffmpeg that counts. */
export interface Watched {
  source: Source;
  ours: Ours;
  /** The same clip without loss, before it was encoded; there only where the worker encodes a clip in one go. */
  reference: string;
  seen: Seen;
}

/** The clips that are compared with other shapes. */
export const comparedClips = ({ starts, clipSeconds }: Profile) =>
  starts.map((start, i) => givenClip(i + 1, [[start, start + clipSeconds]]));

/** The worker's setting for a quality so many steps of crf above its own. */
export const crfEnv = ({ clip }: Pick<Profile, "clip">, crf: number): Record<string, string> =>
  crf === 0 ? {} : { RENDER_CRF: `${readSettings(workerEnv(clip)).renderCrf + crf}` };

export async function watchOnce(bench: Omit<Bench, "watched">, crf: number): Promise<Watched> {
  const { profile, tools, signal, dir, fixtures, origin, say } = bench;
  const source = await fixtures.source(profile.minutes);
  say("a clip of ours with an ffmpeg that counts");
  const reference = join(dir, `reference${crf}.mp4`);
  const watch = await watchFfmpeg(join(dir, `watched${crf}`), tools, reference);
  const ours = await runOurs({
    ...{ profile, dir, signal, url: origin.address(source.mp4) },
    clips: comparedClips(profile).slice(0, 1),
    preview: true,
    env: { FFMPEG_PATH: watch.path, ...crfEnv(profile, crf) },
  });
  return { source, ours, reference, seen: await watch.seen() };
}

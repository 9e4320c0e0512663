import { execFile } from "node:child_process";
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readSettings } from "../../../packages/worker/src/config.ts";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import type { Found } from "./figures.ts";
import type { Fixtures, Source } from "./fixtures.ts";
import type { Origin } from "./origin.ts";
import { givenClip, type Ours, runOurs, workerEnv } from "./ours.ts";
import type { Profile } from "./profile.ts";
import { QUIET } from "./run.ts";
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
  /** The same clip without loss, before it was encoded. */
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
  const folder = await mkdtemp(join(dir, "watched-"));
  const lossless = join(folder, "lossless");
  const watch = await watchFfmpeg(join(folder, "bin"), tools, lossless);
  const ours = await runOurs({
    ...{ profile, dir, signal, url: origin.address(source.mp4) },
    clips: comparedClips(profile).slice(0, 1),
    preview: true,
    env: { FFMPEG_PATH: watch.path, ...crfEnv(profile, crf) },
  });
  return { source, ours, reference: await oneOf(tools, lossless), seen: await watch.seen() };
}

/** What a clip was encoded in, which is several parts where it had several cores, as one file. */
async function oneOf({ ffmpeg }: Pick<Tools, "ffmpeg">, folder: string): Promise<string> {
  const output = join(folder, "one.mp4");
  const all = (await readdir(folder)).sort();
  const inOneGo = all.filter((name) => !/\d-clip\.mp4$/.test(name)); // after its parts, where those did not fit together
  const list = (inOneGo.length > 0 ? inOneGo : all).map((name) => `file '${name}'\n`);
  await writeFile(join(folder, "list.txt"), list.join(""));
  const joined = ["-f", "concat", "-safe", "0", "-i", "list.txt", "-map", "0:v", "-c", "copy", output];
  await promisify(execFile)(ffmpeg, [...QUIET, ...joined], { cwd: folder });
  return output;
}

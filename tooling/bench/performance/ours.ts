import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EdlClip } from "@kangklip/contract";
import type { ClipsOrder, ClipsTold, ClipTold } from "./clips.ts";
import type { Profile } from "./profile.ts";
import { runMeasured, type Took } from "./run.ts";
import { wordsFor } from "./shape-run.ts";

const CLIPS = fileURLToPath(new URL("clips.ts", import.meta.url));

export type Ours = Took &
  ClipsTold & {
    dir: string;
    /** When each clip was whole, seconds since the program began to work. */
    whole: ClipTold[];
    /** Processor seconds of everything but the recogniser's stage. */
    withoutRecognition: number;
    /** Processor seconds of the stage that makes the clips: what the steps of another shape stand beside. */
    render: number;
  };

/** What a worker is given of this process's environment. */
export const workerEnv = (clip: Profile["clip"], more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  ...{ NODE_ENV: "production" as const, PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
  ...(process.env.FFMPEG_PATH && { FFMPEG_PATH: process.env.FFMPEG_PATH }),
  ...(process.env.MODEL_PATH && { MODEL_PATH: process.env.MODEL_PATH }),
  ...{ MODEL_DOWNLOAD: "off", YTDLP_PATH: "/nowhere/yt-dlp", GPU: "off" },
  ...(clip.width !== 1080 && { RENDER_RESOLUTION: `${clip.width}x${clip.height}` }),
  ...more,
});

/** A clip of the source's seconds, with words to be drawn over it. */
export const givenClip = (index: number, segments: readonly (readonly [number, number])[]): EdlClip =>
  EdlClip.parse({
    ...{ index, title: "A clip", hook: "" },
    segments: segments.map(([start, end]) => ({ start, end, text: "" })),
    words: segments.flatMap(([start, end]) => wordsFor(start, end - start)),
  });

export interface OursOptions extends Pick<ClipsOrder, "url" | "clips"> {
  profile: Pick<Profile, "clip">;
  /** A folder is made in it. */
  dir: string;
  signal: AbortSignal;
  hear?: boolean;
  isWhole?: boolean;
  preview?: boolean;
  env?: Record<string, string>;
}

/** The worker's stages on given clips, in a process of their own. @throws Error with its last words */
export async function runOurs(options: OursOptions): Promise<Ours> {
  const { profile, dir, signal, hear = false, isWhole = false, preview = false, env, url, clips } = options;
  const order: ClipsOrder = { url, clips, hear, isWhole, preview };
  await mkdir(dir, { recursive: true });
  const cwd = await mkdtemp(join(dir, "ours-"));
  const told: (ClipTold | ClipsTold)[] = [];
  const took = await runMeasured(
    {
      ...{ command: process.execPath, args: [CLIPS, JSON.stringify(order)], cwd },
      env: workerEnv(profile.clip, { TRANSCRIBER: "none", ...env }),
      onLine: (line) => void told.push(JSON.parse(line)),
    },
    signal,
  );
  const end = told.find((one) => "stages" in one);
  if (!end) throw new Error(`the worker's stages said nothing: ${took.stdout}`);
  const { TRANSCRIPT = 0, RENDER = 0 } = end.stages;
  return {
    ...{ ...took, ...end, dir: cwd, whole: told.filter((one) => "clip" in one) },
    ...{ withoutRecognition: took.cpuSeconds - (hear ? TRANSCRIPT : 0), render: RENDER },
  };
}

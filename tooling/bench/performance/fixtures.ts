import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { KEPT } from "../../sample/make.ts";
import type { Profile } from "./profile.ts";
import { runPlain } from "./run.ts";

/** Changed when sources are made in another way. */
const VERSION = 1;
/** Seconds of a part of a stream, and between key frames. */
const PART_SECONDS = 5;

/** One source in three forms: paths below the fixtures' folder. */
export interface Source {
  minutes: number;
  mp4: string;
  hls: string;
  dash: string;
  /** Bytes of all that a full download takes. */
  bytes: { mp4: number; hls: number; dash: number };
}

export interface Fixtures {
  dir: string;
  /** @param streams whether HLS and DASH are wanted too @returns a source of so many minutes, made when it is missing */
  source(minutes: number, streams?: boolean): Promise<Source>;
}

interface Kitchen {
  tools: Tools;
  signal: AbortSignal;
  onProgress(text: string): void;
}

/**
 * Sources of any length: the first seconds of the sample talk kept with the code (two people who are drawn, in shots with hard cuts; speech)
 * at the wanted size with noise over it, about 4 Mbit/s with a key frame every 5 s, joined as often as it takes. Made once and kept in `dir`.
 */
export async function openFixtures(
  dir: string,
  { unit }: Pick<Profile, "unit">,
  kitchen: Kitchen,
): Promise<Fixtures> {
  const hash = createHash("sha256").update(await readFile(KEPT));
  const name = hash
    .update(JSON.stringify([VERSION, unit]))
    .digest("hex")
    .slice(0, 8);
  const home = join(dir, `${unit.width}x${unit.height}-${name}`);
  await mkdir(home, { recursive: true });
  const { tools, signal, onProgress } = kitchen;
  const run = (args: string[]) => runPlain(tools.ffmpeg, args, signal);
  /** Makes a file or folder beside its place and moves it there when it is whole. */
  const once = async (path: string, make: (work: string) => Promise<void>) => {
    if (await stat(path).catch(() => null)) return path;
    onProgress(`making ${path.slice(home.length + 1)}, which is kept`);
    const work = await mkdtemp(join(home, ".making-"));
    try {
      const made = join(work, "made.mp4");
      await make(made);
      await rename(made, path);
      return path;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  };
  const unitFile = () =>
    once(join(home, "unit.mp4"), async (made) => void (await run([...unitArgs(unit), made])));

  return {
    dir: home,
    async source(minutes, streams = false) {
      const file = `talk-${minutes}.mp4`;
      const times = Math.max(1, Math.round((minutes * 60) / unit.seconds));
      const one = await unitFile();
      const mp4 = await once(join(home, file), async (made) => {
        const list = `${made}.txt`;
        await writeFile(list, `file '${one}'\n`.repeat(times));
        await run(["-f", "concat", "-safe", "0", "-i", list, ...COPY, "-movflags", "+faststart", made]);
      });
      const hls = join(home, `hls-${minutes}`);
      const dash = join(home, `dash-${minutes}`);
      if (streams) {
        await once(hls, async (made) => {
          await mkdir(made);
          await run(["-i", mp4, ...COPY, ...HLS, join(made, "part_%v_%05d.m4s"), join(made, "list_%v.m3u8")]);
        });
        await once(dash, async (made) => {
          await mkdir(made);
          await run(["-i", mp4, ...COPY, ...DASH, join(made, "manifest.mpd")]);
        });
      }
      const [whole, parts, segments] = await Promise.all([mp4, hls, dash].map(bytesBelow));
      return {
        minutes,
        mp4: file,
        hls: `hls-${minutes}/master.m3u8`,
        dash: `dash-${minutes}/manifest.mpd`,
        bytes: { mp4: whole ?? 0, hls: parts ?? 0, dash: segments ?? 0 },
      };
    },
  };
}

const COPY = ["-map", "0:v:0", "-map", "0:a:0", "-c", "copy"];
/** A list of pictures and one of sound, with parts of fMP4. The name of the parts follows. */
const HLS = [
  ...["-f", "hls", "-hls_time", `${PART_SECONDS}`, "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"],
  ...["-master_pl_name", "master.m3u8", "-var_stream_map", "a:0,agroup:sound,default:yes v:0,agroup:sound"],
  "-hls_segment_filename",
];
const DASH = ["-f", "dash", "-seg_duration", `${PART_SECONDS}`, "-use_template", "1", "-use_timeline", "1"];

/** What ffmpeg is told to make the unit, all but its output. Noise makes the drawn picture as hard to compress as a filmed one. */
export function unitArgs({ seconds, width, height, noise }: Profile["unit"]): string[] {
  const share = (width * height) / (1920 * 1080);
  const rate = (megabits: number) => `${Math.max(100, Math.round(megabits * 1000 * share))}k`;
  const gop = ["-g", `${30 * PART_SECONDS}`, "-keyint_min", "30", "-pix_fmt", "yuv420p"];
  return [
    ...["-t", `${seconds}`, "-i", KEPT],
    ...["-vf", `scale=${width}:${height}:flags=bicubic,setsar=1,noise=alls=${noise}:allf=t+u,fps=30`],
    ...["-c:v", "libx264", "-preset", "veryfast", "-b:v", rate(4), "-maxrate", rate(6), "-bufsize", rate(8)],
    ...[...gop, "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"],
  ];
}

async function bytesBelow(path: string): Promise<number> {
  const info = await stat(path).catch(() => null);
  if (!info) return 0;
  if (info.isFile()) return info.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => bytesBelow(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";

/** A video as people bring it, made by ffmpeg: a moving picture with a flash, and talk-like noise with a beep at the same moment. */
export interface Source {
  name: string;
  what: string;
  file: string;
  /** Stretches of it that become a clip, seconds. */
  segments: [start: number, end: number][];
  /** Second of the clip at which flash and beep come; null: it has none. */
  flash: number | null;
  /** Seconds of the clip at which two stretches join. */
  joins: number[];
  /** Size of its clips. */
  size: [width: number, height: number];
  layout: "crop" | "fit";
  /** Words to be captioned, said evenly over the clip. */
  captioned: boolean;
}

interface Recipe {
  what: string;
  width?: number;
  height?: number;
  fps?: string;
  seconds?: number;
  /** Filters after the picture. */
  picture?: string;
  /** The sound, as a lavfi graph; undefined: the usual one, null: none. */
  sound?: string | null;
  /** Filters on the usual sound. */
  hearing?: string;
  /** What follows the inputs. */
  output?: string[];
  ending?: string;
  /** Done to the finished file. */
  after?: (file: string, kitchen: Kitchen) => Promise<void>;
  segments?: [number, number][];
  flash?: false | number;
  size?: [number, number];
  layout?: Source["layout"];
  captioned?: boolean;
}

interface Kitchen {
  tools: Tools;
  dir: string;
  signal: AbortSignal;
}

const SECONDS = 5.2;
const SEGMENT: [number, number] = [0.5, 4.5];
/** Flash and beep come at the frame nearest to this second. */
const FLASH_AT = 2;
const BEEP_HZ = 3000;
const SMALL: [number, number] = [540, 960];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-crf", "18", "-g", "48"];
const TEN_BIT = ["-pix_fmt", "yuv420p10le"];
const HDR = (transfer: string) => [
  ...TEN_BIT,
  ...["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"],
];
const PLAIN = "aevalsrc='0.05*(random(0)-0.5)*lt(mod(t,0.5),0.35)+BEEP':s=48000";
const TONE = "sine=f=100:r=48000,volume=6dB";
const MATRIX_AT = 44;

const RECIPES: Readonly<Record<string, Recipe>> = {
  "phone-90": {
    what: "a phone held upright (turned by 90)",
    after: (file) => turn(file, 90),
    captioned: true,
  },
  "phone-270": { what: "a phone upside down (turned by 270)", after: (file) => turn(file, 270) },
  portrait: { what: "9:16", width: 720, height: 1280 },
  square: { what: "square", width: 720, height: 720, layout: "fit" },
  pal: {
    what: "4:3 with pixels of 16:15",
    width: 720,
    height: 576,
    fps: "25/1",
    picture: "setsar=16/15",
    segments: [[0.5, 4.5]],
  },
  "fps-60": { what: "60 pictures a second", fps: "60/1" },
  "fps-59.94": { what: "59.94 pictures a second", fps: "60000/1001" },
  "fps-24": { what: "24 pictures a second", fps: "24/1", captioned: true },
  "fps-10": { what: "10 pictures a second", fps: "10/1" },
  vfr: {
    what: "a variable rate",
    picture: "select='not(eq(mod(n,7),3))*not(between(n,80,86))'",
    output: ["-fps_mode", "vfr"],
    segments: [[0.5, 4.5]],
  },
  "hdr-pq": { what: "HDR (PQ)", width: 640, height: 360, output: HDR("smpte2084") },
  "hdr-hlg": { what: "HDR (HLG)", width: 640, height: 360, output: HDR("arib-std-b67") },
  "10-bit": { what: "10 bit", output: TEN_BIT },
  interlaced: {
    what: "interlaced",
    width: 720,
    height: 480,
    fps: "60000/1001",
    picture: "tinterlace=mode=interleave_top",
    output: ["-flags", "+ildct+ilme", "-x264-params", "tff=1"],
    flash: 60 / (30_000 / 1001),
  },
  odd: {
    what: "odd sides, 4:4:4",
    width: 853,
    height: 479,
    output: ["-pix_fmt", "yuv444p"],
    ending: "mkv",
    layout: "fit",
  },
  mono: { what: "one channel of sound", output: ["-ac", "1"] },
  "5.1": { what: "six channels of sound", hearing: "pan=5.1|c0=c0|c1=c0|c2=c0|c3=0*c0|c4=0.5*c0|c5=0.5*c0" },
  silent: { what: "a silent track", sound: "anullsrc=r=48000:cl=stereo", flash: false },
  hiss: {
    what: "nothing but room noise",
    sound: "aevalsrc='0.0004*(random(0)-0.5)':s=48000",
    flash: false,
  },
  mute: { what: "no sound", sound: null, flash: false },
  quiet: { what: "very quiet sound", hearing: "volume=-34dB" },
  clipped: { what: "overdriven sound", hearing: "volume=24dB,alimiter=limit=1:level=disabled" },
  "edit-list": {
    what: "an edit list and a negative start",
    after: (file, kitchen) => cutByCopy(file, kitchen),
  },
  ts: { what: "a transport stream", ending: "ts" },
  vp9: {
    what: "VP9 and Opus in Matroska",
    width: 640,
    height: 360,
    ending: "mkv",
    output: [
      "-c:v",
      "libvpx-vp9",
      "-deadline",
      "realtime",
      "-cpu-used",
      "8",
      "-b:v",
      "1M",
      "-c:a",
      "libopus",
    ],
  },
  "sound-longer": { what: "sound that goes on", picture: "trim=end=4.4", segments: [[0.5, 4.4]] },
  "sound-shorter": { what: "sound that ends early", hearing: "atrim=end=3" },
  joined: {
    what: "three stretches",
    sound: TONE,
    flash: false,
    segments: [
      [0.3, 1.8],
      [3.5137, 4.7],
      [2.0071, 3.1],
    ],
  },
  "soft-and-loud": {
    what: "24 s, soft and loud in turns",
    width: 320,
    height: 180,
    seconds: 24.5,
    sound: "aevalsrc='(0.05+0.4*gte(mod(t,8),4))*(random(0)-0.5)':s=48000",
    flash: false,
    segments: [[0.2, 24.2]],
    size: [270, 480],
  },
  "full-size": {
    what: "1920x1080 at the size that is posted",
    width: 1920,
    height: 1080,
    size: [1080, 1920],
    captioned: true,
  },
};

/** What is looked at in between. */
const QUICK = ["phone-90", "pal", "fps-60", "vfr", "hdr-pq", "joined"];

/** Names of the sources, in order. */
export const sourceNames = (quick: boolean): readonly string[] => (quick ? QUICK : Object.keys(RECIPES));

/** Makes a source in `kitchen.dir`. @throws what `runFfmpeg` throws */
export async function makeSource(name: string, kitchen: Kitchen): Promise<Source> {
  const recipe = RECIPES[name];
  if (!recipe) throw new Error(`There is no source ${name}`);
  const { width = 1280, height = 720, fps = "30/1", seconds = SECONDS, ending = "mp4" } = recipe;
  const { sound = PLAIN, picture = "null", hearing = "anull", output = [] } = recipe;
  const [frames = 30, per = 1] = fps.split("/").map(Number);
  const rate = frames / per;
  // an even number, so that a rate that is halved still has it
  const flashFrame = 2 * Math.round((FLASH_AT * rate) / 2);
  const flashAt = typeof recipe.flash === "number" ? recipe.flash : flashFrame / rate;
  const file = join(kitchen.dir, `${name}.${ending}`);
  const flash = `drawbox=w=${width}:h=${height}:color=white:t=fill:enable='between(n,${flashFrame},${flashFrame + Math.round(rate / 10)})'`;
  const shown = `testsrc2=s=${width}x${height}:r=${fps},${recipe.flash === false ? "null" : flash},${picture}`;
  const beep = `0.4*sin(2*PI*${BEEP_HZ}*t)*between(t,${flashAt},${flashAt + 0.1})`;
  const heard = sound && `${sound.replace("BEEP", beep)},${hearing}`;
  const inputs = [shown, ...(heard ? [heard] : [])].flatMap((graph) => ["-f", "lavfi", "-i", graph]);
  const format = { mp4: "mp4", mkv: "matroska", ts: "mpegts" }[ending] ?? ending;
  await runFfmpeg(kitchen.tools, {
    args: [...inputs, "-t", `${seconds}`, ...H264, "-c:a", "aac", "-ar", "48000", ...output, "-f", format],
    ...{ output: file, signal: kitchen.signal, threads: 2 },
  });
  await recipe.after?.(file, kitchen);
  const segments = recipe.segments ?? [SEGMENT];
  const cut = recipe.after === RECIPES["edit-list"]?.after ? CUT_AT : 0;
  const lengths = segments.map(([start, end]) => end - start);
  return {
    ...{ name, what: recipe.what, file, segments, size: recipe.size ?? SMALL },
    flash: recipe.flash === false ? null : flashAt - cut - (segments[0]?.[0] ?? 0),
    joins: lengths.slice(1).map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0)),
    ...{ layout: recipe.layout ?? "crop", captioned: recipe.captioned ?? false },
  };
}

export const BEEP = BEEP_HZ;

/** Writes a quarter turn into a file's track header (ISO 14496-12, the matrix of tkhd), as phones do. */
async function turn(file: string, degrees: 90 | 270): Promise<void> {
  const at = (await readFile(file)).indexOf("tkhd") + MATRIX_AT;
  const matrix = Buffer.alloc(36);
  const sine = degrees === 90 ? 0x10000 : -0x10000;
  for (const [i, value] of [0, sine, 0, -sine, 0, 0, 0, 0, 0x40000000].entries())
    matrix.writeInt32BE(value, 4 * i);
  await using handle = await open(file, "r+");
  await handle.write(matrix, 0, 36, at);
}

/** Seconds that are cut away. */
const CUT_AT = 0.3;

/** Cuts the beginning off without encoding, between two key frames: what is not to be shown stays in the file, behind an edit list. */
async function cutByCopy(file: string, { tools, signal }: Kitchen): Promise<void> {
  const output = `${file}.cut.mp4`;
  const args = ["-ss", `${CUT_AT}`, "-i", file, "-c", "copy", "-avoid_negative_ts", "disabled", "-f", "mp4"];
  await runFfmpeg(tools, { args, output, signal, threads: 1 });
  await rename(output, file);
}

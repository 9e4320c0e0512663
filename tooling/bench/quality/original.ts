import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ShotFrame, TranscriptSegment } from "@kangklip/contract";
import { ROBOTO_BOLD } from "../../../packages/worker/src/captions/looks.ts";
import { analysisSize } from "../../../packages/worker/src/frame/analysis.ts";
import type { Face } from "../../../packages/worker/src/frame/blazeface.ts";
import type { FaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import { pictureBytes } from "../../../packages/worker/src/frame/picture.ts";
import { runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { type MediaInfo, squareSize } from "../../../packages/worker/src/media/probe.ts";

// The way of KangKlip 1.x, stated by us as arithmetic and one ffmpeg command, so that the same source can be cut in both ways. None of
// its code is here; its figures are facts about it: a window of 9:16 and full height per segment around the median of the largest faces of
// up to 20 pictures; a caption per segment of the transcript; x264 veryfast with ffmpeg's defaults for everything else.

/** A stretch of the source, seconds on its own timeline. */
export interface Stretch {
  start: number;
  end: number;
}
export interface Point {
  x: number;
  y: number;
}
type Video = NonNullable<MediaInfo["video"]>;

/** When 1.x looked for faces: two pictures a second, at least 4 and at most 20, evenly from the start. */
export function originalLooks({ start, end }: Stretch): number[] {
  const count = Math.min(20, Math.max(4, Math.floor((end - start) * 2)));
  return Array.from({ length: count }, (_, i) => start + (i * (end - start)) / count);
}

/** What it took for the speaker: the middle of the largest face of each picture, and of those the median. Null: no face was seen. */
export function originalCentre(
  looks: readonly (readonly Pick<Face, "x" | "y" | "w" | "h">[])[],
): Point | null {
  const largest = looks.flatMap((faces) => faces.toSorted((a, b) => b.w * b.h - a.w * a.h).slice(0, 1));
  if (largest.length === 0) return null;
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  return {
    x: median(largest.map(({ x, w }) => x + w / 2)),
    y: median(largest.map(({ y, h }) => y + h / 2)),
  };
}

/** Its one window of a segment: pixels of a `width` x `height` picture, around the centre or in the middle, on even pixels as crop cuts. */
export function originalWindow(
  { width, height }: { width: number; height: number },
  centre: Point | null,
): { x: number; y: number; w: number; h: number } {
  const even = (length: number) => 2 * Math.floor(length / 2);
  const isWide = width / height >= 9 / 16;
  const w = isWide ? even((height * 9) / 16) : even(width);
  const h = isWide ? even(height) : even((width * 16) / 9);
  const at = (middle: number, length: number, limit: number) =>
    even(Math.min(Math.max(0, middle - length / 2), limit - length));
  return { x: at(centre?.x ?? width / 2, w, width), y: at(centre?.y ?? height / 2, h, height), w, h };
}

/** The same as a framing track of ours: one still crop per segment, clip seconds. `centres` as `originalCentre` gives them. */
export function originalFrames(
  size: { width: number; height: number },
  segments: readonly Stretch[],
  centres: readonly (Point | null)[],
): ShotFrame[] {
  let at = 0;
  return segments.map(({ start, end }, i) => {
    const from = at;
    at += end - start;
    const centre = centres[i] ?? null;
    return {
      ...{ start: from, end: at, layout: "crop" as const },
      ...originalWindow(size, centre),
      reason: centre ? "median" : "centre",
    };
  });
}

/** Looks for faces where 1.x did, with our detector (its own weights are not at hand). @returns a centre per segment, square pixels. */
async function originalCentres(
  { tools, finder, signal }: { tools: Tools; finder: FaceFinder; signal: AbortSignal },
  file: string,
  video: Video,
  segments: readonly Stretch[],
): Promise<(Point | null)[]> {
  const square = squareSize(video);
  const { width, height } = analysisSize(square);
  const scale = square.width / width;
  const centres: (Point | null)[] = [];
  for (const segment of segments) {
    const count = originalLooks(segment).length;
    const rate = count / (segment.end - segment.start);
    const pictures: Buffer[] = [];
    await runFfmpeg(tools, {
      args: [
        ...[
          "-ss",
          `${segment.start}`,
          "-t",
          `${segment.end - segment.start}`,
          "-i",
          file,
          "-map",
          `0:${video.index}`,
        ],
        ...["-vf", `fps=${rate}:start_time=0,scale=${width}:${height}:flags=area,setsar=1,format=yuv420p`],
        ...["-frames:v", `${count}`, "-f", "rawvideo", "pipe:1"],
      ],
      signal,
      onData: (chunk) => void pictures.push(chunk),
    });
    const bytes = Buffer.concat(pictures);
    const size = pictureBytes(width, height);
    const looks: Face[][] = [];
    for (let from = 0; from + size <= bytes.length; from += size)
      looks.push((await finder.find({ width, height, data: bytes.subarray(from, from + size) })) ?? []);
    const centre = originalCentre(looks);
    centres.push(centre && { x: centre.x * scale, y: centre.y * scale });
  }
  return centres;
}

/** Its captions: how many characters a line had, how many lines there were (the last takes what is left), and where they stood. */
const ORIGINAL_CAPTIONS = {
  maxChars: 22,
  maxLines: 3,
  fontSize: 68,
  marginH: 120,
  marginV: 140,
} as const;

/** Fills words into its lines. Pure; for any kind of word. */
export function originalLines<T>(words: readonly T[], textOf: (line: T[]) => string): T[][] {
  const { maxChars, maxLines } = ORIGINAL_CAPTIONS;
  const lines: T[][] = [[]];
  for (const word of words) {
    const line = lines.at(-1) ?? [];
    const isFull = textOf([...line, word]).length > maxChars && line.length > 0;
    if (isFull && lines.length < maxLines) lines.push([word]);
    else line.push(word);
  }
  return lines;
}

/** One of its captions: a segment of the transcript as far as it lies in the clip, clip seconds. */
export interface OriginalCue extends Stretch {
  /** `seconds`: how long the word stays lit. Spaces between lines are forgotten, so that later lines light up too early. */
  lines: { text: string; seconds: number }[][];
}

/** Every segment of the transcript that overlaps the clip is one caption, with all its words, also those that are not heard. */
export function originalCues(
  transcript: readonly TranscriptSegment[],
  segments: readonly Stretch[],
): OriginalCue[] {
  let offset = 0;
  return segments.flatMap(({ start, end }) => {
    const from = offset;
    offset += end - start;
    const overlapping = transcript.filter((one) => one.start < end && one.start + one.duration > start);
    return overlapping.map((segment): OriginalCue => {
      const onClip = (seconds: number) => from + Math.min(end, Math.max(start, seconds)) - start;
      const lines = originalLines(segment.words, (line) => line.map(({ word }) => word).join(" "));
      return {
        start: onClip(segment.start),
        end: onClip(segment.start + segment.duration),
        lines: lines.map((line) =>
          line.map((word, i) => ({
            text: word.word,
            seconds: (line[i + 1]?.start ?? word.end) - word.start,
          })),
        ),
      };
    });
  });
}

/** Its captions as a file: yellow, words turn white when they are said, Roboto 68, 140 pixels above the bottom. */
export function originalAss(cues: readonly OriginalCue[]): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const time = (seconds: number) => {
    const all = Math.round(seconds * 100);
    return `${Math.floor(all / 360_000)}:${two(Math.floor(all / 6000) % 60)}:${two(Math.floor(all / 100) % 60)}.${two(all % 100)}`;
  };
  const { fontSize, marginH, marginV } = ORIGINAL_CAPTIONS;
  const plain = (text: string) => text.replace(/[{}\\\n]/g, " ");
  const events = cues.map(({ start, end, lines }) => {
    const text = lines.map((line) =>
      line.map((word) => `{\\k${Math.max(1, Math.round(word.seconds * 100))}}${plain(word.text)}`).join(" "),
    );
    return `Dialogue: 0,${time(start)},${time(end)},Default,,0,0,0,,${text.join("\\N")}`;
  });
  const look = `Default,Roboto,${fontSize},&H00FFFFFF,&H0000FFFF,&H00000000,&H80000000,-1,0,0,0,100,100,0,0,1,4,1,2,${marginH},${marginH},${marginV},1`;
  return [
    ...["[Script Info]", "ScriptType: v4.00+", "WrapStyle: 2", "PlayResX: 1080", "PlayResY: 1920", ""],
    "[V4+ Styles]",
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding",
    ...[`Style: ${look}`, "", "[Events]"],
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
    ...[...events, ""],
  ].join("\n");
}

export interface OriginalClip {
  file: string;
  segments: readonly Stretch[];
  /** One per segment: pixels of the picture as it is stored. */
  windows: readonly { x: number; y: number; w: number; h: number }[];
  hasSound: boolean;
  /** Whether captions.ass and fonts/ lie in the working folder. */
  captioned: boolean;
  /** The size of the picture; it had no other than the first. */
  width?: number;
  height?: number;
}

/**
 * What ffmpeg was told, all but the output file. The picture is cut as it is stored (it asked for the rotation in a way that no ffmpeg
 * since 5 answers), scaled without a thought for the pixels' shape, its rate, its colours or its tags; the sound is as loud as it came;
 * several segments are cut out of a decode from the very beginning, and joined without fades.
 */
export function originalArgs(clip: OriginalClip): string[] {
  const { file, segments, windows, hasSound, captioned, width = 1080, height = 1920 } = clip;
  const cut = (i: number) => {
    const { x, y, w, h } = windows[i] ?? { x: 0, y: 0, w: 2, h: 2 };
    return `crop=${w}:${h}:${x}:${y},scale=${width}:${height}:flags=lanczos`;
  };
  const captions = captioned ? ",subtitles=captions.ass:fontsdir=fonts" : "";
  const encoding = ["-c:v", "libx264", "-preset", "veryfast", ...(hasSound ? ["-c:a", "aac"] : ["-an"])];
  const [first] = segments;
  if (first && segments.length === 1) {
    const input = ["-noautorotate", "-ss", `${first.start}`, "-to", `${first.end}`, "-i", file];
    return [...input, "-vf", `${cut(0)}${captions}`, ...encoding, "-metadata:s:v:0", "rotate=0", "-f", "mp4"];
  }
  const parts = segments.map(({ start, end }, i) => {
    const picture = `[0:v]trim=${start}:${end},setpts=PTS-STARTPTS,${cut(i)}[v${i}]`;
    return hasSound ? `${picture};[0:a]atrim=${start}:${end},asetpts=PTS-STARTPTS[a${i}]` : picture;
  });
  const joined = segments.map((_, i) => (hasSound ? `[v${i}][a${i}]` : `[v${i}]`)).join("");
  const sound = hasSound ? "[a]" : "";
  const graph = `${parts.join(";")};${joined}concat=n=${segments.length}:v=1:a=${Number(hasSound)}[j]${sound};[j]null${captions}[v]`;
  const maps = ["-map", "[v]", ...(hasSound ? ["-map", "[a]"] : [])];
  return [
    ...["-noautorotate", "-i", file, "-filter_complex", graph, ...maps, ...encoding],
    ...["-metadata:s:v:0", "rotate=0", "-f", "mp4"],
  ];
}

export interface OriginalRender {
  tools: Tools;
  signal: AbortSignal;
  /** A folder of the clip's own; gets the finished `clip.mp4`. */
  dir: string;
  file: string;
  info: MediaInfo & { video: Video };
  segments: readonly Stretch[];
  /** Null: no captions. */
  transcript: readonly TranscriptSegment[] | null;
  /** Faces are looked for with it; null: every window lies in the middle. */
  finder: FaceFinder | null;
  /** Smaller than 1080x1920, for tests. */
  size?: { width: number; height: number };
}

/** Cuts one clip in the way of 1.x. @returns the clip's path, its framing as a track of ours, and its captions. */
export async function renderOriginal(
  clip: OriginalRender,
): Promise<{ file: string; frames: ShotFrame[]; cues: OriginalCue[] }> {
  const { tools, signal, dir, file, info, segments, transcript, finder } = clip;
  const { video } = info;
  const square = squareSize(video);
  const centres = finder
    ? await originalCentres({ tools, finder, signal }, file, video, segments)
    : segments.map(() => null);
  const sideways = Math.abs(video.rotation) % 180 === 90;
  const stored = sideways ? { width: video.height, height: video.width } : video;
  // centres are of the upright, square picture, which its face detector saw; the cut is not, and it never knew
  const windows = centres.map((centre) =>
    originalWindow(stored, centre && { x: centre.x / (sideways ? 1 : video.sar), y: centre.y }),
  );
  const cues = transcript ? originalCues(transcript, segments) : [];
  if (cues.length > 0) {
    await mkdir(join(dir, "fonts"), { recursive: true });
    await copyFile(ROBOTO_BOLD.file, join(dir, "fonts", basename(ROBOTO_BOLD.file)));
    await writeFile(join(dir, "captions.ass"), originalAss(cues));
  }
  const output = join(dir, "clip.mp4");
  const args = originalArgs({
    file,
    segments,
    windows,
    hasSound: info.audio !== null,
    captioned: cues.length > 0,
    ...clip.size,
  });
  await runFfmpeg(tools, { args, output, cwd: dir, signal });
  return { file: output, frames: originalFrames(square, segments, centres), cues };
}

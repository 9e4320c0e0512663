// Makes the contact sheets of docs/gallery: clips of several kinds by the real framing and the real renderer, some beside the way of 1.x.
// `node tooling/bench/quality/gallery.ts [--only walking,talk] [--out docs/gallery]`; needs flite for the sample talk's voices.

import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  type CaptionPreset,
  EdlClip,
  type ShotFrame,
  type ShotOverride,
  type Word,
} from "@kangklip/contract";
import { ROBOTO_BLACK } from "../../../packages/worker/src/captions/looks.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { createFaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import { createFramer } from "../../../packages/worker/src/frame/framer.ts";
import { findTools, runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import type { FetchedSource, StageContext } from "../../../packages/worker/src/stage.ts";
import { renderClips } from "../../../packages/worker/src/stages/render.ts";
import { ensureSample } from "../../sample/make.ts";
import { findSpeech, speakTalk, type Talk } from "../../sample/speech.ts";
import { openSource } from "./framing-clip.ts";
import { INDONESIAN, TALKED } from "./gallery-texts.ts";
import { renderOriginal } from "./original.ts";
import { allScenes } from "./scene-list.ts";
import { writeScene } from "./scene-video.ts";
import type { Scene } from "./scenes.ts";

/** Half of what clips have, which is enough for pictures of this size. */
const RENDERED = { width: 540, height: 960 };
const COLUMNS = 5;
const CELL = { width: 180, height: 320, label: 26 };
/** Scenes are drawn at 640x360 for the bench; here they are looked at by people. */
const ENLARGED = 2;

interface Sheet {
  name: string;
  preset: CaptionPreset;
  /** A scene of the bench by its name, or lines of the sample talk. */
  source:
    | { scene: string; seconds?: number }
    | { lines: [first: number, last: number]; hdr?: boolean; said?: readonly string[] };
  overrides?: ShotOverride[];
  /** Whether the way of 1.x stands below. */
  original?: boolean;
}

const SHEETS: readonly Sheet[] = [
  { name: "talk", preset: "amber", source: { lines: [6, 9] }, original: true },
  { name: "two-seats", preset: "boxed", source: { scene: "two seats", seconds: 18 }, original: true },
  { name: "walking", preset: "bold", source: { scene: "walking slowly" }, original: true },
  { name: "rapid", preset: "strict", source: { scene: "two seats, rapid" } },
  {
    ...{ name: "split", preset: "clean", source: { scene: "two seats", seconds: 10 } },
    overrides: [
      { from: 0, to: 10, layout: "split", focus: { x: 0.3, y: 0.4 }, lower_focus: { x: 0.71, y: 0.39 } },
    ],
  },
  { name: "screencast", preset: "minimal", source: { scene: "screencast with a face" }, original: true },
  { name: "cameras", preset: "fill", source: { scene: "cameras" } },
  { name: "portrait", preset: "pop", source: { scene: "portrait, 9:16" } },
  { name: "turned", preset: "amber", source: { scene: "turned by 90" }, original: true },
  { name: "anamorphic", preset: "clean", source: { scene: "4:3, anamorphic" } },
  { name: "hdr", preset: "bold", source: { lines: [22, 23], hdr: true } },
  { name: "indonesian", preset: "fill", source: { lines: [10, 13], said: INDONESIAN } },
];

interface Bench {
  tools: Tools;
  signal: AbortSignal;
  /** A folder of the sheet's own. */
  dir: string;
  talk(): Promise<{ file: string; talk: Talk }>;
}

interface Source {
  file: string;
  segment: { start: number; end: number };
  words: Word[];
}

async function sourceOf({ tools, signal, dir, talk }: Bench, { source }: Sheet): Promise<Source> {
  if ("scene" in source) {
    const found = allScenes(6).find(({ name }) => name === source.scene);
    if (!found) throw new Error(`There is no scene ${source.scene}`);
    const file = join(dir, "scene.mp4");
    const seconds = Math.min(found.seconds, source.seconds ?? found.seconds);
    await writeScene(tools.ffmpeg, { ...enlarged(found, ENLARGED), seconds }, file);
    return { file, segment: { start: 0, end: seconds }, words: saidIn(found, seconds) };
  }
  const { file, talk: spoken } = await talk();
  const [first, last] = source.lines;
  const lines = spoken.lines.slice(first, last + 1);
  const [start, end] = [(lines[0]?.startSeconds ?? 0) - 0.2, (lines.at(-1)?.endSeconds ?? 0) + 0.3];
  const words = lines.flatMap(({ text, startSeconds, endSeconds }, i) =>
    spread(source.said?.[i] ?? text, startSeconds, endSeconds),
  );
  if (!source.hdr) return { file, segment: { start, end }, words };
  const hdr = join(dir, "hdr.mp4");
  await runFfmpeg(tools, { args: hdrArgs(file, start, end - start), output: hdr, signal });
  return {
    ...{ file: hdr, segment: { start: 0, end: end - start } },
    words: words.map((word) => ({ ...word, start: word.start - start, end: word.end - start })),
  };
}

/** The same stretch as cameras store HDR: BT.2020, PQ, 10 bits, white at 203 cd/m² (ITU-R BT.2408). */
const hdrArgs = (file: string, start: number, seconds: number) => [
  ...["-ss", `${start}`, "-t", `${seconds}`, "-i", file],
  "-vf",
  "zscale=t=linear,format=gbrpf32le,zscale=p=2020:t=smpte2084:npl=203:m=2020_ncl:r=tv,format=yuv420p10le",
  ...[
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-crf",
    "16",
    "-color_primaries",
    "bt2020",
    "-color_trc",
    "smpte2084",
  ],
  ...["-colorspace", "bt2020nc", "-c:a", "copy", "-f", "mp4"],
];

function enlarged(scene: Scene, by: number): Scene {
  if (scene.storage?.size) return scene; // its file has a size of its own
  return {
    ...scene,
    ...{ width: scene.width * by, height: scene.height * by },
    takes: scene.takes.map((take) => ({
      ...take,
      people: take.people.map((person) => ({
        ...person,
        path: person.path.map((key) => ({ at: key.at, x: key.x * by, y: key.y * by, size: key.size * by })),
      })),
    })),
  };
}

/** Words spread over a line by their length. */
function spread(text: string, start: number, end: number): Word[] {
  const words = text.split(" ");
  const perLetter = (end - start) / (text.length + 1);
  let at = start;
  return words.map((word) => {
    const from = at;
    at += (word.length + 1) * perLetter;
    return { word, start: from, end: at };
  });
}

/** Something to say for each turn of a scene, at three words a second. */
function saidIn({ turns }: Scene, seconds: number): Word[] {
  let next = 0;
  return turns
    .filter(({ from, interjection }) => from < seconds - 0.5 && !interjection)
    .flatMap(({ from, to }) => {
      const end = Math.min(to, seconds);
      const count = Math.max(1, Math.round((end - from) * 3));
      const words = Array.from({ length: count }, (_, i) => TALKED[(next + i) % TALKED.length] ?? "");
      next += count;
      return spread(words.join(" "), from, end);
    });
}

/** A row of frames: the clip, and what stands below each. */
interface Strip {
  file: string;
  frames: readonly ShotFrame[];
  seconds: number;
  cells: number;
  before: string;
}

async function makeSheet(bench: Bench, sheet: Sheet, output: string): Promise<ShotFrame[]> {
  const { tools, signal, dir } = bench;
  const { file, segment, words } = await sourceOf(bench, sheet);
  const source = await openSource(tools, file, signal);
  const clip = EdlClip.parse({
    ...{ index: 1, title: sheet.name, hook: "", caption_preset: sheet.preset, words },
    ...{ segments: [{ ...segment, text: "" }], overrides: sheet.overrides ?? [] },
  });
  const own = await renderOurs(bench, source, clip);
  const seconds = segment.end - segment.start;
  const strips: Strip[] = [{ ...own, seconds, cells: 2 * COLUMNS, before: "" }];
  if (sheet.original) {
    await using finder = await createFaceFinder({ signal });
    const folder = join(dir, "1.x");
    await mkdir(folder);
    const transcript = sentencesOf(words).map((said) => {
      const [start, end] = [said[0]?.start ?? 0, said.at(-1)?.end ?? 0];
      return { text: "", start, duration: end - start, words: said };
    });
    const { file: made, frames } = await renderOriginal({
      ...{ tools, signal, dir: folder, file, info: source.info, finder, size: RENDERED },
      ...{ segments: [segment], transcript },
    });
    strips.push({ file: made, frames, seconds, cells: COLUMNS, before: "1.x  " });
  }
  await layOut(bench, strips, output);
  return own.frames;
}

/** As a recogniser divides what it hears. */
function sentencesOf(words: readonly Word[]): Word[][] {
  const sentences: Word[][] = [[]];
  for (const word of words) {
    const last = sentences.at(-1)?.at(-1);
    if (last && /[.?!]$/.test(last.word)) sentences.push([word]);
    else sentences.at(-1)?.push(word);
  }
  return sentences;
}

async function renderOurs({ tools, signal, dir }: Bench, source: FetchedSource, clip: EdlClip) {
  const settings = readSettings({
    ...{ RENDER_RESOLUTION: `${RENDERED.width}x${RENDERED.height}`, RENDER_PRESET: "veryfast", GPU: "off" },
  });
  const notices: string[] = [];
  const context = {
    ...{ dir, tools, signal, settings, progress: () => {}, log: () => {} },
    ...{ notice: (text: string) => void notices.push(text), job: { preview: false } },
  } as unknown as StageContext; // a render asks for nothing else of a job
  await using framer = createFramer(context);
  for await (const { files, framing } of renderClips(context, source, [clip], (one) =>
    framer.frame(one, source),
  )) {
    for (const notice of notices) console.error(`  ${notice}`);
    return { file: join(dir, files.clip), frames: framing.shown };
  }
  throw new Error("No clip was rendered");
}

/** "crop speaker", "split exchange" */
const labelOf = (frame: ShotFrame | undefined) =>
  [...new Set(`${frame?.layout} ${frame?.reason.replaceAll("_", " ")}`.split(" "))].join(" ");

/** Frames evenly from each strip, each with its time and layout below it, in rows of five. */
async function layOut(
  { tools, signal, dir }: Bench,
  strips: readonly Strip[],
  output: string,
): Promise<void> {
  const ffmpeg = (args: string[], file: string) => runFfmpeg(tools, { args, output: file, cwd: dir, signal });
  let cell = 0;
  for (const { file, frames, seconds, cells, before } of strips)
    for (let i = 0; i < cells; i++) {
      const at = (seconds * (i + 0.5)) / cells;
      const frame = frames.findLast(({ start }) => start <= at);
      await writeFile(join(dir, "label.txt"), `${before}${at.toFixed(1)} s  ${labelOf(frame)}`);
      const label = `drawtext=fontfile=font.ttf:textfile=label.txt:fontsize=13:fontcolor=black:x=4:y=${CELL.height + 6}`;
      const graph = `scale=${CELL.width}:${CELL.height}:force_original_aspect_ratio=decrease:flags=area,setsar=1,pad=${CELL.width}:${CELL.height}:-1:-1:silver,pad=iw:ih+${CELL.label}:0:0:white,${label}`;
      await ffmpeg(
        ["-ss", at.toFixed(3), "-i", file, "-frames:v", "1", "-vf", graph, "-f", "image2", "-update", "1"],
        join(dir, `cell_${++cell}.png`),
      );
    }
  const rows = Math.ceil(cell / COLUMNS);
  // 256 colours are enough for drawings, and a third of the bytes
  const graph = `tile=${COLUMNS}x${rows}:padding=6:margin=6:color=white,split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a`;
  await ffmpeg(
    ["-i", "cell_%d.png", "-filter_complex", graph, "-frames:v", "1", "-f", "image2", "-update", "1"],
    output,
  );
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { only: { type: "string" }, out: { type: "string", default: "docs/gallery" } },
  });
  const only = values.only?.split(",");
  const out = resolve(values.out);
  await mkdir(out, { recursive: true });
  const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH });
  const signal = AbortSignal.timeout(3_600_000);
  const root = await mkdtemp(join(tmpdir(), "kangklip-gallery-"));
  let talking: Promise<{ file: string; talk: Talk }> | undefined;
  const talk = () => {
    talking ??= (async () => {
      const speak = await findSpeech(tools.ffmpeg);
      if (!speak) throw new Error("The sample talk needs a voice: apt-get install flite");
      const dir = join(root, "voices");
      await mkdir(dir);
      const kept = resolve(process.env.DATA_DIR || ".kangklip", "sample");
      const file = await ensureSample({ dir: kept, ffmpeg: tools.ffmpeg, signal });
      return { file, talk: await speakTalk(speak, dir, signal) };
    })();
    return talking;
  };
  try {
    for (const sheet of SHEETS) {
      if (only && !only.includes(sheet.name)) continue;
      const dir = join(root, sheet.name);
      await mkdir(dir);
      await copyFile(ROBOTO_BLACK.file, join(dir, "font.ttf"));
      const frames = await makeSheet({ tools, signal, dir, talk }, sheet, join(out, `${sheet.name}.png`));
      const ranges = frames.map(
        ({ start, layout, reason, path }) => `${start.toFixed(1)} ${layout} ${reason}${path ? "~" : ""}`,
      );
      console.error(`${sheet.name}: ${ranges.join("; ")}`);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { CaptionPreset, type Word } from "@kangklip/contract";
import { captionsAss } from "../../../packages/worker/src/captions/ass.ts";
import { captionCues } from "../../../packages/worker/src/captions/cues.ts";
import { findFonts } from "../../../packages/worker/src/captions/fonts.ts";
import { captionStyle, lackingCharacters } from "../../../packages/worker/src/captions/style.ts";
import { clipWords } from "../../../packages/worker/src/captions/words.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { findTools, runFfmpeg } from "../../../packages/worker/src/media/ffmpeg.ts";

/** What a cell of the sheet shows: words, and which of them is being spoken. */
export interface Cell {
  preset: CaptionPreset;
  text: string;
  spoken: number;
  /** Seconds into the background's video. */
  at: number;
}

const TEXT = "They remember how you made them feel.";
/** Seconds into the sample's talk at which one of its speakers is seen alone. */
const SHOTS = [14, 24];

export const PRESET_CELLS: readonly Cell[] = CaptionPreset.options.map((preset, i) => ({
  ...{ preset, text: TEXT, spoken: 2, at: SHOTS[(i + Math.floor(i / 4)) % SHOTS.length] ?? 0 },
}));

const WIDTH = 1080;
const HEIGHT = 1920;

/**
 * Draws captions over frames of a video, side by side, and writes them as one picture.
 * @param columns cells in a row @param cellWidth pixels
 */
export async function captionSheet(
  video: string,
  cells: readonly Cell[],
  output: string,
  { columns = 4, cellWidth = 216 } = {},
): Promise<void> {
  const tools = await findTools({});
  const signal = AbortSignal.timeout(600_000);
  const dir = await mkdtemp(join(tmpdir(), "kangklip-sheet-"));
  const ffmpeg = (args: string[], file: string) =>
    runFfmpeg(tools, { args, output: file, cwd: dir, signal, timeoutMs: 120_000, threads: 2 });
  try {
    await mkdir(join(dir, "fonts"));
    for (const [i, { preset, text, spoken, at }] of cells.entries()) {
      const style = await captionStyle(readSettings({}), {
        preset,
        fonts: await findFonts(await lackingCharacters(text), null),
      });
      for (const file of style.fontFiles) await copyFile(file, join(dir, "fonts", basename(file)));
      await writeFile(join(dir, `${i}.ass`), captionsAss(cuesOf(text, style), style, 30));
      const time = spoken * SECONDS_PER_WORD + 0.3;
      const graph = [
        `crop=ih*9/16:ih,scale=${WIDTH}:${HEIGHT},setsar=1`,
        `setpts=PTS-STARTPTS+${time}/TB,ass=${i}.ass:fontsdir=fonts,scale=${cellWidth}:-2:flags=area,crop=iw:ih*0.72:0:ih*0.12`,
      ].join(",");
      const source = ["-ss", `${at}`, "-i", resolve(video)];
      await ffmpeg([...source, "-vf", graph, "-frames:v", "1", "-f", "image2"], join(dir, `cell_${i}.png`));
    }
    const tile = ["-vf", `tile=${columns}x${Math.ceil(cells.length / columns)}:padding=6:color=white`];
    const frames = ["-i", "cell_%d.png", ...tile, "-frames:v", "1", "-q:v", "4"];
    await ffmpeg([...frames, "-f", "image2"], resolve(output));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const SECONDS_PER_WORD = 0.34;

function cuesOf(text: string, style: Awaited<ReturnType<typeof captionStyle>>) {
  const words: Word[] = text.split(" ").map((word, i) => {
    const start = i * SECONDS_PER_WORD;
    return { word, start, end: start + SECONDS_PER_WORD };
  });
  const clipSeconds = words.length * SECONDS_PER_WORD + 1;
  const placed = clipWords(words, [{ start: 0, end: clipSeconds, clipStart: 0 }], clipSeconds, style.fits);
  return captionCues(placed, { clipSeconds, maxLines: style.maxLines, fits: style.fits });
}

if (import.meta.main) {
  const [video = "tooling/sample/talk-small.mp4", output = "docs/images/caption-presets.png"] =
    process.argv.slice(2);
  await captionSheet(video, PRESET_CELLS, output);
}

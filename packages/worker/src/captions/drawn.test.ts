import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { CaptionPreset } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { temporaryDir, tools } from "../asr/testing.ts";
import { readSettings } from "../config.ts";
import { captionsAss } from "./ass.ts";
import { type Cue, captionCues } from "./cues.ts";
import { findFonts } from "./fonts.ts";
import { type CaptionStyle, captionStyle, lackingCharacters } from "./style.ts";
import { captionCorpus } from "./testing-corpus.ts";
import { clipWords } from "./words.ts";

const settings = { ...readSettings({}), renderWidth: 270, renderHeight: 480 };
const corpus = captionCorpus(22);
const said = corpus.flatMap(({ words }) => words.map(({ word }) => word)).join(" ");

interface Drawing {
  cues: Cue[];
  style: CaptionStyle;
  background: string;
  fps: number;
  seconds: number;
  /** What is made of the picture before the box around its bright parts is measured. */
  filter: string;
}
type Box = { left: number; right: number; top: number; bottom: number } | null;

/** Draws captions as a clip's are drawn. @returns the box around what is bright, per frame; null where nothing is */
async function boxesOf({ cues, style, background, fps, seconds, filter }: Drawing): Promise<Box[]> {
  await using temporary = await temporaryDir();
  const { dir } = temporary;
  await mkdir(join(dir, "fonts"));
  for (const file of style.fontFiles) await copyFile(file, join(dir, "fonts", basename(file)));
  await writeFile(join(dir, "captions.ass"), captionsAss(cues, style, fps));
  const source = `color=${background}:s=${style.width}x${style.height}:r=${fps}:d=${seconds}`;
  const graph = `ass=captions.ass:fontsdir=fonts,${filter},bbox=min_val=70,metadata=mode=print:file=-`;
  const args = ["-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-vf", graph, "-f", "null", "-"];
  const { stdout } = await promisify(execFile)(tools?.ffmpeg ?? "", args, {
    cwd: dir,
    timeout: 60_000,
    maxBuffer: 1 << 26,
  });
  const boxes: Box[] = Array.from({ length: Math.round(seconds * fps) }, () => null);
  for (const [, frame, values = ""] of stdout.matchAll(/^frame:(\d+) .*\n((?:lavfi.*\n?)+)/gm)) {
    const value = (name: string) => Number(new RegExp(`bbox\\.${name}=(\\d+)`).exec(values)?.[1]);
    boxes[Number(frame)] = { left: value("x1"), right: value("x2"), top: value("y1"), bottom: value("y2") };
  }
  return boxes;
}

describe.skipIf(!tools)("captions as libass draws them (needs ffmpeg)", { timeout: 120_000 }, () => {
  test.each(CaptionPreset.options)(
    "%s in all scripts: every caption is seen, and nothing of it outside its box",
    async (preset) => {
      const fonts = await findFonts(await lackingCharacters(said), null);
      const style = await captionStyle(settings, { preset, fonts });
      const cues = corpus.flatMap(({ words, clipSeconds }, i): Cue[] => {
        const placed = clipWords(
          words,
          [{ start: 0, end: clipSeconds, clipStart: 0 }],
          clipSeconds,
          style.fits,
        );
        const widest = captionCues(placed, { clipSeconds, maxLines: 2, fits: style.fits })
          .filter(
            ({ lines }) =>
              style.drawn(
                lines
                  .flat()
                  .map(({ text }) => text)
                  .join(""),
              ) !== "",
          )
          .toSorted((a, b) => b.lines.flat().length - a.lines.flat().length)[0];
        if (!widest) return [];
        const later = (seconds: number) => i + (0.9 * (seconds - widest.start)) / (widest.end - widest.start);
        const lines = widest.lines.map((line) =>
          line.map((word) => ({ ...word, start: later(word.start), end: later(word.end) })),
        );
        return [{ start: i, end: i + 0.9, lines }];
      });
      expect(cues).toHaveLength(corpus.length);
      // dark on white: outlines, shadows, plates and strips count
      const boxes = await boxesOf({
        cues,
        style,
        background: "white",
        fps: 2,
        seconds: cues.length,
        filter: "negate",
      });
      const blank = cues.filter((_, i) => boxes.slice(2 * i, 2 * i + 2).some((box) => box === null));
      expect(blank).toEqual([]);
      const foot = (preset === "strict" ? 1248 : 1440) / 4;
      const outside = boxes.filter(
        (box) =>
          box &&
          (box.left < 65 / 4 - 1 || box.right > 930 / 4 + 1 || box.bottom > foot || box.top < foot - 110),
      );
      expect(outside).toEqual([]);
    },
  );

  test("the lit word changes on the very frame of each word, over joins too, and nothing drifts", async () => {
    const style = await captionStyle(settings);
    const [fps, seconds] = [30, 30];
    // 10 stretches of 3 s from all over the source, whose words begin off every frame
    const spans = Array.from({ length: 10 }, (_, i) => ({
      start: 7.013 + 11.37 * i,
      end: 10.013 + 11.37 * i,
      clipStart: 3 * i,
    }));
    const words = spans.flatMap(({ start }) =>
      Array.from({ length: 6 }, (_, i) => ({
        word: ["we", "make", "it", "louder", "for", "you."][i] ?? "",
        start: start + 0.007 + i * 0.493,
        end: start + 0.4 + i * 0.493,
      })),
    );
    const placed = clipWords(words, spans, seconds, style.fits);
    const cues = captionCues(placed, { clipSeconds: seconds, maxLines: 2, fits: style.fits });
    // red less blue: white goes black, amber stays bright
    const filter = "format=gbrp,colorchannelmixer=rr=1:rb=-1:gr=1:gg=0:gb=-1:br=1:bg=0:bb=-1,format=gray";
    const boxes = await boxesOf({ cues, style, background: "black", fps, seconds, filter });
    const changes = boxes.flatMap((box, i) => {
      const before = boxes[i - 1];
      return box && (!before || box.left !== before.left || box.top !== before.top) ? [i] : [];
    });
    expect(placed).toHaveLength(60);
    expect(changes).toEqual(placed.map(({ start }) => Math.round(start * fps)));
  });
});

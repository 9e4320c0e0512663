import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryDir, tools } from "../asr/testing.ts";
import { captionsAss } from "./ass.ts";
import type { Cue } from "./cues.ts";
import { ROBOTO_BLACK } from "./looks.ts";
import { cleanText } from "./sanitize.ts";
import { captionStyle } from "./style.ts";
import { texts, written } from "./testing-texts.ts";
import { clipWords } from "./words.ts";

test.skipIf(!tools)(
  "every text of the corpus with a letter is drawn (needs ffmpeg)",
  { timeout: 120_000 },
  async () => {
    const small = await captionStyle({
      ...{ captionFont: "Roboto", captionFontSize: undefined, captionMaxChars: undefined },
      ...{ captionMaxLines: undefined, captionMarginH: undefined, captionMarginV: undefined },
      ...{ renderWidth: 270, renderHeight: 480 },
    });
    const rows = texts
      .map(({ id, text }) => ({ id, words: cleanText(written(text)).split(" ").slice(0, 3).join(" ") }))
      .filter(({ words }) => /[A-Za-z]{2}/.test(words) && small.canDraw(words.replace(/[^ -~]/g, "")));
    const cues = rows.map(({ words }, at): Cue => {
      const second = { start: at, end: at + 1 };
      const line = clipWords(
        [{ word: words, ...second }],
        [{ ...second, clipStart: at }],
        rows.length,
        small.fits,
      );
      return { ...second, lines: [line.slice(0, 3).map((word) => ({ ...word, ...second }))] };
    });
    await using temporary = await temporaryDir();
    await mkdir(join(temporary.dir, "fonts"));
    await copyFile(ROBOTO_BLACK.file, join(temporary.dir, "fonts", "caption.ttf"));
    await writeFile(join(temporary.dir, "captions.ass"), captionsAss(cues, small, 1));
    const filter =
      "ass=captions.ass:fontsdir=fonts,signalstats,metadata=mode=print:key=lavfi.signalstats.YMAX:file=-";
    const source = `color=black:s=270x480:r=1:d=${rows.length + 1}`;
    const args = ["-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-vf", filter, "-f", "null", "-"];
    const { stdout } = await promisify(execFile)(tools?.ffmpeg ?? "", args, {
      cwd: temporary.dir,
      timeout: 60_000,
    });
    const brightest = Array.from(stdout.matchAll(/YMAX=(\d+)/g), ([, level]) => Number(level));
    const blank = rows.filter((_, at) => (brightest[at] ?? 0) < 120).map(({ id, words }) => `${id} ${words}`);
    expect(rows.length).toBeGreaterThan(35);
    expect(blank).toEqual([]);
    expect(brightest[rows.length]).toBeLessThan(40);
  },
);

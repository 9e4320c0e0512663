import type { CaptionPreset, Word } from "@kangklip/contract";
import { CaptionPreset as Presets } from "@kangklip/contract";
import { captionsAss } from "../../../packages/worker/src/captions/ass.ts";
import { captionChecks } from "../../../packages/worker/src/captions/checks.ts";
import { captionCues } from "../../../packages/worker/src/captions/cues.ts";
import { captionStyle } from "../../../packages/worker/src/captions/style.ts";
import { texts, timed, wordsIn, written } from "../../../packages/worker/src/captions/testing-texts.ts";
import { captionState } from "../../../packages/worker/src/captions/warnings.ts";
import { clipWords } from "../../../packages/worker/src/captions/words.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { originalAss, originalCues } from "./original.ts";
import type { QualityRow } from "./report.ts";

const FPS = 30;

/** Clips in which something is said and no word came through: what a recogniser that fails leaves behind. */
const SAID_WITHOUT_WORDS: readonly Word[][] = [
  [],
  [{ word: "", start: 1, end: 2 }],
  [{ word: " \u200b\u200b ", start: 1, end: 2 }],
  [{ word: "\u0000\u0007", start: 1, end: 2 }],
  [{ word: "words", start: 400, end: 401 }],
];
const TEXT = "Something that everybody in the room could hear.";

/** C8 and C9: clips without captions say so, and hostile texts stay texts, in all presets. */
export async function measureCaptionFaults(): Promise<QualityRow[]> {
  const settings = readSettings({});
  let silent = 0;
  let strange = 0;
  let tried = 0;
  const hostile = [...texts.map(({ text }) => spoken(written(text))), ...timed.map(wordsIn)];
  for (const preset of Presets.options) {
    for (const words of SAID_WITHOUT_WORDS) {
      const { cues, style } = await captioned(words, preset, 10);
      const state = captionState({ words, segments: [{ start: 0, end: 10, text: TEXT }] }, cues, style);
      if (!state.drawable && state.warnings.length === 0) silent += 1;
    }
    for (const words of hostile) {
      const { placed, cues, style } = await captioned(words, preset, 60);
      const ass = captionsAss(cues, style, FPS);
      const checks = captionChecks({ words: placed, cues, style, ass, fps: FPS, clipSeconds: 60 });
      strange += checks.find(({ id }) => id === "C9.structure")?.value ?? 1;
      tried += 1;
    }
  }
  async function captioned(words: readonly Word[], preset: CaptionPreset, clipSeconds: number) {
    const style = await captionStyle(settings, { preset });
    const placed = clipWords(
      [...words],
      [{ start: 0, end: clipSeconds, clipStart: 0 }],
      clipSeconds,
      style.fits,
    );
    const cues = captionCues(placed, { clipSeconds, maxLines: style.maxLines, fits: style.fits });
    return { placed, cues, style };
  }
  const clips = SAID_WITHOUT_WORDS.length * Presets.options.length;
  return [
    {
      ...{
        id: "C8.silent",
        what: `clips without captions that say nothing of it, of ${clips} in which somebody speaks`,
      },
      // 1.x had no warnings at all (read): every such clip was handed out as if it were whole
      ...{ value: silent, unit: "clips", original: clips, target: "= 0", pass: silent === 0 },
    },
    {
      ...{
        id: "C9.hostile",
        what: `lines of ASS files that are no caption of ours, of ${tried} hostile texts in all presets`,
      },
      ...{
        value: strange,
        unit: "lines",
        original: strangeOfOriginal(hostile),
        target: "= 0",
        pass: strange === 0,
      },
    },
  ];
}

const spoken = (text: string): Word[] => [{ word: text, start: 1, end: 2 }];

/** Lines of the events that are none: line breaks in a text were written as they came, but for \n, which is told to have been a space. */
function strangeOfOriginal(hostile: readonly Word[][]): number {
  return (
    hostile.reduce((sum, words) => {
      const usable = words.filter(({ start, end }) => Number.isFinite(start) && end > start);
      const [start, end] = [usable[0]?.start ?? 0, usable.at(-1)?.end ?? 1];
      const transcript = [{ text: "", start, duration: end - start, words: usable }];
      const ass = originalAss(originalCues(transcript, [{ start: 0, end: 60 }]));
      const lines = ass.split(/\r\n|\r|\n/);
      const events = lines.slice(lines.indexOf("[Events]") + 2).filter((line) => line !== "");
      return sum + events.filter((line) => !line.startsWith("Dialogue: ")).length;
    }, 0) * Presets.options.length
  );
}

import type { Cue } from "./cues.ts";
import { cleanText } from "./sanitize.ts";
import { lineText } from "./words.ts";

function stamp(seconds: number, decimalMark: "," | "."): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const pad = (n: number, length: number) => String(n).padStart(length, "0");
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
  return `${pad(hours, 2)}:${pad(minutes, 2)}:${pad(Math.floor(ms / 1000) % 60, 2)}${decimalMark}${pad(ms % 1000, 3)}`;
}

const textOf = ({ lines }: Cue) => lines.map((line) => cleanText(lineText(line)));

/** SubRip. It knows no escapes, and players read `<i>` and the arrow: both are replaced by lookalikes. */
export function subtitlesSrt(cues: Cue[]): string {
  return cues
    .map((cue, i) => {
      const text = textOf(cue).map((line) => line.replaceAll("<", "‹").replaceAll(">", "›"));
      return `${i + 1}\n${stamp(cue.start, ",")} --> ${stamp(cue.end, ",")}\n${text.join("\n")}\n`;
    })
    .join("\n");
}

/** WebVTT, with the same captions at the same times. */
export function subtitlesVtt(cues: Cue[]): string {
  const blocks = cues.map((cue) => {
    const text = textOf(cue).map((line) =>
      line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    );
    return `${stamp(cue.start, ".")} --> ${stamp(cue.end, ".")}\n${text.join("\n")}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

import { NAMES, type Result } from "./bench.ts";
import { MEASURES } from "./measure.ts";
import type { Properties } from "./properties.ts";
import type { WishFigures } from "./wish-bench.ts";

export const BUNDLED_NOTE =
  "The bundled talks are labelled by construction: their good moments were written by us and planted among filler. Figures on " +
  "them show that the machinery works and compare one version with the next; they do not show that people agree. For that, bring " +
  "a set with people's labels: --set FILE.";

/** The figures as lines of text. Pure. */
export function reportOf(result: Result, note: string | undefined): string {
  const { groups, clips, clipSeconds, draws, seed, leftOut, seconds, hours } = result;
  const lines = [
    `${clips} clips of ${clipSeconds} s per video, seed ${seed}, ${draws} random draws, ${hours.toFixed(1)} h of video chosen from in ${seconds.toFixed(1)} s.`,
    ...(leftOut > 0 ? [`${leftOut} videos without a highlight are left out.`] : []),
    ...(note ? [note] : []),
  ];
  const whole = groups.filter(({ name }) => !name.startsWith("channel: "));
  for (const { name, videos, figures } of whole) {
    lines.push(
      "",
      `${name}: ${videos} videos`,
      row(["", "ours", "95 % interval", "chance", "its p95", "1.x", "with labels"]),
    );
    for (const measure of NAMES) {
      const { selector, low, high, random, random95, linear, hottest } = figures[measure];
      const interval = `${fixed(low)} to ${fixed(high)}`;
      lines.push(
        row([measure, fixed(selector), interval, ...[random, random95, linear, hottest].map(fixed)]),
      );
    }
  }
  lines.push("", row(["channel", "videos", "hit@1", "hit@k", "percentile", "chance", "AP"]));
  for (const { name, videos, figures } of groups.filter((group) => !whole.includes(group)))
    lines.push(
      row([
        name.replace("channel: ", ""),
        `${videos}`,
        fixed(figures["hit@1"].selector),
        fixed(figures["hit@k"].selector),
        fixed(figures.percentile.selector),
        fixed(figures.percentile.random),
        fixed(figures.AP.selector),
      ]),
    );
  lines.push("", ...NAMES.map((name) => `${name}: ${MEASURES[name]}`));
  return lines.join("\n");
}

const fixed = (value: number) => value.toFixed(3);
const row = (cells: readonly string[]) =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(16) : cell.padStart(15))).join(" ");

/** How well wishes were met, in two sentences. Pure. */
export const wishesReport = (of: WishFigures): string =>
  [
    "",
    `Asked for a subject (${of.wishes} moments, each by words of somebody else): the best clip is that moment in ${fixed(of.hit)} (${fixed(of.low)} to ${fixed(of.high)}), by chance in ${fixed(of.random)} (95th percentile ${fixed(of.random95)}), without the wish in ${fixed(of.without)}.`,
    `Nothing was found for ${of.unmet} of them.`,
  ].join("\n");

/** What was tried of the rules, in two sentences. Pure. */
export function propertiesReport(of: Properties): string {
  const { transcripts, clips, hours, brokenCount, endable, ended, leastReached, secondsPerHour, tight } = of;
  return [
    "",
    `Rules S1, S2, S4, S5, S9 on ${transcripts} random transcripts (${hours.toFixed(0)} h, ${clips} clips): broken ${brokenCount} times; candidates reach ${(100 * leastReached).toFixed(1)} % of the speech at least.`,
    `${tight.trials} of them without fillers and long silences: ${tight.clips} clips of more than one piece, ${Math.round(tight.seconds / 60)} min left out.`,
    `S3: ${ended} of ${endable} clips that can end with a sentence or before a pause do, ${((100 * ended) / Math.max(1, endable)).toFixed(1)} %.`,
    `Choosing took ${secondsPerHour.toFixed(2)} s per hour of video, ${of.secondsPerLongHour.toFixed(2)} s per hour of those from 1 to 3 h.`,
  ].join("\n");
}

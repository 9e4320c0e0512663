import { machineLine } from "../machine.ts";
import { markdownTable, shown, textTable } from "../page.ts";
import type { PerformanceReport } from "./bench.ts";
import type { Row } from "./goals.ts";
import { type Plot, svgOf } from "./svg.ts";

const HEAD = ["", "figure", "value", "spread", "goal", "what"];
const NAMES = { held: "ok", missed: "MISSED", told: "" } as const;

/** Lowest and highest of what the median was taken of. Pure. */
function spread({ samples = [] }: Pick<Row, "samples">): string {
  return samples.length < 2 ? "" : `${shown(Math.min(...samples))} .. ${shown(Math.max(...samples))}`;
}

const goalOf = ({ target, gated, outcome }: Row) =>
  target === null ? "" : `${target}${outcome === "told" ? " (not here)" : gated ? "" : " (printed)"}`;
const whatOf = ({ what, note, doesNotCount }: Row) =>
  [what, ...(doesNotCount ? [`DOES NOT COUNT: ${doesNotCount}`] : []), ...(note ? [note] : [])].join("; ");
const figureOf = ({ value, unit }: Row) => `${shown(value)} ${unit}`.trim();
const cells = (row: Row) => [row.id, figureOf(row), spread(row), goalOf(row), whatOf(row)];

/** Why times of this run say little; empty where they do. Pure. */
export function aboutTimes({ load, machine }: Pick<PerformanceReport, "load" | "machine">): string {
  const most = Math.max(...load);
  return most > machine.cores
    ? `The load was ${most.toFixed(1)} on ${machine.cores} cores: times are not judged, ratios of processor time were taken in turns.`
    : "";
}

/** The report as a table for people. Pure. */
export function reportText(report: PerformanceReport): string {
  const { rows, parts, missed, seconds, fixtureSeconds, profile } = report;
  const gated = rows.filter(({ gated, outcome }) => gated && outcome !== "told");
  return [
    `${machineLine(report.date, report.machine)}, ${profile}, ${seconds} s (${fixtureSeconds} s of them for sources)`,
    "",
    ...textTable([HEAD, ...rows.map((row) => [NAMES[row.outcome], ...cells(row)])]),
    "",
    ...parts.flatMap(({ name, about }) => about.map((text) => `${name}: ${text}`)),
    ...[aboutTimes(report)].filter((text) => text !== ""),
    "",
    `${gated.filter(({ outcome }) => outcome === "held").length} of ${gated.length} gated goals hold${missed.length > 0 ? `; missed: ${missed.join(", ")}` : ""}.`,
  ].join("\n");
}

/** The report as Markdown, for docs/bench/README.md. Pure. @param plots files beside the page */
export function reportMarkdown(report: PerformanceReport, plots: readonly Plot[]): string {
  const { rows, parts, date, machine, seconds, profile } = report;
  const about = parts.map((part) =>
    `- **${part.name}** (${part.date.slice(0, 10)}, ${Math.round(part.seconds)} s): ${part.about.join(" ")}`.trimEnd(),
  );
  const isMissed = ({ outcome }: Row) => outcome === "missed";
  return [
    `${machineLine(date, machine)}, ${profile === "full" ? "in full" : `\`--${profile}\``}, ${Math.round(seconds / 60)} minutes. ${aboutTimes(report)}`.trim(),
    "",
    ...markdownTable([
      ["figure", "value", "spread", "goal", "", "what"],
      ...rows.map((row) => [
        isMissed(row) ? `**${row.id}**` : row.id,
        figureOf(row),
        spread(row),
        goalOf(row),
        isMissed(row) ? "missed" : row.outcome === "held" ? "holds" : "",
        whatOf(row),
      ]),
    ]),
    "",
    ...about,
    "",
    ...plots.flatMap(({ file, title }) => [`![${title}](${file})`, ""]),
  ].join("\n");
}

/** Every series as a plot. Pure. @returns files with their SVG */
export function plotsOf({ series, machine, date }: PerformanceReport): (Plot & { svg: string })[] {
  const made = Object.entries(series).flatMap(([part, all]) =>
    Object.entries(all).map(([title, points], i) => {
      const file = `${part}-${i + 1}.svg`;
      return { file, title, svg: svgOf({ title, points, foot: machineLine(date, machine) }) };
    }),
  );
  return made;
}

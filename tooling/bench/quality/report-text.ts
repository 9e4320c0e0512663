import { machineLine } from "../machine.ts";
import { markdownTable, shown, textTable } from "../page.ts";
import type { JudgedRow, Report } from "./report.ts";

/** "by 12 px", or "both hold it". */
function beside({ outcome, better_by, unit }: JudgedRow): string {
  if (outcome === "alone" || outcome === "told") return "";
  if (outcome === "level") return better_by && better_by < 0 ? "both hold it, 1.x by more" : "both hold it";
  const by = `${shown(Math.abs(better_by ?? 0))} ${unit}`;
  return outcome === "better" ? `by ${by}` : `WORSE by ${by}`;
}

/** The report as a table for people. Pure. */
export function reportText(report: Report): string {
  const { rows, machine, summary } = report;
  const cells = rows.map((row) => [
    row.pass ? "ok" : "FAIL",
    row.id,
    `${shown(row.value)} ${row.unit}`.trim(),
    row.original === null ? "–" : shown(row.original),
    row.target,
    beside(row),
    row.what,
  ]);
  const head = ["", "check", "ours", "1.x", "target", "better", "what"];
  const whys = new Map(
    rows.flatMap(({ id, original, originalWhy }) =>
      original === null && originalWhy ? [[id, originalWhy]] : [],
    ),
  );
  return [
    `${machineLine(report.date, machine)}${report.quick ? ", --quick" : ""}, ${report.seconds} s`,
    "",
    ...textTable([head, ...cells]),
    "",
    ...report.measures.flatMap(({ name, about }) => about.map((text) => `${name}: ${text}`)),
    ...(whys.size > 0 ? ["", "No figure of 1.x:"] : []),
    ...grouped(whys),
    "",
    ...(report.shown_elsewhere.length > 0 ? ["Shown by other commands:"] : []),
    ...report.shown_elsewhere.map(({ id, what, by }) => `  ${id.padEnd(4)} ${what}: ${by ?? "not here"}`),
    "",
    `${summary.rows} rows: ${summary.rows - summary.failed.length} hold, ${summary.failed.length} fail${listed(summary.failed)}.`,
    `Beside 1.x: better in ${summary.better}, both hold the target in ${summary.level.length}, worse in ${summary.worse.length}${listed(summary.worse)}, no figure of 1.x in ${summary.alone}.`,
    ...(summary.original_ahead_within_target.length > 0
      ? [`1.x has the better figure, both hold the target:${listed(summary.original_ahead_within_target)}.`]
      : []),
    ...(report.not_shown.length > 0 ? [`Not shown by anything: ${report.not_shown.join(", ")}.`] : []),
    summary.ours_wins_every_row ? "No row is better in 1.x." : `1.x is better in${listed(summary.worse)}.`,
  ].join("\n");
}

/** The rows as a table of Markdown, for docs/quality.md. Pure. */
export function reportMarkdown({ rows, date, machine, seconds }: Report): string {
  return [
    `${machineLine(date, machine)}, ${Math.round(seconds / 60)} minutes.`,
    "",
    ...markdownTable([
      ["check", "what", "ours", "1.x", "target", "beside 1.x"],
      ...rows.map((row) => [
        row.pass ? row.id : `**${row.id}**`,
        row.what,
        `${shown(row.value)} ${row.unit}`.trim(),
        row.original === null ? "" : shown(row.original),
        row.target,
        beside(row),
      ]),
    ]),
  ].join("\n");
}

const listed = (ids: readonly string[]) => (ids.length > 0 ? ` (${ids.join(", ")})` : "");

/** Checks with the same reason share a line. */
function grouped(whys: ReadonlyMap<string, string>): string[] {
  const byWhy = Map.groupBy(whys.keys(), (id) => whys.get(id) ?? "");
  return Array.from(byWhy, ([why, ids]) => `  ${ids.join(", ")}: ${why}`);
}

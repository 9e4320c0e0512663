import { type Machine, machineOf } from "../machine.ts";
import { type Limits, limitsOf, SAME_WITHIN } from "../target.ts";

/** A figure of the quality report; ids as in the list of checks (docs/quality.md), with what is measured after a dot. */
export interface QualityRow {
  id: string;
  what: string;
  /** Null: it could not be measured here, and `what` says why. */
  value: number | null;
  unit: string;
  /** The same figure made in the way of 1.x; null where it has none. */
  original: number | null;
  /** Why 1.x has no such figure. */
  originalWhy?: string;
  /** "≤ 2", "≥ 95", "-14 ± 1", "0.8 to 1.1", "= 0"; anything else, such as "told", is no limit. */
  target: string;
  pass: boolean;
}

/** What one part of the bench gives: its rows, and sentences about how they came about. */
export interface Measured {
  rows: QualityRow[];
  about?: string[];
}

/**
 * How a row stands beside 1.x. better, worse: one holds the target and the other does not, or is further from it. level: both hold it.
 * alone: 1.x has no such figure. told: there is no target.
 */
export type Outcome = "better" | "level" | "worse" | "alone" | "told";

export interface JudgedRow extends QualityRow {
  outcome: Outcome;
  /** By how much ours is nearer to what it should be, in the row's unit; negative: further. Null: not compared. */
  better_by: number | null;
}

export interface Summary {
  rows: number;
  failed: string[];
  better: number;
  /** Both hold the target; where 1.x's figure is the better one, it is named below as well. */
  level: string[];
  original_ahead_within_target: string[];
  worse: string[];
  alone: number;
  ours_wins_every_row: boolean;
}

/** How far a figure is from what it should be: beyond the limits, and where there is only one limit also on its good side (below 0). */
function distance(value: number, { min, max }: Limits): { outside: number; signed: number } {
  const outside = Math.max(0, min - value, value - max);
  if (min === Number.NEGATIVE_INFINITY) return { outside, signed: value - max };
  if (max === Number.POSITIVE_INFINITY) return { outside, signed: min - value };
  return { outside, signed: Math.abs(value - (min + max) / 2) };
}

/** Puts a row beside the way of 1.x. Pure. */
export function judge(row: QualityRow): JudgedRow {
  const limits = limitsOf(row.target);
  if (!limits) return { ...row, outcome: "told", better_by: null };
  if (row.original === null || row.value === null) return { ...row, outcome: "alone", better_by: null };
  const [ours, theirs] = [distance(row.value, limits), distance(row.original, limits)];
  const better_by = theirs.signed - ours.signed;
  const isSame = (a: number, b: number) => Math.abs(a - b) <= SAME_WITHIN;
  const outcome: Outcome =
    ours.outside <= SAME_WITHIN && theirs.outside <= SAME_WITHIN
      ? "level"
      : isSame(ours.outside, theirs.outside)
        ? "level"
        : ours.outside < theirs.outside
          ? "better"
          : "worse";
  return { ...row, outcome, better_by: isSame(better_by, 0) ? 0 : better_by };
}

function summaryOf(rows: readonly JudgedRow[]): Summary {
  const ids = (outcome: Outcome) => rows.filter((row) => row.outcome === outcome).map(({ id }) => id);
  const worse = ids("worse");
  return {
    rows: rows.length,
    failed: rows.filter(({ pass }) => !pass).map(({ id }) => id),
    better: ids("better").length,
    level: ids("level"),
    original_ahead_within_target: rows
      .filter(({ outcome, better_by }) => outcome === "level" && (better_by ?? 0) < 0)
      .map(({ id }) => id),
    worse,
    alone: ids("alone").length,
    ours_wins_every_row: worse.length === 0,
  };
}

/** A check that other commands show, or that nothing here can. */
export interface Elsewhere {
  id: string;
  what: string;
  /** The command that shows it; null: nothing on this machine does, and `what` says why. */
  by: string | null;
}

export interface Report {
  bench: "quality";
  date: string;
  ok: boolean;
  quick: boolean;
  only: string[] | null;
  seconds: number;
  machine: Machine;
  measures: { name: string; seconds: number; rows: number; about: string[] }[];
  rows: JudgedRow[];
  summary: Summary;
  shown_elsewhere: Elsewhere[];
  /** Checks of the list of which nothing is shown; empty where only some parts were asked for. */
  not_shown: string[];
}

/** The list of checks: selection, framing, captions, sound, file, service. */
const CHECKS = Object.entries({ S: 9, R: 9, C: 9, A: 3, V: 3, P: 10 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
);

/** A part of the bench. */
export interface Measure {
  name: string;
  run(options: MeasureOptions): Promise<Measured | QualityRow[]>;
}

export interface MeasureOptions {
  /** A smaller set, for a look in between. */
  quick: boolean;
  signal: AbortSignal;
  /** One line of what is going on. */
  onProgress(text: string): void;
}

/** Runs the parts one after the other; one that fails is a failed row, and the others go on. @throws the abort's reason */
export async function runMeasures(
  measures: readonly Measure[],
  options: MeasureOptions & { only: string[] | null; ffmpeg: string | null; shownElsewhere: Elsewhere[] },
): Promise<Report> {
  const { only, ffmpeg, quick, signal, onProgress } = options;
  const unknown = only?.filter((name) => !measures.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0)
    throw new Error(
      `There is no ${unknown.join(", ")}; there are ${measures.map(({ name }) => name).join(", ")}`,
    );
  const begun = performance.now();
  const report: Report = {
    ...{ bench: "quality", date: new Date().toISOString(), ok: false, quick, only, seconds: 0 },
    ...{ machine: machineOf(ffmpeg), measures: [], rows: [], summary: summaryOf([]) },
    ...{ shown_elsewhere: options.shownElsewhere, not_shown: [] },
  };
  for (const { name, run } of measures) {
    if (only && !only.includes(name)) continue;
    const from = performance.now();
    onProgress(`${name} …`);
    const { rows, about = [] } = await run({
      ...{ quick, signal },
      onProgress: (text) => onProgress(`${name}: ${text}`),
    }).then(
      (measured): Measured => (Array.isArray(measured) ? { rows: measured } : measured),
      (error: unknown): Measured => {
        signal.throwIfAborted();
        return { rows: [failedRow(name, error)] };
      },
    );
    report.rows.push(...rows.map(judge));
    const seconds = tenth((performance.now() - from) / 1000);
    report.measures.push({ name, seconds, rows: rows.length, about });
    onProgress(`${name}: ${rows.length} rows in ${seconds} s`);
  }
  report.summary = summaryOf(report.rows);
  const known = new Set([...report.rows, ...report.shown_elsewhere].map(({ id }) => id.split(".")[0]));
  if (!only) report.not_shown = CHECKS.filter((id) => !known.has(id));
  report.seconds = tenth((performance.now() - begun) / 1000);
  report.ok =
    report.rows.length > 0 && report.summary.failed.length === 0 && report.summary.ours_wins_every_row;
  return report;
}

const tenth = (value: number) => Math.round(value * 10) / 10;

function failedRow(name: string, error: unknown): QualityRow {
  const why = error instanceof Error ? error.message : String(error);
  return {
    ...{ id: name, what: `could not be measured: ${why}`, value: null, unit: "" },
    ...{ original: null, target: "measured", pass: false },
  };
}

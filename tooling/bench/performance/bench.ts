import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { type Machine, machineOf } from "../machine.ts";
import { shown } from "../page.ts";
import type { Found } from "./figures.ts";
import { openFixtures } from "./fixtures.ts";
import { judged, missedOf, type Row, unmeasured } from "./goals.ts";
import { startOrigin } from "./origin.ts";
import { type Bench, type Part, type Watched, watchOnce } from "./part.ts";
import type { Profile } from "./profile.ts";

export interface PerformanceReport {
  bench: "performance";
  /** ISO 8601. */
  date: string;
  ok: boolean;
  profile: Profile["name"];
  only: string[] | null;
  seconds: number;
  /** Of these, what making the sources took; they are kept for the next run. */
  fixtureSeconds: number;
  machine: Machine;
  /** The machine's load over a minute, at the beginning and at the end; above its cores, no time says anything. */
  load: [begin: number, end: number];
  /** `date` as above: a part may have been measured in a run of its own. */
  parts: { name: string; date: string; seconds: number; about: string[] }[];
  rows: Row[];
  /** Gated goals that were missed: the exit code. */
  missed: string[];
  series: Record<string, NonNullable<Found["series"]>>;
}

export interface RunOptions {
  profile: Profile;
  parts: readonly Part[];
  only: string[] | null;
  /** Where sources are kept. */
  fixturesDir: string;
  signal: AbortSignal;
  say(text: string): void;
}

/**
 * Runs the parts one after the other; one that fails is a missed row, and the others go on.
 * @throws Error where a part is asked for that there is not, KangKlipError FFMPEG_MISSING, or the abort's reason
 */
export async function runParts({ profile, parts, only, ...options }: RunOptions): Promise<PerformanceReport> {
  const { fixturesDir, signal, say } = options;
  const unknown = only?.filter((name) => !parts.some((part) => part.name === name)) ?? [];
  if (unknown.length > 0)
    throw new Error(
      `There is no ${unknown.join(", ")}; there are ${parts.map(({ name }) => name).join(", ")}`,
    );
  const begun = performance.now();
  const [load = 0] = loadavg();
  const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH });
  const dir = await mkdtemp(join(tmpdir(), "kangklip-performance-"));
  let fixtureSeconds = 0;
  try {
    const opened = await openFixtures(fixturesDir, profile, { tools, signal, onProgress: say });
    await using origin = await startOrigin(opened.dir, join(dir, "put"));
    const fixtures: Bench["fixtures"] = {
      dir: opened.dir,
      async source(minutes, streams) {
        const from = performance.now();
        const source = await opened.source(minutes, streams);
        fixtureSeconds += (performance.now() - from) / 1000;
        return source;
      },
    };
    const given = { profile, tools, signal, dir, fixtures, origin };
    const watched = new Map<number, Promise<Watched>>();
    const report: PerformanceReport = {
      ...{ bench: "performance", date: new Date().toISOString(), ok: false, profile: profile.name, only },
      ...{ seconds: 0, fixtureSeconds: 0, machine: machineOf(tools.version), load: [load, load] },
      ...{ parts: [], rows: [], missed: [], series: {} },
    };
    for (const { name, run } of parts) {
      if (only && !only.includes(name)) continue;
      const [from, date] = [performance.now(), new Date().toISOString()];
      const sayOf = (text: string) => say(`${name}: ${text}`);
      const watching = (crf = 0) => {
        const known = watched.get(crf) ?? watchOnce({ ...given, say: sayOf }, crf);
        watched.set(crf, known);
        return known;
      };
      const {
        figures,
        series,
        about = [],
      } = await run({ ...given, say: sayOf, watched: watching }).catch((error: unknown): Found => {
        signal.throwIfAborted();
        const why = error instanceof Error ? error.message : String(error);
        return { figures: [{ id: name, what: `could not be measured: ${why}`, value: null, unit: "" }] };
      });
      report.rows.push(...judged(name, figures, profile.name));
      const seconds = tenth((performance.now() - from) / 1000);
      report.parts.push({ name, date, seconds, about });
      if (series) report.series[name] = series;
      for (const { id, value, unit } of figures) say(`${name}: ${id} ${shown(value)} ${unit}`.trimEnd());
      say(`${name}: ${figures.length} figures in ${seconds} s`);
    }
    report.rows.push(
      ...unmeasured(
        report.rows,
        report.parts.map(({ name }) => name),
        profile.name,
      ),
    );
    report.missed = missedOf(report.rows);
    report.seconds = tenth((performance.now() - begun) / 1000);
    report.fixtureSeconds = tenth(fixtureSeconds);
    report.load[1] = loadavg()[0] ?? 0;
    report.ok = report.rows.length > 0 && report.missed.length === 0;
    return report;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * A run of some parts in the place of those parts in what was measured before, if that was the same kind of run on the same machine; ratios are
 * taken within a part, so that parts need not be measured in one go. Pure. @param order names of all parts, as they are shown
 */
export function placedInto(
  before: PerformanceReport | null,
  run: PerformanceReport,
  order: readonly string[],
): PerformanceReport {
  const isSame =
    before?.profile === run.profile && JSON.stringify(before.machine) === JSON.stringify(run.machine);
  if (!before || !isSame || !run.only) return run;
  const names = run.parts.map(({ name }) => name);
  const inOrder = <T>(all: T[], nameOf: (one: T) => string) =>
    all.sort((a, b) => order.indexOf(nameOf(a)) - order.indexOf(nameOf(b)));
  const kept = before.rows.filter(({ part }) => !names.includes(part));
  const rows = inOrder([...kept, ...run.rows], ({ part }) => part);
  const parts = [...before.parts.filter(({ name }) => !names.includes(name)), ...run.parts];
  const missed = missedOf(rows);
  return {
    ...{ ...run, rows, missed, only: null, ok: missed.length === 0 },
    parts: inOrder(parts, ({ name }) => name),
    seconds: tenth(before.seconds + run.seconds),
    fixtureSeconds: tenth(before.fixtureSeconds + run.fixtureSeconds),
    load: [Math.max(before.load[0], run.load[0]), Math.max(before.load[1], run.load[1])],
    series: Object.fromEntries(
      inOrder(Object.entries({ ...before.series, ...run.series }), ([part]) => part),
    ),
  };
}

const tenth = (value: number) => Math.round(value * 10) / 10;

import { describe, expect, test } from "vitest";
import { intoPage, shown } from "../page.ts";
import { holds, limitsOf } from "../target.ts";
import { judge, type Measure, type QualityRow, runMeasures } from "./report.ts";
import { reportMarkdown, reportText } from "./report-text.ts";
import { missingTitles, shownElsewhere } from "./service.ts";

const row = (over: Partial<QualityRow> = {}): QualityRow => ({
  ...{ id: "X1", what: "something", value: 1, unit: "px", original: 5, target: "≤ 2", pass: true },
  ...over,
});
const part = (name: string, run: Measure["run"]): Measure => ({ name, run });
const ran = (measures: Measure[], only: string[] | null = null, signal = new AbortController().signal) =>
  runMeasures(measures, {
    ...{ quick: true, only, ffmpeg: "5.1", shownElsewhere: shownElsewhere(), signal, onProgress: () => {} },
  });

describe("targets", () => {
  test.each([
    ["≤ 2", [2, -7], [2.1]],
    ["≥ 95", [95, 100], [94.9]],
    ["= 0", [0], [1, -1]],
    ["-14 ± 1", [-14.9, -13], [-15.1, -12.9]],
    ["−14 ± 1", [-14.9], [14]],
    ["0", [0], [1]],
    ["0.8 to 1.1", [0.8, 1], [0.7, 1.2]],
    ["0.83 .. 3.0", [0.83, 3], [0.5, 3.1]],
  ])("%s", (target, good, bad) => {
    expect(good.map((value) => holds(value, target))).toEqual(good.map(() => true));
    expect(bad.map((value) => holds(value, target))).toEqual(bad.map(() => false));
  });

  test("what is told is no limit", () => {
    expect(limitsOf("told")).toBeNull();
    expect(limitsOf("measured")).toBeNull();
  });
});

describe("a row beside 1.x", () => {
  test.each<[string, Partial<QualityRow>, string, number | null]>([
    ["only ours holds the target", {}, "better", 4],
    ["only theirs does", { value: 5, original: 1, pass: false }, "worse", -4],
    ["both do, and theirs is further from the limit", { value: 2, original: 1 }, "level", -1],
    ["neither does, and ours is nearer", { value: 3, original: 4, pass: false }, "better", 1],
    ["neither does, and theirs is nearer", { value: 4, original: 3, pass: false }, "worse", -1],
    ["both are the same", { value: 3, original: 3, pass: false }, "level", 0],
    ["more is better", { value: 98, original: 16, target: "≥ 95" }, "better", 82],
    ["a middle is best", { value: -14.2, original: -47.9, target: "-14 ± 1" }, "better", 33.7],
    ["1.x has none", { original: null }, "alone", null],
    ["ours could not be measured", { value: null, pass: false }, "alone", null],
    ["there is no target", { target: "told" }, "told", null],
  ])("%s", (_, over, outcome, by) => {
    const judged = judge(row(over));
    expect(judged.outcome).toBe(outcome);
    if (by === null) expect(judged.better_by).toBeNull();
    else expect(judged.better_by).toBeCloseTo(by, 6);
  });
});

describe("the report", () => {
  test("is good where every row holds and none is better in 1.x, and says of which parts it is made", async () => {
    const report = await ran([
      part("one", async () => [row()]),
      part("two", async () => ({ rows: [row({ id: "X2" })], about: ["so"] })),
    ]);
    expect(report).toMatchObject({ bench: "quality", ok: true, quick: true, only: null });
    expect(report.measures).toMatchObject([
      { name: "one", rows: 1, about: [] },
      { name: "two", rows: 1, about: ["so"] },
    ]);
    expect(report.summary).toEqual({
      ...{ rows: 2, failed: [], better: 2, level: [], original_ahead_within_target: [], worse: [], alone: 0 },
      ours_wins_every_row: true,
    });
    expect(Date.parse(report.date)).toBeGreaterThan(0);
    expect(report.machine.cores).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test.each<[string, Partial<QualityRow>]>([
    ["a row fails", { value: 3, pass: false }],
    ["1.x is better in a row", { value: 5, original: 1, target: "≤ 2" }],
  ])("is bad where %s, and names it", async (_, over) => {
    const report = await ran([part("one", async () => [row(), row({ id: "X2", ...over })])]);
    expect(report.ok).toBe(false);
    expect(reportText(report)).toMatch(/(1 fail|worse in 1) \(X2\)/);
  });

  test("names the rows in which both hold the target and 1.x is ahead", async () => {
    const report = await ran([part("one", async () => [row({ value: 2, original: 1 })])]);
    expect(report.ok).toBe(true);
    expect(report.summary).toMatchObject({ better: 0, level: ["X1"], original_ahead_within_target: ["X1"] });
    expect(reportText(report)).toContain("1.x has the better figure, both hold the target: (X1)");
  });

  test("a part that fails is a failed row, and the others go on", async () => {
    const broken = part("broken", async () => {
      throw new Error("no ffmpeg");
    });
    const report = await ran([broken, part("two", async () => [row()])]);
    expect(report.ok).toBe(false);
    expect(report.summary.failed).toEqual(["broken"]);
    expect(report.rows.map(({ what }) => what)).toEqual(["could not be measured: no ffmpeg", "something"]);
  });

  test("a part of nothing but wishes is no report", async () => {
    expect((await ran([part("one", async () => [])])).ok).toBe(false);
  });

  test("runs only what is asked for, and refuses what there is not", async () => {
    const asked: string[] = [];
    const measures = ["one", "two"].map((name) =>
      part(name, async () => {
        asked.push(name);
        return [row()];
      }),
    );
    await ran(measures, ["two"]);
    expect(asked).toEqual(["two"]);
    await expect(ran(measures, ["three"])).rejects.toThrow("There is no three; there are one, two");
  });

  test("names the checks of which nothing is shown, where all were asked for", async () => {
    const measures = [part("one", async () => [row({ id: "S1.count" }), row({ id: "C10" })])];
    const { not_shown } = await ran(measures);
    expect(not_shown.slice(0, 3)).toEqual(["S2", "S3", "S4"]);
    expect(not_shown).toContain("C1");
    expect(not_shown).not.toContain("P10");
    expect((await ran(measures, ["one"])).not_shown).toEqual([]);
  });

  test("ends with the reason of an abort", async () => {
    const stop = new AbortController();
    const stopped = part("one", async () => {
      stop.abort(new Error("SIGINT"));
      throw new Error("ffmpeg was ended");
    });
    await expect(ran([stopped], null, stop.signal)).rejects.toThrow("SIGINT");
  });

  test("as Markdown is a table whose failed rows stand out", async () => {
    const table = reportMarkdown(
      await ran([part("one", async () => [row(), row({ id: "X2", what: "a|b", pass: false })])]),
    );
    expect(table).toContain("| X1 | something | 1 px | 5 | ≤ 2 | by 4 px |");
    expect(table).toContain("| **X2** | a\\|b |");
  });

  test("as text has a line for each row, why 1.x has no figure, and what other commands show", async () => {
    const rows = [row(), row({ id: "X2", original: null, originalWhy: "it had no gate" })];
    const text = reportText(await ran([part("one", async () => rows)]));
    expect(text).toMatch(/^ok\s+X1\s+1 px\s+5\s+≤ 2\s+by 4 px\s+something$/m);
    expect(text).toMatch(/^ok\s+X2\s+1 px\s+–\s+≤ 2\s+something$/m);
    expect(text).toContain("X2: it had no gate");
    expect(text).toMatch(/P1 .*npm run e2e -- tooling\/main-job\//);
  });
});

test("figures are put between a page's marks, and into no page without them", () => {
  const page = "above\n<!-- figures -->\nold\n<!-- /figures -->\nbelow";
  expect(intoPage(page, "new")).toBe("above\n<!-- figures -->\nnew\n<!-- /figures -->\nbelow");
  expect(() => intoPage("above", "new")).toThrow("no place for figures");
});

test("figures are shown with the digits that count", () => {
  expect([0.01234, 1.234, 12.34, 12_345.6, null, Number.NaN].map(shown)).toEqual([
    "0.012",
    "1.23",
    "12.3",
    "12,346",
    "–",
    "–",
  ]);
});

test("every test that is said to show a check stands where it is said to", async () => {
  expect(await missingTitles()).toEqual([]);
});

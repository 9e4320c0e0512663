import { expect, test } from "vitest";
import { intoPage } from "../page.ts";
import { type PerformanceReport, placedInto } from "./bench.ts";
import { judged, missedOf } from "./goals.ts";
import { aboutTimes, plotsOf, reportMarkdown, reportText } from "./report.ts";
import { svgOf } from "./svg.ts";

function aReport(over: Partial<PerformanceReport> = {}): PerformanceReport {
  const rows = judged(
    "cpu",
    [
      {
        id: "cpu.supoclip",
        what: "two | generations",
        value: 4.92,
        unit: "x",
        samples: [4.7, 5.1],
        note: "19 dB",
      },
      { id: "cpu.floor", what: "the floor", value: 1.31, unit: "x", samples: [1.31] },
      { id: "cpu.original", what: "1.x", value: 3, unit: "x", doesNotCount: "ours looks worse" },
      { id: "cpu.whole", what: "told", value: 1.2, unit: "x" },
    ],
    "full",
  );
  return {
    ...{ bench: "performance", date: "2026-11-26T10:00:00Z", ok: false, profile: "full", only: null },
    ...{
      seconds: 600,
      fixtureSeconds: 12,
      load: [0.4, 2.1],
      parts: [{ name: "cpu", date: "2026-11-26T10:00:00Z", seconds: 9, about: ["so."] }],
    },
    machine: { cpu: "A CPU", cores: 2, memory_gb: 24, platform: "linux-x64", node: "v24.0.0", ffmpeg: "5.1" },
    ...{ rows, missed: missedOf(rows) },
    series: {
      cpu: {
        "CPU seconds": [
          { x: "ours", y: 0.8 },
          { x: "<floor>", y: 0.7 },
        ],
      },
      scale: {
        MB: [
          { x: 10, y: 20 },
          { x: 240, y: 22 },
        ],
      },
    },
    ...over,
  };
}

test("the table tells value, spread, goal and every miss", () => {
  const text = reportText(aReport());
  expect(text).toContain(
    "2026-11-26, A CPU, 2 cores, 24 GB, linux-x64, Node v24.0.0, ffmpeg 5.1, full, 600 s",
  );
  expect(text).toMatch(/^ok +cpu\.supoclip +4\.92 x +4\.7 \.\. 5\.1 +≥ 4 +two \| generations; 19 dB$/m);
  expect(text).toMatch(/^MISSED +cpu\.floor +1\.31 x +≤ 1\.15/m);
  expect(text).toContain("DOES NOT COUNT: ours looks worse");
  expect(text).toContain("1 of 3 gated goals hold; missed: cpu.floor, cpu.original.");
});

test("times are said not to be judged where the machine had more to do than cores", () => {
  expect(aboutTimes(aReport({ load: [0.4, 1.9] }))).toBe("");
  expect(aboutTimes(aReport())).toContain("not judged");
});

test("the page gets table, notes and plots between its marks", () => {
  const plots = plotsOf(aReport());
  expect(plots.map(({ file }) => file)).toEqual(["cpu-1.svg", "scale-1.svg"]);
  const page = intoPage(
    "a\n<!-- figures -->\nformer ones\n<!-- /figures -->\nb",
    reportMarkdown(aReport(), plots),
  );
  expect(page).not.toContain("former");
  expect(page).toContain("two \\| generations");
  expect(page).toContain("| **cpu.floor** | 1.31 x |");
  expect(page).toContain("- **cpu** (2026-11-26, 9 s): so.");
  expect(page).toContain("![MB](scale-1.svg)");
});

test("a run of some parts takes their place in what was measured before on the same machine, and nowhere else", () => {
  const before = aReport();
  const scale = judged("scale", [{ id: "scale.rss", what: "memory", value: 0.3, unit: "" }], "full");
  const run = aReport({
    ...{ only: ["scale"], date: "2026-11-27T10:00:00Z", rows: scale, missed: missedOf(scale), load: [3, 1] },
    parts: [{ name: "scale", date: "2026-11-27T10:00:00Z", seconds: 60, about: [] }],
    series: { scale: { MB: [{ x: 10, y: 30 }] } },
  });
  const order = ["scale", "cpu"];
  const all = placedInto(before, run, order);
  expect(all.parts.map(({ name, date }) => [name, date.slice(8, 10)])).toEqual([
    ["scale", "27"],
    ["cpu", "26"],
  ]);
  expect(all.rows.map(({ id }) => id)).toEqual(["scale.rss", ...before.rows.map(({ id }) => id)]);
  expect(all.missed).toEqual(["scale.rss", "cpu.floor", "cpu.original"]);
  expect(all.series).toEqual({ ...before.series, scale: run.series.scale });
  expect([all.seconds, all.load, all.ok]).toEqual([1200, [3, 2.1], false]);
  const again = placedInto(all, run, order);
  expect(again.rows).toEqual(all.rows);

  const elsewhere = { ...before, machine: { ...before.machine, cores: 8 } };
  expect(placedInto(elsewhere, run, order)).toBe(run);
  expect(placedInto({ ...before, profile: "quick" }, run, order)).toBe(run);
  expect(placedInto(null, run, order)).toBe(run);
  expect(placedInto(before, { ...run, only: null }, order).rows).toBe(run.rows);
});

test("names are drawn as bars, numbers as a line, and texts cannot break out", () => {
  const [bars, line] = plotsOf(aReport());
  expect(bars?.svg).toContain("&lt;floor&gt;");
  expect(bars?.svg.match(/<rect x=/g)).toHaveLength(2);
  expect(line?.svg).toContain("<polyline");
  expect(line?.svg).toContain("A CPU");
  for (const { svg } of [bars, line].filter((one) => one !== undefined))
    expect(svg).not.toMatch(/NaN|Infinity/);
});

test("a line in proportion is drawn at 45 degrees, a flat one stays flat", () => {
  const corners = (points: { x: number; y: number }[]) => {
    const svg = svgOf({ title: "t", points, foot: "" });
    const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = (/points="([^"]+)"/.exec(svg)?.[1] ?? "")
      .split(" ")
      .map((pair) => pair.split(",").map(Number));
    return { across: x2 - x1, up: y1 - y2 };
  };
  const steep = corners([
    { x: 10, y: 5 },
    { x: 240, y: 120 },
  ]);
  expect(steep.up).toBeCloseTo(steep.across, 0);
  const flat = corners([
    { x: 10, y: 5 },
    { x: 240, y: 5 },
  ]);
  expect(flat.up).toBeCloseTo(0, 5);
  expect(flat.across).toBeGreaterThan(300);
});

import { describe, expect, test } from "vitest";
import type { Figure } from "./figures.ts";
import { GOALS, judged, missedOf, partOf, unmeasured } from "./goals.ts";
import { PARTS } from "./parts.ts";

const figure = (id: string, value: number | null, over: Partial<Figure> = {}): Figure => ({
  ...{ id, what: "made up", value, unit: "" },
  ...over,
});
const missed = (figures: Figure[], kind: "full" | "quick" = "full") =>
  missedOf(judged("a part", figures, kind));

/** What nobody wants: figures of the other ways, as they were measured or computed (performance reference), and of plain faults. */
const BAD: Record<string, [value: number, what: string]> = {
  "bytes.mp4": [1, "the whole file"],
  "bytes.hls": [1, "all parts"],
  "bytes.dash": [1, "all segments"],
  "bytes.same.mp4": [1, "one picture from elsewhere"],
  "bytes.same.hls": [900, "every picture from elsewhere"],
  "bytes.same.dash": [1, "one frame of sound from elsewhere"],
  "scale.bytes": [1, "bytes that grow with the source"],
  "scale.render": [1, "the original's montage"],
  "scale.rss": [1, "all sound in memory"],
  "scale.recognition": [1.5, "recognition that looks back further and further"],
  "cpu.supoclip": [1, "a second generation of our own"],
  "cpu.openshorts": [3, "two generations of our own"],
  "cpu.original-medium": [1, "medium ourselves"],
  "cpu.original": [0.9, "more work than the original"],
  "cpu.floor": [1.6, "a second decode and a second encode"],
  "cpu.rss": [1700, "three workers of three generations"],
  "montage.cpu": [3.6, "the original's montage at 500 s"],
  "passes.encodes": [2, "a clip that is cut first and rendered then"],
  "passes.decodes": [3, "two more decodes"],
  "job.order": [0, "clips that are stored when all are done"],
  "job.overhead": [0.2, "a fifth of the job for glue"],
  "edit.cpu": [1, "an edit that is a render"],
  "edit.requests": [1, "an edit that fetches"],
  "api.delivered": [0.9999, "an event that got lost"],
  "api.bytes": [117, "a stock subscription's memory"],
  "api.memory": [1, "a stock subscription"],
  "api.cpu": [1, "a stock subscription"],
  "api.reads": [0.26, "tRPC's own adapter"],
  "api.creates": [0.36, "tRPC's own adapter"],
};

describe("every gate", () => {
  const gated = GOALS.filter((goal) => goal.gated);

  test("has a figure that must not pass it", () => {
    expect(Object.keys(BAD).toSorted()).toEqual(gated.map(({ id }) => id).toSorted());
  });

  test.each(gated.map(({ id }) => [id, ...(BAD[id] ?? [0, ""])] as const))(
    "%s misses with %d: %s",
    (id, value) => {
      expect(missed([figure(id, value)])).toEqual([id]);
    },
  );

  test.each(gated.map(({ id, target }) => [id, target] as const))(
    "%s %s holds at its limit and misses just beside it",
    (id, target) => {
      const limit = Number(/[\d.]+/.exec(target)?.[0]);
      const beyond = limit * (target.startsWith("≥") ? 0.99 : 1.01) + (target === "= 0" ? 1 : 0);
      expect(missed([figure(id, limit)])).toEqual([]);
      expect(missed([figure(id, beyond)])).toEqual([id]);
      expect(missed([figure(id, null)]), "what could not be measured").toEqual([id]);
    },
  );

  test("belongs to a part of the bench", () => {
    const parts = PARTS.map(({ name }) => name);
    for (const { id } of GOALS) expect(parts, id).toContain(partOf(id));
    expect(new Set(GOALS.map(({ id }) => id)).size).toBe(GOALS.length);
  });
});

test("a ratio that does not count has missed its goal, however good it is", () => {
  expect(missed([figure("cpu.original", 9)])).toEqual([]);
  expect(missed([figure("cpu.original", 9, { doesNotCount: "ours takes more bits" })])).toEqual([
    "cpu.original",
  ]);
});

test("times and rates are held or not, and nothing follows from it", () => {
  const rows = judged("job", [figure("job.first", 0.9), figure("api.p99", 0.1)], "full");
  expect(rows.map(({ outcome }) => outcome)).toEqual(["missed", "missed"]);
  expect(missedOf(rows)).toEqual([]);
});

test("the short run has limits of its own, or none", () => {
  expect(missed([figure("bytes.mp4", 0.1)], "full")).toEqual(["bytes.mp4"]);
  expect(missed([figure("bytes.mp4", 0.1)], "quick")).toEqual([]);
  expect(judged("job", [figure("job.overhead", 0.5)], "quick")[0]?.outcome).toBe("told");
  expect(judged("cpu", [figure("cpu.floor", 9)], "tiny")[0]?.outcome).toBe("told");
});

test("a goal of a part that ran and measured nothing is missed; of one that did not run, it is not asked for", () => {
  const rows = judged("edit", [figure("edit.cpu", 0.2)], "full");
  expect(missedOf(unmeasured(rows, ["edit"], "full"))).toEqual(["edit.requests"]);
  expect(unmeasured(rows, ["edit"], "tiny")).toEqual([]);
  expect(missedOf(unmeasured([], ["scale"], "quick"))).toEqual(["scale.rss"]);
});

test("a part that broke is a miss in any kind of run", () => {
  expect(missedOf(judged("cpu", [figure("cpu", null)], "tiny"))).toEqual(["cpu"]);
});

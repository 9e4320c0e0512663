import { describe, expect, test } from "vitest";
import { hottestClips, linearClips, randomClips } from "./baselines.ts";
import { faultsOf, runBench } from "./bench.ts";
import { heatOf } from "./labelled.ts";
import { randomFor } from "./random.ts";
import { reportOf } from "./report.ts";
import { bootstrap, quantile } from "./statistics.ts";
import { STORIES } from "./stories.ts";
import { bundledTalks, CHANNELS } from "./talks.ts";

const OPTIONS = { seed: 1, clips: 3, clipSeconds: 45, draws: 100 };
/** Two talks of each channel: enough to see, and quick. */
const some = () => bundledTalks(1).filter((_, index) => index % 5 < 2);

describe("what clips are compared with", () => {
  test("1.x takes the first seconds of each five minutes", () => {
    expect(linearClips(1000, 3, 45)).toEqual([
      { start: 0, end: 45 },
      { start: 300, end: 345 },
      { start: 600, end: 645 },
    ]);
    expect(linearClips(320, 3, 45)).toEqual([
      { start: 0, end: 45 },
      { start: 300, end: 320 },
    ]);
  });

  test("random clips lie inside the video and never over each other", () => {
    const random = randomFor(1, "test");
    for (let draw = 0; draw < 500; draw++) {
      const clips = randomClips(150, 3, 45, random).toSorted((a, b) => a.start - b.start);
      expect(clips).toHaveLength(3);
      for (const [index, { start, end }] of clips.entries()) {
        expect(start).toBeGreaterThanOrEqual(clips[index - 1]?.end ?? 0);
        expect(end).toBeLessThanOrEqual(150);
      }
    }
    expect(randomClips(60, 3, 45, random)).toHaveLength(1);
  });

  test("who sees the labels takes the hottest stretches", () => {
    const heat = heatOf([0, 0, 0.9, 0, 0, 0, 0, 0.8, 0, 0], 1000);
    expect(hottestClips(heat, 2, 100)).toEqual([
      { start: 200, end: 300 },
      { start: 700, end: 800 },
    ]);
  });
});

test("quantiles lie between their neighbours, and the bootstrap's interval around the mean", () => {
  expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
  expect(quantile([1, 2], 0.95)).toBeCloseTo(1.95, 12);
  // the mean of 100 coins of which half are heads: a standard error of 0.05, so 0.5 and about 0.1 to either side
  const coins = Array.from({ length: 100 }, (_, index) => index % 2);
  const { low, high } = bootstrap(coins, randomFor(1, "coins"));
  expect(low).toBeCloseTo(0.4, 1);
  expect(high).toBeCloseTo(0.6, 1);
});

describe("the bundled talks", () => {
  const talks = bundledTalks(1);

  test("are the same for the same seed, and others for another", () => {
    expect(JSON.stringify(bundledTalks(1)) === JSON.stringify(talks)).toBe(true);
    expect(JSON.stringify(bundledTalks(2)) === JSON.stringify(talks)).toBe(false);
  });

  test("are long talks of several channels in two languages, each with highlights", () => {
    expect(talks).toHaveLength(CHANNELS.length * 5);
    for (const { heat, input } of talks) {
      expect(input.durationSeconds).toBeGreaterThan(240);
      expect(heat.graph).toHaveLength(100);
      expect(heat.graph.filter((score) => score > 0.5).length).toBeGreaterThanOrEqual(2);
    }
  });

  test("share no story between the channels for tuning and those held out", () => {
    const text = (use: string) =>
      JSON.stringify(talks.filter((talk) => talk.use === use).map(({ input }) => input.transcript.segments));
    const [tuning, heldOut] = [text("tuning"), text("held out")];
    for (const { use, lines } of STORIES)
      for (const line of lines.map((each) => each.replace(/^Q: /, "")).filter((each) => !each.includes("{")))
        expect((use === "tuning" ? heldOut : tuning).includes(line)).toBe(false);
  });

  test("give the selector neither graph nor heat", () => {
    for (const { input } of talks) {
      const names = ["chunks", "durationSeconds", "rank", "shots", "sound", "title", "transcript"];
      expect(Object.keys(input).sort()).toEqual(names);
      expect(Object.keys(input.sound).sort()).toEqual(["levels", "silences"]);
      for (const segment of input.transcript.segments)
        expect(Object.keys(segment)).toEqual(["text", "start", "duration", "words"]);
    }
  });
});

test("the selector beats chance and 1.x on talks that it was not tuned on, and the report says how far labels go", async () => {
  const result = await runBench(some(), OPTIONS);
  expect(faultsOf(result)).toEqual([]);
  const names = result.groups.map(({ name }) => name);
  expect(names).toEqual(["all", "tuning", "held out", ...CHANNELS.map(({ name }) => `channel: ${name}`)]);
  const report = reportOf(result, "A note.");
  for (const word of ["held out: 12 videos", "95 % interval", "cerita malam", "A note."])
    expect(report).toContain(word);
});

test("where the labels say nothing, the selector is no better than chance, and the bench says so", async () => {
  // each talk with the labels of another: whatever is chosen, the figures must not be good
  const talks = some();
  const shifted = talks.map((talk, index) => {
    const { graph } = talks[(index + 7) % talks.length]?.heat ?? talk.heat;
    return { ...talk, heat: heatOf(graph, talk.input.durationSeconds) };
  });
  const result = await runBench(shifted, OPTIONS);
  const { percentile } = result.groups[0]?.figures ?? {};
  expect(percentile?.selector).toBeLessThan(0.65);
  expect(percentile?.random).toBeCloseTo(0.5, 1);
  expect(faultsOf({ ...result, groups: result.groups.map(losing) })).toHaveLength(4);
});

const losing = <G extends { figures: Record<string, { selector: number }> }>(group: G): G => ({
  ...group,
  figures: Object.fromEntries(
    Object.entries(group.figures).map(([name, figure]) => [name, { ...figure, selector: 0 }]),
  ),
});

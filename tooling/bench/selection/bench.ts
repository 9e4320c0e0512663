import { aSelectContext } from "../../../packages/worker/src/select/testing.ts";
import { select } from "../../../packages/worker/src/stages/select.ts";
import { hottestClips, linearClips, randomClips } from "./baselines.ts";
import type { Labelled } from "./labelled.ts";
import { judgeOf, MEASURES, type Measure, type Measures } from "./measure.ts";
import type { Stretch } from "./metrics.ts";
import { randomFor } from "./random.ts";
import { bootstrap, mean, quantile } from "./statistics.ts";

/** One figure of a group of videos: ours with its 95 % interval, and what it must be above. */
export interface Figure {
  selector: number;
  low: number;
  high: number;
  random: number;
  random95: number;
  linear: number;
  hottest: number;
}

export interface Group {
  name: string;
  videos: number;
  figures: Record<Measure, Figure>;
}

export interface Result {
  seed: number;
  clips: number;
  clipSeconds: number;
  draws: number;
  /** Videos without a single highlight are left out, as the published evaluator does. */
  leftOut: number;
  /** All videos, those for tuning and those held out (where there are both), and each channel. */
  groups: Group[];
  /** Seconds that the selector took for all videos, and hours of video. */
  seconds: number;
  hours: number;
}

export const NAMES = Object.keys(MEASURES) as Measure[];

/** Chooses clips from every video without its labels, and measures them beside what chance, 1.x and the labels themselves choose. */
export async function runBench(
  set: readonly Labelled[],
  options: { seed: number; clips: number; clipSeconds: number; draws: number },
): Promise<Result> {
  const { seed, clips: count, clipSeconds, draws } = options;
  const judged = set.map((video) => ({ video, judge: judgeOf(video.heat) }));
  const used = judged.filter(({ judge }) => judge.truth.length > 0);
  if (used.length === 0) throw new Error("No video of the set has a part with a score above 0.5");
  const started = performance.now();
  const chosen: Stretch[][] = [];
  for (const { video } of used) chosen.push(await clipsOf(video, count, clipSeconds));
  const seconds = (performance.now() - started) / 1000;
  const measured = (of: (index: number) => Stretch[]) =>
    used.map(({ judge }, index) => judge.measure(of(index), count));
  const selector = measured((index) => chosen[index] ?? []);
  const linear = measured((index) => linearClips(used[index]?.judge.seconds ?? 0, count, clipSeconds));
  const hottest = used.map(({ video, judge }) =>
    judge.measure(hottestClips(video.heat, count, clipSeconds), count),
  );
  const groups = groupsOf(used.map(({ video }) => video));
  const random = randomFor(seed, "random clips");
  const drawn = groups.map(() => NAMES.map((): number[] => []));
  for (let draw = 0; draw < draws; draw++) {
    const all = measured((index) => randomClips(used[index]?.judge.seconds ?? 0, count, clipSeconds, random));
    for (const [at, { members }] of groups.entries())
      for (const [column, name] of NAMES.entries()) drawn[at]?.[column]?.push(meanOf(all, members, name));
  }
  const figure = (at: number, members: readonly number[], name: Measure, column: number): Figure => {
    const own = members.map((index) => selector[index]?.[name] ?? 0);
    const chance = drawn[at]?.[column] ?? [];
    return {
      selector: mean(own),
      ...bootstrap(own, randomFor(seed, `bootstrap ${at} ${name}`)),
      random: mean(chance),
      random95: quantile(chance, 0.95),
      linear: meanOf(linear, members, name),
      hottest: meanOf(hottest, members, name),
    };
  };
  return {
    seed,
    clips: count,
    clipSeconds,
    draws,
    leftOut: set.length - used.length,
    seconds,
    hours: used.reduce((sum, { judge }) => sum + judge.seconds, 0) / 3600,
    groups: groups.map(({ name, members }, at) => ({
      name,
      videos: members.length,
      figures: Object.fromEntries(
        NAMES.map((measure, column) => [measure, figure(at, members, measure, column)]),
      ) as Record<Measure, Figure>,
    })),
  };
}

const meanOf = (all: readonly Measures[], members: readonly number[], name: Measure) => {
  let sum = 0;
  for (const index of members) sum += all[index]?.[name] ?? 0;
  return sum / members.length;
};

/** What the selector makes of a video, best clip first. It sees the video's input and nothing else. */
async function clipsOf({ id, input }: Labelled, clip_count: number, clip_duration_seconds: number) {
  try {
    const { edl } = await select(aSelectContext({ clip_count, clip_duration_seconds }), input);
    return edl.clips.map(({ segments: [segment] }) => ({
      start: segment?.start ?? 0,
      end: segment?.end ?? 0,
    }));
  } catch (cause) {
    throw new Error(
      `Nothing could be chosen from "${id}": ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  }
}

function groupsOf(videos: readonly Labelled[]): { name: string; members: number[] }[] {
  const where = (holds: (video: Labelled) => boolean) =>
    videos.flatMap((video, index) => (holds(video) ? [index] : []));
  const uses = [...new Set(videos.map(({ use }) => use))];
  const channels = [...new Set(videos.map(({ channel }) => channel))];
  return [
    { name: "all", members: where(() => true) },
    ...(uses.length > 1
      ? uses.map((use) => ({ name: use, members: where((video) => video.use === use) }))
      : []),
    ...channels.map((channel) => ({
      name: `channel: ${channel}`,
      members: where((video) => video.channel === channel),
    })),
  ];
}

/**
 * What must hold (quality figure S6): on what is held out, or on all where nothing is, hit@k and the mean percentile are above
 * the 95th percentile of chance and above 1.x. @returns what does not, in words.
 */
export function faultsOf({ groups }: Result): string[] {
  const group = groups.find(({ name }) => name === "held out") ?? groups[0];
  const must: Measure[] = ["hit@k", "percentile"];
  return must.flatMap((name) => {
    const figure = group?.figures[name];
    if (!figure) return [];
    const { selector, random95, linear } = figure;
    const against = [
      ...(selector > random95 ? [] : [`the 95th percentile of chance, ${random95.toFixed(3)}`]),
      ...(selector > linear ? [] : [`1.x, ${linear.toFixed(3)}`]),
    ];
    return against.map((what) => `${name} is ${selector.toFixed(3)}, not above ${what}`);
  });
}

import { type Figure, faultsOf, type Result, runBench } from "../selection/bench.ts";
import { type BrokenAnswers, type Hostile, tryAnswers, tryOrders } from "../selection/hostile.ts";
import { type Properties, tryTranscripts } from "../selection/properties.ts";
import { bundledTalks } from "../selection/talks.ts";
import { runWishes, type WishFigures } from "../selection/wish-bench.ts";
import type { Measured, QualityRow } from "./report.ts";

const SEED = 1;
const CLIP_SECONDS = 45;
const NEEDS_MODEL = "It needs the model that 1.x asked; what is measured of 1.x is its choice without one.";

interface Options {
  /** Random transcripts on which S1 to S5 and S9 are tried. */
  transcripts?: number;
  quick?: boolean;
  onProgress?: (text: string) => void;
}

/**
 * The figures of selection: S1 to S5 and S9 on random transcripts, S6 on the bundled labelled set, S7 on talks that give orders, S8 on
 * broken answers of a model. 1.x's stand beside them, made of the same transcripts in its way: the first seconds of each five minutes.
 */
export async function measureSelection({
  quick = false,
  transcripts = quick ? 400 : 10_000,
  onProgress = () => {},
}: Options = {}): Promise<Measured> {
  onProgress("orders in talks");
  const orders = await tryOrders({ every: quick ? 6 : 1 });
  onProgress("answers of broken models");
  const answers = await tryAnswers({ every: quick ? 6 : 1 });
  onProgress("labelled talks");
  const set = bundledTalks(SEED);
  const bench = await runBench(set, {
    seed: SEED,
    clips: 3,
    clipSeconds: CLIP_SECONDS,
    draws: quick ? 1000 : 10_000,
  });
  const heldOut = set.filter(({ use }) => use === "held out");
  const wishes = await runWishes(heldOut, {
    seed: SEED,
    clipSeconds: CLIP_SECONDS,
    draws: quick ? 300 : 2000,
  });
  const rules = await tryTranscripts({
    seed: SEED,
    transcripts,
    onProgress: (done) => onProgress(`${done} of ${transcripts} random transcripts`),
  });
  const { hours, clips, tight } = rules;
  return {
    rows: [...rulesRows(rules), ...benchRows(bench, wishes), ...hostileRows(orders, answers)],
    about: [
      `${transcripts} random transcripts of nine shapes, 20 s to 3 h, ${Math.round(hours)} h in all, ${clips} clips; ${tight.trials} of them without fillers and long silences.`,
      `1.x's figures are its way without a language model, on the same transcripts: the first seconds of each five minutes, one clip for each. It was worse than that: it also lost clips to a comparison of decimals and gave the same clip twice.`,
      `The labelled talks are labelled by construction: they show that the machinery works, not that people agree.`,
    ],
  };
}

const PASSED = "= 0";
const percent = (share: number) => Math.round(share * 1e5) / 1000;

function row(id: string, what: string, of: Omit<QualityRow, "id" | "what">): QualityRow {
  return { id, what, ...of };
}

function rulesRows({
  transcripts,
  brokenBy,
  original,
  mostShared,
  endable,
  ended,
  leastReached,
}: Properties): QualityRow[] {
  const never = (id: string, what: string, count: number, theirs: number) =>
    row(id, what, {
      ...{ value: percent(count / transcripts), unit: "%", original: percent(theirs) },
      ...{ target: PASSED, pass: count === 0 },
    });
  const enough = (id: string, what: string, share: number, theirs: number, least: number) =>
    row(id, what, {
      ...{ value: percent(share), unit: "%", original: percent(theirs) },
      ...{ target: `≥ ${least}`, pass: 100 * share >= least },
    });
  const shared = Math.round(mostShared * 1e4) / 1e4;
  return [
    never("S1.count", "jobs that did not get as many clips as fit", brokenBy.S1, original.tooFew),
    row("S1.shared", "most that two clips share (intersection over union)", {
      ...{ value: shared, unit: "", original: null, target: "≤ 0.1", pass: mostShared <= 0.1 },
      originalWhy: "One clip of each five minutes cannot touch another one.",
    }),
    never("S2.cuts", "jobs with a cut that is not on a word's border", brokenBy.S2, original.wrongCuts),
    enough(
      "S3.ends",
      "clips that end with a sentence or before a pause of 0.5 s, of those that can",
      ended / Math.max(1, endable),
      original.ended,
      90,
    ),
    never(
      "S4.length",
      "jobs with a clip outside of 0.8 to 1.1 of its length",
      brokenBy.S4,
      original.wrongLengths,
    ),
    enough(
      "S5.reach",
      "least share of a talk's speech that candidates reach",
      leastReached,
      original.leastReached,
      95,
    ),
    never("S9.same", "jobs that gave other bytes the second time", brokenBy.S9, 0),
  ];
}

function benchRows(result: Result, wishes: WishFigures): QualityRow[] {
  const group = result.groups.find(({ name }) => name === "held out");
  const faults = faultsOf(result);
  const figure = (id: string, what: string, of: Figure | undefined, isRule: boolean) => {
    const three = (value = 0) => Math.round(value * 1000) / 1000;
    // what must be passed is what chance reaches once in twenty times
    const least = three(of?.random95);
    return row(id, what, {
      ...{ value: three(of?.selector), unit: "", original: three(of?.linear), target: `≥ ${least}` },
      pass: (of?.selector ?? 0) > (of?.random95 ?? 1) && (!isRule || faults.length === 0),
    });
  };
  const { figures } = group ?? {};
  return [
    figure(
      "S6.hit@1",
      "talks whose best clip is on a highlight; chance's 95th percentile",
      figures?.["hit@1"],
      false,
    ),
    figure(
      "S6.hit@3",
      "talks with one of three clips on a highlight; chance's 95th percentile",
      figures?.["hit@k"],
      true,
    ),
    figure(
      "S6.percentile",
      "stretches with less heat than the chosen ones; chance's 95th percentile",
      figures?.percentile,
      true,
    ),
    figure("S6.AP", "average precision; chance's 95th percentile", figures?.AP, false),
    row("S6.about", "wishes whose moment is the best clip; chance's 95th percentile", {
      ...{ value: Math.round(wishes.hit * 1000) / 1000, unit: "", original: null },
      originalWhy: "1.x could not be asked for a subject.",
      ...{ target: `≥ ${Math.round(wishes.random95 * 1000) / 1000}`, pass: wishes.hit > wishes.random95 },
    }),
  ];
}

function hostileRows(
  { trials, moved, leaked }: Hostile,
  { answers, fewer, wrongMode }: BrokenAnswers,
): QualityRow[] {
  const never = (id: string, what: string, found: readonly string[]) =>
    row(id, found.length > 0 ? `${what}: ${found.slice(0, 3).join("; ")}` : what, {
      ...{ value: found.length, unit: "", original: null, originalWhy: NEEDS_MODEL },
      ...{ target: PASSED, pass: found.length === 0 },
    });
  return [
    never("S7.cuts", `orders in a talk that changed number or cuts, of ${trials}`, moved),
    never("S7.canary", `orders in a talk whose word came into a text, of ${trials}`, leaked),
    never("S8.count", `broken answers of a model that changed number or lengths, of ${answers}`, fewer),
    never("S8.mode", `broken answers after which selection.mode was wrong, of ${answers}`, wrongMode),
  ];
}

if (import.meta.main) {
  const [transcripts] = process.argv.slice(2).map(Number).filter(Number.isInteger);
  const { rows } = await measureSelection({
    ...(transcripts !== undefined && { transcripts }),
    quick: process.argv.includes("--quick"),
    onProgress: (text) => console.error(text),
  });
  for (const { id, what, value, unit, original, target, pass } of rows)
    console.log(
      `${pass ? "ok  " : "FAIL"} ${id.padEnd(14)} ${value} ${unit}${original === null ? "" : ` (1.x: ${original})`}, ${target}: ${what}`,
    );
}

import { z } from "zod";
import { holds, limitsOf } from "../target.ts";
import type { Figure } from "./figures.ts";
import goals from "./goals.json" with { type: "json" };

/** What a figure should be. */
const Goal = z.strictObject({
  id: z.string(),
  /** As in the reports of `bench:quality`: "≤ 1.15". */
  target: z.string().refine((text) => limitsOf(text) !== null, "is no limit"),
  /** In `--quick`, whose sources are shorter; null: not judged there. Left out: the same. */
  quick: z.string().nullable().optional(),
  /** Whether a miss ends the bench with 1: ratios of processor time, bytes, counts and memory do, times and rates never. */
  gated: z.boolean(),
});
export type Goal = z.infer<typeof Goal>;

export const GOALS: readonly Goal[] = z.array(Goal).parse(goals);

/**
 * told: there is no goal, or it is not for this kind of run. A goal that is not gated is held or not as well, but nothing follows from it.
 */
export type Outcome = "held" | "missed" | "told";

export interface Row extends Figure {
  part: string;
  target: string | null;
  gated: boolean;
  outcome: Outcome;
}

/**
 * Puts the figures of one part beside their goals. A ratio that does not count has missed its goal, and so has a figure that is missing.
 * Pure. @param isQuick whether the goals of `--quick` hold; "tiny" runs are told alone
 */
export function judged(
  part: string,
  figures: readonly Figure[],
  kind: "full" | "quick" | "tiny",
  all: readonly Goal[] = GOALS,
): Row[] {
  return figures.map((figure): Row => {
    const goal = all.find(({ id }) => id === figure.id);
    const target = goal && (kind === "full" || goal.quick === undefined ? goal.target : goal.quick);
    if (!goal || !target || kind === "tiny")
      return { ...figure, part, target: goal?.target ?? null, gated: goal?.gated ?? false, outcome: "told" };
    const isHeld = figure.value !== null && figure.doesNotCount === undefined && holds(figure.value, target);
    return { ...figure, part, target, gated: goal.gated, outcome: isHeld ? "held" : "missed" };
  });
}

/** Goals of the parts that ran of which nothing was measured: they count as missed. Pure. */
export function unmeasured(
  rows: readonly Row[],
  parts: readonly string[],
  kind: "full" | "quick" | "tiny",
  all: readonly Goal[] = GOALS,
): Row[] {
  if (kind === "tiny") return [];
  const measured = new Set(rows.map(({ id }) => id));
  return all.flatMap(({ id, target, quick, gated }): Row[] => {
    const wanted = kind === "full" || quick === undefined ? target : quick;
    const part = partOf(id);
    if (measured.has(id) || wanted === null || !parts.includes(part)) return [];
    const what = "was not measured";
    return [{ id, what, value: null, unit: "", part, target: wanted, gated, outcome: "missed" }];
  });
}

/** What makes the bench end with 1: gated goals that were missed, and parts that broke, which no kind of run forgives. Pure. */
export const missedOf = (rows: readonly Row[]): string[] =>
  rows
    .filter(({ id, part, gated, outcome }) => (gated && outcome === "missed") || id === part)
    .map(({ id }) => id);

/** The part that measures a figure: the first word of its id. Pure. */
export const partOf = (id: string): string => id.split(".")[0] ?? id;

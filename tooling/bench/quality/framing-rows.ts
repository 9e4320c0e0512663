import type { Counts } from "./framing-figures.ts";
import type { QualityRow } from "./report.ts";
import type { Scene } from "./scenes.ts";

/** What was counted of one scene, in our way and in that of 1.x. */
export interface MeasuredScene {
  scene: Scene;
  ours: Counts;
  original: Counts;
}

type Target = { least: number } | { most: number };
type Pick = (counts: Counts) => number;

export function row(
  id: string,
  what: string,
  unit: string,
  { value, original, ...target }: { value: number; original: number | null } & Target,
): QualityRow {
  const [pass, text] =
    "least" in target
      ? [value >= target.least, `≥ ${target.least}`]
      : [value <= target.most, `≤ ${target.most}`];
  return { id, what, value, unit, original, target: text, pass };
}

const total = (all: readonly Counts[], pick: Pick) => all.reduce((sum, counts) => sum + pick(counts), 0);
const share = (part: Pick, whole: Pick) => (all: readonly Counts[]) =>
  (100 * total(all, part)) / total(all, whole);
const aSecond = (pick: Pick) => (all: readonly Counts[]) =>
  total(all, pick) / total(all, ({ seconds }) => seconds);
const busiest = (pick: Pick) => (all: readonly Counts[]) =>
  Math.max(...all.map((one) => pick(one) / one.seconds));
const largest = (list: (counts: Counts) => number[]) => (all: readonly Counts[]) =>
  Math.max(...all.flatMap(list));
const smallest = (list: (counts: Counts) => number[]) => (all: readonly Counts[]) =>
  Math.min(...all.flatMap(list));

interface Figure {
  id: string;
  what: string;
  unit: string;
  among: (measured: MeasuredScene) => boolean;
  /** Not finite where there was nothing to count. */
  of: (all: readonly Counts[]) => number;
  target: Target;
}

const all = () => true;
const people = ({ ours }: MeasuredScene) => ours.faces.frames > 0;
const several = ({ scene }: MeasuredScene) => scene.traits.includes("turns");
const alone = (measured: MeasuredScene) => people(measured) && !several(measured);
const talks = ({ scene }: MeasuredScene) => scene.traits.includes("talk");
const seated = ({ scene }: MeasuredScene) => scene.traits.includes("seated");

const seen = share(
  ({ turns }) => turns.seen,
  ({ turns }) => turns.frames,
);
const composed = (what: "centre" | "eyes" | "head") =>
  share(
    (counts) => counts.composed[what],
    (counts) => counts.composed.frames,
  );
const reversals: Pick = ({ movement }) => movement.reversals;

const figure = (
  [id, what, unit]: [id: string, what: string, unit: string],
  among: Figure["among"],
  of: Figure["of"],
  target: Target,
): Figure => ({ id, what, unit, among, of, target });

// biome-ignore format: a table
const FIGURES: readonly Figure[] = [
  figure(["R1.empty", "pictures without a face though the source shows one, by the detector", "%"], people,
    share(({ pixels }) => pixels.empty, ({ pixels }) => pixels.faces), { most: 2 }),
  figure(["R1.truth", "the same of all frames, by what is known of the scene", "%"], people,
    share(({ faces }) => faces.empty, ({ faces }) => faces.frames), { most: 2 }),
  figure(["R2.speaker", "time of turns of 1.5 s and more that shows the speaker, scenes of several people", "%"], several, seen, { least: 95 }),
  figure(["R2.alone", "the same, scenes of one person", "%"], alone, seen, { least: 95 }),
  figure(["R2.whole", "frames with a face that show the whole picture over its blur instead", "%"], people,
    share(({ faces }) => faces.whole, ({ faces }) => faces.frames), { most: 5 }),
  figure(["R3.reversals", "changes of the window's direction", "/s"], people, aSecond(reversals), { most: 0.13 }),
  figure(["R3.worst", "the same, busiest scene", "/s"], people, busiest(reversals), { most: 0.25 }),
  figure(["R3.travel", "travel of the window on talking heads, busiest scene, of 1080", "px/s"], talks,
    busiest(({ movement }) => movement.travel), { most: 60 }),
  figure(["R3.still", "frames that rest, seated speakers", "%"], seated,
    share(({ movement }) => movement.still, ({ movement }) => movement.steps), { least: 80 }),
  figure(["R3.jumps", "jumps within a shot onto the same person", "/min"], people,
    (counts) => 60 * aSecond(({ movement }) => movement.jumps)(counts), { most: 1 }),
  figure(["R4.late", "most frames between a scene cut and the window's", "frames"], all, largest(({ late }) => late), { most: 1 }),
  figure(["R5.delay", "longest delay until a new speaker is seen", "s"], all, largest(({ delays }) => delays), { most: 0.5 }),
  figure(["R5.hold", "shortest hold between two windows of a shot", "s"], all, smallest(({ holds }) => holds), { least: 0.97 }),
  figure(["R5.interjections", "words of 0.3 s thrown in that take the picture", "%"], all,
    share(({ interjections }) => interjections.followed, ({ interjections }) => interjections.count), { most: 0 }),
  figure(["R6.centre", "frames whose face lies in the middle 60 % of the width", "%"], people, composed("centre"), { least: 98 }),
  figure(["R6.eyes", "frames whose eyes lie at 25 to 45 % of the height", "%"], people, composed("eyes"), { least: 98 }),
  figure(["R6.head", "frames whose head is whole", "%"], people, composed("head"), { least: 98 }),
  figure(["R9.layout", "frames without a face or about a screen whose layout fits", "%"], all,
    share(({ quiet }) => quiet.sensible, ({ quiet }) => quiet.frames), { least: 98 }),
  figure(["R9.text", "text boxes of slides that are cut", "%"], all, share(({ texts }) => texts.cut, ({ texts }) => texts.seen), { most: 0 }),
  figure(["R9.reason", "frames whose range names its reason", "%"], all, share(({ reasons }) => reasons, ({ frames }) => frames), { least: 100 }),
];

/** The rows that are made of counts over scenes; those for which nothing was counted are left out. */
export function sceneRows(scenes: readonly MeasuredScene[]): QualityRow[] {
  return FIGURES.flatMap(({ id, what, unit, among, of, target }) => {
    const some = scenes.filter(among);
    const value = of(some.map(({ ours }) => ours));
    const original = of(some.map((one) => one.original));
    if (!Number.isFinite(value)) return [];
    if (Number.isFinite(original)) return [row(id, what, unit, { value, original, ...target })];
    return [
      { ...row(id, what, unit, { value, original: null, ...target }), originalWhy: "its window rests" },
    ];
  });
}

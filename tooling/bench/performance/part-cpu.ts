import { join } from "node:path";
import { readSettings } from "../../../packages/worker/src/config.ts";
import type { Window } from "../../../packages/worker/src/media/clip-timeline.ts";
import { originalWindow } from "../quality/original.ts";
import { type Figure, type Found, median, ratio } from "./figures.ts";
import { type Quality, qualityOf } from "./media.ts";
import { type Ours, runOurs, workerEnv } from "./ours.ts";
import { type Bench, comparedClips, crfEnv, type Part, type Watched } from "./part.ts";
import { runShape, shapeDir, unencoded } from "./shape-run.ts";
import { type Order, SHAPES, type Shape } from "./shapes.ts";

/** Shapes that are run as often as ours: they cost little, or lie so near to their goal that one pair says nothing. */
const OFTEN = ["floor", "original", "supoclip", "openshorts"];
/** What is within this is the same: rounding of the filter, and of a container's head. */
const SAME_DB = 0.05;
const SAME_BITS = 1.02;

/** Processor time of what makes the clips, beside other shapes, at equal or better quality and no more bits. */
export const cpuPart: Part = {
  name: "cpu",
  async run(bench): Promise<Found> {
    const { profile, tools, signal, dir, origin, say } = bench;
    const watched = await bench.watched();
    const shapes = SHAPES.filter(
      ({ name }) => !profile.without.includes(name) && name !== "original-montage",
    );
    const url = origin.address(watched.source.mp4);
    const crfOf = ({ name }: Pick<Shape, "name">) => profile.crf[name] ?? 0;
    const points = [...new Set([0, ...shapes.map(crfOf)])];
    const ours = new Map<number, Ours[]>(points.map((crf) => [crf, []]));
    const theirs = new Map<string, number[]>();
    const withPreviews: Ours[] = [];
    for (let turn = 0; turn < profile.pairs.light; turn++) {
      for (const crf of points) {
        say(
          `turn ${turn + 1} of ${profile.pairs.light}: ours${crf === 0 ? "" : `, crf ${crf} above its own`}`,
        );
        const env = crfEnv(profile, crf);
        ours.get(crf)?.push(await runOurs({ profile, dir, signal, url, env, clips: comparedClips(profile) }));
      }
      if (profile.previews) {
        say(`turn ${turn + 1} of ${profile.pairs.light}: ours, with previews`);
        const clips = comparedClips(profile);
        withPreviews.push(await runOurs({ profile, dir, signal, url, clips, preview: true }));
      }
      for (const shape of shapes) {
        if (!OFTEN.includes(shape.name) && turn >= profile.pairs.heavy) continue;
        say(`turn ${turn + 1} of ${profile.pairs.light}: ${shape.name}`);
        let cpu = 0;
        for (const [i, start] of profile.starts.entries()) {
          const order = await orderOf(bench, watched, shape, { start, name: `${shape.name}-${i}` });
          cpu += (await runShape(tools, shape, order, signal)).cpuSeconds;
        }
        theirs.set(shape.name, [...(theirs.get(shape.name) ?? []), cpu]);
      }
    }
    say("comparing the pictures");
    const own = new Map<number, Quality>();
    for (const crf of points) own.set(crf, await oursQuality(bench, await bench.watched(crf)));
    const qualities = new Map<string, Quality>();
    for (const shape of shapes) qualities.set(shape.name, await shapeQuality(bench, watched, shape));
    const renderAt = (crf: number) => (ours.get(crf) ?? []).map((run) => run.render);
    const figures = shapes.map((shape) =>
      against(shape, {
        ours: renderAt(crfOf(shape)),
        theirs: theirs.get(shape.name) ?? [],
        own: own.get(crfOf(shape)),
        other: qualities.get(shape.name),
      }),
    );
    const seconds = profile.starts.length * profile.clipSeconds;
    const each = [
      ...points.map((crf) => ({
        name: crf === 0 ? "ours" : `ours, crf ${crf > 0 ? "+" : ""}${crf}`,
        ...{ cpu: renderAt(crf), quality: own.get(crf) },
      })),
      ...shapes.map(({ name }) => ({ name, cpu: theirs.get(name) ?? [], quality: qualities.get(name) })),
    ];
    return {
      figures: [
        ...figures,
        peakOf([...ours.values()].flat()),
        wholeOf(ours.get(0) ?? []),
        ...previewOf(withPreviews, ours.get(0) ?? []),
      ],
      series: {
        "CPU seconds per second of clip": each.map(({ name, cpu }) => ({
          x: name,
          y: median(cpu) / seconds,
        })),
        "SSIM of the luma, dB": each.flatMap(({ name, quality: q }) => (q ? [{ x: name, y: q.ssimDb }] : [])),
        "kbit/s": each.flatMap(({ name, quality: q }) => (q ? [{ x: name, y: q.kbps }] : [])),
      },
      about: [
        `${profile.starts.length} clips of ${profile.clipSeconds} s; ours is the worker's RENDER stage (framing, faces, clip, cover, loudness, the look at the finished clip), without the marked preview that only a clip which is locked gets; the other shapes are their ffmpeg commands alone.`,
        `Quality is of the first clip${profile.qualitySeconds === null ? "" : `'s first ${profile.qualitySeconds} s`}, each against the unencoded picture of its own chain; a ratio counts where ours has at least its dB (within ${SAME_DB}) and no more bits (within 2 %).`,
      ],
    };
  },
};

/** A ratio with the quality of both sides. Floor: how much more ours takes; the others: how much more they take. Pure. */
export function against(
  { name, what }: Pick<Shape, "name" | "what">,
  sides: { ours: number[]; theirs: number[]; own: Quality | undefined; other: Quality | undefined },
): Figure {
  const { ours, theirs, own, other } = sides;
  const id = `cpu.${name}`;
  const figure =
    name === "floor"
      ? ratio(id, `ours to the floor: ${what}`, ours.slice(0, theirs.length), theirs)
      : ratio(id, `${what}, to ours`, theirs, ours);
  if (!own || !other)
    return { ...figure, doesNotCount: "the quality could not be compared: there is no unencoded picture" };
  const shown = (q: Quality) =>
    `${q.ssimDb.toFixed(2)} dB${q.vmaf === null ? "" : `, VMAF ${q.vmaf.toFixed(1)}`} at ${Math.round(q.kbps)} kbit/s`;
  const note = `ours ${shown(own)}, it ${shown(other)}`;
  const worse = own.ssimDb < other.ssimDb - SAME_DB || (own.vmaf ?? 0) < (other.vmaf ?? 0) - 0.5;
  const bigger = own.kbps > other.kbps * SAME_BITS;
  const faults = [...(worse ? ["ours looks worse"] : []), ...(bigger ? ["ours takes more bits"] : [])];
  return { ...figure, note, ...(faults.length > 0 && { doesNotCount: faults.join(" and ") }) };
}

const peakOf = (runs: readonly Ours[]): Figure => ({
  ...{ id: "cpu.rss", what: "peak memory of the worker's stages and all below them", unit: "MB" },
  value: Math.max(...runs.map(({ peakRss }) => peakRss)) / 1e6,
  samples: runs.map(({ peakRss }) => peakRss / 1e6),
});

const wholeOf = (runs: readonly Ours[]): Figure => {
  const samples = runs.map((run) => run.withoutRecognition / run.render);
  return {
    ...{
      id: "cpu.whole",
      what: "everything but recognition (start, fetching, looking) to RENDER alone",
      unit: "x",
    },
    ...{ value: median(samples), samples },
  };
};

/** What a service that sells its clips pays for showing them. */
const previewOf = (runs: readonly Ours[], plain: readonly Ours[]): Figure[] =>
  runs.length === 0
    ? []
    : [
        ratio(
          "cpu.preview",
          "clips with a marked preview to those without",
          runs.map(({ render }) => render),
          plain.map(({ render }) => render),
        ),
      ];

/** What a shape is asked for: the window that ours chose, its captions where it is the floor. */
export async function orderOf(
  { profile, dir, fixtures }: Pick<Bench, "profile" | "dir" | "fixtures">,
  { source, ours }: Pick<Watched, "source" | "ours">,
  shape: Pick<Shape, "name">,
  { start, name }: { start: number; name: string },
): Promise<Order> {
  const { clip, clipSeconds: seconds, unit } = profile;
  const ass = ours.rendered[0]?.files.ass;
  const asOurs = shape.name === "floor" && ass ? join(ours.dir, ass) : undefined;
  return {
    ...{ source: join(fixtures.dir, source.mp4), start, seconds, window: windowOf(ours, unit), stored: unit },
    ...{ width: clip.width, height: clip.height, threads: 1 },
    dir: await shapeDir(join(dir, name), { start, seconds }, asOurs),
    encoding: readSettings(workerEnv(clip) as Record<string, string>),
  };
}

function windowOf({ rendered }: Ours, stored: { width: number; height: number }): Window {
  const [first] = rendered[0]?.framing.shown ?? [];
  const chosen = first?.layout === "crop" ? first : originalWindow(stored, null);
  const even = (length: number) => 2 * Math.floor(length / 2);
  return { x: even(chosen.x), y: even(chosen.y), w: even(chosen.w), h: even(chosen.h) };
}

async function oursQuality({ tools, profile }: Bench, { ours, reference }: Watched): Promise<Quality> {
  const clip = join(ours.dir, ours.rendered[0]?.files.clip ?? "");
  return qualityOf(tools, { clip, reference, seconds: profile.qualitySeconds });
}

async function shapeQuality(bench: Bench, watched: Watched, shape: Shape): Promise<Quality> {
  const { tools, signal, profile } = bench;
  const [start = 0] = profile.starts;
  const order = await orderOf(bench, watched, shape, { start, name: `${shape.name}-0` });
  const seconds = profile.qualitySeconds ?? profile.clipSeconds;
  const reference = await unencoded(tools, shape, { ...order, seconds }, signal);
  return qualityOf(tools, { clip: join(order.dir, shape.clip), reference, seconds: profile.qualitySeconds });
}

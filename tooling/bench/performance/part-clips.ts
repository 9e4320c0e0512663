import { type Figure, type Found, ratio } from "./figures.ts";
import { givenClip, runOurs } from "./ours.ts";
import type { Part } from "./part.ts";
import { orderOf } from "./part-cpu.ts";
import { runShape } from "./shape-run.ts";
import { SHAPES } from "./shapes.ts";
import type { Seen } from "./watched-ffmpeg.ts";

/** A clip of several segments beside a single one of the same length, in turns. */
export const montagePart: Part = {
  name: "montage",
  async run(bench): Promise<Found> {
    const { profile, tools, signal, dir, fixtures, origin, say } = bench;
    const source = await fixtures.source(profile.minutes);
    const seconds = profile.clipSeconds;
    const [first = 0] = profile.starts;
    const total = profile.minutes * 60;
    const places = [0.1, 0.5, 0.9].map((share) => Math.floor(total * share));
    const third = seconds / places.length;
    const single = [givenClip(1, [[first, first + seconds]])];
    const several = [
      givenClip(
        1,
        places.map((start) => [start, start + third] as const),
      ),
    ];
    const render = { single: [] as number[], several: [] as number[] };
    for (let turn = 0; turn < profile.pairs.sweep; turn++)
      for (const [name, clips] of [["single", single] as const, ["several", several] as const]) {
        say(`turn ${turn + 1} of ${profile.pairs.sweep}: ${name}`);
        const run = await runOurs({ profile, dir, signal, clips, url: origin.address(source.mp4) });
        render[name].push(run.render);
      }
    const figures: Figure[] = [
      ratio(
        "montage.cpu",
        `CPU of a clip of ${places.length} segments over the whole source to one of a single segment`,
        render.several,
        render.single,
      ),
    ];
    const shape = SHAPES.find(({ name }) => name === "original-montage");
    if (shape && !profile.without.includes(shape.name)) {
      say("1.x with two segments");
      const watched = await bench.watched();
      const start = profile.starts.at(-1) ?? first;
      const order = await orderOf(bench, watched, shape, { start, name: shape.name });
      const took = await runShape(tools, shape, order, signal);
      const plain = await runShape(tools, original(), order, signal);
      figures.push({
        ...{ id: "montage.original", what: `${shape.what}: the same for 1.x`, unit: "x" },
        value: took.cpuSeconds / plain.cpuSeconds,
      });
    }
    return { figures };
  },
};

function original() {
  const shape = SHAPES.find(({ name }) => name === "original");
  if (!shape) throw new Error("there is no shape of 1.x");
  return shape;
}

/** How often a clip's pictures are decoded and encoded, by ffmpeg's own counters. */
export const passesPart: Part = {
  name: "passes",
  async run({ watched, profile, tools }): Promise<Found> {
    const { ours, seen } = await watched();
    const frames = Math.round((ours.rendered[0]?.durationSeconds ?? 0) * 30);
    const counted = passesOf(seen, frames);
    return {
      figures: [
        {
          ...{ id: "passes.encodes", what: "times that the clip itself is encoded", unit: "" },
          ...{ value: counted.encodes, note: counted.note },
        },
        {
          id: "passes.decodes",
          what: "pictures decoded per picture of the clip, of the source and of finished files alike (from key frame to start not left out)",
          ...{ value: counted.decodes, unit: "", note: counted.note },
        },
      ],
      about: [
        `passes are those of one clip of ${profile.clipSeconds} s, counted by ffmpeg ${tools.version} itself.`,
      ],
    };
  },
};

/** @param frames of the clip. Pure. */
export function passesOf({ runs }: Seen, frames: number): { encodes: number; decodes: number; note: string } {
  const sum = (all: readonly { frames: number }[]) => all.reduce((total, one) => total + one.frames, 0);
  const encoded = runs.flatMap((run) => run.encoded.filter(({ file }) => file.endsWith("clip.mp4")));
  const decoded = runs.flatMap((run) => run.decoded);
  const by = Map.groupBy(decoded, ({ file }) => file.split("/").at(-1) ?? file);
  const note = Array.from(by, ([file, all]) => `${file} ${sum(all)}`).join(", ");
  return {
    encodes: rounded(sum(encoded) / frames),
    decodes: rounded(sum(decoded) / frames),
    note: `${frames} pictures; decoded from ${note || "nothing"}`,
  };
}

const rounded = (value: number) => Math.round(value * 100) / 100;

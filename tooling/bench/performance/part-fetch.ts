import { open } from "node:fs/promises";
import { join } from "node:path";
import { boxHeader, HEADER_BYTES } from "../../../packages/worker/src/fetch/need/mp4-boxes.ts";
import { readMoov } from "../../../packages/worker/src/fetch/need/mp4-moov.ts";
import { bytesIn } from "../../../packages/worker/src/fetch/need/spans.ts";
import { type Figure, type Found, median, slope } from "./figures.ts";
import { differing, frameSums } from "./media.ts";
import { givenClip, type Ours, runOurs } from "./ours.ts";
import { type Bench, comparedClips, type Part } from "./part.ts";

/** These are about what is fetched and decoded: clips are encoded as cheaply as can be. */
const CHEAP = { RENDER_PRESET: "ultrafast", RENDER_RESOLUTION: "270x480" };

/** What comes over the wire, by each way to a source, and whether the clips are those of the whole file. */
export const bytesPart: Part = {
  name: "bytes",
  async run({ profile, tools, signal, dir, fixtures, origin, say }): Promise<Found> {
    const source = await fixtures.source(profile.minutes, true);
    const clips = comparedClips(profile);
    const run = async (path: string, isWhole: boolean) => {
      origin.reset();
      const url = origin.address(path, !isWhole); // a file is fetched whole where the server knows no ranges
      const ours = await runOurs({ profile, dir, signal, clips, url, isWhole, env: CHEAP });
      return { ours, asked: origin.asked(), sums: await frameSums(tools, clipOf(ours)) };
    };
    const figures: Figure[] = [];
    const points: { x: string; y: number }[] = [];
    for (const way of ["mp4", "hls", "dash"] as const) {
      const name = way.toUpperCase();
      say(`${name}, all of it`);
      const whole = await run(source[way], true);
      say(`${name} by need`);
      const { ours, asked, sums } = await run(source[way], false);
      figures.push({
        ...{
          id: `bytes.${way}`,
          what: `of the bytes of a full download, ${profile.minutes} minutes by ${name}`,
        },
        ...{ value: asked.bytes / source.bytes[way], unit: "" },
        note: `${megabytes(asked.bytes)} of ${megabytes(source.bytes[way])} MB in ${asked.requests} requests${said(ours)}`,
      });
      const [pictures, sound] = [
        differing(whole.sums.video, sums.video),
        differing(whole.sums.audio, sums.audio),
      ];
      figures.push({
        ...{ id: `bytes.same.${way}`, unit: "frames", value: pictures + sound },
        what: "decoded pictures and frames of sound of the clip that differ from the one cut from the whole source",
        note: `${pictures} of ${whole.sums.video.length} pictures, ${sound} of ${whole.sums.audio.length} frames of sound`,
      });
      points.push({ x: `${name}, all of it`, y: whole.asked.bytes / 1e6 });
      points.push({ x: `ours, ${name} by need`, y: asked.bytes / 1e6 });
    }
    const mp4 = figures.find(({ id }) => id === "bytes.mp4")?.value ?? null;
    figures.push({ id: "bytes.stretch", what: "the same, MP4, to the further goal", value: mp4, unit: "" });
    return { figures, series: { "MB that were fetched": points } };
  },
};

const said = ({ fetch: { way, reason } }: Ours) => (way === "whole" ? `; whole: ${reason}` : "");
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const clipOf = ({ dir, rendered }: Ours) => join(dir, rendered[0]?.files.clip ?? "");

/** How cost grows with the length of the source: the same clips from sources of several lengths, in turns. */
export const scalePart: Part = {
  name: "scale",
  async run(bench): Promise<Found> {
    const { profile, signal, dir, fixtures, origin, say } = bench;
    const { lengths, sweepStarts, sweepClipSeconds } = profile;
    const clips = sweepStarts.map((start, i) => givenClip(i + 1, [[start, start + sweepClipSeconds]]));
    const seen = new Map<number, { bytes: number[]; render: number[]; rss: number[] }>();
    for (let turn = 0; turn < profile.pairs.sweep; turn++)
      for (const minutes of lengths) {
        const source = await fixtures.source(minutes);
        say(`turn ${turn + 1} of ${profile.pairs.sweep}: ${minutes} minutes`);
        origin.reset();
        const run = await runOurs({ profile, dir, signal, clips, url: origin.address(source.mp4) });
        const { bytes = [], render = [], rss = [] } = seen.get(minutes) ?? {};
        seen.set(minutes, {
          // what is heard grows with the source; the index is counted with the pictures
          bytes: [
            ...bytes,
            origin.asked().bytes - run.soundBytes + (await indexBytes(join(fixtures.dir, source.mp4))),
          ],
          ...{ render: [...render, run.render], rss: [...rss, run.peakRss] },
        });
      }
    const points = (of: "bytes" | "render" | "rss") =>
      Array.from(seen, ([x, all]) => ({ x, y: median(all[of]) }));
    const over = `from ${lengths[0]} to ${lengths.at(-1)} minutes, the same ${clips.length} clips`;
    const recognition = await recognitionOf(bench);
    return {
      figures: [
        slope("scale.bytes", `exponent of bytes without the sound's ${over}`, points("bytes")),
        slope("scale.render", `exponent of the RENDER stage's CPU ${over}`, points("render")),
        slope("scale.rss", `exponent of peak memory ${over}`, points("rss")),
        ...recognition.figures,
      ],
      series: {
        "MB fetched without the sound's, by minutes of source": points("bytes").map(({ x, y }) => ({
          x,
          y: y / 1e6,
        })),
        "CPU seconds of RENDER, by minutes of source": points("render"),
        "MB of peak memory, by minutes of source": points("rss").map(({ x, y }) => ({ x, y: y / 1e6 })),
        ...recognition.series,
      },
    };
  },
};

/** What of an MP4 file is neither picture nor sound, less the rows of its index that are fetched only where they are needed. */
async function indexBytes(path: string): Promise<number> {
  await using file = await open(path);
  const { size } = await file.stat();
  const read = async (from: number, to: number) =>
    (await file.read(Buffer.alloc(to - from), 0, to - from, from)).buffer;
  let bytes = 0;
  for (let at = 0; at < size; ) {
    const box = boxHeader(await read(at, at + HEADER_BYTES), 0, size - at);
    const { late } = box.type === "moov" ? await readMoov({ bytes: read }, at, box.size) : { late: [] };
    bytes += box.type === "mdat" ? box.header : box.size;
    bytes -= bytesIn(late.map(({ from, to }) => [from, to]));
    at += box.size;
  }
  return bytes;
}

/** Recognition by whatever this machine has, over growing lengths of speech. */
async function recognitionOf({ profile, signal, dir, fixtures, origin, say }: Bench): Promise<Found> {
  if (profile.recognition.length === 0) return { figures: [] };
  const points: { x: number; y: number }[] = [];
  const heardBy = new Set<string | null>();
  for (const minutes of profile.recognition) {
    say(`${minutes} minutes of speech`);
    const source = await fixtures.source(minutes);
    const run = await runOurs({
      ...{ profile, dir, signal, url: origin.address(source.mp4), hear: true },
      ...{ clips: [givenClip(1, [[5, 7]])], env: { ...CHEAP, TRANSCRIBER: "auto" } },
    });
    heardBy.add(run.transcriber);
    points.push({ x: minutes, y: run.stages.TRANSCRIPT ?? 0 });
  }
  const what = "exponent of recognition's CPU with the length of speech";
  const figure = slope("scale.recognition", what, points);
  const note = `by ${[...heardBy].join(", ")}, ${profile.recognition.join(" and ")} minutes`;
  const nobody = heardBy.has("none") || heardBy.has(null);
  return {
    figures: [
      nobody
        ? { ...figure, value: null, note: "there is no recogniser on this machine" }
        : { ...figure, note },
    ],
    ...(!nobody && { series: { "CPU seconds of recognition, by minutes of speech": points } }),
  };
}

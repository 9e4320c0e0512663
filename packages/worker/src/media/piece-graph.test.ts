import { expect, test } from "vitest";
import type { FetchedSource } from "../stage.ts";
import type { ClipPlan } from "./clip-args.ts";
import type { Piece } from "./clip-timeline.ts";
import { findTools, runFfmpeg, type Tools } from "./ffmpeg.ts";
import { piecesGraph } from "./piece-graph.ts";

const window = { x: 100, y: 0, w: 102, h: 180 };
const rest = (firstFrame: number, endFrame: number, own = window): Piece => ({
  ...{ stretch: 0, firstFrame, endFrame, layout: "crop", window: own, reason: "face" },
});
const closer = { x: 30, y: 40, w: 68, h: 120 };
const pieces: Piece[] = [
  rest(0, 3),
  rest(3, 7, { ...window, x: 12 }),
  rest(7, 10, closer),
  {
    ...rest(10, 14),
    way: {
      region: { x: 100, y: 0, w: 162, h: 180 },
      scaled: { width: 172, height: 192 },
      keypoints: [
        { frame: 0, x: 0, y: 0 },
        { frame: 3, x: 60, y: 0 },
      ],
    },
  },
  rest(14, 16, closer),
  { ...rest(16, 18), layout: "fit", window: { x: 0, y: 0, w: 320, h: 180 } },
  { ...rest(18, 20, closer), layout: "split", lower: { ...closer, x: 200 } },
  // another stretch begins
  { ...rest(0, 4, closer), stretch: 1 },
  { ...rest(4, 8), stretch: 1 },
];
const plan = {
  source: { info: { video: { sar: 1, width: 320, height: 180 } } } as FetchedSource,
  ...{ width: 108, height: 192, captionTop: 120, colours: "bt709" },
} as ClipPlan;

const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => undefined);

/** The pictures that come out of the pieces of a moving test picture, each by its digest. */
async function shown(tools: Tools, own: Piece[]): Promise<string[]> {
  const { filters, outs } = piecesGraph({ ...plan, pieces: own });
  const stretches = [...new Set(own.map(({ stretch }) => stretch))].map((stretch) => {
    const ins = own.flatMap((piece, i) => (piece.stretch === stretch ? [`[in${i}]`] : []));
    const picture = `testsrc2=s=320x180:r=30:d=1,format=yuv420p,hue=h=${90 * stretch}`;
    return `${picture},split=${ins.length}${ins.join("")}`;
  });
  const joined = `${outs.join("")}concat=n=${outs.length}:v=1:a=0[all]`;
  let text = "";
  await runFfmpeg(tools, {
    args: [
      ...["-filter_complex", [...stretches, ...filters, joined].join(";"), "-map", "[all]"],
      ...["-fps_mode", "passthrough", "-f", "framemd5", "pipe:1"],
    ],
    signal: new AbortController().signal,
    onData: (chunk) => {
      text += chunk;
    },
  });
  return text.split("\n").flatMap((line) => (/^\d/.test(line) ? [line.split(",").at(-1)?.trim() ?? ""] : []));
}

test.skipIf(!tools)(
  "windows at rest that follow one another share a scaler, whatever their sizes and stretches, and show what each shows by itself (needs ffmpeg)",
  async () => {
    if (!tools) return;
    const { filters, outs } = piecesGraph({ ...plan, pieces });
    expect(outs).toEqual(["[out0]", "[out3]", "[out4]", "[out5]", "[out6]", "[out7]"]);
    expect(filters.filter((one) => /scale=108:192:flags=bicubic/.test(one))).toHaveLength(3);

    const together = await shown(tools, pieces);
    const alone = [];
    for (const piece of pieces) alone.push(...(await shown(tools, [piece])));
    expect(together).toHaveLength(28);
    expect(together).toEqual(alone);
    expect(new Set(together).size).toBeGreaterThan(20);
  },
);

import type { Face } from "../../../packages/worker/src/frame/blazeface.ts";
import type { FaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import type { Picture } from "../../../packages/worker/src/frame/picture.ts";
import { runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { squareSize } from "../../../packages/worker/src/media/probe.ts";
import type { FetchedSource } from "../../../packages/worker/src/stage.ts";
import { partInside, type View } from "./framing-track.ts";
import type { Box } from "./scenes.ts";

/** A picture of the upright source in its own size, and the faces that the detector finds in it. */
export interface SourceLook {
  seconds: number;
  picture: Picture;
  faces: Face[];
}

export const LOOKS_PER_SECOND = 5;

/** Looks at a source at 5 pictures a second. */
export async function lookAtSource(
  tools: Tools,
  source: FetchedSource,
  finder: FaceFinder,
  signal: AbortSignal,
): Promise<SourceLook[]> {
  const { width, height } = squareSize(source.info.video);
  const bytes = (width * height * 3) / 2;
  let waiting = Buffer.alloc(0);
  const pictures: Picture[] = [];
  await runFfmpeg(tools, {
    args: [
      ...["-threads", "1", "-i", source.file, "-map", "0:v:0", "-vf"],
      `fps=${LOOKS_PER_SECOND}:round=up:start_time=0,scale=${width}:${height}:flags=area,setsar=1,format=yuv420p`,
      ...["-f", "rawvideo", "pipe:1"],
    ],
    ...{ signal, threads: 1 },
    onData(chunk: Buffer) {
      waiting = Buffer.concat([waiting, chunk]);
      for (; waiting.length >= bytes; waiting = waiting.subarray(bytes))
        pictures.push({ width, height, data: Uint8Array.from(waiting.subarray(0, bytes)) });
    },
  });
  const looks: SourceLook[] = [];
  for (const [i, picture] of pictures.entries())
    looks.push({ seconds: i / LOOKS_PER_SECOND, picture, faces: await closely(finder, picture) });
  return looks;
}

/** The finder leaves pictures out to save time; asked four times it has looked with all that it has. */
async function closely(finder: FaceFinder, picture: Picture): Promise<Face[]> {
  for (let time = 0; time < 4; time++) {
    const faces = await finder.find(picture);
    if (faces && faces.length > 0) return faces;
  }
  return [];
}

/** How many pictures of a source show a face, and in how many of them the clip shows none. */
export async function countEmpty(
  looks: readonly SourceLook[],
  views: readonly View[],
  fps: number,
  finder: FaceFinder,
): Promise<{ faces: number; empty: number }> {
  const counts = { faces: 0, empty: 0 };
  for (const { seconds, picture, faces } of looks) {
    const view = views[Math.round(seconds * fps)];
    if (!view || faces.length === 0) continue;
    counts.faces++;
    if (view.layout === "fit") continue; // the very same picture
    let found = false;
    for (const window of view.windows) {
      // what none of the source's faces touches shows none either
      if (!found && faces.some((face) => partInside(face, window) > 0.1))
        found = (await closely(finder, cutOut(picture, window))).length > 0;
    }
    if (!found) counts.empty++;
  }
  return counts;
}

/** A part of a picture, on even pixels. */
function cutOut({ width, height, data }: Picture, window: Box): Picture {
  const even = (length: number) => 2 * Math.round(length / 2);
  const [w, h] = [
    Math.min(width, Math.max(2, even(window.w))),
    Math.min(height, Math.max(2, even(window.h))),
  ];
  const x = Math.max(0, Math.min(width - w, even(window.x)));
  const y = Math.max(0, Math.min(height - h, even(window.y)));
  const out = new Uint8Array((w * h * 3) / 2);
  const plane = (from: number, stride: number, to: number, by: number) => {
    for (let row = 0; row < h / by; row++) {
      const start = from + (y / by + row) * stride + x / by;
      out.set(data.subarray(start, start + w / by), to + (row * w) / by);
    }
  };
  plane(0, width, 0, 1);
  plane(width * height, width / 2, w * h, 2);
  plane((width * height * 5) / 4, width / 2, (w * h * 5) / 4, 2);
  return { width: w, height: h, data: out };
}

import { EdlClip } from "@kangklip/contract";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { probeMedia } from "../../../packages/worker/src/media/probe.ts";
import type { FetchedSource } from "../../../packages/worker/src/stage.ts";
import { type Scene, wordsOf } from "./scenes.ts";

export async function openSource(tools: Tools, file: string, signal: AbortSignal): Promise<FetchedSource> {
  const info = await probeMedia(tools, file, signal);
  if (!info.video) throw new Error(`${file} has no picture`);
  const rest = { title: null, url: null, meta: {}, captions: null, fetchedBytes: 0, sha256: "" };
  return { file, info: { ...info, video: info.video }, ...rest };
}

/** A whole scene as one clip. */
export const clipOf = (scene: Pick<Scene, "seconds" | "turns">): EdlClip =>
  EdlClip.parse({
    ...{ index: 1, title: "A scene", hook: "" },
    segments: [{ start: 0, end: scene.seconds, text: "" }],
    words: wordsOf(scene),
  });

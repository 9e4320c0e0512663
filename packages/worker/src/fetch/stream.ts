import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import type { FetchedSource, StageContext } from "../stage.ts";
import type { Fetcher } from "./fetcher.ts";
import { type LocalTrack, localTrack, muxTracks } from "./mux.ts";
import { inOrder, joinParts, type StreamPlan, type Track } from "./parts.ts";
import { downloaded } from "./progress.ts";
import { sniff } from "./sniff.ts";
import { joinVtt } from "./webvtt.ts";

const MAX_RUNS = 1000;
const MAX_CAPTION_BYTES = 8 << 20;
/**
 * Fetches a stream piece by piece and muxes it, copied as it is, into `source.mkv`. ffmpeg reads local files only.
 * @throws KangKlipError as `joinParts` does; SOURCE_UNREADABLE where the pieces are no media or do not fit together.
 */
export async function fetchStream(
  { dir, tools, signal, progress, log }: StageContext,
  fetcher: Fetcher,
  plan: StreamPlan,
): Promise<{ file: string; captions: FetchedSource["captions"] }> {
  const scratch = join(dir, ".part-stream");
  const tracks = plan.audio ? [plan.video, plan.audio] : [plan.video];
  const pieces = tracks.flatMap(({ runs }) => runs.flatMap(({ parts }) => parts)).length;
  let [bytes, done] = [0, 0];
  const onMore = (moreBytes: number, morePieces: number) => {
    bytes += moreBytes;
    done += morePieces;
    progress(...downloaded(bytes, done > 0 ? (bytes / done) * pieces : null, true));
  };
  try {
    await mkdir(scratch, { recursive: true });
    const local: LocalTrack[] = [];
    for (const [index, track] of tracks.entries())
      local.push(await saveTrack({ tools, signal }, fetcher, track, join(scratch, `track${index}`), onMore));
    const captions = await captionsOf(
      fetcher,
      plan,
      Math.min(...local.map(({ startSeconds }) => startSeconds)),
    ).catch((error) => {
      if (!(error instanceof KangKlipError)) throw error;
      log("captions_skipped", { reason: error.message }); // the video is worth having without them
      return null;
    });
    progress(1, "Joining picture and sound");
    return { file: await muxTracks({ dir, tools, signal }, local), captions };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function saveTrack(
  { tools, signal }: Pick<StageContext, "tools" | "signal">,
  fetcher: Fetcher,
  { runs, offsetSeconds }: Track,
  path: string,
  onMore: (bytes: number, pieces: number) => void,
): Promise<LocalTrack> {
  if (runs.length > MAX_RUNS)
    throw new KangKlipError("SOURCE_UNSUPPORTED", "The stream is cut into too many separate pieces");
  const names = runs.map((_, index) => `${path}-${index}.media`);
  for (const [index, { parts }] of runs.entries()) {
    const file = names[index] as string;
    await joinParts(fetcher, parts, file, onMore);
    await refuseOther(file);
  }
  const [first = ""] = names;
  const track = await localTrack({ tools, signal }, first, offsetSeconds);
  if (names.length === 1) return track;
  const list = `${path}.txt`;
  const lines = names.map((name, index) => [
    `file ${name.slice(name.lastIndexOf("/") + 1)}`, // a name of ours, relative to the list: what `-safe 1` allows
    ...(runs[index]?.durationSeconds ? [`duration ${runs[index].durationSeconds.toFixed(6)}`] : []),
  ]);
  await writeFile(list, ["ffconcat version 1.0", ...lines.flat(), ""].join("\n"));
  return { ...track, file: list, isList: true };
}

/** A piece that is a playlist or a page must not reach ffmpeg, which believes contents rather than names. */
export async function refuseOther(file: string): Promise<void> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
  const { kind } = sniff(buffer.subarray(0, bytesRead));
  if (kind !== "media" && kind !== "sound")
    throw new KangKlipError("SOURCE_UNREADABLE", "The parts of the stream are not media that can be read");
}

/** What the stream says in words, on the clock of its pictures, which begin at `zeroSeconds`. */
export async function captionsOf(
  fetcher: Fetcher,
  { captions }: StreamPlan,
  zeroSeconds: number,
): Promise<FetchedSource["captions"]> {
  if (!captions || captions.parts.some(({ range, key }) => range || key)) return null;
  const texts: string[] = [];
  let size = 0;
  for await (const { text } of inOrder(captions.parts, 4, ({ address }) =>
    fetcher.text(address, MAX_CAPTION_BYTES),
  )) {
    size += text.length;
    if (size > MAX_CAPTION_BYTES) return null;
    if (!/^\uFEFF?WEBVTT/.test(text)) return null;
    texts.push(text);
  }
  return { text: joinVtt(texts, zeroSeconds), format: "vtt", language: captions.language, automatic: false };
}

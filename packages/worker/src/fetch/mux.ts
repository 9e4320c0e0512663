import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { LOCAL_INPUT, runFfmpeg } from "../media/ffmpeg.ts";
import { type MediaInfo, probeMedia } from "../media/probe.ts";
import type { StageContext } from "../stage.ts";

/** Picture and sound of one stream begin together; a larger difference means clocks that have nothing to do with each other. */
const MAX_DELAY_SECONDS = 5;

/** The picture or the sound on disk. */
export interface LocalTrack {
  /** A media file, or a list of them for ffmpeg's concat demuxer. */
  file: string;
  isList: boolean;
  container: string;
  /** The presentation's clock at its first sample. */
  startSeconds: number;
  /** The file's own. */
  ownStartSeconds: number;
}

/** Looks into a media file. `offsetSeconds`: media time at which the presentation begins. @throws KangKlipError SOURCE_UNREADABLE */
export async function localTrack(
  { tools, signal }: Pick<StageContext, "tools" | "signal">,
  file: string,
  offsetSeconds = 0,
): Promise<LocalTrack> {
  return trackOf(file, await probeMedia(tools, file, signal), offsetSeconds);
}

/** The same of a file that has been looked into. */
export function trackOf(
  file: string,
  { container, startSeconds }: MediaInfo,
  offsetSeconds: number,
): LocalTrack {
  const times = { startSeconds: startSeconds - offsetSeconds, ownStartSeconds: startSeconds };
  return { file, isList: false, container, ...times };
}

/**
 * Puts picture and sound, copied as they are, into `source.mkv` of the attempt's folder. Matroska, for it takes every codec.
 * @param output another path @param hasHoles a track does not hold all of its pieces: what is there gets the times that it has among all of them
 * @returns its path. @throws KangKlipError SOURCE_UNREADABLE where they do not fit together.
 */
export async function muxTracks(
  { dir, tools, signal }: Pick<StageContext, "dir" | "tools" | "signal">,
  tracks: readonly LocalTrack[],
  { output = join(dir, "source.mkv"), hasHoles = false } = {},
): Promise<string> {
  const fileBytes = Number.POSITIVE_INFINITY; // it copies what has passed the limit on fetched bytes
  await runFfmpeg(tools, { args: muxArgs(tracks, hasHoles), output, signal, fileBytes }).catch((cause) => {
    if (!(cause instanceof KangKlipError) || cause.code !== "RENDER_FAILED") throw cause;
    throw new KangKlipError("SOURCE_UNREADABLE", "The parts of the stream do not fit together", { cause });
  });
  return output;
}

/**
 * ffmpeg counts every input from 0, so the later one is put back by its distance, unless the clocks cannot be compared
 * (another container, packed audio). With `-copyts` it neither counts from 0 nor takes a hole for a clock that jumps. Pure.
 */
function muxArgs(tracks: readonly LocalTrack[], hasHoles: boolean): string[] {
  const [video, audio] = tracks;
  const distance =
    video && audio && video.container === audio.container ? audio.startSeconds - video.startSeconds : 0;
  const delay = Math.abs(distance) > MAX_DELAY_SECONDS ? 0 : distance;
  const delays = [Math.max(0, -delay), Math.max(0, delay)];
  const inputs = tracks.flatMap(({ file, isList, ownStartSeconds }, index) => [
    ...(isList ? listInput() : LOCAL_INPUT),
    "-fflags",
    "+genpts",
    "-itsoffset",
    ((delays[index] ?? 0) - (hasHoles ? ownStartSeconds : 0)).toFixed(6),
    "-i",
    file,
  ]);
  const maps = ["-map", "0:v:0", "-map", audio ? "1:a:0" : "0:a:0?"];
  return [
    ...(hasHoles ? ["-copyts"] : []),
    ...inputs,
    ...maps,
    "-c",
    "copy",
    "-map_metadata",
    "-1",
    "-dn",
    "-sn",
  ];
}

/** The concat demuxer passes the format list on to the files that it names. */
function listInput(): string[] {
  const [protocols = "", allowed = "", formats = "", names = ""] = LOCAL_INPUT;
  return [protocols, allowed, formats, `concat,${names}`, "-f", "concat"];
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type JobSpec, KangKlipError } from "@kangklip/contract";
import { runFfprobe } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, StageContext } from "../stage.ts";

/** A clip may be this much shorter than was asked for. */
const SHORTEST_CLIP = 0.8;
/** How much may be missing at the end: headers round, and sound may end before the picture. */
const TOLERANCE = 0.02;
/** Far enough back for a key frame in any ordinary file. */
const TAIL_SECONDS = 20;
/** The last picture may stand for as long without being repeated. */
const STILL_SECONDS = 1;
/** Less is an icon or a trick. */
const SMALLEST_SIDE = 16;
const MAX_BOXES = 100_000;
/** Reading the packets of 8 GB from a slow disk. */
const PACKETS_MS = 10 * 60_000;

/**
 * Whether a source of this length can give what the job asks for.
 * @throws KangKlipError SOURCE_TOO_SHORT, SOURCE_TOO_LONG, with the length in the sentence.
 */
export function checkLength(
  durationSeconds: number,
  {
    clip_duration_seconds: wanted,
    fetch_policy: { max_seconds },
  }: Pick<JobSpec, "clip_duration_seconds" | "fetch_policy">,
): void {
  const seconds = Math.round(durationSeconds * 10) / 10;
  const needed = wanted * SHORTEST_CLIP;
  if (durationSeconds < needed)
    throw new KangKlipError(
      "SOURCE_TOO_SHORT",
      `The video is ${seconds} s long; a clip of ${wanted} s needs at least ${needed} s`,
    );
  if (durationSeconds > max_seconds)
    throw new KangKlipError(
      "SOURCE_TOO_LONG",
      `The video is ${Math.ceil(durationSeconds / 60)} minutes long; ${Math.floor(max_seconds / 60)} are allowed here`,
    );
}

/**
 * Looks into a fetched file and makes sure that it has a picture, a length, and an end.
 * @param known where picture and sound end, of a file that has its index but not all of its packets; undefined: they are read
 * @returns the probe, its duration measured where the header has none or promises more than there is.
 * @throws KangKlipError SOURCE_UNREADABLE, SOURCE_TRUNCATED, NO_VIDEO, SOURCE_TOO_SHORT, SOURCE_TOO_LONG
 */
export async function checkMedia(
  { tools, signal, job }: Pick<StageContext, "tools" | "signal" | "job">,
  file: string,
  known?: Ends,
): Promise<FetchedSource["info"]> {
  const boxes = known ? null : await mp4Boxes(file);
  const probed = await probeMedia(tools, file, signal).catch((error) => {
    if (boxes && error instanceof KangKlipError && (boxes.isCut || !boxes.hasIndex))
      throw truncated({ cause: error });
    throw error;
  });
  const { video } = probed;
  if (!video && !probed.audio)
    throw new KangKlipError("SOURCE_UNREADABLE", "The file has neither picture nor sound");
  if (!video) throw new KangKlipError("NO_VIDEO", "The file has no picture");
  const info = { ...probed, video };
  const said = known?.said ?? probed.durationSeconds;
  const isSaid = Number.isFinite(said) && said > 0;
  if (Math.min(video.width, video.height) < SMALLEST_SIDE)
    throw new KangKlipError(
      "SOURCE_UNREADABLE",
      `The picture is ${video.width} x ${video.height} pixels small`,
    );
  const from = isSaid ? probed.startSeconds + said - TAIL_SECONDS : 0;
  const ends = known ?? (await lastPackets({ tools, signal }, file, from));
  const measured = ends.any - probed.startSeconds;
  if (!(measured > 0) || Number.isNaN(ends.picture))
    throw new KangKlipError("SOURCE_UNREADABLE", "The file has no pictures that can be read");
  const missing = isSaid ? said - measured : 0;
  if (missing > Math.max(1, said * TOLERANCE)) throw truncated({ said, measured });
  info.durationSeconds = isSaid ? Math.min(said, measured) : measured;
  const picture = ends.picture - probed.startSeconds;
  if (picture < info.durationSeconds - STILL_SECONDS) info.durationSeconds = picture; // sound alone is no clip
  checkLength(info.durationSeconds, job);
  return info;
}

function truncated({
  said,
  measured,
  cause,
}: {
  said?: number;
  measured?: number;
  cause?: unknown;
}): KangKlipError {
  const lengths =
    said && measured
      ? `: it says that it is ${said.toFixed(1)} s long, but ends after ${measured.toFixed(1)} s`
      : "";
  return new KangKlipError("SOURCE_TRUNCATED", `The file ends before it should${lengths}`, { cause });
}

/** Ends of streams, seconds on the file's own clock; NaN where there is none. */
export interface Ends {
  /** Of the last picture or sound. */
  any: number;
  picture: number;
  /** What the file would say of its own length if all of it were there (seconds); left out: what it says. */
  said?: number;
}

/** Where picture and sound end. Reads packets, decodes nothing. */
async function lastPackets(
  { tools, signal }: Pick<StageContext, "tools" | "signal">,
  file: string,
  fromSeconds: number,
): Promise<Ends> {
  const interval = fromSeconds > 0 ? ["-read_intervals", `${fromSeconds.toFixed(3)}%`] : [];
  const entries = ["-show_entries", "packet=codec_type,pts_time,duration_time", "-of", "compact=p=0:nk=0"];
  const ends: Ends = { any: Number.NaN, picture: Number.NaN };
  const onLine = (line: string) => {
    const [, kind] = /codec_type=(\w+)/.exec(line) ?? [];
    const [, at] = /pts_time=(-?[\d.]+)/.exec(line) ?? [];
    const [, length] = /duration_time=([\d.]+)/.exec(line) ?? [];
    if ((kind !== "video" && kind !== "audio") || at === undefined) return;
    const end = Number(at) + Number(length ?? 0);
    if (!(end <= ends.any)) ends.any = end;
    if (kind === "video" && !(end <= ends.picture)) ends.picture = end;
  };
  // what cannot be read any further has ended there
  await runFfprobe(tools, {
    args: [...interval, ...entries, file],
    signal,
    onLine,
    timeoutMs: PACKETS_MS,
  }).catch((error) => {
    if (!(error instanceof KangKlipError && error.code === "SOURCE_UNREADABLE")) throw error;
  });
  // nothing near the promised end: look at all of it
  return Number.isNaN(ends.picture) && fromSeconds > 0 ? lastPackets({ tools, signal }, file, 0) : ends;
}

/** The top-level boxes of an MP4 (ISO/IEC 14496-12): null for another kind of file. */
export async function mp4Boxes(file: string): Promise<{ hasIndex: boolean; isCut: boolean } | null> {
  const { size } = await stat(file);
  await using handle = await open(file);
  const header = Buffer.alloc(16);
  let hasIndex = false;
  let at = 0;
  for (let count = 0; at < size && count < MAX_BOXES; count++) {
    const { bytesRead } = await handle.read(header, 0, 16, at);
    const name = header.toString("latin1", 4, 8);
    if (count === 0 && !/^(ftyp|moov|moof|mdat|free|skip|wide|pnot|styp|sidx)$/.test(name)) return null;
    if (bytesRead < 8) return { hasIndex, isCut: true };
    const short = header.readUInt32BE(0);
    const length = short === 1 ? Number(header.readBigUInt64BE(8)) : short === 0 ? size - at : short;
    if (length < 8 || at + length > size) return { hasIndex, isCut: true };
    if (name === "moov") hasIndex = true;
    at += length;
  }
  return { hasIndex, isCut: false };
}

/** sha256 of a file, hex. */
export async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest("hex");
}

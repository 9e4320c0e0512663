import { type FileHandle, open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { checkLength } from "../fetch/checks.ts";
import { embeddedTitle, nameInDisposition, titleOfAddress, titleOfFile } from "../fetch/title.ts";
import { runFfprobe, type Tools } from "../media/ffmpeg.ts";
import { type MediaInfo, probeMedia } from "../media/probe.ts";
import type { Look } from "./look.ts";
import { factsOf, mp4Head } from "./mp4-head.ts";
import { left, place, type Remote } from "./remote.ts";
import { frameAt } from "./thumbnail.ts";

/** What is read of a file that has its index in its data. */
const BEGINNING_BYTES = 3_000_000;
/** The end of a transport stream, where its last time is. */
const END_BYTES = 400_000;
/** A key frame of 8K. */
const MOST_FRAME_BYTES = 3_000_000;
/** Where the picture is taken, of the length. */
const AT = 0.1;
/** Less is an icon or a trick (fetch/checks.ts). */
const SMALLEST_SIDE = 16;

type Extension = "mp4" | "mkv" | "webm" | "ts" | "avi" | "flv" | "ogg";

/**
 * Looks into a media file by its headers and a few ranges.
 * @throws KangKlipError NO_VIDEO, SOURCE_UNREADABLE, SOURCE_TRUNCATED, SOURCE_TOO_SHORT, SOURCE_TOO_LONG, as the job would
 */
export async function lookAtFile(look: Look, remote: Remote, extension: Extension): Promise<void> {
  const { preview, signal, tools } = look;
  const byName = titleOfFile(nameInDisposition(remote.headers["content-disposition"]));
  preview.title = byName ?? titleOfAddress(remote.url);
  preview.size_bytes = remote.total;
  preview.has_captions = false;
  const file = join(look.dir, `source.${extension}`);
  const found =
    extension === "mp4" ? await mp4(look, remote, file) : await other(look, remote, file, extension);
  if (preview.seconds === null) preview.notices.push("How long it is can only be told once it is here.");
  if (!found || byName) return;
  preview.title = (await embeddedTitle(tools, file, signal)) ?? preview.title;
}

/** An MP4 with its index, wherever it lies, in a local file that is empty elsewhere. @returns whether ffprobe can read the file */
async function mp4(look: Look, remote: Remote, file: string): Promise<boolean> {
  const { preview, tools, signal } = look;
  await using handle = await open(file, "w+");
  // without ranges there is only what comes first
  if (!remote.hasRanges) await remote.more(BEGINNING_BYTES);
  await place(handle, remote.head(), 0);
  const head = await mp4Head(remote, (bytes, at) => place(handle, bytes, at));
  if (!head) return false;
  if (head.isFragmented) {
    preview.seconds = plausible(factsOf(head.moov).seconds);
    return other(look, remote, file, "mp4");
  }
  if (!head.isWhole) {
    Object.assign(preview, factsOf(head.moov));
    checkSeconds(look, preview.seconds);
    return false;
  }
  if (remote.total !== null) await truncate(file, remote.total);
  const info = await probed(look, file);
  preview.seconds = plausible(info.durationSeconds);
  checkSeconds(look, preview.seconds);
  // near its beginning where the better one cannot be had
  for (const seconds of [AT * (preview.seconds ?? 0), 0]) {
    const frame = await keyFrameNear({ tools, signal }, file, info, seconds);
    if (!frame || !(await fetched(look, remote, handle, frame))) continue;
    // a thousandth further: times are rounded
    preview.thumbnail = await frameAt(look, file, info.video, frame.seconds - info.startSeconds + 0.001);
    break;
  }
  return true;
}

interface KeyFrame {
  pos: number;
  size: number;
  seconds: number;
}

/** Whether the bytes of a frame are in the local file now. */
async function fetched(
  { fetcher }: Look,
  remote: Remote,
  handle: FileHandle,
  { pos, size }: KeyFrame,
): Promise<boolean> {
  if (pos + size <= remote.head().length) return true;
  if (!remote.hasRanges || size > Math.min(MOST_FRAME_BYTES, left(fetcher))) return false;
  await place(handle, await remote.read(pos, size), pos);
  return true;
}

const Packets = z.object({
  packets: z.array(z.object({ pts_time: z.string(), pos: z.string(), size: z.string() })).min(1),
});

/** Where the key frame at or before a time lies: from the index alone. */
async function keyFrameNear(
  { tools, signal }: { tools: Tools; signal: AbortSignal },
  file: string,
  { video, startSeconds }: MediaInfo & { video: NonNullable<MediaInfo["video"]> },
  seconds: number,
): Promise<KeyFrame | undefined> {
  const args = [
    ...[
      "-select_streams",
      String(video.index),
      "-read_intervals",
      `${(startSeconds + seconds).toFixed(3)}%+#1`,
    ],
    ...["-show_entries", "packet=pts_time,pos,size", "-of", "json", file],
  ];
  const said = await runFfprobe(tools, { args, signal }).catch(() => "{}");
  signal.throwIfAborted();
  const [packet] = Packets.safeParse(jsonOf(said)).data?.packets ?? [];
  const [pos, size, at] = [Number(packet?.pos), Number(packet?.size), Number(packet?.pts_time)];
  return pos >= 0 && size > 0 && Number.isFinite(at) ? { pos, size, seconds: at } : undefined;
}

/** A file whose beginning says what it is. @returns true: ffprobe has read it */
async function other(look: Look, remote: Remote, file: string, extension: Extension): Promise<boolean> {
  const { preview } = look;
  const bytes = await remote.more(BEGINNING_BYTES);
  await writeFile(file, bytes);
  const isWhole = remote.total !== null ? bytes.length >= remote.total : bytes.length < BEGINNING_BYTES;
  const info = await probed(look, file);
  const seconds =
    isWhole || SAYS_LENGTH.includes(extension)
      ? plausible(info.durationSeconds)
      : extension === "ts"
        ? await lengthByEnd(look, remote, info)
        : null;
  preview.seconds ??= seconds;
  checkSeconds(look, preview.seconds);
  const most = isWhole ? Number.POSITIVE_INFINITY : 3; // so much of the beginning is there, as a rule
  const at = Math.min(AT * (preview.seconds ?? 10), most);
  preview.thumbnail =
    (await frameAt(look, file, info.video, at)) ?? (await frameAt(look, file, info.video, 0));
  return true;
}

/** Their headers hold it; of the others ffprobe would tell the length of the beginning. */
const SAYS_LENGTH = ["mkv", "webm", "avi", "flv"];

/** From the first time of a transport stream to its last. */
async function lengthByEnd(look: Look, remote: Remote, first: MediaInfo): Promise<number | null> {
  const { total } = remote;
  if (total === null || !remote.hasRanges || left(look.fetcher) < END_BYTES) return null;
  const file = join(look.dir, "end.ts");
  await writeFile(file, await remote.read(Math.max(0, total - END_BYTES), Math.min(total, END_BYTES)));
  const last = await probeMedia(look.tools, file, look.signal).catch(() => undefined);
  look.signal.throwIfAborted();
  return last ? plausible(last.startSeconds + last.durationSeconds - first.startSeconds) : null;
}

/** @throws KangKlipError NO_VIDEO, SOURCE_UNREADABLE */
export async function probed(
  { preview, tools, signal }: Look,
  file: string,
): Promise<MediaInfo & { video: NonNullable<MediaInfo["video"]> }> {
  const info = await probeMedia(tools, file, signal);
  const { video } = info;
  if (!video && !info.audio)
    throw new KangKlipError("SOURCE_UNREADABLE", "The file has neither picture nor sound");
  if (!video) throw new KangKlipError("NO_VIDEO", "The file has no picture");
  if (Math.min(video.width, video.height) < SMALLEST_SIDE)
    throw new KangKlipError(
      "SOURCE_UNREADABLE",
      `The picture is ${video.width} x ${video.height} pixels small`,
    );
  preview.width = video.width;
  preview.height = video.height;
  return { ...info, video };
}

/** The shortest clip that can be asked for (seconds). */
const SHORTEST_CLIP = 30;

/** @throws KangKlipError SOURCE_TOO_SHORT for any job, SOURCE_TOO_LONG */
export function checkSeconds({ policy }: Look, seconds: number | null): void {
  if (seconds !== null) checkLength(seconds, { clip_duration_seconds: SHORTEST_CLIP, fetch_policy: policy });
}

/** A length that a file may have; a hostile one says anything. Pure. */
export const plausible = (seconds: number | null): number | null =>
  seconds !== null && Number.isFinite(seconds) && seconds > 0 && seconds < 1e7
    ? Math.round(seconds * 1000) / 1000
    : null;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

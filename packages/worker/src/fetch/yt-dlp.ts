import { readdir, rename, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, StageContext } from "../stage.ts";
import { checkLength } from "./checks.ts";
import { type Fetcher, tooLarge } from "./fetcher.ts";
import type { Resolve } from "./guard.ts";
import { localTrack, muxTracks } from "./mux.ts";
import { downloaded } from "./progress.ts";
import { formatsIn, type PageFormats } from "./yt-dlp-formats.ts";
import { checkInfo, chooseSubtitles, type Info, keptInfo, readInfo, sizeOf } from "./yt-dlp-info.ts";
import { BY_HTTP, type Session, withYtDlp, type YtDlp } from "./yt-dlp-session.ts";

const INFO_TIMEOUT_MS = 180_000;
const MAX_CAPTION_BYTES = 8 << 20;
/** Containers that the stages after this one read; the program's file extension is not trusted beyond this list. */
const EXTENSIONS = ["mkv", "mp4", "webm", "mov", "flv", "ts", "avi", "ogg", "m4a", "mp3", "aac", "opus"];

interface PageFacts {
  title: string | null;
  /** The address that yt-dlp gives for the page. */
  pageUrl: string | null;
  meta: Record<string, unknown>;
  captions: FetchedSource["captions"];
  /** Through yt-dlp. */
  fetchedBytes: number;
}

interface PageOptions<T> {
  resolve?: Resolve | undefined;
  /** Fetches what a page's formats hold in another way, or says in plain words why that cannot be done. */
  otherWay?: ((formats: PageFormats) => Promise<T | { reason: string }>) | undefined;
}

interface PageVideo<T> extends PageFacts {
  /** What came of the other way; null: `file` has all of the video. */
  other: T | null;
  file: string | null;
  /** Why the other way could not be gone; null: nobody tried. */
  whyWhole: string | null;
}

/**
 * Has yt-dlp look at a page, then fetch its video where `otherWay` does not: at most 1080 lines, H.264 before others. Every connection of
 * yt-dlp goes through an egress proxy of ours.
 * @throws KangKlipError SOURCE_LIVE, SOURCE_TOO_LONG, SOURCE_TOO_SHORT, SOURCE_TOO_LARGE, NO_VIDEO, SOURCE_REFUSED, as `ytDlpFailure`, or
 * what `otherWay` throws
 */
export async function fetchPage<T extends object = never>(
  context: StageContext,
  fetcher: Fetcher,
  ytDlp: YtDlp,
  address: string,
  { resolve, otherWay }: PageOptions<T> = {},
): Promise<PageVideo<T>> {
  return withYtDlp(context, ytDlp, resolve, async (session) => {
    context.progress(0, "Looking at the page");
    const answer = await lookAt(session, address);
    const { info, isFromList } = readInfo(answer);
    checkInfo(info);
    if (info.duration) checkLength(info.duration, context.job);
    if (isFromList) context.notice("The address is a list of videos; its first one is used.");
    const found = await otherWay?.(formatsIn(answer));
    const why = found && "reason" in found ? found.reason : null;
    const other = found && why === null ? (found as T) : null;
    const file = other ? null : await fetchWhole(context, fetcher, session, info);
    return {
      ...{ other, file, whyWhole: why },
      title: info.title ?? null,
      pageUrl: info.webpage_url ?? null,
      meta: { yt_dlp_version: ytDlp.version, ...keptInfo(info) },
      captions: await captionsOf(context, fetcher, info),
      fetchedBytes: session.proxy.bytes(),
    };
  });
}

/**
 * Asks yt-dlp for a page's formats, and for nothing else.
 * @param options.counted told the bytes that this took @throws as `fetchPage`
 */
export const formatsAt = (
  context: StageContext,
  ytDlp: YtDlp,
  address: string,
  { resolve, counted }: { resolve?: Resolve | undefined; counted: (bytes: number) => void },
): Promise<PageFormats> =>
  withYtDlp(context, ytDlp, resolve, async (session) => {
    try {
      const answer = await lookAt(session, address);
      checkInfo(readInfo(answer).info);
      return formatsIn(answer);
    } finally {
      counted(session.proxy.bytes());
    }
  });

async function lookAt({ ask, scratch }: Session, address: string): Promise<string> {
  const answer = await ask(["-J", "--", address], { timeoutMs: INFO_TIMEOUT_MS });
  await writeFile(join(scratch, INFO_FILE), answer);
  return answer;
}

/** All of it, by yt-dlp, into the attempt's folder. @returns its path */
async function fetchWhole(
  context: StageContext,
  fetcher: Fetcher,
  { ask, scratch, proxy }: Session,
  info: Info,
): Promise<string> {
  const { job, dir } = context;
  const total = sizeOf(info);
  if (total !== null) fetcher.reserve(total);
  const before = { allowed: proxy.allowed(), bytes: proxy.bytes() };
  await ask(["-o", "source.%(ext)s", ...FROM_INFO], { onLine: progressOf(context, total) });
  const picture = await fileOf(scratch, "source", job);
  if (proxy.allowed() === before.allowed) throw wentPast();
  if ((await stat(picture)).size > MOST_GROWTH * (proxy.bytes() - before.bytes) + SPARE_BYTES)
    throw wentPast();
  const file = join(dir, basename(picture));
  if (await lacksSound(context, picture, info)) {
    await ask(["-f", `ba${BY_HTTP}`, "-o", "sound.%(ext)s", ...FROM_INFO]);
    const sound = await fileOf(scratch, "sound", job);
    const tracks = [picture, sound].map((one) => localTrack(context, one));
    return muxTracks(context, await Promise.all(tracks));
  }
  await rename(picture, file);
  return file;
}

/** What a program may make of the bytes that it fetched, by putting them into another container. */
const MOST_GROWTH = 2;
const SPARE_BYTES = 1 << 20;
/** A program that found another way out has fetched what nobody checked. */
const wentPast = () => new KangKlipError("SOURCE_REFUSED", "yt-dlp went past the check of addresses");

const INFO_FILE = "info.json";
/** The page was asked once; asking again costs seconds, and sites that count. */
const FROM_INFO = [
  "--load-info-json",
  INFO_FILE,
  "--newline",
  "--progress",
  "--progress-template",
  "download:KK %(progress.downloaded_bytes)s %(progress.total_bytes)s %(progress.total_bytes_estimate)s",
];

/** Picture and sound come one after the other, each counted from 0. */
function progressOf({ progress }: StageContext, known: number | null): (line: string) => void {
  let [before, last, size] = [0, 0, 0];
  return (line) => {
    const [, bytes, total, estimate] = /^KK (\d+) (\S+) (\S+)$/.exec(line) ?? [];
    if (bytes === undefined) return;
    const now = Number(bytes);
    if (now < last) before += last;
    last = now;
    size = Number(total) || Number(estimate) || size;
    progress(...downloaded(before + now, known ?? (size ? before + size : null), known === null));
  };
}

async function fileOf(dir: string, name: string, { fetch_policy }: StageContext["job"]): Promise<string> {
  const names = (await readdir(dir)).filter((one) => one.startsWith(`${name}.`));
  // it calls it a success when it stops because of --max-filesize
  if (names.length === 0) throw tooLarge(fetch_policy.max_bytes);
  const extension = EXTENSIONS.find((one) => names.includes(`${name}.${one}`));
  if (!extension)
    throw new KangKlipError("SOURCE_UNSUPPORTED", "yt-dlp fetched nothing that can be read as a video");
  return join(dir, `${name}.${extension}`);
}

/** Where a playlist names no codecs, yt-dlp believes that the picture's pieces hold the sound too, and leaves the sound out. */
async function lacksSound(
  { tools, signal }: StageContext,
  file: string,
  { formats }: Info,
): Promise<boolean> {
  if (!formats?.some(({ vcodec, acodec }) => vcodec === "none" && acodec !== "none")) return false;
  return (await probeMedia(tools, file, signal)).audio === null;
}

async function captionsOf(
  { job, log }: StageContext,
  fetcher: Fetcher,
  info: Info,
): Promise<FetchedSource["captions"]> {
  const choice = chooseSubtitles(info, job.language);
  if (!choice) return null;
  try {
    const text = choice.text ?? (await fetcher.text(choice.address ?? "", MAX_CAPTION_BYTES)).text;
    if (!/^\uFEFF?WEBVTT/.test(text)) return null;
    return { text, format: "vtt", language: choice.language || null, automatic: choice.automatic };
  } catch (error) {
    if (!(error instanceof KangKlipError)) throw error;
    log("captions_skipped", { reason: error.message }); // the video is worth having without them
    return null;
  }
}

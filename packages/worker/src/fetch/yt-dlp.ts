import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, StageContext } from "../stage.ts";
import { checkLength } from "./checks.ts";
import { GroupError, type GroupOptions, runGroup } from "./child-group.ts";
import { createEgressProxy, type EgressEntry, type EgressProxy } from "./egress-proxy.ts";
import { type Fetcher, tooLarge } from "./fetcher.ts";
import type { Resolve } from "./guard.ts";
import { localTrack, muxTracks } from "./mux.ts";
import { downloaded } from "./progress.ts";
import { ytDlpFailure } from "./yt-dlp-failure.ts";
import { checkInfo, chooseSubtitles, type Info, keptInfo, readInfo, sizeOf } from "./yt-dlp-info.ts";

const INFO_TIMEOUT_MS = 180_000;
const VERSION_TIMEOUT_MS = 30_000;
const MAX_CAPTION_BYTES = 8 << 20;
/** Since this version another JavaScript engine than deno must be named (yt-dlp/yt-dlp#15012). */
const JS_RUNTIMES_SINCE = "2025.11.12";
/** Containers that the stages after this one read; the program's file extension is not trusted beyond this list. */
const EXTENSIONS = ["mkv", "mp4", "webm", "mov", "flv", "ts", "avi", "ogg", "m4a", "mp3", "aac", "opus"];

/** The program and what it can do. */
export interface YtDlp {
  program: string;
  version: string;
}

/** The operator's yt-dlp or the one on PATH; null where none runs. */
export async function findYtDlp(path: string | undefined, signal: AbortSignal): Promise<YtDlp | null> {
  const program = path ?? "yt-dlp";
  const answer = await runGroup(program, ["--version"], { signal, timeoutMs: VERSION_TIMEOUT_MS }).catch(
    () => null,
  );
  signal.throwIfAborted();
  const [version] = /^\d{4}\.\d{2}\.\d{2}\S*/.exec(answer ?? "") ?? [];
  return version === undefined ? null : { program, version };
}

export interface PageVideo {
  file: string;
  title: string | null;
  /** The address that yt-dlp gives for the page. */
  pageUrl: string | null;
  meta: Record<string, unknown>;
  captions: FetchedSource["captions"];
  fetchedBytes: number;
}

/**
 * Has yt-dlp look at a page, then fetch its video: at most 1080 lines, H.264 before others. Every connection of it goes
 * through an egress proxy of ours. Its folder is gone afterwards, its processes too.
 * @throws KangKlipError SOURCE_LIVE, SOURCE_TOO_LONG, SOURCE_TOO_SHORT, SOURCE_TOO_LARGE, NO_VIDEO, SOURCE_REFUSED, or as `ytDlpFailure`.
 */
export async function fetchPage(
  context: StageContext,
  fetcher: Fetcher,
  ytDlp: YtDlp,
  address: string,
  resolve?: Resolve,
): Promise<PageVideo> {
  const { job, dir, signal, notice } = context;
  const scratch = join(dir, ".part-yt-dlp");
  const proxy = await createEgressProxy(job.fetch_policy, resolve);
  try {
    await mkdir(scratch, { recursive: true });
    const ask = (args: string[], options: Partial<GroupOptions> = {}) =>
      runGroup(ytDlp.program, [...ytDlpArguments(context, ytDlp, proxy), ...args], {
        signal,
        cwd: scratch,
        proxy: proxy.url,
        fileBytes: 1.1 * job.fetch_policy.max_bytes, // what it fetches is counted by the proxy; this holds what it makes of it
        ...options,
      }).catch((error) => {
        signal.throwIfAborted();
        if (proxy.isOver()) throw tooLarge(job.fetch_policy.max_bytes);
        throw proxy.refused() ?? (error instanceof GroupError ? ytDlpFailure(error.stderr) : error);
      });
    context.progress(0, "Looking at the page");
    const answer = await ask(["-J", "--", address], { timeoutMs: INFO_TIMEOUT_MS });
    await writeFile(join(scratch, INFO_FILE), answer);
    const { info, isFromList } = readInfo(answer);
    checkInfo(info);
    if (info.duration) checkLength(info.duration, job);
    if (isFromList) notice("The address is a list of videos; its first one is used.");
    const total = sizeOf(info);
    if (total !== null) fetcher.reserve(total);
    const before = { allowed: proxy.allowed(), bytes: proxy.bytes() };
    await ask(["-o", "source.%(ext)s", ...FROM_INFO], { onLine: progressOf(context, total) });
    const picture = await fileOf(scratch, "source", job);
    if (proxy.allowed() === before.allowed) throw wentPast();
    if ((await stat(picture)).size > MOST_GROWTH * (proxy.bytes() - before.bytes) + SPARE_BYTES)
      throw wentPast();
    let file = join(dir, basename(picture));
    if (await lacksSound(context, picture, info)) {
      await ask(["-f", `ba${BY_HTTP}`, "-o", "sound.%(ext)s", ...FROM_INFO]);
      const sound = await fileOf(scratch, "sound", job);
      file = await muxTracks(
        context,
        await Promise.all([picture, sound].map((one) => localTrack(context, one))),
      );
    } else await rename(picture, file);
    return {
      file,
      title: info.title ?? null,
      pageUrl: info.webpage_url ?? null,
      meta: { yt_dlp_version: ytDlp.version, ...keptInfo(info) },
      captions: await captionsOf(context, fetcher, info),
      fetchedBytes: proxy.bytes(),
    };
  } finally {
    await proxy.close();
    logEgress(context, proxy);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What a program may make of the bytes that it fetched, by putting them into another container. */
const MOST_GROWTH = 2;
const SPARE_BYTES = 1 << 20;
/** A program that found another way out has fetched what nobody checked. */
const wentPast = () => new KangKlipError("SOURCE_REFUSED", "yt-dlp went past the check of addresses");

/** Hosts of the log line; a stream's pieces may come from a hundred. */
const LOGGED_HOSTS = 50;
function logEgress({ log }: StageContext, proxy: EgressProxy): void {
  const hosts = (verdict: EgressEntry["verdict"]) =>
    [...new Set(proxy.entries().flatMap((one) => (one.verdict === verdict ? [one.target] : [])))].slice(
      0,
      LOGGED_HOSTS,
    );
  log("egress", {
    ...{ connections: proxy.allowed(), bytes: proxy.bytes() },
    ...{ allowed: hosts("allowed"), refused: hosts("refused"), failed: hosts("failed") },
  });
}

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

/** Programs that yt-dlp starts for other protocols (rtmpdump, mpv) know no proxy; `checkInfo` makes sure once more. */
const BY_HTTP = "[protocol~='^(https?|m3u8|http_dash|ism|f4m)']";

type YtDlpContext = Pick<StageContext, "settings" | "tools"> & {
  job: Pick<StageContext["job"], "fetch_policy">;
};

/** What every call is given. A yt-dlp.conf on the machine must not change it: it may hold --exec. */
export function ytDlpArguments(
  { job, settings, tools }: YtDlpContext,
  { version }: YtDlp,
  proxy: Pick<EgressProxy, "url">,
): string[] {
  return [
    "--ignore-config",
    "--no-exec",
    "--no-batch-file",
    "--no-playlist",
    ...["--playlist-items", "1"],
    "--no-cache-dir",
    "--no-mtime",
    "--no-warnings",
    "--quiet",
    ...["--socket-timeout", "15"],
    ...["--retries", "3"],
    ...["--fragment-retries", "5"],
    "--abort-on-unavailable-fragment",
    ...["--max-filesize", String(job.fetch_policy.max_bytes)],
    ...["--proxy", proxy.url],
    ...(version >= JS_RUNTIMES_SINCE ? ["--js-runtimes", `node:${process.execPath}`] : []),
    ...(tools.ffmpeg.includes("/") ? ["--ffmpeg-location", tools.ffmpeg] : []),
    ...["-f", `bv*${BY_HTTP}+ba${BY_HTTP}/b${BY_HTTP}/bv*${BY_HTTP}`],
    ...["-S", `res:1080,fps:${Math.max(30, Math.round(settings.renderMaxFps))},vcodec:h264,acodec:aac`],
    ...["--merge-output-format", "mkv"],
  ];
}

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

import { rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError, parseSourceUrl } from "@kangklip/contract";
import { checkLength, checkMedia, sha256Of } from "../fetch/checks.ts";
import { planDash } from "../fetch/dash.ts";
import { createFetcher, type Fetcher, type FetcherOptions, type Opened } from "../fetch/fetcher.ts";
import { type Resolve, systemResolve } from "../fetch/guard.ts";
import { MAX_LIST_BYTES, planHls } from "../fetch/hls-plan.ts";
import type { StreamPlan } from "../fetch/parts.ts";
import { downloaded } from "../fetch/progress.ts";
import { saveTo } from "../fetch/save.ts";
import { sniff } from "../fetch/sniff.ts";
import { fetchStream } from "../fetch/stream.ts";
import { cleanTitle, embeddedTitle, nameInDisposition, titleOfAddress, titleOfFile } from "../fetch/title.ts";
import { type Validators, validatorsOf } from "../fetch/validators.ts";
import { fetchPage, findYtDlp } from "../fetch/yt-dlp.ts";
import type { FetchedSource, StageContext } from "../stage.ts";

/** Of the stage's progress; the rest is for looking into the file. */
const FETCH_SHARE = 0.95;

/** Free space that a file needs, in times its size (reliability reference, F41). */
const ROOM = 3;

/** What the ways of fetching have in common. */
interface Fetched {
  file: string;
  way: "file" | "hls" | "dash" | "yt-dlp";
  /** Best one first. */
  titles: (string | null)[];
  pageUrl: string | null;
  meta: Record<string, unknown>;
  captions: FetchedSource["captions"];
  sha256: string | null;
  /** Beyond what the fetcher counted. */
  moreBytes: number;
  validators: Validators | null;
}

/**
 * DOWNLOAD: fetches the job's source into the attempt's folder and looks into it. A media file is taken as it is, an HLS or
 * DASH stream piece by piece, a page through yt-dlp. Nothing stays behind when it fails or is aborted.
 * @throws KangKlipError INVALID_INPUT, SOURCE_*, YTDLP_MISSING, NO_VIDEO, DISK_FULL; or the abort's reason.
 */
export async function download(
  context: StageContext,
  resolve: Resolve = systemResolve,
  patience: NonNullable<FetcherOptions["patience"]> = {},
): Promise<FetchedSource> {
  const { job, tools, signal } = context;
  const { source } = job;
  const policy =
    source.kind === "upload" // the API itself, which gave us this address
      ? {
          ...job.fetch_policy,
          allow_origins: [...job.fetch_policy.allow_origins, new URL(source.url).origin],
        }
      : job.fetch_policy;
  const address = parseSourceUrl(source.url, policy).href;
  const fetcher = createFetcher({ policy, signal, resolve, patience });
  let furthest = 0; // sizes are estimates and downloads start over, but a bar should not go back
  const inner: StageContext = {
    ...context,
    progress: (fraction, message) => {
      furthest = Math.max(furthest, fraction);
      context.progress(furthest * FETCH_SHARE, message);
    },
  };
  let fetched: Fetched | undefined;
  try {
    fetched = await fetchAny(inner, fetcher, address, resolve);
    const { file, way, captions, meta, validators } = fetched;
    context.progress(FETCH_SHARE, "Looking into the file");
    const info = await checkMedia(context, file);
    const sha256 = fetched.sha256 ?? (await sha256Of(file, signal));
    const [byName, ...otherTitles] = fetched.titles;
    const titles = [
      source.kind === "upload" ? titleOfFile(source.filename) : null,
      byName,
      await embeddedTitle(tools, file, signal),
      ...otherTitles,
    ];
    const title = titles.find((one) => one) ?? null;
    const url = source.kind === "upload" ? null : publicAddress(fetched.pageUrl ?? address, way === "yt-dlp");
    const fetchedBytes = fetcher.wireBytes() + fetched.moreBytes;
    context.progress(1, "The video is here");
    return {
      file,
      info,
      title,
      url,
      captions,
      fetchedBytes,
      sha256,
      validators,
      meta: {
        ...meta,
        title,
        webpage_url: url,
        duration: info.durationSeconds,
        kind: source.kind,
        way,
        container: info.container,
        width: info.video.width,
        height: info.video.height,
        fps: info.video.fps,
        video_codec: info.video.codec,
        audio_codec: info.audio?.codec ?? null,
        captions: captions && { language: captions.language, automatic: captions.automatic },
        fetched_bytes: fetchedBytes,
        sha256,
      },
    };
  } catch (error) {
    if (fetched) await rm(fetched.file, { force: true });
    throw error;
  } finally {
    await fetcher.close();
  }
}

async function fetchAny(
  context: StageContext,
  fetcher: Fetcher,
  address: string,
  resolve: Resolve,
): Promise<Fetched> {
  const { job, dir } = context;
  const isUpload = job.source.kind === "upload";
  context.progress(0, "Connecting");
  let first: (Opened & { head: Buffer }) | undefined;
  try {
    first = await fetcher.look(address);
  } catch (error) {
    // a site that refuses us may have an extractor that knows better
    if (isUpload || !(error instanceof KangKlipError) || error.code !== "SOURCE_BLOCKED") throw error;
    return (await fetchByYtDlp(context, fetcher, address, resolve)) ?? Promise.reject(error);
  }
  const found = sniff(first.head, first.headers["content-type"]);
  if (found.kind === "media") {
    const file = join(dir, `source.${found.extension}`);
    const size = Number(first.headers["content-length"] ?? 0);
    if (size <= job.fetch_policy.max_bytes)
      // else it is too large anyway
      await checkRoom(context, size).catch((error) => {
        first.cancel();
        throw error;
      });
    const saved = await saveTo(fetcher, file, { address, opened: first }, (received, total) =>
      context.progress(...downloaded(received, total)),
    );
    const { url, headers } = first;
    return {
      ...saved,
      file,
      way: "file",
      titles: [titleOfFile(nameInDisposition(headers["content-disposition"])), titleOfAddress(url)],
      pageUrl: null,
      meta: { http: keptHeaders(headers) },
      captions: null,
      moreBytes: 0,
      validators: validatorsOf(first),
    };
  }
  first.cancel();
  if (found.kind === "sound")
    throw new KangKlipError("NO_VIDEO", `The address gives ${found.name} sound without a picture`);
  if (isUpload)
    throw new KangKlipError("SOURCE_UNREADABLE", "The uploaded file is not a video that can be read");
  if (found.kind === "hls")
    return {
      ...(await byStream(context, fetcher, address, await planHls(fetcher, address, job.language))),
      validators: validatorsOf(first),
    };
  if (found.kind === "dash") {
    const { text, url } = await fetcher.text(address, MAX_LIST_BYTES);
    return {
      ...(await byStream(context, fetcher, address, planDash(text, url, job.language))),
      validators: validatorsOf(first),
    };
  }
  if (found.kind === "page") {
    const fetched = await fetchByYtDlp(context, fetcher, address, resolve);
    if (fetched) return fetched;
    throw new KangKlipError(
      "YTDLP_MISSING",
      `${first.url.hostname} gives a web page; finding the video in it needs yt-dlp, which is not installed`,
    );
  }
  if (found.kind === "other")
    throw new KangKlipError(
      "SOURCE_UNSUPPORTED",
      `The address gives ${found.name}, not a video that can be read`,
    );
  const what = found.kind === "empty" ? "is empty" : "is no video that can be read";
  throw new KangKlipError("SOURCE_UNREADABLE", `What ${first.url.hostname} gives ${what}`);
}

/**
 * The source, its sound and the clips: a job takes up to three times the file's size. What is kept of other jobs makes way.
 * @throws KangKlipError DISK_FULL
 */
async function checkRoom({ dir, freeUp }: StageContext, fileBytes: number): Promise<void> {
  const needed = ROOM * fileBytes;
  const before = await statfs(dir);
  if (needed > before.bavail * before.bsize) await freeUp?.(needed);
  const { bavail, bsize } = await statfs(dir);
  if (!(needed > bavail * bsize)) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new KangKlipError(
    "DISK_FULL",
    `A video of ${megabytes(fileBytes)} needs ${megabytes(needed)} while it is worked on, but only ${megabytes(bavail * bsize)} are free`,
  );
}

async function byStream(
  context: StageContext,
  fetcher: Fetcher,
  address: string,
  plan: StreamPlan,
): Promise<Fetched> {
  if (plan.durationSeconds > 0) checkLength(plan.durationSeconds, context.job); // 0: the list does not say
  const { file, captions } = await fetchStream(context, fetcher, plan);
  return {
    file,
    way: plan.way,
    titles: [null, titleOfAddress(new URL(address))],
    pageUrl: null,
    meta: { chosen_height: plan.height, chosen_codecs: plan.codecs },
    captions,
    sha256: null,
    moreBytes: 0,
    validators: null,
  };
}

/** Null where there is no yt-dlp. */
async function fetchByYtDlp(
  context: StageContext,
  fetcher: Fetcher,
  address: string,
  resolve: Resolve,
): Promise<Fetched | null> {
  const ytDlp = await findYtDlp(context.settings.ytDlpPath, context.signal);
  if (!ytDlp) return null;
  const { file, title, pageUrl, meta, captions, fetchedBytes } = await fetchPage(
    context,
    fetcher,
    ytDlp,
    address,
    resolve,
  );
  return {
    file,
    way: "yt-dlp",
    titles: [cleanTitle(title)],
    pageUrl,
    meta,
    captions,
    sha256: null,
    moreBytes: fetchedBytes,
    validators: null,
  };
}

const keptHeaders = (headers: Opened["headers"]) =>
  Object.fromEntries(
    ["content-type", "content-length", "last-modified", "etag"]
      .filter((name) => headers[name] !== undefined)
      .map((name) => [name, headers[name]]),
  );

const SECRET_NAMES =
  /token|api_?key|(^|[-_])(sig|signature|key|auth|secret|pass|password|expires?|policy|credential|session|hmac|jwt)($|[-_])/i;

/** An address that may be shown and kept: of a file without its query, of a page without parameters that look secret. */
function publicAddress(address: string, isPage: boolean): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  url.username = "";
  url.password = "";
  if (!isPage) url.search = "";
  else
    for (const name of [...url.searchParams.keys()])
      if (SECRET_NAMES.test(name)) url.searchParams.delete(name);
  return url.href;
}

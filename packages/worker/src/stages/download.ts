import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type FetchPolicy, type JobSpec, KangKlipError, parseSourceUrl } from "@kangklip/contract";
import { checkLength, checkMedia, type Ends, sha256Of } from "../fetch/checks.ts";
import { planDash } from "../fetch/dash.ts";
import { createFetcher, type Fetcher, type FetcherOptions, type Opened } from "../fetch/fetcher.ts";
import { type Resolve, systemResolve } from "../fetch/guard.ts";
import { MAX_LIST_BYTES, planHls } from "../fetch/hls-plan.ts";
import { HEAD_BYTES } from "../fetch/need/range-file.ts";
import { streamByNeed } from "../fetch/need/stream-source.ts";
import type { StreamPlan } from "../fetch/parts.ts";
import { publicAddress } from "../fetch/public-address.ts";
import { sniff } from "../fetch/sniff.ts";
import { fetchStream } from "../fetch/stream.ts";
import { cleanTitle, embeddedTitle, nameInDisposition, titleOfAddress, titleOfFile } from "../fetch/title.ts";
import { type Validators, validatorsOf } from "../fetch/validators.ts";
import type { FetchedSource, SourceByNeed, StageContext } from "../stage.ts";
import { BY_NEED_FROM_BYTES, fetchFile, keptHeaders } from "./download-file.ts";
import { fetchByYtDlp } from "./download-page.ts";

/** Of the stage's progress; the rest is for looking into the file. */
const FETCH_SHARE = 0.95;

/** What is known of a video of which only parts were fetched. */
interface Parts {
  way: "ranges" | "segments";
  need: SourceByNeed;
  /** What was seen in it, or where it ends. */
  info?: FetchedSource["info"];
  ends?: Ends;
  sizeBytes: number | undefined;
}

/** What the ways of fetching have in common. */
export interface Fetched {
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
  /** There where only parts were fetched. */
  parts?: Parts;
  /** Why all of it was, in plain words; null: nobody would expect anything else. */
  whyWhole: string | null;
}

export interface DownloadOptions {
  resolve?: Resolve;
  patience?: NonNullable<FetcherOptions["patience"]>;
  /** From how many bytes on only those are fetched that the clips need. */
  byNeedFromBytes?: number;
  /** How long the sound is waited for, before the video is worked on while it comes. */
  soundWithinMs?: number;
}

/**
 * DOWNLOAD: fetches the job's source into the attempt's folder and looks into it. Of a large MP4 or MOV file only the sound is fetched where its
 * server gives ranges, and `need` brings the pictures; other media files are taken as they are, an HLS or DASH stream piece by piece, a page
 * by the addresses that yt-dlp finds, or all of it through yt-dlp. A sound that takes long may still be on its way (`need.sound`). Nothing stays
 * behind when it fails or is aborted.
 * @throws KangKlipError INVALID_INPUT, SOURCE_*, YTDLP_MISSING, NO_VIDEO, DISK_FULL; or the abort's reason.
 */
export async function download(
  context: StageContext,
  { resolve = systemResolve, patience = {}, ...options }: DownloadOptions = {},
): Promise<FetchedSource> {
  const { job, tools, signal } = context;
  const { source } = job;
  const policy = policyOf(job);
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
    fetched = await fetchAny(inner, fetcher, address, { resolve, ...options });
    const { file, way, captions, meta, validators, parts, whyWhole } = fetched;
    context.progress(FETCH_SHARE, "Looking into the file");
    const info = parts?.info ?? (await checkMedia(context, file, parts?.ends));
    const sha256 = fetched.sha256 ?? (await sha256Of(file, signal));
    const [byName, ...otherTitles] = fetched.titles;
    const titles = [
      source.kind === "upload" ? titleOfFile(source.filename) : null,
      byName,
      info.title === undefined ? await embeddedTitle(tools, file, signal) : cleanTitle(info.title),
      ...otherTitles,
    ];
    const title = titles.find((one) => one) ?? null;
    const url = source.kind === "upload" ? null : publicAddress(fetched.pageUrl ?? address, way === "yt-dlp");
    const fetchedBytes = fetcher.wireBytes() + fetched.moreBytes;
    const sound = parts?.need.sound ? "The sound is coming" : "The sound is here";
    context.progress(1, parts ? `${sound}, pictures come when they are needed` : "The video is here");
    return {
      file,
      info,
      title,
      url,
      captions,
      fetchedBytes,
      sha256,
      validators,
      fetch: {
        way: parts?.way ?? "whole",
        reason: whyWhole,
        requests: way === "yt-dlp" && !parts ? null : fetcher.requests(),
      },
      ...(parts && { need: closing(parts.need, fetcher) }),
      ...(parts?.sizeBytes !== undefined && { sizeBytes: parts.sizeBytes }),
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
    await fetched?.parts?.need.close();
    if (fetched) await rm(fetched.file, { force: true });
    await fetcher.close();
    throw error;
  }
}

/** The same source, with which its fetcher is closed. */
export const closing = (need: SourceByNeed, fetcher: Fetcher): SourceByNeed => ({
  ...need,
  async close() {
    await need.close();
    await fetcher.close();
  },
});

/** Where this job may fetch from: an upload is the API's own, which gave us the address. */
export const policyOf = ({ source, fetch_policy }: Pick<JobSpec, "source" | "fetch_policy">): FetchPolicy =>
  source.kind === "upload"
    ? { ...fetch_policy, allow_origins: [...fetch_policy.allow_origins, new URL(source.url).origin] }
    : fetch_policy;

async function fetchAny(
  context: StageContext,
  fetcher: Fetcher,
  address: string,
  { resolve, byNeedFromBytes = BY_NEED_FROM_BYTES, soundWithinMs }: DownloadOptions & { resolve: Resolve },
): Promise<Fetched> {
  const { job, dir } = context;
  const isUpload = job.source.kind === "upload";
  context.progress(0, "Connecting");
  let first: (Opened & { head: Buffer }) | undefined;
  try {
    first = await fetcher.look(address, HEAD_BYTES);
  } catch (error) {
    // a site that refuses us may have an extractor that knows better
    if (isUpload || !(error instanceof KangKlipError) || error.code !== "SOURCE_BLOCKED") throw error;
    return (
      (await fetchByYtDlp(context, fetcher, address, { resolve, byNeedFromBytes })) ?? Promise.reject(error)
    );
  }
  const found = sniff(first.head, first.headers["content-type"]);
  if (found.kind === "media") {
    const file = join(dir, `source.${found.extension}`);
    const isMp4 = found.extension === "mp4";
    const wanted = { file, address, byNeedFromBytes, soundWithinMs, isMp4 };
    const saved = await fetchFile(context, fetcher, first, wanted);
    const { url, headers } = first;
    return {
      ...saved,
      file,
      way: "file",
      titles: [titleOfFile(nameInDisposition(headers["content-disposition"])), titleOfAddress(url)],
      pageUrl: null,
      meta: { http: keptHeaders(first) },
      captions: null,
      moreBytes: 0,
    };
  }
  first.cancel();
  if (found.kind === "sound")
    throw new KangKlipError("NO_VIDEO", `The address gives ${found.name} sound without a picture`);
  if (isUpload)
    throw new KangKlipError("SOURCE_UNREADABLE", "The uploaded file is not a video that can be read");
  if (found.kind === "hls" || found.kind === "dash") {
    const list = () => readList(fetcher, { kind: found.kind, address, language: job.language });
    return { ...(await byStream(context, fetcher, address, list)), validators: validatorsOf(first) };
  }
  if (found.kind === "page") {
    const fetched = await fetchByYtDlp(context, fetcher, address, { resolve, byNeedFromBytes });
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

/** What a stream's list says, as it is now: how its pieces are to be fetched. */
export async function readList(
  fetcher: Fetcher,
  { kind, address, language }: { kind: string; address: string; language: string },
): Promise<StreamPlan> {
  if (kind === "hls") return planHls(fetcher, address, language);
  const { text, url } = await fetcher.text(address, MAX_LIST_BYTES);
  return planDash(text, url, language);
}

async function byStream(
  context: StageContext,
  fetcher: Fetcher,
  address: string,
  list: () => Promise<StreamPlan>,
): Promise<Fetched> {
  const { job } = context;
  const plan = await list();
  if (plan.durationSeconds > 0) checkLength(plan.durationSeconds, job); // 0: the list does not say
  const clips = job.edit ? 1 : job.clip_count;
  const wanted = { clips, seconds: job.clip_duration_seconds, again: list };
  const opened = await streamByNeed(context, fetcher, plan, wanted);
  const fetched =
    "reason" in opened
      ? {
          ...(await fetchStream(context, fetcher, plan)),
          ...{ sha256: null, whyWhole: `The whole was fetched: ${opened.reason}.` },
        }
      : { ...opened, whyWhole: null, parts: { ...opened, way: "segments" as const } };
  const { file, captions, sha256, whyWhole } = fetched;
  return {
    ...{ file, captions, sha256, whyWhole },
    ...("parts" in fetched && { parts: fetched.parts }),
    way: plan.way,
    titles: [null, titleOfAddress(new URL(address))],
    pageUrl: null,
    meta: { chosen_height: plan.height, chosen_codecs: plan.codecs },
    moreBytes: 0,
    validators: null,
  };
}

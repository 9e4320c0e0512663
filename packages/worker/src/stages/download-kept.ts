import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { type FetchPolicy, KangKlipError } from "@kangklip/contract";
import { codeVersion } from "../cache/code-version.ts";
import { type EntryKey, keyOf } from "../cache/key.ts";
import { jobOf } from "../cache/once.ts";
import type { StageCache, Taken } from "../cache/stage-cache.ts";
import { checkLength } from "../fetch/checks.ts";
import { createFetcher, type Fetcher, tooLarge } from "../fetch/fetcher.ts";
import { reopenRanged } from "../fetch/need/by-ranges.ts";
import { isPage, reopenPage } from "../fetch/need/page-source.ts";
import { reopenStream } from "../fetch/need/stream-source.ts";
import { sniff } from "../fetch/sniff.ts";
import { sameNow } from "../fetch/validators.ts";
import { formatsAt } from "../fetch/yt-dlp.ts";
import { findYtDlp } from "../fetch/yt-dlp-session.ts";
import type { FetchedSource, SourceByNeed, StageContext } from "../stage.ts";
import { closing, type DownloadOptions, download, policyOf, readList } from "./download.ts";
import { adding } from "./download-page.ts";

/** How long a video is believed to be the same where its server does not say when it changes. */
const UNCHECKED_MS = 24 * 3600_000;

/** What is kept beside the file. */
interface KeptSource extends Omit<FetchedSource, "file" | "fetchedBytes" | "need"> {
  /** Its name in the attempt's folder. */
  name: string;
  /** Of a source of which only parts are here: the names of the files that hold them, and what is needed to go on with it. */
  parts?: { names: string[]; state: unknown };
  /** What the user was told about it. */
  notices: string[];
}

/** A video, and where it comes from. */
interface Downloaded {
  source: FetchedSource;
  /** Whether this machine had it still. */
  reused: boolean;
  /** Keeps what of it has come since then; does nothing where nothing has, or all of it was there from the start. */
  keepMore(): Promise<void>;
}

/**
 * DOWNLOAD, unless this machine has the video still. Its own job takes what it has fetched before as it is, and so does an edit of one of its
 * clips: that is what the clip was cut from. Other jobs take it where the server says that it is still the same, or cannot say and it is not a
 * day old; so does its own job where more of it may have to be fetched. The limits of this job hold in any case.
 * @throws as `download`, and KangKlipError SOURCE_TOO_LARGE, SOURCE_TOO_SHORT, SOURCE_TOO_LONG for a video that is there
 */
export async function downloadKept(
  context: StageContext,
  cache: StageCache,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const { dir, signal, job, log } = context;
  const { own, shared } = await sourceKeys(context);
  const asked = { bytes: 0, requests: 0 };
  const accept = async (taken: Taken<KeptSource>, ofOurs: boolean) => {
    if (!ofOurs || (taken.value.parts && !job.edit)) {
      const answer = await isFresh(context, taken, options);
      asked.bytes += answer.bytes;
      asked.requests += answer.requests;
      if (!answer.fresh) return false;
    }
    withinLimits(context, taken);
    return true;
  };
  const take = async () => {
    const ours = await cache.take<KeptSource>(own, dir, (taken) => accept(taken, true));
    return ours
      ? { kept: ours, from: own }
      : { kept: await cache.take<KeptSource>(shared, dir, (taken) => accept(taken, false)), from: shared };
  };
  /** Keeps it as it is now, for whom it was kept before. */
  const keepAs = async (value: Omit<KeptSource, "parts">, source: FetchedSource, from: EntryKey) => {
    const { need, sha256, file } = source;
    if (!need) await cache.keep(from, value, [{ name: value.name, path: file, sha256 }]);
    else if (need.packed) {
      const packed = join(dir, ".packed");
      try {
        await mkdir(packed, { recursive: true });
        const { files, state } = await need.packed(packed);
        await cache.keep(from, { ...value, parts: { names: files.map((file) => file.name), state } }, files);
      } finally {
        await rm(packed, { recursive: true, force: true });
      }
    } else return;
    if (from === shared) await cache.keepAlso(own, shared);
  };
  const asGiven = (
    value: Omit<KeptSource, "parts">,
    source: FetchedSource,
    from: EntryKey,
    reused: boolean,
  ): Downloaded => {
    let had = source.need?.sound ? undefined : source.need?.wireBytes();
    return {
      ...{ source, reused },
      async keepMore() {
        const now = source.need?.wireBytes();
        if (now === had) return;
        had = now;
        await keepAs(value, source, from).catch((error: unknown) => {
          signal.throwIfAborted();
          log("cache.trouble", { error: String(error) }); // the clips are made; the next job fetches more
        });
      },
    };
  };
  const onWait = () => context.progress(0, "Waiting for another job that fetches the same video");
  const given = Promise.withResolvers<Downloaded>();
  // another job waits until all of the sound is here, and kept; this one goes on before
  const alone = cache.alone([shared], { signal, onWait }, async () => {
    const { kept, from } = await take();
    const again = kept && (await givenAgain(context, kept, asked, options));
    if (kept && again) {
      for (const text of kept.notices) context.notice(text);
      if (from === shared) await cache.keepAlso(own, shared);
      const { parts: _, ...value } = kept;
      return given.resolve(asGiven(value, again, from, true));
    }
    const notices: string[] = [];
    const notice = (text: string) => {
      notices.push(text);
      context.notice(text);
    };
    const source = await download({ ...context, notice }, options);
    const { file, fetchedBytes: _, need, ...rest } = source;
    const value = { name: basename(file), notices, ...rest };
    if (need?.sound) {
      const { whole } = need.sound;
      const { keepMore } = asGiven(value, source, shared, false);
      given.resolve({
        source: { ...source, need: closedWith(need, alone) },
        reused: false,
        keepMore: () => alone.then(() => whole).then(keepMore, () => {}), // a part of the sound is no use to anybody
      });
      return await whole.then(keepMore, () => {}); // whoever hears it is told
    }
    try {
      await keepAs(value, source, shared);
    } catch (error) {
      await source.need?.close();
      throw error;
    }
    return given.resolve(asGiven(value, source, shared, false));
  });
  alone.catch(given.reject);
  return await given.promise;
}

/** The same source; closing it waits for work that needs it open. */
const closedWith = (need: SourceByNeed, work: Promise<void>): SourceByNeed => ({
  ...need,
  async close() {
    await need.close();
    await work.catch(() => {});
  },
});

/** Opens what was kept of a source by the way in which it was fetched; its files are in the attempt's folder. */
async function reopened(
  context: StageContext,
  fetcher: Fetcher,
  { way, kept, file, state }: { way: string; kept: readonly string[]; file: string; state: unknown },
  resolve: DownloadOptions["resolve"],
): Promise<SourceByNeed> {
  const { dir, job } = context;
  const address = job.source.url;
  const [packed = ""] = kept;
  if (isPage(state)) return reopenedPage(context, fetcher, { names: kept, file, state }, resolve);
  if (way === "ranges") return reopenRanged(fetcher, { kept: join(dir, packed), path: file, address, state });
  const again = async () => {
    const { head, cancel } = await fetcher.look(address);
    cancel();
    return readList(fetcher, { kind: sniff(head).kind, address, language: job.language });
  };
  return reopenStream(context, fetcher, { state, dir, file, again });
}

/** Opens what was kept of a page's video. An edit is cut from what its clip was cut from, whatever the page has now. */
async function reopenedPage(
  context: StageContext,
  fetcher: Fetcher,
  kept: { names: readonly string[]; file: string; state: unknown },
  resolve: DownloadOptions["resolve"],
): Promise<SourceByNeed> {
  const { job, settings, signal } = context;
  let later = 0;
  const counted = (bytes: number) => {
    later += bytes;
  };
  const again = async () => {
    const ytDlp = await findYtDlp(settings.ytDlpPath, signal);
    if (!ytDlp)
      throw new KangKlipError(
        "YTDLP_MISSING",
        "More of the page's video needs yt-dlp, which is not installed",
      );
    return formatsAt(context, ytDlp, job.source.url, { resolve, counted });
  };
  const need = await reopenPage(context, fetcher, {
    ...kept,
    isFresh: job.edit !== null && job.edit !== undefined,
    again,
  });
  return adding(need, () => later);
}

/** What was kept as a source, its files being in the attempt's folder. @returns undefined where it cannot be opened any more */
async function givenAgain(
  context: StageContext,
  { name, notices: _, parts, ...source }: KeptSource,
  asked: { bytes: number; requests: number },
  { resolve, patience = {} }: DownloadOptions,
): Promise<FetchedSource | undefined> {
  const { dir, signal, job, log } = context;
  const file = join(dir, name);
  const meta = { ...source.meta, fetched_bytes: asked.bytes };
  const given: FetchedSource = { ...source, meta, file, fetchedBytes: asked.bytes };
  if (given.fetch) given.fetch = { ...given.fetch, requests: asked.requests };
  if (!parts) return given;
  const fetcher = createFetcher({ policy: policyOf(job), signal, patience, ...(resolve && { resolve }) });
  const { names: kept, state } = parts;
  const way = source.fetch?.way ?? "whole";
  try {
    const need = await reopened(context, fetcher, { way, kept, file, state }, resolve);
    return {
      ...given,
      need: {
        ...closing(need, fetcher),
        wireBytes: () => asked.bytes + need.wireBytes(),
        requests: () => asked.requests + need.requests(),
      },
    };
  } catch (error) {
    await fetcher.close();
    for (const left of [name, ...kept]) await rm(join(dir, left), { force: true });
    signal.throwIfAborted();
    if (error instanceof KangKlipError && error.code === "SOURCE_TOO_LARGE") throw error;
    log("cache.trouble", { error: String(error) });
    return undefined;
  }
}

/**
 * A video that a private address gave is for jobs that may go there, and an upload is its own and no address's. The rest is what decides
 * which of several versions is fetched.
 */
async function sourceKeys({
  job,
  settings,
  tools,
}: StageContext): Promise<{ own: EntryKey; shared: EntryKey }> {
  const { source, fetch_policy, language } = job;
  const what = {
    code: await codeVersion(),
    source: source.kind === "upload" ? { upload: source.upload_id } : { url: withoutFragment(source.url) },
    allowed: allowedBy(fetch_policy),
  };
  const { renderMaxFps, ytDlpPath } = settings;
  return {
    own: keyOf("DOWNLOAD", { ...what, job: jobOf({ job }) }),
    shared: keyOf("DOWNLOAD", { ...what, language, renderMaxFps, ytDlpPath, ffmpeg: tools.version }),
  };
}

const allowedBy = ({ allow_private, allow_origins }: FetchPolicy) => ({
  allow_private,
  allow_origins: [...allow_origins].sort(),
});

function withoutFragment(address: string): string {
  if (!URL.canParse(address)) return address; // fetching it will tell what is wrong
  const url = new URL(address);
  url.hash = "";
  return url.href;
}

function withinLimits({ job }: StageContext, { value, sizeBytes }: Taken<KeptSource>): void {
  const { max_bytes } = job.fetch_policy;
  if (sizeBytes > max_bytes) throw tooLarge(max_bytes);
  checkLength(value.info.durationSeconds, job);
}

/** Asks the server, where it can tell, with one request of a few bytes. */
async function isFresh(
  { job, signal, log }: StageContext,
  { value, at }: Taken<KeptSource>,
  { resolve, patience = {} }: DownloadOptions,
): Promise<{ fresh: boolean; bytes: number; requests: number }> {
  if (job.source.kind === "upload") return { fresh: true, bytes: 0, requests: 0 };
  const recent = Date.now() - at < UNCHECKED_MS;
  const { validators } = value;
  if (!validators) return { fresh: recent, bytes: 0, requests: 0 };
  const { fetch_policy: policy } = job;
  const fetcher = createFetcher({ policy, signal, patience, ...(resolve && { resolve }) });
  const asked = () => ({ bytes: fetcher.wireBytes(), requests: fetcher.requests() });
  try {
    const now = await sameNow(fetcher, job.source.url, validators);
    return { fresh: now === "same" || (now === "unknown" && recent), ...asked() };
  } catch (error) {
    signal.throwIfAborted();
    log("cache.unchecked", { error: String(error) }); // fetching it will tell what is wrong
    return { fresh: false, ...asked() };
  } finally {
    await fetcher.close();
  }
}

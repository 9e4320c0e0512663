import { basename, join } from "node:path";
import type { FetchPolicy } from "@kangklip/contract";
import { codeVersion } from "../cache/code-version.ts";
import { type EntryKey, keyOf } from "../cache/key.ts";
import { jobOf } from "../cache/once.ts";
import type { StageCache, Taken } from "../cache/stage-cache.ts";
import { checkLength } from "../fetch/checks.ts";
import { createFetcher, type FetcherOptions, tooLarge } from "../fetch/fetcher.ts";
import { type Resolve, systemResolve } from "../fetch/guard.ts";
import { sameNow } from "../fetch/validators.ts";
import type { FetchedSource, StageContext } from "../stage.ts";
import { download } from "./download.ts";

/** How long a video is believed to be the same where its server does not say when it changes. */
const UNCHECKED_MS = 24 * 3600_000;

/** What is kept beside the file. */
interface KeptSource extends Omit<FetchedSource, "file" | "fetchedBytes"> {
  /** Its name in the attempt's folder. */
  name: string;
  /** What the user was told about it. */
  notices: string[];
}

/**
 * DOWNLOAD, unless this machine has the video still. Its own job takes what it has fetched before as it is, and so does an edit of one of its
 * clips: that is what the clip was cut from. Other jobs take it where the server says that it is still the same, or cannot say and it is not a
 * day old. The limits of this job hold in any case.
 * @throws as `download`, and KangKlipError SOURCE_TOO_LARGE, SOURCE_TOO_SHORT, SOURCE_TOO_LONG for a video that is there
 */
export async function downloadKept(
  context: StageContext,
  cache: StageCache,
  { resolve = systemResolve, patience = {} }: Pick<FetcherOptions, "resolve" | "patience"> = {},
): Promise<{ source: FetchedSource; reused: boolean }> {
  const { dir, signal } = context;
  const { own, shared } = await sourceKeys(context);
  let asked = 0;
  const accept = async (taken: Taken<KeptSource>, ofOurs: boolean) => {
    if (!ofOurs) {
      const answer = await isFresh(context, taken, resolve, patience);
      asked += answer.bytes;
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
  const onWait = () => context.progress(0, "Waiting for another job that fetches the same video");
  return cache.alone([shared], { signal, onWait }, async () => {
    const { kept, from } = await take();
    if (kept) {
      const { name, notices, ...source } = kept;
      for (const text of notices) context.notice(text);
      const meta = { ...source.meta, fetched_bytes: asked };
      const given: FetchedSource = { ...source, meta, file: join(dir, name), fetchedBytes: asked };
      if (from === shared) await cache.keepAlso(own, shared);
      return { source: given, reused: true };
    }
    const notices: string[] = [];
    const notice = (text: string) => {
      notices.push(text);
      context.notice(text);
    };
    const source = await download({ ...context, notice }, resolve, patience);
    const { file, fetchedBytes: _, ...rest } = source;
    const value: KeptSource = { name: basename(file), notices, ...rest };
    await cache.keep(shared, value, [{ name: basename(file), path: file, sha256: source.sha256 }]);
    await cache.keepAlso(own, shared);
    return { source, reused: false };
  });
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
  resolve: Resolve,
  patience: NonNullable<FetcherOptions["patience"]>,
): Promise<{ fresh: boolean; bytes: number }> {
  if (job.source.kind === "upload") return { fresh: true, bytes: 0 };
  const recent = Date.now() - at < UNCHECKED_MS;
  const { validators } = value;
  if (!validators) return { fresh: recent, bytes: 0 };
  const fetcher = createFetcher({ policy: job.fetch_policy, signal, resolve, patience });
  try {
    const now = await sameNow(fetcher, job.source.url, validators);
    return { fresh: now === "same" || (now === "unknown" && recent), bytes: fetcher.wireBytes() };
  } catch (error) {
    signal.throwIfAborted();
    log("cache.unchecked", { error: String(error) }); // fetching it will tell what is wrong
    return { fresh: false, bytes: fetcher.wireBytes() };
  } finally {
    await fetcher.close();
  }
}

import { type FetchPolicy, KangKlipError, parseSourceUrl, type SourcePreview } from "@kangklip/contract";
import { createFetcher, type Fetcher, tooLarge } from "../fetch/fetcher.ts";
import type { Resolve } from "../fetch/guard.ts";
import { sniff } from "../fetch/sniff.ts";
import type { Tools } from "../media/ffmpeg.ts";
import type { WorkerSettings } from "../stage.ts";
import { lookAtFile } from "./file.ts";
import { lookAtPage, noYtDlp } from "./page.ts";
import { openRemote, type Remote, TooMuch } from "./remote.ts";
import { lookAtStream } from "./stream.ts";

/** Enough to tell what it is, and for the index of most files that begin with it. */
const HEAD_BYTES = 256 << 10;
/** Nobody waits for a server that is slow: a job does. */
const PATIENCE = { connectMs: 5000, headersMs: 10_000, idleMs: 5000, retryMs: 300 };

/** One look at an address. `preview` is filled while it goes on, so that what is known when the time is over can be told. */
export interface Look {
  policy: FetchPolicy;
  fetcher: Fetcher;
  tools: Tools;
  settings: WorkerSettings;
  /** An empty folder of its own. */
  dir: string;
  signal: AbortSignal;
  resolve: Resolve | undefined;
  preview: SourcePreview;
}

interface LookOptions {
  url: string;
  policy: FetchPolicy;
  tools: Promise<Tools>;
  settings: WorkerSettings;
  dir: string;
  /** Aborted when the time is over, with what is said where nothing is known by then. */
  signal: AbortSignal;
  resolve?: Resolve;
}

/**
 * What an address leads to, by a few requests: at most 8 MB.
 * @throws KangKlipError as a job of it would, as far as that can be seen; the abort's reason
 */
export async function inspectSource(options: LookOptions): Promise<SourcePreview> {
  const { url, policy, settings, dir, signal, resolve } = options;
  const address = parseSourceUrl(url, policy).href;
  options.tools.catch(() => {}); // awaited below
  const fetcher = createFetcher({ policy, signal, patience: PATIENCE, ...(resolve && { resolve }) });
  const preview: SourcePreview = {
    ...{ title: null, seconds: null, width: null, height: null, size_bytes: null, thumbnail: null },
    ...{ has_captions: null, notices: [] },
  };
  try {
    // the tools are tried while the server is asked
    const remote = await ifNotBlocked(openRemote(fetcher, address, HEAD_BYTES));
    const look = { policy, fetcher, tools: await options.tools, settings, dir, signal, resolve, preview };
    await lookAtAny(look, address, remote);
    return preview;
  } catch (error) {
    const isTooMuch = !signal.aborted && error instanceof TooMuch;
    if (!isTooMuch && !(signal.aborted && isTold(preview))) throw signal.aborted ? signal.reason : error;
    preview.notices.push(
      isTooMuch
        ? "There is more to it than can be looked at here; a job reads all of it."
        : "There was no time to find out more; a job takes the time that it needs.",
    );
    return preview;
  } finally {
    await fetcher.close();
  }
}

const isTold = ({ title, seconds, size_bytes }: SourcePreview) =>
  title !== null || seconds !== null || size_bytes !== null;

/** What refuses us, as the refusal. */
const ifNotBlocked = (asked: Promise<Remote>) =>
  asked.catch((error: unknown) => {
    if (error instanceof KangKlipError && error.code === "SOURCE_BLOCKED") return error;
    throw error;
  });

async function lookAtAny(look: Look, address: string, remote: Remote | KangKlipError): Promise<void> {
  const { policy } = look;
  if (remote instanceof KangKlipError) {
    // a site that refuses us may have an extractor that knows better
    if (await lookAtPage(look, address)) return;
    throw remote;
  }
  try {
    const found = sniff(remote.head(), remote.headers["content-type"]);
    const host = remote.url.hostname;
    if (found.kind === "media") {
      if ((remote.total ?? 0) > policy.max_bytes) throw tooLarge(policy.max_bytes);
      return await lookAtFile(look, remote, found.extension);
    }
    remote.close();
    if (found.kind === "hls" || found.kind === "dash") return await lookAtStream(look, address, found.kind);
    if (found.kind === "page") {
      if (await lookAtPage(look, address)) return;
      throw noYtDlp(host);
    }
    if (found.kind === "sound")
      throw new KangKlipError("NO_VIDEO", `The address gives ${found.name} sound without a picture`);
    if (found.kind === "other")
      throw new KangKlipError(
        "SOURCE_UNSUPPORTED",
        `The address gives ${found.name}, not a video that can be read`,
      );
    const what = found.kind === "empty" ? "is empty" : "is no video that can be read";
    throw new KangKlipError("SOURCE_UNREADABLE", `What ${host} gives ${what}`);
  } finally {
    remote.close();
  }
}

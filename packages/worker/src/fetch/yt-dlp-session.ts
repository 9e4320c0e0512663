import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StageContext } from "../stage.ts";
import { GroupError, type GroupOptions, runGroup } from "./child-group.ts";
import { createEgressProxy, type EgressEntry, type EgressProxy } from "./egress-proxy.ts";
import { tooLarge } from "./fetcher.ts";
import type { Resolve } from "./guard.ts";
import { ytDlpFailure } from "./yt-dlp-failure.ts";

const VERSION_TIMEOUT_MS = 30_000;
/** Since this version another JavaScript engine than deno must be named (yt-dlp/yt-dlp#15012). */
const JS_RUNTIMES_SINCE = "2025.11.12";

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

/** yt-dlp at work: all that it fetches comes through the proxy, all that it writes lies in `scratch`. */
export interface Session {
  scratch: string;
  proxy: EgressProxy;
  /** @returns what it says. @throws KangKlipError as `ytDlpFailure`, SOURCE_TOO_LARGE, SOURCE_REFUSED */
  ask(args: string[], options?: Partial<GroupOptions>): Promise<string>;
}

/** Has `work` done with yt-dlp. Its folder is gone afterwards, its processes too. */
export async function withYtDlp<T>(
  context: Pick<StageContext, "job" | "dir" | "signal" | "log" | "settings" | "tools">,
  ytDlp: YtDlp,
  resolve: Resolve | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { job, dir, signal } = context;
  const scratch = await mkdtemp(join(dir, ".part-yt-dlp-")); // a page may be asked anew while its first answer is still of use
  const proxy = await createEgressProxy(job.fetch_policy, resolve);
  const ask: Session["ask"] = (args, options = {}) =>
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
  try {
    return await work({ scratch, proxy, ask });
  } finally {
    await proxy.close();
    logEgress(context, proxy);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Hosts of the log line; a stream's pieces may come from a hundred. */
const LOGGED_HOSTS = 50;
function logEgress({ log }: Pick<StageContext, "log">, proxy: EgressProxy): void {
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

/** Programs that yt-dlp starts for other protocols (rtmpdump, mpv) know no proxy; `checkInfo` makes sure once more. */
export const BY_HTTP = "[protocol~='^(https?|m3u8|http_dash|ism|f4m)']";

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

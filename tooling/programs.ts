import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { KangKlipError } from "../packages/contract/src/index.ts";
import { findTools } from "../packages/worker/src/media/ffmpeg.ts";
import { isFirstTimeToday } from "./once-a-day.ts";
import { canApt, howToGet, installWithApt } from "./packages.ts";
import { findSpeech } from "./sample/speech.ts";
import { ensureYtDlp, findPython, findYtDlp, OLDEST_YT_DLP } from "./yt-dlp.ts";

const exec = promisify(execFile);

/** The programs that are no npm packages. Only ffmpeg must be there: without the others something works less well. */
export type ProgramId = "ffmpeg" | "speech" | "pocketsphinx" | "yt-dlp";

/** One line of `kangklip doctor`. */
export interface ProgramLine {
  id: ProgramId;
  level: "ok" | "missing" | "old";
  /** What is there: a version or a path; null where nothing is. */
  found: string | null;
  /** What is wanted, and what for. */
  needed: string;
  /** What to type, or to read, to get it; null where all is well. */
  fix: string | null;
}

export interface ProgramOptions {
  /** Where programs that only KangKlip uses are kept, in `tools/`. */
  dataDir: string;
  /** Takes one readable line at a time. */
  log: (line: string) => void;
  /** Whether what is missing may be installed. */
  install: boolean;
  /** Whether addresses of pages will be fetched, for which yt-dlp is needed. */
  pages?: boolean;
  env?: Record<string, string | undefined>;
}

const NEEDED: Record<ProgramId, string> = {
  ffmpeg: "ffmpeg 5.1 or newer with libass and libx264, for every clip",
  speech: "flite, or an ffmpeg that has it, to speak the sample's talk; a small ready sample takes its place",
  pocketsphinx: "pocketsphinx and its English model, to recognise words without any network",
  "yt-dlp": `yt-dlp ${OLDEST_YT_DLP} or newer, for pages that are no video files themselves`,
};

/**
 * Sees to it that this machine has the programs that KangKlip runs. As root on Debian and its like, apt brings what is missing;
 * yt-dlp comes from pip into a folder of its own. What could not be had is told and tried again at the earliest a day later.
 * FFMPEG_PATH and YTDLP_PATH go before everything else.
 * @returns what to start; `ytDlp` is undefined where there is none.
 * @throws KangKlipError FFMPEG_MISSING with the line that gets it.
 */
export async function ensurePrograms(
  options: ProgramOptions,
): Promise<{ ffmpeg: string; ytDlp: string | undefined }> {
  const { dataDir, log, install, pages = true, env = process.env } = options;
  let missing = await missingPrograms(env);
  const wanted: ProgramId[] = [...missing];
  if (pages && !(await findYtDlp({ dataDir, env })) && !(await findPython())) wanted.push("yt-dlp");
  if (missing.includes("ffmpeg") || (wanted.length > 0 && (await isFirstTimeToday(dataDir, "programs")))) {
    if (install && canApt()) {
      await installWithApt(wanted, log);
      missing = await missingPrograms(env);
    }
    for (const id of missing) if (id !== "ffmpeg") log(`Not here: ${NEEDED[id]}. ${howToGet([id])}`);
  }
  const { ffmpeg } = await findTools(env).catch((cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KangKlipError("FFMPEG_MISSING", `${why}. ${howToGet(["ffmpeg"])}`, { cause });
  });
  if (!pages) return { ffmpeg, ytDlp: undefined };
  const ytDlp = install ? await ensureYtDlp({ dataDir, log, env }) : await findYtDlp({ dataDir, env });
  return { ffmpeg, ytDlp: ytDlp?.program };
}

async function missingPrograms(
  env: Record<string, string | undefined>,
): Promise<Exclude<ProgramId, "yt-dlp">[]> {
  const [ffmpeg, speech, pocketsphinx] = await Promise.all([
    findFfmpeg(env),
    hasSpeech(env),
    hasRecogniser(),
  ]);
  return [
    ...("lacks" in ffmpeg ? (["ffmpeg"] as const) : []),
    ...(speech ? [] : (["speech"] as const)),
    ...(pocketsphinx ? [] : (["pocketsphinx"] as const)),
  ];
}

const findFfmpeg = (env: Record<string, string | undefined>) =>
  findTools(env).catch((error: unknown) => ({ lacks: error instanceof Error ? error.message : `${error}` }));

const hasSpeech = async (env: Record<string, string | undefined>) =>
  (await findSpeech(env.FFMPEG_PATH ?? "ffmpeg")) !== undefined;

/** Listens to nothing: that ends well only where the English model is there too. */
const hasRecogniser = () =>
  exec("pocketsphinx_continuous", ["-infile", "/dev/null", "-logfn", "/dev/null"], { timeout: 30_000 }).then(
    () => true,
    () => false,
  );

/** What `kangklip doctor` tells about each program; installs nothing. */
export async function programLines({
  dataDir,
  env = process.env,
}: {
  dataDir: string;
  env?: Record<string, string | undefined>;
}): Promise<ProgramLine[]> {
  const [ffmpeg, speech, pocketsphinx, ytDlp] = await Promise.all([
    findFfmpeg(env),
    hasSpeech(env),
    hasRecogniser(),
    findYtDlp({ dataDir, env }),
  ]);
  const line = (id: ProgramId, level: ProgramLine["level"], found: string | null): ProgramLine => ({
    id,
    level,
    found,
    needed: NEEDED[id],
    fix: level === "ok" ? null : howToGet([id]),
  });
  return [
    "lacks" in ffmpeg
      ? line("ffmpeg", /older than/.test(ffmpeg.lacks) ? "old" : "missing", ffmpeg.lacks)
      : line("ffmpeg", "ok", `${ffmpeg.ffmpeg} ${ffmpeg.version}`),
    speech ? line("speech", "ok", "flite") : line("speech", "missing", null),
    pocketsphinx
      ? line("pocketsphinx", "ok", "pocketsphinx_continuous")
      : line("pocketsphinx", "missing", null),
    ytDlp
      ? line("yt-dlp", ytDlp.old ? "old" : "ok", `${ytDlp.program} ${ytDlp.version}`)
      : line("yt-dlp", "missing", null),
  ];
}

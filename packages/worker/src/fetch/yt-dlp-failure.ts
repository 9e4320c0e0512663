import { type ErrorCode, KangKlipError } from "@kangklip/contract";

/** yt-dlp says what went wrong in words only; the first pattern that fits counts. Words read in yt-dlp 2026.08.19. */
const CLASSES: [RegExp, ErrorCode, string][] = [
  [
    /live event will begin|premieres in|premiere will begin|is live\b|not currently live|live ?stream (recording )?is not available|is offline|will begin in/i,
    "SOURCE_LIVE",
    "The video is live, or has not begun yet",
  ],
  [/no space left on device/i, "DISK_FULL", "The disk is full"],
  [
    /requested format is not available/i,
    "SOURCE_UNSUPPORTED",
    "The site gives the video in no form that can be fetched",
  ],
  [/drm/i, "SOURCE_UNSUPPORTED", "The video is protected against copying"],
  [
    /private video|log ?in|sign in|signed in|registered users|credentials|cookies|members?[- ]only|join this channel|subscri(be|ption)|paywall|premium|purchase|confirm your age|age[- ]restricted|not a bot|captcha|not available (in|from) your|geo[- ]?restrict|password|impersonat/i,
    "SOURCE_BLOCKED",
    "The site does not give the video to everybody",
  ],
  [
    /HTTP Error 4(04|10)|video unavailable|(has been|been|was) (removed|deleted|terminated)|does(n't| not) exist|no longer available|not found|isn't available|is not available/i,
    "SOURCE_NOT_FOUND",
    "The site says that there is no such video",
  ],
  [
    /HTTP Error 4(01|02|03|29|51)|too many requests|forbidden|blocked/i,
    "SOURCE_BLOCKED",
    "The site refuses the download",
  ],
  [
    /unsupported url|no video( formats)?( could be)? found|no video in|no suitable|not a valid url|is not a video/i,
    "SOURCE_UNSUPPORTED",
    "yt-dlp finds no video at this address",
  ],
  [
    /unable to extract|failed to (parse|extract)|report this issue|extractor is (marked as )?broken|no supported javascript runtime/i,
    "SOURCE_UNSUPPORTED",
    "yt-dlp cannot read this page; a newer yt-dlp may",
  ],
  [
    /timed? ?out|unable to (download|connect)|getaddrinfo|name or service|name resolution|connection|network|HTTP Error 5\d\d|ssl|certificate|eof|incomplete ?read|unreachable/i,
    "SOURCE_UNREACHABLE",
    "The site could not be reached",
  ],
];

/** What yt-dlp's stderr means. Its own words go into the cause; a page may have written parts of them. Pure. */
export function ytDlpFailure(stderr: string): KangKlipError {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((one) => one.startsWith("ERROR:")) ?? lines.at(-1) ?? "";
  // "ERROR: [youtube] abc: Video unavailable": what stands before the words may be an address with any word in it
  const said = line.replace(/^ERROR:\s*/, "").replace(/https?:\/\/\S+/g, "…");
  const [, code, sentence] = CLASSES.find(([pattern]) => pattern.test(said)) ?? [
    null,
    "SOURCE_UNSUPPORTED" as const,
    "yt-dlp could not fetch the video",
  ];
  return new KangKlipError(code, sentence, { cause: new Error(`yt-dlp: ${clean(said)}`) });
}

/** One short line without control characters. */
const clean = (line: string) =>
  line
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 300);

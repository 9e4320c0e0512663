import { expect, test } from "vitest";
import { ytDlpFailure } from "./yt-dlp-failure.ts";

test.each([
  [
    "ERROR: [youtube] dQw: Video unavailable. This video has been removed by the uploader",
    "SOURCE_NOT_FOUND",
  ],
  [
    "ERROR: [vimeo] 1: Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404: Not Found>)",
    "SOURCE_NOT_FOUND",
  ],
  [
    "ERROR: [youtube] a: Private video. Sign in if you've been granted access to this video",
    "SOURCE_BLOCKED",
  ],
  [
    "ERROR: [youtube] a: Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies",
    "SOURCE_BLOCKED",
  ],
  ["ERROR: [youtube] a: Sign in to confirm your age. This video may be inappropriate", "SOURCE_BLOCKED"],
  ["ERROR: [generic] Unable to download webpage: HTTP Error 403: Forbidden", "SOURCE_BLOCKED"],
  [
    "ERROR: [twitter] 1: Unable to download JSON metadata: HTTP Error 429: Too Many Requests",
    "SOURCE_BLOCKED",
  ],
  [
    "ERROR: [arte] a: This video is not available from your location due to geo restriction",
    "SOURCE_BLOCKED",
  ],
  ["ERROR: Unsupported URL: https://example.com/private-video", "SOURCE_UNSUPPORTED"],
  [
    "ERROR: [generic] page: No video formats found!; please report this issue on https://github.com/yt-dlp",
    "SOURCE_UNSUPPORTED",
  ],
  ["ERROR: [netflix] a: This video is DRM protected", "SOURCE_UNSUPPORTED"],
  [
    "ERROR: [x] a: Unable to extract player; please report this issue on https://github.com/yt-dlp",
    "SOURCE_UNSUPPORTED",
  ],
  [
    "ERROR: [html5] a: Requested format is not available. Use --list-formats for a list",
    "SOURCE_UNSUPPORTED",
  ],
  ["ERROR: [youtube] a: This live event will begin in 3 hours.", "SOURCE_LIVE"],
  ["ERROR: [youtube] a: Premieres in 2 days", "SOURCE_LIVE"],
  [
    "ERROR: [x] Unable to download webpage: <urlopen error [Errno -2] Name or service not known>",
    "SOURCE_UNREACHABLE",
  ],
  ["ERROR: [x] Unable to download webpage: The read operation timed out", "SOURCE_UNREACHABLE"],
  ["ERROR: unable to write data: [Errno 28] No space left on device", "DISK_FULL"],
  ["Traceback (most recent call last)\nKeyError: 'x'", "SOURCE_UNSUPPORTED"],
  ["", "SOURCE_UNSUPPORTED"],
])("%s means %s", (stderr, code) => {
  expect(ytDlpFailure(stderr).code).toBe(code);
});

test("only its last error counts, and its words reach the cause without control characters", () => {
  const failure = ytDlpFailure(
    "ERROR: Private video\nWARNING: x\nERROR: [x] a: HTTP Error 404\u001b[0m: gone\n",
  );
  expect(failure.code).toBe("SOURCE_NOT_FOUND");
  expect(String(failure.cause)).toBe("Error: yt-dlp: [x] a: HTTP Error 404 [0m: gone");
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERRORS, type ErrorCode, ErrorFile } from "../../packages/contract/src/index.ts";
import { ffmpeg, tools } from "../../packages/worker/src/asr/testing.ts";
import {
  bytes,
  type Origin,
  redirect,
  startOrigin,
  text,
} from "../../packages/worker/src/fetch/testing-server.ts";
import { JOB_MS, type MainJob, makeVideo, startMainJob, storedFiles } from "./testing.ts";

/** From the moment when a worker takes it; the limit leaves room for cores that others use. */
const SECONDS = 20;
const segments = (address: string) =>
  `#EXTM3U\n#EXT-X-TARGETDURATION:30\n#EXTINF:30,\n${address}\n#EXTINF:30,\n${address}\n#EXT-X-ENDLIST\n`;
/** Begins like a Matroska file. */
const NOISE = Buffer.concat([Buffer.from("1a45dfa3", "hex"), Buffer.alloc(5000, "noise")]);
const ZIP = Buffer.from("PK\x03\x04 and then some");

interface Refusal {
  what: string;
  path: string;
  code: ErrorCode;
  /** In the sentence that people read. */
  words: string;
}
const REFUSALS: Refusal[] = [
  { what: "a video shorter than a clip", path: "/short.mp4", code: "SOURCE_TOO_SHORT", words: "10 s long" },
  { what: "words in a file named .mp4", path: "/text.mp4", code: "SOURCE_UNREADABLE", words: "no video" },
  { what: "a web page, without yt-dlp", path: "/page", code: "YTDLP_MISSING", words: "yt-dlp" },
  { what: "an archive", path: "/zip.mp4", code: "SOURCE_UNSUPPORTED", words: "a ZIP archive" },
  { what: "nothing at all", path: "/empty.mp4", code: "SOURCE_UNREADABLE", words: "is empty" },
  { what: "a file that is not there", path: "/gone.mp4", code: "SOURCE_NOT_FOUND", words: "404" },
  {
    what: "a file that ends too early",
    path: "/cut.mp4",
    code: "SOURCE_TRUNCATED",
    words: "ends before it should",
  },
  {
    what: "a file whose index was lost",
    path: "/headless.mp4",
    code: "SOURCE_TRUNCATED",
    words: "ends before it should",
  },
  {
    what: "a good beginning, and noise behind it",
    path: "/noise.mkv",
    code: "SOURCE_UNREADABLE",
    words: "could not be read",
  },
  { what: "sound alone", path: "/sound.m4a", code: "NO_VIDEO", words: "no picture" },
  {
    what: "a list that names a local file",
    path: "/local.m3u8",
    code: "SOURCE_REFUSED",
    words: "cannot be fetched",
  },
  {
    what: "such a list in a file named .mp4",
    path: "/local.mp4",
    code: "SOURCE_REFUSED",
    words: "cannot be fetched",
  },
  {
    what: "a list that names a private server",
    path: "/private.m3u8",
    code: "SOURCE_REFUSED",
    words: "Port",
  },
  { what: "a redirect to a private server", path: "/private.mp4", code: "SOURCE_REFUSED", words: "Port" },
  {
    what: "a redirect to a cloud's metadata",
    path: "/redirect.mp4",
    code: "SOURCE_REFUSED",
    words: "public",
  },
];

let main: MainJob;
/** A server on loopback that videos may not come from. */
let bystander: Origin;
const created = new Map<string, Promise<{ job_id: string }>>();

describe.skipIf(!tools)("what is no usable video ends in one sentence (needs ffmpeg)", () => {
  beforeAll(async () => {
    const whole: { mp4: Buffer; late: Buffer } = { mp4: Buffer.alloc(0), late: Buffer.alloc(0) };
    bystander = await startOrigin({});
    main = await startMainJob({
      env: { MAX_RUNNING_JOBS: "3", TRANSCRIBER: "none" },
      routes: {
        "/text.mp4": text("video/mp4", "I am not a video, whatever my name says.\n".repeat(50)),
        "/page": text("text/html", "<!doctype html><title>A talk</title><video src=/short.mp4></video>"),
        "/zip.mp4": bytes(ZIP),
        "/empty.mp4": bytes(Buffer.alloc(0)),
        "/cut.mp4": (...given) => bytes(whole.mp4.subarray(0, whole.mp4.length * 0.6))(...given),
        "/headless.mp4": (...given) => bytes(whole.late.subarray(0, whole.late.length * 0.6))(...given),
        "/noise.mkv": bytes(NOISE),
        "/local.m3u8": text("application/vnd.apple.mpegurl", segments("file:///etc/passwd")),
        "/local.mp4": text("video/mp4", segments("file:///etc/passwd")),
        "/private.m3u8": text("application/vnd.apple.mpegurl", () => segments(`${bystander.origin}/1.ts`)),
        "/private.mp4": (...given) => redirect(`${bystander.origin}/a.mp4`)(...given),
        "/redirect.mp4": redirect("http://169.254.169.254/latest/meta-data/"),
      },
    });
    const file = (name: string) => join(main.folder, name);
    await makeVideo(file("short.mp4"), { seconds: 10 });
    whole.mp4 = readFileSync(await makeVideo(file("whole.mp4"), { seconds: 40 }));
    await ffmpeg("-i", file("whole.mp4"), "-c", "copy", file("late.mp4"));
    whole.late = readFileSync(file("late.mp4"));
    await ffmpeg("-i", file("whole.mp4"), "-vn", "-c", "copy", file("sound.m4a"));
    for (const { path } of REFUSALS) created.set(path, main.create(path));
  }, 60_000);
  afterAll(async () => {
    await main[Symbol.asyncDispose]();
    await bystander[Symbol.asyncDispose]();
  });

  test.each(REFUSALS)(
    "$what: $code",
    async ({ path, code, words }) => {
      const { job_id } = (await created.get(path)) ?? { job_id: "" };
      const view = await main.api().until(job_id, undefined, JOB_MS);
      expect(view).toMatchObject({
        ...{ status: "FAILED", state: "FAILED", error_code: code, failed_stage: "DOWNLOAD" },
        ...{ error: expect.stringContaining(words), error_action: ERRORS[code].action },
        attempts: [{ epoch: 1, outcome: code }], // trying again would not help
      });
      expect(view.error).toMatch(/^[A-Z0-9][^\n]{10,200}$/);
      const took = Date.parse(view.ended_at ?? "") - Date.parse(view.started_at ?? "");
      expect(took).toBeLessThan(SECONDS * 1000);
    },
    JOB_MS,
  );

  test(
    "what is left of them is one error.json each, nothing of a launch, and nobody was asked who must not be",
    async () => {
      await main.settled();
      expect(main.launches()).toEqual([]);
      expect(bystander.requests).toEqual([]);
      for (const { path, code } of REFUSALS) {
        const { job_id } = (await created.get(path)) ?? { job_id: "" };
        const files = await storedFiles(main, job_id);
        expect([...files.keys()]).toEqual(["error.json"]);
        const said = ErrorFile.parse(JSON.parse(files.get("error.json")?.toString() ?? ""));
        expect(said).toMatchObject({ job_id, code, stage: "DOWNLOAD" });
      }
    },
    JOB_MS,
  );

  test("an address that can be judged by itself is refused before there is a job", async () => {
    const refused = (address: string) => expect(main.create(address)).rejects;
    await refused("http://169.254.169.254/latest/meta-data/").toThrow("public");
    await refused("http://user:pass@example.com/a.mp4").toThrow();
    await refused("file:///etc/passwd").toThrow("valid URL");
  });
});

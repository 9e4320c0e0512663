import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobSpec } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { beforeAll, expect, test } from "vitest";
import { aContext, ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import { bytes, type Route, redirect, startOrigin, status, text } from "../fetch/testing-server.ts";
import type { FetchedSource } from "../stage.ts";
import { download } from "./download.ts";

const NO_YTDLP = "/nowhere/yt-dlp";

let media = "";
let talk = Buffer.alloc(0);
let cut = Buffer.alloc(0);
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  media = temporary.dir;
  const inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=26", "-f", "lavfi", "-i", "sine=d=26"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-c:a", "aac", "-b:a", "32k"];
  const file = join(media, "my_talk.mp4");
  await ffmpeg(...inputs, ...codecs, "-movflags", "+faststart", file);
  talk = await readFile(file);
  cut = talk.subarray(0, talk.length * 0.6);
  const copied = ["-i", file, "-c", "copy"];
  await ffmpeg(
    ...copied,
    "-f",
    "hls",
    "-hls_time",
    "9",
    "-hls_playlist_type",
    "vod",
    join(media, "talk.m3u8"),
  );
  await ffmpeg(...copied, "-f", "dash", "-seg_duration", "9", join(media, "talk.mpd"));
  await ffmpeg(...copied, "-t", "5", join(media, "short.mp4"));
  return temporary[Symbol.asyncDispose];
});

interface Setup {
  /** Path at the test's server, or a whole address. */
  path: string;
  routes?: Record<string, Route>;
  job?: Partial<JobSpec>;
  /** Makes it an upload with this name. */
  filename?: string;
  /** A yt-dlp that knows this about every page. */
  knows?: Record<string, unknown>;
  stop?: AbortController;
}

/** Runs the stage against a server on loopback, the only origin that is allowed (an upload's is allowed by itself). */
async function downloaded({
  path,
  routes = {},
  job = {},
  filename,
  knows,
  stop = new AbortController(),
}: Setup) {
  await using server = await startOrigin(routes, media);
  await using temporary = await temporaryDir();
  const url = path.startsWith("/") ? `${server.origin}${path}` : path;
  const { context, told } = aContext(temporary.dir, {
    signal: stop.signal,
    settings: { ytDlpPath: knows ? await ytDlpThatKnows(temporary.dir, knows) : NO_YTDLP },
  });
  const spec = aJobSpec({
    source: filename
      ? { kind: "upload", upload_id: "up_01JD0000000000000000000000", filename, url }
      : { kind: "url", url },
    fetch_policy: {
      allow_private: false,
      allow_origins: filename ? [] : [server.origin],
      max_bytes: 1e8,
      max_seconds: 3600,
    },
    ...job,
  });
  const outcome = await download(
    { ...context, job: spec },
    {
      resolve: () => Promise.reject(new Error("no name is resolved here")),
    },
  ).then(
    (source): { source: FetchedSource | undefined; error: unknown } => ({ source, error: undefined }),
    (error) => ({ source: undefined, error }),
  );
  const endedAt = performance.now();
  const names = await readdir(temporary.dir);
  return { ...outcome, endedAt, names, told, requests: server.requests, origin: server.origin };
}

async function ytDlpThatKnows(dir: string, info: Record<string, unknown>): Promise<string> {
  const program = join(dir, "yt-dlp.sh");
  const answer = `case "$*" in --version) echo 2026.01.01;; *) echo '${JSON.stringify(info)}';; esac`;
  await writeFile(program, `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
  return program;
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

test.skipIf(!tools)(
  "a video file is fetched once, hashed, looked into and named (needs ffmpeg)",
  async () => {
    const { source, names, requests, origin, told } = await downloaded({
      path: "/my_talk.mp4?token=SECRET#t=1",
    });
    expect(source).toMatchObject({
      title: "my talk",
      url: `${origin}/my_talk.mp4`,
      captions: null,
      fetchedBytes: talk.length,
      sha256: sha256(talk),
      info: { video: { width: 64, height: 36, codec: "h264" }, audio: { codec: "aac" } },
    });
    expect(source?.info.durationSeconds).toBeCloseTo(26, 0);
    expect(source?.meta).toMatchObject({ way: "file", kind: "url", duration: source?.info.durationSeconds });
    expect(JSON.stringify(source?.meta)).not.toContain("SECRET");
    expect(names).toEqual(["source.mp4"]);
    // its first part tells what it is, and is not fetched again
    expect(requests.map(({ range }) => range)).toEqual(["bytes=0-65535", "bytes=65536-"]);
    const fractions = told.progress.map(([fraction]) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(told.progress.map(([, message]) => message)).toContainEqual(
      expect.stringMatching(/^Downloaded 0\.\d of 0\.\d MB$/),
    );
  },
);

test.skipIf(!tools)(
  "what it is follows from its bytes, its title from the name that the server gives (needs ffmpeg)",
  async () => {
    const named = bytes(talk, {
      type: "text/html",
      headers: { "content-disposition": `attachment; filename*=UTF-8''Ein%20Gespr%C3%A4ch.mp4` },
    });
    const { source } = await downloaded({ path: "/go", routes: { "/go": redirect("/x"), "/x": named } });
    expect(source).toMatchObject({ title: "Ein Gespräch", meta: { way: "file" } });
  },
);

test.skipIf(!tools)(
  "a connection that breaks in the middle goes on, and the file is the same (needs ffmpeg)",
  async () => {
    const { source, requests } = await downloaded({
      path: "/v",
      routes: { "/v": bytes(talk, { cutAfter: [1 << 16, 30_000] }) },
    });
    expect(source?.sha256).toBe(sha256(talk));
    expect(requests[1]?.range).toBe("bytes=65536-");
    expect(requests[2]?.range).toMatch(/^bytes=[1-9]\d*-$/);
  },
  20_000,
);

test.skipIf(!tools)(
  "progress does not go back where a download has to start over (needs ffmpeg)",
  async () => {
    const routes = { "/v": bytes(talk, { ranges: false, cutAfter: [talk.length * 0.9, talk.length * 0.3] }) };
    const { source, told } = await downloaded({ path: "/v", routes });
    expect(source?.sha256).toBe(sha256(talk));
    const fractions = told.progress.map(([fraction]) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  },
);

test.skipIf(!tools)(
  "an upload is fetched from the API, though its address is private, and keeps its name (needs ffmpeg)",
  async () => {
    const { source } = await downloaded({ path: "/my_talk.mp4?sig=SECRET", filename: "Holiday_2024.MOV" });
    expect(source).toMatchObject({
      title: "Holiday 2024",
      url: null,
      sha256: sha256(talk),
      meta: { kind: "upload" },
    });
    const page = await downloaded({
      path: "/p",
      filename: "x.mp4",
      routes: { "/p": text("text/html", "<html>") },
    });
    expect(page.error).toMatchObject({ code: "SOURCE_UNREADABLE" });
  },
);

test.skipIf(!tools).each(["talk.m3u8", "talk.mpd"])(
  "%s is fetched piece by piece (needs ffmpeg)",
  async (name) => {
    const { source, names, origin } = await downloaded({ path: `/${name}` });
    expect(source).toMatchObject({
      title: "talk",
      url: `${origin}/${name}`,
      meta: { way: name.endsWith("mpd") ? "dash" : "hls" },
    });
    expect(source?.info.durationSeconds).toBeCloseTo(26, 0);
    expect(source?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(names).toEqual(["source.mkv"]);
  },
);

test.each<[string, string, Route | undefined, string, string]>([
  [
    "a page without yt-dlp",
    "/p",
    text("text/html", "<!doctype html><video src=v.mp4>"),
    "YTDLP_MISSING",
    "yt-dlp",
  ],
  ["a picture", "/p", bytes(Buffer.from("89504e470d0a1a0a", "hex")), "SOURCE_UNSUPPORTED", "a PNG picture"],
  ["JSON", "/p", text("application/json", '{"a":1}'), "SOURCE_UNSUPPORTED", "JSON"],
  ["noise", "/p", bytes(Buffer.from("c0ffee00c0ffee00", "hex")), "SOURCE_UNREADABLE", "no video"],
  ["nothing", "/p", bytes(Buffer.alloc(0)), "SOURCE_UNREADABLE", "empty"],
  ["sound", "/p", bytes(Buffer.from("ID3\x04\0\0\0\0\0\0")), "NO_VIDEO", "MP3"],
  [
    "a live stream",
    "/p",
    text("x", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n1.ts\n"),
    "SOURCE_LIVE",
    "live",
  ],
  ["a live manifest", "/p", text("x", '<MPD type="dynamic"></MPD>'), "SOURCE_LIVE", "live"],
  [
    "a stream that is too short",
    "/p",
    text("x", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n"),
    "SOURCE_TOO_SHORT",
    "2 s long",
  ],
  ["a refusal", "/p", status(403), "SOURCE_BLOCKED", "403"],
  ["a missing file", "/p", status(404), "SOURCE_NOT_FOUND", "404"],
  [
    "a file larger than allowed",
    "/p",
    (_request, response) =>
      void response.writeHead(200, { "content-length": 1.1e8 }).write("\0\0\0\x18ftypmp42".padEnd(4096)),
    "SOURCE_TOO_LARGE",
    "100 MB",
  ],
  ["a private address", "http://127.0.0.1:9/v.mp4", undefined, "SOURCE_REFUSED", "Port 9"],
  ["a redirect to one", "/p", redirect("http://127.0.0.1/v.mp4"), "SOURCE_REFUSED", "public"],
  ["no address", "nonsense", undefined, "INVALID_INPUT", "valid URL"],
])("%s ends in one sentence with its code, and leaves nothing", async (_name, path, route, code, words) => {
  const { error, names } = await downloaded({ path, routes: route ? { "/p": route } : {} });
  expect(error).toMatchObject({ name: "KangKlipError", code, message: expect.stringContaining(words) });
  expect(names).toEqual([]);
});

test("a page, and a site that refuses us, are left to yt-dlp", async () => {
  for (const route of [text("text/html", "<html>"), status(403)]) {
    const { error } = await downloaded({ path: "/p", routes: { "/p": route }, knows: { is_live: true } });
    expect(error).toMatchObject({ code: "SOURCE_LIVE" });
  }
});

test.skipIf(!tools).each<[string, string, string]>([
  ["a file that was cut before it got there", "/cut.mp4", "SOURCE_TRUNCATED"],
  ["a video shorter than a clip", "/short.mp4", "SOURCE_TOO_SHORT"],
  ["a video longer than allowed", "/my_talk.mp4", "SOURCE_TOO_LONG"],
])("%s is refused and not kept (needs ffmpeg)", async (_name, path, code) => {
  const fetch_policy = { allow_private: true, allow_origins: [], max_bytes: 1e8, max_seconds: 25 };
  const { error, names } = await downloaded({
    path,
    routes: { "/cut.mp4": bytes(cut) },
    job: { fetch_policy },
  });
  expect(error).toMatchObject({ code });
  expect(names).toEqual([]);
});

test("aborting in the middle ends it at once and leaves nothing", async () => {
  const stop = new AbortController();
  let abortedAt = 0;
  const stalls: Route = (_request, response) => {
    response.writeHead(200, { "content-length": 1e7 });
    response.write(Buffer.concat([Buffer.from("\0\0\0\x18ftypmp42"), Buffer.alloc(100_000)]));
    setTimeout(() => {
      abortedAt = performance.now();
      stop.abort(new Error("cancelled"));
    }, 100);
  };
  const { error, names, endedAt } = await downloaded({ path: "/v", routes: { "/v": stalls }, stop });
  expect(error).toEqual(new Error("cancelled"));
  expect(endedAt - abortedAt).toBeLessThan(2000); // the server never goes on; a machine that does other work takes some tenths of a second
  expect(names).toEqual([]);
});

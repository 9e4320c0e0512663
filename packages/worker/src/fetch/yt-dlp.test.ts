import { execFile } from "node:child_process";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { aJobSpec } from "@kangklip/contract/testing";
import { beforeAll, expect, test } from "vitest";
import { aContext, ffmpeg, hasProgram, temporaryDir, tools } from "../asr/testing.ts";
import { createFetcher } from "./fetcher.ts";
import { bytes, type Route, startOrigin, text } from "./testing-server.ts";
import { FAKE_YT_DLP as FAKE } from "./testing-yt-dlp.ts";
import { fetchPage } from "./yt-dlp.ts";
import { findYtDlp } from "./yt-dlp-session.ts";

const exec = promisify(execFile);
const { signal: never } = new AbortController();
const real = process.env.YTDLP_PATH ?? "yt-dlp";
const hasReal = tools !== undefined && ((await hasProgram(real)) || real.includes("/"));

let video = Buffer.alloc(0);
let sound = Buffer.alloc(0);
beforeAll(async () => {
  if (!tools) return;
  await using temporary = await temporaryDir();
  const made = async (name: string, ...args: string[]) => {
    const file = join(temporary.dir, name);
    await ffmpeg(...args, file);
    return readFile(file);
  };
  const picture = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=64x36:r=10:d=26",
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
  ];
  video = await made("v.mp4", ...picture);
  sound = await made("s.m4a", "-f", "lavfi", "-i", "sine=d=26", "-c:a", "aac");
});

interface Setup {
  info: Record<string, unknown> | string;
  routes?: Record<string, Route>;
  program?: string;
  stop?: AbortController;
}

/** Has a page fetched by the fake program (or another one), and tells what came of it. */
async function fetchedBy({ info, routes = {}, program: source = FAKE, stop = new AbortController() }: Setup) {
  const answer = typeof info === "string" ? info : JSON.stringify(info);
  await using server = await startOrigin({
    "/info.json": text("application/json", answer),
    "/media": bytes(video),
    "/sound": bytes(sound),
    "/en.vtt": text("text/vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n"),
    ...routes,
  });
  await using temporary = await temporaryDir();
  await using home = await temporaryDir();
  const program = join(home.dir, "yt-dlp");
  await writeFile(program, source.replaceAll("ORIGIN", server.origin));
  await chmod(program, 0o755);
  const { context, told } = aContext(temporary.dir, { signal: stop.signal });
  const policy = { allow_private: false, allow_origins: [server.origin], max_bytes: 1e7, max_seconds: 3600 };
  const fetcher = createFetcher({ policy, signal: stop.signal, patience: { retryMs: 5 } });
  const job = aJobSpec({ fetch_policy: policy });
  const outcome = await fetchPage(
    { ...context, job },
    fetcher,
    { program, version: "2026.01.01" },
    `${server.origin}/page`,
  ).then(
    (found) => ({ found, error: undefined }),
    (error) => ({ found: undefined, error }),
  );
  const endedAt = performance.now();
  await fetcher.close();
  const log = (await readFile(`${program}.log`, "utf8").catch(() => "")).split("\n").filter(Boolean);
  const runs = log.map((line): { args: string[]; env: Record<string, string> } => JSON.parse(line));
  return { ...outcome, endedAt, runs, told, names: await readdir(temporary.dir), origin: server.origin };
}

test.skipIf(!tools)(
  "a page's video comes with its title, captions and facts, through the proxy only (needs ffmpeg)",
  async () => {
    const info = {
      title: "A talk",
      duration: 26,
      webpage_url: "https://example.com/watch?v=1",
      chapters: [{ start_time: 0, end_time: 10, title: "One" }],
      formats: [{ format_id: "0" }],
      language: "en",
      subtitles: { en: [{ ext: "vtt", url: "ORIGIN/en.vtt" }] },
    };
    const withOrigin: Route = (_request, response) => {
      const origin = `http://${_request.headers.host}`;
      response.end(JSON.stringify(info).replaceAll("ORIGIN", origin));
    };
    const { found, runs, names, told, origin } = await fetchedBy({
      info,
      routes: { "/info.json": withOrigin },
    });
    expect(found).toMatchObject({
      title: "A talk",
      pageUrl: "https://example.com/watch?v=1",
      captions: { format: "vtt", language: "en", automatic: false, text: expect.stringContaining("hello") },
      meta: { yt_dlp_version: "2026.01.01", duration: 26, chapters: [{ title: "One" }] },
    });
    expect(found?.fetchedBytes).toBeGreaterThan(video.length);
    expect(names).toEqual(["source.mp4"]);
    expect(told.progress.at(-1)?.[1]).toMatch(/^Downloaded 0\.\d of about 0\.\d MB$/);
    const [look, load] = runs;
    expect(look?.args.slice(-2)).toEqual(["--", `${origin}/page`]);
    for (const flag of ["--ignore-config", "--no-exec", "--no-playlist", "--no-cache-dir"]) {
      expect(look?.args).toContain(flag);
      expect(load?.args).toContain(flag);
    }
    expect(look?.args).toContain(`node:${process.execPath}`);
    expect(look?.env.proxy).toMatch(/^http:\/\/kk:.+@127\.0\.0\.1:\d+$/);
    expect(look?.env.no).toBeUndefined();
  },
);

test.skipIf(!tools)(
  "sound that the program leaves out is fetched and put under the picture (needs ffmpeg)",
  async () => {
    const info = { formats: [{ format_id: "p" }, { format_id: "s", vcodec: "none" }] };
    const { found, names, runs } = await fetchedBy({ info });
    expect(names).toEqual(["source.mkv"]);
    expect(runs).toHaveLength(3);
    expect(found?.file).toMatch(/source\.mkv$/);
  },
);

test.each<[string, Setup["info"], string]>([
  ["a live one", { is_live: true }, "SOURCE_LIVE"],
  ["one that is too short for a clip", { duration: 5 }, "SOURCE_TOO_SHORT"],
  ["one that is too long", { duration: 1e6 }, "SOURCE_TOO_LONG"],
  [
    "one that is too large",
    { duration: 60, requested_formats: [{ filesize: 9e6 }, { filesize: 2e6 }] },
    "SOURCE_TOO_LARGE",
  ],
  ["one that turns out to be too large", { aim: "too large" }, "SOURCE_TOO_LARGE"],
  ["one without picture", { formats: [{ vcodec: "none" }] }, "NO_VIDEO"],
  ["an answer that is no JSON", "<html>", "SOURCE_UNSUPPORTED"],
  ["one whose media is on a private server", { aim: "http://127.0.0.1:9/x" }, "SOURCE_REFUSED"],
  ["one whose media is gone", { aim: "/gone" }, "SOURCE_NOT_FOUND"],
])("%s ends with its code and leaves nothing", async (_name, info, code) => {
  const { error, names } = await fetchedBy({ info });
  expect(error).toMatchObject({ name: "KangKlipError", code });
  expect(names).toEqual([]);
});

test("a program that gets its bytes past the proxy is not believed", async () => {
  const program = `#!/bin/sh
case "$*" in *" -J "*) echo '{"title":"x"}' ;; *) echo x > source.mp4 ;; esac
`;
  const { error, names } = await fetchedBy({ info: {}, program });
  expect(error).toMatchObject({ code: "SOURCE_REFUSED", message: "yt-dlp went past the check of addresses" });
  expect(names).toEqual([]);
});

test.each([
  ["none of its bytes", "Buffer.from('x')"],
  ["few of its bytes", "(await fetched('/en.vtt'), Buffer.alloc(3e6))"],
])(
  "a program that looks through the proxy but fetches %s through it is not believed",
  async (_name, content) => {
    const program = FAKE.replace(/const content = .*/, `const content = ${content};`);
    const { error, names } = await fetchedBy({ info: { title: "x" }, program });
    expect(error).toMatchObject({
      code: "SOURCE_REFUSED",
      message: "yt-dlp went past the check of addresses",
    });
    expect(names).toEqual([]);
  },
);

test("the log of an attempt says which hosts were asked for, without what they were asked", async () => {
  const { told, origin } = await fetchedBy({ info: { aim: "http://10.0.0.7/v.mp4?token=SECRET" } });
  const { host } = new URL(origin);
  expect(told.logs.find(({ event }) => event === "egress")).toEqual({
    ...{ event: "egress", connections: 1, bytes: expect.any(Number) },
    ...{ allowed: [host], refused: ["10.0.0.7"], failed: [] },
  });
  expect(JSON.stringify(told.logs)).not.toContain("SECRET");
});

test("more bytes than allowed end the program, even where it does not know how many there are", async () => {
  const endless: Route = (_request, response) => {
    const more = () => response.write(Buffer.alloc(100_000)) && setImmediate(more);
    response.on("drain", more);
    more();
  };
  const { error } = await fetchedBy({ info: { title: "x" }, routes: { "/media": endless } });
  expect(error).toMatchObject({ code: "SOURCE_TOO_LARGE" });
});

test("aborting kills the program and what it started within 200 ms, and leaves nothing", async () => {
  await using shared = await temporaryDir();
  const seconds = `600.${process.pid}`; // it may see other process numbers than we do, so it is known by this
  const stop = new AbortController();
  const program = `#!/bin/sh\nsleep ${seconds} &\necho > ${join(shared.dir, "started")}\nwait\n`;
  const fetching = fetchedBy({ info: {}, program, stop });
  await expect.poll(() => readdir(shared.dir), { timeout: 10_000 }).toContain("started");
  const abortedAt = performance.now();
  stop.abort(new Error("cancelled"));
  const { error, endedAt, names } = await fetching;
  expect(error).toEqual(new Error("cancelled"));
  expect(endedAt - abortedAt).toBeLessThan(200);
  expect(names).toEqual([]);
  await expect.poll(() => isSleeping(seconds)).toBe(false);
});

async function isSleeping(seconds: string): Promise<boolean> {
  const { stdout } = await exec("ps", ["-eo", "args="]);
  return stdout.includes(`sleep ${seconds}`);
}

test("a program that is not there, or is another one, is not found", async () => {
  expect(await findYtDlp("/nowhere/yt-dlp", never)).toBeNull();
  expect(await findYtDlp("true", never)).toBeNull();
  await expect(findYtDlp("yt-dlp", AbortSignal.abort(new Error("cancelled")))).rejects.toThrow("cancelled");
});

test.skipIf(!hasReal)(
  "the real yt-dlp finds the video in a page, asks for the page once, and cannot be led astray (needs yt-dlp and ffmpeg)",
  async () => {
    const ytDlp = await findYtDlp(real, never);
    if (!ytDlp) throw new Error("yt-dlp does not run");
    await using inside = await startOrigin({ "/secret.mp4": bytes(video) });
    const page = (source: string) =>
      text(
        "text/html",
        `<html><title>A talk</title><video><source src="${source}" type="video/mp4"></video></html>`,
      );
    await using server = await startOrigin({
      "/page": page("/v.mp4"),
      "/v.mp4": bytes(video),
      "/evil": page(`${inside.origin}/secret.mp4`),
    });
    await using temporary = await temporaryDir();
    const policy = {
      allow_private: false,
      allow_origins: [server.origin],
      max_bytes: 1e7,
      max_seconds: 3600,
    };
    const context = { ...aContext(temporary.dir).context, job: aJobSpec({ fetch_policy: policy }) };
    const fetcher = createFetcher({ policy, signal: never });
    const found = await fetchPage(context, fetcher, ytDlp, `${server.origin}/page`);
    expect(await readFile(found.file ?? "")).toEqual(video);
    expect(found.title).toMatch(/^A talk/);
    expect(server.requests.filter(({ path }) => path === "/page").length).toBeLessThanOrEqual(2); // HEAD and GET
    await expect(fetchPage(context, fetcher, ytDlp, `${server.origin}/evil`)).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
    });
    expect(inside.requests).toEqual([]);
    await fetcher.close();
  },
  120_000,
);

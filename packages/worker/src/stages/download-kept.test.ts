import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobSpec } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { aContext, ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import { openStageCache } from "../cache/stage-cache.ts";
import { bytes, type Route, startOrigin, text } from "../fetch/testing-server.ts";
import { FAKE_YT_DLP } from "../fetch/testing-yt-dlp.ts";
import { downloadKept } from "./download-kept.ts";

let media = "";
let talk = Buffer.alloc(0);
let longer = Buffer.alloc(0);
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  media = temporary.dir;
  const inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10", "-c:v", "libx264", "-preset", "ultrafast"];
  const file = (name: string) => join(media, name);
  await ffmpeg(...inputs, "-t", "25", "-movflags", "+faststart", file("talk.mp4"));
  await ffmpeg(...inputs, "-t", "27", "-movflags", "+faststart", file("longer.mp4"));
  await ffmpeg(
    "-i",
    file("talk.mp4"),
    "-c",
    "copy",
    "-f",
    "hls",
    "-hls_playlist_type",
    "vod",
    file("talk.m3u8"),
  );
  [talk, longer] = [await readFile(file("talk.mp4")), await readFile(file("longer.mp4"))];
  return temporary[Symbol.asyncDispose];
});
afterEach(() => vi.useRealTimers());

const JOBS = ["kk_01JD0000000000000000000001", "kk_01JD0000000000000000000002"] as const;

/** A machine with a cache, on which one job after another runs, and a server that they may fetch from. */
async function aMachine(routes: Record<string, Route>) {
  const server = await startOrigin(routes, media);
  const temporary = await temporaryDir();
  const cacheDir = join(temporary.dir, "cache");
  let attempts = 0;
  return {
    server,
    cacheDir,
    /** One attempt's DOWNLOAD. @returns its result or error, and which requests it made */
    async fetch(path: string, job: Partial<JobSpec> = {}, yt = "/nowhere/yt-dlp") {
      const dir = join(temporary.dir, `attempt-${attempts++}`);
      mkdirSync(dir);
      const { context, told } = aContext(dir, { settings: { ytDlpPath: yt } });
      const before = server.requests.length;
      const spec = aJobSpec({
        ...{ job_id: JOBS[0], source: { kind: "url", url: `${server.origin}${path}` } },
        fetch_policy: policy(server.origin),
        ...job,
      });
      const cache = await openStageCache({ dir: cacheDir, maxBytes: 1e9, log: () => {} });
      const outcome = await downloadKept({ ...context, job: spec }, cache, {
        patience: { retryMs: 10 },
      }).then(
        ({ source, reused }) => ({ reused, source, code: undefined }),
        (error) => ({ reused: undefined, source: undefined, code: error.code }),
      );
      const asked = server.requests.slice(before).map(({ range }) => range ?? "all");
      return { ...outcome, asked, names: readdirSync(dir), notices: told.notices };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

const policy = (...allow_origins: string[]): JobSpec["fetch_policy"] => ({
  ...{ allow_private: false, allow_origins, max_bytes: 1e8, max_seconds: 3600 },
});
const other = { job_id: JOBS[1] };
const hours = (count: number) => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + count * 3600_000 });
};

describe.skipIf(!tools)("a video that this machine still has (needs ffmpeg)", () => {
  test("its own job takes it without asking anybody, another one asks for one byte, both get the same file", async () => {
    await using machine = await aMachine({ "/talk.mp4": bytes(talk) });
    const first = await machine.fetch("/talk.mp4?token=TOPSECRET#t=3");
    expect([first.reused, first.asked]).toEqual([false, ["bytes=0-65535"]]);
    const again = await machine.fetch("/talk.mp4?token=TOPSECRET");
    expect([again.reused, again.asked, again.source?.fetchedBytes]).toEqual([true, [], 0]);
    const others = await machine.fetch("/talk.mp4?token=TOPSECRET#t=9", other);
    expect([others.reused, others.asked]).toEqual([true, ["bytes=0-0"]]);
    expect(others.source?.fetchedBytes).toBeLessThan(10);
    const { fetchedBytes, meta, file, ...same } = first.source ?? {};
    expect(others.source).toMatchObject(same);
    expect(others.source?.meta).toEqual({ ...meta, fetched_bytes: others.source?.fetchedBytes });
    expect(readFileSync(others.source?.file ?? "").equals(talk)).toBe(true);
    const all = readdirSync(machine.cacheDir, { recursive: true, encoding: "utf8" });
    const texts = all.flatMap((name) =>
      name.endsWith("entry.json") ? [readFileSync(join(machine.cacheDir, name), "utf8")] : [],
    );
    expect(texts).toHaveLength(3); // for all, and for each of the two jobs
    expect([...all, ...texts].join()).not.toContain("TOPSECRET");
    const elsewhere = await machine.fetch("/talk.mp4?token=OTHER", other);
    expect([elsewhere.reused, elsewhere.asked]).toEqual([false, ["bytes=0-65535"]]);
    const inIndonesian = await machine.fetch("/talk.mp4?token=TOPSECRET", {
      job_id: "kk_01JD0000000000000000000003",
      language: "id",
    });
    expect(inIndonesian.reused).toBe(false); // it may have other captions
  });

  test("one that has changed is fetched again, but its own job and edits of its clips keep what they were cut from", async () => {
    let now: Route = bytes(talk);
    await using machine = await aMachine({ "/talk.mp4": (...asked) => now(...asked) });
    await machine.fetch("/talk.mp4");
    now = bytes(longer, { etag: '"two"' });
    const others = await machine.fetch("/talk.mp4", other);
    expect([others.reused, others.asked]).toEqual([false, ["bytes=0-0", "bytes=0-65535"]]);
    expect(others.source?.info.durationSeconds).toBeCloseTo(27, 0);
    const edit = { of: JOBS[0], clip: {} as NonNullable<JobSpec["edit"]>["clip"] };
    const edited = await machine.fetch("/talk.mp4", { job_id: "kk_01JD0000000000000000000009", edit });
    expect([edited.reused, edited.asked]).toEqual([true, []]);
    expect(edited.source?.info.durationSeconds).toBeCloseTo(25, 0);
    const later = await machine.fetch("/talk.mp4", { job_id: "kk_01JD0000000000000000000004" });
    expect(later.reused).toBe(true);
    expect(later.source?.info.durationSeconds).toBeCloseTo(27, 0);
  });

  test("where the server says nothing by which one could know, it is believed for a day", async () => {
    await using machine = await aMachine({ "/talk.mp4": bytes(talk, { etag: null }) });
    await machine.fetch("/talk.mp4");
    hours(23);
    expect((await machine.fetch("/talk.mp4", other)).asked).toEqual(["bytes=0-0"]);
    hours(2);
    const late = await machine.fetch("/talk.mp4", { job_id: "kk_01JD0000000000000000000004" });
    expect([late.reused, late.asked]).toEqual([false, ["bytes=0-0", "bytes=0-65535"]]);
  });

  test("the limits of this job hold for it, and its rules of where one may fetch from", async () => {
    await using machine = await aMachine({ "/talk.mp4": bytes(talk) });
    const { origin } = machine.server;
    await machine.fetch("/talk.mp4");
    const limited = async (limits: Partial<JobSpec["fetch_policy"]>, job: Partial<JobSpec> = {}) => {
      const fetched = await machine.fetch("/talk.mp4", {
        fetch_policy: { ...policy(origin), ...limits },
        ...job,
      });
      expect(fetched.names).toEqual([]);
      return fetched.code;
    };
    for (const job of [{}, other]) {
      expect(await limited({ max_bytes: talk.length - 1 }, job)).toBe("SOURCE_TOO_LARGE");
      expect(await limited({ max_seconds: 20 }, job)).toBe("SOURCE_TOO_LONG");
      expect(await limited({}, { ...job, clip_duration_seconds: 60 })).toBe("SOURCE_TOO_SHORT");
      // the very job that fetched it may no longer go there
      expect(await limited({ allow_origins: [] }, job)).toBe("SOURCE_REFUSED");
    }
    const allowsAll = await machine.fetch("/talk.mp4", {
      ...other,
      fetch_policy: { ...policy(), allow_private: true },
    });
    expect(allowsAll.reused).toBe(false);
  });

  test("a server that is gone does not matter to the job that has the video; to another one it does", async () => {
    let gone = false;
    await using machine = await aMachine({
      "/talk.mp4": (request, response, visit) =>
        gone ? void response.writeHead(404).end() : bytes(talk)(request, response, visit),
    });
    await machine.fetch("/talk.mp4");
    gone = true;
    expect((await machine.fetch("/talk.mp4")).reused).toBe(true);
    expect((await machine.fetch("/talk.mp4", other)).code).toBe("SOURCE_NOT_FOUND");
  });

  test("an upload is known by its id, whatever link leads to it, and is no address's video", async () => {
    await using machine = await aMachine({ "/one": bytes(talk), "/two": bytes(talk) });
    const upload = (path: string, job_id: string) => ({
      job_id,
      source: {
        ...{ kind: "upload" as const, upload_id: "up_01JD0000000000000000000000", filename: "My talk.mp4" },
        url: `${machine.server.origin}${path}`,
      },
    });
    expect((await machine.fetch("", upload("/one", JOBS[0]))).reused).toBe(false);
    const again = await machine.fetch("", upload("/two", JOBS[1]));
    expect([again.reused, again.asked, again.source?.title]).toEqual([true, [], "My talk"]);
    expect((await machine.fetch("/one", other)).reused).toBe(false);
  });

  test("a stream is asked for its list alone", async () => {
    await using machine = await aMachine({});
    expect((await machine.fetch("/talk.m3u8")).reused).toBe(false);
    const again = await machine.fetch("/talk.m3u8", other);
    expect([again.reused, again.asked]).toEqual([true, ["bytes=0-0"]]);
  });

  test("the video of a page is believed for a day, and what was said about it is said again", async () => {
    const info = {
      _type: "playlist",
      entries: [{ title: "A talk", duration: 25, formats: [{ format_id: "0" }] }],
    };
    await using machine = await aMachine({
      "/page": text("text/html", "<!doctype html><html></html>"),
      "/info.json": text("application/json", JSON.stringify(info)),
      "/media": bytes(talk),
    });
    const program = join(media, "yt-dlp");
    writeFileSync(program, FAKE_YT_DLP.replaceAll("ORIGIN", machine.server.origin), { mode: 0o755 });
    const first = await machine.fetch("/page", {}, program);
    expect([first.reused, first.asked.length, first.source?.title]).toEqual([false, 3, "A talk"]);
    expect(first.notices).toEqual(["The address is a list of videos; its first one is used."]);
    hours(23);
    const again = await machine.fetch("/page", other, program);
    expect([again.reused, again.asked, again.notices]).toEqual([true, [], first.notices]);
    hours(2);
    const late = await machine.fetch("/page", { job_id: "kk_01JD0000000000000000000004" }, program);
    expect([late.reused, late.asked.length]).toEqual([false, 3]);
  });

  test("two jobs that want the same video at once: one fetches it, the other waits", async () => {
    await using machine = await aMachine({
      "/talk.mp4": (request, response, visit) =>
        void setTimeout(() => bytes(talk)(request, response, visit), 300),
    });
    const both = await Promise.all([machine.fetch("/talk.mp4"), machine.fetch("/talk.mp4", other)]);
    expect(both.map(({ reused }) => reused).sort()).toEqual([false, true]);
    expect(machine.server.requests.map(({ range }) => range ?? "all")).toEqual([
      "bytes=0-65535",
      "bytes=0-0",
    ]);
  });
});

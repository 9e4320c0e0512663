import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { aJobSpec } from "@kangklip/contract/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aContext, temporaryDir, tools } from "../../asr/testing.ts";
import { planDash } from "../dash.ts";
import { createFetcher, type Fetcher } from "../fetcher.ts";
import { planHls } from "../hls-plan.ts";
import type { StreamPlan } from "../parts.ts";
import { fetchStream } from "../stream.ts";
import { bytes, type Route, startOrigin, status, text } from "../testing-server.ts";
import { reopenStream, type StreamByNeed, streamByNeed } from "./stream-source.ts";
import { SECONDS, writeStreams } from "./testing-streams.ts";

const exec = promisify(execFile);
/** In the pieces 15 to 22, 74 to 82 and 142 to 149. */
const CLIPS = [
  { start: 61.3, end: 91.3 },
  { start: 300, end: 330 },
  { start: 569.2, end: 599.2 },
];
const PIECES = [0, ...[15, 16, 17, 18, 19, 20, 21, 22], ...[74, 75, 76, 77, 78, 79, 80, 81, 82]].concat([
  142, 143, 144, 145, 146, 147, 148, 149,
]);

let media = "";
beforeAll(async () => {
  if (!tools) return;
  media = (await temporaryDir()).dir;
  await writeStreams(media);
}, 600_000);
afterAll(() => (media ? rm(media, { recursive: true, force: true }) : undefined));

interface Served {
  context: ReturnType<typeof aContext>["context"];
  fetcher: Fetcher;
  again: () => Promise<StreamPlan>;
  /** What was asked for since the last call. */
  asked: () => string[];
}
interface ServedOptions {
  routes?: Record<string, Route>;
  signal?: AbortSignal;
  maxBytes?: number;
}

/** A job's folder, and a server with the streams. */
async function served(
  name: string,
  { routes = {}, signal, maxBytes = 1e8 }: ServedOptions,
  look: (served: Served) => Promise<void>,
): Promise<void> {
  await using server = await startOrigin(routes, media);
  await using temporary = await temporaryDir();
  const { context } = aContext(temporary.dir, signal ? { signal } : {});
  const policy = {
    allow_private: false,
    allow_origins: [server.origin],
    max_bytes: maxBytes,
    max_seconds: 3600,
  };
  const fetcher = createFetcher({ policy, signal: context.signal, patience: { retryMs: 5 } });
  const address = `${server.origin}/${name}`;
  const again = async () => {
    if (!name.endsWith(".mpd")) return planHls(fetcher, address, "en");
    const manifest = await fetcher.text(address, 1e6);
    return planDash(manifest.text, manifest.url, "en");
  };
  const asked = () => server.requests.splice(0).map(({ path }) => path.slice(1));
  try {
    await look({ context: { ...context, job: aJobSpec() }, fetcher, again, asked });
  } finally {
    await fetcher.close();
  }
}

const WANTED = { clips: 3, seconds: 30 };

/** The same, and the stream opened by need. */
const opened = (
  name: string,
  options: ServedOptions,
  look: (stream: StreamByNeed, served: Served) => Promise<void>,
): Promise<void> =>
  served(name, options, async (at) => {
    const stream = await streamByNeed(at.context, at.fetcher, await at.again(), {
      ...WANTED,
      again: at.again,
    });
    if ("reason" in stream) throw new Error(stream.reason);
    await look(stream, at);
    await stream.need.close();
    expect(await readdir(at.context.dir)).toEqual(["source.mkv"]);
  });

/** The whole stream, as it is fetched where there is no other way. */
async function whole(name: string, { context, fetcher, again }: Served): Promise<string> {
  const kept = join(media, `whole-${name}.mkv`);
  const { file } = await fetchStream(context, fetcher, await again());
  await rename(file, kept);
  return kept;
}

/** What a stage sees of a stretch: every picture and every sound, with its time (ms, samples). */
async function decoded(file: string, { start, end }: { start: number; end: number }): Promise<string[]> {
  const input = ["-v", "error", "-ss", `${start}`, "-t", `${end - start}`, "-i", file];
  const exact = ["-fps_mode", "passthrough", "-enc_time_base:v", "1:1000", "-f", "framemd5", "-"];
  const { stdout } = await exec(tools?.ffmpeg ?? "", [...input, ...exact], { maxBuffer: 1 << 26 });
  return stdout.split("\n").sort(); // which of both comes first is chance
}
/** What the renderer begins with: the key frame at or before the start, and its time in the file. */
async function firstDecoded(file: string, start: number): Promise<string> {
  const input = [
    "-noaccurate_seek",
    "-copyts",
    "-ss",
    `${start}`,
    "-i",
    file,
    "-frames:v",
    "3",
    "-map",
    "0:v",
  ];
  return (await exec(tools?.ffmpeg ?? "", ["-v", "error", ...input, "-f", "framemd5", "-"])).stdout;
}
async function shownAs(file: string): Promise<string> {
  const entries =
    "stream=codec_name,codec_type,width,height,pix_fmt,avg_frame_rate,r_frame_rate,start_time,channels:format=start_time";
  return (await exec(tools?.ffprobe ?? "", ["-v", "error", "-show_entries", entries, file])).stdout;
}

describe.skipIf(!tools)("a stream fetched by need (needs ffmpeg)", () => {
  test.each(["late.m3u8", "aes.m3u8", "one.m3u8", "dash.mpd", "list.mpd", "sidx.mpd"])(
    "%s: pictures, sound and times are those of the whole stream",
    async (name) => {
      let all = "";
      await served(name, {}, async (at) => {
        all = await whole(name, at);
      });
      await opened(name, {}, async ({ file, ends, need }) => {
        expect(await shownAs(file)).toBe(await shownAs(all));
        expect(ends.any).toBeCloseTo(SECONDS, 0);
        const some = await need.pictures(CLIPS);
        for (const clip of CLIPS) expect(await decoded(some, clip)).toEqual(await decoded(all, clip));
        expect(await firstDecoded(some, 307.7)).toBe(await firstDecoded(all, 307.7));
      });
    },
    300_000,
  );

  test("the sound and the pieces that the clips are in are fetched, each once, and not a byte more", async () => {
    await opened("dash.mpd", {}, async ({ need }, { fetcher, context, again, asked }) => {
      for (const clip of CLIPS) await need.pictures([clip]);
      const names = asked();
      const sounds = ["dash1.mp4", ...Array.from({ length: SECONDS / 4 }, (_, n) => `dash1-${n + 1}.m4s`)];
      const pieces = PIECES.map((index) => `dash0-${index + 1}.m4s`);
      expect(names.sort()).toEqual(["dash.mpd", "dash0.mp4", ...pieces, ...sounds].sort());
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(media, name))).size));
      expect(need.wireBytes()).toBe(sizes.reduce((sum, size) => sum + size, 0));
      expect(need.requests()).toBe(names.length);

      // an edit within what is there, by whoever opens it again
      const kept = join(context.dir, "kept");
      await mkdir(kept);
      const packed = await need.packed?.(kept);
      const edited = { start: 63, end: 90 };
      const before = await decoded(await need.pictures([edited]), edited);
      await need.close();
      const state: unknown = JSON.parse(JSON.stringify(packed?.state));
      const file = join(context.dir, "source.mkv");
      const later = await reopenStream(context, fetcher, { state, dir: kept, file, again });
      expect(await decoded(await later.pictures([edited]), edited)).toEqual(before);
      expect(asked()).toEqual([]);
      // and beyond it
      await later.pictures([{ start: 85, end: 95 }]);
      expect(asked()).toEqual(["dash.mpd", "dash0-24.m4s"]);
      await later.close();
      await rm(kept, { recursive: true });
    });
  }, 300_000);

  test("a piece that is gone fails its clip and no other; addresses that have run out are read anew", async () => {
    const list = await readFile(join(media, "late0.m3u8"), "utf8");
    const signed: Route = (request, response, visit) =>
      text("x", list.replaceAll(".media", `.media?t=${visit}`))(request, response, visit);
    const body = await readFile(join(media, "late0-20.media"));
    const runsOut: Route = (request, response, visit) =>
      (request.url?.endsWith("t=1") ? status(403) : bytes(body))(request, response, visit);
    const routes = { "/late0.m3u8": signed, "/late0-20.media": runsOut, "/late0-77.media": status(404) };
    await opened("late.m3u8", { routes }, async ({ need }, { asked }) => {
      await need.pictures(CLIPS.slice(0, 1));
      expect(asked().filter((path) => path === "late0-20.media")).toHaveLength(2);
      await expect(need.pictures(CLIPS.slice(1, 2))).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
      await need.pictures(CLIPS.slice(2));
    });
  }, 300_000);

  test("a list that rounds is put right by the pictures, and one that lies costs the whole stream", async () => {
    const list = await readFile(join(media, "late0.m3u8"), "utf8");
    const routes = { "/late0.m3u8": text("x", list.replaceAll(/#EXTINF:4\.\d+/g, "#EXTINF:4.2")) };
    await opened("late.m3u8", { routes }, async ({ ends, need }, { asked }) => {
      expect(ends.picture).toBeCloseTo(SECONDS, 0);
      asked();
      const file = await need.pictures(CLIPS.slice(1, 2));
      expect(asked().length).toBeLessThan(20);
      expect((await decoded(file, { start: 300, end: 301 })).length).toBeGreaterThan(40);
    });
    const wrong = { "/late0-74.media": bytes(await readFile(join(media, "late0-3.media"))) };
    await opened("late.m3u8", { routes: wrong }, async ({ need }, { asked }) => {
      asked();
      await need.pictures(CLIPS.slice(1, 2));
      expect(asked()).toHaveLength(149);
    });
  }, 300_000);

  test("of a stream without sound the first piece is fetched, and the last one to know where it ends", async () => {
    await opened("late0.m3u8", {}, async ({ ends, need }, { asked }) => {
      expect(asked()).toEqual(["late0.m3u8", "late0-0.media", "late0-149.media"]);
      expect(ends.any).toBeCloseTo(SECONDS, 1);
      const file = await need.pictures([{ start: 100, end: 101 }]);
      expect(asked().sort()).toEqual(["late0-24.media", "late0-25.media"]); // several at once, in any order
      expect(
        (await decoded(file, { start: 100, end: 101 })).filter((line) => line.startsWith("0,")),
      ).toHaveLength(10);
    });
  }, 300_000);

  test.each<[string, string, Record<string, Route>, { clips: number; seconds: number }, string]>([
    ["sound among the pictures", "mixed.m3u8", {}, WANTED, "its sound lies among its pictures"],
    [
      "a clip as long as the stream",
      "dash.mpd",
      {},
      { clips: 1, seconds: 590 },
      "the clips need most of the stream anyway",
    ],
    [
      "a clock that starts anew",
      "jump.m3u8",
      {
        "/jump.m3u8": text(
          "x",
          "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nlate0-0.media\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\nlate0-9.media\n#EXT-X-ENDLIST\n",
        ),
      },
      WANTED,
      "the stream's clock starts anew in between",
    ],
  ])("%s: all of it is fetched, and the reason said", async (_, name, routes, want, reason) => {
    await served(name, { routes }, async ({ context, fetcher, again }) => {
      expect(await streamByNeed(context, fetcher, await again(), { ...want, again })).toEqual({ reason });
      expect(await readdir(context.dir)).toEqual([]);
      fetcher.reserve(1e8); // what was thrown away does not count
    });
  });

  test("nothing is left of a job that is cancelled, or whose limit is met", async () => {
    const stop = new AbortController();
    const hangs: Route = (_request, response) => {
      response.writeHead(200).write("x");
      stop.abort(new Error("cancelled"));
    };
    for (const [options, failure] of [
      [{ routes: { "/late1-50.media": hangs }, signal: stop.signal }, { message: "cancelled" }],
      [{ maxBytes: 100_000 }, { code: "SOURCE_TOO_LARGE" }],
    ] as const)
      await served("late.m3u8", options, async ({ context, fetcher, again }) => {
        const opening = streamByNeed(context, fetcher, await again(), { ...WANTED, again });
        await expect(opening).rejects.toMatchObject(failure);
        expect(await readdir(context.dir)).toEqual([]);
      });
  });
});

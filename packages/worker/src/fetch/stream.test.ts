import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import { bytes, type Route, status, text } from "./testing-server.ts";
import { fetchedStream } from "./testing-stream.ts";

const exec = promisify(execFile);
const KEY = "0123456789abcdef";
const HLS = ["-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];

/** One video as HLS in several shapes and as DASH; 10 s, so that cuts, order and clocks show. */
let media = "";
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  media = temporary.dir;
  const at = (name: string) => join(media, name);
  const source = at("source.mp4");
  const inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=10", "-f", "lavfi", "-i", "sine=d=10"];
  await ffmpeg(
    ...inputs,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-bf",
    "2",
    "-g",
    "10",
    "-c:a",
    "aac",
    source,
  );
  await writeFile(at("key.bin"), KEY);
  await writeFile(at("key.info"), `key.bin\n${at("key.bin")}\n`);
  const copied = (...args: string[]) =>
    ffmpeg("-i", source, "-map", "0:v", "-map", "0:a", "-c", "copy", ...args);
  await copied(...HLS, "-hls_segment_filename", at("ts%d.ts"), at("ts.m3u8"));
  await copied(...HLS, "-hls_segment_type", "fmp4", "-hls_flags", "single_file", at("one.m3u8"));
  await copied(
    ...HLS,
    "-hls_key_info_file",
    at("key.info"),
    "-hls_segment_filename",
    at("aes%d.ts"),
    at("aes.m3u8"),
  );
  const groups = [
    "-var_stream_map",
    "v:0,agroup:aud a:0,agroup:aud,default:yes",
    "-master_pl_name",
    "groups.m3u8",
  ];
  await copied(...HLS, ...groups, "-hls_segment_filename", at("g%v-%d.ts"), at("g%v.m3u8"));
  await copied("-f", "dash", "-seg_duration", "2", at("dash.mpd"));
  await copied("-f", "dash", "-seg_duration", "2", "-single_file", "1", at("list.mpd"));
  return temporary[Symbol.asyncDispose];
}, 60_000);

const fetched = (
  name: string,
  routes: Record<string, Route> = {},
  look?: Parameters<typeof fetchedStream>[2],
) => fetchedStream(name, { folder: media, routes }, look);

/** A hash per decoded picture: two videos with the same list show the same. */
async function pictures(file: string): Promise<string[]> {
  const args = ["-v", "error", "-i", file, "-map", "0:v", "-f", "framemd5", "-"];
  const { stdout } = await exec(tools?.ffmpeg ?? "ffmpeg", args);
  return stdout.split("\n").flatMap((line) => /[0-9a-f]{32}$/.exec(line)?.[0] ?? []);
}

async function firstTimes(file: string): Promise<{ video: number; audio: number }> {
  const of = async (stream: string) => {
    const args = [
      "-v",
      "error",
      "-select_streams",
      stream,
      "-show_entries",
      "packet=pts_time",
      "-of",
      "csv=p=0",
      file,
    ];
    const { stdout } = await exec(tools?.ffprobe ?? "ffprobe", args);
    return Math.min(...stdout.split("\n").map(Number.parseFloat).filter(Number.isFinite));
  };
  return { video: await of("v:0"), audio: await of("a:0") };
}

test.skipIf(!tools).each(["ts.m3u8", "one.m3u8", "aes.m3u8", "groups.m3u8", "dash.mpd", "list.mpd"])(
  "%s arrives picture for picture, with its sound in time (needs ffmpeg)",
  async (name) => {
    const expected = await pictures(join(media, "source.mp4"));
    await fetched(name, {}, async ({ file, names }) => {
      expect(names).toEqual(["source.mkv"]);
      expect(await pictures(file)).toEqual(expected);
      const { video, audio } = await firstTimes(file);
      expect(Math.abs(video - audio)).toBeLessThan(0.1);
    });
  },
);

test.skipIf(!tools)("sound that begins later on the stream's clock stays later (needs ffmpeg)", async () => {
  await using temporary = await temporaryDir();
  const at = (file: string) => join(temporary.dir, file);
  await ffmpeg("-i", join(media, "source.mp4"), "-map", "0:v", "-c", "copy", "-copyts", at("v.ts"));
  await ffmpeg(
    "-itsoffset",
    "1.5",
    "-i",
    join(media, "source.mp4"),
    "-map",
    "0:a",
    "-c",
    "copy",
    "-copyts",
    at("a.ts"),
  );
  const list = (file: string) =>
    text("x", `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${file}\n#EXT-X-ENDLIST\n`);
  const master =
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="a.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\nv.m3u8\n';
  const routes = {
    "/late.m3u8": text("x", master),
    "/v.m3u8": list("v.ts"),
    "/a.m3u8": list("a.ts"),
    "/v.ts": bytes(await readFile(at("v.ts"))),
    "/a.ts": bytes(await readFile(at("a.ts"))),
  };
  await fetched("late.m3u8", routes, async ({ file }) => {
    const { video, audio } = await firstTimes(file);
    const [v, a] = [await probe(at("v.ts")), await probe(at("a.ts"))];
    expect(a.startSeconds - v.startSeconds).toBeGreaterThan(1);
    expect(audio - video).toBeCloseTo(a.startSeconds - v.startSeconds, 2);
  });
});

for (const name of ["ts.m3u8", "one.m3u8"])
  test.skipIf(!tools)(
    `times that start anew at a discontinuity go on, in ${name} (needs ffmpeg)`,
    async () => {
      const playlist = await readFile(join(media, name), "utf8");
      const end = "#EXT-X-ENDLIST";
      const again = playlist.slice(playlist.indexOf("#EXTINF")).replace(end, "");
      const map = /#EXT-X-MAP.*/.exec(playlist)?.[0] ?? "";
      const twice = playlist.replace(end, `#EXT-X-DISCONTINUITY\n${map}\n${again}${end}`);
      const once = await pictures(join(media, "source.mp4"));
      await fetched("twice.m3u8", { "/twice.m3u8": text("x", twice) }, async ({ file }) => {
        expect(await pictures(file)).toEqual([...once, ...once]);
        const args = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file];
        const { stdout } = await exec(tools?.ffprobe ?? "ffprobe", args);
        expect(Number(stdout)).toBeCloseTo(20, 0);
      });
    },
  );

test.skipIf(!tools)(
  "captions of the stream come along on its clock, only of the chosen language (needs ffmpeg)",
  async () => {
    const master = `#EXTM3U
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="de",LANGUAGE="de",DEFAULT=YES,URI="de.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="en",LANGUAGE="en-US",URI="en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="s"
ts.m3u8
`;
    const { startSeconds } = await probe(join(media, "ts0.ts"));
    const clock = `X-TIMESTAMP-MAP=MPEGTS:${Math.round((startSeconds + 1) * 90_000)},LOCAL:00:00:00.000`;
    const routes = {
      "/sub.m3u8": text("x", master),
      "/en.m3u8": text(
        "x",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n1.vtt\n#EXTINF:5,\n2.vtt\n#EXT-X-ENDLIST\n",
      ),
      "/1.vtt": text("text/vtt", `WEBVTT\n${clock}\n\n00:01.000 --> 00:02.000\nhello\n`),
      "/2.vtt": text("text/vtt", `WEBVTT\n${clock}\n\n00:06.000 --> 00:07.000\nworld\n`),
    };
    await fetched("sub.m3u8", routes, async ({ captions, paths }) => {
      expect(captions).toMatchObject({ language: "en-US", format: "vtt", automatic: false });
      expect(captions?.text).toMatch(
        /00:00:02\.00\d --> 00:00:03\.00\d\nhello\n.*00:00:07\.00\d --> 00:00:08\.00\d\nworld/s,
      );
      expect(paths).not.toContain("/de.m3u8");
    });
    await fetched("sub.m3u8", { ...routes, "/2.vtt": status(404) }, async ({ captions, names }) => {
      expect(captions).toBeNull(); // the video is worth having without them
      expect(names).toEqual(["source.mkv"]);
    });
  },
);

test.skipIf(!tools)(
  "a piece that fails for a moment is fetched again, one that is gone ends it all (needs ffmpeg)",
  async () => {
    const piece = await readFile(join(media, "ts1.ts"));
    const shaky: Route = (request, response, visit) =>
      (visit === 1 ? status(503) : bytes(piece, { cutAfter: [0, 5000] }))(request, response, visit);
    await fetched("ts.m3u8", { "/ts1.ts": shaky }, async ({ file }) => {
      expect(await pictures(file)).toHaveLength(100);
    });
    await expect(fetched("ts.m3u8", { "/ts3.ts": status(404) })).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
    });
  },
);

test.skipIf(!tools)(
  "pieces that are themselves a playlist, and a wrong key, are refused (needs ffmpeg)",
  async () => {
    const nested = text(
      "x",
      `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${join(media, "ts0.ts")}\n#EXT-X-ENDLIST\n`,
    );
    const list = text("x", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nnested\n#EXT-X-ENDLIST\n");
    await expect(fetched("evil.m3u8", { "/evil.m3u8": list, "/nested": nested })).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
    });
    await expect(fetched("aes.m3u8", { "/key.bin": text("x", "fedcba9876543210") })).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
    });
    await expect(fetched("aes.m3u8", { "/key.bin": text("x", "short") })).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
    });
  },
);

test.skipIf(!tools)(
  "a list of files among the pieces is refused, though ffmpeg would follow it (needs ffmpeg)",
  async () => {
    const routes = {
      "/evil.m3u8": text(
        "x",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nts0.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\nlist\n#EXT-X-ENDLIST\n",
      ),
      "/list": text("x", "ffconcat version 1.0\nfile track0-0.media\n"),
    };
    await expect(fetched("evil.m3u8", routes)).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
  },
);

async function probe(file: string) {
  const args = ["-v", "error", "-show_entries", "format=start_time", "-of", "csv=p=0", file];
  return { startSeconds: Number((await exec(tools?.ffprobe ?? "ffprobe", args)).stdout) };
}

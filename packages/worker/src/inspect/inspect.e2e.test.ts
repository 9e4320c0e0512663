import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findProgram } from "../child.ts";
import { bytes, type Route, redirect, startOrigin, status, text } from "../fetch/testing-server.ts";
import { asked, hasTools, JPEG, preview, refusal, run, sizeOf } from "./testing-inspect.ts";

const SECONDS = 40;
const MOST_BYTES = 8_000_000;

let dir: string;
const made = (name: string) => join(dir, name);
const ffmpeg = (...args: string[]) => run("ffmpeg", ["-v", "error", "-y", ...args], { cwd: dir });
const file = (name: string, options = {}): Route =>
  bytes(readFileSync(made(name)), { type: "video/mp4", ...options });

describe.skipIf(!hasTools)("what an address leads to (needs ffmpeg)", () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kk-inspect-media-"));
    const picture = ["-f", "lavfi", "-i", `testsrc2=s=1280x720:r=10:d=${SECONDS}`];
    const sound = ["-f", "lavfi", "-i", `sine=d=${SECONDS}`];
    const coded = [
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-g",
      "100",
      "-bf",
      "3",
      "-crf",
      "30",
      "-c:a",
      "aac",
    ];
    await ffmpeg(...picture, ...sound, ...coded, "-metadata", "title=Ein\u202e Vortrag", "last.mp4");
    const copied = ["-i", "last.mp4", "-c", "copy"];
    await ffmpeg(...copied, "-movflags", "+faststart", "first.mp4");
    await ffmpeg(...copied, "a.mkv");
    await ffmpeg(...copied, "a.ts");
    await ffmpeg(...copied, "-t", "12", "short.mp4");
    for (const [name, ...options] of [
      ["hls", "-hls_time", "4", "-hls_playlist_type", "vod", "talk.m3u8"],
      ["fmp4", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "talk.m3u8"],
      ["dash", "-f", "dash", "talk.mpd"],
    ] as const) {
      await mkdir(made(name));
      await run("ffmpeg", ["-v", "error", "-i", made("last.mp4"), "-c", "copy", ...options], {
        cwd: made(name),
      });
    }
  }, 120_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test.each(["first.mp4", "last.mp4", "a.mkv", "a.ts"])(
    "%s: length, size and a picture, by its first bytes and a few ranges",
    async (name) => {
      await using server = await startOrigin({ "/My_talk.mp4": file(name) });
      const { answer } = await asked(`${server.origin}/My_talk.mp4`);
      expect(answer).toEqual(
        preview({
          width: 1280,
          height: 720,
          size_bytes: readFileSync(made(name)).length,
          thumbnail: JPEG,
          has_captions: false,
        }),
      );
      if (!answer.ok) return;
      expect(answer.preview.seconds).toBeCloseTo(SECONDS, 0);
      expect(await sizeOf(answer.preview.thumbnail)).toEqual([640, 360]);
      // what is in the file counts more than its address, without what turns a text round
      expect(answer.preview.title).toBe(name === "a.ts" ? "My talk" : "Ein Vortrag");
      expect(server.requests.length).toBeLessThan(6);
    },
  );

  test("without ranges: what the beginning tells", async () => {
    await using server = await startOrigin({
      "/first.mp4": file("first.mp4", { ranges: false }),
      "/last.mp4": file("last.mp4", { ranges: false }),
    });
    expect((await asked(`${server.origin}/first.mp4`)).answer).toEqual(
      preview({ seconds: expect.closeTo(SECONDS, 0), width: 1280, thumbnail: JPEG }),
    );
    expect((await asked(`${server.origin}/last.mp4`)).answer).toEqual(preview({ title: expect.any(String) }));
  });

  test.each(["hls/talk.m3u8", "fmp4/talk.m3u8", "dash/talk.mpd"])(
    "%s: its length by the list, a picture of one piece",
    async (name) => {
      await using server = await startOrigin({}, dir);
      const { answer } = await asked(`${server.origin}/${name}`);
      expect(answer).toEqual(
        preview({ title: "talk", width: 1280, height: 720, thumbnail: JPEG, has_captions: false }),
      );
      expect(answer.ok && answer.preview.seconds).toBeCloseTo(SECONDS, 0);
      expect(server.requests.length).toBeLessThan(8);
    },
  );

  const refused = async (route: Route, code: string, policy = {}) => {
    await using server = await startOrigin({ "/x": route });
    expect((await asked(`${server.origin}/x`, { policy })).answer).toEqual(refusal(code));
  };
  test("what is not there", () => refused(status(404), "SOURCE_NOT_FOUND"));
  test("an empty answer", () => refused(status(200), "SOURCE_UNREADABLE"));
  test("a picture", () => refused(bytes(Buffer.from("89504e470d0a1a0a", "hex")), "SOURCE_UNSUPPORTED"));
  test("nonsense in the form of a video", () =>
    refused(
      bytes(Buffer.concat([Buffer.from("00000014", "hex"), Buffer.from("ftypisom"), Buffer.alloc(5000, 7)])),
      "SOURCE_TRUNCATED",
    ));
  test("a live stream", () =>
    refused(
      text("application/x-mpegurl", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n"),
      "SOURCE_LIVE",
    ));
  test("a video that is too short for any clip", async () => refused(file("short.mp4"), "SOURCE_TOO_SHORT"));
  test("one that is longer than allowed", async () =>
    refused(file("last.mp4"), "SOURCE_TOO_LONG", { max_seconds: 30 }));
  test("one that is larger than allowed", async () =>
    refused(file("last.mp4"), "SOURCE_TOO_LARGE", { max_bytes: 100_000 }));
  test("a file that was cut off", async () => {
    const whole = readFileSync(made("last.mp4"));
    await refused(bytes(whole.subarray(0, whole.length - 20_000)), "SOURCE_TRUNCATED");
  });

  test("a redirect to a private address is refused, and nobody is asked there", async () => {
    await using inner = await startOrigin({ "/": text("text/plain", "secret") });
    await using server = await startOrigin({
      "/x": redirect(`${inner.origin}/`),
      "/y": redirect("http://169.254.169.254/latest/meta-data/"),
      "/list.m3u8": text(
        "application/x-mpegurl",
        `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:40,\n${inner.origin}/\n#EXT-X-ENDLIST\n`,
      ),
    });
    const policy = { allow_private: false, allow_origins: [server.origin] };
    for (const path of ["x", "y", "list.m3u8"])
      expect((await asked(`${server.origin}/${path}`, { policy })).answer, path).toEqual(
        refusal("SOURCE_REFUSED"),
      );
    expect(inner.connections()).toBe(0);
  });

  test("of a huge file no more than 8 MB are asked for", async () => {
    const size = 60e9;
    const begin = Buffer.alloc(32);
    begin.writeUInt32BE(16);
    begin.write("ftypisom", 4, "latin1");
    begin.writeUInt32BE(1, 16);
    begin.write("mdat", 20, "latin1");
    begin.writeBigUInt64BE(BigInt(size - 16), 24);
    let sent = 0;
    const endless: Route = (request, response) => {
      const [, from = "0", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const length = Number(to) - Number(from) + 1;
      sent += length;
      response.writeHead(206, { "content-length": length, "content-range": `bytes ${from}-${to}/${size}` });
      response.end(Buffer.concat([from === "0" ? begin : Buffer.alloc(0), Buffer.alloc(length)], length));
    };
    // a transport stream without end: nothing says how long it is
    const packets = Buffer.alloc(
      188 * 1000,
      Buffer.concat([Buffer.from("471fff10", "hex"), Buffer.alloc(184, 255)]),
    );
    let streamed = 0;
    const dripping: Route = (_request, response) => {
      response.writeHead(200, { "content-type": "video/mp2t" });
      const more = () => {
        while (!response.destroyed && response.write(packets)) streamed += packets.length;
        if (!response.destroyed) streamed += packets.length;
      };
      response.on("drain", more);
      more();
    };
    await using server = await startOrigin({ "/huge.mp4": endless, "/endless.ts": dripping });
    const policy = { max_bytes: 100e9 };
    expect((await asked(`${server.origin}/huge.mp4`, { policy })).answer).toEqual(
      refusal("SOURCE_TRUNCATED"),
    );
    expect(sent).toBeLessThanOrEqual(MOST_BYTES);
    const { answer } = await asked(`${server.origin}/endless.ts`, { policy });
    expect(answer).toEqual(refusal("SOURCE_UNREADABLE"));
    expect(streamed).toBeLessThan(2 * MOST_BYTES); // with what lay in sockets
  });

  test("a server that does not answer is told as such, in time", async () => {
    await using server = await startOrigin({ "/x": () => {} });
    const { answer } = await asked(`${server.origin}/x`, { withinMs: 3000 });
    expect(answer).toEqual(refusal("SOURCE_UNREACHABLE"));
    expect(answer).toMatchObject({ message: expect.stringContaining("did not answer in time") });
  });

  test("one that stops in the middle: what is known by then is told", async () => {
    const whole = readFileSync(made("last.mp4"));
    const stops: Route = (request, response, visit) => {
      if (visit === 1) bytes(whole)(request, response, visit);
    };
    await using server = await startOrigin({ "/The_talk.mp4": stops });
    const { answer } = await asked(`${server.origin}/The_talk.mp4`, { withinMs: 8000 });
    if (!answer.ok)
      expect(answer.code).toBe("SOURCE_UNREACHABLE"); // its own time-out came first
    else
      expect(answer).toEqual(preview({ title: "The talk", notices: [expect.stringContaining("no time")] }));
  });

  test("a file that makes ffprobe hang ends it, and what is known by then is told", async () => {
    const tools = made("hanging");
    await mkdir(tools, { recursive: true });
    await symlink(await findProgram("ffmpeg", process.env.PATH), join(tools, "ffmpeg"));
    const long = `100000.${process.pid}`;
    await writeFile(join(tools, "ffprobe"), `#!/bin/sh\nexec sleep ${long}\n`);
    await chmod(join(tools, "ffprobe"), 0o755);
    await using server = await startOrigin({ "/a_talk.mp4": file("first.mp4") });
    const env = { FFMPEG_PATH: join(tools, "ffmpeg") };
    const { answer } = await asked(`${server.origin}/a_talk.mp4`, { env, withinMs: 8000 });
    expect(answer).toEqual(preview({ title: "a talk", notices: [expect.stringContaining("no time")] }));
    const hangs = (pid: string) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(long);
      } catch {
        return false; // it has ended meanwhile
      }
    };
    const hanging = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name) && hangs(name));
    await vi.waitFor(() => expect(hanging()).toEqual([]), { timeout: 10_000 });
  });
});

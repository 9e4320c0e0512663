import { aJobSpec } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import { aContext, hasProgram, temporaryDir, tools } from "../asr/testing.ts";
import { createFetcher } from "./fetcher.ts";
import { logDials } from "./testing-dials.ts";
import { bytes, type Origin, type Route, redirect, startOrigin, text } from "./testing-server.ts";
import { fetchPage } from "./yt-dlp.ts";
import { findYtDlp } from "./yt-dlp-session.ts";

const real = process.env.YTDLP_PATH ?? "yt-dlp";
const hasReal = tools !== undefined && ((await hasProgram(real)) || real.includes("/"));

const playlist = (lines: string) =>
  text("application/vnd.apple.mpegurl", `#EXTM3U\n#EXT-X-TARGETDURATION:30\n${lines}\n#EXT-X-ENDLIST\n`);
const page = (video: string) =>
  text("text/html", `<html><title>A talk</title><video>${video}</video></html>`);
const segment = bytes(Buffer.alloc(188 * 200, 71), { type: "video/mp2t" });

/** What a page may do to lead yt-dlp inside; each did reach the server inside without a proxy. */
const SHAPES: [name: string, routes: (inside: Origin) => Record<string, Route>][] = [
  [
    "its <source>",
    ({ origin }) => ({ "/page": page(`<source src="${origin}/secret.mp4" type="video/mp4">`) }),
  ],
  [
    "a redirect behind its <source>",
    ({ origin }) => ({
      "/page": page('<source src="/go.mp4" type="video/mp4">'),
      "/go.mp4": redirect(`${origin}/secret.mp4`),
    }),
  ],
  [
    "an HLS segment",
    ({ origin }) => ({
      "/page": page('<source src="/v.m3u8" type="application/x-mpegURL">'),
      "/v.m3u8": playlist(`#EXTINF:30,\n${origin}/secret.ts`),
    }),
  ],
  [
    "an HLS key",
    ({ origin }) => ({
      "/page": page('<source src="/v.m3u8" type="application/x-mpegURL">'),
      "/v.m3u8": playlist(`#EXT-X-KEY:METHOD=AES-128,URI="${origin}/key"\n#EXTINF:30,\n/s.ts`),
      "/s.ts": segment,
    }),
  ],
  [
    "an HLS version",
    ({ origin }) => ({
      "/page": page('<source src="/v.m3u8" type="application/x-mpegURL">'),
      "/v.m3u8": text(
        "application/vnd.apple.mpegurl",
        `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n${origin}/v.m3u8\n`,
      ),
    }),
  ],
  [
    "an HLS segment that is a file",
    () => ({
      "/page": page('<source src="/v.m3u8" type="application/x-mpegURL">'),
      "/v.m3u8": playlist("#EXTINF:30,\nfile:///etc/hostname"),
    }),
  ],
];

test.skipIf(!hasReal).each(SHAPES)(
  "the real yt-dlp, led inside by %s, gets nowhere (needs yt-dlp and ffmpeg)",
  async (_name, routesTo) => {
    const { signal } = new AbortController();
    const ytDlp = await findYtDlp(real, signal);
    if (!ytDlp) throw new Error("yt-dlp does not run");
    await using inside = await startOrigin({});
    await using server = await startOrigin(routesTo(inside));
    await using temporary = await temporaryDir();
    const policy = {
      allow_private: false,
      allow_origins: [server.origin],
      max_bytes: 1e7,
      max_seconds: 3600,
    };
    const { context, told } = aContext(temporary.dir);
    const fetcher = createFetcher({ policy, signal });
    using log = logDials();
    const job = aJobSpec({ fetch_policy: policy });
    await expect(
      fetchPage({ ...context, job }, fetcher, ytDlp, `${server.origin}/page`),
    ).rejects.toMatchObject({ name: "KangKlipError", code: expect.stringMatching(/^SOURCE_/) });
    await fetcher.close();
    expect(server.requests.map(({ path }) => path)).toContain("/page");
    expect(inside.connections()).toBe(0);
    expect(new Set(log.dials)).toEqual(new Set([new URL(server.origin).host]));
    expect(told.logs.map(({ event }) => event)).toContain("egress");
  },
  120_000,
);

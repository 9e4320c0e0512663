import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ffmpeg, temporaryDir, tools } from "../../asr/testing.ts";
import { planDash } from "../dash.ts";
import type { Track } from "../parts.ts";
import { bytes, type Route, text } from "../testing-server.ts";
import { inFragments, tenMinutes } from "./testing-need.ts";

const exec = promisify(execFile);

export interface Format extends Record<string, unknown> {
  format_id: string;
}
export const PICTURE: Format = {
  format_id: "137",
  vcodec: "avc1.64001e",
  acodec: "none",
  protocol: "https",
  height: 180,
};
export const SOUND: Format = { format_id: "140", vcodec: "none", acodec: "mp4a.40.2", protocol: "https" };
/** What yt-dlp says of a page with these formats at these paths, of which it chose the first ones. */
export const told =
  (there: () => [format: Format, path: string][], chosen = 2): Route =>
  (request, response) => {
    const origin = `http://${request.headers.host}`;
    const formats = there().map(([format, path]) => ({ ...format, url: origin + path }));
    const [first, second] = formats.slice(0, chosen);
    const several = second ? { requested_formats: [first, second] } : first;
    const about = {
      id: "x1",
      extractor_key: "Site",
      title: "A talk",
      duration: 600,
      webpage_url: `${origin}/page`,
    };
    response.end(JSON.stringify({ ...about, formats, ...several }).replaceAll("ORIGIN", origin));
  };
export const PAGE = text("text/html", "<html></html>");
export const pair = (): [Format, string][] => [
  [PICTURE, "/picture"],
  [SOUND, "/sound"],
];
/** The same as one file that holds both. */
export const single = (): [Format, string][] => [[{ format_id: "22", protocol: "https" }, "/both"]];

/** A file by ranges, under the mark that is said at the time. */
export const tagged =
  (body: Buffer, tag: () => string): Route =>
  (...asked) =>
    bytes(body, { etag: tag(), together: true })(...asked);

/** The ten minutes as a page has them: apart, as one file, and joined as yt-dlp does it (`whole`, a path). Nothing where there is no ffmpeg. */
export async function aPageVideo() {
  const { dir: folder, [Symbol.asyncDispose]: close } = await temporaryDir();
  const whole = join(folder, "whole.mkv");
  const none = Buffer.alloc(0);
  if (!tools) return { folder, whole, picture: none, sound: none, both: none, close };
  const both = await tenMinutes(folder);
  const files = await inFragments(folder);
  await ffmpeg("-i", files.picture, "-i", files.sound, "-map", "0:v", "-map", "1:a", "-c", "copy", whole);
  const [picture, sound] = [readFileSync(files.picture), readFileSync(files.sound)];
  return { folder, whole, picture, sound, both, close };
}

/** What a stage sees and hears of a stretch: hashes of all pictures, and of all sound. */
export async function seen(file: string, { start, end }: { start: number; end: number }): Promise<string[]> {
  const input = ["-v", "error", "-ss", `${start}`, "-t", `${end - start}`, "-i", file];
  const exact = ["-fps_mode", "passthrough", "-enc_time_base:v", "1:1000", "-f", "framemd5", "-"];
  const { stdout } = await exec(tools?.ffmpeg ?? "", [...input, ...exact], { maxBuffer: 1 << 26 });
  return stdout.split("\n").sort();
}

/** Hashes of the pictures alone, in order: other containers cut sound at other places. */
export const picturesIn = (lines: string[]) =>
  lines.flatMap((line) => /^0,.*\b([0-9a-f]{32})$/.exec(line)?.[1] ?? []);

/** The ten minutes as streams: v.m3u8, a.m3u8, mixed.m3u8 and DASH. @returns the DASH formats as yt-dlp tells them */
export async function asStreams(folder: string): Promise<{ picture: object; sound: object }> {
  const from = ["-i", join(folder, "ten-minutes.mp4"), "-c", "copy"];
  const hls = ["-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod"];
  for (const [name, map] of [
    ["v", ["-map", "0:v"]],
    ["a", ["-map", "0:a"]],
    ["mixed", []],
  ] as const)
    await ffmpeg(...from, ...map, ...hls, join(folder, `${name}.m3u8`));
  await ffmpeg(...from, "-f", "dash", "-seg_duration", "4", join(folder, "all.mpd"));
  const base = new URL("http://origin/all.mpd");
  const { video, audio } = planDash(readFileSync(join(folder, "all.mpd"), "utf8"), base, "en");
  const format = ({ runs: [run] }: Track) => ({
    ...{ protocol: "http_dash_segments", fragment_base_url: "ORIGIN/" },
    fragments: run?.parts.map(({ address }, index) => ({
      path: new URL(address).pathname.slice(1),
      ...(run.lengths?.[index] && { duration: run.lengths[index] }),
    })),
  });
  if (!audio) throw new Error("the manifest names no sound");
  return { picture: format(video), sound: format(audio) };
}

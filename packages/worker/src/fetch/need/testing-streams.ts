import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ffmpeg } from "../../asr/testing.ts";

/** Of the streams below. */
export const SECONDS = 600;

/**
 * Writes ten minutes (small and cheap, with B-frames, a key frame every 2 s) as streams in pieces of 4 s, sound apart from the picture:
 * late.m3u8 (TS whose clock begins at 10 s), aes.m3u8 (TS, encrypted), one.m3u8 (byte ranges of one fMP4), dash.mpd (template),
 * list.mpd (list of ranges), sidx.mpd (one file with an index each); mixed.m3u8 (TS) has its sound among its pictures.
 */
export async function writeStreams(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  const part = at("part.mp4");
  const source = at("source.mp4");
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "20"];
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=100", ...coded, part);
  const sound = ["-f", "lavfi", "-i", `sine=b=3:r=24000:d=${SECONDS}`];
  const both = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", "32k"];
  await ffmpeg("-stream_loop", "5", "-i", part, ...sound, ...both, source);
  const copied = (...args: string[]) =>
    ffmpeg("-i", source, "-map", "0:v", "-map", "0:a", "-c", "copy", ...args);
  const vod = ["-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod"];
  const apart = ["-var_stream_map", "v:0,agroup:aud a:0,agroup:aud,default:yes"];
  const hls = (name: string, ...args: string[]) =>
    copied(...vod, ...args, ...apart, "-master_pl_name", `${name}.m3u8`, at(`${name}%v.m3u8`));
  const pieces = (name: string) => ["-hls_segment_filename", at(`${name}%v-%d.media`)];
  await hls("late", "-output_ts_offset", "10", ...pieces("late"));
  await writeFile(at("key.bin"), "0123456789abcdef");
  await writeFile(at("key.info"), `key.bin\n${at("key.bin")}\n`);
  await hls("aes", "-hls_key_info_file", at("key.info"), ...pieces("aes"));
  await hls("one", "-hls_segment_type", "fmp4", "-hls_flags", "single_file");
  await copied(...vod, "-hls_segment_filename", at("mixed-%d.ts"), at("mixed.m3u8"));
  const dash = ["-f", "dash", "-seg_duration", "4"];
  const named = [
    ...["-init_seg_name", "dash$RepresentationID$.mp4"],
    ...["-media_seg_name", "dash$RepresentationID$-$Number$.m4s"],
  ];
  await copied(...dash, ...named, "-use_timeline", "0", at("dash.mpd"));
  await copied(
    ...dash,
    "-single_file",
    "1",
    "-single_file_name",
    "list$RepresentationID$.mp4",
    at("list.mpd"),
  );
  await writeFile(at("sidx.mpd"), await indexed(source, folder));
}

/** One file per track with an index in front, as most services have them. */
async function indexed(source: string, folder: string): Promise<string> {
  const sets: string[] = [];
  for (const [kind, about] of [
    ["video", 'bandwidth="15000" width="64" height="36"'],
    ["audio", 'bandwidth="34000"'],
  ]) {
    const name = `sidx-${kind}.mp4`;
    const cut = kind === "video" ? ["-min_frag_duration", "4000000"] : ["-frag_duration", "4000000"];
    const flags = `${kind === "video" ? "+frag_keyframe" : ""}+global_sidx+dash`;
    const map = kind === "video" ? "0:v" : "0:a";
    await ffmpeg("-i", source, "-map", map, "-c", "copy", "-movflags", flags, ...cut, join(folder, name));
    const bytes = await readFile(join(folder, name));
    const index = bytes.indexOf("sidx") - 4;
    const end = index + bytes.readUInt32BE(index);
    sets.push(
      `<AdaptationSet mimeType="${kind}/mp4"><Representation id="${kind}" ${about}><BaseURL>${name}</BaseURL>`,
      `<SegmentBase indexRange="${index}-${end - 1}"><Initialization range="0-${index - 1}"/></SegmentBase>`,
      "</Representation></AdaptationSet>",
    );
  }
  return `<?xml version="1.0"?><MPD type="static" mediaPresentationDuration="PT${SECONDS}S"><Period>${sets.join("")}</Period></MPD>`;
}

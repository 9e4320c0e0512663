import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ffmpeg } from "../asr/testing.ts";
import {
  AAC,
  bitFlips,
  box,
  bytes,
  copied,
  encode,
  FTYP,
  H264,
  type Kitchen,
  lying,
  made,
  noise,
  PORTRAIT,
  type Recipe,
  rewritten,
} from "./testing-hostile-kitchen.ts";

const hls = (...lines: string[]) =>
  `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:30\n${lines.join("\n")}\n#EXT-X-ENDLIST\n`;
const mpd = (base: string) =>
  `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT30S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" codecs="avc1.4d401e"><BaseURL>${base}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
const HDR = (transfer: string) => [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le"],
  ...["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"],
];
const rotated =
  (degrees: string): Recipe =>
  async (file, { folder }) => {
    const lying = join(folder, `lying-${degrees}.mp4`); // on its side, as a phone stores it
    await encode(lying, { picture: "testsrc2=size=160x90:rate=10" });
    const copy = ["-c", "copy", file];
    // ffmpeg 6 and newer; 5.1 knows the older way only
    await ffmpeg("-display_rotation", degrees, "-i", lying, ...copy).catch(() =>
      ffmpeg("-i", lying, "-metadata:s:v:0", `rotate=${degrees}`, ...copy),
    );
  };

async function manySubtitles(file: string, { folder }: Kitchen): Promise<void> {
  const srt = join(folder, "one.srt");
  await writeFile(srt, "1\n00:00:01,000 --> 00:00:05,000\n{\\alpha&HFF&}<script>\n");
  const maps = Array.from({ length: 100 }, () => ["-map", "1"]).flat();
  await ffmpeg(
    "-i",
    join(folder, "base.mp4"),
    "-i",
    srt,
    "-map",
    "0",
    ...maps,
    "-c",
    "copy",
    "-c:s",
    "srt",
    file,
  );
}

async function manyChapters(file: string, { folder }: Kitchen): Promise<void> {
  const text = Array.from(
    { length: 10_000 },
    (_, i) => `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${i * 2}\nEND=${i * 2 + 1}\ntitle=${i} {\\p1}`,
  );
  const meta = join(folder, "chapters.txt");
  await writeFile(meta, `;FFMETADATA1\n${text.join("\n")}\n`);
  await ffmpeg(
    "-i",
    join(folder, "base.mp4"),
    "-i",
    meta,
    "-map",
    "0",
    "-map_metadata",
    "1",
    "-c",
    "copy",
    file,
  );
}

async function attachments(file: string, { folder }: Kitchen): Promise<void> {
  const font = join(folder, "evil.ttf");
  await writeFile(font, Buffer.concat([Buffer.from("00010000", "hex"), noise(50_000)]));
  const attached = ["-attach", font, "-metadata:s:t", "mimetype=application/x-truetype-font"];
  await ffmpeg(
    "-i",
    join(folder, "base.mp4"),
    "-map",
    "0",
    "-c",
    "copy",
    ...attached,
    "-metadata:s:t",
    "filename=../../evil.ttf",
    file,
  );
}

async function changingSize(file: string, { folder }: Kitchen): Promise<void> {
  const parts = ["90x160", "160x90", "64x128"].map((size, i) => ({
    size,
    part: join(folder, `part-${i}.ts`),
  }));
  for (const { size, part } of parts)
    await encode(part, { picture: `testsrc2=size=${size}:rate=10`, seconds: 10 });
  const joined = parts.map(({ part }) => part).join("|");
  await ffmpeg("-i", `concat:${joined}`, "-c", "copy", file);
}

async function coverOnly(file: string, { folder }: Kitchen): Promise<void> {
  const cover = join(folder, "cover.png");
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", "1", cover);
  const disposition = ["-c", "copy", "-disposition:v:0", "attached_pic"];
  await ffmpeg("-i", join(folder, "base.mp4"), "-i", cover, "-map", "0:a", "-map", "1", ...disposition, file);
}

/** An MP4 whose data are zeros here: they are said to lie in a file of the machine, where they do lie. */
const elsewhere: Recipe = (file, { base, canary }) =>
  writeFile(
    file,
    rewritten(base, (name, body) => {
      if (name === "mdat") return Buffer.alloc(body.length);
      if (name !== "dref") return undefined;
      const entry = box("url ", "\0\0\0\0", `file://${canary.movie}\0`);
      return Buffer.concat([Buffer.from("\0\0\0\0\0\0\0\x01", "latin1"), entry]);
    }),
  );

/** How each file of corpus/media.json comes into being. */
export const RECIPES: Record<string, Recipe> = {
  // bytes
  "zero.mp4": bytes(() => ""),
  "head-1k.mp4": bytes(({ base }) => base.subarray(0, 1000)),
  "random.mp4": bytes(() => noise(200_000)),
  "random-in-mp4.mp4": bytes(() => Buffer.concat([FTYP, noise(200_000)])),
  "random-in-mkv.mkv": bytes(() => Buffer.concat([Buffer.from("1a45dfa3", "hex"), noise(200_000)])),
  "random-in-ts.ts": bytes(() => {
    const packets = noise(188 * 1000);
    for (let at = 0; at < packets.length; at += 188) packets[at] = 0x47;
    return packets;
  }),
  "html.mp4": bytes(() => "<!doctype html><title>Sign in</title><h1>Please log in</h1>"),
  "svg.mp4": bytes(
    ({ canary }) => `<svg xmlns="http://www.w3.org/2000/svg"><image href="file://${canary.file}"/></svg>`,
  ),
  "png.mp4": (file) =>
    ffmpeg("-f", "lavfi", "-i", "testsrc2", "-frames:v", "1", "-c:v", "png", "-f", "image2", file),
  "zip.mp4": bytes(() => Buffer.concat([Buffer.from("PK\x03\x04"), noise(5000)])),
  "polyglot.mp4": bytes(({ fast }) =>
    Buffer.concat([fast, box("free", "<!doctype html><script>alert(1)</script>")]),
  ),
  "nested-boxes.mp4": bytes(() => {
    let inner: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 2000; depth++)
      inner = box(["moov", "trak", "udta", "meta"][depth % 4] ?? "moov", inner);
    return Buffer.concat([FTYP, inner]);
  }),
  "huge-box.mp4": bytes(({ base }) =>
    Buffer.concat([
      base.subarray(0, base.indexOf("mdat") - 4),
      Buffer.from("000000016d64617400000fffffffffff", "hex"),
      noise(5000),
    ]),
  ),
  // reaching for other files
  "hls-file.mp4": bytes(({ canary }) => hls(`#EXTINF:30,\nfile://${canary.file}`)),
  "hls-path.mp4": bytes(({ canary }) => hls(`#EXTINF:30,\n${canary.file}`)),
  "hls-http.mp4": bytes(({ canary }) => hls(`#EXTINF:30,\n${canary.url}`)),
  "hls-key.mp4": bytes(({ canary }) =>
    hls(`#EXT-X-KEY:METHOD=AES-128,URI="file://${canary.file}"`, "#EXTINF:30,\nseg.ts"),
  ),
  "hls-in-mp4.mp4": bytes(({ canary }) =>
    Buffer.concat([FTYP, Buffer.from(hls(`#EXTINF:30,\n${canary.file}`))]),
  ),
  "ffconcat.mp4": bytes(({ canary }) => `ffconcat version 1.0\nfile '${canary.file}'\n`),
  "mpd-http.mp4": bytes(({ canary }) => mpd(canary.url)),
  "mpd-file.mp4": bytes(({ canary }) => mpd(`file://${canary.file}`)),
  "mpd-entity.mp4": bytes(({ canary }) =>
    mpd("&x;").replace("?>", `?><!DOCTYPE MPD [<!ENTITY x SYSTEM "file://${canary.file}">]>`),
  ),
  "elsewhere.mp4": elsewhere,
  // damage
  "cut-60.mp4": bytes(({ base }) => base.subarray(0, base.length * 0.6)),
  "cut-60-faststart.mp4": bytes(({ fast }) => fast.subarray(0, fast.length * 0.6)),
  "cut-97-faststart.mp4": bytes(({ fast }) => fast.subarray(0, fast.length * 0.97)),
  "flips-200.mp4": bytes(({ fast }) => bitFlips(fast, 200)),
  "flips-20000.mp4": bytes(({ fast }) => bitFlips(fast, 20_000)),
  "lying-long.mp4": bytes(({ fast }) => lying(fast, 0x7fffffff)),
  "lying-short.mp4": bytes(({ fast }) => lying(fast, 1)),
  "no-duration.mkv": copied("-f", "matroska", "-live", "1"),
  // streams
  "no-audio.mp4": made({ sound: null }),
  "audio-only.m4a": made({ picture: null }),
  "audio-only.mp3": (file) => ffmpeg("-f", "lavfi", "-i", "sine=d=26", "-c:a", "libmp3lame", file),
  "silent.mp4": made({ sound: "anullsrc=r=44100" }),
  "one-frame.mp4": made({ sound: null, output: ["-frames:v", "1"] }),
  "one-frame-long-sound.mp4": made({ picture: "testsrc2=size=90x160:rate=10:d=0.1" }),
  "short-5.mp4": made({ seconds: 5 }),
  "audio-longer.mp4": made({
    sound: "sine=r=16000:d=90",
    picture: "testsrc2=size=90x160:rate=10:d=26",
    seconds: 90,
  }),
  "audio-shorter.mp4": made({ sound: "sine=r=16000:d=2" }),
  "audio-late.mkv": (file) =>
    ffmpeg(
      "-f",
      "lavfi",
      "-i",
      PORTRAIT,
      "-itsoffset",
      "20",
      "-f",
      "lavfi",
      "-i",
      "sine=d=6",
      "-t",
      "26",
      ...H264,
      ...AAC,
      file,
    ),
  "three-tracks.mkv": (file, { folder }) =>
    ffmpeg(
      "-i",
      join(folder, "base.mp4"),
      ...["0:v", "0:a", "0:a", "0:a"].flatMap((map) => ["-map", map]),
      "-c",
      "copy",
      "-metadata",
      "title=../../etc/x {\\alpha&HFF&} <script>",
      file,
    ),
  "surround-96k.mkv": made({ sound: "sine=r=96000", output: ["-c:a", "flac", "-ac", "6"] }),
  "audio-8k-mono.avi": made({ sound: "sine=r=8000", output: ["-c:v", "mpeg4", "-c:a", "pcm_s16le"] }),
  "cover-only.m4a": coverOnly,
  "attachments.mkv": attachments,
  "subtitles-100.mkv": manySubtitles,
  "chapters-10000.mkv": manyChapters,
  "thirty-pictures.mkv": (file, { folder }) =>
    ffmpeg(
      "-i",
      join(folder, "base.mp4"),
      ...Array.from({ length: 30 }, () => ["-map", "0:v"]).flat(),
      "-c",
      "copy",
      file,
    ),
  "timecode.mov": copied("-timecode", "01:00:00:00"),
  "black.mp4": made({ picture: "color=black:size=90x160:rate=10" }),
  "noise.mp4": made({
    picture: "nullsrc=size=90x160:rate=10,geq=random(1)*255:128:128",
    sound: "anoisesrc=r=16000",
    output: ["-crf", "45"],
  }),
  // shape, time and colour
  "rotated-90.mp4": rotated("90"),
  "rotated-180.mp4": rotated("180"),
  "rotated-270.mp4": rotated("270"),
  "pixels-4-3.mp4": made({ picture: "testsrc2=size=68x160:rate=10,setsar=4/3" }),
  "pixels-1000-1.mp4": made({ picture: "testsrc2=size=90x160:rate=10,setsar=1000/1" }),
  "odd-444.mp4": made({ picture: "testsrc2=size=321x181:rate=5", output: ["-pix_fmt", "yuv444p"] }),
  "tiny-2x2.mkv": made({ picture: "testsrc2=size=16x16:rate=10,crop=2:2", output: ["-c:v", "ffv1"] }),
  "ultrawide.mp4": made({ picture: "testsrc2=size=960x32:rate=5" }),
  "interlaced.ts": made({
    picture: "testsrc2=size=90x160:rate=50,interlace",
    output: ["-c:v", "mpeg2video", "-r", "25", "-flags", "+ilme+ildct", "-c:a", "mp2"],
  }),
  "fps-240.mp4": made({ picture: "testsrc2=size=90x160:rate=240" }),
  "fps-1.mp4": made({ picture: "testsrc2=size=90x160:rate=1" }),
  "fps-1-in-20s.mp4": made({ picture: "testsrc2=size=90x160:rate=1/20", seconds: 60 }),
  "variable-rate.mp4": made({
    picture: `${PORTRAIT},select='if(lt(t,9),1,not(mod(n,5)))'`,
    output: ["-fps_mode", "vfr"],
  }),
  "before-zero.mkv": (file, { folder }) =>
    ffmpeg(
      "-itsoffset",
      "-1",
      "-i",
      join(folder, "base.mp4"),
      "-c",
      "copy",
      "-avoid_negative_ts",
      "disabled",
      file,
    ),
  "edit-list.mp4": (file, { folder }) =>
    ffmpeg("-ss", "0.7", "-i", join(folder, "base.mp4"), "-c", "copy", file),
  "clock-wraps.ts": copied("-output_ts_offset", "95433", "-f", "mpegts"),
  "clock-jumps.ts": async (file, { folder }) => {
    const parts = [
      ["0", join(folder, "jump-0.ts")],
      ["50000", join(folder, "jump-1.ts")],
    ] as const;
    for (const [offset, part] of parts)
      await ffmpeg(
        "-i",
        join(folder, "base.mp4"),
        "-t",
        "14",
        "-c",
        "copy",
        "-output_ts_offset",
        offset,
        "-f",
        "mpegts",
        part,
      );
    await writeFile(file, Buffer.concat(await Promise.all(parts.map(([, part]) => readFile(part)))));
  },
  "fragmented.mp4": copied("-movflags", "frag_keyframe+empty_moov"),
  "size-changes.ts": changingSize,
  "sound-changes.ts": async (file, { folder }) => {
    const kinds = [
      ["44100", "2"],
      ["48000", "1"],
      ["22050", "2"],
    ] as const;
    const parts = kinds.map(([rate, channels], i) => ({
      rate,
      channels,
      part: join(folder, `sound-${i}.ts`),
    }));
    for (const { rate, channels, part } of parts)
      await encode(part, { seconds: 10, output: ["-ar", rate, "-ac", channels] });
    await ffmpeg("-i", `concat:${parts.map(({ part }) => part).join("|")}`, "-c", "copy", file);
  },
  "hdr10.mp4": made({ output: HDR("smpte2084") }),
  "hlg.mp4": made({ output: HDR("arib-std-b67") }),
  "vp9-alpha.webm": made({
    sound: null,
    output: ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuva420p"],
  }),
  "prores.mov": made({ output: ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"] }),
  "mjpeg.avi": made({ output: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"] }),
  "flash.flv": made({ output: ["-ar", "44100"] }),
  "theora.ogv": made({ sound: null, output: ["-c:v", "libtheora"] }),
  "animated.gif": (file) => ffmpeg("-f", "lavfi", "-i", "testsrc2=size=90x160:rate=10:d=26", file),
  "raw.h264": made({ sound: null, output: ["-f", "h264"] }),
  // bombs
  "bomb-16000.mov": (file) =>
    ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=black:size=16000x16000:rate=1:duration=1",
      "-frames:v",
      "1",
      "-c:v",
      "png",
      "-pix_fmt",
      "monob",
      file,
    ),
  "bomb-8192.mp4": (file) =>
    ffmpeg("-f", "lavfi", "-i", "color=black:size=8192x8192:rate=1:duration=26", ...H264, "-r", "1/9", file),
  "bomb-5888.mp4": (file) =>
    ffmpeg("-f", "lavfi", "-i", "color=black:size=5888x5888:rate=1/13:duration=26", ...H264, file),
};

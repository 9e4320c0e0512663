// Makes the clip that the start page shows, anew after a change of the talk or of how clips are made:
// `node_modules/.bin/node tooling/sample/landing-clip.ts`. Needs flite and ffmpeg; takes about three minutes on two cores.
//
// The clip is what anybody gets who gives the sample talk as a stream with subtitles: `kangklip demo` makes it. Its file has
// 2.4 MB, its preview 1.2 MB and a mark across it, so the page gets the same pictures and sound encoded once more, half as wide
// and high. Beside it lie the talk's own picture of the same seconds, made small (the page shows what the clip was cut from), a
// cover of each, the picture that others show beside a link, and where in the talk's picture the clip looks.

import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { ensureSample, KEPT } from "./make.ts";
import { findSpeech, type SpokenLine, speakTalk } from "./speech.ts";

const exec = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PUBLIC = join(REPOSITORY, "packages/web/public/sample");
const ffmpeg = process.env.FFMPEG_PATH ?? "ffmpeg";
/** Which of the clips, and the second of it that its cover shows. */
const CLIP = { index: Number(process.argv[2] ?? 1), coverAt: Number(process.argv[3] ?? 16.5) };

const Result = z.object({ job_id: z.string(), clips: z.array(z.object({ title: z.string() })) });
const Edl = z.object({
  source_seconds: z.number(),
  clips: z.array(
    z.object({
      index: z.int(),
      title: z.string(),
      reason: z.string(),
      score: z.number(),
      segments: z.array(z.object({ start: z.number(), end: z.number() })),
      framing: z.array(
        z.object({
          start: z.number(),
          end: z.number(),
          layout: z.string(),
          x: z.number(),
          y: z.number(),
          w: z.number(),
          h: z.number(),
        }),
      ),
    }),
  ),
});

const dir = await mkdtemp(join(tmpdir(), "kangklip-landing-"));
try {
  const speak = await findSpeech(ffmpeg);
  const talk = await ensureSample({ dir: tmpdir(), ffmpeg, signal: new AbortController().signal });
  if (!speak || talk === KEPT) throw new Error("nothing on this machine can speak: install flite");
  const { lines, seconds } = await speakTalk(speak, dir, new AbortController().signal);
  await writeStream(talk, lines, seconds);
  const { job_id, clips } = await makeClips();
  console.log(clips.map(({ title }, index) => `${index + 1}. ${title}`).join("\n"));
  await keep(job_id, talk);
} finally {
  await rm(dir, { recursive: true, force: true });
}

/** The talk as an HLS stream that brings its words along, as those of many sites do. */
async function writeStream(talk: string, lines: readonly SpokenLine[], seconds: number): Promise<void> {
  const stream = join(dir, "stream");
  await mkdir(stream);
  const hls = ["-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"];
  await exec(ffmpeg, ["-v", "error", "-nostdin", "-i", talk, "-c", "copy", ...hls, "video.m3u8"], {
    cwd: stream,
  });
  const stamp = (at: number) => new Date(Math.round(at * 1000)).toISOString().slice(11, 23);
  const cues = lines.map(
    ({ startSeconds, endSeconds, text }) => `${stamp(startSeconds)} --> ${stamp(endSeconds)}\n${text}\n`,
  );
  await writeFile(join(stream, "words.vtt"), `WEBVTT\n\n${cues.join("\n")}`);
  const words = `#EXTM3U\n#EXT-X-TARGETDURATION:${Math.ceil(seconds)}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:${seconds},\nwords.vtt\n#EXT-X-ENDLIST\n`;
  await writeFile(join(stream, "words.m3u8"), words);
  const main = [
    "#EXTM3U",
    '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="English",LANGUAGE="en",DEFAULT=YES,URI="words.m3u8"',
    '#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1920x1080,CODECS="avc1.640028,mp4a.40.2",SUBTITLES="words"',
    "video.m3u8",
  ];
  await writeFile(join(stream, "longitude.m3u8"), `${main.join("\n")}\n`);
}

async function makeClips(): Promise<z.infer<typeof Result>> {
  const server = createServer(async (request, response) => {
    const file = await readFile(join(dir, "stream", basename(request.url ?? ""))).catch(() => null);
    if (file) response.end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { stdout } = await exec(
      process.execPath,
      [
        "packages/cli/src/main.ts",
        ...[
          "demo",
          `http://127.0.0.1:${port}/longitude.m3u8`,
          "--allow-private",
          "--exit",
          "--json",
          "--no-open",
        ],
        ...["--count", "2", "--duration", "30", "--language", "en", "--out", join(dir, "clips")],
      ],
      { cwd: REPOSITORY, env: { ...process.env, DATA_DIR: join(dir, "data") }, maxBuffer: 64 * 1024 * 1024 },
    );
    return Result.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  } finally {
    server.close();
  }
}

async function keep(jobId: string, talk: string): Promise<void> {
  const made = join(dir, "data", "demo", "artifacts", "jobs", jobId);
  const edl = Edl.parse(JSON.parse(await readFile(join(made, "edl.json"), "utf8")));
  const clip = edl.clips.find(({ index }) => index === CLIP.index);
  const [segment] = clip?.segments ?? [];
  if (!clip || !segment) throw new Error(`there is no clip ${CLIP.index}`);
  const out = join(dir, "out");
  await mkdir(out);
  const name = `clip_${String(clip.index).padStart(2, "0")}`;

  const run = (args: string[]) => exec(ffmpeg, ["-v", "error", "-nostdin", "-y", ...args]);
  const h264 = ["-c:v", "libx264", "-preset", "veryslow", "-pix_fmt", "yuv420p", "-movflags", "+faststart"];
  const tall = ["-vf", "scale=540:960", "-crf", "27", "-c:a", "aac", "-b:a", "72k", "-ac", "1"];
  await run([
    "-i",
    join(made, `${name}.mp4`),
    ...h264,
    ...tall,
    "-map_metadata",
    "-1",
    join(out, "clip.mp4"),
  ]);
  await copyFile(join(made, `${name}.vtt`), join(out, "clip.vtt"));
  const length = segment.end - segment.start;
  const wide = ["-ss", String(segment.start), "-t", String(length), "-i", talk];
  await run([...wide, "-an", ...h264, "-vf", "scale=640:-2,fps=15", "-crf", "29", join(out, "talk.mp4")]);
  const still = ["-frames:v", "1", "-c:v", "libwebp", "-quality", "70"];
  const at = String(CLIP.coverAt);
  await run(["-ss", at, "-i", join(out, "clip.mp4"), ...still, join(out, "clip.webp")]);
  const moment = String(segment.start + CLIP.coverAt);
  await run(["-ss", moment, "-i", talk, "-vf", "scale=960:-2", ...still, join(out, "talk.webp")]);
  await run([
    ...["-i", join(out, "talk.webp"), "-i", join(out, "clip.webp"), "-filter_complex"],
    `color=0x151d45:s=1200x630[b];[0]scale=800:450[t];[1]scale=332:590[c];[b][t]overlay=28:90[bt];[bt][c]overlay=840:20`,
    ...["-frames:v", "1", "-q:v", "3", join(out, "card.jpg")],
  ]);
  const { title, reason, score, framing } = clip;
  const about = {
    title,
    reason,
    score,
    talkSeconds: edl.source_seconds,
    start: segment.start,
    end: segment.end,
    coverAt: CLIP.coverAt,
    framing: framing.map(({ start, end, layout, x, y, w, h }) => ({ start, end, layout, x, y, w, h })),
  };
  await writeFile(join(out, "clip.json"), `${JSON.stringify(about, null, 2)}\n`);
  await rm(PUBLIC, { recursive: true, force: true });
  await cp(out, PUBLIC, { recursive: true });
}

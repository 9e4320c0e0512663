import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { JobSpec } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { aContext, ffmpeg, temporaryDir, tools } from "../../asr/testing.ts";
import { openStageCache } from "../../cache/stage-cache.ts";
import type { FetchedSource } from "../../stage.ts";
import { downloadKept } from "../../stages/download-kept.ts";
import { type Route, startOrigin } from "../testing-server.ts";

const exec = promisify(execFile);

/**
 * Ten minutes as ffmpeg writes them: picture and sound by turns, packet by packet, so that the sound lies in 14,000 places. A minute is
 * encoded and repeated.
 */
export async function tenMinutes(folder: string): Promise<Buffer> {
  const minute = join(folder, "minute.mp4");
  const picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"];
  const sound = ["-f", "lavfi", "-i", "sine=f=300:r=24000:b=4"];
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-g", "125", "-pix_fmt", "yuv420p"];
  await ffmpeg(...picture, ...sound, "-t", "60", ...coded, "-c:a", "aac", "-b:a", "32k", minute);
  const all = join(folder, "ten-minutes.mp4");
  await ffmpeg("-stream_loop", "9", "-i", minute, "-c", "copy", "-movflags", "+faststart", all);
  return readFileSync(all);
}

/** The same as a site has it that gives picture and sound apart: in fragments of 4 s with an index (`sidx`) in front. @returns names of files */
export async function inFragments(folder: string): Promise<{ picture: string; sound: string }> {
  const [picture, sound] = [join(folder, "picture.mp4"), join(folder, "sound.m4a")];
  const from = ["-i", join(folder, "ten-minutes.mp4"), "-c", "copy"];
  const flags = (more: string) => ["-movflags", `${more}+global_sidx+dash`];
  await ffmpeg(...from, "-map", "0:v", ...flags("+frag_keyframe"), "-min_frag_duration", "4000000", picture);
  await ffmpeg(...from, "-map", "0:a", ...flags(""), "-frag_duration", "4000000", "-f", "mp4", sound);
  return { picture, sound };
}

/** What ffmpeg reads with these arguments: a hash of each picture and sound; what it complains about as well. */
export const hashOf = async (...which: string[]) =>
  (
    await exec(tools?.ffmpeg ?? "", ["-v", "warning", ...which, "-f", "framemd5", "-"], {
      maxBuffer: 1 << 26,
    })
  ).stdout;

export const JOBS = ["kk_01JD0000000000000000000001", "kk_01JD0000000000000000000002"] as const;

/** A machine with a stage cache on which one job after another runs its DOWNLOAD, and a server on loopback that they may fetch from. */
export async function aMachine(
  routes: Record<string, Route>,
  /** A program's text that stands in for yt-dlp; "ORIGIN" in it becomes the server's. */
  reader?: string,
  /** As in `startOrigin`. */
  folder?: string,
) {
  const server = await startOrigin(routes, folder);
  const temporary = await temporaryDir();
  const program = join(temporary.dir, "yt-dlp");
  if (reader) writeFileSync(program, reader.replaceAll("ORIGIN", server.origin), { mode: 0o755 });
  let attempts = 0;
  const open: FetchedSource[] = [];
  return {
    server,
    /** Requests since the last call: their Range headers. */
    asked: () => server.requests.splice(0).map(({ range }) => range ?? "all"),
    async fetch(
      path: string,
      job: Partial<JobSpec> = {},
      {
        signal,
        fromBytes = 1e6,
        soundWithinMs,
      }: { signal?: AbortSignal; fromBytes?: number; soundWithinMs?: number } = {},
    ) {
      const dir = join(temporary.dir, `attempt-${attempts++}`);
      mkdirSync(dir);
      const { context, told } = aContext(dir, {
        ...(signal && { signal }),
        settings: { ytDlpPath: program },
      });
      const cacheDir = join(temporary.dir, "cache");
      const cache = await openStageCache({
        dir: cacheDir,
        maxBytes: 1e9,
        log: (event, fields) => void told.logs.push({ event, ...fields }),
      });
      const spec = aJobSpec({
        ...{ job_id: JOBS[0], source: { kind: "url", url: server.origin + path }, clip_count: 3 },
        fetch_policy: {
          allow_private: false,
          allow_origins: [server.origin],
          max_bytes: 1e9,
          max_seconds: 3600,
        },
        ...job,
      });
      const options = {
        ...{ patience: { retryMs: 5 }, byNeedFromBytes: fromBytes },
        ...(soundWithinMs !== undefined && { soundWithinMs }),
      };
      const own = { ...context, job: spec };
      const fetched = await downloadKept(own, cache, options);
      open.push(fetched.source);
      return { ...fetched, dir, told, context: own };
    },
    async [Symbol.asyncDispose]() {
      for (const { need } of open) await need?.close();
      await server[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

// Makes talk-small.mp4 anew after a change of the talk: `node_modules/.bin/node tooling/sample/small.ts`

import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { ensureSample, KEPT } from "./make.ts";

const ffmpeg = process.env.FFMPEG_PATH ?? "ffmpeg";
const talk = await ensureSample({ dir: tmpdir(), ffmpeg, signal: new AbortController().signal });
if (talk === KEPT) throw new Error("nothing on this machine can speak: install flite");
const video = ["-vf", "scale=854:480", "-c:v", "libx264", "-preset", "veryslow", "-crf", "27", "-g", "300"];
const sound = ["-c:a", "aac", "-ac", "1", "-ar", "32000", "-b:a", "48k"];
const header = ["-fflags", "+bitexact", "-movflags", "+faststart"];
execFileSync(ffmpeg, ["-v", "error", "-nostdin", "-y", "-i", talk, ...video, ...sound, ...header, KEPT]);

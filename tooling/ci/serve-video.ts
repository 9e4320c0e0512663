// Makes a video that is nobody's talk (three minutes of moving patterns and tones, with pauses) and serves it on loopback
// until it is stopped: `serve-video.ts FILE`. Prints its address.

import { execFileSync } from "node:child_process";
import { serveFile } from "../sample/serve.ts";

const [file = ""] = process.argv.slice(2);
const picture = "testsrc2=size=1280x720:rate=25:duration=180";
const sound =
  "aevalsrc='0.3*sin(2*PI*(220+110*floor(mod(t,11)))*t)*lt(mod(t,7),6)':sample_rate=44100:duration=180";
const inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound];
const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac"];
execFileSync("ffmpeg", [
  "-v",
  "error",
  "-nostdin",
  "-y",
  ...inputs,
  ...codecs,
  "-movflags",
  "+faststart",
  file,
]);
console.log((await serveFile(file)).url);

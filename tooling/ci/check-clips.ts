// Checks what `kangklip demo --json --exit` made: `check-clips.ts STDOUT --clips 2 --seconds 100 --allowed 180 --counts FILE`.
// The last line of STDOUT must be the documented result, and each clip of it must play.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { parseArgs } from "node:util";

type Result = Record<string, unknown> & { clips: Clip[]; seconds: Record<string, number> };
interface Clip {
  path: string;
  start: number;
  end: number;
  duration: number;
  sha256: string;
}

const isText = (value: unknown) => typeof value === "string" && value !== "";
const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const RESULT: Record<string, (value: unknown) => boolean> = {
  job_id: isText,
  status: (value) => value === "SUCCEEDED",
  transcriber: isText,
  selector: isText,
  clips: Array.isArray,
  seconds: (value) =>
    ["total", "download", "transcript", "render"].every((stage) => isNumber(Object(value)[stage])),
};
const CLIP: Record<string, (value: unknown) => boolean> = {
  file: isText,
  path: (value) => typeof value === "string" && isAbsolute(value),
  title: isText,
  start: isNumber,
  end: isNumber,
  duration: isNumber,
  width: (value) => value === 1080,
  height: (value) => value === 1920,
  sha256: (value) => /^[0-9a-f]{64}$/.test(String(value)),
};
/** Names of the fields that are missing or not as documented. */
const wrongFields = (value: unknown, fields: typeof CLIP) =>
  Object.entries(fields).flatMap(([name, isGood]) => (isGood(Object(value)[name]) ? [] : [name]));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clips: { type: "string", default: "1" },
    seconds: { type: "string", default: "0" },
    allowed: { type: "string", default: "600" },
    counts: { type: "string", default: "/dev/null" },
  },
});
let [passed, failed] = [0, 0];
const check = (what: string, good: boolean) => {
  console.log(`${good ? "ok    " : "FAILED"} ${what}`);
  if (good) passed++;
  else failed++;
};

const line =
  readFileSync(positionals[0] ?? "", "utf8")
    .trim()
    .split("\n")
    .at(-1) ?? "";
const result = parsed(line);
const wrong = [
  ...wrongFields(result, RESULT),
  ...(result?.clips ?? []).flatMap((clip, index) =>
    wrongFields(clip, CLIP).map((name) => `clips[${index}].${name}`),
  ),
];
check(
  `the last line on stdout is the documented result${wrong.length ? `, but for ${wrong}:\n${line}` : ""}`,
  wrong.length === 0,
);
if (result && wrong.length === 0) checkClips(result);
const took = Number(values.seconds);
check(`the whole command took ${took} s, ${values.allowed} s at most`, took <= Number(values.allowed));
writeFileSync(values.counts, `${passed} ${failed} 0\n`);
process.exitCode = failed > 0 ? 1 : 0;

function parsed(text: string): Result | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkClips({ clips, seconds, transcriber, selector }: Result): void {
  console.log(`       heard by ${transcriber}, chosen by ${selector}, seconds: ${JSON.stringify(seconds)}`);
  check(`there are ${values.clips} clips`, clips.length === Number(values.clips));
  const inOrder = clips.toSorted((a, b) => a.start - b.start);
  const overlap = inOrder.some(({ start }, index) => start < (inOrder[index - 1]?.end ?? 0));
  check("no two clips share a part of the video", !overlap);
  for (const clip of clips) {
    const { path, duration, start, end } = clip;
    check(
      `${path} has the told sha256`,
      createHash("sha256").update(readFileSync(path)).digest("hex") === clip.sha256,
    );
    check(
      `it lasts from 20 to 75 s, as long as its part of the video`,
      duration > 20 && duration < 75 && Math.abs(end - start - duration) < 2,
    );
    const entries = "stream=codec_name,width,height:format=duration";
    const probed = JSON.parse(
      execFileSync("ffprobe", ["-v", "error", "-show_entries", entries, "-of", "json", path], {
        encoding: "utf8",
      }),
    );
    const seen = probed.streams.map((stream: Record<string, unknown>) =>
      [stream.codec_name, stream.width, stream.height].join(" ").trim(),
    );
    check(`it is upright H.264 with AAC: ${seen}`, seen.join() === "h264 1080 1920,aac");
    check(
      `its file lasts ${probed.format.duration} s`,
      Math.abs(Number(probed.format.duration) - duration) < 0.5,
    );
    const played = spawnSync("ffmpeg", ["-v", "error", "-nostdin", "-i", path, "-f", "null", "-"], {
      encoding: "utf8",
    });
    check(
      `it plays to its end without an error ${played.stderr}`,
      played.status === 0 && played.stderr === "",
    );
  }
}

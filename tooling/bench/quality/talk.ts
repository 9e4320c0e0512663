import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type CaptionPreset, Qc } from "@kangklip/contract";
import { captionStyle } from "../../../packages/worker/src/captions/style.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { createFaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import { findTools, runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { probeMedia } from "../../../packages/worker/src/media/probe.ts";
import { JOB_MS, readArtifacts, startMainJob, storedFiles } from "../../main-job/testing.ts";
import { ensureSample, KEPT } from "../../sample/make.ts";
import { findSpeech, speakTalk } from "../../sample/speech.ts";
import { captionsOutside, emptyShare, lookAtClip, lookForFaces } from "./look.ts";
import { renderOriginal } from "./original.ts";
import type { Measured, MeasureOptions } from "./report.ts";
import { type Seen, speakerShare, talkRows } from "./talk-rows.ts";

// One whole job: the API, its worker and the sample talk on a server of this machine, as `npm run demo` runs them. The finished clips, and
// the same stretches cut in the way of 1.x with the same words, are looked at by the same eyes.

const FULL = { clips: 3, seconds: 30, size: { width: 1080, height: 1920 }, env: { RENDER_PRESET: "" } };
/** The small talk's first minute. */
const QUICK = { clips: 1, seconds: 30, size: { width: 540, height: 960 }, env: {}, sourceSeconds: 60 };

export async function measureTalk({ quick, signal, onProgress }: MeasureOptions): Promise<Measured> {
  const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH });
  const dir = await mkdtemp(join(tmpdir(), "kangklip-quality-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  const plan = quick ? QUICK : FULL;
  onProgress("the sample talk");
  const talk = await talkFor(plan, { tools, dir, signal });

  const speak = await findSpeech(tools.ffmpeg);
  const known = speak ? await speakTalk(speak, dir, signal) : null;

  onProgress(`a whole job, ${plan.clips} clips of ${plan.seconds} s`);
  const main = cleanup.use(
    await startMainJob({ env: { ...plan.env, RENDER_RESOLUTION: `${plan.size.width}x${plan.size.height}` } }),
  );
  await copyFile(talk, join(main.folder, "talk.mp4"));
  const { job_id } = await main.create("/talk.mp4", {
    clip_count: plan.clips,
    clip_duration_seconds: plan.seconds,
  });
  const view = await main.api().until(job_id, () => false, 6 * JOB_MS);
  if (view.status !== "SUCCEEDED") throw new Error(`The job ended as ${view.status}: ${view.error}`);
  const made = await readArtifacts(main, job_id);
  const qc = (await storedFiles(main, job_id)).get("qc.json");
  const judged = qc ? Qc.parse(JSON.parse(qc.toString("utf8"))).clips : [];

  onProgress("the same clips in the way of 1.x");
  const info = await probeMedia(tools, talk, signal);
  const { video } = info;
  if (!video) throw new Error("The talk has no picture");
  await using finder = await createFaceFinder({ signal });
  const ours: Seen[] = [];
  const theirs: Seen[] = [];
  let theirCpu = 0;
  for (const clip of made.edl.clips) {
    const { segments, framing, index } = clip;
    const listed = made.manifest.clips.find((one) => one.index === index);
    if (!listed?.file) continue;
    const wanted = segments.reduce((sum, { start, end }) => sum + end - start, 0);
    const looks = await lookForFaces({ tools, signal, finder }, { file: talk, video, segments });
    const own = join(dir, `clip_${index}`);
    await mkdir(own);
    const ass = listed.ass_file ? made.path(listed.ass_file as Parameters<typeof made.path>[0]) : null;
    const drawn = (file: string, preset: CaptionPreset | undefined, to: string) =>
      fontsOf(preset).then((fonts) =>
        captionsOutside({ tools, signal }, { ass: file, dir: to, fonts, seconds: wanted }),
      );
    ours.push({
      ...(await lookAtClip({ tools, signal }, made.path(listed.file as Parameters<typeof made.path>[0]))),
      ...{
        wanted,
        empty: emptyShare(looks, framing),
        speaker: known ? speakerShare(known, { segments, frames: framing, width: video.width }) : null,
      },
      captions: ass ? await drawn(ass, listed.caption_preset, join(own, "ours")) : null,
    });
    const before = childSeconds();
    const original = await renderOriginal({
      ...{ tools, signal, finder, dir: own, file: resolve(talk), info: { ...info, video }, segments },
      ...{ transcript: made.transcript, size: plan.size },
    });
    theirCpu += childSeconds() - before;
    theirs.push({
      ...(await lookAtClip({ tools, signal }, original.file)),
      ...{ wanted, empty: emptyShare(looks, original.frames) },
      speaker: known ? speakerShare(known, { segments, frames: original.frames, width: video.width }) : null,
      captions:
        original.cues.length > 0
          ? await drawn(join(own, "captions.ass"), "clean", join(own, "theirs"))
          : null,
    });
  }
  const ourCpu = made.receipt.stages.find(({ stage }) => stage === "RENDER")?.cpu_seconds ?? null;
  const seconds = ours.reduce((sum, { wanted }) => sum + wanted, 0);
  const degraded = judged.filter(({ verdict }) => verdict === "degraded").length;
  return {
    rows: [
      ...talkRows(ours, theirs),
      {
        ...{
          id: "E.degraded",
          what: `clips that the gate let go with a fault, of ${judged.length} in qc.json`,
        },
        ...{
          value: qc ? degraded : null,
          unit: "clips",
          original: null,
          originalWhy: "nothing looked at a clip before it was handed out",
        },
        ...{ target: "= 0", pass: qc !== undefined && degraded === 0 },
      },
      {
        ...{
          id: "E.cpu",
          what: "processor time of framing and rendering per second of clip; ours makes cover and checks as well",
        },
        ...{
          value: ourCpu === null ? null : ourCpu / seconds,
          unit: "s",
          original: theirCpu / seconds,
          target: "told",
          pass: true,
        },
      },
    ],
    about: [
      `${ours.length} clips of ${plan.seconds} s of ${quick ? "the small talk's first minute" : "the sample talk"}, words by ${made.manifest.transcriber}; 1.x cut the same stretches with the same words.`,
    ],
  };
}

async function talkFor(
  plan: typeof FULL | typeof QUICK,
  { tools, dir, signal }: { tools: Tools; dir: string; signal: AbortSignal },
): Promise<string> {
  if (!("sourceSeconds" in plan))
    return ensureSample({
      dir: resolve(process.env.DATA_DIR || ".kangklip", "sample"),
      ffmpeg: tools.ffmpeg,
      signal,
    });
  const output = join(dir, "short.mp4");
  await runFfmpeg(tools, {
    args: ["-t", `${plan.sourceSeconds}`, "-i", KEPT, "-c", "copy", "-f", "mp4"],
    output,
    signal,
  });
  return output;
}

const fontsOf = async (preset: CaptionPreset | undefined): Promise<string[]> =>
  (await captionStyle(readSettings({}), { preset })).fontFiles;

/** Processor seconds of all children that have ended so far, as Linux counts them; NaN elsewhere. */
function childSeconds(): number {
  try {
    const text = readFileSync("/proc/self/stat", "utf8");
    const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100; // cutime and cstime, in hundredths: USER_HZ
  } catch {
    return Number.NaN;
  }
}

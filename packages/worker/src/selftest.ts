import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { basename, join } from "node:path";
import {
  CONTRACT_VERSION,
  EdlClip,
  ERRORS,
  EXIT_OK,
  KangKlipError,
  NO_WISHES,
  type SelfTest,
} from "@kangklip/contract";
import { findModel } from "./asr/model.ts";
import { tinyModel } from "./asr/tiny-model.ts";
import { createWhisperTranscriber } from "./asr/whisper.ts";
import { createWhisperCliTranscriber } from "./asr/whisper-cli.ts";
import { findProgram, runChild } from "./child.ts";
import { findYtDlp } from "./fetch/yt-dlp-session.ts";
import { createFramer } from "./frame/framer.ts";
import { machineFacts, selfTestOf } from "./machine.ts";
import { inGpuContainer } from "./machine-gpu.ts";
import { findTools, runFfmpeg, type Tools } from "./media/ffmpeg.ts";
import { probeMedia } from "./media/probe.ts";
import type { FetchedSource, StageContext, WorkerSettings } from "./stage.ts";
import { renderClips } from "./stages/render.ts";
import { transcribe } from "./stages/transcribe.ts";
import { describeWalls, machineWalls } from "./walls.ts";

/** What `worker selftest --json` prints: what a claim tells of the machine, and all else that a job needs of it. */
export interface SelfTestReport extends SelfTest {
  /** Whether clips can be made here. */
  ok: boolean;
  /** 0, 69 where no clip can be made, 71 where the card of this container is lost. */
  exit_code: number;
  /** What stands in the way of jobs, or makes them worse than they could be. */
  problems: string[];
  versions: { contract: number; node: string; whisper_cli: string | null; yt_dlp: string | null };
  programs: {
    ffmpeg: string | null;
    ffprobe: string | null;
    whisper_cli: string | null;
    yt_dlp: string | null;
  };
  walls: { stands: string[]; lacks: string[] };
  /** A breath of sound was recognised; `model` null: with random weights, as none is installed. */
  speech: { transcriber: string; model: string | null; seconds: number; notes: string[] };
  /** A picture was looked at; `reason` is null where that went well. */
  faces: { backend: string; reason: string | null };
  /** A clip of one second was made with captions, preview and cover; null where that failed. */
  clip: { encoder: string; decoder: string; bytes: number; captioned: boolean; seconds: number } | null;
  memory_mb: number;
  platform: string;
}

const WHOLE_MS = 5 * 60_000;
const VERSION_MS = 30_000;

/**
 * Tries all that a job needs of this machine: it hears a breath of sound, looks for faces, and makes a clip of one second with what
 * jobs use, in a folder that is gone afterwards. Nothing is fetched. Takes some seconds, with a large model on a processor a minute.
 * @throws the abort's reason, nothing else
 */
export async function runSelfTest(settings: WorkerSettings, signal: AbortSignal): Promise<SelfTestReport> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(WHOLE_MS)]);
  const problems: string[] = [];
  const ytDlp = await findYtDlp(settings.ytDlpPath, signal);
  const whisperCli = await findProgram(settings.whisperCliPath ?? "whisper-cli").catch(() => null);
  const common = {
    problems,
    walls: describeWalls(await machineWalls()),
    memory_mb: Math.floor(
      Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2 ** 20,
    ),
    platform: `${process.platform}-${process.arch}`,
    versions: {
      ...{ contract: CONTRACT_VERSION, node: process.version, yt_dlp: ytDlp?.version ?? null },
      whisper_cli: whisperCli && (await versionOf(whisperCli, signal)),
    },
  };
  let tools: Tools;
  try {
    tools = await findTools({ FFMPEG_PATH: settings.ffmpegPath });
  } catch (error) {
    signal.throwIfAborted();
    problems.push(messageOf(error));
    return {
      ...{
        ffmpeg: "none",
        encoder: "none",
        gpu: null,
        notes: [],
        ok: false,
        exit_code: ERRORS.UNAVAILABLE.exit,
      },
      ...common,
      programs: { ffmpeg: null, ffprobe: null, whisper_cli: whisperCli, yt_dlp: ytDlp?.program ?? null },
      speech: { transcriber: "none", model: null, seconds: 0, notes: [] },
      ...{ faces: { backend: "unavailable", reason: "ffmpeg_missing" }, clip: null },
    };
  }
  const machine = await machineFacts({ tools, settings, signal });
  const made = await tried({ settings, tools, signal: limited, problems });
  signal.throwIfAborted();
  const lost = machine.gpuLost && inGpuContainer();
  const exit_code = lost ? ERRORS.GPU_UNAVAILABLE.exit : made.clip ? EXIT_OK : ERRORS.UNAVAILABLE.exit;
  return {
    ...selfTestOf({ tools, settings }, machine),
    ...(made.clip && { encoder: made.clip.encoder }),
    ...{ ok: exit_code === EXIT_OK, exit_code },
    ...common,
    programs: {
      ...{ ffmpeg: tools.ffmpeg, ffprobe: tools.ffprobe },
      ...{ whisper_cli: whisperCli, yt_dlp: ytDlp?.program ?? null },
    },
    ...made,
  };
}

/** "whisper.cpp version: 1.9.3"; older ones do not know the question. */
async function versionOf(program: string, signal: AbortSignal): Promise<string | null> {
  const options = { signal, timeoutMs: VERSION_MS, memoryBytes: 4 * 1024 ** 3, fileBytes: 0 };
  const said = await runChild(program, ["--version"], options).catch(() => undefined);
  signal.throwIfAborted();
  const [, version] = /version: (\S{1,40})/.exec(`${said?.stdout}`) ?? [];
  return version ?? null;
}

interface Trial {
  settings: WorkerSettings;
  tools: Tools;
  signal: AbortSignal;
  problems: string[];
}

async function tried({
  settings,
  tools,
  signal,
  problems,
}: Trial): Promise<Pick<SelfTestReport, "speech" | "faces" | "clip">> {
  const dir = await mkdtemp(join(tmpdir(), "kk-selftest-"));
  const context: StageContext = {
    ...{ dir, tools, signal, settings, progress() {}, log() {} },
    notice: (text) => void problems.push(text),
    job: {
      ...NO_WISHES,
      ...{ job_id: "kk_00000000000000000000000000", epoch: 1, can_rank: false, language: "en" },
      ...{ source: { kind: "url", url: "http://127.0.0.1/" }, clip_duration_seconds: 30, clip_count: 1 },
      fetch_policy: { allow_private: false, allow_origins: [], max_bytes: 1, max_seconds: 60 },
    },
  };
  let speech: SelfTestReport["speech"] = { transcriber: "none", model: null, seconds: 0, notes: [] };
  let faces: SelfTestReport["faces"] = { backend: "unavailable", reason: null };
  try {
    const source = await aSource(context);
    speech = await hears(context, source);
    const begun = performance.now();
    const clip = EdlClip.parse({
      ...{ index: 1, title: "Self-test", hook: "", segments: [{ start: 0, end: 1, text: "Self-test" }] },
      words: [{ word: "Self-test", start: 0.1, end: 0.9 }],
    });
    await using framer = createFramer(context);
    for await (const { framing, files, encoder, decoder, captioned } of renderClips(
      context,
      source,
      [clip],
      (one) => framer.frame(one, source),
    )) {
      faces = { backend: framing.backend, reason: framing.error ?? framing.reason };
      const { size: bytes } = await stat(join(dir, files.clip));
      return { speech, faces, clip: { encoder, decoder, bytes, captioned, seconds: secondsSince(begun) } };
    }
  } catch (error) {
    problems.push(messageOf(error));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return { speech, faces, clip: null };
}

/** Two seconds of a moving picture and of a voice-like sound. */
async function aSource({ dir, tools, signal }: StageContext): Promise<FetchedSource> {
  const file = join(dir, "source.mp4");
  const inputs = ["testsrc2=s=640x360:r=30", "sine=f=220:r=48000,tremolo=f=6:d=0.8"];
  await runFfmpeg(tools, {
    args: [
      ...inputs.flatMap((graph) => ["-f", "lavfi", "-i", graph]),
      ...[
        "-t",
        "2",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-f",
        "mp4",
      ],
    ],
    ...{ output: file, signal, timeoutMs: 60_000 },
  });
  const { video, ...info } = await probeMedia(tools, file, signal);
  if (!video) throw new KangKlipError("RENDER_FAILED", "The self-test's own video has no picture");
  return {
    ...{ file, info: { ...info, video }, title: null, url: null, meta: {}, captions: null },
    ...{ fetchedBytes: 0, sha256: "" },
  };
}

/** A breath of sound by the recogniser that jobs would use, with the installed model where there is one. */
async function hears(context: StageContext, source: FetchedSource): Promise<SelfTestReport["speech"]> {
  const { settings, tools, signal, dir } = context;
  if (settings.transcriber === "none") return { transcriber: "none", model: null, seconds: 0, notes: [] };
  const installed = await findModel({
    ...settings,
    modelDownload: false,
    signal,
    onWait() {},
    log() {},
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (settings.modelPath || !settings.modelDownload) context.notice(messageOf(error));
    return null; // it is fetched by the first job that needs it
  });
  const modelPath = installed ?? join(dir, "random.bin");
  if (!installed) await writeFile(modelPath, tinyModel());
  const begun = performance.now();
  const machine = () => machineFacts({ tools, settings, signal });
  const notices: string[] = [];
  const notice = (text: string) => void notices.push(text);
  const ours = { ...context, notice, settings: { ...settings, modelPath } };
  const { transcript } = await transcribe(ours, source, [
    createWhisperCliTranscriber({ machine, device: "gpu" }),
    createWhisperTranscriber(),
    createWhisperCliTranscriber({ machine, device: "cpu" }),
  ]);
  if (transcript.transcriber === "none") notices.forEach(context.notice); // that nobody speaks in it is no fault
  return {
    transcriber: transcript.transcriber,
    model: installed && basename(installed),
    seconds: secondsSince(begun),
    notes: transcript.notes ?? [],
  };
}

const secondsSince = (begun: number) => Math.round(performance.now() - begun) / 1000;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 500);

/** The report for people: one line for each thing, then what is wrong. */
export function selfTestText(report: SelfTestReport): string {
  const { gpu, vram_mb, driver, versions, programs, speech, faces, clip, walls } = report;
  const card =
    gpu && [gpu, vram_mb && `${vram_mb} MB`, driver && `driver ${driver}`].filter(Boolean).join(", ");
  const lines: [name: string, value: string][] = [
    ["worker", `contract ${versions.contract}, node ${versions.node}, ${report.platform}`],
    ["ffmpeg", `${report.ffmpeg}${programs.ffmpeg ? ` (${programs.ffmpeg})` : ""}`],
    [
      "whisper-cli",
      programs.whisper_cli ? `${versions.whisper_cli ?? "?"} (${programs.whisper_cli})` : "none",
    ],
    ["yt-dlp", versions.yt_dlp ?? "none: addresses of pages cannot be used"],
    ["graphics card", card ?? "none"],
    ["NVENC", report.nvenc ?? "?"],
    ["NVDEC", report.nvdec ?? "?"],
    ["CUDA whisper", report.cuda_whisper ?? "?"],
    ["speech", `${speech.transcriber}, ${speech.model ?? "no model installed yet"}, ${speech.seconds} s`],
    ["faces", faces.reason ? `${faces.backend} (${faces.reason})` : faces.backend],
    ["clip", clip ? `${clip.encoder}, decoded by ${clip.decoder}, ${clip.seconds} s` : "failed"],
    ["walls", walls.stands.join(", ") || "none"],
    ["machine", `${report.cpus ?? "?"} cores, ${report.memory_mb} MB`],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    ...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...[...report.notes, ...speech.notes, ...walls.lacks, ...report.problems].map((text) => `- ${text}`),
    report.ok ? "Clips can be made here." : "No clips can be made here.",
  ].join("\n");
}

import { stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  type ArtifactName,
  type ClaimAnswer,
  type Edl,
  type EdlClip,
  type Manifest,
  type ManifestClip,
  type ManifestFile,
  type Receipt,
  STAGES,
  type Stage,
  type VideoStats,
} from "@kangklip/contract";
import type { ApiClient } from "./api-client.ts";
import { createFramer, faceLog } from "./frame/framer.ts";
import { type Machine, machineFacts, machineNotes } from "./machine.ts";
import { nvencQuality } from "./media/encoder.ts";
import type { Reporter } from "./reporter.ts";
import { hintsOf } from "./select/hints.ts";
import { keyFrameShots } from "./select/key-shots.ts";
import type { FetchedSource, RenderedClip, Selection, StageContext, Transcript } from "./stage.ts";
import { chunk } from "./stages/chunk.ts";
import { download } from "./stages/download.ts";
import { renderClips } from "./stages/render.ts";
import { select } from "./stages/select.ts";
import { transcribe } from "./stages/transcribe.ts";
import { fileFacts, upload } from "./stages/upload.ts";
import { machineWalls, wallsNote } from "./walls.ts";

interface PipelineOptions {
  job: ClaimAnswer["job"];
  context: Omit<StageContext, "job" | "progress" | "notice">;
  api: Pick<ApiClient, "presign" | "complete" | "rank">;
  reporter: Pick<Reporter, "enter" | "progress" | "notice" | "source">;
}

/**
 * The six stages in order, each a function from files and values to files and values; every artifact ends up in the store, the
 * manifest last. @returns sha256 of the manifest. @throws what a stage throws, or the abort's reason
 */
export async function runPipeline({ job, context: given, api, reporter }: PipelineOptions): Promise<string> {
  const notices: string[] = [];
  const context: StageContext = {
    ...given,
    job,
    progress: reporter.progress,
    notice: (text) => {
      notices.push(text);
      reporter.notice(text);
    },
  };
  const { dir, signal } = context;
  const files: ArtifactName[] = [];
  const keep = async (name: ArtifactName, value: unknown) => {
    await writeFile(join(dir, name), JSON.stringify(value));
    files.push(name);
  };
  const clock = createClock(reporter.enter);

  clock.enter("DOWNLOAD");
  const source = await download(context);
  reporter.source(source.title, source.info.durationSeconds);
  await keep("meta.json", source.meta);
  await keep("video_stats.json", await videoStats(source));

  clock.enter("TRANSCRIPT");
  const { transcript, sound } = await transcribe(context, source);
  await keep("transcript.json", transcript.segments);

  clock.enter("CHUNK");
  const chunks = chunk(transcript, source.info.durationSeconds);
  await keep("chunks.json", chunks);

  clock.enter("SELECT");
  const rank = job.can_rank
    ? (input: Parameters<NonNullable<Parameters<typeof select>[1]["rank"]>>[0]) =>
        api.rank({ ...input, job_id: job.job_id, epoch: job.epoch }, signal)
    : null;
  const { durationSeconds } = source.info;
  // where nothing is said, pictures are all there is to go by
  const shots = transcript.segments.length > 0 ? [] : await keyFrameShots(seen(context, source));
  const { title } = source;
  const hints = hintsOf(source.meta);
  const heard = { durationSeconds, title, transcript, sound, chunks, shots, rank };
  const selection = await select(context, { ...heard, ...hints });

  clock.enter("RENDER");
  const rendered: RenderedClip[] = [];
  await using framer = createFramer(context);
  const frame = (clip: EdlClip) => framer.frame(clip, source);
  for await (const clip of renderClips(context, source, selection.edl.clips, frame)) rendered.push(clip);
  const edl = withFraming(selection.edl, rendered);
  await keep("edl.json", edl);
  await keep("face_log.json", faceLog(rendered));
  for (const { files: made } of rendered)
    files.push(...Object.values(made).filter((name): name is ArtifactName => name !== null));

  clock.enter("UPLOAD");
  const facts: ManifestFile[] = [];
  for (const name of files) facts.push(await fileFacts(dir, name));
  const outputBytes = facts.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const walls = wallsNote(await machineWalls());
  const machine = await machineFacts(context);
  const report = {
    source,
    transcript,
    selection,
    rendered,
    notices,
    walls,
    machine,
    seconds: clock.seconds(),
  };
  await keep("receipt.json", receipt(context, report, outputBytes));
  facts.push(await fileFacts(dir, "receipt.json"));
  let sent = 0;
  await upload(context, api, facts, (sizeBytes) => {
    sent += sizeBytes;
    context.progress(
      (sent / outputBytes) * 0.98,
      `Stored ${megabytes(sent)} of ${megabytes(outputBytes)} MB`,
    );
  });
  const manifest = manifestOf(context, { ...report, edl, facts, seconds: clock.seconds() });
  await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
  const manifestFacts = await fileFacts(dir, "manifest.json");
  await upload(context, api, [manifestFacts]);
  return manifestFacts.sha256;
}

const seen = ({ tools, signal, progress }: StageContext, { file }: FetchedSource) => ({
  tools,
  file,
  signal,
  onProgress: (fraction: number) => progress(fraction * 0.9, "Looking for scene changes"),
});
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Wall seconds per stage, lower case, and in total. */
function createClock(enter: (stage: Stage) => void) {
  const begun = performance.now();
  const entered = new Map<Stage, number>();
  return {
    enter(stage: Stage) {
      entered.set(stage, performance.now());
      enter(stage);
    },
    seconds(): Record<string, number> {
      const now = performance.now();
      const took = STAGES.flatMap((stage, index) => {
        const from = entered.get(stage);
        const to = STAGES.slice(index + 1).flatMap((later) => entered.get(later) ?? [])[0] ?? now;
        return from === undefined ? [] : [[stage.toLowerCase(), rounded(to - from)]];
      });
      return { ...Object.fromEntries(took), total: rounded(now - begun) };
    },
  };
}
const rounded = (ms: number) => Math.round(ms / 10) / 100;

async function videoStats({ file, info, fetchedBytes }: FetchedSource): Promise<VideoStats> {
  const { size } = await stat(file);
  return {
    size_bytes: size,
    duration_seconds: info.durationSeconds,
    width: info.video.width,
    height: info.video.height,
    fps: info.video.fps,
    fetched_bytes: fetchedBytes,
  };
}

/** The EDL with the framing that was rendered: rendering it again gives the same clips. */
function withFraming(edl: Edl, rendered: RenderedClip[]): Edl {
  const framing = new Map(rendered.map((clip) => [clip.index, clip.framing.frames]));
  return { ...edl, clips: edl.clips.map((clip) => ({ ...clip, framing: framing.get(clip.index) ?? [] })) };
}

interface Made {
  source: FetchedSource;
  transcript: Transcript;
  selection: Selection;
  rendered: RenderedClip[];
  notices: string[];
  /** What stood between the media tools and the machine. */
  walls: string;
  machine: Machine;
  seconds: Record<string, number>;
}

function receipt({ job, tools }: StageContext, made: Made, outputBytes: number): Receipt {
  return {
    job_id: job.job_id,
    epoch: job.epoch,
    seconds: made.seconds,
    transcriber: made.transcript.transcriber,
    selector: made.selection.selector,
    encoder: made.rendered[0]?.encoder ?? "none",
    fetched_bytes: made.source.fetchedBytes,
    output_bytes: outputBytes,
    machine: {
      cpus: availableParallelism(),
      platform: `${process.platform}-${process.arch}`,
      gpu: gpuText(made.machine),
    },
    tools: { ffmpeg: tools.version, node: process.version },
    notes: [
      ...made.notices,
      ...new Set([
        ...machineNotes(made.machine),
        ...(made.transcript.notes ?? []),
        ...made.rendered.flatMap((clip) => renderNotes(clip, made.machine)),
      ]),
      made.walls,
    ],
    stages: [],
    wasted_attempts: job.wasted_attempts,
  };
}

/** "NVIDIA GeForce RTX 4090, 24564 MB, driver 550.90.07". */
function gpuText({ gpu }: Machine): string | null {
  if (!gpu) return null;
  return [gpu.name, gpu.vramMb && `${gpu.vramMb} MB`, gpu.driver && `driver ${gpu.driver}`]
    .filter(Boolean)
    .join(", ");
}

/** By what a clip was encoded and at which quality, where it was not x264 as always, and why the card left it in the middle. */
function renderNotes(
  { encoder, decoder, crf, encoderReason, decoderReason }: RenderedClip,
  { nvenc, nvdec }: Machine,
): string[] {
  // what holds for the whole machine is said once, by machineNotes
  const own = [
    ...(encoderReason && encoderReason !== nvenc.reason ? [encoderReason] : []),
    ...(decoderReason && decoderReason !== nvdec.reason ? [decoderReason] : []),
  ];
  if (encoder === "libx264" && decoder === "cpu") return own;
  const quality =
    encoder === "h264_nvenc" ? `cq ${nvencQuality(crf)}, which stands for crf ${crf} of x264` : `crf ${crf}`;
  return [
    ...own,
    `Encoded by ${encoder} at ${quality}; decoded by ${decoder === "nvdec" ? "NVDEC" : "the CPU"}.`,
  ];
}

function manifestOf(
  { job }: StageContext,
  {
    source,
    transcript,
    selection,
    edl,
    rendered,
    notices,
    seconds,
    facts,
  }: Made & { edl: Edl; facts: ManifestFile[] },
): Manifest {
  const factOf = new Map(facts.map((fact) => [fact.name as string, fact]));
  const clips = edl.clips.flatMap((clip): ManifestClip[] => {
    const made = rendered.find(({ index }) => index === clip.index);
    if (!made) return [];
    const { clip: file, preview, cover, srt, vtt, ass } = made.files;
    return [
      {
        index: clip.index,
        title: clip.title,
        hook: clip.hook,
        start: clip.segments[0]?.start ?? 0,
        end: clip.segments.at(-1)?.end ?? 0,
        duration: Math.trunc(made.durationSeconds),
        segments: clip.segments,
        file,
        duration_seconds: made.durationSeconds,
        width: made.width,
        height: made.height,
        size_bytes: factOf.get(file)?.size_bytes,
        sha256: factOf.get(file)?.sha256,
        score: clip.score,
        reason: clip.reason,
        captioned: made.captioned,
        preview_file: preview,
        cover_file: cover,
        ...(srt && { srt_file: srt }),
        ...(vtt && { vtt_file: vtt }),
        ...(ass && { ass_file: ass }),
        caption_preset: made.captionPreset,
        ...(made.captionWarnings.length > 0 && { caption_warnings: made.captionWarnings }),
      },
    ];
  });
  return {
    job_id: job.job_id,
    clips,
    selection: { mode: selection.mode },
    files: facts,
    source: { title: source.title, url: source.url, seconds: source.info.durationSeconds },
    transcriber: transcript.transcriber,
    transcriber_accuracy: transcript.accuracy,
    language: transcript.language,
    encoder: rendered[0]?.encoder,
    notices,
    seconds,
    created_at: new Date().toISOString(),
  };
}

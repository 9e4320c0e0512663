import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { type Receipt, STAGES, type Stage, type StageReceipt } from "@kangklip/contract";
import { cpuSeconds } from "./children-cpu.ts";
import { type Machine, machineNotes } from "./machine.ts";
import { fetchOf } from "./manifest.ts";
import { nvencQuality } from "./media/encoder.ts";
import type { FetchedSource, RenderedClip, Selection, StageContext, Transcript } from "./stage.ts";

/** What a stage says of itself when it is done. */
export type StageDone = Omit<StageReceipt, "stage" | "seconds" | "cpu_seconds">;

export type Ledger = ReturnType<typeof createLedger>;

/**
 * Keeps what each stage takes: one after the other, from when it is entered until the next one is. What a clip took that was rendered
 * before its stage counts there. @param enter is told of each
 */
export function createLedger(enter: (stage: Stage) => void) {
  const begun = performance.now();
  const entered: { stage: Stage; at: number; cpu: number | null; early: number }[] = [];
  const done = new Map<Stage, StageDone>();
  /** What each stage that was entered has taken until now. */
  const taken = () => {
    const now = { at: performance.now(), cpu: cpuSeconds() };
    const early = entered.reduce((sum, stage) => sum + stage.early, 0);
    return entered.map(({ stage, at, cpu, early: ofRender }, index) => {
      const end = entered[index + 1] ?? now;
      const more = (stage === "RENDER" ? early : 0) - ofRender;
      const used = cpu === null || end.cpu === null ? null : rounded(Math.max(0, end.cpu - cpu + more));
      return { stage, seconds: rounded((end.at - at) / 1000), cpu_seconds: used };
    });
  };
  return {
    enter(stage: Stage): void {
      entered.push({ stage, at: performance.now(), cpu: cpuSeconds(), early: 0 });
      enter(stage);
    },
    /** Processor seconds of a child that rendered a clip while another stage may be going on. */
    renderedBeside(cpu: number): void {
      const now = entered.at(-1);
      if (now) now.early += cpu;
    },
    done: (stage: Stage, what: StageDone) => void done.set(stage, what),
    /** Wall seconds by stage, lower case, and in total. */
    seconds: (): Record<string, number> => ({
      ...Object.fromEntries(taken().map(({ stage, seconds }) => [stage.toLowerCase(), seconds])),
      total: rounded((performance.now() - begun) / 1000),
    }),
    stages: (): StageReceipt[] =>
      taken()
        .map((took) => ({ ...took, ...(done.get(took.stage) ?? NOTHING_DONE) }))
        .sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage)),
  };
}

const rounded = (seconds: number) => Math.round(seconds * 100) / 100;
const NOTHING_DONE: StageDone = { device: "cpu", executed: 0, reused: 0 };

/** What a receipt is made of besides the ledger. */
export interface Made {
  source: FetchedSource;
  /** Null where nobody listened: an edit has its words already. */
  transcript: Transcript | null;
  selection: Pick<Selection, "selector" | "mode">;
  rendered: RenderedClip[];
  notices: string[];
  /** What stood between the media tools and the machine. */
  walls: string;
  machine: Machine;
  /** What could not be kept for the next job, and why. */
  cacheNotes: string[];
}

/** receipt.json. @param outputBytes of all artifacts but the receipt and the manifest */
export function receiptOf(
  { job, tools, settings }: StageContext,
  { source, transcript, selection, rendered, notices, walls, machine, cacheNotes }: Made,
  ledger: Pick<Ledger, "seconds" | "stages">,
  outputBytes: number,
): Receipt {
  const ytDlp = source.meta.yt_dlp_version;
  const fetch = fetchOf(source);
  return {
    job_id: job.job_id,
    epoch: job.epoch,
    seconds: ledger.seconds(),
    transcriber: transcript?.transcriber ?? "none",
    selector: selection.selector,
    encoder: rendered[0]?.encoder ?? "none",
    fetched_bytes: fetch.bytes,
    fetch,
    output_bytes: outputBytes,
    machine: {
      cpus: availableParallelism(),
      platform: `${process.platform}-${process.arch}`,
      gpu: gpuText(machine),
    },
    tools: {
      ffmpeg: tools.version,
      node: process.version,
      ...(typeof ytDlp === "string" && { "yt-dlp": ytDlp }),
      ...(transcript?.transcriber === "whisper" && {
        whisper_model: settings.modelPath ? basename(settings.modelPath) : "the default (base, q5_1)",
      }),
    },
    notes: [
      ...notices,
      ...new Set([
        ...machineNotes(machine),
        ...(transcript?.notes ?? []),
        ...rendered.flatMap((clip) => renderNotes(clip, machine)),
        ...cacheNotes,
      ]),
      walls,
    ],
    stages: ledger.stages(),
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

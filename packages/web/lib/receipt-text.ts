import { type Receipt, type StageReceipt, usdText, type WastedAttempt } from "@kangklip/contract";
import { providerName } from "./compute.ts";
import { STAGE_TEXT } from "./job-view.ts";
import { size, span } from "./time.ts";

const DEVICES = {
  cpu: "on the processor",
  gpu: "on the graphics card",
  network: "over the network",
  model: "with a language model",
};

export interface ReceiptRow {
  stage: string;
  /** "38 s, on the processor" */
  took: string;
  /** "18.1 MB in", "2 clips made", "taken from what was kept" … */
  facts: string[];
}

/** A whole number with its thousands apart: "12 400". Pure. */
const whole = (value: number) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** Seconds of work: "0.6 s", and from ten on as any other time. Pure. */
const workSpan = (seconds: number): string =>
  seconds < 10 ? `${Number(seconds.toFixed(1))} s` : span(seconds);

/** What each stage took, as rows. Pure. */
export const receiptRows = ({ stages }: Receipt): ReceiptRow[] =>
  stages.map((stage) => ({
    stage: STAGE_TEXT[stage.stage].name,
    took: `${workSpan(stage.seconds)} ${DEVICES[stage.device]}`,
    facts: factsOf(stage),
  }));

function factsOf(stage: StageReceipt): string[] {
  const { executed, reused, cpu_seconds, bytes_in, bytes_out, tokens_in, tokens_out, usd } = stage;
  const ofClips = stage.stage === "RENDER";
  return [
    ...(ofClips && executed > 0 ? [`${clips(executed)} rendered`] : []),
    ...(reused > 0 ? [ofClips ? `${clips(reused)} ${KEPT}` : KEPT] : []),
    ...(cpu_seconds && cpu_seconds >= LEAST_SECONDS ? [`${workSpan(cpu_seconds)} of processor time`] : []),
    ...(bytes_in ? [`${size(bytes_in)} in`] : []),
    ...(bytes_out ? [`${size(bytes_out)} out`] : []),
    ...(tokens_in || tokens_out
      ? [`${whole(tokens_in ?? 0)} tokens read, ${whole(tokens_out ?? 0)} written`]
      : []),
    ...(usd === null || usd === undefined ? [] : [usdText(usd)]),
  ];
}

/** Less than this is told as 0. */
const LEAST_SECONDS = 0.05;
const KEPT = "taken from an earlier run";
const clips = (count: number) => (count === 1 ? "1 clip" : `${count} clips`);

/** What the whole job took: a term and its value. @param usd what all attempts cost, as the job's view tells it; null: not known. Pure. */
export function receiptTotals(receipt: Receipt, usd: number | null): [string, string][] {
  const { seconds, fetched_bytes, output_bytes, machine, encoder } = receipt;
  const models = receipt.stages.flatMap((stage) => stage.usd ?? []);
  const model = models.length > 0 ? models.reduce((sum, one) => sum + one, 0) : null;
  return [
    ...(seconds.total === undefined ? [] : [["Work", span(seconds.total)] satisfies [string, string]]),
    ...(usd === null ? [] : [["Machine cost", usdText(usd)] satisfies [string, string]]),
    ...(model === null ? [] : [["Language model", usdText(model)] satisfies [string, string]]),
    ["Fetched", size(fetched_bytes)],
    ["Made", size(output_bytes)],
    ["Machine", machineText(machine)],
    ["Encoder", encoder],
  ];
}

function machineText({ cpus, platform, gpu }: Receipt["machine"]): string {
  const processors = cpus === 1 ? "1 processor" : `${cpus} processors`;
  return `${processors}, ${gpu ?? "no graphics card"} (${platform})`;
}

/** An attempt that came to nothing: "Attempt 1 on Nosana ran 2 min 11 s, cost $0.002 and ended with LEASE_LOST." Pure. */
export function wastedText({ epoch, provider, outcome, seconds, usd }: WastedAttempt): string {
  const place = provider ? ` on ${providerName(provider)}` : "";
  const did = [
    ...(seconds === null ? [] : [`ran ${workSpan(seconds)}`]),
    ...(usd === null ? [] : [usd === 0 ? "cost nothing" : `cost ${usdText(usd)}`]),
    `ended with ${outcome}`,
  ];
  const last = did.pop();
  return `Attempt ${epoch}${place} ${did.length > 0 ? `${did.join(", ")} and ` : ""}${last}.`;
}

/** Everything that was used, by name: "ffmpeg 5.1.9, node v24.21.0". Pure. */
export const toolsText = ({ tools }: Receipt): string =>
  Object.entries(tools)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");

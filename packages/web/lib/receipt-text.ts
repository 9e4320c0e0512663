import type { Receipt, StageReceipt, WastedAttempt } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";
import { dollarsText, providerName } from "./compute.ts";
import { stageName } from "./job-view.ts";
import { sizeText, spanText } from "./time.ts";

export interface ReceiptRow {
  stage: string;
  /** "38 s, on the processor" */
  took: string;
  /** "18.1 MB in", "2 clips made", "taken from what was kept" … */
  facts: string[];
}

/** Seconds of work: "0.6 s", and from ten on as any other time. Pure. */
const workSpan = (t: Translate, seconds: number): string =>
  seconds < 10 ? t("common.span.seconds", { seconds: Number(seconds.toFixed(1)) }) : spanText(t, seconds);

/** What each stage took, as rows. Pure. */
export const receiptRows = (t: Translate, { stages }: Receipt): ReceiptRow[] =>
  stages.map((stage) => ({
    stage: stageName(t, stage.stage),
    took: t(`receipt.took.${stage.device}`, { span: workSpan(t, stage.seconds) }),
    facts: factsOf(t, stage),
  }));

function factsOf(t: Translate, stage: StageReceipt): string[] {
  const { executed, reused, cpu_seconds, bytes_in, bytes_out, tokens_in, tokens_out, usd } = stage;
  const ofClips = stage.stage === "RENDER";
  const kept = ofClips ? t("receipt.fact.keptClips", { count: reused }) : t("receipt.fact.kept");
  return [
    ...(ofClips && executed > 0 ? [t("receipt.fact.rendered", { count: executed })] : []),
    ...(reused > 0 ? [kept] : []),
    ...(cpu_seconds && cpu_seconds >= LEAST_SECONDS
      ? [t("receipt.fact.processor", { span: workSpan(t, cpu_seconds) })]
      : []),
    ...(bytes_in ? [t("receipt.fact.in", { size: sizeText(t, bytes_in) })] : []),
    ...(bytes_out ? [t("receipt.fact.out", { size: sizeText(t, bytes_out) })] : []),
    ...(tokens_in || tokens_out
      ? [t("receipt.fact.tokens", { read: tokens_in ?? 0, written: tokens_out ?? 0 })]
      : []),
    ...(usd === null || usd === undefined ? [] : [dollarsText(t, usd)]),
  ];
}

/** Less than this is told as 0. */
const LEAST_SECONDS = 0.05;

/** What the whole job took: a term and its value. @param usd what all attempts cost, as the job's view tells it; null: not known. Pure. */
export function receiptTotals(t: Translate, receipt: Receipt, usd: number | null): [string, string][] {
  const { seconds, fetched_bytes, output_bytes, machine, encoder } = receipt;
  const models = receipt.stages.flatMap((stage) => stage.usd ?? []);
  const model = models.length > 0 ? models.reduce((sum, one) => sum + one, 0) : null;
  return [
    ...(seconds.total === undefined
      ? []
      : [[t("receipt.total.work"), spanText(t, seconds.total)] satisfies [string, string]]),
    ...(usd === null
      ? []
      : [[t("receipt.total.machineCost"), dollarsText(t, usd)] satisfies [string, string]]),
    ...(model === null ? [] : [[t("receipt.total.model"), dollarsText(t, model)] satisfies [string, string]]),
    [t("receipt.total.fetched"), sizeText(t, fetched_bytes)],
    [t("receipt.total.made"), sizeText(t, output_bytes)],
    [t("receipt.total.machine"), machineText(t, machine)],
    [t("receipt.total.encoder"), encoder],
  ];
}

const machineText = (t: Translate, { cpus, platform, gpu }: Receipt["machine"]): string =>
  t("receipt.machine", { cpus, platform, gpu: gpu ?? t("receipt.noGpu") });

/** An attempt that came to nothing: "Attempt 1 on Nosana ran 2 min 11 s, cost $0.002, ended with LEASE_LOST." Pure. */
export function wastedText(t: Translate, { epoch, provider, outcome, seconds, usd }: WastedAttempt): string {
  const facts = [
    ...(seconds === null ? [] : [t("receipt.attempt.ran", { span: workSpan(t, seconds) })]),
    ...(usd === null
      ? []
      : [usd === 0 ? t("receipt.attempt.free") : t("receipt.attempt.cost", { usd: dollarsText(t, usd) })]),
    t("receipt.attempt.ended", { outcome }),
  ].join(", ");
  return provider
    ? t("receipt.attempt.on", { epoch, facts, place: providerName(t, provider) })
    : t("receipt.attempt.one", { epoch, facts });
}

/** Everything that was used, by name: "ffmpeg 5.1.9, node v24.21.0". Pure. */
export const toolsText = ({ tools }: Receipt): string =>
  Object.entries(tools)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");

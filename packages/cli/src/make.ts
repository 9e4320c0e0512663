import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type CaptionPreset,
  type ClipView,
  type CreateJob,
  isEnded,
  type JobView,
  KangKlipError,
  type Language,
  type OutputLanguage,
} from "@kangklip/contract";
import { asCliError, type Client, createClient } from "./client.ts";
import { CliError, EXIT, exitFor } from "./exit.ts";
import { placeNews } from "./places.ts";
import { saveClips } from "./saving.ts";
import { sendFile } from "./send-file.ts";
import type { Terminal } from "./terminal.ts";

export interface MakeOptions {
  /** The service, on this machine or another: a job is looked after with the token that came with it. */
  apiUrl: string;
  terminal: Terminal;
  /** A URL, or the path of a file on this machine. */
  source: string;
  request: Omit<CreateJob, "video_url" | "upload_id">;
  /** Where the clips are saved; a folder per job is made in it. */
  outDir: string;
  /** Aborted by ^C: the job is cancelled. */
  signal: AbortSignal;
  onCreated?: (job: { job_id: string; job_token: string }) => void;
  /** Sent with each request: who pays for the job. */
  headers?: Record<string, string>;
  /** Pays for clips that are locked, before they are saved. */
  unlock?: (jobId: string, jobToken: string, clips: readonly ClipView[]) => Promise<void>;
}

/** What a command that makes clips is told by its options. */
export interface Wishes {
  duration: number;
  count: number;
  language: Language;
  /** Where it may run, in order of preference; undefined: as COMPUTE says. */
  compute?: string[] | undefined;
  maxUsd?: number | undefined;
  captionPreset?: CaptionPreset | undefined;
  tighten?: boolean | undefined;
  outputLanguage?: OutputLanguage | undefined;
  about?: string | undefined;
}

/** The same as a request for a job. Pure. */
export const requestOf = (wishes: Wishes): MakeOptions["request"] => ({
  clip_duration_seconds: wishes.duration,
  clip_count: wishes.count,
  language: wishes.language,
  compute: wishes.compute,
  max_usd: wishes.maxUsd,
  caption_preset: wishes.captionPreset,
  tighten: wishes.tighten,
  output_language: wishes.outputLanguage,
  about: wishes.about,
});

/** What `--json` prints last. Times are seconds. */
export interface MakeResult {
  job_id: string;
  status: "SUCCEEDED";
  transcriber: string;
  selector: string;
  /** Where the attempt ran that made them, and what all attempts cost (US dollars); null: not known. */
  provider: string | null;
  usd: number | null;
  clips: {
    file: string;
    /** null: it is locked, and was not saved. */
    path: string | null;
    title: string;
    start: number;
    end: number;
    duration: number;
    width: number;
    height: number;
    sha256: string;
  }[];
  seconds: Record<string, number>;
  notices: string[];
}

/** Makes a job from a URL or a file, shows how it goes, saves the clips. @throws CliError with the exit code that fits */
export async function make(options: MakeOptions): Promise<MakeResult> {
  const { terminal, apiUrl, signal, outDir, headers = {} } = options;
  const begun = performance.now();
  try {
    const job = await create(options, createClient(apiUrl, headers));
    options.onCreated?.(job);
    terminal.event({ event: "created", job_id: job.job_id });
    const client = createClient(apiUrl, { ...headers, "x-job-token": job.job_token });
    const view = await watch(client, terminal, job.job_id, signal);
    if (view.status === "FAILED") throw failure(view);
    const { job_id } = job;
    let results = await client.jobs.results.query({ job_id });
    if (options.unlock && results.clips.some(({ locked }) => locked)) {
      await options.unlock(job_id, job.job_token, results.clips);
      results = await client.jobs.results.query({ job_id });
    }
    const folder = join(resolve(outDir), job.job_id);
    const clips = await saveClips(options, client, job.job_id, results.clips, folder);
    const total = Math.round((performance.now() - begun) / 10) / 100;
    return {
      job_id: job.job_id,
      status: "SUCCEEDED",
      transcriber: results.transcriber ?? "none",
      selector: results.selector ?? "heuristic",
      provider: view.attempts.at(-1)?.provider || null,
      usd: view.usd,
      clips,
      seconds: { ...results.seconds, total },
      notices: results.notices,
    };
  } catch (error) {
    terminal.settle();
    throw asCliError(error, apiUrl);
  }
}

/** Refuses a place that the service does not have, before a file is sent there for nothing. @throws KangKlipError INVALID_INPUT */
async function checkCompute(client: Client, wanted: readonly string[] | null | undefined): Promise<void> {
  if (!wanted) return;
  const { compute } = await client.system.info.query();
  const lacking = wanted.filter((id) => !compute.includes(id));
  if (lacking.length > 0)
    throw new KangKlipError(
      "INVALID_INPUT",
      `This service cannot run jobs on ${lacking.join(", ")}: it runs with COMPUTE=${compute.join(",")}`,
    );
}

async function create({ terminal, source, request, apiUrl, signal }: MakeOptions, client: Client) {
  await checkCompute(client, request.compute);
  const isUrl = /^[a-z][a-z0-9+.-]*:/i.test(source) && !existsSync(source);
  if (isUrl) return client.jobs.create.mutate({ video_url: source, ...request });
  const file = await stat(source).catch(() => undefined);
  if (!file?.isFile()) throw new CliError(EXIT.usage, `There is no file ${source}, and it is no URL either`);
  if (file.size === 0) throw new CliError(EXIT.source, `${source} is empty`);
  const upload_id = await sendFile({ client, apiUrl, path: source, size: file.size, terminal, signal });
  return client.jobs.create.mutate({ upload_id, ...request });
}

/** A service that restarts is back long before. */
const AWAY_MS = 60_000;
const AGAIN_MS = 1000;

/**
 * Follows a job to its end, through restarts of the service too. When `signal` aborts, the job is cancelled and followed until it
 * is gone. @returns the last view @throws CliError where the service does not answer for `awayMs`
 */
export function watch(
  client: Client,
  terminal: Terminal,
  jobId: string,
  signal: AbortSignal,
  { awayMs = AWAY_MS } = {},
): Promise<JobView> {
  const { promise, resolve, reject } = Promise.withResolvers<JobView>();
  const told = new Set<string>();
  let before: JobView | undefined;
  let isOver = false;
  let giveUp: NodeJS.Timeout | undefined;
  const isAway = () => {
    const why = `The service has not answered for ${awayMs / 1000} s; the job may go on there: kangklip jobs watch ${jobId}`;
    giveUp ??= setTimeout(() => reject(new CliError(EXIT.service, why)), awayMs);
  };
  const isHere = () => {
    clearTimeout(giveUp);
    giveUp = undefined;
  };
  const onView = (view: JobView) => {
    terminal.event({ event: "progress", ...progressOf(view) });
    for (const notice of view.notices) {
      if (!told.has(notice)) terminal.say(terminal.dim(`  ${notice}`));
      told.add(notice);
    }
    for (const line of placeNews(before, view)) terminal.say(terminal.dim(`  ${line}`));
    before = view;
    terminal.show(view);
    if (isEnded(view.status)) resolve(view);
  };
  const follow = () =>
    client.jobs.events.subscribe(
      { job_id: jobId },
      {
        onData: ({ data: view }) => onView(view),
        onError: reject,
        onConnectionStateChange: ({ state }) => (state === "pending" ? isHere() : isAway()),
        onComplete() {
          if (isOver) return;
          isAway(); // it stops; the next one is asked
          setTimeout(() => {
            if (!isOver) subscription = follow();
          }, AGAIN_MS);
        },
      },
    );
  let subscription = follow();
  const cancel = () => {
    terminal.say("Cancelling … (^C again to leave it)");
    client.jobs.cancel.mutate({ job_id: jobId }).catch(reject);
  };
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  return promise.finally(() => {
    isOver = true;
    isHere();
    signal.removeEventListener("abort", cancel);
    subscription.unsubscribe();
    terminal.settle();
  });
}

const progressOf = ({
  job_id,
  status,
  state,
  stage,
  progress,
  stage_progress,
  message,
  ...rest
}: JobView) => ({
  job_id,
  status,
  state,
  stage,
  progress,
  stage_progress,
  message,
  provider: rest.attempts.at(-1)?.provider || null,
  usd: rest.usd,
  clips_ready: rest.clips_ready,
  eta_seconds: rest.eta_seconds,
});

/** How a job that failed is told: what happened, where, the code, what to do. */
export function failure(view: JobView): CliError {
  const where = view.failed_stage ? ` (${view.failed_stage})` : "";
  const action = view.error_action ? `\n  ${view.error_code}: ${view.error_action}` : "";
  return new CliError(exitFor(view.error_code), `${view.error ?? "The job failed"}${where}${action}`);
}

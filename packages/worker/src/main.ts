import { randomUUID } from "node:crypto";
import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CONTRACT_VERSION, EXIT_OK, KangKlipError } from "@kangklip/contract";
import { createApiClient } from "./api-client.ts";
import { noCache, openStageCache, type StageCache } from "./cache/stage-cache.ts";
import { type CacheSettings, readConfig, readSettings } from "./config.ts";
import { type Machine, machineFacts, machineNotes, selfTestOf } from "./machine.ts";
import { inGpuContainer } from "./machine-gpu.ts";
import { findTools, type Tools } from "./media/ffmpeg.ts";
import { runPipeline } from "./pipeline.ts";
import { createReporter } from "./reporter.ts";
import { runSelfTest, selfTestText } from "./selftest.ts";
import type { WorkerSettings } from "./stage.ts";
import { hideFromChildren, machineWalls } from "./walls.ts";
import { stayWarm } from "./warm.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
/** A worker that was told to stop and still has children after this long is ended as it is. */
const STOP_MS = 8000;

/** A card that is gone is looked for elsewhere in the first attempts; a later one does without. */
const ATTEMPTS_FOR_A_CARD = 2;

/** Claims one attempt, works, reports the end. @returns the exit code (contract/errors.ts; 75: another one has the attempt) */
async function work(
  { launch, settings, cache: cacheSettings }: ReturnType<typeof readConfig>,
  stop: AbortController,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  const log = (event: string, fields: Record<string, unknown> = {}) => {
    if (LEVELS.indexOf(launch.KK_LOG_LEVEL) <= LEVELS.indexOf("info"))
      write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
  };
  const api = createApiClient({ baseUrl: launch.KK_API_URL.replace(/\/+$/, "") });
  const cache = await openCache(cacheSettings, log); // before any child is started
  // only where no child can write into it: what lies there is believed
  const keptIn = (await machineWalls()).hidesCache ? cacheSettings.dir : undefined;
  const ready = await lookedAround(settings, keptIn, stop.signal);
  if ("machine" in ready) log("machine", { ...ready.machine });
  const claim = await api.claim(
    {
      launch_key: launch.KK_LAUNCH_KEY,
      claim_token: launch.KK_CLAIM_TOKEN,
      instance_nonce: randomUUID(),
      contract_version: CONTRACT_VERSION,
      ...("machine" in ready && { selftest: selfTestOf({ tools: ready.tools, settings }, ready.machine) }),
    },
    stop.signal,
  );
  const { job } = claim;
  log("claimed", { job_id: job.job_id, epoch: job.epoch });
  const reporter = createReporter({
    api,
    job: { job_id: job.job_id, epoch: job.epoch },
    heartbeatSeconds: claim.heartbeat_seconds,
    onStop: (reason) => stop.abort(reason),
    log,
  });
  const leftMs =
    claim.seconds_left === undefined ? Date.parse(claim.deadline) - Date.now() : claim.seconds_left * 1000;
  const deadline = setTimeout(
    () => stop.abort(new KangKlipError("TIMED_OUT", "The work took longer than it may")),
    Math.min(leftMs, 2 ** 31 - 1),
  );
  let manifest_sha256: string;
  try {
    if ("failure" in ready) throw ready.failure;
    const { tools, machine } = ready;
    if (machine.gpuLost && inGpuContainer() && job.epoch <= ATTEMPTS_FOR_A_CARD)
      throw new KangKlipError(
        "GPU_UNAVAILABLE",
        `The machine has lost its graphics card. ${machineNotes(machine)}`,
      );
    const dir = await workDir();
    const context = { dir, tools, signal: stop.signal, log, settings };
    manifest_sha256 = await runPipeline({ job, context, api, reporter, cache });
  } catch (thrown) {
    const error = known(stop.signal.aborted ? stop.signal.reason : thrown);
    const { stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
    log("failed", { code: error.code, error: error.message, cause: String(error.cause ?? ""), stack });
    if (error.code === "DISK_FULL") await cache.freeUp(Number.POSITIVE_INFINITY); // the next attempt needs the room
    if (error.code !== "FENCED")
      await reporter.end({
        status: "FAILED",
        code: error.code,
        error: error.message.slice(0, 1000),
        stage: reporter.stage(),
      });
    return error.exitCode;
  } finally {
    clearTimeout(deadline);
    reporter.close();
  }
  // a success that could not be told is found by what was uploaded; it must not be followed by a failure
  await reporter.end({ status: "SUCCEEDED", manifest_sha256 }).catch((error: unknown) => {
    if (known(error).code === "FENCED") throw error;
    log("the API did not take the end", { error: String(error) });
  });
  return EXIT_OK;
}

/** What this machine keeps of finished stages, out of the reach of children where that can be done. */
async function openCache(
  { dir, maxBytes, needsWall }: CacheSettings,
  log: (event: string, fields?: Record<string, unknown>) => void,
): Promise<StageCache> {
  if (dir === undefined) return noCache();
  const cache = await openStageCache({ dir, maxBytes, log });
  if (cache.notes().length > 0 || (await hideFromChildren(dir)) || !needsWall) return cache;
  const why = "the programs that read foreign files could reach it on this machine";
  return noCache([`What was done is not kept for the next time, because ${why} (CACHE_WALL=required).`]);
}

/** The media tools and what else the machine can do; without usable tools there is nothing more to try. @throws the abort's reason */
async function lookedAround(
  settings: WorkerSettings,
  keptIn: string | undefined,
  signal: AbortSignal,
): Promise<{ tools: Tools; machine: Machine } | { failure: unknown }> {
  try {
    const tools = await findTools({ FFMPEG_PATH: settings.ffmpegPath });
    return { tools, machine: await machineFacts({ tools, settings, signal, keptIn }) };
  } catch (failure) {
    signal.throwIfAborted();
    return { failure };
  }
}

/** `worker selftest [--json]`: tries all that a job needs. @returns 0 where clips can be made here, 69 where not, 71 where a card was lost */
async function selfTest(options: string[], signal: AbortSignal): Promise<number> {
  const unknown = options.filter((option) => option !== "--json");
  if (unknown.length > 0)
    throw new KangKlipError("INVALID_INPUT", `selftest knows --json, but not ${unknown}`);
  const report = await runSelfTest(readSettings(process.env), signal);
  const text = options.includes("--json") ? JSON.stringify(report, null, 2) : selfTestText(report);
  await new Promise((written) => process.stdout.write(`${text}\n`, written));
  return report.exit_code;
}

/** The attempt's folder, below the one in which the worker was started. @throws KangKlipError WORK_DIR_UNUSABLE with its path */
async function workDir(): Promise<string> {
  const dir = join(process.cwd(), "work");
  try {
    await mkdir(dir, { recursive: true });
    await access(dir, constants.W_OK | constants.X_OK);
    return dir;
  } catch (cause) {
    if (isFull(cause)) throw cause;
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new KangKlipError("WORK_DIR_UNUSABLE", `The worker cannot write into ${dir} (${code})`, { cause });
  }
}

const isFull = (error: unknown) =>
  ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException)?.code ?? "");

/** What is no expected failure is a bug: its text stays in the log. */
function known(error: unknown): KangKlipError {
  if (error instanceof KangKlipError) return error;
  if (isFull(error)) return new KangKlipError("DISK_FULL", "The disk is full", { cause: error });
  return new KangKlipError("INTERNAL", "Something went wrong in the worker", { cause: error });
}

/** What a launch ends with that could not be claimed: only the exit code and this line tell. */
function unclaimed(error: unknown, write: (text: string) => void): number {
  const { message, exitCode } = known(error);
  write(`${message}\n${(error as Error).stack ?? ""}\n`);
  return exitCode;
}

const stop = new AbortController();

const [command, ...options] = process.argv.slice(2);
if (command !== "--warm")
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => {
      stop.abort(new KangKlipError("CANCELLED", "cancelled"));
      setTimeout(() => process.exit(known(stop.signal.reason).exitCode), STOP_MS).unref();
    });
try {
  if (command !== undefined && command !== "selftest" && command !== "--warm")
    throw new KangKlipError("INVALID_INPUT", `The worker knows selftest and --warm, but not ${command}`);
  if (command === "selftest") process.exitCode = await selfTest(options, stop.signal);
  else if (command === "--warm") {
    const machine = { ...process.env };
    await stayWarm({
      input: process.stdin,
      tell: (line) => void process.stdout.write(line),
      exit: (code) => process.exit(code),
      async work(launch, stopIt, write) {
        try {
          return await work(readConfig({ ...machine, ...launch }), stopIt, write);
        } catch (error) {
          return unclaimed(error, write);
        }
      },
    });
  } else process.exitCode = await work(readConfig(process.env), stop);
} catch (error) {
  process.exitCode = unclaimed(error, (text) => void process.stderr.write(text));
}
process.exit();

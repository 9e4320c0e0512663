import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { usdText } from "@kangklip/contract";
import { ensurePrograms } from "../../../tooling/programs.ts";
import { ensureSample } from "../../../tooling/sample/make.ts";
import { serveFile } from "../../../tooling/sample/serve.ts";
import { ensureWebBuild } from "../../../tooling/web-build.ts";
import { asCliError } from "./client.ts";
import type { CliConfig } from "./config.ts";
import { startDemoCredits, WHAT_TO_DO } from "./demo-credits.ts";
import { type MakeResult, make, requestOf, type Wishes } from "./make.ts";
import { startApi } from "./start-api.ts";
import type { Terminal } from "./terminal.ts";

export interface DemoOptions extends Wishes {
  source: string | undefined;
  allowPrivate: boolean;
  /** End after the clips are made, instead of going on to serve the page. */
  exit: boolean;
  open: boolean;
  port: number | undefined;
  out: string | undefined;
  /** Clips are paid for with credits, on a chain of this machine. */
  credits: boolean;
  /** Making them is paid for too. */
  generationFee: boolean;
}

/**
 * The main job on embedded defaults: installs what the machine lacks, starts the service, makes clips of the given video or of the
 * sample talk, saves them. @throws CliError
 */
export async function demo(
  options: DemoOptions,
  { dataDir, modelsDir, environment }: CliConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const log = (line: string) => terminal.say(terminal.dim(line));
  const { ffmpeg, ytDlp } = await ensurePrograms({
    dataDir,
    log,
    install: true,
    pages: options.source !== undefined || !options.exit,
  });
  await using cleanup = new AsyncDisposableStack();

  const elsewhere = (options.compute ?? listOf(environment.COMPUTE)).some((id) => id !== "process");
  let { source } = options;
  let origin: string | undefined;
  if (source === undefined) {
    const file = await ensureSample({
      dir: join(dataDir, "sample"),
      ffmpeg,
      signal,
      onProgress: (fraction) => terminal.bar("Making the sample", fraction),
    });
    terminal.settle();
    if (elsewhere) {
      source = file; // sent to the service, which any worker reaches; what this command serves, only those of this machine do
    } else {
      const served = await serveFile(file);
      cleanup.defer(served.close);
      source = served.url;
      origin = new URL(source).origin;
    }
  }
  if (!options.exit) await ensureWebBuild({ log, signal });

  const credits = options.credits
    ? await startDemoCredits(
        {
          dir: join(dataDir, "demo", "localnet"),
          path: environment.PATH,
          fee: options.generationFee,
        },
        terminal,
      )
    : undefined;
  if (credits) cleanup.defer(credits.stop);

  const port = options.exit ? 0 : (options.port ?? (await freePort(3000)));
  const api = await startApi(
    {
      // the service of a demo listens on this machine alone, and on Linux containers reach that by the machine's own network
      ...(process.platform === "linux" && { DOCKER_NETWORK: "host" }),
      ...withValues(environment),
      DATA_DIR: join(dataDir, "demo"),
      MODELS_DIR: modelsDir,
      PORT: String(port),
      HOST: "127.0.0.1",
      WEB: options.exit ? "off" : "on",
      FFMPEG_PATH: ffmpeg,
      ...(ytDlp && { YTDLP_PATH: ytDlp }),
      ...(options.allowPrivate && { ALLOW_PRIVATE_SOURCES: "on" }),
      ...(origin && { ALLOW_SOURCE_ORIGINS: origin }),
      ...(options.compute && { COMPUTE: options.compute.join(",") }),
      ...credits?.settings,
    },
    () => {},
  );
  cleanup.defer(api.stop);

  // in the page people unlock the clips themselves
  const clipsToUnlock = options.exit ? options.count : 0;
  const payer =
    credits && (options.exit || options.generationFee)
      ? await credits.payer(api.url, clipsToUnlock).catch((error: unknown) => {
          throw asCliError(error, api.url);
        })
      : undefined;

  let page = api.url;
  const result = await make({
    apiUrl: api.url,
    terminal,
    source,
    request: { ...requestOf(options), compute: undefined }, // the service has no others
    outDir: options.out ?? join(dataDir, "clips"),
    signal,
    onCreated: ({ job_id, job_token }) => {
      // behind the # nothing reaches a server or its log
      page = `${api.url}/jobs/${job_id}#token=${job_token}`;
      if (!options.exit) terminal.say(`Watch it here: ${terminal.bold(page)}`);
    },
    ...(payer && { headers: payer.headers }),
    ...(payer && clipsToUnlock > 0 && { unlock: payer.unlock }),
  });
  await payer?.tellFee();
  tell(result, terminal);
  terminal.result(result);
  if (options.exit) return;
  terminal.say(`\nThe page stays open at ${terminal.bold(page)}`);
  if (credits) terminal.say(WHAT_TO_DO);
  terminal.say("Press ^C to end.");
  if (options.open) openInBrowser(page);
  await new Promise<void>((end) => {
    if (signal.aborted) end();
    signal.addEventListener("abort", () => end(), { once: true });
  });
}

const listOf = (text = "") => text.split(",").flatMap((part) => part.trim() || []);

/** Without what is empty: that counts as unset. */
const withValues = (environment: CliConfig["environment"]) =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value));

/** The clips, for people. */
export function tell({ clips, seconds, transcriber, provider, usd }: MakeResult, terminal: Terminal): void {
  terminal.say("");
  for (const { title, duration, start, path } of clips) {
    terminal.say(`${terminal.bold(title)}`);
    terminal.say(
      `  ${terminal.dim(`${duration.toFixed(1)} s, from ${clock(start)} of the video`)}\n  ${path ?? "locked: unlock it in the page"}`,
    );
  }
  const heard = transcriber === "none" ? "without words" : `heard by ${transcriber}`;
  const where = provider ? `, on ${provider}` : "";
  const cost = usd ? `, for ${usdText(usd)}` : "";
  const made = `${clips.length} ${clips.length === 1 ? "clip" : "clips"} in ${seconds.total} s`;
  terminal.say(`\n${made}, ${heard}${where}${cost}.`);
}

const clock = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** The port people expect, or any free one where it is taken. */
function freePort(wanted: number): Promise<number> {
  return new Promise((found) => {
    const probe = createServer();
    probe.once("error", () => found(0));
    probe.listen(wanted, "127.0.0.1", () => probe.close(() => found(wanted)));
  });
}

function openInBrowser(url: string): void {
  const openers: Record<string, string> = { darwin: "open", win32: "explorer" };
  const opener = openers[process.platform] ?? "xdg-open";
  execFile(opener, [url], () => {}); // where there is no browser, the address stands on the screen
}

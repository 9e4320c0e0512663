import { type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { ensurePrograms } from "../../../tooling/programs.ts";
import { ensureWebBuild } from "../../../tooling/web-build.ts";
import {
  builtInList,
  captionPreset,
  clipFile,
  dollars,
  onOff,
  outputLanguage,
  providerList,
  seconds,
  spokenLanguage,
  whole,
} from "./arguments.ts";
import { asCliError } from "./client.ts";
import { addClipCommands } from "./clip-commands.ts";
import { readConfig } from "./config.ts";
import { demo, tell } from "./demo.ts";
import { devNosana } from "./dev-nosana.ts";
import { doctor } from "./doctor.ts";
import { doctorProviders } from "./doctor-providers.ts";
import { editClip, listRevisions, showRevision } from "./edit.ts";
import { CliError, EXIT } from "./exit.ts";
import { cancelJob, connect, getJob, listJobs, watchJob } from "./jobs.ts";
import { localnet } from "./localnet.ts";
import { make, requestOf } from "./make.ts";
import { quote } from "./quote.ts";
import { repair } from "./repair.ts";
import { startApi } from "./start-api.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

const WORKER = fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url));

const config = readConfig(process.env);
const interrupted = new AbortController();
process.on("SIGINT", () => {
  if (interrupted.signal.aborted) process.exit(EXIT.interrupted); // the second ^C leaves at once
  interrupted.abort(new CliError(EXIT.interrupted, "Interrupted"));
});
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === "EPIPE" ? EXIT.ok : EXIT.jobFailed); // EPIPE: whoever read it has had enough
});
for (const signal of ["SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => interrupted.abort(new CliError(EXIT.interrupted, "Ended")));

const program = new Command("kangklip")
  .description("The URL of a long video becomes vertical clips.")
  .version("2.0.0")
  .option("--json", "one JSON object per line on stdout, the result last")
  .option("--quiet", "no words on the terminal")
  .option("--no-color", "no colours")
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .showHelpAfterError("(kangklip --help shows what there is)")
  .exitOverride();

const terminal = (): Terminal => {
  const {
    json = false,
    quiet = false,
    color,
  } = program.opts<{ json?: boolean; quiet?: boolean; color: boolean }>();
  const colored = color && config.color && process.stderr.isTTY === true;
  return createTerminal({ json, quiet, color: colored });
};

/** Options of every command that makes clips. */
const making = (command: Command, providers: (text: string) => string[]) =>
  command
    .option("--duration <seconds>", "length of a clip, 30 to 60", whole(30, 60), 30)
    .option("--count <n>", "how many clips, 1 to 5", whole(1, 5), 2)
    .option("--language <code>", "what is spoken: en, id, fr … or auto", spokenLanguage, "auto" as const)
    .option("--caption-preset <name>", "how the captions look: amber, strict, clean, pop …", captionPreset)
    .option("--tighten", "cut filler words and long silences out")
    .option("--output-language <code>", "of titles: en, id, pt-BR … or auto (the spoken one)", outputLanguage)
    .option("--about <text>", "what the moments should be about")
    .option(
      "--compute <providers>",
      "where it runs, in order of preference: process, docker, nosana",
      providers,
    )
    .option("--max-usd <dollars>", "what it may cost at most", dollars)
    .option("--out <folder>", "where the clips are saved (default: clips/ in the data folder)");

/** --json may stand before or behind the command. */
const withOutput = (command: Command) =>
  command
    .option("--json", "one JSON object per line on stdout, the result last", () =>
      program.setOptionValue("json", true),
    )
    .option("--quiet", "no words on the terminal", () => program.setOptionValue("quiet", true));

withOutput(making(program.command("demo"), builtInList))
  .argument("[source]", "URL of a video, or a file; without it a sample talk is made")
  .description("make clips on embedded defaults and show them in a page")
  .option("--exit", "end when the clips are made")
  .option("--credits", "clips are paid for, with play money on a Solana chain of this machine")
  .option("--generation-fee", "with --credits: making them costs credits too")
  .option("--allow-private", "allow addresses of private networks and of this machine")
  .option("--no-open", "do not open a browser")
  .option("--port <port>", "port of the page (default: 3000, or a free one)", whole(0, 65_535))
  .action(async (source, options) => {
    if (options.generationFee && !options.credits)
      throw new CliError(EXIT.usage, "--generation-fee goes with --credits");
    await demo(
      { allowPrivate: false, exit: false, credits: false, generationFee: false, ...options, source },
      config,
      terminal(),
      interrupted.signal,
    );
  });

withOutput(making(program.command("clip"), providerList))
  .argument("<source>", "URL of a video, or a file")
  .description("make clips with a running service")
  .option("--api <url>", "the service (default: http://localhost:3000)")
  .option("--quote", "tell where it would run and what it would cost, and end")
  .action(async (source, options) => {
    const screen = terminal();
    const apiUrl = options.api ?? config.apiUrl;
    const request = requestOf(options);
    if (options.quote) {
      process.exitCode = await quote({ apiUrl, request, terminal: screen });
      return;
    }
    const outDir = options.out ?? join(config.dataDir, "clips");
    const { signal } = interrupted;
    let page = apiUrl;
    const onCreated = ({ job_id, job_token }: { job_id: string; job_token: string }) => {
      page = `${apiUrl}/jobs/${job_id}#token=${job_token}`;
    };
    const result = await make({ apiUrl, terminal: screen, source, request, outDir, signal, onCreated });
    tell(result, screen);
    const isLocked = result.clips.some(({ path }) => path === null);
    if (isLocked) screen.say(`Unlock what is locked here: ${screen.bold(page)}`);
    screen.result(result);
    if (isLocked) process.exitCode = EXIT.credits;
  });

program
  .command("serve")
  .description("run the service: page and API on one port, state in the data folder")
  .option("--port <port>", "default: PORT, or 3000", whole(0, 65_535))
  .option("--no-web", "the API alone")
  .option("--allow-private", "allow addresses of private networks and of this machine")
  .option("--compute <providers>", "where jobs run, in order of preference (default: COMPUTE)", builtInList)
  .action(async (options) => {
    const screen = terminal();
    const { dataDir } = config;
    const log = (line: string) => screen.say(screen.dim(line));
    const { ffmpeg, ytDlp } = await ensurePrograms({ dataDir, log, install: true });
    if (options.web) await ensureWebBuild({ log, signal: interrupted.signal });
    const api = await startApi(
      {
        ...config.environment,
        DATA_DIR: dataDir,
        FFMPEG_PATH: ffmpeg,
        ...(ytDlp && { YTDLP_PATH: ytDlp }),
        ...(!options.web && { WEB: "off" }),
        ...(options.port !== undefined && { PORT: String(options.port) }),
        ...(options.allowPrivate && { ALLOW_PRIVATE_SOURCES: "on" }),
        ...(options.compute && { COMPUTE: options.compute.join(",") }),
      },
      (line) => process.stderr.write(`${line}\n`),
    );
    screen.say(`KangKlip listens on ${screen.bold(api.url)}  (API document: ${api.url}/api/docs)`);
    screen.event({ event: "listening", url: api.url });
    const stopped = new Promise<"stop">((stop) => {
      interrupted.signal.addEventListener("abort", () => stop("stop"), { once: true });
    });
    if ((await Promise.race([api.ended, stopped])) !== "stop")
      throw new CliError(EXIT.service, "The service ended by itself");
    screen.say("Stopping; work that runs goes on and is taken up again at the next start.");
    await api.stop();
  });

program
  .command("worker")
  .description("run one launch by hand; KK_API_URL, KK_LAUNCH_KEY and KK_CLAIM_TOKEN say which")
  .option("--warm", "one launch after the other: each is a line of JSON on stdin, as the service writes it")
  .action(async ({ warm = false }: { warm?: boolean }) => {
    const options: SpawnOptions = { stdio: "inherit" };
    const child = spawn(process.execPath, [WORKER, ...(warm ? ["--warm"] : [])], options);
    interrupted.signal.addEventListener("abort", () => child.kill("SIGTERM"));
    process.exitCode = await new Promise<number>((end) => child.once("exit", (code) => end(code ?? 1)));
  });

withOutput(program.command("dev-nosana"))
  .description("a stand-in for Nosana on this machine, to try COMPUTE=nosana without an account")
  .option("--port <port>", "where it listens; 0: a free port", whole(0, 65_535), 4100)
  .option("--queue <seconds>", "how long a launch waits for a node", whole(0, 3600), 2)
  .action(({ port, queue }) =>
    devNosana({ port, queueSeconds: queue }, config, terminal(), interrupted.signal),
  );

withOutput(program.command("localnet"))
  .description(
    "a Solana chain on this machine, with play money, to try credits without a wallet or an account",
  )
  .option("--port <port>", "where it listens, and the next one; 0: free ones", whole(0, 65_534), 8899)
  .option("--file <file>", "where its state is kept (default: localnet/chain.bin in the data folder)")
  .option("--reset", "begin anew: the state that was kept is deleted")
  .action(({ port, file, reset = false }) =>
    localnet({ port, file, reset }, config, terminal(), interrupted.signal),
  );

withOutput(program.command("doctor"))
  .description("what this machine has, what it lacks, and the line that gets it")
  .option("--providers", "each provider of COMPUTE: whether it can be used, what it offers, at what price")
  .option("--api <url>", "the service whose providers are looked at (default: http://localhost:3000)")
  .action(async ({ providers = false, api }) => {
    process.exitCode = providers
      ? await doctorProviders(config, { api }, terminal(), interrupted.signal)
      : await doctor(config, terminal());
  });

withOutput(program.command("repair"))
  .description("give a job store that was lost its finished jobs back, from their clips")
  .action(() => repair(config, terminal()));

const jobs = program.command("jobs").description("jobs of a running service");
const onApi = (command: Command) =>
  withOutput(command).option("--api <url>", "the service (default: http://localhost:3000)");
onApi(jobs.command("ls").option("--limit <n>", "how many", whole(1, 200), 20))
  .description("the newest jobs")
  .action((options) => listJobs(connect(options.api, config), options.limit, terminal()));
onApi(jobs.command("get").alias("show").argument("<job_id>"))
  .description("one job, with each attempt: where it ran, what it cost, what became of it")
  .action((id, options) => getJob(connect(options.api, config), id, terminal()));
onApi(jobs.command("watch").argument("<job_id>"))
  .description("follow a job to its end")
  .action((id, options) => watchJob(connect(options.api, config), id, terminal(), interrupted.signal));
onApi(jobs.command("cancel").argument("<job_id>"))
  .description("stop a job")
  .action((id, options) => cancelJob(connect(options.api, config), id, terminal()));

onApi(program.command("edit"))
  .argument("<job_id>")
  .argument("<clip>", "its number or file, like 1 or clip_01.mp4", clipFile)
  .description("change a clip of a finished job: a new revision is rendered and saved, the old ones stay")
  .option("--title <text>", "its title")
  .option("--hook <text>", "the line above it; an empty text takes it away")
  .option("--start <time>", "where it begins in the video, like 83.5 or 1:23.5", seconds)
  .option("--end <time>", "where it ends in the video", seconds)
  .option("--caption-preset <name>", "how the captions look: amber, strict, clean, pop …", captionPreset)
  .option("--captions <on|off>", "whether they are drawn into the picture", onOff)
  .option("--out <folder>", "where it is saved (default: clips/ in the data folder)")
  .action((job, file, { api, out = join(config.dataDir, "clips"), json: _, quiet: __, ...changes }) =>
    editClip(connect(api, config), { job, file }, changes, {
      ...{ outDir: out, terminal: terminal(), signal: interrupted.signal },
    }),
  );
onApi(program.command("revisions"))
  .argument("<job_id>")
  .argument("<clip>", "its number or file", clipFile)
  .description("the revisions of a clip, and which one is shown")
  .action((job, file, { api }) => listRevisions(connect(api, config), { job, file }, terminal()));
onApi(program.command("show"))
  .argument("<job_id>")
  .argument("<clip>", "its number or file", clipFile)
  .argument("<revision>", "its number", whole(1, 1000))
  .description("show another revision of a clip: go back to an earlier one, or forth again")
  .action((job, file, revision, { api }) =>
    showRevision(connect(api, config), { job, file }, revision, terminal()),
  );
addClipCommands({ program, onApi, config, terminal, signal: interrupted.signal });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
process.exit();

/** Tells the error where people look, and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // it has told already
  const ours = asCliError(error, config.apiUrl);
  const shown = interrupted.signal.aborted && !(ours instanceof CliError) ? interrupted.signal.reason : ours;
  const known = shown instanceof CliError;
  const { json } = program.opts<{ json?: boolean }>();
  process.stderr.write(`${known ? `\n${shown.message}` : ((shown as Error).stack ?? shown)}\n`);
  const exit = known ? shown.exit : EXIT.jobFailed;
  if (json)
    process.stdout.write(`${JSON.stringify({ status: "FAILED", error: (shown as Error).message, exit })}\n`);
  return exit;
}

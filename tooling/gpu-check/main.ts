// Everything about graphics cards that can only be seen on a machine that has one, in one command:
//
//   npm run gpu-check -- [--source DIR] [--whisper-cli FILE] [--seconds 60] [--picture-seconds 20] [--work DIR] [--out FILE] [--require-gpu]
//
// Builds whisper.cpp (with CUDA where nvcc is), recognises noise with a random model of large-v3-turbo's shape on the card and on the
// processor, decodes by NVDEC, tries NVENC, renders the same clip with and without the card, and runs the worker's self-test. Prints
// one JSON object; `missing` says what could not be tried and what it needs. Nothing of it is part of `npm test`.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readSettings } from "../../packages/worker/src/config.ts";
import { type Machine, machineFacts } from "../../packages/worker/src/machine.ts";
import { findTools, type Tools } from "../../packages/worker/src/media/ffmpeg.ts";
import { decoding, encoding, fullPath, rendering } from "./pictures.ts";
import { selfTest } from "./self-test.ts";
import { buildWhisper, recognising } from "./speech.ts";

const USAGE =
  "npm run gpu-check -- [--source DIR] [--whisper-cli FILE] [--seconds 60] [--picture-seconds 20] [--work DIR] [--out FILE] [--require-gpu]";

/** What is handed to each check. */
export interface Bench {
  /** A folder for all that is made; gone at the end unless the user named it. */
  work: string;
  signal: AbortSignal;
  /** Length of the video that is decoded, encoded and rendered. */
  pictureSeconds: number;
  missing: string[];
  log: (line: string) => void;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      source: { type: "string" },
      "whisper-cli": { type: "string" },
      seconds: { type: "string", default: "60" },
      "picture-seconds": { type: "string", default: "20" },
      work: { type: "string" },
      out: { type: "string" },
      "require-gpu": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const seconds = Number(values.seconds);
  const pictureSeconds = Number(values["picture-seconds"]);
  if (!(seconds >= 1 && seconds <= 3600 && pictureSeconds >= 2 && pictureSeconds <= 600))
    throw new Error(`--seconds is 1 to 3600, --picture-seconds 2 to 600\n${USAGE}`);
  const work = values.work ? resolve(values.work) : mkdtempSync(join(tmpdir(), "kk-gpu-check-"));
  await mkdir(work, { recursive: true });
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => stop.abort(new Error("stopped"))); // what was found until then is told
  const bench: Bench = {
    ...{ work, signal: stop.signal, pictureSeconds, missing: [] },
    log: (line) => process.stderr.write(`${line}\n`),
  };
  try {
    const report = await checked(bench, { source: values.source, program: values["whisper-cli"], seconds });
    const text = `${JSON.stringify(report, null, 2)}\n`;
    if (values.out) writeFileSync(values.out, text);
    process.stdout.write(text);
    if (report.failed.length > 0 || (values["require-gpu"] && !report.machine?.gpu)) process.exitCode = 1;
  } finally {
    if (!values.work) rmSync(work, { recursive: true, force: true });
  }
}

async function checked(
  bench: Bench,
  { source, program, seconds }: { source: string | undefined; program: string | undefined; seconds: number },
) {
  const failed: string[] = [];
  /** Runs one check; what breaks it is told, and the others go on. None is begun when it has been stopped. */
  const check = async <T>(name: string, work: () => Promise<T>): Promise<T | null> => {
    if (bench.signal.aborted) {
      failed.push(`${name}: not tried, as it was stopped`);
      return null;
    }
    bench.log(`${name} …`);
    const begun = performance.now();
    try {
      const found = await work();
      bench.log(JSON.stringify(found)); // a machine that goes away in the middle has told this much
      return found;
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? `${error.message} ${error.cause ?? ""}` : error}`);
      return null;
    } finally {
      bench.log(`${name}: ${Math.round((performance.now() - begun) / 100) / 10} s`);
    }
  };
  const built = await check("build whisper.cpp", () => buildWhisper(bench, { source, program }));
  const settings = { ...readSettings(process.env), ...(built && { whisperCliPath: built.program }) };
  const tools: Tools | null = await check("ffmpeg", () => findTools({ FFMPEG_PATH: settings.ffmpegPath }));
  let machine: Machine | null = null;
  if (tools) machine = await check("machine", () => machineFacts({ tools, settings, signal: bench.signal }));
  const card = machine?.gpu ? machine : null;
  if (!card) bench.missing.push(`a graphics card: ${machine?.gpuReason ?? "not looked for without ffmpeg"}`);
  const pictures = tools && machine && { tools, machine, settings };
  return {
    at: new Date().toISOString(),
    host: {
      cpus: availableParallelism(),
      memory_mb: Math.floor(totalmem() / 2 ** 20),
      node: process.version,
    },
    machine,
    whisper: built && {
      ...{ commit: built.commit, cuda: built.cuda, build_seconds: built.seconds },
      ...(await check("recognise on both", () =>
        recognising(bench, built, { card: card !== null, seconds }),
      )),
    },
    decode: pictures && (await check("decode on both", () => decoding(bench, pictures))),
    encode: pictures && (await check("encode on both", () => encoding(bench, pictures))),
    full_path: pictures && (await check("crop and scale on the card", () => fullPath(bench, pictures))),
    render: pictures && (await check("render on both", () => rendering(bench, pictures))),
    selftest: await check("worker selftest", () => selfTest(bench, built?.program)),
    missing: bench.missing,
    failed,
  };
}

await main();

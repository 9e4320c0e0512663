import { existsSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type InspectAnswer, InspectOrder, KangKlipError, MachineEnv } from "@kangklip/contract";
import { findProgram } from "../child.ts";
import { readSettings } from "../config.ts";
import type { Tools } from "../media/ffmpeg.ts";
import { hideFromChildren } from "../walls.ts";
import { inspectSource } from "./look.ts";

/**
 * `node inspect/main.ts`, started in an empty folder: one line of JSON in (`InspectOrder`), one out (`InspectAnswer`). It ends in the time
 * that it is given, with all that it has started, and when its stdin does.
 */

async function answerTo(line: string, stop: AbortController): Promise<InspectAnswer> {
  try {
    const { url, fetch_policy, within_ms } = InspectOrder.parse(JSON.parse(line));
    const host = URL.canParse(url) ? new URL(url).hostname : "The address";
    const message = `${host} did not answer in time: it had ${within_ms / 1000} seconds`;
    const late = () => stop.abort(new KangKlipError("SOURCE_UNREACHABLE", message));
    setTimeout(late, Math.max(0, within_ms - performance.now())).unref();
    const { WORKER_CACHE_DIR } = MachineEnv.parse(given(process.env));
    // before any child is started
    if (WORKER_CACHE_DIR && existsSync(WORKER_CACHE_DIR)) await hideFromChildren(WORKER_CACHE_DIR);
    const settings = readSettings(process.env);
    const preview = await inspectSource({
      ...{ url, policy: fetch_policy, settings, dir: process.cwd(), signal: stop.signal },
      tools: toolsHere(settings.ffmpegPath),
    });
    return { ok: true, preview };
  } catch (error) {
    if (error instanceof KangKlipError)
      return { ok: false, code: error.code, message: error.message.slice(0, 1000) };
    process.stderr.write(`${(error as Error).stack ?? error}\n`);
    return { ok: false, code: "INTERNAL", message: "Something went wrong while the address was looked at" };
  }
}

/** The first ffmpeg that is there, untried: trying what it can do takes longer than most looks. @throws KangKlipError FFMPEG_MISSING */
async function toolsHere(path: string | undefined): Promise<Tools> {
  for (const program of [path, "ffmpeg"]) {
    const ffmpeg = program && (await findProgram(program).catch(() => undefined));
    if (ffmpeg) return { ffmpeg, ffprobe: join(dirname(ffmpeg), "ffprobe"), version: "" };
  }
  throw new KangKlipError("FFMPEG_MISSING", "There is no ffmpeg on this machine");
}

const given = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value));

const folder = process.cwd();
const stop = new AbortController();
const lines = createInterface({ input: process.stdin });
lines.once("line", async (line) => {
  const answer = await answerTo(line, stop);
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit());
});
lines.once("close", unwanted); // whoever asked is gone
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, unwanted);

/** Nobody waits for an answer any more, and who made the folder for it (api/src/inspections.ts) may be gone too. */
function unwanted(): void {
  stop.abort(new KangKlipError("CANCELLED", "cancelled"));
  if (basename(folder).startsWith("kangklip-inspect-"))
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  setTimeout(() => process.exit(), 500);
}

import { accessSync, constants, existsSync, mkdirSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Readiness } from "@kangklip/contract";
import { type ProgramLine, programLines } from "../../../tooling/programs.ts";
import { wallsLine } from "../../../tooling/walls.ts";
import type { CliConfig } from "./config.ts";
import { EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** One line: what is there, what is wanted, and how to get it. */
interface Line {
  id: string;
  level: ProgramLine["level"];
  found: string | null;
  needed: string;
  fix: string | null;
}

const BUILT_PAGE = fileURLToPath(new URL("../../web/.next/BUILD_ID", import.meta.url));
const MIN_FREE_BYTES = 5e9;
/** Without these nothing can be made; the rest only makes things better. */
const MUST = ["node", "ffmpeg", "data folder"];

/** Tells what this machine has and lacks. @returns the exit code: 78 where clips cannot be made here */
export async function doctor(config: CliConfig, terminal: Terminal): Promise<number> {
  const { dataDir, environment: env } = config;
  const lines: Line[] = [
    nodeLine(),
    ...(await programLines({ dataDir, env })),
    await wallsLine(),
    modelLine(config),
    dataLine(dataDir),
    pageLine(),
    languageModelLine(env),
    computeLine(env),
    ...(await serviceLines(config)),
  ];
  const marks = { ok: "✓", old: "!", missing: "✗" };
  for (const line of lines) {
    terminal.event(line);
    terminal.say(`${marks[line.level]} ${terminal.bold(line.id.padEnd(15))} ${line.found ?? "not here"}`);
    if (line.fix)
      terminal.say(`  ${" ".repeat(15)} ${terminal.dim(line.needed)}\n  ${" ".repeat(15)} ${line.fix}`);
  }
  const broken = lines.filter(({ id, level }) => MUST.includes(id) && level !== "ok");
  terminal.say(
    broken.length === 0
      ? "\nClips can be made on this machine: npm run demo"
      : `\nClips cannot be made here yet: ${broken.map(({ id }) => id).join(", ")}`,
  );
  terminal.result({ ok: broken.length === 0, lines });
  return broken.length === 0 ? EXIT.ok : EXIT.config;
}

function nodeLine(): Line {
  const good = Number(process.versions.node.split(".")[0]) >= 24;
  return {
    id: "node",
    level: good ? "ok" : "old",
    found: process.version,
    needed: "Node 24, which the project brings along",
    fix: good ? null : "Start commands with npm run, or node_modules/.bin/node",
  };
}

function modelLine({ modelsDir, environment: env }: CliConfig): Line {
  const kept = existsSync(modelsDir)
    ? readdirSync(modelsDir).find((name) => name.endsWith(".bin"))
    : undefined;
  const given = env.MODEL_PATH;
  const found = given ? (existsSync(given) ? given : null) : kept ? join(modelsDir, kept) : null;
  const wanted = given
    ? `MODEL_PATH names ${given}, which is not there`
    : "It is fetched once (60 MB) when a job needs it";
  return {
    id: "speech model",
    level: found ? "ok" : "missing",
    found,
    needed: "a whisper.cpp model, for exact words in many languages",
    fix: found ? null : `${wanted}; or set MODEL_PATH to a model file`,
  };
}

function dataLine(dataDir: string): Line {
  const needed = `${MIN_FREE_BYTES / 1e9} GB free and the right to write`;
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK);
    const { bavail, bsize } = statfsSync(dataDir);
    const free = bavail * bsize;
    const found = `${dataDir}, ${(free / 1e9).toFixed(0)} GB free`;
    const enough = free >= MIN_FREE_BYTES;
    return {
      id: "data folder",
      level: enough ? "ok" : "old",
      found,
      needed,
      fix: enough ? null : "Free some disk space",
    };
  } catch (error) {
    const fix = `${(error as Error).message}. Set DATA_DIR to a folder that can be written`;
    return { id: "data folder", level: "missing", found: null, needed, fix };
  }
}

function pageLine(): Line {
  const fresh = existsSync(BUILT_PAGE);
  return {
    id: "page",
    level: fresh ? "ok" : "missing",
    found: fresh ? "built" : null,
    needed: "the built page",
    fix: fresh ? null : "It is built at the next npm start (half a minute)",
  };
}

function languageModelLine(env: CliConfig["environment"]): Line {
  const found =
    env.LLM_API_BASE && env.LLM_MODEL_NAME ? `${env.LLM_MODEL_NAME} at ${env.LLM_API_BASE}` : null;
  return {
    id: "language model",
    level: found ? "ok" : "missing",
    found,
    needed: "any OpenAI-compatible endpoint, for better choices and titles; clips are made without one too",
    fix: found ? null : "Set LLM_API_BASE and LLM_MODEL_NAME (and LLM_API_KEY where it asks for one)",
  };
}

function computeLine({ COMPUTE }: CliConfig["environment"]): Line {
  const found = `${COMPUTE || "process"} (npm run doctor -- --providers asks each about offers and prices)`;
  return { id: "compute", level: "ok", found, needed: "where jobs run", fix: null };
}

/** What a service that runs here says of each thing that stands behind it; nothing where none runs. */
async function serviceLines({ apiUrl }: CliConfig): Promise<Line[]> {
  const answer = await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(8000) })
    .then((response) => response.json())
    .catch(() => undefined);
  return Object.entries(Readiness.safeParse(answer).data?.checks ?? {}).map(
    ([name, { ok, needed, detail }]) => ({
      id: `its ${name}`,
      level: ok ? "ok" : needed ? "missing" : "old",
      found: ok ? detail : null,
      needed: `the service at ${apiUrl} ${needed ? "cannot work" : "takes no money"} without it`,
      fix: ok ? null : detail,
    }),
  );
}

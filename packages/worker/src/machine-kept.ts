import { createHash, randomUUID } from "node:crypto";
import { readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Ability, WORKS } from "./ability.ts";
import { findProgram } from "./child.ts";
import { childEnvironment } from "./config.ts";

/** What trying the graphics card gave. */
export interface Abilities {
  nvenc: Ability;
  nvdec: Ability;
  cudaWhisper: Ability;
}

/** Other arguments of the trials, or other meanings of what they say, have another number. */
const FORMAT = 1;
/** A card that has gone bad meanwhile, without its driver saying so, costs the jobs of no longer time a vain try. */
const STANDS_MS = 60 * 60_000;
/** These do not pass by themselves: what changes them is in the key. Whatever else was found is tried again by the next worker. */
const LASTING = [WORKS.code, "OFF", "NO_LIB", "NOT_BUILT", "NO_ENGINE", "DRIVER_OLD", "NO_PROGRAM"];

const Tried: z.ZodType<Ability> = z.object({ code: z.string(), reason: z.string().nullable() });
const Kept = z.object({
  key: z.string(),
  at: z.number(),
  abilities: z.object({ nvenc: Tried, nvdec: Tried, cudaWhisper: Tried }),
});

/**
 * What the card can do as the last worker on this machine has tried it, where nothing has changed since, for an hour; else by trying.
 * @param dir a folder that no child can write to: what lies there is believed
 * @param key all that the trials depend on, see `keyOf`
 * @throws what `attempt` throws, nothing else
 */
export async function keptAbilities(
  dir: string,
  key: string,
  attempt: () => Promise<Abilities>,
  now = Date.now(),
): Promise<Abilities> {
  const file = join(dir, "machine.json");
  const kept = await readFile(file, "utf8")
    .then((text) => Kept.parse(JSON.parse(text)), nothing)
    .catch(nothing);
  if (kept?.key === key && kept.at <= now && now - kept.at < STANDS_MS) return kept.abilities;
  const abilities = await attempt();
  const lasts = Object.values(abilities).every(({ code }: Ability) => LASTING.includes(code));
  if (!lasts) {
    await rm(file, { force: true }).catch(nothing);
    return abilities;
  }
  const part = join(dir, `.machine-${randomUUID()}`);
  await writeFile(part, JSON.stringify({ key, at: now, abilities }), { mode: 0o600 })
    .then(() => rename(part, file))
    .catch(() => rm(part, { force: true }))
    .catch(nothing); // it is tried again
  return abilities;
}

const nothing = () => undefined;

/**
 * All that decides what the trials give: what was asked for, the cards and their driver, each program as the file that it is, and the
 * machine's list of shared libraries, which a package manager writes anew whenever it changes one.
 * @param programs names on PATH or paths; one that is missing is told from one that is there
 */
export async function keyOf(asked: unknown, programs: readonly string[]): Promise<string> {
  const { LD_LIBRARY_PATH = "" } = childEnvironment();
  const files = await Promise.all([
    ...programs.map((program) => fileOf(program)),
    fileOf("/etc/ld.so.cache", false),
  ]);
  const all = [FORMAT, process.arch, LD_LIBRARY_PATH, asked, files];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

async function fileOf(program: string, runs = true): Promise<(string | number)[] | null> {
  try {
    const path = await realpath(runs ? await findProgram(program) : program);
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [path, dev, ino, size, mtimeMs, ctimeMs];
  } catch {
    return null;
  }
}

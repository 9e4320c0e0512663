import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { TimelineInput } from "@kangklip/contract";
import { CliError, EXIT } from "./exit.ts";
import { ask, type Connection } from "./jobs.ts";
import { fetchTo } from "./saving.ts";
import type { Terminal } from "./terminal.ts";

type Format = NonNullable<(typeof TimelineInput)["_zod"]["input"]["format"]>;
const FORMATS: readonly string[] = ["edl", "fcpxml", "otio"] satisfies Format[];

/** The clips of a finished job as a table for people, or as rows for machines. */
export async function listClips(connection: Connection, job_id: string, terminal: Terminal): Promise<void> {
  const { clips } = await ask(connection, connection.client.jobs.results.query({ job_id }));
  for (const clip of clips) terminal.event(clip);
  for (const { clip_file, title, duration_seconds, locked, verdict } of clips)
    terminal.say(
      [
        clip_file,
        `${duration_seconds.toFixed(1)} s`.padStart(7),
        title.slice(0, 60),
        terminal.dim([locked && "locked", verdict === "degraded" && verdict].filter(Boolean).join(", ")),
      ].join("  "),
    );
}

/** Saves all clips that are unlocked, with what lies beside them, as one zip. */
export async function saveZip(
  connection: Connection,
  job_id: string,
  { file, terminal, signal }: { file: string; terminal: Terminal; signal: AbortSignal },
): Promise<void> {
  const { url } = await ask(connection, connection.client.clips.archive.query({ job_id }));
  const path = resolve(file);
  await ask(connection, mkdir(dirname(path), { recursive: true }));
  const sha256 = await ask(connection, fetchTo(new URL(url, `${connection.apiUrl}/`), path, signal));
  terminal.result({ job_id, path, sha256 });
  terminal.say(path);
}

/** Saves the cuts of all clips for an editing program; the file's ending says for which. */
export async function saveTimeline(
  connection: Connection,
  job_id: string,
  { file, terminal }: { file: string; terminal: Terminal },
): Promise<void> {
  const ending = file.split(".").at(-1)?.toLowerCase() ?? "";
  if (!FORMATS.includes(ending))
    throw new CliError(EXIT.usage, `${file}: its name must end in one of .${FORMATS.join(", .")}`);
  const format = ending as Format;
  const { text } = await ask(connection, connection.client.clips.timeline.query({ job_id, format }));
  const path = resolve(file);
  await ask(connection, written(path, text));
  terminal.result({ job_id, path, format });
  terminal.say(path);
}

/** Whole or not at all. */
async function written(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(part, text);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

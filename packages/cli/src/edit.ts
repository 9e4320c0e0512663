import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { CaptionPreset, ClipEdit, EdlClip, RevisionView, Segment } from "@kangklip/contract";
import { CliError, EXIT } from "./exit.ts";
import { ask, type Connection } from "./jobs.ts";
import { failure, watch } from "./make.ts";
import { fetchTo } from "./saving.ts";
import type { Terminal } from "./terminal.ts";

/** What somebody wants changed. Times are seconds of the video. */
export interface Changes {
  title?: string | undefined;
  hook?: string | undefined;
  start?: number | undefined;
  end?: number | undefined;
  captionPreset?: CaptionPreset | undefined;
  captions?: boolean | undefined;
}

/** A clip of a job: `file` as results name it. */
export interface ClipOfJob {
  job: string;
  file: string;
}

/** Makes a new revision of a clip, follows the job that renders it, and saves it. ^C cancels that job. @throws CliError */
export async function editClip(
  connection: Connection,
  { job: job_id, file: clip_file }: ClipOfJob,
  changes: Changes,
  { outDir, terminal, signal }: { outDir: string; terminal: Terminal; signal: AbortSignal },
): Promise<void> {
  if (Object.values(changes).every((change) => change === undefined))
    throw new CliError(EXIT.usage, "Say what is to be changed: kangklip edit --help shows what can be");
  const { client, apiUrl } = connection;
  const edl = await ask(connection, client.clips.edl.query({ job_id }));
  const clip = edl.clips.find(({ index }) => index === Number(clip_file.slice(5, 7)));
  if (!clip)
    throw new CliError(EXIT.usage, `${job_id} has no ${clip_file}; it has ${edl.clips.length} clips`);
  const asked = { job_id, clip_file, base_revision: clip.revision, edit: editOf(clip, changes) };
  const { edit_job_id, revision } = await ask(connection, client.clips.edit.mutate(asked));
  terminal.event({ event: "created", job_id: edit_job_id, revision });
  terminal.say(`Revision ${revision} of ${clip_file}`);
  const view = await ask(connection, watch(client, terminal, edit_job_id, signal));
  if (view.status === "FAILED") throw failure(view);
  const results = await ask(connection, client.jobs.results.query({ job_id }));
  const made = results.clips.find((one) => one.clip_file === clip_file);
  if (made?.revision !== revision) {
    // somebody made a later one meanwhile
    terminal.result({ job_id, clip_file, revision, edit_job_id, path: null });
    terminal.say(
      `Rendered; revision ${made?.revision ?? "?"} is shown now: kangklip revisions ${job_id} ${clip_file}`,
    );
    return;
  }
  const { url } = await ask(connection, client.clips.download.query({ job_id, clip_file }));
  const folder = join(resolve(outDir), job_id);
  await mkdir(folder, { recursive: true });
  const path = join(folder, clip_file.replace(".mp4", `_r${revision}.mp4`)); // what was saved before stays
  const sha256 = await ask(connection, fetchTo(new URL(url, `${apiUrl}/`), path, signal));
  if (made.sha256 && sha256 !== made.sha256)
    throw new CliError(EXIT.service, `${clip_file} arrived damaged: get it again from the page`);
  const { title, start, end, duration_seconds: duration, verdict, reasons } = made;
  terminal.result({
    job_id,
    clip_file,
    revision,
    edit_job_id,
    path,
    sha256,
    title,
    start,
    end,
    duration,
    verdict,
    reasons,
  });
  terminal.say(`${terminal.bold(title)}\n  ${duration.toFixed(1)} s, revision ${revision}\n  ${path}`);
  for (const reason of reasons) terminal.say(`  ${reason}`);
}

/** The edit that makes these changes of a clip. @throws CliError where nothing would be left of it */
export function editOf(clip: Pick<EdlClip, "segments">, changes: Changes): ClipEdit {
  const { title, hook, captionPreset, captions } = changes;
  const isCut = changes.start !== undefined || changes.end !== undefined;
  return {
    ...(title !== undefined && { title }),
    ...(hook !== undefined && { hook }),
    ...(isCut && { segments: cutTo(clip.segments, changes) }),
    ...(captionPreset && { caption_preset: captionPreset }),
    ...(captions !== undefined && { captions }),
  };
}

/** The parts of a clip between two times, its first and last one made longer where the times lie outside. */
function cutTo(parts: readonly Segment[], { start, end }: Changes): Pick<Segment, "start" | "end">[] {
  const [first, last] = [parts[0]?.start ?? 0, parts.at(-1)?.end ?? 0];
  const [from, to] = [start ?? first, end ?? last];
  if (from >= to)
    throw new CliError(
      EXIT.usage,
      `The clip goes from ${first} s to ${last} s of the video: give --start and --end so that something is left between them`,
    );
  const inside = parts.filter((part) => part.end > from && part.start < to);
  if (inside.length === 0) return [{ start: from, end: to }];
  return inside.map((part, index) => ({
    start: index === 0 ? (part.start === first ? from : Math.max(part.start, from)) : part.start,
    end: index === inside.length - 1 ? (part.end === last ? to : Math.min(part.end, to)) : part.end,
  }));
}

/** The revisions of a clip, for people as a table. */
export async function listRevisions(
  connection: Connection,
  { job: job_id, file: clip_file }: ClipOfJob,
  terminal: Terminal,
): Promise<void> {
  tell(await ask(connection, connection.client.clips.revisions.query({ job_id, clip_file })), terminal);
}

/** Shows another revision from now on. @throws CliError where it is not there, or not rendered */
export async function showRevision(
  connection: Connection,
  { job: job_id, file: clip_file }: ClipOfJob,
  revision: number,
  terminal: Terminal,
): Promise<void> {
  const asked = { job_id, clip_file, revision };
  tell(await ask(connection, connection.client.clips.show.mutate(asked)), terminal);
}

function tell(revisions: readonly RevisionView[], terminal: Terminal): void {
  for (const row of revisions) terminal.event(row);
  for (const { revision, state, shown, created_at, changed, title, error } of revisions)
    terminal.say(
      [
        `${shown ? "*" : " "} ${String(revision).padStart(2)}`,
        state.padEnd(10),
        terminal.dim(created_at.slice(0, 16).replace("T", " ")),
        title.slice(0, 60),
        terminal.dim(error ?? changed.join(", ")),
      ].join("  "),
    );
}

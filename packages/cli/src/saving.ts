import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ArtifactName, type ClipView, type Results } from "@kangklip/contract";
import type { Client } from "./client.ts";
import { CliError, EXIT } from "./exit.ts";
import type { MakeOptions, MakeResult } from "./make.ts";

/** Saves what is not locked of the clips of a job into a folder. @throws CliError where something arrives damaged */
export async function saveClips(
  { terminal, apiUrl, signal }: Pick<MakeOptions, "terminal" | "apiUrl" | "signal">,
  client: Client,
  jobId: string,
  clips: Results["clips"],
  folder: string,
): Promise<MakeResult["clips"]> {
  if (clips.some(({ locked }) => !locked)) await mkdir(folder, { recursive: true });
  const saved: MakeResult["clips"] = [];
  for (const clip of clips) {
    if (clip.locked) {
      saved.push(savedClip(clip, null, clip.sha256 ?? ""));
      continue;
    }
    const { data: name } = ArtifactName.safeParse(clip.clip_file); // it becomes a file name here, whoever said it
    if (!name) throw new CliError(EXIT.service, "The service names a clip that is none");
    const { url } = await client.clips.download.query({ job_id: jobId, clip_file: name });
    const path = join(folder, name);
    const sha256 = await fetchTo(new URL(url, `${apiUrl}/`), path, signal);
    if (clip.sha256 && sha256 !== clip.sha256)
      throw new CliError(EXIT.service, `${name} arrived damaged: get it again from the page`);
    terminal.event({ event: "saved", file: name, path });
    saved.push(savedClip(clip, path, sha256));
  }
  return saved;
}

const savedClip = (clip: ClipView, path: string | null, sha256: string): MakeResult["clips"][number] => ({
  file: clip.clip_file,
  path,
  title: clip.title,
  start: clip.start,
  end: clip.end,
  duration: clip.duration_seconds,
  width: clip.width ?? 0,
  height: clip.height ?? 0,
  sha256,
});

/** Saves a file whole or not at all. @returns its sha256 */
export async function fetchTo(url: URL, path: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body)
    throw new CliError(EXIT.service, `${url.pathname} answered ${response.status}`);
  const hash = createHash("sha256");
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const part = `${path}.part`;
  try {
    await pipeline(Readable.fromWeb(response.body as never), hashing, createWriteStream(part), { signal });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof TypeError)) throw error; // undici's, for a body that ends too early
    throw new CliError(EXIT.service, `The connection broke while ${basename(path)} was fetched`, {
      cause: error,
    });
  }
  return hash.digest("hex");
}

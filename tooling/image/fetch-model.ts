import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";

// Runs while the image is built, where there is nothing but Node: no imports of ours.

/** A speech model's file for the image's own layer. */
export interface WantedModel {
  /** Its name in the image, without a folder. */
  file: string;
  url: string;
  /** Of the whole file, 64 lower-case hex digits. */
  sha256: string;
}

/**
 * Which model the build's arguments name: none where all are empty.
 * @throws Error where some are missing, or are not what they should be: a model without a hash is never taken.
 */
export function wantedModel(env: Record<string, string | undefined>): WantedModel | undefined {
  const { MODEL_FILE: file = "", MODEL_URL: url = "", MODEL_SHA256: sha256 = "" } = env;
  if (!file && !url && !sha256) return undefined;
  if (!file || file !== basename(file) || !/^https?:\/\//.test(url) || !/^[0-9a-f]{64}$/.test(sha256))
    throw new Error("MODEL_FILE (a bare name), MODEL_URL and MODEL_SHA256 (64 hex digits) go together");
  return { file, url, sha256 };
}

/** Fetches a model into a folder. @throws Error where the server does not give it, or gives something else; nothing is left then. */
export async function fetchModel({ file, url, sha256 }: WantedModel, folder: string): Promise<void> {
  const part = join(folder, `.part-${file}`);
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  const hash = createHash("sha256");
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      Readable.fromWeb(response.body as ReadableStream<Uint8Array>),
      hashed,
      createWriteStream(part),
    );
    const found = hash.digest("hex");
    if (found !== sha256) throw new Error(`${url} has the sha256 ${found}, not ${sha256}`);
    await rename(part, join(folder, file));
  } finally {
    await rm(part, { force: true });
  }
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new Error("usage: node fetch-model.ts FOLDER");
  const model = wantedModel(process.env);
  if (model) await fetchModel(model, folder);
  console.log(model ? `${model.file} is there` : "no speech model was asked for");
}

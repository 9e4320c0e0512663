import { type ArtifactName, type EdlClip, KangKlipError, type ManifestFile } from "@kangklip/contract";
import { type ApiClient, EARLY_PATIENCE_MS } from "../api-client.ts";
import { clipEntry } from "../manifest.ts";
import type { RenderedClip, StageContext } from "../stage.ts";
import { fileFacts, upload } from "./upload.ts";

/** For one file; UPLOAD has more patience, and comes anyway. */
const EARLY_TRIES = 3;

/** Sends clips while others are rendered, so that they can be watched. Whatever goes wrong with it is done again by UPLOAD. */
export interface Publisher {
  /** A clip is whole, under its final names. Returns at once: it is sent after those that came before. @param clip as it was planned */
  whole(made: RenderedClip, clip: EdlClip): void;
  /** Waits until all clips that came are sent, or given up. @param onSent told how many bytes are sent in all */
  settled(onSent: (bytes: number) => void): Promise<void>;
  /** Whether this very file was sent already. */
  has(file: ManifestFile): boolean;
  /** Ends what is being sent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** An edit has one clip, which belongs to another job: there is nothing to be seen before it is done. */
export const noPublisher: Publisher = {
  whole: () => {},
  settled: async () => {},
  has: () => false,
  [Symbol.asyncDispose]: async () => {},
};

interface PublisherOptions {
  context: Pick<StageContext, "dir" | "job" | "signal" | "log">;
  api: Pick<ApiClient, "presign" | "complete" | "publish">;
  /** Shorter in tests (ms). */
  firstPauseMs?: number;
}

/**
 * UPLOAD of all artifacts but the receipt and the manifest, which tell about it; what was sent during RENDER is not sent again.
 * @returns what each of them is @throws as `upload`
 */
export async function uploadAll(
  context: StageContext,
  api: Parameters<typeof upload>[1],
  { files, publisher }: { files: readonly ArtifactName[]; publisher: Publisher },
): Promise<ManifestFile[]> {
  const facts: ManifestFile[] = [];
  for (const name of files) facts.push(await fileFacts(context.dir, name));
  const all = bytesOf(facts);
  const tell = (bytes: number) =>
    context.progress((bytes / all) * 0.98, `Stored ${megabytes(bytes)} of ${megabytes(all)} MB`);
  await publisher.settled(tell);
  context.signal.throwIfAborted();
  const left = facts.filter((file) => !publisher.has(file));
  let done = all - bytesOf(left);
  await upload(context, api, left, (sizeBytes) => {
    done += sizeBytes;
    tell(done);
  });
  return facts;
}

export const bytesOf = (facts: Iterable<ManifestFile>) => {
  let bytes = 0;
  for (const { size_bytes } of facts) bytes += size_bytes;
  return bytes;
};
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** One clip is sent at a time. Where the API does not know such clips, or the store refuses them, no other is tried. */
export function createPublisher({ context, api, firstPauseMs = 500 }: PublisherOptions): Publisher {
  const { dir, job, log } = context;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const said = { job_id: job.job_id, epoch: job.epoch };
  const early: Parameters<typeof upload>[1] = {
    presign: (input, until) => api.presign(input, until, EARLY_PATIENCE_MS),
    complete: (input, until) => api.complete(input, until, EARLY_PATIENCE_MS),
  };
  const sent = new Map<string, ManifestFile>();
  let tell: (bytes: number) => void = () => {};
  let isLast = false;
  let isOff = false;
  let sending = Promise.resolve();

  const has = ({ name, size_bytes, sha256 }: ManifestFile) => {
    const file = sent.get(name);
    return file?.size_bytes === size_bytes && file.sha256 === sha256;
  };

  async function send(made: RenderedClip, clip: EdlClip): Promise<void> {
    const names = Object.values(made.files).filter((name): name is ArtifactName => name !== null);
    const files: ManifestFile[] = [];
    for (const name of names) files.push(await fileFacts(dir, name));
    for (const file of files) {
      if (has(file)) continue; // it was shown before its turn
      await upload({ dir, job, signal }, early, [file], undefined, { firstPauseMs, tries: EARLY_TRIES });
      sent.set(file.name, file);
      tell(bytesOf(sent.values()));
    }
    const fact = files.find(({ name }) => name === made.files.clip);
    try {
      await api.publish({ ...said, clip: clipEntry(clip, made, fact), files }, signal);
      log("published", { clip: made.index });
    } catch (error) {
      const code = error instanceof KangKlipError ? error.code : "UNAVAILABLE";
      if (code === "UPLOAD_FAILED")
        for (const { name } of files) sent.delete(name); // the store has something else
      // an older API has no such call, and an attempt that is over has nothing to show: both stay so
      else if (code !== "UNAVAILABLE") isOff = true;
      throw error;
    }
  }

  async function inTurn(made: RenderedClip, clip: EdlClip): Promise<void> {
    if (isOff || signal.aborted) return;
    try {
      await send(made, clip);
    } catch (error) {
      isOff ||= isLast || (error instanceof KangKlipError && error.code === "STORAGE_DENIED");
      if (!signal.aborted) log("a clip could not be shown early", { clip: made.index, error: String(error) });
    }
  }

  return {
    whole(made, clip) {
      sending = sending.then(() => inTurn(made, clip));
    },
    settled(onSent) {
      isLast = true; // what fails now is UPLOAD's at once
      tell = onSent;
      if (sent.size > 0) tell(bytesOf(sent.values()));
      return sending;
    },
    has,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await sending;
    },
  };
}

import { KangKlipError } from "@kangklip/contract";
import { useEffect, useRef, useState } from "react";
import { apiUrl } from "../lib/config.ts";
import { fileMark } from "../lib/file-mark.ts";
import { type SendingProgress, sendParts, UploadFailure, type Waiting } from "../lib/part-upload.ts";
import { problemOf } from "../lib/problem.ts";
import { putPart } from "../lib/put-part.ts";
import { trpc } from "../lib/trpc.ts";
import { forgetUpload, type KeptUpload, keepUpload, readUpload } from "../lib/upload-memory.ts";
import { type RateSample, rateOf, withSample } from "../lib/upload-rate.ts";

/** How the sending of a file stands. */
export interface UploadState {
  phase: "preparing" | "sending" | "paused" | "checking";
  totalBytes: number;
  sentBytes: number;
  /** What had arrived before this visit. */
  beforeBytes: number;
  /** Null while they would be a guess. */
  bytesPerSecond: number | null;
  secondsLeft: number | null;
  /** Why nothing moves at present; null while something does. */
  waiting: Waiting | null;
}

const PAUSED = Symbol("paused");
const TOLD_MS = 200;

/**
 * Sends a file of one's own, in parts, and goes on where it was: after a broken line by itself, after a reload or a crash when the same
 * file is chosen again within a day. `upload` gives the id for `jobs.create`; a file that was sent whole is not sent again.
 * `state`: null while nothing is sent.
 * @throws (by `upload`) KangKlipError CANCELLED after `cancel`, UploadFailure, or what the API answered
 */
export function useUpload() {
  const { mutateAsync: create } = trpc.uploads.create.useMutation();
  const { client } = trpc.useUtils();
  const [state, setState] = useState<UploadState | null>(null);
  const run = useRef<AbortController>(null);
  const current = useRef<KeptUpload>(null);
  const goOn = useRef<() => void>(null);
  /** What ends a wait, one for each part that waits. */
  const sleepers = useRef(new Set<() => void>());

  useEffect(() => () => run.current?.abort(cancelled()), []);

  async function upload(file: File): Promise<string> {
    setState({ ...NOTHING_YET, totalBytes: file.size });
    run.current = new AbortController();
    try {
      const mark = await markOf(file);
      for (let tries = 1; ; tries++) {
        run.current.signal.throwIfAborted();
        const kept = readUpload(file, mark) ?? (await begin(file, mark));
        current.current = kept;
        if (run.current.signal.aborted) throwAway(); // before it had begun
        try {
          await sendInTurns(file, kept);
          keepUpload({ ...kept, whole: true });
          return kept.upload_id;
        } catch (error) {
          if (!isLost(error)) throw error;
          forgetUpload(kept);
          if (tries > 1) throw new UploadFailure("lost");
        }
      }
    } catch (error) {
      if (error instanceof UploadFailure && error.reason === "changed") throwAway();
      throw error;
    } finally {
      run.current = null;
      current.current = null;
      setState(null);
    }
  }

  async function begin(file: File, mark: string | null): Promise<KeptUpload> {
    const { upload_id, upload_token } = await create({ filename: file.name, size_bytes: file.size });
    const kept: KeptUpload = {
      ...{ upload_id, upload_token, mark, whole: false, began_ms: Date.now() },
      ...{ name: file.name, size_bytes: file.size, last_modified: file.lastModified },
    };
    keepUpload(kept);
    return kept;
  }

  /** Sends until all is there; a pause ends one turn, and the next one asks anew what is missing. */
  async function sendInTurns(file: File, kept: KeptUpload): Promise<void> {
    const seen: Seen = { sentBytes: 0, beforeBytes: null };
    for (;;)
      try {
        return await send(file, kept, seen, run.current?.signal ?? AbortSignal.abort());
      } catch (error) {
        if (error !== PAUSED) throw error;
        const resumed = new AbortController();
        setState(
          (now) => now && { ...now, phase: "paused", waiting: null, bytesPerSecond: null, secondsLeft: null },
        );
        run.current = resumed;
        await new Promise<void>((resolve, reject) => {
          goOn.current = resolve;
          resumed.signal.addEventListener("abort", () => reject(resumed.signal.reason));
        });
        setState((now) => now && { ...now, phase: "sending" });
      }
  }

  function send(file: File, kept: KeptUpload, seen: Seen, signal: AbortSignal): Promise<void> {
    const of = { upload_id: kept.upload_id, upload_token: kept.upload_token };
    return sendParts({
      list: (signal) => client.uploads.parts.query(of, { signal, context: { alone: true } }),
      put: (part, from, onBytes, signal) =>
        putPart(apiUrl(part.put_url), file.slice(from, from + part.size_bytes), onBytes, signal),
      async complete(signal) {
        if ((await markOf(file)) !== kept.mark) throw new UploadFailure("changed");
        try {
          await client.uploads.complete.mutate(of, { signal, context: { alone: true } });
          return "whole";
        } catch (error) {
          if (problemOf(error).code === "CONFLICT") return "missing";
          throw error;
        }
      },
      mayRecover(error) {
        if (error instanceof UploadFailure) return null;
        const { code, retryable } = problemOf(error);
        if (code === null) return "unreachable";
        return retryable ? "busy" : null;
      },
      online: () => navigator.onLine,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const end = () => {
            clearTimeout(timer);
            window.removeEventListener("online", end);
            signal.removeEventListener("abort", end);
            sleepers.current.delete(end);
            resolve();
          };
          const timer = setTimeout(end, ms);
          window.addEventListener("online", end);
          signal.addEventListener("abort", end);
          sleepers.current.add(end);
        }),
      onProgress: teller(file.size, seen, setState),
      signal,
    });
  }

  /** What was sent so far is not wanted any more. */
  function throwAway() {
    const kept = current.current;
    if (!kept) return;
    current.current = null;
    forgetUpload(kept);
    const of = { upload_id: kept.upload_id, upload_token: kept.upload_token };
    client.uploads.drop.mutate(of).catch(() => {}); // the API throws it away in a day
  }

  return {
    upload,
    state,
    pause: () => run.current?.abort(PAUSED),
    resume: () => goOn.current?.(),
    /** Ends a wait before another try. */
    tryNow() {
      for (const end of [...sleepers.current]) end();
    },
    /** Ends it for good: what was sent is thrown away. */
    cancel() {
      run.current?.abort(cancelled());
      throwAway();
    },
  };
}

const NOTHING_YET: UploadState = {
  ...{ phase: "preparing", totalBytes: 0, sentBytes: 0, beforeBytes: 0 },
  ...{ bytesPerSecond: null, secondsLeft: null, waiting: null },
};

const cancelled = () => new KangKlipError("CANCELLED", "The upload was cancelled");

async function markOf(file: File): Promise<string | null> {
  try {
    return await fileMark(file);
  } catch {
    throw new UploadFailure("changed");
  }
}

/** Whether the API does not know the upload, or the token of it, any more. */
function isLost(error: unknown): boolean {
  const code = error instanceof UploadFailure ? null : problemOf(error).code;
  return code === "NOT_FOUND" || code === "UNAUTHORIZED";
}

/** What has been seen of an upload through all its turns. */
interface Seen {
  sentBytes: number;
  beforeBytes: number | null;
}

/** Turns what is told many times a second into what a person can read. */
function teller(totalBytes: number, seen: Seen, tellPage: (state: UploadState) => void) {
  let samples: RateSample[] = [];
  let toldMs = 0;
  let before = "";
  return ({ sentBytes, beforeBytes, waiting, finishing }: SendingProgress) => {
    const now = Date.now();
    if (beforeBytes !== null) {
      seen.sentBytes = sentBytes;
      seen.beforeBytes ??= beforeBytes;
    }
    samples = waiting || beforeBytes === null ? [] : withSample(samples, { atMs: now, bytes: sentBytes });
    const kind = `${waiting?.why}${waiting?.untilMs}${finishing}`;
    if (now - toldMs < TOLD_MS && kind === before && sentBytes < totalBytes) return;
    [toldMs, before] = [now, kind];
    const rate = rateOf(samples);
    tellPage({
      ...{ phase: finishing ? "checking" : "sending", totalBytes, waiting },
      ...{ sentBytes: seen.sentBytes, beforeBytes: seen.beforeBytes ?? 0 },
      ...{ bytesPerSecond: rate, secondsLeft: rate && (totalBytes - sentBytes) / rate },
    });
  };
}

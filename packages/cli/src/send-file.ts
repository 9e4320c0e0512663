import { open } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { TRPCClientError } from "@trpc/client";
import type { Client } from "./client.ts";
import { CliError, EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

interface SendOptions {
  client: Client;
  /** Links may be relative to it. */
  apiUrl: string;
  /** The path of the file, and its size in bytes. */
  path: string;
  size: number;
  terminal: Pick<Terminal, "bar">;
  signal: AbortSignal;
  /** For how long nothing may arrive before it is given up (ms). */
  awayMs?: number;
}

/** A service that restarts is back long before, and most lines are. */
const AWAY_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 8000;

/**
 * Sends a file in parts, and goes on where it was cut off while the line or the service comes and goes. A file that is given up is removed
 * from the service.
 * @returns the upload's id, for `jobs.create` @throws CliError, an error of the API, or the abort's reason
 */
export async function sendFile(options: SendOptions): Promise<string> {
  const { client, path, size, signal } = options;
  const upload = await client.uploads.create.mutate({ filename: basename(path), size_bytes: size });
  const of = { upload_id: upload.upload_id, upload_token: upload.upload_token };
  try {
    await sendParts(options, of);
    return of.upload_id;
  } catch (error) {
    // it is removed by itself some time later where this does not arrive
    await client.uploads.drop.mutate(of, { signal: AbortSignal.timeout(2000) }).catch(() => {});
    signal.throwIfAborted();
    throw error;
  }
}

async function sendParts(
  options: SendOptions,
  of: { upload_id: string; upload_token: string },
): Promise<void> {
  const { client, path, size, terminal, signal, awayMs = AWAY_MS } = options;
  await using file = await open(path);
  let [furthest, since, pauseMs] = [0, performance.now(), FIRST_PAUSE_MS];
  for (;;) {
    signal.throwIfAborted();
    try {
      const { arrived, missing, part_bytes, complete } = await client.uploads.parts.query(of, { signal });
      if (complete) return;
      let sent = arrived.reduce((sum, part) => sum + Math.min(part_bytes, size - (part - 1) * part_bytes), 0);
      terminal.bar("Sending the file", sent / size);
      for (const { part, size_bytes, put_url } of missing) {
        const bytes = Buffer.alloc(size_bytes);
        const { bytesRead } = await file.read(bytes, 0, size_bytes, (part - 1) * part_bytes);
        if (bytesRead !== size_bytes) throw new CliError(EXIT.source, `${path} changed while it was sent`);
        await put(new URL(put_url, `${options.apiUrl}/`), bytes, signal);
        sent += size_bytes;
        terminal.bar("Sending the file", sent / size);
        if (sent > furthest) [furthest, since, pauseMs] = [sent, performance.now(), FIRST_PAUSE_MS];
      }
      if (sent === size) await client.uploads.complete.mutate(of, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error) || performance.now() - since > awayMs) throw error;
      await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS);
    }
  }
}

async function put(url: URL, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, { method: "PUT", body: new Uint8Array(bytes), signal }).catch((cause) => {
    throw new KangKlipError("UNAVAILABLE", "The connection broke while the file was being sent", { cause });
  });
  await answer.body?.cancel();
  if (answer.ok) return;
  // 403: the link has run out
  if (answer.status === 403 || answer.status === 408 || answer.status === 429 || answer.status >= 500)
    throw new KangKlipError("UNAVAILABLE", `The file was not taken: HTTP ${answer.status}`);
  throw new CliError(EXIT.service, `The file was not taken: HTTP ${answer.status}`);
}

/** Whether it may go on a moment later: the service or the line is away, it was asked too often, or a part is missing after all. */
function mayPass(error: unknown): boolean {
  if (error instanceof KangKlipError) return error.retryable;
  if (!(error instanceof TRPCClientError)) return false;
  const kk = (error.data as { kk?: { code: string; retryable: boolean } } | undefined)?.kk;
  return kk === undefined || kk.retryable || kk.code === "CONFLICT";
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { Agent, fetch, type Response } from "undici";

const CONNECT_TIMEOUT_MS = 5000;
const STALL_TIMEOUT_MS = 30_000;
/** Tries in a row that bring nothing; one that brings bytes starts the count again. */
const MAX_EMPTY_TRIES = 3;

/**
 * Fetches a file of known size and content: into FILE.part, which a later call goes on with, then checked and renamed.
 * @throws whatever ended it, the signal's reason included; nothing stands under `file` then.
 */
export async function fetchFile(options: {
  url: string;
  file: string;
  sizeBytes: number;
  sha256: string;
  signal: AbortSignal;
  onProgress: (bytes: number) => void;
}): Promise<void> {
  const { url, file, sizeBytes, sha256, signal, onProgress } = options;
  const part = `${file}.part`;
  await using agent = disposable(
    new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: STALL_TIMEOUT_MS,
      bodyTimeout: STALL_TIMEOUT_MS,
    }),
  );
  for (let emptyTries = 0; ; ) {
    const have = await sizeOf(part);
    if (have >= sizeBytes) break;
    try {
      const range = have > 0 ? { range: `bytes=${have}-` } : {};
      const response = await fetch(url, {
        headers: { ...range, "accept-encoding": "identity" },
        signal,
        dispatcher: agent.value,
      });
      await save(response, part, have, sizeBytes, onProgress);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused) throw error;
      const brought = (await sizeOf(part)) > have;
      emptyTries = brought ? 0 : emptyTries + 1;
      if (emptyTries >= MAX_EMPTY_TRIES || isHopeless(error)) throw error;
    }
  }
  if ((await sizeOf(part)) !== sizeBytes || (await sha256Of(part)) !== sha256) {
    await rm(part, { force: true });
    throw new Error("what came is not the file that was expected");
  }
  await rename(part, file);
}

/** The server's answer makes another try pointless. */
class Refused extends Error {}

async function save(
  response: Response,
  part: string,
  have: number,
  sizeBytes: number,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const resumed =
    response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${have}-`);
  if (!(response.status === 200 || resumed) || !response.body) {
    await response.body?.cancel();
    if (response.status === 416) await rm(part, { force: true });
    throw new Refused(`the server answered ${response.status}`);
  }
  let at = resumed ? have : 0; // a server without ranges sends all of it again
  await using handle = await open(part, at > 0 ? "r+" : "w");
  for await (const chunk of response.body) {
    if (at + chunk.length > sizeBytes) throw new Refused("the server sent more than the file is long");
    await handle.write(chunk, 0, chunk.length, at);
    at += chunk.length;
    onProgress(at);
  }
  if (at < sizeBytes) throw new Error("the connection ended early");
}

/** No network, no such host, nobody listening, full disk: trying again at once changes nothing. */
function isHopeless(error: unknown): boolean {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|CONNECT_TIMEOUT|ENOSPC|EACCES|EROFS/.test(
    messageOf(error),
  );
}

const IN_WORDS: Record<string, string> = {
  ENOTFOUND: "its server was not found, perhaps for want of a network",
  EAI_AGAIN: "its server was not found, perhaps for want of a network",
  ENETUNREACH: "there is no network",
  ECONNREFUSED: "the connection was refused",
  ETIMEDOUT: "its server did not answer",
};

/** What went wrong, down to the cause: fetch itself only says "fetch failed". */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`;
  const words = "code" in error ? IN_WORDS[String(error.code)] : undefined;
  if (words) return words;
  const code = "code" in error ? `${error.code} ` : "";
  return error.cause ? messageOf(error.cause) : `${code}${error.message}`;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const disposable = (value: Agent) => ({ value, [Symbol.asyncDispose]: () => value.destroy() });

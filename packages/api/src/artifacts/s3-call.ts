import { setTimeout as sleep } from "node:timers/promises";
import { S3ServiceException } from "@aws-sdk/client-s3";
import { KangKlipError } from "@kangklip/contract";

/** How long to go on with one call, in ms: in all, and per try without an answer. */
export interface Patience {
  totalMs: number;
  tryMs: number;
}
/** Somebody may be waiting: the answer, or that there is none, comes within 5 s. */
export const SMALL: Patience = { totalMs: 4500, tryMs: 2000 };
/** Tidying, for nobody in particular. */
export const MEDIUM: Patience = { totalMs: 30_000, tryMs: 10_000 };
/** Moves or reads many bytes at the server, for work that nobody waits for in front of a page. */
export const LARGE: Patience = { totalMs: 180_000, tryMs: 60_000 };

const MAX_TRIES = 8;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;

/**
 * Makes a call to the bucket, again while it is busy or away: at most 8 times, with pauses that double and differ. What it refuses is
 * not asked again.
 * @param send one try, given up by the signal
 * @throws KangKlipError NOT_FOUND, CONFLICT (another version), INVALID_INPUT (no such range), TOO_LARGE, DISK_FULL,
 *   UPLOAD_FAILED (parts that do not fit), STORAGE_DENIED (keys, bucket or a right are wrong), UNAVAILABLE (busy or away)
 */
export async function call<T>(send: (signal: AbortSignal) => Promise<T>, patience: Patience): Promise<T> {
  const until = performance.now() + patience.totalMs;
  for (let tries = 1, most = FIRST_PAUSE_MS; ; tries++, most = Math.min(most * 2, MAX_PAUSE_MS)) {
    const tryMs = Math.ceil(Math.min(patience.tryMs, Math.max(1, until - performance.now()))); // a timer takes whole ones
    try {
      return await send(AbortSignal.timeout(tryMs));
    } catch (error) {
      const pauseMs = most * (0.5 + Math.random() / 2);
      const isLast = tries === MAX_TRIES || performance.now() + pauseMs >= until;
      if (isLast || !mayPass(error)) throw forPeople(error);
      await sleep(pauseMs);
    }
  }
}

const AGAIN =
  /^(SlowDown|InternalError|ServiceUnavailable|RequestTimeout|RequestTimeTooSkewed|TooManyRequests|Throttling\w*)$/;

/** Whether the same call may end better a moment later. */
export function mayPass(error: unknown): boolean {
  const { name, status, isAnswer } = factsOf(error);
  if (!isAnswer) return isConnection(error);
  return AGAIN.test(name) || (status >= 500 && status !== 501) || status === 408 || status === 429;
}

/** An error of the SDK in words for people: it says nothing of keys, and its cause says which answer it was. */
export function forPeople(error: unknown): unknown {
  if (error instanceof KangKlipError) return error;
  const { name, status, isAnswer } = factsOf(error);
  if (!isAnswer && !isConnection(error)) return error; // a bug
  const cause = new Error(isAnswer ? `${name} (HTTP ${status})` : `no answer: ${codeOf(error) ?? name}`);
  const known = (code: KangKlipError["code"], text: string) => new KangKlipError(code, text, { cause });
  if (/^(QuotaExceeded|StorageFull|XMinioStorageFull)$/.test(name) || status === 507)
    return known("DISK_FULL", "There is no room in the bucket for artifacts");
  if (mayPass(error)) return known("UNAVAILABLE", "The bucket for artifacts does not answer");
  if (name === "NoSuchBucket") return known("STORAGE_DENIED", "The bucket for artifacts does not exist");
  if (/^(NoSuchKey|NotFound|NoSuchUpload)$/.test(name)) return known("NOT_FOUND", "artifact not found");
  if (/^(InvalidPart|InvalidPartOrder|EntityTooSmall)$/.test(name))
    return known("UPLOAD_FAILED", "The parts that were uploaded do not make up the artifact");
  if (status === 412) return known("CONFLICT", "The artifact was replaced meanwhile");
  if (status === 416) return known("INVALID_INPUT", "The artifact has no such range");
  if (name === "EntityTooLarge")
    return known("TOO_LARGE", "The bucket does not take an artifact of this size");
  if (status === 401 || status === 403)
    return known("STORAGE_DENIED", `The bucket for artifacts denies access (${name})`);
  return known("STORAGE_DENIED", `The bucket for artifacts refused a request (${name})`);
}

/** The server's own word for what is wrong: letters and digits only, whoever it is. */
function factsOf(error: unknown): { name: string; status: number; isAnswer: boolean } {
  const { name = "", $metadata } = error as Partial<S3ServiceException>;
  const status = $metadata?.httpStatusCode ?? 0;
  const isAnswer = error instanceof S3ServiceException || status > 0;
  return { name: /^[A-Za-z0-9]{1,60}$/.test(name) ? name : "Unknown", status, isAnswer };
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
/** Errors of sockets, names and TLS have a code of Node's; giving up has a name. */
const isConnection = (error: unknown) =>
  typeof codeOf(error) === "string" ||
  /^(AbortError|TimeoutError)$/.test((error as Error | undefined)?.name ?? "");

/** Undefined where there is no such object, upload or bucket. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof KangKlipError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

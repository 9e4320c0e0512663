import { JobId } from "@kangklip/contract";

/** 1.x's key, kept so that jobs made with it still open. */
const PREFIX = "kk:job_token:";
const CHANGED = "kk:job_token";

/** Tokens that the browser would not keep (private windows may refuse); they last as long as the page. */
const unkept = new Map<JobId, string>();

/** Jobs that render new versions of a job's clips, and whose they are. */
const editsOf = new Map<JobId, JobId>();

/** The token that came with a job, as this browser has it, or null. */
export function readJobToken(jobId: JobId): string | null {
  const owner = editsOf.get(jobId) ?? jobId;
  try {
    return window.localStorage.getItem(PREFIX + owner) ?? unkept.get(owner) ?? null;
  } catch {
    return unkept.get(owner) ?? null;
  }
}

/** Says that a job belongs to an edit of another one, whose token opens it too. It is known as long as the page lives, and listed nowhere. */
export function lendJobToken(editJobId: JobId, of: JobId) {
  editsOf.set(editJobId, of);
}

/** The token in an address that ends in `#token=…`, as the terminal prints it; null where there is none. */
export const tokenInHash = (hash: string): string | null =>
  /^#token=([\w-]{20,200})$/.exec(hash)?.[1] ?? null;

/** Keeps a job's token in this browser, or for this visit where the browser keeps nothing. */
export function keepJobToken(jobId: JobId, token: string) {
  try {
    window.localStorage.setItem(PREFIX + jobId, token);
  } catch {
    unkept.set(jobId, token);
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** Forgets a job's token; gives what it was, so that it can be kept again. */
export function forgetJobToken(jobId: JobId): string | null {
  const token = readJobToken(jobId);
  unkept.delete(jobId);
  try {
    window.localStorage.removeItem(PREFIX + jobId);
  } catch {
    // it was never kept
  }
  window.dispatchEvent(new Event(CHANGED));
  return token;
}

/** The names in this browser's storage; none where it has no storage. */
export function storageKeys(): string[] {
  try {
    return Object.keys(window.localStorage);
  } catch {
    return [];
  }
}

/** Every job this browser has a token of, newest first (a job's id begins with its time). */
export function knownJobs(keys: readonly string[]): JobId[] {
  return keys
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => JobId.safeParse(key.slice(PREFIX.length)))
    .flatMap((parsed) => (parsed.success ? [parsed.data] : []))
    .sort()
    .reverse();
}

/** The newest of two lists of jobs, each once. Pure. */
export const newestJobs = (some: readonly JobId[], others: readonly JobId[], atMost: number): JobId[] =>
  [...new Set([...some, ...others])].sort().reverse().slice(0, atMost);

/** Calls back when a token was kept, in this tab or another; gives the way to stop that. */
export function onTokenChange(changed: () => void): () => void {
  window.addEventListener("storage", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("storage", changed);
    window.removeEventListener(CHANGED, changed);
  };
}

import { type ErrorCode, Problem, type UploadParts } from "@kangklip/contract";

type MissingPart = UploadParts["missing"][number];

/** How a try to send one part ended. */
export type PutEnd =
  | { end: "arrived" }
  /** It may work in a moment. `afterMs`: how long the other side asks to be left alone; null: it did not say. */
  | { end: "again"; why: "unreachable" | "busy"; afterMs: number | null }
  /** The link is not good any more; there are new ones. */
  | { end: "expired" }
  | { end: "failed"; failure: UploadFailure };

/** Why nothing is sent at present, and until when (milliseconds since 1970). */
export interface Waiting {
  why: "offline" | "unreachable" | "busy";
  untilMs: number;
}

export interface SendingProgress {
  /** Of the whole file, what had arrived before included. */
  sentBytes: number;
  /** What was there before this went on; null while that is not known, nor how much has been sent. */
  beforeBytes: number | null;
  /** Null while something is being sent. */
  waiting: Waiting | null;
  /** All is there, and is being put together. */
  finishing: boolean;
}

/**
 * An upload that does not go on by itself. `changed`: the file on this device is not what it was. `refused`: the other side will not have
 * it. `busy`: it was asked too often in vain. `lost`: there is no such upload any more.
 */
export class UploadFailure extends Error {
  override readonly name = "UploadFailure";
  readonly reason: "changed" | "refused" | "busy" | "lost";
  /** HTTP status of a refusal; null where there was none. */
  readonly status: number | null;
  readonly code: ErrorCode | null;
  constructor(
    reason: UploadFailure["reason"],
    {
      status = null,
      code = null,
      message = reason,
    }: { status?: number | null; code?: ErrorCode | null; message?: string } = {},
  ) {
    super(message);
    this.reason = reason;
    this.status = status;
    this.code = code;
  }
}

interface SendingOptions {
  /** What is there, and links for what is not. @throws what `mayRecover` is asked about */
  list: (signal: AbortSignal) => Promise<UploadParts>;
  /** Sends one part, which begins at byte `from`. Throws only when the signal ends it. */
  put: (
    part: MissingPart,
    from: number,
    onBytes: (sent: number) => void,
    signal: AbortSignal,
  ) => Promise<PutEnd>;
  /** Makes the file of its parts, or finds that some are missing after all. @throws as `list` */
  complete: (signal: AbortSignal) => Promise<"whole" | "missing">;
  /** Whether a failed `list` or `complete` may work in a moment, and what stood in the way; null: it will not. */
  mayRecover: (error: unknown) => "unreachable" | "busy" | null;
  online: () => boolean;
  /** Ends early when there is reason to try at once. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  onProgress: (progress: SendingProgress) => void;
  /** A line that takes a part within this time is given several at once (milliseconds). */
  quickMs?: number;
  signal: AbortSignal;
}

/** Parts on their way at the same time: more than one hides the wait for each answer, many more only divide the line. */
const LANES = 3;
/** On a slow line one part at a time: it is there sooner, so less is lost where the line breaks. */
const QUICK_MS = 10_000;
const SHORTEST_MS = 1000;
const LONGEST_MS = 30_000;
/** Answers "not now" in a row after which a person is told, about four minutes; a broken line is waited for without end. */
const MOST_BUSY = 12;
/** Lists in a row of which nothing arrived: their links are no good. */
const MOST_EXPIRED = 3;

/** How long to wait after so many failures in a row, in milliseconds: 1 s, then twice as long each time up to 30 s, less up to a quarter by chance. Pure. */
export function retryDelayMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.max(0, failures - 1));
  return Math.max(SHORTEST_MS, Math.round(full * (1 - random / 4)));
}

/** Which bytes a part is, from 0; the end is not part of it. Pure. */
export function bytesOfPart(
  { part_bytes, size_bytes }: UploadParts,
  part: number,
): { from: number; to: number } {
  const from = Math.min(size_bytes, (part - 1) * part_bytes);
  return { from, to: Math.min(size_bytes, from + part_bytes) };
}

/** What an answer to a part means. Pure. @param status 0: there was no answer @param retryAfter that header's text */
export function putEndOf(status: number, body: string, retryAfter: string | null): PutEnd {
  if (status >= 200 && status < 300) return { end: "arrived" };
  if (status === 0) return { end: "again", why: "unreachable", afterMs: null };
  if (status >= 500 || status === 429 || status === 408) {
    const seconds = retryAfter !== null && /^\d{1,4}$/.test(retryAfter.trim()) ? Number(retryAfter) : null;
    return { end: "again", why: "busy", afterMs: seconds === null ? null : seconds * 1000 };
  }
  // a link that has run out or been replaced, or an upload that has ended meanwhile: the list tells which
  if ([401, 403, 404, 409, 410].includes(status)) return { end: "expired" };
  const { code = null, detail } = problemIn(body);
  return {
    end: "failed",
    failure: new UploadFailure("refused", { status, code, ...(detail && { message: detail }) }),
  };
}

function problemIn(body: string): { code?: ErrorCode | null; detail?: string } {
  try {
    const { code, detail } = Problem.parse(JSON.parse(body));
    return { code: code ?? null, detail };
  } catch {
    return {}; // some proxy's own page
  }
}

/**
 * Sends what is missing of a file and makes it whole; what is there already is not sent again, so a file that was cut off goes on where
 * it was. Goes on by itself after broken lines, full servers and links that ran out.
 * @throws UploadFailure, what `list` and `complete` throw for good, or the signal's reason
 */
export async function sendParts(options: SendingOptions): Promise<void> {
  const { list, complete, signal } = options;
  const told = tell(options);
  const pace = { lanes: 1 };
  let expired = 0;
  let arrivedBefore = -1;
  for (;;) {
    const state = await untilItWorks(options, told, () => list(signal));
    told.listed(state);
    if (state.complete) return;
    expired = state.arrived.length > arrivedBefore ? 0 : expired + 1;
    arrivedBefore = state.arrived.length;
    if (expired > MOST_EXPIRED) throw new UploadFailure("refused", { status: 403 });
    told.finishing(state.missing.length === 0);
    if (state.missing.length > 0) await sendListed(options, told, state, pace);
    else if ((await untilItWorks(options, told, () => complete(signal))) === "whole") return;
  }
}

/** Sends the parts of one list; ends early when a link has run out. @param pace how many at once, kept from list to list */
async function sendListed(
  options: SendingOptions,
  told: ReturnType<typeof tell>,
  state: UploadParts,
  pace: { lanes: number },
) {
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const queue = [...state.missing];
  const lanes: Promise<void>[] = [];
  let expired = false;
  let failed: { error: unknown } | undefined;
  async function lane() {
    try {
      for (let part = queue.shift(); part && !expired; part = queue.shift()) {
        const began = Date.now();
        if ((await sendOne({ ...options, signal }, told, state, part)) === "expired") expired = true;
        else if (Date.now() - began < (options.quickMs ?? QUICK_MS)) pace.lanes = LANES;
        fill();
      }
    } catch (error) {
      failed ??= { error };
      broken.abort(error);
    }
  }
  function fill() {
    while (lanes.length < Math.min(pace.lanes, state.missing.length) && queue.length > 0) lanes.push(lane());
  }
  fill();
  for (let index = 0; index < lanes.length; index++) await lanes[index]; // there may come more meanwhile
  if (failed) throw failed.error;
}

async function sendOne(
  options: SendingOptions,
  told: ReturnType<typeof tell>,
  state: UploadParts,
  part: MissingPart,
): Promise<"arrived" | "expired"> {
  const { put, signal } = options;
  const { from } = bytesOfPart(state, part.part);
  for (let failures = 1; ; failures++) {
    told.sending(part, 0);
    const answer = await put(part, from, (sent) => told.sending(part, sent), signal);
    signal.throwIfAborted();
    if (answer.end === "arrived") told.arrived(part);
    else told.stopped(part);
    if (answer.end === "failed") throw answer.failure;
    if (answer.end !== "again") return answer.end;
    if (answer.why === "busy" && failures >= MOST_BUSY) throw new UploadFailure("busy");
    await waitFor(options, told, { ...answer, failures });
  }
}

async function untilItWorks<T>(
  options: SendingOptions,
  told: ReturnType<typeof tell>,
  call: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++)
    try {
      return await call();
    } catch (error) {
      options.signal.throwIfAborted();
      const why = options.mayRecover(error);
      if (why === null || (why === "busy" && failures >= MOST_BUSY)) throw error;
      await waitFor(options, told, { why, afterMs: null, failures });
    }
}

async function waitFor(
  { sleep, online, signal }: SendingOptions,
  told: ReturnType<typeof tell>,
  { why, afterMs, failures }: { why: "unreachable" | "busy"; afterMs: number | null; failures: number },
) {
  // what the browser says of the line is only believed where the line has failed: an API on this very machine answers without one
  const ms = Math.max(retryDelayMs(failures, Math.random()), Math.min(afterMs ?? 0, 2 * LONGEST_MS));
  const wait: Waiting = { why: online() ? why : "offline", untilMs: Date.now() + ms };
  told.waits(wait);
  try {
    await sleep(ms, signal);
  } finally {
    told.goesOn(wait);
  }
  signal.throwIfAborted();
}

/** Adds up what the lanes do, and tells it. */
function tell({ onProgress }: Pick<SendingOptions, "onProgress">) {
  let arrivedBytes = 0;
  let beforeBytes: number | null = null;
  let finishing = false;
  const onTheWay = new Map<number, number>();
  const waits = new Set<Waiting>();
  function say() {
    let sentBytes = arrivedBytes;
    for (const bytes of onTheWay.values()) sentBytes += bytes;
    const [next = null] = [...waits].sort((a, b) => a.untilMs - b.untilMs);
    const waiting = onTheWay.size === 0 ? next : null;
    onProgress({ sentBytes, beforeBytes, waiting, finishing });
  }
  return {
    listed(state: UploadParts) {
      arrivedBytes = state.arrived.reduce((sum, part) => {
        const { from, to } = bytesOfPart(state, part);
        return sum + to - from;
      }, 0);
      beforeBytes ??= arrivedBytes;
      say();
    },
    sending({ part, size_bytes }: MissingPart, bytes: number) {
      onTheWay.set(part, Math.min(size_bytes, bytes));
      say();
    },
    arrived({ part, size_bytes }: MissingPart) {
      onTheWay.delete(part);
      arrivedBytes += size_bytes;
      say();
    },
    stopped({ part }: MissingPart) {
      onTheWay.delete(part);
      say();
    },
    waits(wait: Waiting) {
      waits.add(wait);
      say();
    },
    goesOn(wait: Waiting) {
      waits.delete(wait);
      say();
    },
    finishing(now: boolean) {
      finishing = now;
      say();
    },
  };
}

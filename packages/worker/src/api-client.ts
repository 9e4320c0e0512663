import { setTimeout as sleep } from "node:timers/promises";
import {
  ClaimAnswer,
  type ClaimInput,
  Completed,
  type CompleteInput,
  KangKlipError,
  PresignAnswer,
  type PresignInput,
  Problem,
  type PublishInput,
  Pulse,
  RankAnswer,
  type RankInput,
  type Report,
  TranslateAnswer,
  type TranslateInput,
} from "@kangklip/contract";
import { type Dispatcher, request } from "undici";
import type { z } from "zod";

export type ApiClient = ReturnType<typeof createApiClient>;

interface Call {
  path: string;
  body: unknown;
  signal?: AbortSignal | undefined;
  /** How long to go on trying while the API cannot be reached. */
  patienceMs: number;
  timeoutMs?: number;
}

/** An API that restarts is back within this time; a worker outlives it. */
const PATIENCE_MS = 10 * 60_000;
const TIMEOUT_MS = 20_000;
/** What is only sent so that a clip can be seen earlier is not tried for long. */
export const EARLY_PATIENCE_MS = 30_000;
/** A bucket may take minutes to join many parts. */
const COMPLETE_TIMEOUT_MS = 200_000;
/** Longer than the API waits for its model at most (LLM_TIMEOUT_SECONDS, 300 s), so that its time-out decides and says why. */
const RANK_TIMEOUT_MS = 310_000;

/**
 * What the worker asks of the API that launched it. Calls that changed nothing yet are made again while the API is away; every
 * call is idempotent there. Refusals come as KangKlipError with the API's own code (FENCED: stop).
 */
export function createApiClient({ baseUrl }: { baseUrl: string }) {
  let token: string | undefined;

  async function call<T>(answer: z.ZodType<T>, options: Call): Promise<T> {
    const until = Date.now() + options.patienceMs;
    for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
      let answered: unknown;
      try {
        answered = await post(options);
      } catch (error) {
        options.signal?.throwIfAborted();
        const isAway =
          !(error instanceof KangKlipError) || ["UNAVAILABLE", "RATE_LIMITED"].includes(error.code);
        if (!isAway || Date.now() + pauseMs > until) throw error;
        await sleep(pauseMs, undefined, options.signal && { signal: options.signal }).catch(() => {});
        options.signal?.throwIfAborted();
        continue;
      }
      return answer.parse(answered);
    }
  }

  async function post({ path, body, signal, timeoutMs = TIMEOUT_MS }: Call): Promise<unknown> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await request(`${baseUrl}/api/worker/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token && { "x-attempt-token": token }) },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headersTimeout: 0, // the signal decides: undici's own 300 s would end a long ranking
    });
    if (response.statusCode === 200) return response.body.json();
    throw refusal(response, await response.body.json().catch(() => ({})));
  }

  return {
    async claim(input: ClaimInput, signal: AbortSignal): Promise<ClaimAnswer> {
      const claimed = await call(ClaimAnswer, { path: "claim", body: input, signal, patienceMs: 60_000 });
      token = claimed.attempt_token;
      return claimed;
    },
    /** Sent by a timer: one that is lost is followed by the next. */
    heartbeat: (said: { job_id: string; epoch: number }): Promise<Pulse> =>
      call(Pulse, { path: "heartbeat", body: said, patienceMs: 0, timeoutMs: 8000 }),
    /** Progress may be lost (`patient` false), the end may not. */
    report: (report: Report, { patient }: { patient: boolean }): Promise<Pulse> =>
      call(Pulse, { path: "report", body: report, patienceMs: patient ? PATIENCE_MS : 0 }),
    /** @param patienceMs how long to go on trying while the API is away */
    presign: (
      input: PresignInput,
      signal: AbortSignal,
      patienceMs: number = PATIENCE_MS,
    ): Promise<PresignAnswer> => call(PresignAnswer, { path: "presign", body: input, signal, patienceMs }),
    /** Done again while the API is away: a file that is complete stays so. */
    complete: (
      input: CompleteInput,
      signal: AbortSignal,
      patienceMs: number = PATIENCE_MS,
    ): Promise<{ ok: true }> =>
      call(Completed, {
        path: "complete",
        body: input,
        signal,
        patienceMs,
        timeoutMs: COMPLETE_TIMEOUT_MS,
      }),
    /** Nothing depends on it: the clip is there at the end of the job anyway. The API reads all of it before it answers. */
    publish: (input: PublishInput, signal: AbortSignal): Promise<Pulse> =>
      call(Pulse, {
        path: "publish",
        body: input,
        signal,
        patienceMs: EARLY_PATIENCE_MS,
        timeoutMs: COMPLETE_TIMEOUT_MS,
      }),
    rank: (input: RankInput, signal: AbortSignal): Promise<RankAnswer> =>
      call(RankAnswer, { path: "rank", body: input, signal, patienceMs: 0, timeoutMs: RANK_TIMEOUT_MS }),
    translate: (input: TranslateInput, signal: AbortSignal): Promise<TranslateAnswer> =>
      call(TranslateAnswer, {
        path: "translate",
        body: input,
        signal,
        patienceMs: 0,
        timeoutMs: RANK_TIMEOUT_MS,
      }),
  };
}

/** A bug on the API's side (500) may be gone with its next start, as may a gateway's answer in its place. */
function refusal({ statusCode }: Dispatcher.ResponseData, answer: unknown): KangKlipError {
  const { data: { code, detail } = {} } = Problem.safeParse(answer);
  if (code && code !== "INTERNAL") return new KangKlipError(code, detail ?? "refused");
  return new KangKlipError(statusCode >= 500 ? "UNAVAILABLE" : "INTERNAL", `The API answered ${statusCode}`);
}

import { type JobId, KangKlipError, type WorkerEnv } from "@kangklip/contract";
import { type ComputeProvider, type LaunchRef, ProviderError } from "@kangklip/providers";
import type { Logger } from "../log.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import { ASK_AGAIN_MS, isAbandoned, isDue, SUBMIT_MS } from "./launch.ts";
import { CALL_MS } from "./limited.ts";
import { type Placing, SAID } from "./placing.ts";
import { type JobEvent, RUN_MS } from "./state.ts";
import { claimToken } from "./tokens.ts";

interface SubmissionOptions {
  /** Of an attempt that was given to one; undefined: it is not configured any more. */
  providerOf: (attempt: Attempt) => ComputeProvider | undefined;
  placing: Placing;
  secret: Buffer;
  /** Where workers at a provider reach this API. */
  baseUrl: (provider: string) => string;
  log: Logger;
  workerLogLevel: WorkerEnv["KK_LOG_LEVEL"];
  now: () => number;
  happened: (id: JobId, event: JobEvent) => Promise<{ job: Job; before: Job; changed: boolean }>;
  publishedBefore: (job: Job, attempt: Attempt) => Promise<boolean>;
  launched: (id: JobId, epoch: number, ref: LaunchRef) => Promise<void>;
  /** The job is about to ask this provider. */
  assign: (id: JobId, provider: string) => void;
  /** Nothing is started for so long (ms). */
  hold: (ms: number) => void;
}

const PREPARING_MS = 2000;
const PREPARING_LEAST_MS = 500;
/** A job that waits for a place is looked at no more often than this (ms). */
const WAIT_LEAST_MS = 1000;
/** Refusals after which another place is looked for; the placement knows whether there is one, or when. */
const ELSEWHERE = ["UNAVAILABLE", "RATE_LIMITED", "CAPACITY", "FUNDS", "UNSUPPORTED", "IMAGE", "AUTH"];

/**
 * How an attempt comes to its launch: a place is chosen and written down, then its provider is asked. Whoever is refused goes on to the next
 * place, but never while an earlier asker may still be let in: no attempt is asked for at two providers at once.
 */
export function createSubmission(options: SubmissionOptions) {
  const { providerOf, placing, secret, baseUrl, log, workerLogLevel, now } = options;
  const { happened, publishedBefore, launched, assign, hold } = options;

  /** The next step of an attempt that is planned, or that somebody was about to submit. */
  async function submit(job: Job, attempt: Attempt): Promise<void> {
    if (attempt.state === "PLANNED") {
      if (!isDue(attempt, now()) || !(await mayBegin(job, attempt))) return;
      if (attempt.doubt_until !== null && !(await neverCame(job, attempt))) return;
      return choose(job, attempt);
    }
    const provider = providerOf(attempt);
    if (!provider) return missing(job, attempt);
    if (!isAbandoned(attempt, now(), isNative(provider)) || !(await mayBegin(job, attempt))) return;
    await ask(job, attempt, provider);
  }

  /** Work whose clips are there already, or could not be kept, is not begun. */
  async function mayBegin(job: Job, attempt: Attempt): Promise<boolean> {
    const { job_id } = job;
    const { epoch } = attempt;
    try {
      return !(await publishedBefore(job, attempt));
    } catch (error) {
      if (!(error instanceof KangKlipError)) throw error;
      const { code, message } = error;
      log.warn({ job_id, epoch, code, err: error }, "not submitted: the artifact store cannot be used");
      const again = code !== "STORAGE_DENIED"; // and nobody waits for it for ever
      const { state, submitting_at: since } = attempt;
      // whoever asked before may still be answered: where, must not be forgotten
      if (again && state === "SUBMITTING") await happened(job_id, { type: "submit_unsure", epoch, message });
      else await happened(job_id, { type: "submit_failed", epoch, since, message, again, code });
      return false;
    }
  }

  /** Whether what was asked before has surely begun nothing. Its time is over: it is looked for once more. */
  async function neverCame({ job_id }: Job, attempt: Attempt): Promise<boolean> {
    const { epoch, launch_key, submitting_at: since } = attempt;
    const provider = providerOf(attempt);
    if (!provider) {
      await missing({ job_id }, attempt);
      return false;
    }
    const found = await provider.find(launch_key).catch(async (error: unknown) => {
      if (!(error instanceof ProviderError)) throw error;
      const { message, retryAfterMs: afterMs = ASK_AGAIN_MS } = error;
      await happened(job_id, { type: "submit_failed", epoch, since, message, again: true, afterMs });
      return undefined;
    });
    for (const ref of found ?? []) await launched(job_id, epoch, ref);
    if (found === undefined || found.length > 0) return false;
    await happened(job_id, { type: "submit_never", epoch, since });
    return true;
  }

  async function choose(job: Job, attempt: Attempt): Promise<void> {
    const { job_id } = job;
    const { epoch, submitting_at: since } = attempt;
    const choice = await placing.choose(job);
    if (choice.is === "place") {
      const { provider: id, offer, reason, run_ms } = choice;
      const provider = providerOf({ ...attempt, provider: id, ref: null });
      if (!provider) throw new Error(`${id} is not configured`);
      assign(job_id, id);
      return ask(job, attempt, provider, { offer, reason, run_ms });
    }
    const { message } = choice;
    const failed = { type: "submit_failed", epoch, since, message } as const;
    if (choice.is === "fail") {
      log.warn({ job_id, epoch, reason: message }, "no place can take the job");
      await happened(job_id, { ...failed, again: false, code: choice.code });
      return;
    }
    const afterMs = Math.max(choice.ms, WAIT_LEAST_MS);
    if (choice.all && job.compute === null) hold(afterMs);
    await happened(job_id, { ...failed, again: true, afterMs });
  }

  async function ask(
    job: Job,
    attempt: Attempt,
    provider: ComputeProvider,
    place?: Extract<JobEvent, { type: "submitting" }>["place"],
  ): Promise<void> {
    const { job_id } = job;
    const { epoch, launch_key } = attempt;
    const native = isNative(provider);
    const first = await happened(job_id, { type: "submitting", epoch, provider: provider.id, native, place });
    if (!first.changed) return;
    // as it was written down: another process may have asked since `attempt` was read
    const before = currentAttempt(first.before);
    const asked = before.submitting_at !== null && before.provider === provider.id;
    const { submitting_at: since, offer, run_ms } = currentAttempt(first.job);
    const failed = (error: unknown) => notSubmitted(job_id, { epoch, since, offer: offer?.offer_id }, error);
    try {
      const found = asked && native ? [] : await provider.find(launch_key);
      const [there] = found;
      if (there && !asked) {
        log.warn(
          { job_id, epoch, launch: launch_key },
          "a launch of an epoch to come: the store has lost time",
        );
        await happened(job_id, { type: "epoch_taken", epoch, ref: there, since });
        return;
      }
      for (const ref of found) await launched(job_id, epoch, ref);
      if (there) return;
      // begun this late it could go on beside that of whoever takes the submission up
      if (!native && now() - (since ?? 0) > SUBMIT_MS - CALL_MS) return;
      const env: WorkerEnv = {
        KK_API_URL: baseUrl(provider.id),
        KK_LAUNCH_KEY: launch_key,
        KK_CLAIM_TOKEN: claimToken(secret, launch_key),
        KK_LOG_LEVEL: workerLogLevel,
      };
      const ref = await provider.submit({
        launchKey: launch_key,
        jobId: job_id,
        epoch,
        env,
        ...(offer && { offerId: offer.offer_id }),
        requirements: {
          ...placing.requirements,
          maxRuntimeSeconds: Math.ceil(Math.min(RUN_MS, run_ms ?? RUN_MS) / 1000),
        },
        labels: { job: job_id, epoch: String(epoch) },
      });
      placing.worked(provider.id, offer?.offer_id);
      await launched(job_id, epoch, ref);
      log.info({ job_id, epoch, provider: provider.id, offer: offer?.label }, "submitted");
    } catch (error) {
      await failed(error);
    }
  }

  async function notSubmitted(
    job_id: JobId,
    { epoch, since, offer }: { epoch: number; since: number | null; offer: string | undefined },
    error: unknown,
  ): Promise<void> {
    if (error instanceof KangKlipError) throw error; // the store's: the submission is taken up again
    if (!(error instanceof ProviderError) || error.kind === "AMBIGUOUS") {
      // it may have started: asked again, and found, a little later
      log.warn({ job_id, epoch, err: error }, "no telling whether it was submitted");
      const message = "The provider did not say whether it started the work; it is asked again";
      await happened(job_id, { type: "submit_unsure", epoch, message });
      return;
    }
    const { kind, message, retryAfterMs } = error;
    const refused = { type: "submit_failed", epoch, since } as const;
    if (kind === "PREPARING") {
      const afterMs = Math.max(PREPARING_LEAST_MS, retryAfterMs ?? PREPARING_MS);
      await happened(job_id, { ...refused, message, again: true, afterMs, preparing: true });
      return;
    }
    log.warn({ job_id, epoch, provider: error.provider, kind, err: error }, "submission refused");
    const elsewhere = ELSEWHERE.includes(kind);
    if (elsewhere) placing.failed(error, offer);
    const afterMs = elsewhere ? 0 : (retryAfterMs ?? ASK_AGAIN_MS); // at once: the next step finds out where to, or when
    const said = `${error.provider} ${SAID[kind]}`;
    await happened(job_id, { ...refused, message: said, again: kind !== "INVALID", afterMs });
  }

  /** Says that the attempt's provider is not there any more; what that means depends on how far it has come. */
  async function missing({ job_id }: Pick<Job, "job_id">, { epoch, provider }: Attempt): Promise<void> {
    if (provider !== null) await happened(job_id, { type: "provider_missing", epoch, provider });
  }

  return { submit, missing };
}

export const isNative = ({ capabilities }: ComputeProvider) => capabilities.submit === "native";

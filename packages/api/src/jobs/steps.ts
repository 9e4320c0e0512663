import {
  artifactKey,
  attemptKey,
  EXIT_FENCED,
  type JobId,
  KangKlipError,
  type WorkerEnv,
} from "@kangklip/contract";
import { type ComputeProvider, type LaunchRef, type Observation, ProviderError } from "@kangklip/providers";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Logger } from "../log.ts";
import { commit, publishError } from "./commit.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import { ASK_AGAIN_MS, isAbandoned, isDue, SUBMIT_MS } from "./launch.ts";
import { CALL_MS } from "./limited.ts";
import { decide, type JobEvent, LEASE_MS, RUN_MS } from "./state.ts";
import { type JobStore, update } from "./store.ts";
import { claimToken } from "./tokens.ts";

export interface StepsOptions {
  store: JobStore;
  /** No call to it may last for ever (limited.ts). */
  provider: ComputeProvider;
  artifacts: ArtifactStore;
  secret: Buffer;
  /** Where workers reach this API. */
  baseUrl: () => string;
  log: Logger;
  workerLogLevel: WorkerEnv["KK_LOG_LEVEL"];
  now: () => number;
  /** Told of the job after each event. */
  moved: (job: Job) => void;
  /** Whether workers could be heard for a whole lease up to now, so that their silence means something. */
  listened: () => boolean;
  /** The provider wants to be left alone for so long (ms). */
  hold: (ms: number) => void;
}

const OBSERVE_MS = 3000;
/** Where a launch may be there twice it is also looked for while its worker speaks. */
const DOUBLES_MS = 30_000;
/** A provider that is away is asked less and less often, but at least this often. */
const HOLD_MS = 60_000;
export const CANCEL_GRACE_SECONDS = 10;
/** Not the job's fault, and the same work can be published a little later. */
const AWAY = ["UNAVAILABLE", "RATE_LIMITED", "DISK_FULL"];

/** What can be done for one job next. Every step stores its intent before its effect, and may be repeated. */
export function createSteps(options: StepsOptions) {
  const { store, provider, artifacts, secret, baseUrl, log, workerLogLevel, now, moved, listened, hold } =
    options;
  const one = { graceSeconds: CANCEL_GRACE_SECONDS };
  let refusals = 0;

  /** The job before and after the event, and whether the event changed it: who changed nothing was not first. */
  async function happened(id: JobId, event: JobEvent) {
    let changed = false;
    let before: Job | undefined;
    const { job } = await update(store, id, (was) => {
      const after = decide(was, event, now());
      before = was;
      changed = after !== was;
      return after;
    });
    moved(job);
    return { job, before: before ?? job, changed };
  }

  /** Clips that were published in a time which the store has lost end the job without being made again. */
  async function publishedBefore({ job_id }: Job, { epoch }: Attempt): Promise<boolean> {
    if (!(await artifacts.head(artifactKey(job_id, "manifest.json")))) return false;
    log.warn({ job_id, epoch }, "the clips are published already; the job store did not know");
    await happened(job_id, { type: "published", epoch });
    return true;
  }

  async function submit(job: Job, attempt: Attempt): Promise<void> {
    const { job_id } = job;
    const { epoch, launch_key } = attempt;
    try {
      if (await publishedBefore(job, attempt)) return;
    } catch (error) {
      if (!(error instanceof KangKlipError)) throw error;
      // work whose clips could not be kept is not begun, and nobody waits for it for ever
      const { code, message } = error;
      log.warn({ job_id, epoch, code, err: error }, "not submitted: the artifact store cannot be used");
      await happened(job_id, {
        type: "submit_failed",
        epoch,
        message,
        again: code !== "STORAGE_DENIED",
        code,
      });
      return;
    }
    const native = provider.capabilities.submit === "native";
    const first = await happened(job_id, { type: "submitting", epoch, provider: provider.id, native });
    if (!first.changed) return;
    // as it was written down: another process may have asked since `attempt` was read
    const asked = currentAttempt(first.before).submitting_at !== null;
    const { submitting_at: since } = currentAttempt(first.job);
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
        KK_API_URL: baseUrl(),
        KK_LAUNCH_KEY: launch_key,
        KK_CLAIM_TOKEN: claimToken(secret, launch_key),
        KK_LOG_LEVEL: workerLogLevel,
      };
      const ref = await provider.submit({
        launchKey: launch_key,
        jobId: job_id,
        epoch,
        env,
        requirements: { gpu: "preferred", diskGb: 20, maxRuntimeSeconds: RUN_MS / 1000 },
        labels: { job: job_id, epoch: String(epoch) },
      });
      refusals = 0;
      await launched(job_id, epoch, ref);
      log.info({ job_id, epoch, provider: provider.id }, "submitted");
    } catch (error) {
      await notSubmitted(job_id, { epoch, since }, error);
    }
  }

  async function notSubmitted(
    job_id: JobId,
    { epoch, since }: { epoch: number; since: number | null },
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
    const forGood = kind === "AUTH" || kind === "FUNDS";
    log[forGood ? "error" : "warn"]({ job_id, epoch, kind, err: error }, "submission failed");
    if (kind === "RATE_LIMITED" || kind === "UNAVAILABLE")
      hold(retryAfterMs ?? Math.min(HOLD_MS, ASK_AGAIN_MS * 2 ** refusals++));
    await happened(job_id, {
      type: "submit_failed",
      epoch,
      since,
      message: kind === "AUTH" ? `The provider refuses this installation's key: ${message}` : message,
      again: ["UNAVAILABLE", "RATE_LIMITED", "CAPACITY", "CONFLICT"].includes(kind),
      ...(retryAfterMs !== undefined && { afterMs: retryAfterMs }),
    });
  }

  /** Writes down where the launch is; a second one for the same attempt is ended. */
  async function launched(id: JobId, epoch: number, ref: LaunchRef): Promise<void> {
    const { job } = await happened(id, { type: "submitted", epoch, ref });
    const kept = job.attempts.find((attempt) => attempt.epoch === epoch)?.ref;
    if (kept && kept.ref !== ref.ref) await provider.cancel(ref, one);
  }

  /** A silent worker is looked for at its provider; one that speaks is left alone. */
  async function look(job: Job, attempt: Attempt): Promise<void> {
    const { epoch, lease_until: lease } = attempt;
    // a time to come was written before a clock was put back: it says nothing
    const since = (time: number | null) => (time !== null && time <= now() ? time : 0);
    const heard = since(lease === null ? null : lease - LEASE_MS);
    const looked = Math.max(since(attempt.observed_at), since(attempt.submitted_at));
    const doubles = provider.capabilities.submit === "lookup" && now() - looked >= DOUBLES_MS;
    if (now() - Math.max(looked, heard) < OBSERVE_MS && !doubles) return;
    const refs = await launchesOf(attempt);
    const [first] = refs;
    const told = (observation: Observation, uploaded = false) =>
      happened(job.job_id, { type: "observed", epoch, observation, uploaded });
    if (!first) {
      if (listened()) await told({ phase: "lost" });
      return;
    }
    // where it claimed before its submission was written down, and the process that submitted it ended in between
    if (!attempt.ref) await launched(job.job_id, epoch, first);
    const seen = await Promise.all(
      refs.map(async (ref) => ({ ref, observation: await provider.observe(ref) })),
    );
    const observation = await theOne(job, attempt, seen);
    if (isThere(observation)) {
      if (listened()) await told(observation);
      return;
    }
    if (await publishedBefore(job, attempt)) return;
    const ok = observation.exitCode === 0;
    const manifest = ok && (await artifacts.head(attemptKey(job.job_id, epoch, "manifest.json")));
    await told(observation, Boolean(manifest));
  }

  /** Of several launches of one attempt only one can claim it. The others are ended as soon as it is sure that they are the others. */
  async function theOne(job: Job, attempt: Attempt, seen: Seen[]): Promise<Observation> {
    let kept = seen.find(({ ref }) => ref.ref === attempt.ref?.ref) ?? (seen[0] as Seen);
    const claimed = attempt.state === "CLAIMED";
    const sentAway = kept.observation.exitCode === EXIT_FENCED;
    if (!isThere(kept.observation) && (!claimed || sentAway)) {
      const heir = seen.find(({ observation }) => isThere(observation));
      if (heir) await happened(job.job_id, { type: "moved", epoch: attempt.epoch, ref: heir.ref });
      kept = heir ?? kept;
    }
    for (const { ref, observation } of seen) {
      if (ref.ref === kept.ref.ref) continue;
      if (!isThere(observation)) await provider.release(ref);
      // one that runs may be the one that claimed; if not, it will be sent away
      else if (!claimed || observation.phase !== "running") await provider.cancel(ref, one);
    }
    return kept.observation;
  }

  /** Where the attempt runs, as far as is known here or at the provider. */
  async function launchesOf({ ref, launch_key }: Attempt): Promise<LaunchRef[]> {
    if (ref && provider.capabilities.submit === "native") return [ref];
    const found = await provider.find(launch_key);
    return ref && !found.some((other) => other.ref === ref.ref) ? [ref, ...found] : found;
  }

  async function cancel(job: Job, attempt: Attempt): Promise<void> {
    const refs = await launchesOf(attempt);
    const answers = await Promise.all(refs.map((ref) => provider.cancel(ref, one)));
    if (answers.every((answer) => answer === "gone"))
      await happened(job.job_id, {
        type: "observed",
        epoch: attempt.epoch,
        observation: { phase: "exited", exitCode: null, reason: "cancelled" },
      });
  }

  async function publish(job: Job, attempt: Attempt): Promise<void> {
    const { job_id } = job;
    const { epoch } = attempt;
    try {
      await commit(artifacts, job);
      await happened(job_id, { type: "committed", epoch });
      log.info({ job_id, epoch }, "published");
    } catch (error) {
      if (!(error instanceof KangKlipError) || AWAY.includes(error.code)) throw error;
      log.warn({ job_id, epoch, code: error.code, err: error }, "publishing failed");
      if (error.code === "WORKER_LOST" && (await publishedBefore(job, attempt))) return;
      await happened(job_id, { type: "commit_failed", epoch, code: error.code, error: error.message });
    }
  }

  /** Frees what an ended attempt still holds: its launch, and what it uploaded. Not done yet where its launch is not gone. */
  async function release(job: Job, attempt: Attempt): Promise<void> {
    for (const ref of await launchesOf(attempt)) {
      if ((await provider.cancel(ref, one)) !== "gone") return;
      if (attempt.outcome !== "succeeded" && attempt.outcome !== "CANCELLED")
        await keepLog(job, attempt, ref);
      await provider.release(ref);
    }
    await artifacts.delete(`jobs/${job.job_id}/attempts/${attempt.epoch}/`); // an upload may have come late
    if (job.state === "FAILED" && attempt.epoch === currentAttempt(job).epoch)
      await publishError(artifacts, job);
    await happened(job.job_id, { type: "released", epoch: attempt.epoch });
  }

  /** The last words of a worker that failed, for the operator's log. */
  async function keepLog(job: Job, attempt: Attempt, ref: LaunchRef): Promise<void> {
    const tail = await provider.logs(ref, { tail: 40 }).catch(() => "");
    log.warn({ job_id: job.job_id, epoch: attempt.epoch, outcome: attempt.outcome, tail }, "attempt ended");
  }

  return {
    happened,
    launched,
    release,
    /** The next step of a job that goes on. */
    async advance(job: Job, attempt: Attempt): Promise<void> {
      if (job.state === "COMMITTING") return publish(job, attempt);
      if (job.state === "CANCELLING") return cancel(job, attempt);
      switch (attempt.state) {
        case "PLANNED":
          if (isDue(attempt, now())) await submit(job, attempt);
          return;
        case "SUBMITTING":
          if (isAbandoned(attempt, now(), provider.capabilities.submit === "native"))
            await submit(job, attempt);
          return;
        case "SUBMITTED":
        case "CLAIMED":
          return look(job, attempt);
      }
    },
  };
}

interface Seen {
  ref: LaunchRef;
  observation: Observation;
}

const isThere = ({ phase }: Observation) => phase !== "exited" && phase !== "lost";

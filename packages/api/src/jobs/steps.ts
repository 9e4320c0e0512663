import {
  artifactKey,
  attemptKey,
  EXIT_FENCED,
  type JobId,
  KangKlipError,
  type WorkerEnv,
} from "@kangklip/contract";
import {
  type ComputeProvider,
  type LaunchRef,
  type Observation,
  ProviderError,
  type ProviderId,
} from "@kangklip/providers";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Logger } from "../log.ts";
import { commit, publishError } from "./commit.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import { keepEdit } from "./kept-edits.ts";
import type { Placing } from "./placing.ts";
import { decide, type JobEvent, LEASE_MS } from "./state.ts";
import { type JobStore, update } from "./store.ts";
import { createSubmission, isNative } from "./submission.ts";

export interface StepsOptions {
  store: JobStore;
  /** No call to one may last for ever (limited.ts). */
  providers: ReadonlyMap<ProviderId, ComputeProvider>;
  placing: Placing;
  artifacts: ArtifactStore;
  secret: Buffer;
  /** Where workers at a provider reach this API. */
  baseUrl: (provider: ProviderId) => string;
  log: Logger;
  workerLogLevel: WorkerEnv["KK_LOG_LEVEL"];
  now: () => number;
  /** Told of the job after each event. */
  moved: (job: Job) => void;
  /** Whether workers could be heard for a whole lease up to now, so that their silence means something. */
  listened: () => boolean;
  /** Told of each job whose clips were published here; never throws. */
  learn?: ((job: Job) => Promise<void>) | undefined;
  /** The job is about to ask this provider. */
  assign: (id: JobId, provider: ProviderId) => void;
  /** Nothing is started for so long (ms). */
  hold: (ms: number) => void;
}

const OBSERVE_MS = 3000;
/** Where a launch may be there twice it is also looked for while its worker speaks. */
const DOUBLES_MS = 30_000;
export const CANCEL_GRACE_SECONDS = 10;
/** Not the job's fault, and the same work can be published a little later. */
const AWAY = ["UNAVAILABLE", "RATE_LIMITED", "DISK_FULL"];

/** What can be done for one job next. Every step stores its intent before its effect, and may be repeated. */
export function createSteps(options: StepsOptions) {
  const { store, providers, placing, artifacts, log, now, moved, listened } = options;
  const one = { graceSeconds: CANCEL_GRACE_SECONDS };
  /** Where an attempt is; undefined where nobody knows, or where its provider is not configured any more. */
  const providerOf = ({ provider, ref }: Pick<Attempt, "provider" | "ref">) =>
    providers.get(ref?.provider ?? provider ?? "");

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

  /** Writes down where the launch is; a second one for the same attempt is ended. */
  async function launched(id: JobId, epoch: number, ref: LaunchRef): Promise<void> {
    const { job } = await happened(id, { type: "submitted", epoch, ref });
    const kept = job.attempts.find((attempt) => attempt.epoch === epoch)?.ref;
    if (kept && !isSame(kept, ref)) await providers.get(ref.provider)?.cancel(ref, one);
  }
  const submission = createSubmission({ ...options, providerOf, happened, publishedBefore, launched });

  /** A silent worker is looked for at its provider; one that speaks is left alone. */
  async function look(job: Job, attempt: Attempt): Promise<void> {
    const { epoch, lease_until: lease } = attempt;
    if (placesOf(attempt).length === 0) {
      if (listened()) await submission.missing(job, attempt);
      return;
    }
    // a time to come was written before a clock was put back: it says nothing
    const since = (time: number | null) => (time !== null && time <= now() ? time : 0);
    const heard = since(lease === null ? null : lease - LEASE_MS);
    const looked = Math.max(since(attempt.observed_at), since(attempt.submitted_at));
    const doubles = !placesOf(attempt).every(isNative) && now() - looked >= DOUBLES_MS;
    // seen once after its claim, it is known on which node it runs and since when
    const unseen = attempt.observed_at === null && now() - since(attempt.claimed_at) < OBSERVE_MS;
    if (now() - Math.max(looked, heard) < OBSERVE_MS && !doubles && !unseen) return;
    const launches = await launchesOf(attempt);
    const [first] = launches;
    const told = (observation: Observation, uploaded = false) =>
      happened(job.job_id, { type: "observed", epoch, observation, uploaded });
    if (!first) {
      if (listened()) await told({ phase: "lost" });
      return;
    }
    // where it claimed before its submission was written down, and the process that submitted it ended in between
    if (!attempt.ref) await launched(job.job_id, epoch, first.ref);
    const seen = await Promise.all(
      launches.map(async ({ provider, ref }) => ({
        provider,
        ref,
        observation: await provider.observe(ref),
      })),
    );
    const observation = await theOne(job, attempt, seen);
    if (isThere(observation)) {
      if (!listened()) return;
      if (observation.reason === "funds" && attempt.state === "SUBMITTED") keepsForFunds(first, observation);
      await told(observation);
      return;
    }
    if (await publishedBefore(job, attempt)) return;
    const ok = observation.exitCode === 0;
    const manifest = ok && (await artifacts.head(attemptKey(job.job_id, epoch, "manifest.json")));
    await told(observation, Boolean(manifest));
  }

  /** What one launch waits for, no other one will get there: the next jobs need not find out for themselves. */
  function keepsForFunds({ provider }: Launch, { message = "waits for credits" }: Observation): void {
    placing.failed(new ProviderError("FUNDS", provider.id, message), undefined);
  }

  /** Of several launches of one attempt only one can claim it. The others are ended as soon as it is sure that they are the others. */
  async function theOne(job: Job, attempt: Attempt, seen: Seen[]): Promise<Observation> {
    let kept = seen.find(({ ref }) => attempt.ref && isSame(ref, attempt.ref)) ?? (seen[0] as Seen);
    const claimed = attempt.state === "CLAIMED";
    const sentAway = kept.observation.exitCode === EXIT_FENCED;
    if (!isThere(kept.observation) && (!claimed || sentAway)) {
      const heir = seen.find(({ observation }) => isThere(observation));
      if (heir) await happened(job.job_id, { type: "moved", epoch: attempt.epoch, ref: heir.ref });
      kept = heir ?? kept;
    }
    for (const { provider, ref, observation } of seen) {
      if (isSame(ref, kept.ref)) continue;
      if (!isThere(observation)) await provider.release(ref);
      // one that runs may be the one that claimed; if not, it will be sent away
      else if (!claimed || observation.phase !== "running") await provider.cancel(ref, one);
    }
    return kept.observation;
  }

  /** Where the launch of an attempt may be. Of one that the store has forgotten nobody knows whom it was given to. */
  function placesOf(attempt: Attempt): ComputeProvider[] {
    const own = providerOf(attempt);
    if (own) return [own];
    return attempt.provider === null ? [...providers.values()] : [];
  }

  /** The launches of the attempt, as far as they are known here or at its provider. */
  async function launchesOf(attempt: Attempt): Promise<Launch[]> {
    const { ref, launch_key } = attempt;
    const found = await Promise.all(
      placesOf(attempt).map(async (provider) => {
        if (ref && isNative(provider)) return [{ provider, ref }];
        const refs = await provider.find(launch_key);
        const all = ref && !refs.some((other) => isSame(other, ref)) ? [ref, ...refs] : refs;
        return all.map((one) => ({ provider, ref: one }));
      }),
    );
    return found.flat();
  }

  async function cancel(job: Job, attempt: Attempt): Promise<void> {
    if (placesOf(attempt).length === 0) return submission.missing(job, attempt);
    const launches = await launchesOf(attempt);
    const answers = await Promise.all(launches.map(({ provider, ref }) => provider.cancel(ref, one)));
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
      if (job.edit) await keepEdit(artifacts, job_id, job.edit);
      const done = await happened(job_id, { type: "committed", epoch });
      log.info({ job_id, epoch }, "published");
      if (done.changed) await options.learn?.(done.job);
    } catch (error) {
      if (!(error instanceof KangKlipError) || AWAY.includes(error.code)) throw error;
      log.warn({ job_id, epoch, code: error.code, err: error }, "publishing failed");
      if (error.code === "WORKER_LOST" && (await publishedBefore(job, attempt))) return;
      await happened(job_id, { type: "commit_failed", epoch, code: error.code, error: error.message });
    }
  }

  /** Frees what an ended attempt still holds: its launch, and what it uploaded. Not done yet where its launch is not gone. */
  async function release(job: Job, attempt: Attempt): Promise<void> {
    let usd: number | undefined;
    for (const launch of await launchesOf(attempt)) {
      const { provider, ref } = launch;
      if ((await provider.cancel(ref, one)) !== "gone") return;
      if (attempt.outcome !== "succeeded" && attempt.outcome !== "CANCELLED")
        await keepLog(job, attempt, launch);
      if (attempt.offer?.usd_per_hour !== 0) usd = (await bill(launch)) ?? usd;
      await provider.release(ref);
    }
    if (placesOf(attempt).length === 0) {
      // the sweep ends its launch where the provider comes back: one that belongs to an attempt without a launch is an orphan
      const { job_id } = job;
      const about = { job_id, epoch: attempt.epoch, provider: attempt.provider, launch: attempt.launch_key };
      log.error(about, "a launch cannot be looked after: its provider is not in COMPUTE any more");
    }
    await artifacts.delete(`jobs/${job.job_id}/attempts/${attempt.epoch}/`); // an upload may have come late
    if (job.state === "FAILED" && attempt.epoch === currentAttempt(job).epoch)
      await publishError(artifacts, job);
    await happened(job.job_id, { type: "released", epoch: attempt.epoch, usd });
  }

  /** What an ended launch has cost in the end, where its provider tells. */
  const bill = async ({ provider, ref }: Launch): Promise<number | undefined> =>
    (await provider.observe(ref).catch(() => undefined))?.usd;

  /** The last words of a worker that failed, for the operator's log. */
  async function keepLog(job: Job, attempt: Attempt, { provider, ref }: Launch): Promise<void> {
    const tail = await provider.logs(ref, { tail: 40 }).catch(() => "");
    log.warn({ job_id: job.job_id, epoch: attempt.epoch, outcome: attempt.outcome, tail }, "attempt ended");
  }

  /** Credits were switched off: what nobody has signed is not taken any more. The rest stays open until they are on again. */
  async function chargeNothing({ job_id, charges }: Job): Promise<void> {
    for (const from of charges) {
      if (from.state !== "DUE") continue;
      const to = { ...from, state: "REFUSED", error: "CHARGE_FAILED" } as const;
      await happened(job_id, { type: "charge", from, to });
    }
  }

  return {
    happened,
    launched,
    release,
    chargeNothing,
    /** The next step of a job that goes on. */
    async advance(job: Job, attempt: Attempt): Promise<void> {
      if (job.state === "COMMITTING") return publish(job, attempt);
      if (job.state === "CANCELLING") return cancel(job, attempt);
      switch (attempt.state) {
        case "PLANNED":
        case "SUBMITTING":
          return submission.submit(job, attempt);
        case "SUBMITTED":
        case "CLAIMED":
          return look(job, attempt);
      }
    },
  };
}

interface Launch {
  provider: ComputeProvider;
  ref: LaunchRef;
}
interface Seen extends Launch {
  observation: Observation;
}

const isSame = (a: LaunchRef, b: LaunchRef) => a.ref === b.ref && a.provider === b.provider;
const isThere = ({ phase }: Observation) => phase !== "exited" && phase !== "lost";

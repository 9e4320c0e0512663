import {
  attemptKey,
  type Callback,
  type ClaimAnswer,
  type ClaimInput,
  CONTRACT_VERSION,
  type FetchPolicy,
  type JobId,
  jobProgress,
  KangKlipError,
  LaunchKey,
  type PresignAnswer,
  type PresignInput,
  type Pulse,
  type RankAnswer,
  type RankInput,
  type Report,
  STAGES,
} from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Uploads } from "../uploads.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import { decide, HEARTBEAT_SECONDS, LEASE_MS, RUN_MS } from "./state.ts";
import { type JobStore, type StoredJob, update } from "./store.ts";
import { attemptToken, claimToken, launchKeyIn, same, sha256 } from "./tokens.ts";

interface WorkOptions {
  store: JobStore;
  artifacts: ArtifactStore;
  uploads: Uploads;
  secret: Buffer;
  fetchPolicy: FetchPolicy;
  /** Where workers reach this API; links to ourselves are made absolute with it. */
  baseUrl: () => string;
  rank: ((input: RankInput) => Promise<RankAnswer>) | undefined;
  wake: (id: JobId) => void;
  now?: () => number;
}

const PUT_SECONDS = 900;
const CONTENT_TYPES: Record<string, string> = {
  json: "application/json",
  mp4: "video/mp4",
  jpg: "image/jpeg",
  srt: "application/x-subrip",
  vtt: "text/vtt",
  ass: "text/x-ssa",
};

/**
 * What a worker may ask: claim its attempt once, then say how it goes and get links to upload to. The attempt's token names its
 * launch, so it is checked before anything else of the request is believed.
 */
export function createWork(options: WorkOptions) {
  const { store, artifacts, uploads, secret, fetchPolicy, baseUrl, rank, wake, now = Date.now } = options;
  const absolute = (url: string) => new URL(url, `${baseUrl()}/`).href;

  /** The attempt that a token belongs to. @throws KangKlipError UNAUTHORIZED */
  async function holder(
    token: string | undefined,
    refusal: string,
  ): Promise<StoredJob & { attempt: Attempt }> {
    const launchKey = launchKeyIn(token ?? "");
    const stored = launchKey ? await store.get(jobIdOf(launchKey)) : undefined;
    const attempt = stored?.job.attempts.find(({ launch_key }) => launch_key === launchKey);
    if (!stored || !attempt?.nonce_hash || !token) throw new KangKlipError("UNAUTHORIZED", refusal);
    if (!same(token, attemptToken(secret, attempt.launch_key, attempt.nonce_hash)))
      throw new KangKlipError("UNAUTHORIZED", refusal);
    return { ...stored, attempt };
  }

  /** The same, for a message that says itself of which job and attempt it speaks. */
  async function authentic(token: string | undefined, said: { job_id: JobId; epoch: number }) {
    const held = await holder(token, "invalid attempt token");
    if (held.job.job_id !== said.job_id || held.attempt.epoch !== said.epoch)
      throw new KangKlipError("UNAUTHORIZED", "invalid attempt token");
    return held;
  }

  /** @throws KangKlipError FENCED where another attempt has begun or this one is over */
  function mustBeCurrent({ job, attempt }: { job: Job; attempt: Attempt }): void {
    if (currentAttempt(job).epoch !== attempt.epoch || attempt.state !== "CLAIMED")
      throw new KangKlipError("FENCED", `This attempt of ${job.job_id} is over`);
  }

  async function move(id: JobId, event: Parameters<typeof decide>[1]): Promise<Pulse> {
    const { job } = await update(store, id, (before) => decide(before, event, now()));
    wake(id);
    return {
      cancel: job.state === "CANCELLING" || job.state === "CANCELLED",
      lease_until: new Date(now() + LEASE_MS).toISOString(),
    };
  }

  return {
    /** @throws KangKlipError UNAUTHORIZED for a wrong token, CONFLICT for another contract, FENCED where it was claimed before */
    async claim(input: ClaimInput): Promise<ClaimAnswer> {
      if (!same(input.claim_token, claimToken(secret, input.launch_key)))
        throw new KangKlipError("UNAUTHORIZED", "invalid claim token");
      if (input.contract_version !== CONTRACT_VERSION)
        throw new KangKlipError(
          "CONFLICT",
          `The worker speaks contract ${input.contract_version}, this API ${CONTRACT_VERSION}: use the worker of the same release`,
        );
      const nonceHash = sha256(input.instance_nonce);
      const epoch = Number(/-e(\d+)$/.exec(input.launch_key)?.[1]);
      const { job } = await update(store, jobIdOf(input.launch_key), (before) =>
        decide(before, { type: "claimed", epoch, nonceHash }, now()),
      );
      wake(job.job_id);
      const { source } = job;
      return {
        attempt_token: attemptToken(secret, input.launch_key, nonceHash),
        job: {
          job_id: job.job_id,
          epoch,
          source:
            source.kind === "url"
              ? source
              : { ...source, url: absolute(await uploads.link(source.upload_id, RUN_MS / 1000)) },
          clip_duration_seconds: job.clip_duration_seconds,
          clip_count: job.clip_count,
          language: job.language,
          fetch_policy: fetchPolicy,
          can_rank: rank !== undefined,
        },
        heartbeat_seconds: HEARTBEAT_SECONDS,
        deadline: new Date(currentAttempt(job).deadline ?? now() + RUN_MS).toISOString(),
      };
    },

    async heartbeat(token: string | undefined, said: { job_id: JobId; epoch: number }): Promise<Pulse> {
      await authentic(token, said);
      return move(said.job_id, { type: "pulse", epoch: said.epoch });
    },

    async report(token: string | undefined, report: Report): Promise<Pulse> {
      await authentic(token, report);
      return move(report.job_id, { type: "report", report });
    },

    /** One short-lived link per file, bound to its size and hash, under the attempt's own prefix. */
    async presign(token: string | undefined, input: PresignInput): Promise<PresignAnswer> {
      mustBeCurrent(await authentic(token, input));
      const signed = input.files.map(async ({ name, size_bytes, sha256: hash }) => {
        const { url, headers } = await artifacts.signPut(attemptKey(input.job_id, input.epoch, name), {
          expiresSeconds: PUT_SECONDS,
          sizeBytes: size_bytes,
          sha256: hash,
          contentType: CONTENT_TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
        });
        return { name, url: absolute(url), headers };
      });
      return { uploads: await Promise.all(signed) };
    },

    /** Asks the language model for a ranking, so that its key stays here. @throws KangKlipError UNAVAILABLE */
    async rank(token: string | undefined, input: RankInput): Promise<RankAnswer> {
      mustBeCurrent(await authentic(token, input));
      if (!rank) throw new KangKlipError("UNAVAILABLE", "No language model is configured");
      return rank(input);
    },

    /** `POST /api/callback/nosana`: the checks in the documented order, then the same reports as above. */
    async callback(token: string | undefined, body: CallbackBody): Promise<{ ok: true }> {
      const { job, attempt } = await holder(token, "invalid callback token");
      const callback = body();
      if (callback.job_id !== job.job_id) throw new KangKlipError("UNAUTHORIZED", "invalid callback token");
      if (callback.epoch !== undefined && callback.epoch !== attempt.epoch)
        throw new KangKlipError("FENCED", `This attempt of ${job.job_id} is over`);
      if (attempt.outcome === "succeeded") return { ok: true }; // late, and without effect
      const report = await reportOf(callback, job, attempt);
      await move(job.job_id, { type: "report", report });
      return { ok: true };
    },
  };

  async function reportOf(callback: Callback, job: Job, attempt: Attempt): Promise<Report> {
    const said = { job_id: job.job_id, epoch: attempt.epoch, seq: callback.seq ?? attempt.seq + 1 };
    const stage = STAGES.find((known) => known === callback.stage);
    const failed = (code: "RENDER_FAILED" | "UPLOAD_FAILED", error: string): Report => ({
      ...said,
      status: "FAILED",
      code,
      error,
      stage: stage ?? job.stage,
    });
    if (callback.status === "FAILED") return failed("RENDER_FAILED", "The worker could not make the clips");
    if (callback.status === "SUCCEEDED") {
      const manifest = await artifacts.head(attemptKey(job.job_id, attempt.epoch, "manifest.json"));
      if (!manifest) return failed("UPLOAD_FAILED", "The worker uploaded no manifest");
      return { ...said, status: "SUCCEEDED", manifest_sha256: manifest.sha256 };
    }
    const at = stage ?? job.stage;
    const [from, to] = [jobProgress(at, 0), jobProgress(at, 1)];
    const stage_progress = Math.min(1, Math.max(0, ((callback.progress ?? from) - from) / (to - from)));
    return { ...said, status: "RUNNING", stage: at, stage_progress, message: null };
  }
}

/** Parses the body when it is asked for: the token is looked at first. */
type CallbackBody = () => Callback;

const jobIdOf = (launchKey: string): JobId => `kk_${LaunchKey.parse(launchKey).slice(3, 29).toUpperCase()}`;

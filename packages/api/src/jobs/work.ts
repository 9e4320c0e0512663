import {
  attemptKey,
  type Callback,
  type ClaimAnswer,
  type ClaimInput,
  CONTRACT_VERSION,
  type CompleteInput,
  type FetchPolicy,
  type JobId,
  jobProgress,
  KangKlipError,
  type OutputLanguage,
  type PresignAnswer,
  type PresignInput,
  type PublishInput,
  type Pulse,
  type RankAnswer,
  type RankInput,
  type Report,
  STAGES,
  type TranslateAnswer,
  type TranslateInput,
} from "@kangklip/contract";
import { contentTypeOf } from "../artifacts/content-type.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Uploads } from "../uploads.ts";
import { MAX_MANIFEST_BYTES } from "./commit.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import { epochOfLaunch, jobOfLaunch } from "./launch.ts";
import { mustBeUploaded, readyClip } from "./ready.ts";
import { wastedBefore, wishesOf } from "./spec.ts";
import { decide, HEARTBEAT_SECONDS, LEASE_MS, RUN_MS } from "./state.ts";
import { type JobStore, type StoredJob, update } from "./store.ts";
import { attemptToken, claimToken, launchKeyIn, nonceHashIn, same, sha256 } from "./tokens.ts";

interface WorkOptions {
  store: JobStore;
  artifacts: ArtifactStore;
  uploads: Uploads;
  secret: Buffer;
  fetchPolicy: FetchPolicy;
  /** Where workers at a provider reach this API; links to ourselves are made absolute with it. */
  baseUrl: (provider: string) => string;
  /** Of titles, where a job does not say; default: the spoken one. */
  outputLanguage?: OutputLanguage | undefined;
  rank: ((input: RankInput) => Promise<RankAnswer>) | undefined;
  /** Whether clips are locked until they are paid for: each then needs something to be shown by. Default: false. */
  locks?: boolean;
  translate?: ((input: TranslateInput) => Promise<TranslateAnswer>) | undefined;
  wake: (id: JobId) => void;
  now?: () => number;
}

const PUT_SECONDS = 900;
/** How often an attempt may ask for what costs something: one that cannot be trusted must not spend without end. */
const MOST = {
  /** A worker asks once. */
  ranking: 10,
  /** Five clips of a minute are two or three requests, and lines that were left out are asked for once more. */
  translation: 20,
  /** Five clips, each again where the answer was lost; all its bytes are read every time. */
  publishing: 20,
};

/**
 * What a worker may ask: claim its attempt once, then say how it goes and get links to upload to. The attempt's token names its
 * launch, so it is checked before anything else of the request is believed.
 */
export function createWork(options: WorkOptions) {
  const { store, artifacts, uploads, secret, fetchPolicy, baseUrl, wake, now = Date.now } = options;
  const { rank, translate, outputLanguage = "auto", locks = false } = options;
  const absolute = (url: string, { provider }: Attempt) =>
    new URL(url, `${baseUrl(provider ?? "process")}/`).href;

  /** The attempt that a token belongs to. @throws KangKlipError UNAUTHORIZED */
  async function holder(
    token: string | undefined,
    refusal: string,
  ): Promise<StoredJob & { attempt: Attempt }> {
    const launchKey = launchKeyIn(token ?? "");
    let stored = launchKey ? await store.get(jobOfLaunch(launchKey)) : undefined;
    if (!launchKey || !stored || !token) throw new KangKlipError("UNAUTHORIZED", refusal);
    const find = ({ job }: StoredJob) => job.attempts.find(({ launch_key }) => launch_key === launchKey);
    const nonceHash = find(stored)?.nonce_hash ?? nonceHashIn(token) ?? "";
    if (!same(token, attemptToken(secret, launchKey, nonceHash)))
      throw new KangKlipError("UNAUTHORIZED", refusal);
    if (!find(stored)?.nonce_hash) {
      // the claim was granted in a time that the store has lost
      const event = { type: "claim_remembered", epoch: epochOfLaunch(launchKey), nonceHash } as const;
      stored = await update(store, stored.job.job_id, (job) => decide(job, event, now()));
      wake(stored.job.job_id);
    }
    const attempt = find(stored);
    if (!attempt) throw new KangKlipError("FENCED", `This attempt of ${stored.job.job_id} is over`);
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

  /** @throws KangKlipError RATE_LIMITED where the attempt has asked too often */
  async function countAsked(what: keyof typeof MOST, launchKey: string): Promise<void> {
    const most = MOST[what];
    for (let place = 1; place <= most; place++)
      if (await store.remember(`${what}:${launchKey}:${place}`, "", RUN_MS)) return;
    throw new KangKlipError(
      "RATE_LIMITED",
      what === "publishing"
        ? `An attempt may publish clips ${most} times, not more`
        : `An attempt may ask the language model ${most} times for a ${what}, not more`,
    );
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
      const epoch = epochOfLaunch(input.launch_key);
      if (input.contract_version !== CONTRACT_VERSION) {
        const message = `The worker speaks contract ${input.contract_version}, this API ${CONTRACT_VERSION}: use the worker of the same release`;
        await move(jobOfLaunch(input.launch_key), { type: "unfit", epoch, message });
        throw new KangKlipError("CONFLICT", message);
      }
      const nonceHash = sha256(input.instance_nonce);
      const { job } = await update(store, jobOfLaunch(input.launch_key), (before) =>
        decide(before, { type: "claimed", epoch, nonceHash }, now()),
      );
      wake(job.job_id);
      const { source } = job;
      const attempt = currentAttempt(job);
      const deadline = attempt.deadline ?? now() + RUN_MS;
      return {
        attempt_token: attemptToken(secret, input.launch_key, nonceHash),
        job: {
          ...wishesOf(job, outputLanguage),
          epoch,
          source:
            source.kind === "url"
              ? source
              : { ...source, url: absolute(await uploads.link(source.upload_id, RUN_MS / 1000), attempt) },
          fetch_policy: fetchPolicy,
          can_rank: rank !== undefined,
          preview: locks,
          wasted_attempts: wastedBefore(job, epoch, now()),
        },
        heartbeat_seconds: HEARTBEAT_SECONDS,
        deadline: new Date(deadline).toISOString(),
        seconds_left: Math.max(0, Math.round((deadline - now()) / 1000)),
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

    /** Short-lived links, bound to the size and hash of each file, under the attempt's own prefix. */
    async presign(token: string | undefined, input: PresignInput): Promise<PresignAnswer> {
      const held = await authentic(token, input);
      mustBeCurrent(held);
      const answer: PresignAnswer = { uploads: [], in_parts: [] };
      for (const { name, size_bytes, sha256: hash, upload_id } of input.files) {
        const key = attemptKey(input.job_id, input.epoch, name);
        const options = {
          expiresSeconds: PUT_SECONDS,
          sizeBytes: size_bytes,
          sha256: hash,
          contentType: contentTypeOf(name) ?? "application/octet-stream",
        };
        const parts = await artifacts.signParts(key, { ...options, uploadId: upload_id });
        if (parts)
          answer.in_parts.push({
            name,
            upload_id: parts.uploadId,
            part_bytes: parts.partBytes,
            urls: parts.urls.map((url) => absolute(url, held.attempt)),
          });
        else {
          const { url, headers } = await artifacts.signPut(key, options);
          answer.uploads.push({ name, url: absolute(url, held.attempt), headers });
        }
      }
      return answer;
    },

    /** @throws KangKlipError UPLOAD_FAILED where the parts do not make the file: it has to be sent again */
    async complete(token: string | undefined, input: CompleteInput): Promise<{ ok: true }> {
      mustBeCurrent(await authentic(token, input));
      const { job_id, epoch, name, upload_id, size_bytes, etags } = input;
      const key = attemptKey(job_id, epoch, name);
      await artifacts.completeParts(key, upload_id, etags);
      const there = await artifacts.head(key);
      if (there?.sizeBytes !== size_bytes)
        throw new KangKlipError("UPLOAD_FAILED", `${name} did not arrive whole`);
      return { ok: true };
    },

    /**
     * A clip is whole and its files are uploaded: it can be watched while others are made. Doing it again is harmless.
     * @throws KangKlipError FENCED, INVALID_INPUT for files that are not the clip's own, UPLOAD_FAILED where one is not what was said of it
     */
    async publish(token: string | undefined, input: PublishInput): Promise<Pulse> {
      const held = await authentic(token, input);
      mustBeCurrent(held);
      if (held.job.edit) throw new KangKlipError("CONFLICT", "A revision is seen when its job is done");
      const clip = readyClip(input);
      await countAsked("publishing", held.attempt.launch_key);
      await mustBeUploaded(artifacts, input);
      return move(input.job_id, { type: "clip_ready", epoch: input.epoch, clip });
    },

    /** Asks the language model for a ranking, so that its key stays here. @throws KangKlipError UNAVAILABLE, RATE_LIMITED */
    async rank(token: string | undefined, input: RankInput): Promise<RankAnswer> {
      const held = await authentic(token, input);
      mustBeCurrent(held);
      if (!rank) throw new KangKlipError("UNAVAILABLE", "No language model is configured");
      await countAsked("ranking", held.attempt.launch_key);
      return rank(input);
    },

    /** Has the language model translate captions, like `rank`. @throws KangKlipError UNAVAILABLE, RATE_LIMITED */
    async translate(token: string | undefined, input: TranslateInput): Promise<TranslateAnswer> {
      const held = await authentic(token, input);
      mustBeCurrent(held);
      if (!translate) throw new KangKlipError("UNAVAILABLE", "No language model is configured");
      await countAsked("translation", held.attempt.launch_key);
      return translate(input);
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
      const manifest = attemptKey(job.job_id, attempt.epoch, "manifest.json");
      const there = await artifacts.head(manifest);
      if (!there) return failed("UPLOAD_FAILED", "The worker uploaded no manifest");
      if (there.sizeBytes > MAX_MANIFEST_BYTES)
        return failed("UPLOAD_FAILED", "The worker's manifest is too large");
      return { ...said, status: "SUCCEEDED", manifest_sha256: await artifacts.hash(manifest) };
    }
    const at = stage ?? job.stage;
    const [from, to] = [jobProgress(at, 0), jobProgress(at, 1)];
    const stage_progress = Math.min(1, Math.max(0, ((callback.progress ?? from) - from) / (to - from)));
    return { ...said, status: "RUNNING", stage: at, stage_progress, message: null };
  }
}

/** Parses the body when it is asked for: the token is looked at first. */
type CallbackBody = () => Callback;

import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createTRPCClient, httpSubscriptionLink } from "@trpc/client";
import { EventSource } from "eventsource";
import type { AppRouter } from "../../packages/api/src/router.ts";
import { type CreatedJob, isEnded, type JobView, type Results } from "../../packages/contract/src/index.ts";
import type { Fact } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Behaviour } from "./worker.ts";

const POLL_MS = 250;
const AGAIN_MS = 200;
/** What any answer may take, under any one fault. */
const ANSWER_MS = 5000;
/** How late a subscriber may know what everybody else knows. */
const TOLD_MS = 12_000;

export interface Watched {
  id: string;
  behaviour: Behaviour;
  token: string;
  view: JobView | undefined;
  /** What its owner still waits for, in words; undefined when nothing. */
  waitsFor: string | undefined;
}

/**
 * People who want clips: each makes a job with an Idempotency-Key, asks again until it is answered, sometimes asks twice, follows the job
 * by asking or by a subscription, and looks at what it gets. @param patience how many times slower than usual the machine may be
 */
export function createClients(options: {
  url: string;
  facts: Fact[];
  random: Random;
  patience: number;
  signal: AbortSignal;
}) {
  const { url, facts, random, patience, signal } = options;
  const jobs: Watched[] = [];
  let serial = 0;
  let slowestMs = 0;

  /** One answer, or undefined where none came. */
  async function ask<T>(
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: T } | undefined> {
    const from = performance.now();
    try {
      const limit = AbortSignal.timeout(ANSWER_MS * patience);
      const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.any([signal, limit]) });
      const text = await response.text();
      return { status: response.status, body: text ? JSON.parse(text) : undefined };
    } catch {
      return undefined;
    } finally {
      const ms = performance.now() - from;
      slowestMs = Math.max(slowestMs, ms);
      if (ms > ANSWER_MS)
        facts.push({
          is: "waited",
          id: "I15",
          on: `${init.method ?? "GET"} ${path}`,
          ms,
          limitMs: ANSWER_MS * patience,
        });
    }
  }

  async function create(body: string, key: string): Promise<CreatedJob> {
    for (;;) {
      signal.throwIfAborted();
      const headers = { "content-type": "application/json", "idempotency-key": key };
      const answer = await ask<CreatedJob>("/api/jobs", { method: "POST", headers, body });
      if (answer && answer.status < 300) {
        facts.push({ is: "acked", job: answer.body.job_id, key, body });
        return answer.body;
      }
      // 409: the first request with this key still runs, or died a moment ago
      if (answer && answer.status < 500 && answer.status !== 409)
        facts.push({
          is: "broken",
          id: "I6",
          job: null,
          text: `a create was answered with ${answer.status}`,
        });
      await sleep(AGAIN_MS);
    }
  }

  /** Makes a job that will behave like this and follows it to its end. */
  async function make(behaviour: Behaviour): Promise<Watched> {
    const video_url = `https://example.com/${behaviour}-${++serial}.mp4`;
    const body = JSON.stringify({ video_url, clip_duration_seconds: 30, clip_count: 1 });
    const key = randomUUID();
    const twice = random.chance(0.25);
    const [follows, repeats] = [random.chance(0.33), random.chance(0.2)];
    const [made] = await Promise.all([create(body, key), twice && create(body, key)]);
    const watched: Watched = {
      id: made.job_id,
      behaviour,
      token: made.job_token,
      view: undefined,
      waitsFor: "its end",
    };
    const done = async () => {
      await follow(watched, follows);
      watched.waitsFor = "the same answer to its Idempotency-Key";
      if (repeats) await create(body, key);
      watched.waitsFor = undefined;
    };
    done().catch(() => {}); // the run was ended; what it waits for is still there
    jobs.push(watched);
    return watched;
  }

  function see(watched: Watched, view: JobView): void {
    watched.view = view;
    const {
      job_id: job,
      version,
      state,
      progress,
      error,
      error_code,
      error_action,
      failed_stage,
      stage,
    } = view;
    const epoch = view.attempts.at(-1)?.epoch ?? 0;
    const seen = { version, state, epoch, progress, done: progress === 100 };
    facts.push({ is: "view", job, ...seen, error, error_code, error_action, stage: failed_stage ?? stage });
  }

  async function follow(watched: Watched, subscribes: boolean): Promise<void> {
    const stream = subscribes ? subscribe(watched) : undefined;
    if (stream) signal.addEventListener("abort", stream.stop);
    let wantsGone = watched.behaviour === "cancelled";
    for (;;) {
      signal.throwIfAborted();
      const answer = await ask<JobView>(`/api/jobs/${watched.id}`);
      if (answer?.status === 200) {
        const view = answer.body;
        if (!stream) see(watched, view);
        if (isEnded(view.status)) break;
        if (wantsGone && view.state === "RUNNING") wantsGone = !(await cancel(watched));
      } else if (answer && answer.status < 500)
        facts.push({ is: "broken", id: "I1", job: watched.id, text: `was answered with ${answer.status}` });
      await sleep(POLL_MS);
    }
    if (!stream) return;
    const from = performance.now();
    await Promise.race([stream.ended, sleep(TOLD_MS * patience, undefined, { ref: false })]);
    const ms = performance.now() - from;
    stream.stop();
    facts.push({
      is: "waited",
      id: "I10",
      on: `the last view of ${watched.id}`,
      ms,
      limitMs: TOLD_MS * patience - 1,
    });
    await look(watched);
  }

  function subscribe(watched: Watched) {
    const client = createTRPCClient<AppRouter>({
      links: [httpSubscriptionLink({ url: `${url}/trpc`, EventSource })],
    });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const subscription = client.jobs.events.subscribe(
      { job_id: watched.id },
      {
        onData({ data }) {
          const view = data as JobView;
          see(watched, view);
          if (isEnded(view.status)) resolve();
        },
        onError: () => {}, // it connects again by itself
      },
    );
    return { ended, stop: () => subscription.unsubscribe() };
  }

  async function cancel({ id, token }: Watched): Promise<boolean> {
    const answer = await ask(`/api/jobs/${id}/cancel`, { method: "POST", headers: { "x-job-token": token } });
    return answer !== undefined && answer.status < 300;
  }

  /** The job as it is now. */
  async function look(watched: Watched): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const answer = await ask<JobView>(`/api/jobs/${watched.id}`);
      if (answer?.status === 200) return see(watched, answer.body);
      await sleep(AGAIN_MS);
    }
  }

  /** Downloads what the job lists, as a person does. */
  async function download({ id, token }: Watched): Promise<void> {
    const headers = { "x-job-token": token };
    const answer = await ask<Results>(`/api/jobs/${id}/results`, { headers });
    const [clip] = answer?.body.clips ?? [];
    if (!clip) return void facts.push({ is: "broken", id: "I7", job: id, text: "lists no clip" });
    const response = await fetch(`${url}${clip.download_endpoint.replace(/\/download$/, "")}`, {
      headers,
      signal,
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (createHash("sha256").update(bytes).digest("hex") !== clip.sha256)
      facts.push({ is: "broken", id: "I7", job: id, text: `${clip.clip_file} is not what its results say` });
  }

  return { jobs, make, look, download, slowestMs: () => slowestMs };
}

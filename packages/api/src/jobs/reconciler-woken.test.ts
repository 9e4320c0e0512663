import { expect, test } from "vitest";
import { startTestApi } from "../testing.ts";
import { currentAttempt } from "./job.ts";
import { decide, newJob } from "./state.ts";
import { update } from "./store.ts";
import { newIdentity } from "./tokens.ts";

const JOB = { video_url: "https://example.com/silent.mp4", clip_duration_seconds: 30, clip_count: 1 };

/** An API with one place, which tells which jobs were read from its store, and how often a launch was asked for. */
async function aSmallApi() {
  const read: string[] = [];
  let submitted = 0;
  const api = await startTestApi({
    env: { MAX_RUNNING_JOBS: "1" },
    wrap: (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        get(id) {
          read.push(id);
          return ports.store.get(id);
        },
      },
      providers: ports.providers.map((provider) => ({
        ...provider,
        submit(...asked) {
          submitted++;
          return provider.submit(...asked);
        },
      })),
    }),
  });
  return { api, read, submitted: () => submitted };
}

test("a new job that has to wait is known as it was made: nobody reads it before it is its turn", async () => {
  const { api, read } = await aSmallApi();
  await using _ = api;
  const { queue } = api.services.reconciler;
  await api.rest("POST", "/api/jobs", JOB);
  await expect.poll(() => queue().running).toBe(1);
  const { body } = await api.rest("POST", "/api/jobs", JOB);
  await expect.poll(() => queue().waiting).toBe(1);
  expect(read).not.toContain(body.job_id);
  expect((await api.services.store.active()).includes(body.job_id)).toBe(true);
});

test("a job that was cancelled since it was told about is not launched", async () => {
  const { api, read, submitted } = await aSmallApi();
  await using _ = api;
  const { store, reconciler, now } = api.services;
  const { id } = newIdentity(now());
  const source = { kind: "url", url: JOB.video_url } as const;
  const job = newJob(id, "0".repeat(64), source, { ...JOB, language: "auto" }, now());
  await store.insert(job);
  await update(store, id, (stored) => decide(stored, { type: "cancel" }, now()));
  read.length = 0;
  reconciler.wake(id, job);
  await expect.poll(() => [read.includes(id), reconciler.queue().waiting]).toEqual([true, 0]); // its turn came
  const stored = await store.get(id);
  expect(stored?.job.state).toBe("CANCELLED");
  expect(stored && currentAttempt(stored.job).submitting_at).toBeNull();
  expect(submitted()).toBe(0);
});

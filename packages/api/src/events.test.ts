import { setTimeout as sleep } from "node:timers/promises";
import type { JobView } from "@kangklip/contract";
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import { expect, test } from "vitest";
import type { AppRouter } from "./router.ts";
import { startTestApi } from "./testing.ts";

const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };

/** Collects what a subscription delivers until it ends or is left. */
function subscribe(url: string, input: { job_id: string; lastEventId?: string }) {
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({ url: `${url}/trpc`, EventSource }),
        false: httpBatchLink({ url: `${url}/trpc` }),
      }),
    ],
  });
  const views: { id: string; data: JobView }[] = [];
  let code: unknown;
  const ended = new Promise<void>((end) => {
    const subscription = client.jobs.events.subscribe(input, {
      onData(event) {
        views.push(event as { id: string; data: JobView });
        if (event.data.status !== "SUCCEEDED" && event.data.status !== "FAILED") return;
        subscription.unsubscribe();
        end();
      },
      onError(error) {
        code = (error.data as { kk?: { code: string } } | undefined)?.kk?.code;
        subscription.unsubscribe();
        end();
      },
    });
  });
  return { views, ended, code: () => code };
}

test("a subscription gives each newer view in order and ends with the job", async () => {
  await using api = await startTestApi();
  const { job_id } = await api.trpc().jobs.create.mutate(JOB);
  const { views, ended } = subscribe(api.url, { job_id });
  await ended;
  const versions = views.map(({ data }) => data.version);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  expect(new Set(versions).size).toBe(versions.length);
  expect(views.map(({ id }) => id)).toEqual(versions.map(String));
  expect(views.at(-1)?.data).toMatchObject({ status: "SUCCEEDED", progress: 100 });
  const progress = views.map(({ data }) => data.progress);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
});

test("a client that comes back with the last id is given only what is newer", async () => {
  await using api = await startTestApi();
  const { job_id, job_token } = await api
    .trpc()
    .jobs.create.mutate({ ...JOB, video_url: "https://example.com/silent.mp4" });
  const seen = await api.until(
    job_id,
    ({ state, stage_progress }) => state === "RUNNING" && stage_progress > 0,
  );
  await sleep(300); // let the submission be written down
  const now = await api.trpc().jobs.view.query({ job_id });
  const { views, ended } = subscribe(api.url, { job_id, lastEventId: String(now.version) });
  await sleep(400);
  expect(views).toEqual([]);
  await api.trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
  await ended;
  expect(views[0]?.data.version).toBeGreaterThan(seen.version);
  expect(views.at(-1)?.data.state).toBe("CANCELLED");
});

test("an unknown job ends a subscription with its name", async () => {
  await using api = await startTestApi();
  const { ended, code } = subscribe(api.url, { job_id: "kk_01JD0000000000000000000000" });
  await ended;
  expect(code()).toBe("NOT_FOUND");
});

test("stopping the API ends open streams at once, and running work is left alone", async () => {
  await using api = await startTestApi();
  const { job_id } = await api
    .trpc()
    .jobs.create.mutate({ ...JOB, video_url: "https://example.com/silent.mp4" });
  await api.until(job_id, ({ state }) => state === "RUNNING");
  const response = await fetch(
    `${api.url}/trpc/jobs.events?input=${encodeURIComponent(JSON.stringify({ job_id }))}`,
    {
      headers: { accept: "text/event-stream" },
    },
  );
  const reader = response.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toContain("event: connected");
  const from = performance.now();
  await api.stop();
  expect(performance.now() - from).toBeLessThan(3000);
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read());
});

test("several calls travel in one request and fail one by one", async () => {
  await using api = await startTestApi();
  const good = await api.trpc().jobs.create.mutate(JOB);
  const input = {
    0: { job_id: good.job_id },
    1: { job_id: "kk_01JD0000000000000000000000" },
    2: { job_id: "nonsense" },
  };
  const response = await fetch(
    `${api.url}/trpc/jobs.view,jobs.view,jobs.view?batch=1&input=${encodeURIComponent(JSON.stringify(input))}`,
  );
  const [first, second, third] = (await response.json()) as { result?: object; error?: { data: object } }[];
  expect(first?.result).toMatchObject({ data: { job_id: good.job_id } });
  expect(second?.error).toMatchObject({
    message: "job not found",
    data: { httpStatus: 404, kk: { code: "NOT_FOUND" } },
  });
  expect(third?.error).toMatchObject({ message: "job not found" });
});

test("only the operator of the machine may list jobs", async () => {
  await using api = await startTestApi();
  const { job_id } = await api.trpc().jobs.create.mutate(JOB);
  await expect(api.trpc().jobs.list.query({})).rejects.toThrow("Only the operator");
  const operator = api.trpc({ "x-operator-token": api.config.operatorToken });
  expect(await operator.jobs.list.query({})).toMatchObject([{ job_id, source: JOB.video_url }]);
});

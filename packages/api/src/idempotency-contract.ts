import type { CreatedJob } from "@kangklip/contract";
import { KangKlipError } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApi } from "./testing.ts";

const JOB = { video_url: "https://example.com/hangs.mp4", clip_duration_seconds: 30, clip_count: 1 };
type TestApi = Awaited<ReturnType<typeof startTestApi>>;
type Answer = { status: number; body: CreatedJob & { code?: string; detail?: string } };

const DOORS = {
  async REST(api: TestApi, body: object, key: string): Promise<Answer> {
    return api.rest("POST", "/api/jobs", body, { "idempotency-key": key });
  },
  async tRPC(api: TestApi, body: object, key: string): Promise<Answer> {
    const { status, body: said } = await api.rest("POST", "/trpc/jobs.create", body, {
      "idempotency-key": key,
    });
    return {
      status,
      body: said.result?.data ?? { code: said.error.data.kk.code, detail: said.error.message },
    };
  },
};

/**
 * What an `Idempotency-Key` promises (invariant I6), at both doors of an API.
 * @param env settings that choose the store, such as REDIS_URL; asked for when the tests begin
 */
export function testIdempotency(
  title: string,
  env: () => Promise<Record<string, string>> = async () => ({}),
) {
  describe.each(Object.entries(DOORS))(`Idempotency-Key over %s on ${title}`, (door, post) => {
    let api: TestApi;
    /** What the next `insert` answers with although it has done its work. */
    let lost: Error | undefined;
    const stored = async () => (await api.services.store.list({ limit: 200 })).map(({ job_id }) => job_id);

    beforeAll(async () => {
      api = await startTestApi({
        env: { ...(await env()), MAX_RUNNING_JOBS: "1" },
        wrap: (ports) => ({
          ...ports,
          store: {
            ...ports.store,
            async insert(job) {
              const done = await ports.store.insert(job);
              const error = lost;
              lost = undefined;
              if (error) throw error;
              return done;
            },
          },
        }),
      });
    }, 60_000);
    afterAll(() => api[Symbol.asyncDispose]());

    test("the same request is answered as the first time, another one is 422", async () => {
      const first = await post(api, JOB, `${door}-a`);
      expect(first).toMatchObject({ status: 200, body: { status: "QUEUED" } });
      const turned = Object.fromEntries(Object.entries(JOB).reverse());
      for (const body of [JOB, turned])
        expect(await post(api, body, `${door}-a`)).toMatchObject({ status: 200, body: first.body });
      const other = await post(api, { ...JOB, clip_count: 3 }, `${door}-a`);
      expect(other).toMatchObject({ status: 422, body: { code: "UNPROCESSABLE" } });
      expect((await post(api, JOB, `${door}-b`)).body.job_id).not.toBe(first.body.job_id);
    });

    test("twenty at once make one job and get one answer", async () => {
      const before = await stored();
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(api, JOB, `${door}-c`)));
      expect(
        new Set(answers.map(({ status, body }) => `${status} ${body.job_id} ${body.job_token}`)).size,
      ).toBe(1);
      expect((await stored()).length - before.length).toBe(1);
    });

    test("a job whose making was not answered is the answer to the next try", async () => {
      const before = await stored();
      lost = new KangKlipError("UNAVAILABLE", "The job store did not answer");
      expect((await post(api, JOB, `${door}-d`)).status).toBe(503);
      const [made] = (await stored()).filter((id) => !before.includes(id));
      const again = await post(api, JOB, `${door}-d`);
      expect(again).toMatchObject({ status: 200, body: { job_id: made } });
      expect((await stored()).length - before.length).toBe(1);
      const opened = await api.rest("GET", `/api/jobs/${made}`, undefined, {
        "x-job-token": again.body.job_token,
      });
      expect(opened.body.source).not.toBeNull(); // the token opens it
    });

    test("a bug on the way is not kept, and makes no second job either", async () => {
      const before = await stored();
      lost = new Error("a bug, on purpose");
      expect((await post(api, JOB, `${door}-e`)).status).toBe(500);
      expect((await post(api, JOB, `${door}-e`)).status).toBe(200);
      expect((await stored()).length - before.length).toBe(1);
    });

    test("a refusal is not kept: the same key may bring the corrected request", async () => {
      const wrong = { ...JOB, video_url: "http://10.0.0.1/v.mp4" };
      for (const _ of [1, 2])
        expect(await post(api, wrong, `${door}-f`)).toMatchObject({
          status: 400,
          body: { code: "SOURCE_REFUSED" },
        });
      expect((await post(api, JOB, `${door}-f`)).status).toBe(200);
    });

    test("a key has 1 to 255 visible characters", async () => {
      for (const key of ["", "two words", "a, b", "é", "x".repeat(256)])
        expect(await post(api, JOB, key), key).toMatchObject({
          status: 400,
          body: { code: "INVALID_INPUT", detail: expect.stringContaining("Idempotency-Key") },
        });
      for (const key of [door.padEnd(255, "x"), `"${door}-8e03978e-40d5-43dd-bc93-6894a57f9324"`])
        expect((await post(api, JOB, key)).status, key).toBe(200);
    });

    test("a key counts for one caller and one path only", async () => {
      const made = [await post(api, JOB, `${door}-g`), await post(api, JOB, `${door}-h`)];
      const cancel = (job: CreatedJob | undefined, token = job?.job_token ?? "") =>
        api.rest("POST", `/api/jobs/${job?.job_id}/cancel`, undefined, {
          ...{ "idempotency-key": `${door}-g`, "x-job-token": token },
        });
      const [one, two] = made.map(({ body }) => body);
      const cancelled = await cancel(one);
      expect(cancelled.status).toBe(200);
      expect((await cancel(two)).body.job_id).toBe(two?.job_id); // another caller
      expect(await cancel(one)).toMatchObject({ status: 200, body: cancelled.body });
      expect((await cancel(one, "kkj_wrong")).status).toBe(401);
    });

    test("what the operator was answered is told to nobody else", async () => {
      const { job_id } = (await post(api, JOB, `${door}-i`)).body;
      const key = { "idempotency-key": `${door}-j` };
      const operator = { ...key, "x-operator-token": api.config.operatorToken };
      const cancel = (headers: Record<string, string>) =>
        api.rest("POST", `/api/jobs/${job_id}/cancel`, undefined, headers);
      expect((await cancel(operator)).status).toBe(200);
      expect((await cancel(key)).status).toBe(401);
    });
  });

  test(`a key is the same at both doors, on ${title}`, async () => {
    await using api = await startTestApi({ env: await env() });
    const first = await DOORS.REST(api, JOB, "either");
    expect((await DOORS.tRPC(api, JOB, "either")).body).toEqual(first.body);
  });
}

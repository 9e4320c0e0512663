import { createHash } from "node:crypto";
import { artifactKey } from "@kangklip/contract";
import { CLIP_VIEW_KEYS_1X, JOB_VIEW_KEYS_1X } from "@kangklip/contract/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "./rest.ts";
import { startTestApi } from "./testing.ts";

const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
const UNKNOWN = "/api/jobs/kk_01JD0000000000000000000000";
let api: Awaited<ReturnType<typeof startTestApi>>;
let done: { job_id: string; job_token: string };
let fresh: { job_id: string; job_token: string };
const tokenOf = (job: { job_token: string }) => ({ "x-job-token": job.job_token });

beforeAll(async () => {
  api = await startTestApi();
  done = (await api.rest("POST", "/api/jobs", JOB)).body;
  expect((await api.until(done.job_id)).status).toBe("SUCCEEDED");
  fresh = (await api.rest("POST", "/api/jobs", { ...JOB, video_url: "https://example.com/hangs.mp4" })).body;
});
afterAll(() => api[Symbol.asyncDispose]());

test("a view is the same, byte for byte, through both doors, and to whoever shows its etag it is not sent again", async () => {
  const ask = (headers: Record<string, string> = {}, method = "GET") =>
    fetch(`${api.url}/api/jobs/${done.job_id}`, { method, headers });
  const over = async () =>
    (await api.services.store.get(done.job_id))?.job.attempts.every(({ released }) => released);
  await expect.poll(over, { timeout: 15_000 }).toBe(true); // nothing of it changes any more
  for (const headers of [tokenOf(done), {} as Record<string, string>]) {
    const [first, second] = [await ask(headers), await ask(headers)];
    const text = await first.text();
    const input = encodeURIComponent(JSON.stringify({ job_id: done.job_id }));
    const typed = await (await fetch(`${api.url}/trpc/jobs.view?input=${input}`, { headers })).text();
    expect(typed).toBe(`{"result":{"data":${text}}}`);
    expect(await second.text()).toBe(text);
    const sha1 = createHash("sha1").update(text).digest("base64").slice(0, 27);
    const etag = `W/"${Buffer.byteLength(text).toString(16)}-${sha1}"`;
    for (const { headers: said } of [first, second])
      expect(Object.fromEntries(said)).toMatchObject({
        ...{ etag, "cache-control": "no-store", "content-type": "application/json; charset=utf-8" },
        "content-length": String(Buffer.byteLength(text)),
        "x-content-type-options": "nosniff",
      });
    const again = await ask({ ...headers, "if-none-match": etag, "cache-control": "max-age=0" });
    expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
    const other = await ask({ ...headers, "if-none-match": '"another"' });
    expect([other.status, await other.text()]).toEqual([200, text]);
    const plain = await ask({ ...headers, origin: "https://elsewhere.example" });
    const query = await fetch(`${api.url}/api/jobs/${done.job_id}?a=b`, {
      headers: { ...headers, origin: "https://elsewhere.example" },
    });
    const same = ({ headers: all }: Response) =>
      [...all].filter(([name]) => !["date", "x-request-id"].includes(name)).toSorted();
    expect(same(query)).toEqual(same(plain)); // in front of the table and in it
    expect(await query.text()).toBe(await plain.text());
    const head = await ask(headers, "HEAD");
    expect([head.status, await head.text(), head.headers.get("etag")]).toEqual([200, "", etag]);
  }
});

describe("POST /api/jobs", () => {
  test("answers 200 with the documented three fields", async () => {
    const { status, body } = await api.rest("POST", "/api/jobs", {
      ...JOB,
      extra: "ignored",
      language: null,
    });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["job_id", "job_token", "status"]);
    expect(body).toMatchObject({
      job_id: expect.stringMatching(/^kk_[0-9A-HJKMNP-TV-Z]{26}$/),
      status: "QUEUED",
    });
  });

  test("takes wishes for the clips, shows them with the job, and what they should be about to its owner alone", async () => {
    const wishes = { caption_preset: "pop", tighten: true, output_language: "id", language: "fr" };
    const { body } = await api.rest("POST", "/api/jobs", { ...JOB, ...wishes, about: "  the dog " });
    const view = (headers: Record<string, string> = {}) =>
      api.rest("GET", `/api/jobs/${body.job_id}`, undefined, headers);
    expect((await view(tokenOf(body))).body.request).toMatchObject({ ...wishes, about: "the dog" });
    expect((await view()).body.request).toMatchObject({ ...wishes, about: null });
    expect((await view()).body.edit).toBeNull();
    for (const wrong of [
      { caption_preset: "comic" },
      { tighten: "yes" },
      { output_language: "??" },
      { about: "x".repeat(301) },
    ])
      expect((await api.rest("POST", "/api/jobs", { ...JOB, ...wrong })).status).toBe(400);
  });

  test.each([
    [{}, "video_url is required"],
    [{ ...JOB, video_url: "" }, "video_url is required"],
    [{ ...JOB, video_url: 7 }, "video_url is required"],
    [{ ...JOB, video_url: "no url" }, "video_url must be a valid URL"],
    [{ ...JOB, video_url: "javascript:alert(1)" }, "video_url must be a valid URL"],
    [{ video_url: "no url", clip_count: 99 }, "video_url must be a valid URL"],
    [{ video_url: JOB.video_url, clip_count: 99 }, "clip_duration_seconds is required"],
    [{ ...JOB, clip_duration_seconds: "30" }, "clip_duration_seconds is required"],
    [{ ...JOB, clip_duration_seconds: 61 }, "clip_duration_seconds must be between 30 and 60"],
    [{ ...JOB, clip_duration_seconds: 30.5 }, "clip_duration_seconds must be between 30 and 60"],
    [{ ...JOB, clip_count: null, language: "xx" }, "clip_count is required"],
    [{ ...JOB, clip_count: 0 }, "clip_count must be between 1 and 5"],
    [{ ...JOB, clip_count: 2.5 }, "clip_count must be between 1 and 5"],
    [{ ...JOB, language: "tlh" }, "language must be en, id, or auto"],
    [[], "video_url is required"],
  ])("%j is refused with the first failing check's text", async (request, detail) => {
    const { status, body } = await api.rest("POST", "/api/jobs", request);
    expect({ status, detail: body.detail, code: body.code }).toEqual({
      status: 400,
      detail,
      code: "INVALID_INPUT",
    });
  });

  test("an address that is not public is refused by name", async () => {
    const { status, body } = await api.rest("POST", "/api/jobs", {
      ...JOB,
      video_url: "http://127.0.0.1/v.mp4",
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "SOURCE_REFUSED",
      action: expect.stringContaining("--allow-private"),
    });
  });

  test("another content type counts as an empty body", async () => {
    const { status, body } = await api.rest("POST", "/api/jobs", JSON.stringify(JOB), {
      "content-type": "text/plain",
    });
    expect([status, body.detail]).toEqual([400, "video_url is required"]);
  });
});

describe("GET /api/jobs/:job_id", () => {
  test("needs no token, has all seven documented keys and hides the source", async () => {
    const { status, body } = await api.rest("GET", `/api/jobs/${done.job_id}`);
    expect(status).toBe(200);
    expect(Object.keys(body).slice(0, 7)).toEqual(JOB_VIEW_KEYS_1X);
    expect(body).toMatchObject({
      status: "SUCCEEDED",
      stage: "DONE",
      progress: 100,
      error: null,
      start_error: null,
    });
    expect(body.source).toBeNull();
    const owned = await api.rest("GET", `/api/jobs/${done.job_id}`, undefined, tokenOf(done));
    expect(owned.body.source).toMatchObject({ title: "A talk", seconds: 120, url: JOB.video_url });
  });

  test("paths are case-insensitive, tolerate one trailing slash and answer HEAD", async () => {
    expect((await api.rest("GET", `/API/JOBS/${done.job_id}/`)).status).toBe(200);
    const head = await api.rest("HEAD", `/api/jobs/${done.job_id}`);
    expect([head.status, head.body]).toEqual([200, ""]);
  });
});

describe("results and clips", () => {
  test("results list the clips with relative endpoints", async () => {
    const { status, body } = await api.rest(
      "GET",
      `/api/jobs/${done.job_id}/results`,
      undefined,
      tokenOf(done),
    );
    expect(status).toBe(200);
    const [clip] = body.clips;
    const base = `/api/jobs/${done.job_id}/clips/clip_01.mp4`;
    expect(Object.keys(clip).slice(0, 7)).toEqual(CLIP_VIEW_KEYS_1X);
    expect(clip).toMatchObject({
      clip_file: "clip_01.mp4",
      title: "The tests' clip",
      duration: 30,
      locked: false,
      unlock_endpoint: `${base}/unlock`,
      download_endpoint: `${base}/download`,
      preview_endpoint: `${base}/preview`,
    });
  });

  test("preview and download are links with the documented lifetimes; where nothing is locked both lead to the clip", async () => {
    const base = `/api/jobs/${done.job_id}/clips/clip_01.mp4`;
    const preview = await api.rest("GET", `${base}/preview`, undefined, tokenOf(done));
    const download = await api.rest("GET", `${base}/download`, undefined, tokenOf(done));
    expect([preview.body.expires_in, download.body.expires_in]).toEqual([600, 86_400]);
    const bytes = async (url: string) => Buffer.from(await (await fetch(`${api.url}${url}`)).arrayBuffer());
    expect((await bytes(preview.body.url)).length).toBe(5000);
    expect((await bytes(download.body.url)).length).toBe(5000);
    const saved = await fetch(`${api.url}${download.body.url}`);
    expect(saved.headers.get("content-disposition")).toMatch(/^attachment; filename="?clip_01\.mp4/);
  });

  test.each([
    ["bytes=0-99", 206, 100, "bytes 0-99/5000"],
    ["bytes=-100", 206, 100, "bytes 4900-4999/5000"],
    ["bytes=4990-", 206, 10, "bytes 4990-4999/5000"],
    ["bytes=9000-", 416, undefined, "bytes */5000"],
    [undefined, 200, 5000, null],
  ])("the stream answers range %s with %s", async (range, status, length, contentRange) => {
    const response = await fetch(`${api.url}/api/jobs/${done.job_id}/clips/clip_01.mp4`, {
      headers: { ...tokenOf(done), ...(range && { range }) },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    const body = Buffer.from(await response.arrayBuffer());
    if (length !== undefined) {
      expect(response.headers.get("content-type")).toBe("video/mp4");
      expect(response.headers.get("cache-control")).toBe("private, max-age=3600");
      expect(body.length).toBe(length);
    }
  });

  test("a manifest that 1.x stored, without hashes, is still listed", async () => {
    const old = (
      await api.rest("POST", "/api/jobs", { ...JOB, video_url: "https://example.com/hashless.mp4" })
    ).body;
    expect(await api.until(old.job_id)).toMatchObject({ status: "SUCCEEDED" });
    const { body } = await api.rest("GET", `/api/jobs/${old.job_id}/results`, undefined, tokenOf(old));
    expect(body.clips).toMatchObject([{ clip_file: "clip_01.mp4", duration: 30, title: "The tests' clip" }]);
  });
});

describe("editing a clip", () => {
  const at = (path: string) => `/api/jobs/${done.job_id}/clips/clip_01.mp4/${path}`;
  const edit = (body: unknown, headers: Record<string, string> = {}) =>
    api.rest("POST", at("edit"), body, { ...tokenOf(done), ...headers });

  test.each([
    [{}, "Invalid input: expected number, received undefined"],
    [{ base_revision: 1, edit: {} }, "Say what is to be changed"],
    [
      { base_revision: 1, edit: { title: "a\u0000b" } },
      "edit.title: The text holds characters that cannot be shown",
    ],
    [
      { base_revision: 1, edit: { segments: [{ start: -1, end: 2 }] } },
      /^edit\.segments\.0\.start: Too small/,
    ],
    [
      { base_revision: 1, edit: { words: Array(1001).fill({ word: "a", start: 1, end: 2 }) } },
      /^edit\.words: Too big/,
    ],
    [
      { base_revision: 1, edit: { segments: [{ start: 100, end: 130 }] } },
      "The video is 120 s long, and the cut goes beyond it",
    ],
    [{ base_revision: 1, edit: { segments: [{ start: 0, end: 1e7 }] } }, /^edit\.segments\.0\.end: Too big/],
  ])("what cannot be done is refused, and by which field", async (body, detail) => {
    const { status, body: answer } = await edit(body);
    expect([status, answer.code]).toEqual([400, "INVALID_INPUT"]);
    expect(answer.detail).toMatch(detail);
  });

  test("makes a new revision, once for one Idempotency-Key, which the clip's own routes give from then on", async () => {
    const edl = await api.rest("GET", `/api/jobs/${done.job_id}/edl`, undefined, tokenOf(done));
    expect(edl.body).toMatchObject({
      source_seconds: 120,
      clips: [{ index: 1, revision: 1, segments: [{ start: 10, end: 40 }] }],
    });
    const change = { base_revision: 1, edit: { title: "Better", segments: [{ start: 20, end: 35.5 }] } };
    const [first, again] = [
      await edit(change, { "idempotency-key": "e" }),
      await edit(change, { "idempotency-key": "e" }),
    ];
    expect([first.status, again.body]).toEqual([200, first.body]);
    expect(first.body).toEqual({ edit_job_id: expect.stringMatching(/^kk_/), revision: 2 });
    expect((await edit({ base_revision: 1, edit: { title: "Late" } })).body.detail).toContain("is 2");
    expect(await api.until(first.body.edit_job_id)).toMatchObject({
      status: "SUCCEEDED",
      edit: { of: done.job_id, clip_file: "clip_01.mp4", revision: 2 },
    });
    const { body } = await api.rest("GET", at("revisions"), undefined, tokenOf(done));
    expect(body).toMatchObject([
      { revision: 1, edit_job_id: null, shown: false, title: "The tests' clip", changed: [] },
      {
        revision: 2,
        edit_job_id: first.body.edit_job_id,
        state: "SUCCEEDED",
        shown: true,
        changed: ["title", "segments"],
      },
    ]);
    const results = await api.rest("GET", `/api/jobs/${done.job_id}/results`, undefined, tokenOf(done));
    expect(results.body.clips).toMatchObject([{ title: "Better", duration: 16, revision: 2, revisions: 2 }]);
    const stream = await fetch(`${api.url}${at("").slice(0, -1)}`, { headers: tokenOf(done) });
    expect((await stream.arrayBuffer()).byteLength).toBe(5001);
    const back = await api.rest("POST", at("show"), { revision: 1 }, tokenOf(done));
    expect([back.status, back.body[0].shown]).toEqual([200, true]);
    expect((await api.rest("POST", at("show"), { revision: 7 }, tokenOf(done))).body.detail).toBe(
      "revision not found",
    );
  });

  test("that fails is told with its revision, and the clip stays", async () => {
    const { body } = await edit({ base_revision: 1, edit: { title: "It fails" } });
    expect((await api.until(body.edit_job_id)).status).toBe("FAILED");
    const revisions = await api.rest("GET", at("revisions"), undefined, tokenOf(done));
    expect(revisions.body.map((one: { state: string; shown: boolean }) => [one.state, one.shown])).toEqual([
      ["SUCCEEDED", true],
      ["SUCCEEDED", false],
      ["FAILED", false],
    ]);
  });
});

describe("who may ask, and in which order that is checked", () => {
  const guarded: [string, string][] = [
    ["GET", "/results"],
    ["GET", "/clips/clip_01.mp4"],
    ["GET", "/clips/clip_01.mp4/preview"],
    ["GET", "/clips/clip_01.mp4/download"],
    ["POST", "/clips/clip_01.mp4/unlock"],
    ["POST", "/clips/clip_01.mp4/edit"],
    ["GET", "/clips/clip_01.mp4/revisions"],
    ["POST", "/clips/clip_01.mp4/show"],
    ["GET", "/edl"],
    ["POST", "/start"],
    ["POST", "/cancel"],
    ["POST", "/retry"],
  ];
  test.each(guarded)("%s …%s: 404 before 401, and every wrong token alike", async (method, path) => {
    const ask = (job: string, headers: Record<string, string> = {}) =>
      api.rest(method, `${job}${path}`, undefined, headers).then(({ status, body }) => [status, body.detail]);
    expect(await ask(UNKNOWN, tokenOf(done))).toEqual([404, "job not found"]);
    expect(await ask("/api/jobs/idem:1", tokenOf(done))).toEqual([404, "job not found"]);
    const job = `/api/jobs/${done.job_id}`;
    expect(await ask(job)).toEqual([401, "invalid job token"]);
    expect(await ask(job, { "x-job-token": "wrong" })).toEqual([401, "invalid job token"]);
    expect(await ask(job, tokenOf(fresh))).toEqual([401, "invalid job token"]);
  });

  test.each(["/results", "/clips/clip_01.mp4", "/clips/clip_01.mp4/preview", "/clips/nothing.mp4/download"])(
    "…%s of a job that runs is 409, whatever the clip",
    async (path) => {
      const { status, body } = await api.rest(
        "GET",
        `/api/jobs/${fresh.job_id}${path}`,
        undefined,
        tokenOf(fresh),
      );
      expect([status, body.detail]).toEqual([409, "job not completed"]);
    },
  );

  test.each(["clip_02.mp4", "manifest.json", "..%2F..%2Fsecret", "clip_01.mp4%00", "clip_1.mp4"])(
    "a clip %s that there is not is 404",
    async (file) => {
      for (const what of ["", "/preview", "/download"]) {
        const path = `/api/jobs/${done.job_id}/clips/${file}${what}`;
        const { status, body } = await api.rest("GET", path, undefined, tokenOf(done));
        expect([status, body.detail]).toEqual([404, "clip not found"]);
      }
    },
  );

  test("start is a no-op for a started job", async () => {
    const { status, body } = await api.rest(
      "POST",
      `/api/jobs/${done.job_id}/start`,
      undefined,
      tokenOf(done),
    );
    expect([status, body]).toEqual([200, { ok: true }]);
  });
});

describe("credits are off", () => {
  test.each([
    ["POST", "/api/auth/challenge", { wallet_address: "w" }],
    ["POST", "/api/auth/verify", { wallet_address: "w", nonce: "n", signature: "s" }],
    ["GET", "/api/credits/balance", undefined],
    ["POST", "/api/credits/topup/usdc/intent", { credits_to_buy: 5 }],
    ["POST", "/api/credits/topup/usdc/confirm", { signature: "s" }],
    ["GET", "/api/auth/session", undefined],
    ["POST", "/api/auth/logout", {}],
    ["POST", "/api/credits/topup/usdc/send", { transaction: "AAAA" }],
    ["POST", "/api/credits/faucet", undefined],
    ["GET", "/api/jobs/mine", undefined],
    ["POST", `${UNKNOWN}/claim`, undefined],
  ])("%s %s says so", async (method, path, request) => {
    const { status, body } = await api.rest(method, path, request);
    expect({ status, ...body }).toMatchObject({
      status: 503,
      detail: "credits are not configured",
      code: "CREDITS_OFF",
    });
  });

  test.each([
    ["/api/auth/challenge", {}, "wallet_address is required"],
    ["/api/auth/verify", { wallet_address: "w" }, "nonce is required"],
    ["/api/credits/topup/usdc/intent", { credits_to_buy: "5" }, "credits_to_buy must be a positive integer"],
    [
      "/api/credits/topup/usdc/intent",
      { credits_to_buy: 1e300 },
      "credits_to_buy must be a positive integer",
    ],
    ["/api/credits/topup/usdc/confirm", {}, "signature is required"],
  ])("%s with %j still tells what is wrong with it", async (path, request, detail) => {
    const { status, body } = await api.rest("POST", path, request);
    expect([status, body.detail]).toEqual([400, detail]);
  });

  test("which everybody may know, and then nothing is locked", async () => {
    expect(await api.rest("GET", "/api/credits")).toMatchObject({ status: 200, body: { enabled: false } });
    expect((await api.rest("GET", "/api/system")).body).toMatchObject({ credits: false, generation_fee: 0 });
    const { body } = await api.rest("GET", "/readyz");
    expect(Object.keys(body.checks)).not.toContain("credits");
    const unlock = `/api/jobs/${done.job_id}/clips/clip_01.mp4/unlock`;
    const ask = async (request: object) => {
      const answer = await api.rest("POST", unlock, request, tokenOf(done));
      return [answer.status, answer.body.detail];
    };
    expect(await ask({})).toEqual([400, "unlock_request_id is required"]);
    expect(await ask({ unlock_request_id: "u" })).toEqual([503, "credits are not configured"]);
  });

  test("a session token of another time is of no account", async () => {
    const headers = { ...tokenOf(done), "x-auth-token": `kkw_${"w".repeat(43)}` };
    expect((await api.rest("GET", `/api/jobs/${done.job_id}/results`, undefined, headers)).status).toBe(200);
    const made = await api.rest("POST", "/api/jobs", JOB, { "x-auth-token": headers["x-auth-token"] });
    expect(made.status).toBe(200);
  });

  test("the retired routes answer 410, confirm asks for the token first", async () => {
    const quote = await api.rest("POST", "/api/credits/topup/quote", {});
    expect([quote.status, quote.body.detail]).toEqual([410, "use /api/credits/topup/usdc/intent"]);
    const bare = await api.rest("POST", "/api/credits/topup/confirm");
    expect([bare.status, bare.body.detail]).toEqual([401, "auth token required"]);
    const confirm = await api.rest("POST", "/api/credits/topup/confirm", {}, { "x-auth-token": "any" });
    expect([confirm.status, confirm.body.detail]).toEqual([410, "use /api/credits/topup/usdc/confirm"]);
  });
});

describe("POST /api/callback/nosana", () => {
  /** A job whose worker went silent, and its attempt's token, as a 1.x worker image would hold it. */
  async function claimedJob() {
    const job = (await api.rest("POST", "/api/jobs", { ...JOB, video_url: "https://example.com/silent.mp4" }))
      .body;
    await api.until(job.job_id, ({ state, stage_progress }) => state === "RUNNING" && stage_progress > 0);
    const stored = await api.services.store.get(job.job_id);
    const [attempt] = stored?.job.attempts ?? [];
    const { attemptToken } = await import("./jobs/tokens.ts");
    return {
      job,
      token: attemptToken(api.config.secret, attempt?.launch_key ?? "", attempt?.nonce_hash ?? ""),
    };
  }
  const call = (body: unknown, token?: string) =>
    api.rest("POST", "/api/callback/nosana", body, token ? { "x-callback-token": token } : {});

  test("progress, then success with the files that were uploaded", async () => {
    const { job, token } = await claimedJob();
    const running = { job_id: job.job_id, status: "RUNNING", stage: "TRANSCRIPT", progress: 30 };
    expect(await call(running, token)).toMatchObject({ status: 200, body: { ok: true } });
    expect(await api.until(job.job_id, ({ stage }) => stage === "TRANSCRIPT")).toMatchObject({
      progress: 30,
    });
    const clip = Buffer.from("a clip");
    const manifest = {
      job_id: job.job_id,
      clips: [
        {
          index: 1,
          title: "T",
          hook: "H",
          start: 0,
          end: 30,
          duration: 30,
          segments: [],
          file: "clip_01.mp4",
        },
      ],
      selection: { mode: "llm_api", endpoint: "https://llm.example/v1" },
    };
    const attempt = `jobs/${job.job_id}/attempts/1`;
    await api.services.artifacts.put(`${attempt}/clip_01.mp4`, clip, { contentType: "video/mp4" });
    await api.services.artifacts.put(`${attempt}/manifest.json`, JSON.stringify(manifest), {
      contentType: "application/json",
    });
    const success = { job_id: job.job_id, status: "SUCCEEDED", r2_prefix: "jobs/somebody-else/" };
    expect((await call(success, token)).status).toBe(200);
    expect((await api.until(job.job_id)).status).toBe("SUCCEEDED");
    const stored = await api.services.artifacts.head(artifactKey(job.job_id, "clip_01.mp4"));
    expect(stored?.sha256).toBe(createHash("sha256").update(clip).digest("hex"));

    expect((await call(running, token)).status).toBe(200); // late, and without effect
    expect((await api.until(job.job_id)).status).toBe("SUCCEEDED");
  });

  test("failure ends the attempt, and the text of the worker is not passed on", async () => {
    const { job, token } = await claimedJob();
    expect(
      (await call({ job_id: job.job_id, status: "FAILED", error: "key=abc at /root/x" }, token)).status,
    ).toBe(200);
    const view = await api.until(job.job_id, ({ state }) => state === "RETRYING" || state === "STARTING");
    expect(JSON.stringify(view)).not.toContain("abc");
    await api.rest("POST", `/api/jobs/${job.job_id}/cancel`, undefined, tokenOf(job));
  });

  test("the checks come in the documented order", async () => {
    const { job, token } = await claimedJob();
    const wrong = [401, "invalid callback token"];
    const answer = async (body: unknown, given?: string) => {
      const { status, body: said } = await call(body, given);
      return [status, said.detail];
    };
    expect(await answer({ job_id: "nonsense" })).toEqual(wrong);
    expect(await answer({ job_id: job.job_id, status: "RUNNING" }, "one-global-token")).toEqual(wrong);
    expect(await answer({ job_id: done.job_id, status: "FAILED", error: "x" }, token)).toEqual(wrong);
    expect(await answer({ job_id: "nonsense", status: "nonsense" }, token)).toEqual([400, "invalid job id"]);
    expect(await answer({ job_id: job.job_id, status: "DONE" }, token)).toEqual([400, "invalid status"]);
    await api.rest("POST", `/api/jobs/${job.job_id}/cancel`, undefined, tokenOf(job));
  });
});

describe("Idempotency-Key", () => {
  const post = (key: string, body: unknown) =>
    api.rest("POST", "/api/jobs", body, { "idempotency-key": key });
  test("the same request is answered as the first time, another one is 422", async () => {
    const first = await post("a", JOB);
    const again = await post("a", JOB);
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect((await post("a", { ...JOB, clip_count: 3 })).status).toBe(422);
    expect((await post("b", JOB)).body.job_id).not.toBe(first.body.job_id);
  });
  test("of twenty at once one makes a job, the others get its answer or 409", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post("c", JOB)));
    const ids = new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body.job_id));
    expect(ids.size).toBe(1);
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
  });
  test("no token lies readable in the store", async () => {
    const { body } = await post("d", JOB);
    const { readFileSync, readdirSync } = await import("node:fs");
    for (const file of readdirSync(api.dataDir).filter((name) => name.startsWith("kangklip.db")))
      expect(readFileSync(`${api.dataDir}/${file}`).includes(body.job_token), file).toBe(false);
  });
});

describe("the door itself", () => {
  test("errors of the door are JSON, without stack, with CORS", async () => {
    const origin = { origin: "http://localhost:3000" };
    const broken = await api.rest("POST", "/api/jobs", "{no json", origin);
    expect([broken.status, broken.body.code]).toEqual([400, "INVALID_INPUT"]);
    expect(broken.headers.get("access-control-allow-origin")).toBe(origin.origin);
    const large = await api.rest("POST", "/api/jobs", { video_url: "x".repeat(1_100_000) }, origin);
    expect([large.status, large.body.code]).toEqual([413, "TOO_LARGE"]);
    const unknown = await api.rest("GET", "/api/nothing");
    expect([unknown.status, unknown.body]).toEqual([404, { detail: "not found" }]);
    const method = await api.rest("DELETE", `/api/jobs/${done.job_id}`);
    expect([method.status, method.headers.get("allow")]).toEqual([405, "GET"]);
    for (const { body, headers } of [broken, large, unknown, method]) {
      expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:|Error:/);
      expect(headers.get("x-powered-by")).toBeNull();
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test("a foreign origin gets an answer that its browser will not show", async () => {
    const { status, headers } = await api.rest("GET", `/api/jobs/${done.job_id}`, undefined, {
      origin: "https://evil.example",
    });
    expect([status, headers.get("access-control-allow-origin")]).toEqual([200, null]);
    const preflight = await fetch(`${api.url}/api/jobs`, {
      method: "OPTIONS",
      headers: {
        origin: "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-job-token",
      },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-headers")]).toEqual([
      204,
      "x-job-token",
    ]);
  });

  test("more jobs in a minute than one address may start are 429 with Retry-After", async () => {
    await using busy = await startTestApi({ env: { JOBS_PER_MINUTE: "2" } });
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await busy.rest("POST", "/api/jobs", JOB));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(Number(answers[2]?.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("the OpenAPI document names every route of the table, and a page shows it", async () => {
    const { body } = await api.rest("GET", "/api/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    for (const { method, path } of ROUTES)
      expect(body.paths[path]?.[method], `${method} ${path}`).toBeDefined();
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(body.components.schemas[name ?? ""]).toBeDefined();
    const page = await api.rest("GET", "/api/docs/");
    expect(page.body).toContain("swagger-ui");
    expect(page.body).not.toMatch(/https?:\/\//);
    expect((await api.rest("GET", "/api/docs/swagger-initializer.js")).body).toContain("/api/openapi.json");
  });

  test("it is alive, and ready while everything answers", async () => {
    expect(await api.rest("GET", "/livez")).toMatchObject({ status: 200, body: { ok: true } });
    const ready = await api.rest("GET", "/readyz");
    expect(ready).toMatchObject({ status: 200, body: { ok: true, checks: { store: { ok: true } } } });
  });
});

test("a 1.x client goes from a URL to a saved clip", async () => {
  const created = await api.rest("POST", "/api/jobs", { ...JOB, language: "auto" });
  const { job_id, job_token } = created.body;
  let view = { status: "QUEUED" };
  while (view.status !== "SUCCEEDED" && view.status !== "FAILED") {
    await new Promise((wait) => setTimeout(wait, 100));
    view = (await api.rest("GET", `/api/jobs/${job_id}`)).body;
  }
  const headers = { "x-job-token": job_token };
  const { clips } = (await api.rest("GET", `/api/jobs/${job_id}/results`, undefined, headers)).body;
  const link = (await api.rest("GET", clips[0].download_endpoint, undefined, headers)).body;
  const video = await fetch(new URL(link.url, api.url));
  expect([video.status, (await video.arrayBuffer()).byteLength]).toEqual([200, 5000]);
});

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import nock from "nock";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ProviderError } from "../provider.ts";
import { aLaunch } from "../testing.ts";
import { apiBase, createNosanaClient, NotFound } from "./client.ts";
import { deploymentOf } from "./job.ts";
import { kindOf, retryAfter } from "./refusal.ts";

vi.setConfig({ testTimeout: 60_000 });
const HOST = "https://dashboard.k8s.prd.nos.ci";
const KEY = "nos_a-key-that-nobody-may-see";
const TOKEN = "t".repeat(43);
const client = createNosanaClient({ apiKey: KEY });
const DEPLOYMENT = {
  ...{ id: "D1", name: "kk:ours:kk-1-e1", vault: "V", market: "M", owner: "O", status: "DRAFT", replicas: 1 },
  ...{
    timeout: 70,
    endpoints: [],
    confidential: true,
    active_revision: 1,
    active_jobs: 0,
    strategy: "SIMPLE",
  },
  ...{
    created_at: "2026-11-26T01:00:00.000Z",
    updated_at: "2026-11-26T01:00:00.000Z",
    added_later: { x: 1 },
  },
};
const body = deploymentOf(aLaunch(), {
  ...{ name: "kk:ours:kk-1-e1", market: "M", image: "kk/worker:1", settings: {} },
});
const failure = async (call: Promise<unknown>): Promise<ProviderError> =>
  call.then(
    (value) => {
      throw new Error(`answered ${JSON.stringify(value)}`);
    },
    (error) => error,
  );

describe("on the wire", () => {
  afterEach(() => {
    const pending = nock.pendingMocks();
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
    nock.activate();
    expect(pending).toEqual([]);
  });

  test("every call has the key, its own path and what the service takes", async () => {
    nock.disableNetConnect();
    const mine = nock(HOST, { reqheaders: { authorization: `Bearer ${KEY}` } });
    mine.post("/api/deployments/create", JSON.parse(JSON.stringify(body))).reply(200, DEPLOYMENT);
    mine.post("/api/deployments/D1/start").reply(200, { status: "STARTING", updated_at: "…" });
    mine.get("/api/deployments/D1").reply(200, { ...DEPLOYMENT, status: "RUNNING" });
    mine.get("/api/deployments/D1/jobs?limit=10&sort_order=desc").reply(200, {
      jobs: [
        { tx: "T", job: "J1", deployment: "D1", market: "M", revision: 1, state: "RUNNING", time_start: 1 },
      ],
      pagination: { cursor_next: null, cursor_prev: null, total_items: 1 },
    });
    mine.get("/api/deployments/D1/jobs/J1").reply(200, {
      ...{ confidential: true, revision: 1, market: "M", node: "N", state: 2, jobStatus: null },
      ...{ jobDefinition: {}, timeStart: 1_790_000_000, timeEnd: 1_790_000_060, listedAt: 1_789_999_990 },
      jobResult: {
        ...{ status: "failed", startTime: 1, endTime: 2, secrets: {} },
        opStates: [
          {
            ...{ operationId: "worker", exitCode: 3, status: "failed", group: "g", providerId: "p" },
            ...{ startTime: 1, endTime: 2, logs: [{ type: "stdout", log: "hi\n", timestamp: "0" }] },
            diagnostics: { reason: { hostShutDown: false, jobStopped: false, jobExpired: true } },
          },
        ],
      },
    });
    mine.get("/api/deployments/D1/events?limit=10&sort_order=desc").reply(200, {
      events: [
        {
          category: "Event",
          deploymentId: "D1",
          type: "JOB_LIST_ERROR",
          message: "no",
          created_at: "2026-11-26T01:00:00Z",
        },
      ],
      pagination: { cursor_next: null, cursor_prev: null, total_items: 1 },
    });
    mine
      .get("/api/credits/balance")
      .reply(200, { assignedCredits: 10, reservedCredits: 2.5, settledCredits: "3" });
    mine.get("/api/markets/").reply(200, [
      {
        address: "M",
        slug: "m",
        name: "RTX",
        type: "COMMUNITY",
        usd_reward_per_hour: "0.5",
        network_fee_percentage: 10,
        gpu_types: ["RTX 3090"],
        client: true,
      },
      { what: "no market" },
    ]);

    expect(await client.create(body, [TOKEN])).toMatchObject({ id: "D1", status: "DRAFT" });
    expect(await client.change("D1", "start")).toEqual({ status: "STARTING" });
    expect((await client.deployment("D1")).created_at).toBe(Date.parse("2026-11-26T01:00:00Z"));
    expect(await client.jobs("D1")).toMatchObject([{ job: "J1", state: "RUNNING" }]);
    const job = await client.job("D1", "J1");
    expect(job).toMatchObject({ state: "COMPLETED", node: "N", timeStart: 1_790_000_000_000 });
    expect(job.jobResult?.opStates[0]).toMatchObject({
      exitCode: 3,
      diagnostics: { reason: { jobExpired: true } },
    });
    expect(await client.events("D1")).toMatchObject([{ type: "JOB_LIST_ERROR", message: "no" }]);
    expect(await client.balance()).toBe(4.5);
    expect(await client.markets()).toMatchObject([{ address: "M", usd_reward_per_hour: 0.5 }]);
  });

  test("the list is read page by page to its end, newest first, a hundred at a time", async () => {
    nock.disableNetConnect();
    const page = (id: string, cursor_next: string | null) => ({
      ...{
        deployments: [{ ...DEPLOYMENT, id }],
        pagination: { cursor_next, cursor_prev: null, total_items: 2 },
      },
    });
    const query = { limit: "100", sort_order: "desc", status: "DRAFT,RUNNING", name: "n" };
    nock(HOST).get("/api/deployments").query(query).reply(200, page("D2", "bmV4dA=="));
    nock(HOST)
      .get("/api/deployments")
      .query({ ...query, cursor: "bmV4dA==" })
      .reply(200, page("D1", null));
    const found = await Array.fromAsync(client.deployments({ status: ["DRAFT", "RUNNING"], name: "n" }));
    expect(found.map(({ id }) => id)).toEqual(["D2", "D1"]);
  });

  test.each([
    [401, "Unauthorized", "AUTH"],
    [403, "<html>Forbidden</html>", "AUTH"],
    [402, { error: "Payment Required" }, "FUNDS"],
    [500, { error: "Insufficient credits. Required: $1, Available: $0.000" }, "FUNDS"],
    [400, { error: "InsufficientFundsForRent: account 0" }, "FUNDS"],
    [500, { error: "Deployment is in the incorrect state." }, "CONFLICT"],
    [500, { error: "Cannot modify an archived deployment." }, "CONFLICT"],
    [429, "Too Many Requests", "RATE_LIMITED"],
    [400, { error: "Invalid request body." }, "INVALID"],
    [
      400,
      {
        statusCode: 400,
        code: "FST_ERR_VALIDATION",
        error: "Bad Request",
        message: "body/timeout must be >= 1",
      },
      "INVALID",
    ],
    [422, { error: "Unprocessable" }, "INVALID"],
    [500, { error: "Ops something went wrong, please again." }, "UNAVAILABLE"],
    [502, "<html>Bad Gateway</html>", "UNAVAILABLE"],
    [503, "", "UNAVAILABLE"],
    [302, "", "UNAVAILABLE"],
    [200, "<html>Welcome</html>", "UNAVAILABLE"],
    [200, { status: 7 }, "UNAVAILABLE"],
  ])("%i %j is %s", async (status, answer, kind) => {
    nock.disableNetConnect();
    nock(HOST)
      .post("/api/deployments/D1/stop")
      .reply(status, answer, { location: "https://elsewhere.example/" });
    const error = await failure(client.change("D1", "stop"));
    expect(error).toMatchObject({ name: "ProviderError", kind, provider: "nosana" });
    expect(error.message).not.toContain("<");
  });

  test("what cannot be repeated is AMBIGUOUS unless it surely did not happen", async () => {
    nock.disableNetConnect();
    const create = () => nock(HOST).post("/api/deployments/create");
    const kinds: string[] = [];
    create().reply(500, { error: "Ops something went wrong, please again." });
    create().reply(504, "<html>");
    create().reply(200, { id: "D1" });
    create().replyWithError(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));
    create().reply(400, { error: "Invalid request body." });
    create().reply(404, { error: "Market not found." });
    create().replyWithError(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }));
    for (let n = 0; n < 7; n++) kinds.push((await failure(client.create(body, [TOKEN]))).kind);
    expect(kinds).toEqual([
      ...["AMBIGUOUS", "AMBIGUOUS", "AMBIGUOUS", "AMBIGUOUS", "INVALID", "UNSUPPORTED", "UNAVAILABLE"],
    ]);
  });

  test("when to come back is told in seconds or as a date", async () => {
    nock.disableNetConnect();
    const limited = (headers: Record<string, string>) =>
      nock(HOST)
        .get("/api/markets/")
        .reply(429, "", { date: "Thu, 26 Nov 2026 02:00:00 GMT", ...headers });
    limited({ "retry-after": "7" });
    expect((await failure(client.markets())).retryAfterMs).toBe(7000);
    limited({ "retry-after": "Thu, 26 Nov 2026 02:01:30 GMT" }); // of the service's clock, whatever ours says
    const error = await failure(client.markets());
    expect(error.retryAfterMs).toBeLessThanOrEqual(90_000); // less what has passed since the answer
    expect(error.retryAfterMs).toBeGreaterThan(60_000);
    limited({});
    expect((await failure(client.markets())).retryAfterMs).toBeUndefined();
  });

  test("neither the key nor the claim token is in a message, also where the service repeats them", async () => {
    nock.disableNetConnect();
    nock(HOST)
      .post("/api/deployments/create")
      .reply(400, { error: `bad header Bearer ${KEY}, bad env ${TOKEN}\r\n\u001b[31m${"x".repeat(5000)}` });
    const error = await failure(client.create(body, [TOKEN]));
    const shown = `${error.message}${error.stack}${JSON.stringify(error)}`;
    expect(shown).not.toContain(KEY);
    expect(shown).not.toContain(TOKEN);
    expect(error.message).toContain("bad header Bearer [hidden], bad env [hidden] ");
    expect(error.message.length).toBeLessThanOrEqual(300);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe("over a bad line", () => {
  async function serve(answer: RequestListener) {
    const server = createServer(answer);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      baseUrl,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    };
  }

  test("an answer that does not come is not waited for beyond its time, nor one that stops half-way", async () => {
    await using never = await serve(() => {});
    await using half = await serve((_request, response) => response.writeHead(200).write('{"sta'));
    for (const { baseUrl } of [never, half]) {
      const impatient = createNosanaClient({ apiKey: KEY, baseUrl, answerMs: 150 });
      expect(await failure(impatient.deployment("D1"))).toMatchObject({
        kind: "UNAVAILABLE",
        message: "Nosana did not answer GET /deployments/D1: no answer in time",
      });
      expect(await failure(impatient.create(body, [TOKEN]))).toMatchObject({ kind: "AMBIGUOUS" });
    }
  });

  test("a caller who gives up is not kept waiting", async () => {
    await using never = await serve(() => {});
    const patient = createNosanaClient({ apiKey: KEY, baseUrl: never.baseUrl, answerMs: 600_000 });
    const given = AbortSignal.timeout(50);
    expect(await failure(patient.markets(given))).toMatchObject({
      kind: "UNAVAILABLE",
      message: "GET /markets/ was given up",
    });
    expect(await failure(patient.create(body, [TOKEN], given))).toMatchObject({ kind: "AMBIGUOUS" });
  });

  test("a connection that is closed before the answer: what only asks is asked once more, what changes is not", async () => {
    const asked: string[] = [];
    await using closing = await serve((request, response) => {
      asked.push(`${request.method}`);
      if (asked.length % 2 === 1 || request.method === "POST") request.socket.destroy();
      else response.end("[]");
    });
    const asking = createNosanaClient({ apiKey: KEY, baseUrl: closing.baseUrl });
    expect(await asking.markets()).toEqual([]);
    expect(asked.splice(0)).toEqual(["GET", "GET"]);
    expect((await failure(asking.change("D1", "stop"))).kind).toBe("UNAVAILABLE");
    expect((await failure(asking.create(body, [TOKEN]))).kind).toBe("AMBIGUOUS");
    expect(asked).toEqual(["POST", "POST"]);
  });

  test("the key does not follow a redirect", async () => {
    const seen: string[] = [];
    await using thief = await serve((request, response) => {
      seen.push(String(request.headers.authorization));
      response.end("[]");
    });
    await using moved = await serve((_request, response) => {
      response.writeHead(307, { location: `${thief.baseUrl}/api/markets/` }).end();
    });
    const error = await failure(createNosanaClient({ apiKey: KEY, baseUrl: moved.baseUrl }).markets());
    expect(error).toMatchObject({ kind: "UNAVAILABLE", message: expect.stringContaining("307") });
    expect(seen).toEqual([]);
  });

  test("an answer without end is left, and a refusal's is read no further than its beginning", async () => {
    let sent = 0;
    await using endless = await serve((request, response) => {
      response.writeHead(request.url?.includes("markets") ? 200 : 500);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 20, "["))) sent += 1;
      };
      response.on("drain", () => {
        sent += 1;
        more();
      });
      more();
    });
    const reader = createNosanaClient({ apiKey: KEY, baseUrl: endless.baseUrl });
    expect(await failure(reader.markets())).toMatchObject({
      kind: "UNAVAILABLE",
      message: "Nosana answered with more than 8 MiB",
    });
    expect(await failure(reader.balance())).toMatchObject({
      kind: "UNAVAILABLE",
      message: expect.stringContaining("500"),
    });
    expect(sent).toBeLessThan(100); // MiB; the rest of it is what the system buffers
  });

  test("a list that goes round in circles, or never ends, is not read for ever", async () => {
    let pages = 0;
    await using circle = await serve((_request, response) => {
      pages += 1;
      response.end(JSON.stringify({ deployments: [], pagination: { cursor_next: "same" } }));
    });
    const lost = createNosanaClient({ apiKey: KEY, baseUrl: circle.baseUrl });
    expect(await Array.fromAsync(lost.deployments({ status: ["RUNNING"] }))).toEqual([]);
    expect(pages).toBe(2);
  });

  test("a server that refuses the filter by name is asked without it from then on", async () => {
    const asked: string[] = [];
    await using old = await serve((request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://old");
      asked.push(searchParams.get("name") ?? "-");
      const refused = searchParams.has("name") || searchParams.has("search");
      response.writeHead(refused ? 400 : 200);
      response.end(
        JSON.stringify(
          refused ? { code: "FST_ERR_VALIDATION", message: "no" } : { deployments: [DEPLOYMENT] },
        ),
      );
    });
    const reader = createNosanaClient({ apiKey: KEY, baseUrl: old.baseUrl });
    const query = { status: ["RUNNING"], name: "n" };
    expect(await Array.fromAsync(reader.deployments(query))).toHaveLength(1);
    expect(await Array.fromAsync(reader.deployments(query))).toHaveLength(1);
    expect(asked).toEqual(["n", "-", "-"]);
  });
});

test("the kind of a refusal does not depend on the words around it", () => {
  expect(kindOf(500, "Insufficient Funds", true)).toBe("FUNDS");
  expect(kindOf(500, "status INSUFFICIENT_FUNDS", false)).toBe("FUNDS");
  expect(kindOf(404, "Insufficient credits", false)).toBe("NOT_FOUND"); // the order of the tests
  expect(kindOf(401, "Deployment is in the incorrect state.", true)).toBe("AUTH");
  expect(kindOf(429, "insufficient credits", false)).toBe("FUNDS");
  expect(kindOf(500, "", true)).toBe("AMBIGUOUS");
});

test("a time to come back is never before now, and at most an hour away", () => {
  const now = Date.parse("2026-11-26T02:00:00Z");
  expect(retryAfter("1.5", now)).toBe(1500);
  expect(retryAfter("Thu, 26 Nov 2026 01:00:00 GMT", now)).toBe(0);
  expect(retryAfter("999999999", now)).toBe(3_600_000);
  for (const nonsense of [null, "", " ", "soon", "NaN", "-"])
    expect(retryAfter(nonsense, now)).toBeUndefined();
});

test("the address is taken with or without its /api, and only encrypted or on this machine", () => {
  for (const url of [
    "https://a.example",
    "https://a.example/",
    "https://a.example/api",
    "https://a.example/api/",
  ])
    expect(apiBase(url)).toBe("https://a.example/api");
  expect(apiBase("http://127.0.0.1:4000")).toBe("http://127.0.0.1:4000/api");
  expect(apiBase("http://localhost:4000/x/")).toBe("http://localhost:4000/x/api");
  for (const url of [
    "http://a.example",
    "http://127.evil.example",
    "ftp://127.0.0.1",
    "https://a.example/?x=1",
    "nonsense",
  ])
    expect(() => apiBase(url)).toThrow();
});

test("an id that is none is not asked for", async () => {
  for (const id of ["", ".", "..", "../credits/balance", "a/b", "a?b", "a".repeat(101)])
    expect(await failure(client.deployment(id))).toBeInstanceOf(NotFound);
});

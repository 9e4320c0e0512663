import { gzipSync } from "node:zlib";
import { expanded } from "@kangklip/contract/testing";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import urls from "../../contract/corpus/urls.json" with { type: "json" };
import bodies from "../corpus/bodies.json" with { type: "json" };
import { startTestApi } from "./testing.ts";
import { exchange, watchConnections } from "./testing-http.ts";

interface Row {
  id: string;
  what: string;
  /** Where it is sent; both doors of jobs.create without it. */
  doors?: ("REST" | "tRPC")[];
  method?: string;
  path?: string;
  /** null: not sent at all */
  headers?: Record<string, string | null>;
  encoding?: "utf16le" | "gzip";
  raw?: string;
  base64?: string;
  /** Changes to a job that is good. */
  with?: Record<string, unknown>;
  without?: string[];
  expect: { status: number | number[]; code?: string; detail?: string };
}
const ROWS = bodies as Row[];
const JOB = { video_url: "https://example.com/hangs.mp4", clip_duration_seconds: 30, clip_count: 1 };
const PATHS = { REST: "/api/jobs", tRPC: "/trpc/jobs.create" };

const LIVEZ = Buffer.from("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");

let api: Awaited<ReturnType<typeof startTestApi>>;
let connections: ReturnType<typeof watchConnections>;
const jobs = async () => (await api.services.store.list({ limit: 1 })).map(({ job_id }) => job_id);

beforeAll(async () => {
  api = await startTestApi({ env: { MAX_RUNNING_JOBS: "1" } });
  connections = watchConnections(new URL(api.url).port);
}, 60_000);
afterEach(async () => {
  expect((await exchange(api.url, LIVEZ)).status).toBe(200);
});
afterAll(async () => {
  connections.stop();
  await api[Symbol.asyncDispose]();
});

function bytesOf(row: Row): Buffer {
  if (row.base64 !== undefined) return Buffer.from(row.base64, "base64");
  const job = Object.entries({ ...JOB, ...expanded(row.with) }).filter(
    ([name]) => !row.without?.includes(name),
  );
  const text = row.raw === undefined ? JSON.stringify(Object.fromEntries(job)) : expanded(row.raw);
  const bytes = Buffer.from(text, row.encoding === "utf16le" ? "utf16le" : "utf8");
  return row.encoding === "gzip" ? gzipSync(bytes) : bytes;
}

function send(row: Row, door: "REST" | "tRPC") {
  const { method = "POST", path = PATHS[door] } = row;
  const bytes = method === "GET" ? Buffer.alloc(0) : bytesOf(row);
  const headers = {
    host: "127.0.0.1",
    connection: "close",
    "content-type": "application/json",
    "content-length": String(bytes.length),
    ...(row.encoding === "gzip" && { "content-encoding": "gzip" }),
    ...row.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}`],
  );
  const head = [`${method} ${expanded(path)} HTTP/1.1`, ...lines, "", ""].join("\r\n");
  return exchange(api.url, Buffer.concat([Buffer.from(head, "latin1"), bytes]));
}

/** The code and the sentence, whichever door they came through. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of either door
function said(body: any): { code?: string; detail?: string } {
  const [one] = [body].flat();
  if (one?.error?.data) return { code: one.error.data.kk.code, detail: one.error.message };
  return { code: one?.code, detail: one?.detail };
}

const CASES = ROWS.flatMap((row) =>
  (row.doors ?? (["REST", "tRPC"] as const)).map((door) => ({ ...row, door })),
);

test("the corpus has at least 43 bodies, each with an id of its own", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(43);
  expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
});

describe("a body that is sent", () => {
  test.each(CASES)("$id over $door: $what", async (row) => {
    const before = await jobs();
    const { status, body, headers, timedOut } = await send(row, row.door);
    expect(timedOut).toBe(false);
    expect([row.expect.status].flat(), JSON.stringify(body).slice(0, 300)).toContain(status);
    if (status !== 200) {
      if (row.expect.code) expect(said(body).code).toBe(row.expect.code);
      // of several wrong fields REST names the first one, as documented; tRPC names any
      if (row.expect.detail && (row.door === "REST" || row.doors))
        expect(said(body).detail).toBe(row.expect.detail);
      expect(await jobs()).toEqual(before); // nothing was made of it
    } else if (!row.path) expect(await jobs()).not.toEqual(before);
    expect(headers["content-type"]).toMatch(/^application\/json/);
    expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:\d|"stack"/);
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("operator");
  });

  test("what a job is made of is what the fields say, not their prototypes", async () => {
    const { body } = await send({ ...(ROWS.find(({ what }) => what === "__proto__") as Row) }, "REST");
    const stored = await api.services.store.get(body.job_id);
    expect(stored?.job).toMatchObject({ clip_count: 1, state: "QUEUED" });
  });
});

describe("an address that is sent", () => {
  const rows = expanded(urls as { id: string; url: string; expect: string }[]);
  test.each(["REST", "tRPC"] as const)(
    "over %s: all of the corpus, refused by name or kept, never dialled",
    async (door) => {
      for (const { id, url, expect: expected } of rows) {
        const before = await jobs();
        const answer = await send({ id, what: "", with: { video_url: url }, expect: { status: 0 } }, door);
        const code = answer.status === 200 ? "OK" : said(answer.body).code;
        expect(code, `${id} ${url}`).toBe(expected);
        expect(answer.status, id).toBe(expected === "OK" ? 200 : 400);
        if (expected !== "OK") expect(await jobs(), id).toEqual(before);
      }
    },
  );
});

test("whatever JSON is sent to whichever door, it is refused or done, never a failure of ours", async () => {
  const field = fc.constantFrom(
    ...[
      "video_url",
      "clip_duration_seconds",
      "clip_count",
      "language",
      "upload_id",
      "job_id",
      "epoch",
      "status",
    ],
    ...[
      "launch_key",
      "claim_token",
      "files",
      "candidates",
      "filename",
      "size_bytes",
      "wallet_address",
      "input",
      "0",
    ],
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(JOB.video_url, 30, 1, "en", "RUNNING", 2 ** 60),
  );
  const path = fc.constantFrom(
    ...["/api/jobs", "/api/uploads", "/api/callback/nosana", "/api/worker/claim", "/api/worker/report"],
    ...["/api/worker/presign", "/api/worker/complete", "/api/auth/verify", "/api/credits/topup/usdc/intent"],
    ...[
      "/trpc/jobs.create",
      "/trpc/jobs.create?batch=1",
      "/trpc/jobs.cancel,jobs.retry?batch=1",
      "/trpc/worker.callback",
    ],
  );
  await fc.assert(
    fc.asyncProperty(path, fc.oneof(fc.dictionary(field, value), fc.jsonValue()), async (where, sent) => {
      const { status } = await api.rest("POST", where, JSON.stringify(sent));
      // 503: credits are off; 207: some calls of a batch were refused
      expect([200, 207, 400, 401, 404, 409, 413, 503], `${where} ${JSON.stringify(sent)}`).toContain(status);
    }),
    { numRuns: 300 },
  );
});

test("the API opened no connection while it was sent all this", () => {
  expect(connections.others).toEqual([]);
});

import { setTimeout as sleep } from "node:timers/promises";
import { expanded } from "@kangklip/contract/testing";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import requests from "../corpus/requests.json" with { type: "json" };
import { startTestApi } from "./testing.ts";
import { exchange, watchConnections } from "./testing-http.ts";

interface Row {
  id: string;
  what: string;
  /** The first line and headers, sent as they are: each character is one byte. */
  request: string[];
  body?: string;
  /** Without the headers that every other request gets: host, connection. */
  bare?: boolean;
  /** The connection may stay open behind the answer. */
  open?: boolean;
  /** Without a content-length for the body. */
  length?: boolean;
  /** The connection is cut after it. */
  cut?: boolean;
  /** null as a status: the connection is closed without an answer. `absent`: texts that must not be in the answer. */
  expect: {
    status: number | null | (number | null)[];
    code?: string;
    detail?: string;
    headers?: Record<string, string | null>;
    absent?: string[];
  };
}
const ROWS = requests as Row[];
const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };

const LIVEZ = Buffer.from("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");

let api: Awaited<ReturnType<typeof startTestApi>>;
let connections: ReturnType<typeof watchConnections>;
/** What stands for `{{job}}` and the like in a row. */
let names: Record<string, string>;
const all = async () => JSON.stringify(await api.services.store.list({ limit: 100 }));

beforeAll(async () => {
  api = await startTestApi();
  const made = async () => (await api.rest("POST", "/api/jobs", JOB)).body;
  const [mine, other, gone] = [await made(), await made(), await made()];
  for (const { job_id } of [mine, other, gone]) expect((await api.until(job_id)).status).toBe("SUCCEEDED");
  // nothing moves a job any more but a request
  await vi.waitFor(async () => expect(await api.services.store.active()).toEqual([]), { timeout: 40_000 });
  await api.services.store.remove(gone.job_id);
  names = {
    ...{ job: mine.job_id, token: mine.job_token, small_job: mine.job_id.toLowerCase() },
    ...{ other_job: other.job_id, other_token: other.job_token, gone_token: gone.job_token },
  };
  connections = watchConnections(new URL(api.url).port);
}, 60_000);
afterEach(async () => {
  expect((await exchange(api.url, LIVEZ)).status).toBe(200);
});
afterAll(async () => {
  connections.stop();
  await api[Symbol.asyncDispose]();
});

const named = (text: string) =>
  expanded(text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => names[name] ?? name));

function bytesOf(row: Row): Buffer {
  const body = Buffer.from(named(row.body ?? ""), "utf8");
  const usual = row.bare ? [] : ["host: 127.0.0.1", "connection: close"];
  const length = row.body === undefined || row.length === false ? [] : [`content-length: ${body.length}`];
  const [first = "", ...headers] = row.request.map(named);
  const head = [first, ...usual, ...headers, ...length, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

test("the corpus has at least 49 requests, each with an id of its own", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(49);
  expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
});

test.each(ROWS)("$id: $what", async (row) => {
  const before = await all();
  const answer = await exchange(api.url, bytesOf(row), { cut: row.cut ?? false, idle: row.open ?? false });
  const { status, headers, body, timedOut } = answer;
  const text = JSON.stringify({ headers, body });
  expect(timedOut).toBe(false);
  expect([row.expect.status].flat(), text.slice(0, 500)).toContain(status ?? null);
  if (row.expect.code) expect(body).toMatchObject({ code: row.expect.code });
  if (row.expect.detail) expect(body).toMatchObject({ detail: row.expect.detail });
  for (const [name, value] of Object.entries(row.expect.headers ?? {}))
    expect(headers[name] ?? null).toBe(value);
  for (const absent of row.expect.absent ?? []) expect(text).not.toContain(named(absent));
  // nothing of the machine, and nobody's secret
  expect(text).not.toMatch(/root:|node_modules|\.ts:\d|kkc_|kka_/);
  expect(text).not.toContain(api.config.secret.toString("base64url"));
  expect(await all()).toBe(before);
});

test("none of it made the API open a connection, or left one open", async () => {
  expect(connections.others).toEqual([]);
  await sleep(100);
  expect((await api.rest("GET", "/readyz")).status).toBe(200);
});

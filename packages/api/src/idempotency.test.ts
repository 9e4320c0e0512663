import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createOnce } from "./idempotency.ts";
import { testIdempotency } from "./idempotency-contract.ts";
import { createSqliteStore } from "./jobs/sqlite-store.ts";
import type { JobStore } from "./jobs/store.ts";
import type { Identity } from "./jobs/tokens.ts";

testIdempotency("SQLite");

const ASKED = { key: "k", caller: "127.0.0.1", path: "jobs.create", input: { a: 1, b: [{ c: 2 }] } };
const secret = Buffer.alloc(32, 7);
let dir: string;
let store: JobStore;
let time = Date.parse("2030-01-01T00:00:00Z");

/** One process of those that share the store. */
const process = (over: Partial<JobStore> = {}, ownSecret = secret) =>
  createOnce({
    store: { ...store, ...over },
    secret: ownSecret,
    isRefusal: (error) => error instanceof KangKlipError && error.httpStatus < 500,
    now: () => time,
  });
const refused = (code: string) => expect.objectContaining({ code });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kk-once-"));
  store = createSqliteStore({ file: join(dir, "kangklip.db") });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

test("a request whose process died is taken up after half a minute, for the very same job", async () => {
  const made: Identity[] = [];
  const note = async (identity: Identity) => void made.push(identity);
  const dying = process()(ASKED, (identity) => note(identity).then(() => new Promise(() => {})));
  void dying;
  await expect.poll(() => made.length).toBe(1);
  const restarted = process();
  time += 29_000;
  await expect(restarted(ASKED, note)).rejects.toEqual(refused("CONFLICT"));
  await expect(restarted({ ...ASKED, input: "other" }, note)).rejects.toEqual(refused("UNPROCESSABLE"));
  time += 2000;
  expect(await restarted(ASKED, async (identity) => note(identity).then(() => "done"))).toBe("done");
  expect(made).toHaveLength(2);
  expect(made[1]).toEqual(made[0]);
  expect(await process()(ASKED, note)).toBe("done");
  expect(made).toHaveLength(2);
});

test("an answer that could not be noted is given all the same, and the next one is of the same job", async () => {
  const broken = process({ note: async () => Promise.reject(new Error("the store is away")) });
  const first = await broken(ASKED, async ({ id }) => id);
  time += 31_000;
  expect(await process()(ASKED, async ({ id }) => id)).toBe(first);
});

test("another key, path, caller or time is another job, with a token that its id does not tell", async () => {
  const identities: Identity[] = [];
  for (const asked of [
    ASKED,
    { ...ASKED, key: "l" },
    { ...ASKED, path: "jobs.retry" },
    { ...ASKED, caller: "127.0.0.2" },
    { ...ASKED, caller: '127.0.0.1","jobs.create' },
  ])
    await process()(asked, async (identity) => identities.push(identity));
  expect(new Set(identities.map(({ id }) => id)).size).toBe(5);
  expect(new Set(identities.map(({ token }) => token)).size).toBe(5);
  for (const { id, token } of identities) {
    expect(id).toMatch(/^kk_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(token).toMatch(/^kkj_[\w-]{43}$/);
  }
});

test("the late refusal of a process that was held up does not undo what another one did", async () => {
  const [began, held] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()];
  const late = process()(ASKED, () => {
    began.resolve();
    return held.promise;
  });
  await began.promise;
  time += 31_000;
  expect(await process()(ASKED, async () => "done")).toBe("done");
  held.reject(new KangKlipError("RATE_LIMITED", "too many"));
  await expect(late).rejects.toEqual(refused("RATE_LIMITED"));
  expect(await process()(ASKED, async () => "again")).toBe("done");
});

test("with another secret nothing is done a second time", async () => {
  await process()(ASKED, async () => "done");
  const another = process({}, Buffer.alloc(32, 8));
  await expect(another(ASKED, async () => "again")).rejects.toEqual(refused("CONFLICT"));
});

test("twenty processes at once: one does it, the others are told to wait or get its answer", async () => {
  let done = 0;
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, () => process()(ASKED, async () => ++done)),
  );
  expect(done).toBe(1);
  for (const answer of answers)
    if (answer.status === "fulfilled") expect(answer.value).toBe(1);
    else expect(answer.reason).toEqual(refused("CONFLICT"));
});

test("what was answered lies sealed in the store", async () => {
  const noted: string[] = [];
  const watched = process({
    note: async (key, value, ttl) => {
      noted.push(key, value);
      await store.note(key, value, ttl);
    },
  });
  await watched(ASKED, async ({ token }) => ({ job_token: token }));
  expect(noted).toHaveLength(2);
  expect(noted.join()).not.toMatch(/kkj_|127\.0\.0\.1/);
});

import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { createSqliteStore } from "./sqlite-store.ts";
import { testJobStore } from "./store-contract.ts";
import { aStoredJob, states } from "./testing.ts";
import { otherProcess, writerProcess } from "./testing-writer.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-jobs-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(dir, `place-${++files}`, "kangklip.db");

describe("sqlite job store", () =>
  testJobStore(async () => {
    const file = newFile();
    return async () => createSqliteStore({ file });
  }));

const inFile = (file: string) => ({
  module: "./sqlite-store.ts",
  open: "createSqliteStore",
  options: { file },
});

test("two processes that write the same job lose no update, and who watches hears of it", async () => {
  const file = newFile();
  const store = createSqliteStore({ file });
  await store.insert(aStoredJob());
  let calls = 0;
  const stop = store.watch(aStoredJob().job_id, () => void calls++);
  await Promise.all([writerProcess(inFile(file), "a", 60), writerProcess(inFile(file), "b", 60)]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  stop();
  const stored = await store.get(aStoredJob().job_id);
  await store.close();
  expect(stored?.version).toBe(121);
  expect(new Set(stored?.job.notices).size).toBe(120);
  expect(calls).toBeGreaterThan(0);
});

test("jobs that come at once are kept together, each with its own answer", async () => {
  const file = newFile();
  const store = createSqliteStore({ file });
  await store.insert(aStoredJob(3));
  const serials = [1, 2, 3, 2, 4];
  const inserted = Promise.all(serials.map((serial) => store.insert(aStoredJob(serial))));
  expect(await inserted).toEqual([true, true, false, false, true]);
  const last = store.insert(aStoredJob(5));
  await store.close();
  expect(await last).toBe(true);
  const other = createSqliteStore({ file });
  expect((await other.list({ limit: 9 })).map(({ created_at }) => created_at)).toEqual([5, 4, 3, 2, 1]);
  await other.close();
});

test("where the file cannot be written, all who came at once are told so, and later ones are kept", async () => {
  const file = newFile();
  const store = createSqliteStore({ file, busyMs: 50 });
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  const refused = await Promise.allSettled([1, 2].map((serial) => store.insert(aStoredJob(serial))));
  expect(refused.map((each) => each.status === "rejected" && each.reason.code)).toEqual(
    Array(2).fill("UNAVAILABLE"),
  );
  other.close();
  expect(await Promise.all([1, 2].map((serial) => store.insert(aStoredJob(serial))))).toEqual([true, true]);
  await store.close();
});

test("processes that open a new file at the same time all find it ready", async () => {
  const file = newFile();
  await Promise.all(Array.from({ length: 4 }, (_, index) => writerProcess(inFile(file), `${index}`, 0)));
  const store = createSqliteStore({ file });
  expect(await store.insert(aStoredJob())).toBe(true);
  await store.close();
});

test("a job that was written survives the death of its process", async () => {
  const file = newFile();
  const { signal } = await otherProcess(
    inFile(file),
    `await store.insert(job); process.kill(process.pid, "SIGKILL");`,
  );
  expect(signal).toBe("SIGKILL");
  const store = createSqliteStore({ file });
  expect((await store.get(aStoredJob().job_id))?.job).toEqual(aStoredJob());
  await store.close();
});

test("a file of a newer release is left alone, with a sentence that says so", async () => {
  const file = newFile();
  await createSqliteStore({ file }).close();
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 99");
  db.close();
  expect(() => createSqliteStore({ file })).toThrow(/newer KangKlip \(its version is 99.*update KangKlip/);
});

test("a file of an earlier release is brought up to date, with what is in it", async () => {
  const file = newFile();
  await createSqliteStore({ file }).close();
  const ended = states.CANCELLED().job;
  const old = { ...aStoredJob(2), state: "FAILED" as const, ended_at: null, updated_at: 5 }; // no release wrote this
  const db = new DatabaseSync(file);
  db.exec("DROP TABLE jobs; PRAGMA user_version = 1");
  db.exec(`CREATE TABLE jobs (id TEXT PRIMARY KEY, version INTEGER NOT NULL, active INTEGER NOT NULL, job TEXT NOT NULL) STRICT;
    CREATE INDEX active_jobs ON jobs (id) WHERE active = 1`);
  const insert = db.prepare("INSERT INTO jobs VALUES (?, 3, ?, ?)");
  insert.run(aStoredJob(1).job_id, 1, JSON.stringify(aStoredJob(1)));
  insert.run(ended.job_id, 0, JSON.stringify(ended));
  insert.run(old.job_id, 0, JSON.stringify(old));
  db.close();
  const store = createSqliteStore({ file });
  expect(await store.get(ended.job_id)).toEqual({ job: ended, version: 3 });
  expect(await store.active()).toEqual([aStoredJob(1).job_id]);
  expect(await store.ended(Number(ended.ended_at) + 1, 10)).toEqual([old.job_id, ended.job_id]);
  expect(await store.replace(ended, 3)).toBe(true);
  expect(await store.replace({ ...old, wallet: "wallet" }, 3)).toBe(true);
  expect((await store.list({ wallet: "wallet", limit: 10 })).map(({ job_id }) => job_id)).toEqual([
    old.job_id,
  ]);
  await store.close();
});

test("something that is no database is an answer for people, not a bug", () => {
  const file = join(dir, "text.db");
  writeFileSync(file, "this is a letter, not a database; it is long enough to be looked at\n".repeat(20));
  expect(() => createSqliteStore({ file })).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }));
});

test("nobody but the owner of the machine can read the file, nor what SQLite puts beside it", async () => {
  const file = newFile();
  const store = createSqliteStore({ file });
  await store.insert(aStoredJob());
  const modes = [file, `${file}-wal`, `${file}-shm`].map((each) => statSync(each).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600, 0o600]);
  expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700);
  await store.close();
});

test("a store held by another writer for too long says that it is unavailable", {
  timeout: 15_000,
}, async () => {
  const file = newFile();
  const store = createSqliteStore({ file });
  const db = new DatabaseSync(file);
  db.exec("BEGIN IMMEDIATE");
  await expect(store.insert(aStoredJob())).rejects.toMatchObject({ code: "UNAVAILABLE" });
  db.exec("ROLLBACK");
  db.close();
  expect(await store.insert(aStoredJob())).toBe(true);
  await store.close();
});

test("expired notes leave the file", async () => {
  const file = newFile();
  const store = createSqliteStore({ file });
  for (let index = 0; index < 10; index++) await store.note(`short ${index}`, "value", 1);
  await new Promise((resolve) => setTimeout(resolve, 10));
  await store.close();
  const later = createSqliteStore({ file });
  await later.note("long", "value", 60_000);
  await later.close();
  const db = new DatabaseSync(file);
  expect(
    db
      .prepare("SELECT key FROM notes")
      .all()
      .map(({ key }) => key),
  ).toEqual(["long"]);
  db.close();
});

test.each([
  ["active", "active_jobs", "SELECT id FROM jobs WHERE active = 1 ORDER BY id"],
  [
    "ended",
    "ended_jobs",
    "SELECT id FROM jobs WHERE active = 0 AND ended_at < 5 ORDER BY ended_at, id LIMIT 9",
  ],
  [
    "of a wallet",
    "jobs_of_wallet",
    "SELECT version, job FROM jobs WHERE wallet = 'W' AND id < '~' ORDER BY id DESC LIMIT 9",
  ],
])("jobs that are %s are found by their index alone, however many there are", async (_, index, query) => {
  const file = newFile();
  await createSqliteStore({ file }).close();
  const db = new DatabaseSync(file);
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${query}`).all();
  db.close();
  expect(plan.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(new RegExp(`USING (COVERING )?INDEX ${index}\\b`)),
  ]);
});

const full = mkdtempSync(join(tmpdir(), "kk-full-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", full]).status === 0;
afterAll(() => {
  if (mounted) spawnSync("umount", [full]);
  rmdirSync(full);
});

test.skipIf(!mounted)(
  "F42 on a full disk each write is refused whole and says so; with room again the store goes on (needs an account that may mount)",
  async () => {
    const store = createSqliteStore({ file: join(full, "kangklip.db") });
    const job = aStoredJob();
    await store.insert(job);
    await store.note("kept", "kept", 60_000);
    const large = { ...job, notices: Array.from({ length: 200 }, (_, index) => `${index} `.repeat(200)) };
    const ballast = join(full, "ballast");
    writeFileSync(ballast, "");
    expect(() => appendFileSync(ballast, Buffer.alloc(1 << 20))).toThrow(/ENOSPC/);
    const growing = [
      () => store.replace(large, 1),
      () => store.insert({ ...large, job_id: aStoredJob(2).job_id }),
      () => store.note("large", "x".repeat(100_000), 60_000),
      () => store.remember("kept too", "x".repeat(100_000), 60_000),
    ];
    for (const write of growing) await expect(write()).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(await store.get(job.job_id)).toEqual({ job, version: 1 });
    expect(await store.list({ limit: 10 })).toEqual([job]);
    expect(await store.recall("kept")).toBe("kept");
    expect(await store.recall("large")).toBeUndefined();
    rmSync(ballast);
    expect(await store.replace({ ...job, notices: ["later"] }, 1)).toBe(true);
    await store.close();
    const again = createSqliteStore({ file: join(full, "kangklip.db") });
    expect(await again.get(job.job_id)).toMatchObject({ version: 2, job: { notices: ["later"] } });
    await again.close();
  },
);

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { createSqliteStore } from "./sqlite-store.ts";
import { testJobStore } from "./store-contract.ts";
import { aStoredJob } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-jobs-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(dir, `place-${++files}`, "kangklip.db");

describe("sqlite job store", () =>
  testJobStore(async () => {
    const file = newFile();
    return async () => createSqliteStore({ file });
  }));

/** Another process that opens the file and adds `rounds` notices to the job, each through `update`. */
async function writerProcess(file: string, name: string, rounds: number): Promise<void> {
  const script = `
    import { createSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    import { update } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
    const store = createSqliteStore({ file: ${JSON.stringify(file)} });
    for (let round = 0; round < ${rounds}; round++)
      await update(store, ${JSON.stringify(aStoredJob().job_id)}, (job) =>
        ({ ...job, notices: [...job.notices, "${name} " + round] }));
    await store.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`writer ${name} ended with ${code}`);
}

test("two processes that write the same job lose no update, and who watches hears of it", async () => {
  const file = newFile();
  const store = createSqliteStore({ file });
  await store.insert(aStoredJob());
  let calls = 0;
  const stop = store.watch(aStoredJob().job_id, () => void calls++);
  await Promise.all([writerProcess(file, "a", 60), writerProcess(file, "b", 60)]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  stop();
  const stored = await store.get(aStoredJob().job_id);
  await store.close();
  expect(stored?.version).toBe(121);
  expect(new Set(stored?.job.notices).size).toBe(120);
  expect(calls).toBeGreaterThan(0);
});

test("processes that open a new file at the same time all find it ready", async () => {
  const file = newFile();
  await Promise.all(Array.from({ length: 4 }, (_, index) => writerProcess(file, `${index}`, 0)));
  const store = createSqliteStore({ file });
  expect(await store.insert(aStoredJob())).toBe(true);
  await store.close();
});

test("a job that was written survives the death of its process", async () => {
  const file = newFile();
  const script = `
    import { createSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    await createSqliteStore({ file: ${JSON.stringify(file)} }).insert(${JSON.stringify(aStoredJob())});
    process.kill(process.pid, "SIGKILL");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
  const [, signal] = await once(child, "exit");
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

test("active jobs are found by their index, however many have ended", async () => {
  const file = newFile();
  await createSqliteStore({ file }).close();
  const db = new DatabaseSync(file);
  const plan = db.prepare("EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE active = 1 ORDER BY id").all();
  db.close();
  expect(plan.map(({ detail }) => detail)).toEqual([
    expect.stringContaining("USING COVERING INDEX active_jobs"),
  ]);
});

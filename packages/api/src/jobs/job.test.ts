import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { Job } from "./job.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import { decide } from "./state.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-job-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Letter by letter what a release wrote before there were places and money: such records lie in stores. */
const BEFORE_PLACES =
  '{"job_id":"kk_01KAZD3C0000000000000000FF","token_hash":"aa","created_at":1795600000000,"updated_at":1795600100000,"source":{"kind":"url","url":"https://example.com/talk.mp4"},"clip_duration_seconds":30,"clip_count":2,"language":"en","source_title":"Talk","source_seconds":600,"attempts":[{"epoch":1,"launch_key":"kk-01kazd3c0000000000000000ff-e1","state":"FINISHED","provider":"process","ref":{"provider":"process","ref":"r"},"node":null,"not_before":1795600000000,"submitting_at":1795600000100,"submitted_at":1795600000200,"claimed_at":1795600001000,"ended_at":1795600100000,"nonce_hash":"bb","lease_until":null,"missed_leases":0,"deadline":null,"seq":9,"progress_at":1795600099000,"observed_at":null,"outcome":"RENDER_FAILED","released":true}],"budget_from":1,"started_at":1795600001000,"ended_at":1795600100000,"stage":"RENDER","stage_progress":0.5,"progress":70,"message":null,"stage_started_at":{"DOWNLOAD":1795600001000},"error":"it broke","error_code":"RENDER_FAILED","start_error":null,"notices":[],"cancel_requested":false,"result":null,"state":"FAILED"}';
/** The same of the release before this one. */
const BEFORE_MONEY = BEFORE_PLACES.replace('"language":"en"', '"language":"en","compute":null,"max_usd":null')
  .replace('"seq":9', '"seq":9,"offer":null,"reason":null,"doubt_until":null,"usd":null,"running_at":null')
  .replace('"outcome"', '"run_ms":null,"blame":null,"ended_because":"it broke","outcome"');

describe.each([
  ["before there were places and prices", BEFORE_PLACES],
  ["before there was money", BEFORE_MONEY],
])("a job that was stored %s", (_when, text) => {
  test("is read, is nobody's, owes nothing and can go on", () => {
    const job = Job.parse(JSON.parse(text));
    expect(job).toMatchObject({ wallet: null, charges: [], fee: null, compute: null, max_usd: null });
    expect(job.attempts[0]).toMatchObject({ offer: null, blame: null, doubt_until: null, run_ms: null });
    const again = decide(job, { type: "retry" }, job.updated_at + 1);
    const asked = { type: "submitting", epoch: 2, provider: "process", native: false } as const;
    expect(decide(again, asked, job.updated_at + 2).attempts[0]).toMatchObject({
      epoch: 2,
      state: "SUBMITTING",
    });
  });

  test("is in the file where it was, and can be given to a wallet", async () => {
    const file = join(dir, `${text.length}.db`);
    const db = new DatabaseSync(file);
    db.exec(`CREATE TABLE jobs (id TEXT PRIMARY KEY, version INTEGER NOT NULL, active INTEGER NOT NULL, job TEXT NOT NULL, ended_at REAL) STRICT;
      CREATE INDEX active_jobs ON jobs (id) WHERE active = 1;
      CREATE INDEX ended_jobs ON jobs (ended_at, id) WHERE active = 0;
      CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE INDEX notes_by_expiry ON notes (expires_at);
      PRAGMA user_version = 2`);
    const { job_id: id, ended_at } = JSON.parse(text);
    db.prepare("INSERT INTO jobs VALUES (?, 7, 0, ?, ?)").run(id, text, ended_at);
    db.close();
    const store = createSqliteStore({ file });
    const stored = await store.get(id);
    expect(stored).toMatchObject({ version: 7, job: { wallet: null, charges: [] } });
    expect(await store.ended(ended_at + 1, 9)).toEqual([id]);
    if (!stored) throw new Error("it is not there");
    expect(await store.replace({ ...stored.job, wallet: "W" }, 7)).toBe(true);
    expect((await store.list({ wallet: "W", limit: 9 })).map(({ job_id }) => job_id)).toEqual([id]);
    await store.close();
  });
});

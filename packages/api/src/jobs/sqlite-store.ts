import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type JobId, KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { isActive, Job } from "./job.ts";
import { createRecords } from "./records.ts";
import { endedAt, type JobStore } from "./store.ts";
import { createWatchers } from "./watchers.ts";

/** Each brings the file from the version that is its place in the list to the next one. Append, never change. */
const MIGRATIONS = [
  `CREATE TABLE jobs (id TEXT PRIMARY KEY, version INTEGER NOT NULL, active INTEGER NOT NULL, job TEXT NOT NULL) STRICT;
   CREATE INDEX active_jobs ON jobs (id) WHERE active = 1;
   CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX notes_by_expiry ON notes (expires_at);`,
  `ALTER TABLE jobs ADD COLUMN ended_at REAL;
   UPDATE jobs SET ended_at = coalesce(json_extract(job, '$.ended_at'), json_extract(job, '$.updated_at')) WHERE active = 0;
   CREATE INDEX ended_jobs ON jobs (ended_at, id) WHERE active = 0;`,
  `ALTER TABLE jobs ADD COLUMN wallet TEXT;
   UPDATE jobs SET wallet = json_extract(job, '$.wallet');
   CREATE INDEX jobs_of_wallet ON jobs (wallet, id) WHERE wallet IS NOT NULL;`,
];
const SWEEP_MS = 60_000;

const JobRow = z.object({ version: z.int(), job: z.string() });
const VersionRow = z.object({ id: z.string(), version: z.int() });
const NoteRow = z.object({ value: z.string() });

/**
 * Jobs and notes in one SQLite file: the default, needing no server. Several processes may open the same file. Each write is on the
 * disk when it returns (WAL, synchronous=FULL: 0.15 ms, p99 below 1 ms on a cloud disk). `busyMs`: how long to wait for another writer,
 * which writes for well below a millisecond itself.
 * @throws KangKlipError UNAVAILABLE where the file cannot be used, or was written by a newer release
 */
export function createSqliteStore({ file, busyMs = 3000 }: { file: string; busyMs?: number }): JobStore {
  const db = whileUsable(() => opened(file, busyMs));
  const sql = {
    insert: db.prepare(
      "INSERT INTO jobs (id, version, active, ended_at, wallet, job) VALUES (?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    get: db.prepare("SELECT version, job FROM jobs WHERE id = ?"),
    replace: db.prepare(
      "UPDATE jobs SET version = version + 1, active = ?, ended_at = ?, wallet = ?, job = ? WHERE id = ? AND version = ?",
    ),
    remove: db.prepare("DELETE FROM jobs WHERE id = ?"),
    active: db.prepare("SELECT id FROM jobs WHERE active = 1 ORDER BY id"),
    list: db.prepare("SELECT version, job FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?"),
    listOf: db.prepare("SELECT version, job FROM jobs WHERE wallet = ? AND id < ? ORDER BY id DESC LIMIT ?"),
    ended: db.prepare("SELECT id FROM jobs WHERE active = 0 AND ended_at < ? ORDER BY ended_at, id LIMIT ?"),
    versions: db.prepare("SELECT id, version FROM jobs WHERE id IN (SELECT value FROM json_each(?))"),
    remember: db.prepare(
      `INSERT INTO notes (key, value, expires_at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at WHERE expires_at <= ?`,
    ),
    note: db.prepare("INSERT OR REPLACE INTO notes (key, value, expires_at) VALUES (?, ?, ?)"),
    recall: db.prepare("SELECT value FROM notes WHERE key = ? AND expires_at > ?"),
    take: db.prepare("DELETE FROM notes WHERE key = ? AND expires_at > ? RETURNING value"),
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    rollback: db.prepare("ROLLBACK"),
    changes: db.prepare("PRAGMA data_version"), // moves when another connection has written
    sweep: db.prepare("DELETE FROM notes WHERE expires_at <= ?"),
  };
  const records = createRecords();
  const watchers = createWatchers({
    versionsOf: (ids) =>
      new Map(
        sql.versions
          .all(JSON.stringify(ids))
          .map((row) => VersionRow.parse(row))
          .map(({ id, version }) => [id, version]),
      ),
    changesByOthers: () => sql.changes.get()?.data_version,
  });

  let inserts: Insert[] = [];
  /** Keeps all new jobs that came in one turn of the event loop: one transaction is one wait for the disk. */
  function insertAll(): void {
    const [all, together] = [inserts, inserts.length > 1];
    inserts = [];
    try {
      const changed = whileUsable(() => {
        if (together) sql.begin.run();
        const done = all.map(({ values }) => sql.insert.run(...values).changes === 1);
        if (together) sql.commit.run();
        return done;
      });
      for (const [index, { id, kept }] of all.entries()) {
        if (changed[index]) watchers.wrote(id, 1);
        kept.resolve(changed[index] === true);
      }
    } catch (error) {
      if (db.isOpen && db.isTransaction) sql.rollback.run();
      for (const { kept } of all) kept.reject(error);
    }
  }

  let sweptAt = 0;
  const sweep = (now: number) => {
    if (now - sweptAt < SWEEP_MS) return;
    sweptAt = now;
    sql.sweep.run(now);
  };
  const answer = async <T>(work: () => T): Promise<T> => whileUsable(work);

  return {
    insert(job) {
      const kept = Promise.withResolvers<boolean>();
      const values = [job.job_id, ...columns(job), JSON.stringify(job)] as const;
      if (inserts.push({ id: job.job_id, values, kept }) === 1) setImmediate(insertAll);
      return kept.promise;
    },
    get: (id) =>
      answer(() => {
        const row = sql.get.get(id);
        if (!row) return undefined;
        const { version, job } = row as { version: number; job: string }; // the table is STRICT
        return { version, job: records.read(id, job) };
      }),
    replace: (job, version) =>
      answer(() => {
        const { changes } = sql.replace.run(...columns(job), JSON.stringify(job), job.job_id, version);
        if (changes === 1) watchers.wrote(job.job_id, version + 1);
        return changes === 1;
      }),
    remove: (id) =>
      answer(() => {
        if (sql.remove.run(id).changes === 1) watchers.wrote(id, undefined);
      }),
    active: () => answer(() => sql.active.all().map(({ id }) => String(id))),
    list: ({ before = "~", limit, wallet }) =>
      answer(() => {
        const rows =
          wallet === undefined ? sql.list.all(before, limit) : sql.listOf.all(wallet, before, limit);
        return rows.map((row) => Job.parse(JSON.parse(JobRow.parse(row).job)));
      }),
    ended: (before, limit) => answer(() => sql.ended.all(before, limit).map(({ id }) => String(id))),
    time: async () => Date.now(), // whoever shares the file shares the machine and its clock
    watch: (id, listener) => watchers.watch(id, listener),

    remember: (key, value, ttlMs) =>
      answer(() => {
        const now = Date.now();
        sweep(now);
        return sql.remember.run(key, value, now + ttlMs, now).changes === 1;
      }),
    note: (key, value, ttlMs) =>
      answer(() => {
        const now = Date.now();
        sweep(now);
        sql.note.run(key, value, now + ttlMs);
      }),
    recall: (key) =>
      answer(() => {
        const row = sql.recall.get(key, Date.now());
        return row && NoteRow.parse(row).value;
      }),
    take: (key) =>
      answer(() => {
        const row = sql.take.get(key, Date.now());
        return row && NoteRow.parse(row).value;
      }),

    ping: () => answer(() => db.exec("BEGIN IMMEDIATE; ROLLBACK")), // fails where nothing could be written
    async close() {
      if (inserts.length > 0) insertAll();
      watchers.close();
      if (db.isOpen) db.close();
    },
  };
}

interface Insert {
  id: JobId;
  values: readonly [JobId, ...ReturnType<typeof columns>, string];
  kept: PromiseWithResolvers<boolean>;
}

/** The columns `active`, `ended_at` and `wallet`. */
const columns = (job: Job) =>
  isActive(job) ? ([1, null, job.wallet] as const) : ([0, endedAt(job), job.wallet] as const);

function opened(file: string, busyMs: number): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, "a", 0o600)); // SQLite gives its own files beside it the same mode
  const db = new DatabaseSync(file, { timeout: busyMs });
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec("BEGIN IMMEDIATE"); // of two processes that start at once, one migrates and the other waits
  try {
    const version = z.int().parse(db.prepare("PRAGMA user_version").get()?.user_version);
    if (version > MIGRATIONS.length)
      throw new KangKlipError(
        "UNAVAILABLE",
        `${file} was written by a newer KangKlip (its version is ${version}, this one knows ${MIGRATIONS.length}): update KangKlip or use another data folder`,
      );
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** Result codes of SQLite (https://sqlite.org/rescode.html) and of the file system that are the machine's fault, not ours. */
const SQLITE_FULL = 13;
const SQLITE_UNUSABLE = [5, 6, 8, 10, 11, 14, 26]; // busy, locked, read-only, I/O, corrupt, cannot open, not a database

/** Runs `work`; a file that cannot be used now becomes an answer for people. */
function whileUsable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, errcode = 0, message } = error as { code?: string; errcode?: number; message?: string };
    const primary = errcode & 0xff;
    if (primary === SQLITE_FULL || code === "ENOSPC")
      throw new KangKlipError("DISK_FULL", "There is no room on the disk for the job store", {
        cause: error,
      });
    if (SQLITE_UNUSABLE.includes(primary) || /^E(ACCES|PERM|ROFS|IO|NOTDIR|ISDIR)$/.test(code ?? ""))
      throw new KangKlipError("UNAVAILABLE", `The job store cannot be used: ${message}`, { cause: error });
    throw error;
  }
}

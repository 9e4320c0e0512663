import { createHash, randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { artifactKey, type JobId, KangKlipError, type Manifest } from "@kangklip/contract";
import { createDiskStore } from "../artifacts/disk.ts";
import { createSessions } from "../auth/sessions.ts";
import { createClips } from "../clips/clips.ts";
import type { Job } from "../jobs/job.ts";
import { createJobs } from "../jobs/jobs.ts";
import { createSqliteStore } from "../jobs/sqlite-store.ts";
import type { JobStore } from "../jobs/store.ts";
import { states } from "../jobs/testing.ts";
import { newIdentity } from "../jobs/tokens.ts";
import { createLog } from "../log.ts";
import { createUploads } from "../uploads.ts";
import { createCharging } from "./charging.ts";
import { createFee } from "./fee.ts";
import type { CreditsLedger } from "./ledger.ts";
import type { SettleOptions } from "./settle.ts";
import { createTestingLedger, type TestingLedger } from "./testing-ledger.ts";
import { createUnlock } from "./unlock.ts";

const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

/** A disk that is flushed with each write would be most of the time. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
/** A chain in memory need not be waited for. */
const FAST = { pause: (ms: number) => sleep(ms / 30) };

/** A finished job and its token. */
export interface OwnedJob {
  id: JobId;
  token: string;
}

/**
 * Jobs, clips and charges on a real store with real files, and a chain that is in memory unless `ledger` is another one. `place`: a store that is
 * opened once per process; `fee`: what making a job costs.
 */
export function aHouse(
  options: {
    chain?: TestingLedger;
    ledger?: CreditsLedger;
    place?: () => Promise<JobStore> | JobStore;
    fee?: number;
    settleMs?: number;
    pace?: Pick<SettleOptions, "now" | "pause">;
    now?: () => number;
  } = {},
) {
  const dir = mkdtempSync(join(ROOT, "kk-credits-"));
  const chain = options.chain ?? createTestingLedger({ blocksPerCall: 1 });
  const ledger = options.ledger ?? chain.ledger;
  const {
    now = Date.now,
    pace = FAST,
    place = () => createSqliteStore({ file: join(dir, "kangklip.db") }),
  } = options;
  const artifacts = createDiskStore({
    dir: join(dir, "artifacts"),
    secret: randomBytes(32),
    basePath: "/artifacts",
  });
  const opened: { store: JobStore; stop: () => void }[] = [];

  /** One process of the API; `wrap` puts something round what it is given. */
  async function aProcess(wrap: <T extends object>(name: string, port: T) => T = (_name, port) => port) {
    const store = wrap("store", await place());
    const around = wrap("ledger", ledger);
    const log = createLog(process.env.KK_TEST_LOG ?? "silent");
    const { settleMs } = options;
    const charging = createCharging({
      ...{ store, ledger: around, log, now, pace },
      ...(settleMs && { settleMs }),
    });
    opened.push({ store, stop: charging.stop });
    const fee = options.fee ? createFee({ store, ledger: around, charging, amount: options.fee }) : undefined;
    const jobs = createJobs({
      store,
      uploads: createUploads({ store, artifacts, secret: Buffer.alloc(32, 7), maxBytes: 1e9 }),
      fetchPolicy: { allow_private: false, allow_origins: [], max_bytes: 1e9, max_seconds: 3600 },
      compute: ["process"],
      fee,
      wake: () => {},
      now,
    });
    const clips = createClips({ jobs, artifacts, credits: true });
    const sessions = createSessions({ store, now });
    const walletOf = async (token: string | undefined) => {
      if (!token) throw new KangKlipError("NOT_SIGNED_IN", "auth token required");
      const session = await sessions.of(token);
      if (!session) throw new KangKlipError("NOT_SIGNED_IN", "invalid auth token");
      return session.wallet;
    };
    const unlock = createUnlock({ store, jobs, clips, charging, walletOf, now });
    return { store, charging, fee, jobs, clips, sessions, unlock };
  }
  const api = aProcess();

  return {
    chain,
    artifacts,
    aProcess,
    /** The first process. */
    api: () => api,

    /** Signs a wallet in that owns so many credits. @returns its auth token */
    async wallet(name: string, credits = 0): Promise<string> {
      if (credits > 0) chain.give(name, credits);
      return (await api).sessions.open(name);
    },

    /** A job with its clips, made by nobody's wallet unless `job` says so. `previews`: whether its worker made them. */
    async finished({ clips = 2, previews = true, job = {} as Partial<Job> } = {}): Promise<OwnedJob> {
      const { id, token } = newIdentity(now());
      const files = Array.from({ length: clips }, (_, index) => `clip_0${index + 1}`);
      const put = async (name: string, text: string) => {
        await artifacts.put(`jobs/${id}/${name}`, text, { contentType: "video/mp4" });
        return { name, size_bytes: text.length, sha256: sha256(text) };
      };
      const listed = [];
      for (const name of files) {
        listed.push(await put(`${name}.mp4`, `the whole of ${name}`));
        if (previews) listed.push(await put(`${name}_preview.mp4`, `a small ${name}`));
        for (const end of ["jpg", "srt", "vtt", "ass"])
          listed.push(await put(`${name}.${end}`, `${end} of ${name}`));
      }
      listed.push(await put("transcript.json", "[]"));
      const manifest = {
        job_id: id,
        selection: { mode: "heuristic" },
        files: listed as Manifest["files"],
        clips: files.map((name, index) => ({
          ...{ index: index + 1, title: name, hook: "", start: 0, end: 30, duration: 30, segments: [] },
          file: `${name}.mp4`,
          ...(previews && { preview_file: `${name}_preview.mp4` }),
          cover_file: `${name}.jpg`,
        })),
      } satisfies Manifest;
      const json = { contentType: "application/json" };
      await artifacts.put(artifactKey(id, "manifest.json"), JSON.stringify(manifest), json);
      const like = states.SUCCEEDED().released().job;
      const record = { ...like, job_id: id, token_hash: sha256(token), created_at: now(), ...job };
      await (await api).store.insert(record);
      return { id, token };
    },

    async see(id: JobId): Promise<Job> {
      const stored = await (await api).store.get(id);
      if (!stored) throw new Error(`${id} is not in the store`);
      return stored.job;
    },

    async [Symbol.asyncDispose]() {
      for (const { stop } of opened) stop();
      await Promise.all(opened.map(({ store }) => store.close()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
export type House = ReturnType<typeof aHouse>;

/** What somebody shows of himself. */
export const withToken = (token?: string, wallet?: string) => ({ token, operator: false, wallet });
export const OPERATOR = { token: undefined, operator: true };

export const CLIP = "clip_01.mp4";
type Process = Awaited<ReturnType<House["aProcess"]>>;

/** An unlock as a door would ask for it, by whoever holds the job's token. */
export const ask = (
  api: Process,
  job: OwnedJob,
  auth: string | undefined,
  id: unknown = randomUUID(),
  file = CLIP,
) => api.unlock.clip({ job_id: job.id, clip_file: file, unlock_request_id: id }, withToken(job.token), auth);

/** What came of it, in few words. */
export const told = (asked: ReturnType<typeof ask>): Promise<string> =>
  asked.then(
    ({ charged_credits, idempotency }) => `${idempotency} ${charged_credits}`,
    ({ code, message }) => `${code} ${message}`,
  );

/** The clips of a job that whoever holds its token may have. */
export async function unlocked(house: House, { id, token }: OwnedJob): Promise<string[]> {
  const { clips } = await (await house.api()).clips.results(id, withToken(token));
  return clips.filter(({ locked }) => !locked).map(({ clip_file }) => clip_file);
}

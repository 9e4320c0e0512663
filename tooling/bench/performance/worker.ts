import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClaimAnswer, JobSpec, Manifest, Receipt } from "@kangklip/contract";
import { launchKeyOf } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { startApiPlace } from "../../../packages/worker/src/testing-api.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { workerEnv } from "./ours.ts";
import type { Profile } from "./profile.ts";
import { runMeasured, type Took } from "./run.ts";

const MAIN = fileURLToPath(new URL("../../../packages/worker/src/main.ts", import.meta.url));
const DEADLINE_SECONDS = 6 * 3600;

/** What one job of the real worker program came to. */
export interface Job extends Took {
  receipt: Receipt;
  manifest: Manifest;
  /** Files that it stored, in order, seconds since it claimed the job. */
  stored: { name: string; seconds: number }[];
  /** Until it told its end, seconds since the claim. */
  totalSeconds: number;
  /** What it fetched. */
  bytes: number;
  requests: number;
}

export interface JobOptions {
  profile: Pick<Profile, "clip">;
  /** A path below the origin's folder. */
  source: string;
  origin: Origin;
  spec?: Partial<JobSpec>;
  env?: Record<string, string>;
  dir: string;
  signal: AbortSignal;
}

/** The worker program at work on one job; its API and its store are on loopback. @throws Error with its last words where it fails */
export async function runJob({ profile, source, origin, spec, env, dir, signal }: JobOptions): Promise<Job> {
  await mkdir(dir, { recursive: true });
  const cwd = await mkdtemp(join(dir, "job-"));
  const puts = join(cwd, "stored");
  await using store = await startOrigin(cwd, puts);
  const job = aJobSpec({
    ...{ source: { kind: "url", url: origin.address(source) }, language: "en", clip_count: 1 },
    fetch_policy: {
      ...{ allow_private: false, allow_origins: [origin.url] },
      ...{ max_bytes: 20e9, max_seconds: 5 * 3600 },
    },
    ...spec,
  });
  const claim: ClaimAnswer = {
    ...{ attempt_token: "kka_token", job, heartbeat_seconds: 5, seconds_left: DEADLINE_SECONDS },
    deadline: new Date(Date.now() + DEADLINE_SECONDS * 1000).toISOString(),
  };
  let claimed = 0;
  let ended = 0;
  await using api = await startApiPlace(({ path, body }) => {
    if (path === "claim") {
      claimed = performance.now();
      return { body: claim };
    }
    if (path === "report" && body.status !== "RUNNING") ended = performance.now();
    if (path !== "presign") return {};
    const uploads = body.files.map(({ name }: { name: string }) => ({
      ...{ name, url: store.putUrl(name), headers: {} },
    }));
    return { body: { uploads, in_parts: [] } };
  });
  origin.reset();
  const took = await runMeasured(
    {
      ...{ command: process.execPath, args: [MAIN], cwd },
      env: workerEnv(profile.clip, {
        ...{ KK_API_URL: api.url, KK_LAUNCH_KEY: launchKeyOf(job.job_id, job.epoch) },
        ...{ KK_CLAIM_TOKEN: `kkc_${"0".repeat(40)}`, KK_LOG_LEVEL: "error", ...env },
      }),
    },
    signal,
  );
  const { bytes, requests } = origin.asked();
  const read = async (name: string) => JSON.parse(await readFile(join(puts, name), "utf8"));
  return {
    ...{ ...took, bytes, requests, totalSeconds: (ended - claimed) / 1000 },
    ...{ receipt: await read("receipt.json"), manifest: await read("manifest.json") },
    stored: store.puts().map(({ name, at }) => ({ name, seconds: (at - claimed) / 1000 })),
  };
}

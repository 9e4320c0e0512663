// The service as people run it, but for what would bound or disturb the measurement: its provider starts nothing (and answers at once),
// and nobody makes too many jobs.

import { readConfig } from "../../../packages/api/src/config.ts";
import { currentAttempt, type Job } from "../../../packages/api/src/jobs/job.ts";
import { decide, newJob } from "../../../packages/api/src/jobs/state.ts";
import { update } from "../../../packages/api/src/jobs/store.ts";
import { newIdentity } from "../../../packages/api/src/jobs/tokens.ts";
import { createLog } from "../../../packages/api/src/log.ts";
import { startServer } from "../../../packages/api/src/server.ts";
import type { ComputeProvider } from "../../../packages/providers/src/provider.ts";
import { answering, ownUsage } from "./children.ts";
import { clockUs } from "./figures.ts";

const WRITES_AT_ONCE = 64;

const config = readConfig({ WEB: "off", PORT: "0", ...process.env });
const server = await startServer({
  config: { ...config, maxRunningJobs: 0, jobsPerMinute: Number.MAX_SAFE_INTEGER },
  log: createLog("warn"),
  wrap: (ports) => ({ ...ports, providers: ports.providers.map(withoutMachines) }),
});
const { jobs, store } = server.services;
process.once("SIGTERM", async () => {
  await server.stop();
  process.exit();
});

answering(Number(new URL(server.url).port), async (question) => {
  switch (question.ask) {
    case "change":
      for (const id of question.ids)
        await update(store, id, (job) => ({ ...job, message: String(clockUs()), updated_at: Date.now() }));
      return null;
    case "fill":
      return fill(question.waiting, question.due);
    case "active":
      return (await store.active()).length;
    case "usage": {
      const { followers, jobs: watched } = jobs.followed();
      return { ...ownUsage(), readers: followers, watched };
    }
  }
});

function withoutMachines(provider: ComputeProvider): ComputeProvider {
  return {
    ...provider,
    find: async () => [],
    cancel: async () => "gone",
    release: async () => {},
    logs: async () => "",
    async *list() {},
  };
}

/** Stores jobs that wait for a place, and jobs of which a launch is to be stopped and what it left removed. */
async function fill(waiting: number, due: number): Promise<null> {
  let left = waiting + due;
  const writer = async () => {
    while (left > 0) await store.insert(left-- > due ? aJob() : withLaunchToStop(aJob()));
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, writer));
  return null;
}

function aJob(): Job {
  const now = Date.now();
  const source = { kind: "url", url: "https://example.com/talk.mp4" } as const;
  const request = { clip_duration_seconds: 30, clip_count: 3, language: "en" } as const;
  return newJob(newIdentity(now).id, "0".repeat(64), source, request, now);
}

function withLaunchToStop(job: Job): Job {
  const { epoch, launch_key } = currentAttempt(job);
  const now = Date.now();
  const asked = decide(job, { type: "submitting", native: true, epoch, provider: "process" }, now);
  const ref = { provider: "process", ref: launch_key };
  return decide(decide(asked, { type: "submitted", epoch, ref }, now), { type: "cancel" }, now);
}

import { readFileSync } from "node:fs";
import {
  Callback,
  ClaimInput,
  CONTRACT_VERSION,
  HeartbeatInput,
  PresignInput,
  RankInput,
  Report,
} from "@kangklip/contract";
import { expect, test } from "vitest";
import { currentAttempt, isFinal } from "./job.ts";
import { LEASE_MS } from "./state.ts";
import { aWorld } from "./testing-world.ts";
import { attemptToken, sha256 } from "./tokens.ts";

// who may move a job, and what becomes of those who may not (any longer)

const clipOf = (id: string) => `jobs/${id}/clip_01.mp4`;
type World = Awaited<ReturnType<typeof aWorld>>;
async function textOf({ artifacts }: World, key: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of (await artifacts.get(key)).body) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

test("F12: an attempt that slept and finishes after the next one has succeeded changes nothing", async () => {
  await using world = await aWorld();
  const id = await world.job();
  const stale = await world.working(id);
  await world.until(id, (job) => currentAttempt(job).epoch === 2);
  const fresh = await world.working(id);
  await fresh.succeeded(await fresh.upload("the good one"));
  await world.until(id, isFinal);
  const before = await world.see(id);
  const manifest = await stale.upload("the stale one"); // its links may still be good
  await expect(stale.succeeded(manifest)).rejects.toMatchObject({ code: "FENCED" });
  await expect(stale.pulse()).rejects.toMatchObject({ code: "FENCED" });
  await expect(stale.at("UPLOAD", 1)).rejects.toMatchObject({ code: "FENCED" });
  await world.pass(10_000);
  const { attempts: _before, updated_at: _then, ...kept } = before;
  expect(await world.see(id)).toMatchObject({ ...kept, state: "SUCCEEDED" });
  expect(await textOf(world, clipOf(id))).toBe("the good one");
});

test("F13: one report delivered ten times at once is one transition, and all ten are answered", async () => {
  await using world = await aWorld();
  const id = await world.job();
  const worker = await world.working(id);
  const manifest_sha256 = await worker.upload();
  const { version = 0 } = (await world.api.store.get(id)) ?? {};
  const report = { status: "SUCCEEDED", job_id: id, epoch: 1, seq: 7, manifest_sha256 } as const;
  const other = await world.aProcess();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? world.api : other).work.report(worker.token, report),
    ),
  );
  expect(answers.every(({ cancel }) => cancel === false)).toBe(true);
  expect((await world.api.store.get(id))?.version).toBe(version + 1);
  await world.until(id, isFinal);
  expect(await world.api.work.report(worker.token, report)).toMatchObject({ cancel: false }); // and once more, much later
});

test("F14: the five reports of a run in all 120 orders, each of them twice: the job ends as it must", async () => {
  const order = [0, 1, 2, 3, 4];
  const permutations = (list: number[]): number[][] =>
    list.length === 0
      ? [[]]
      : list.flatMap((first) =>
          permutations(list.filter((one) => one !== first)).map((rest) => [first, ...rest]),
        );
  await using world = await aWorld();
  const orders = permutations(order);
  expect(orders).toHaveLength(120);
  const ids = await Promise.all(orders.map(() => world.job()));
  await world.pass(1000);
  for (const [index, id] of ids.entries()) {
    const permutation = orders[index] ?? [];
    const worker = await world.working(id);
    const manifest_sha256 = await worker.upload();
    const said = { job_id: id, epoch: 1, message: null, status: "RUNNING" } as const;
    const reports = [
      { ...said, seq: 1, stage: "DOWNLOAD", stage_progress: 1 },
      { ...said, seq: 2, stage: "TRANSCRIPT", stage_progress: 0.5 },
      { ...said, seq: 3, stage: "RENDER", stage_progress: 0.4 },
      { ...said, seq: 4, stage: "UPLOAD", stage_progress: 1 },
      { status: "SUCCEEDED", job_id: id, epoch: 1, seq: 5, manifest_sha256 },
    ] as const;
    let progress = 0;
    for (const place of permutation.flatMap((one) => [one, one])) {
      await worker.report(reports[place as 0]);
      const job = await world.see(id);
      expect(job.progress).toBeGreaterThanOrEqual(progress);
      progress = job.progress;
    }
    expect(await world.see(id)).toMatchObject({ state: "COMMITTING", attempts: [{ seq: 5 }] });
  }
  await world.pass(2000);
  const states = (await world.api.jobs.list({ limit: 200 })).map(
    ({ state, progress }) => `${state} ${progress}`,
  );
  expect(new Set(states)).toEqual(new Set(["SUCCEEDED 100"]));
}, 60_000);

test("F15: a report that is lost for ever: what was uploaded completes the job once its launch has ended well", async () => {
  await using world = await aWorld();
  const id = await world.job();
  const worker = await world.working(id);
  await worker.upload("unreported");
  worker.exit(0);
  const from = world.clock.now;
  await world.until(id, isFinal);
  expect(await world.see(id)).toMatchObject({ state: "SUCCEEDED", attempts: [{ outcome: "succeeded" }] });
  expect(world.clock.now - from).toBeLessThan(15_000);
  expect(await textOf(world, clipOf(id))).toBe("unreported");
});

test("F16: workers that cannot report for a minute are not given up, and lose nothing", async () => {
  await using world = await aWorld();
  const ids = await Promise.all([world.job(), world.job()]);
  const workers = await Promise.all(ids.map((id) => world.working(id)));
  await world.pass(LEASE_MS + 5000, {
    meanwhile: async () => void (await Promise.all(workers.map((worker) => worker.pulse()))),
  });
  // the API is away: it answers 503 to everybody, its reconciler sees no store
  world.clock.now += 60_000;
  await world.pass(8000); // workers ask again after a while
  for (const worker of workers) await worker.succeeded(await worker.upload());
  for (const id of ids)
    expect(await world.until(id, isFinal)).toMatchObject({ state: "SUCCEEDED", attempts: [{ epoch: 1 }] });
});

test("F18: a token of another attempt, job or installation moves nothing", async () => {
  await using world = await aWorld();
  const [id, other] = [await world.job(), await world.job()];
  const worker = await world.working(id);
  const stranger = await world.working(other);
  const before = await world.see(id);
  const launch = currentAttempt(before);
  const tokens = [
    undefined,
    "",
    stranger.token,
    `${worker.token?.slice(0, -1)}!`,
    worker.token?.replace("-e1.", "-e2."),
    attemptToken(world.secret, launch.launch_key, sha256("another nonce")),
    attemptToken(Buffer.alloc(32), launch.launch_key, launch.nonce_hash ?? ""),
    world.provider.launches[0]?.env.KK_CLAIM_TOKEN,
  ];
  for (const token of tokens) {
    const said = { job_id: id, epoch: 1 };
    await expect(world.api.work.heartbeat(token, said)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await expect(
      world.api.work.report(token, {
        ...said,
        seq: 9,
        status: "FAILED",
        code: "INTERNAL",
        error: "x",
        stage: "CHUNK",
      }),
    ).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  }
  expect(await world.see(id)).toEqual(before);
});

test("F74: a worker of another release is turned away, and the job says why it cannot be made", async () => {
  await using world = await aWorld();
  const id = await world.job();
  for (let attempt = 1; attempt <= 3; attempt++) {
    await world.until(id, (job) => currentAttempt(job).epoch === attempt && job.state === "STARTING");
    const worker = world.worker(world.launch());
    const claim = worker.claim(CONTRACT_VERSION + 1);
    await expect(claim).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("same release"),
    });
    worker.exit(70);
    await world.pass(3000);
  }
  expect(await world.until(id, isFinal)).toMatchObject({
    state: "FAILED",
    error_code: "PROVIDER_UNAVAILABLE",
    error: expect.stringContaining("same release"),
  });
});

/** What workers of earlier releases say, as they said it: kept as it was, whatever becomes of the schemas. */
const FROZEN = new URL("../../corpus/worker-messages-1.json", import.meta.url);
interface Message {
  id: string;
  what: string;
  input: unknown;
  expected?: string;
}
const frozen = (filled: Record<string, string>): { messages: Message[]; callbacks: Message[] } =>
  JSON.parse(
    readFileSync(FROZEN, "utf8").replace(/"\{(\w+)\}"|\{(\w+)\}/g, (text, whole, part) => {
      const value = filled[whole ?? part];
      if (value === undefined) return text;
      return whole ? JSON.stringify(value) : value;
    }),
  );

test("F74: what a worker of contract 1 says is understood, word by word", async () => {
  await using world = await aWorld();
  const id = await world.job();
  await world.until(id, ({ state }) => state === "STARTING");
  const { launchKey: launch_key, env } = world.launch();
  const manifest_sha256 = await world.worker(world.launch()).upload();
  const { work } = world.api;
  let token: string | undefined;
  const say: Record<string, (input: unknown) => Promise<unknown>> = {
    claim: async (input) => {
      token = (await work.claim(ClaimInput.parse(input))).attempt_token;
    },
    heartbeat: (input) => work.heartbeat(token, HeartbeatInput.parse(input)),
    report: (input) => work.report(token, Report.parse(input)),
    presign: (input) => work.presign(token, PresignInput.parse(input)),
    rank: (input) => work.rank(token, RankInput.parse(input)),
  };
  const filled = { job_id: id, launch_key, claim_token: env.KK_CLAIM_TOKEN, manifest_sha256 };
  for (const { id: name, what, input, expected } of frozen(filled).messages) {
    const answer = await say[what]?.(input).catch((error) => error.code);
    expect([name, expected ?? typeof answer]).toEqual([name, expected ? answer : typeof answer]);
    if (!expected) expect(answer).not.toBeTypeOf("string");
  }
  expect(await world.until(id, isFinal)).toMatchObject({
    state: "SUCCEEDED",
    source_title: "A talk",
    notices: ["No speech model"],
  });
});

test("F74: so is what a 1.x worker calls back, each kind of call on a job of its own", async () => {
  await using world = await aWorld();
  const states: string[] = [];
  for (const index of [0, 1, 2]) {
    const id = await world.job();
    const worker = await world.working(id);
    await worker.upload();
    const { what, input } = frozen({ job_id: id }).callbacks[index] as Message;
    expect(await world.api.work.callback(worker.token, () => Callback.parse(input))).toEqual({ ok: true });
    const { state } = await world.see(id);
    states.push(`${what} ${state}`);
  }
  expect(states).toEqual(["callback RUNNING", "callback RETRYING", "callback COMMITTING"]);
});

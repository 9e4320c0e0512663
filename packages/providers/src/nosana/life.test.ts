import { afterEach, describe, expect, test, vi } from "vitest";
import { ProviderError } from "../provider.ts";
import { aLaunch, BEHAVIOURS, cancelled, keysOf, until } from "../testing.ts";
import { createNosanaProvider, type NosanaProviderOptions } from "./nosana.ts";
import { type NosanaStandIn, type StandInOptions, startNosanaStandIn } from "./stand-in.ts";

vi.setConfig({ testTimeout: 60_000 });
const KEY = "nos_canary_key";
const open: NosanaStandIn[] = [];
afterEach(async () => {
  for (const standIn of open.splice(0)) await standIn.close();
});

/** A service of its own whose nodes wait, with a provider on it and another one that is as good as restarted. */
async function place(options: Partial<StandInOptions> = {}, more: Partial<NosanaProviderOptions> = {}) {
  const standIn = await startNosanaStandIn({
    run: () => ({ command: [process.execPath, "-e", BEHAVIOURS.waits], env: {} }),
    apiKey: KEY,
    ...options,
    faults: { graceMs: 300, ...options.faults },
  });
  open.push(standIn);
  const connect = () =>
    createNosanaProvider({
      ...{ apiKey: KEY, baseUrl: standIn.url, markets: [], scope: "ours", settings: {} },
      image: `kk/worker@sha256:${"0".repeat(64)}`,
      ...more,
    });
  const created = () => standIn.requests.filter((request) => request === "POST /deployments/create").length;
  return { standIn, provider: connect(), connect, created };
}
const kindOf = async (call: Promise<unknown>) =>
  call.then(
    () => "no error",
    (error) => (error instanceof ProviderError ? error.kind : error),
  );
/** A clock that stands, with every delay 0: what is due happens when it is pushed. */
const standing = { clockStandsAt: Date.parse("2026-11-26T02:00:00Z") };
const later = (standIn: NosanaStandIn, ms = 1000) => standIn.clock.advance(ms);

describe("a launch between creation and start", () => {
  test("the answer to its creation is lost: it is no launch yet, and submitting again starts that one", async () => {
    const { standIn, provider, connect, created } = await place();
    const spec = aLaunch();
    standIn.line.lost.push(/create$/);
    expect(await kindOf(provider.submit(spec))).toBe("AMBIGUOUS");
    expect([...standIn.deployments.values()].map(({ status }) => status)).toEqual(["DRAFT"]);
    expect(await provider.find(spec.launchKey)).toEqual([]); // nothing runs, and nothing will
    expect(await keysOf(provider)).toEqual([]);
    const ref = await connect().submit(spec); // another process, after a crash
    expect(created()).toBe(1);
    expect(await provider.find(spec.launchKey)).toEqual([ref]);
    await until(provider, ref, ["running"]);
    await cancelled(provider, ref);
  });

  test.each([
    ["a proxy answers to its start", { status: 502, body: "<html>" }, "AMBIGUOUS"],
    [
      "too much was asked when it was to start",
      { status: 429, body: "", headers: { "retry-after": "3" } },
      "AMBIGUOUS",
    ],
    ["the money is gone when it is to start", { status: 402, body: {} }, "FUNDS"],
  ])("%s: submitting again starts the same one", async (_case, refusal, kind) => {
    const { standIn, provider, created } = await place();
    const spec = aLaunch();
    standIn.line.refusals.push({ ...refusal, to: /start$/ });
    expect(await kindOf(provider.submit(spec))).toBe(kind);
    await provider.submit(spec);
    expect(created()).toBe(1);
  });

  test("somebody else has started it meanwhile, and that is fine", async () => {
    const { standIn, provider } = await place();
    standIn.line.lost.push(/start$/);
    const spec = aLaunch();
    expect(await kindOf(provider.submit(spec))).toBe("AMBIGUOUS");
    const [deployment] = standIn.deployments.values();
    if (deployment) deployment.status = "DRAFT"; // as a list read a moment earlier would say
    const starting = provider.submit(spec);
    await expect.poll(() => standIn.requests.filter((request) => request.endsWith("/start")).length).toBe(2);
    expect(await starting).toMatchObject({ ref: deployment?.id });
  });

  test("one that was left is gone as far as anybody has to care, once its start cannot be on its way any more", async () => {
    const { standIn, provider } = await place(standing);
    standIn.line.lost.push(/create$/);
    expect(await kindOf(provider.submit(aLaunch()))).toBe("AMBIGUOUS");
    const [id = ""] = standIn.deployments.keys();
    const ref = { provider: "nosana", ref: id };
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("retry");
    later(standIn, 61_000);
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("gone");
    await provider.release(ref);
    expect(standIn.requests.filter((request) => request.endsWith("/start"))).toEqual([]);
  });
});

describe("the life of a deployment", () => {
  test("from STARTING, which cannot be stopped, over the queue and the node to the archive", async () => {
    const { standIn, provider } = await place({
      ...standing,
      faults: { startMs: 1000, queueMs: 60_000, settleMs: 0 },
    });
    const ref = await provider.submit(aLaunch());
    const deployment = standIn.deployments.get(ref.ref);
    expect(await provider.observe(ref)).toEqual({ phase: "starting" });
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("retry");
    expect(await kindOf(provider.release(ref))).toBe("CONFLICT");
    later(standIn);
    expect(await provider.observe(ref)).toEqual({
      ...{ phase: "queued", message: "In the queue of NVIDIA RTX 3060 since 2026-11-26T02:00:01.000Z" },
    });
    later(standIn, 60_000);
    later(standIn, 1_800_000);
    expect(await provider.observe(ref)).toEqual({
      ...{ phase: "running", startedAt: standing.clockStandsAt + 61_000 },
      usd: expect.closeTo(0.0275, 3), // $0.055 an hour, and a little for the time that this test takes
      node: deployment?.jobs[0]?.node,
    });
    const [offer] = await provider.offers(aLaunch().requirements);
    expect(offer?.label).toBe("NVIDIA RTX 3060 market, a node usually within 1 min");
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("stopping");
    // The container is gone a moment before its node says so.
    await expect.poll(() => deployment?.jobs[0]?.state, { timeout: 45_000 }).toBe(3);
    expect(standIn.running()).toEqual([]);
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("stopping");
    later(standIn);
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("gone");
    expect(await provider.observe(ref)).toMatchObject({ phase: "exited", reason: "cancelled", usd: 0.0275 });
    await provider.release(ref);
    expect(deployment?.status).toBe("ARCHIVED");
    expect(await provider.observe(ref)).toEqual({ phase: "lost" });
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("gone");
    await provider.release(ref);
  });

  test("one that waits in the queue is delisted, and costs nothing", async () => {
    const { standIn, provider } = await place({ faults: { queueMs: Number.POSITIVE_INFINITY } });
    const ref = await provider.submit(aLaunch());
    await until(provider, ref, ["queued"]);
    await cancelled(provider, ref);
    expect(await provider.observe(ref)).toMatchObject({
      phase: "exited",
      reason: "cancelled",
      exitCode: null,
    });
    expect(standIn.freeUsd()).toBeCloseTo(100);
  });

  test("a listing that fails is told while nothing else is known", async () => {
    const { standIn, provider } = await place({
      ...standing,
      faults: { startMs: 0, queueMs: 0, listErrors: 1 },
    });
    const ref = await provider.submit(aLaunch());
    later(standIn);
    expect(await provider.observe(ref)).toEqual({
      ...{ phase: "queued", message: "Nosana: The job could not be listed on the network" },
    });
    later(standIn, 30_000);
    expect(await provider.observe(ref)).toMatchObject({ phase: "running" });
  });

  test("no credits: blocked until there are some, and it can be ended", async () => {
    const { standIn, provider } = await place({ ...standing, freeUsd: 0.001 });
    const [first, second] = [await provider.submit(aLaunch()), await provider.submit(aLaunch())];
    later(standIn);
    const blocked = { phase: "blocked", reason: "funds" };
    expect(await provider.observe(first)).toMatchObject(blocked);
    expect(await provider.cancel(first, { graceSeconds: 1 })).toBe("stopping");
    later(standIn);
    expect(await provider.cancel(first, { graceSeconds: 1 })).toBe("gone");
    standIn.setFreeUsd(10);
    later(standIn, 600_000);
    later(standIn);
    expect(await provider.observe(second)).toMatchObject({ phase: "running" });
  });

  test("without any credits nothing is made that could not be removed", async () => {
    const { standIn, provider, created } = await place({ freeUsd: 0 });
    expect(await kindOf(provider.submit(aLaunch()))).toBe("FUNDS");
    expect(created()).toBe(0);
    standIn.setFreeUsd(5); // seen at once
    await provider.submit(aLaunch());
  });

  test("a debt archives everything: that is told apart from a release, and by the probe", async () => {
    const { standIn, provider, connect } = await place();
    const ref = await provider.submit(aLaunch());
    await until(provider, ref, ["running"]);
    standIn.setFreeUsd(-1.5);
    expect(await connect().observe(ref)).toMatchObject({
      ...{
        phase: "exited",
        reason: "funds",
        message: expect.stringMatching(/negative \(\$-1\.\d\d\).*topped up/),
      },
    });
    expect(await provider.probe()).toMatchObject({
      ok: false,
      freeUsd: expect.any(Number),
      detail: expect.stringContaining("negative"),
    });
    expect(await provider.cancel(ref, { graceSeconds: 1 })).toBe("gone");
    expect(await kindOf(provider.submit(aLaunch()))).toBe("FUNDS");
  });

  test.each([
    ["dead", { reason: "lost", exitCode: null }],
    ["shut down", { reason: "evicted" }],
  ] as const)("its node is %s", async (why, expected) => {
    const { standIn, provider } = await place();
    const ref = await provider.submit(aLaunch());
    const printed = () => standIn.deployments.get(ref.ref)?.jobs[0]?.container?.logs().length;
    await expect.poll(printed, { timeout: 45_000 }).toBe(1);
    standIn.endNode(ref.ref, why);
    await until(provider, ref, why === "dead" ? ["stopping"] : ["exited"]); // a result may still come
    standIn.clock.advance(61_000);
    expect(await provider.observe(ref)).toMatchObject({ phase: "exited", ...expected });
    expect(await provider.logs(ref, { tail: 5 })).toBe(why === "dead" ? "" : "up");
  });

  test("an image that no node can pull", async () => {
    const { provider } = await place({ faults: { missingImage: /worker/ } });
    const ref = await provider.submit(aLaunch());
    expect(await until(provider, ref, ["exited"])).toMatchObject({
      ...{ reason: "image", message: expect.stringContaining("manifest unknown") },
    });
  });

  test("two processes that submitted at once have two launches, which are both found, the older one first", async () => {
    const { standIn, provider, connect } = await place();
    const spec = aLaunch();
    const refs = await Promise.all([provider.submit(spec), provider.submit(spec), connect().submit(spec)]);
    const found = (await provider.find(spec.launchKey)).map(({ ref }) => ref);
    expect(found).toEqual([...standIn.deployments.keys()]);
    expect(found).toHaveLength(2);
    expect(refs[0]).toEqual(refs[1]); // in one process it is one
    expect((await provider.submit(spec)).ref).toBe(found[0]);
  });
});

test("a deployment that follows the end of its job late is waited for, and then archived", async () => {
  const { standIn, provider } = await place({
    run: () => ({ command: [process.execPath, "-e", BEHAVIOURS.ok], env: {} }),
    faults: { settleMs: 800 },
  });
  const ref = await provider.submit(aLaunch());
  await until(provider, ref, ["exited"]);
  expect(standIn.deployments.get(ref.ref)?.status).toBe("RUNNING");
  await provider.release(ref);
  expect(standIn.deployments.get(ref.ref)?.status).toBe("ARCHIVED");
});

describe("an account with a past", () => {
  const OLD = 10_000;
  const spec = () => {
    const letters = "0123456789abcdefghjkmnpqrstvwxyz";
    let [time, text] = [Date.now(), ""];
    for (let n = 0; n < 10; n++, time = Math.floor(time / 32)) text = `${letters[time % 32]}${text}`;
    const launchKey = `kk-${text}${"0".repeat(16)}-e1`;
    const launch = aLaunch();
    return { ...launch, launchKey, env: { ...launch.env, KK_LAUNCH_KEY: launchKey } };
  };
  const lists = ({ requests }: NosanaStandIn) =>
    requests.filter((request) => request === "GET /deployments").length;

  test.each(["filtered", "ignored", "refused"] as const)(
    "10,000 old deployments are not looked through to find one launch (names: %s)",
    async (names) => {
      const { standIn, provider } = await place();
      standIn.line.names = names;
      standIn.fill(OLD, { status: "STOPPED", name: "old", createdAt: Date.now() - 40 * 24 * 3_600_000 });
      const launch = spec();
      const ref = await provider.submit(launch);
      const before = lists(standIn);
      expect(await provider.find(launch.launchKey)).toEqual([ref]);
      expect(lists(standIn) - before).toBe(1);
      const listed = lists(standIn);
      expect(await keysOf(provider)).toEqual([launch.launchKey]);
      expect(lists(standIn) - listed).toBe(2);
    },
  );

  test("a launch is found behind any number of newer ones of others, without the help of the server", async () => {
    const { standIn, provider } = await place();
    standIn.line.names = "ignored";
    const launch = spec();
    const ref = await provider.submit(launch);
    standIn.fill(450, { status: "STOPPED", name: "kk:them:kk-", createdAt: Date.now() });
    const before = lists(standIn);
    expect(await provider.find(launch.launchKey)).toEqual([ref]);
    expect(lists(standIn) - before).toBe(5);
    expect(await keysOf(provider)).toEqual([launch.launchKey]);
  });

  test("a clock that was wrong by hours, or has become so, finds its launches all the same", async () => {
    const { provider, connect } = await place({}, { now: () => Date.now() + 5 * 3_600_000 });
    const launch = spec();
    const ref = await provider.submit(launch);
    expect(await connect().find(launch.launchKey)).toEqual([ref]);
    const slow = await place({}, { now: () => Date.now() - 5 * 3_600_000 });
    const other = await slow.provider.submit(launch);
    expect(await slow.connect().find(launch.launchKey)).toEqual([other]);
  });
});

describe("the probe", () => {
  test("tells what is free and from what price; and what is wrong, in words to act on", async () => {
    const { standIn, provider, connect } = await place();
    expect(await provider.probe()).toEqual({
      ok: true,
      freeUsd: 100,
      detail: "$100.00 free, 2 markets from $0.055 an hour",
    });
    standIn.line.refusals.push({ status: 502, body: "<html>" });
    expect(await connect().probe()).toMatchObject({
      ok: false,
      detail: "Nosana answered 502 to GET /credits/balance",
    });
    standIn.line.apiKey = undefined;
    const revoked = await connect().probe();
    expect(revoked).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/expired or was revoked: make a new one .* NOSANA_API_KEY/),
    });
    expect(revoked.detail).not.toContain(KEY);
  });

  test.each([
    [{ image: "kk/worker:2" }, true, /no digest: write it as kk\/worker:2@sha256/],
    [{ image: "Kang Klip" }, false, /"Kang Klip" is no image name/],
    [{ markets: ["nowhere"] }, false, /None of the markets nowhere .* check NOSANA_MARKET/],
    [{ markets: ["nvidia-4090"] }, true, /1 market from \$0\.440 an hour/],
  ] as const)("%j", async (options, ok, words) => {
    const { provider } = await place({}, options);
    expect(await provider.probe()).toMatchObject({ ok, detail: expect.stringMatching(words) });
  });
});

test("nothing is sent but what a launch needs: the key in one header, the claim token once, no other secret", async () => {
  const { standIn, provider } = await place({}, { settings: { RENDER_CRF: "20" } });
  const spec = aLaunch();
  const ref = await provider.submit(spec);
  await until(provider, ref, ["running"]);
  await provider.find(spec.launchKey);
  await cancelled(provider, ref);
  await provider.logs(ref, { tail: 5 });
  await provider.release(ref);
  const received = standIn.received().split("\n\n");
  expect(received.length).toBeGreaterThan(8);
  for (const request of received) {
    expect(request.split(KEY), "the key, once for each request").toHaveLength(2);
    expect(request).toContain(`"authorization":"Bearer ${KEY}"`);
  }
  expect(standIn.received().split(spec.env.KK_CLAIM_TOKEN)).toHaveLength(2);
  const [, , body = "{}"] =
    received.find((request) => request.startsWith("POST /api/deployments/create"))?.split("\n") ?? [];
  expect(Object.keys(JSON.parse(body).job_definition.ops[0].args.env).toSorted()).toEqual([
    ...["KK_API_URL", "KK_CLAIM_TOKEN", "KK_LAUNCH_KEY", "KK_LOG_LEVEL", "RENDER_CRF"],
  ]);
});

test("where no node could reach the service, nothing is asked of Nosana", async () => {
  const provider = createNosanaProvider({
    ...{ apiKey: KEY, baseUrl: undefined, markets: [], image: "kk/worker", scope: "ours", settings: {} },
  });
  expect(await kindOf(provider.submit(aLaunch()))).toBe("UNSUPPORTED");
});

test("a provider that cannot be right is not made", () => {
  const good = {
    apiKey: KEY,
    baseUrl: undefined,
    markets: [],
    image: "kk/worker",
    scope: "ours",
    settings: {},
  };
  createNosanaProvider(good);
  for (const bad of [
    { scope: "O" },
    { settings: { LLM_API_KEY: "x" } },
    { baseUrl: "http://nosana.example" },
  ])
    expect(() => createNosanaProvider({ ...good, ...bad })).toThrow();
});

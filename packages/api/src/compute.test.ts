import { ProviderView, Quote } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createTestingProvider } from "./jobs/testing-provider.ts";
import { startTestApi } from "./testing.ts";

const JOB = { video_url: "https://example.com/talk.mp4", clip_duration_seconds: 30, clip_count: 1 };
const gpu = (model: string, nvenc = true) => ({ model, vramGb: 24, nvenc, count: 1 });

/** The API with a market of three places before this machine. */
async function start(env: Record<string, string> = {}) {
  const market = createTestingProvider({ id: "market", now: Date.now });
  const [one] = market.offers;
  if (!one) throw new Error("it offers nothing");
  market.offers.splice(0, 1, {
    ...one,
    offerId: "dear",
    label: "A100 market",
    gpu: gpu("A100", false),
    usdPerHour: 1.2,
  });
  market.offers.push({
    ...one,
    offerId: "cheap",
    label: "RTX 3090 market",
    gpu: gpu("RTX 3090"),
    usdPerHour: 0.2,
  });
  market.offers.push({
    ...one,
    offerId: "full",
    label: "RTX 4090 market",
    gpu: gpu("RTX 4090"),
    usdPerHour: 0.1,
    availability: "full",
  });
  const api = await startTestApi({
    env,
    wrap: (ports) => ({ ...ports, providers: [market.provider, ...ports.providers] }),
  });
  return { api, market, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

test("a quote tells where a job would run, what each place would cost and why the others are not taken; nothing is started", async () => {
  await using started = await start();
  const { api, market } = started;
  const quote = await api.trpc().jobs.quote.query({ ...JOB, source_seconds: 2700 });
  expect(quote.message).toBe("Runs at market: RTX 3090 market");
  expect(quote.offers.map(({ label, usd, chosen, reason }) => ({ label, usd, chosen, reason }))).toEqual([
    { label: "RTX 3090 market", usd: 0.2, chosen: true, reason: "best of 2 offers" },
    { label: "A100 market", usd: 1.2, chosen: false, reason: null },
    { label: "RTX 4090 market", usd: 0.1, chosen: false, reason: "market has no free GPU" },
    { label: "this machine", usd: 0, chosen: false, reason: null },
  ]);
  expect(quote.offers[0]).toMatchObject({ provider: "market", gpu: "RTX 3090", vram_gb: 24, seconds: 3600 });
  expect(Date.parse(quote.expires_at)).toBeGreaterThan(Date.now());
  expect(await api.services.store.active()).toEqual([]);
  expect(market.count("submit")).toBe(0);

  const { body } = await api.rest("POST", "/api/jobs/quote", { ...JOB, compute: ["process"], max_usd: 0 });
  expect(Quote.parse(body)).toMatchObject({ offers: [{ provider: "process", chosen: true, usd: 0 }] });
  const dear = await api.rest("POST", "/api/jobs/quote", { ...JOB, compute: ["market"], max_usd: 0.1 });
  expect(dear.body.message).toBe("Would fail: market may cost $0.40, more than $0.10");
  const wrong = await api.rest("POST", "/api/jobs/quote", { ...JOB, compute: ["cloud"] });
  expect(wrong).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("cloud is not configured") },
  });
});

test("a job is made for the providers and the price that were asked for, and its view says both", async () => {
  await using started = await start();
  const { api, market } = started;
  const made = await api.rest("POST", "/api/jobs", {
    ...JOB,
    video_url: "https://example.com/ok.mp4",
    compute: ["process"],
    max_usd: 0.5,
  });
  const view = await api.until(made.body.job_id, () => false, 60_000);
  expect(view).toMatchObject({
    ...{ status: "SUCCEEDED", usd: 0, nosana_run_id: null },
    request: { compute: ["process"], max_usd: 0.5 },
    attempts: [
      {
        provider: "process",
        offer: { label: "this machine", usd_per_hour: 0 },
        reason: "first choice",
        usd: 0,
      },
    ],
  });
  expect(market.count("submit")).toBe(0);
  for (const [wrong, text] of [
    [{ compute: "process" }, "compute must be a list"],
    [{ compute: [] }, "compute must be a list"],
    [{ compute: ["Cloud!"] }, "compute must be a list"],
    [{ compute: ["cloud"] }, "cloud is not configured; there is market, process"],
    [{ max_usd: -1 }, "max_usd must not be negative"],
    [{ max_usd: "1" }, "max_usd must be a number"],
  ] as const)
    expect(await api.rest("POST", "/api/jobs", { ...JOB, ...wrong })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining(text) },
    });
});

test("everybody may know which providers there are, only the operator how they are", async () => {
  await using started = await start();
  const { api, market } = started;
  market.provider.probe = async () => ({ ok: true, detail: "account 7, a secret", freeUsd: 12.5, gpus: 2 });
  const { body } = await api.rest("GET", "/api/system/providers");
  const seen = ProviderView.array().parse(body);
  expect(seen).toEqual([
    { id: "market", ok: true, gpu: "RTX 3090", usd_per_hour: 0.1, operator: null },
    { id: "process", ok: true, gpu: null, usd_per_hour: 0, operator: null },
  ]);
  const operator = { "x-operator-token": api.config.operatorToken };
  const [first] = await api.trpc(operator).system.providers.query();
  expect(first?.operator).toMatchObject({
    ...{ detail: "account 7, a secret", free_usd: 12.5, gpus: 2, running: 0, held: null },
    capabilities: { submit: "native", env_visible_to: "public" },
  });
  expect(first?.operator?.offers).toHaveLength(3);
  expect((await api.trpc().system.info.query()).compute).toEqual(["market", "process"]);
});

test("a provider that is down leaves the others' answers as they are, and the service ready", async () => {
  await using started = await start();
  const { api, market } = started;
  market.plan("offers", { error: "UNAVAILABLE" }, 100);
  market.provider.probe = async () => ({ ok: false, detail: "the key is wrong" });
  const quote = await api.trpc().jobs.quote.query(JOB);
  expect(quote.message).toBe("Would wait: market does not answer as it should"); // for a moment
  expect(quote.offers.map(({ provider }) => provider)).toEqual(["process"]);
  expect(await api.rest("GET", "/readyz")).toMatchObject({
    status: 200,
    body: {
      checks: { compute: { ok: true, detail: "market: the key is wrong; process: runs on this machine" } },
    },
  });
});

test("questions about places are counted by address, apart from jobs", async () => {
  await using started = await start({ JOBS_PER_MINUTE: "1" });
  const { api } = started;
  const answers: number[] = [];
  for (let times = 0; times < 6; times++)
    answers.push((await api.rest("POST", "/api/jobs/quote", JOB)).status);
  expect(answers).toEqual([200, 200, 200, 200, 200, 429]);
  expect((await api.rest("POST", "/api/jobs", JOB)).status).toBe(200);
});

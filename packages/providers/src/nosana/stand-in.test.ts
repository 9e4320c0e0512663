import type { components, paths } from "@nosana/types";
import { afterEach, describe, expect, test, vi } from "vitest";
import { aLaunch } from "../testing.ts";
import { Balance, Deployment, DeploymentPage, EventPage, JobDetail, JobPage } from "./answers.ts";
import { deploymentOf } from "./job.ts";
import { type NosanaStandIn, STAND_IN_MARKETS, type StandInOptions, startNosanaStandIn } from "./stand-in.ts";
import { createStandInClock } from "./stand-in-clock.ts";
import { deploymentView, eventView, jobView, listedJobView, marketView } from "./stand-in-wire.ts";

vi.setConfig({ testTimeout: 60_000 });
const START = Date.parse("2026-11-26T02:00:00Z");
const WRONG_STATE = [500, { error: "Deployment is in the incorrect state." }];
const open: NosanaStandIn[] = [];
afterEach(async () => {
  for (const standIn of open.splice(0)) await standIn.close();
});

/** A stand-in whose clock stands, and what it answers to plain requests. */
async function start(options: Partial<StandInOptions> = {}) {
  const standIn = await startNosanaStandIn({
    run: () => ({ command: [process.execPath, "-e", "setInterval(() => {}, 1000)"], env: {} }),
    clockStandsAt: START,
    ...options,
  });
  open.push(standIn);
  const ask = async (method: string, path: string, body?: unknown, key = "nos_stand_in") => {
    const response = await fetch(`${standIn.url}${path}`, {
      ...{ method, headers: { authorization: `Bearer ${key}` } },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: answers of any shape are looked into
    const answer: any = /^[[{]/.test(text) ? JSON.parse(text) : text;
    return [response.status, answer] as const;
  };
  const create = async (more: object = {}) => ask("POST", "/deployments/create", { ...body(), ...more });
  return { standIn, ask, create };
}
const body = () =>
  deploymentOf(aLaunch(), {
    ...{
      name: "kk:ours:kk-1-e1",
      market: STAND_IN_MARKETS[0]?.address ?? "",
      image: "kk/worker",
      settings: {},
    },
  });

describe("the stand-in for Nosana", () => {
  test("a state allows what the service allows in it, and else answers 500", async () => {
    const { standIn, ask, create } = await start();
    const [, { id, status }] = await create();
    expect(status).toBe("DRAFT");
    const to = (action: string) => ask("POST", `/deployments/${id}/${action}`);
    const is = async () => (await ask("GET", `/deployments/${id}`))[1].status;
    for (const action of ["stop", "archive"]) expect(await to(action)).toEqual(WRONG_STATE);
    expect(await ask("DELETE", `/deployments/${id}`)).toEqual(WRONG_STATE);
    expect(await to("start")).toEqual([
      200,
      { status: "STARTING", updated_at: new Date(START).toISOString() },
    ]);
    for (const action of ["start", "stop", "archive"]) expect(await to(action)).toEqual(WRONG_STATE);
    standIn.clock.advance(30);
    expect(await is()).toBe("RUNNING");
    for (const action of ["start", "archive"]) expect(await to(action)).toEqual(WRONG_STATE);
    expect(await to("stop")).toMatchObject([200, { status: "STOPPING" }]);
    for (const action of ["start", "stop", "archive"]) expect(await to(action)).toEqual(WRONG_STATE);
    standIn.clock.advance(1000);
    expect(await is()).toBe("STOPPED");
    expect(await to("archive")).toMatchObject([200, { status: "ARCHIVED" }]);
    for (const action of ["start", "stop", "archive"])
      expect(await to(action)).toEqual([500, { error: "Cannot modify an archived deployment." }]);
  });

  test("what is not there, not allowed or not understood is answered as there", async () => {
    const { standIn, ask, create } = await start();
    expect(await ask("GET", "/deployments/Dnone")).toEqual([404, { error: "Deployment not found." }]);
    expect(await ask("GET", "/deployments", undefined, "nos_other")).toEqual([401, "Unauthorized"]);
    const refused = [400, { code: "FST_ERR_VALIDATION", statusCode: 400, error: "Bad Request" }];
    const [, good] = await create();
    expect(good.status).toBe("DRAFT");
    for (const wrong of [
      { name: "" },
      { timeout: 0 },
      { timeout: 70.5 },
      { replicas: 0 },
      { strategy: "ONCE" },
      { job_definition: { ...body().job_definition, secrets: {} } },
      { job_definition: { ...body().job_definition, ops: [] } },
      { job_definition: { ...body().job_definition, ops: [{ ...body().job_definition.ops[0], id: "a b" }] } },
    ])
      expect(await create(wrong), JSON.stringify(wrong)).toMatchObject(refused);
    expect(await ask("POST", "/deployments/create", "{")).toMatchObject(refused);
    expect(await create({ market: "nowhere" })).toEqual([400, { error: "Invalid request body." }]);
    for (const limit of [1, 11, 1000, -1])
      expect(await ask("GET", `/deployments?limit=${limit}`)).toMatchObject(refused);
    expect((await ask("PUT", `/deployments/${good.id}`))[0]).toBe(404);
    expect(standIn.deployments.size).toBe(1);
    standIn.line.apiKey = undefined;
    expect(await ask("GET", "/credits/balance")).toEqual([401, "Unauthorized"]);
  });

  test("the list has pages, an order and filters; each deployment is on one page", async () => {
    const { standIn, ask, create } = await start();
    for (let n = 0; n < 25; n++) {
      await create({ name: `kk:ours:kk-${n}-e1` });
      standIn.clock.advance(1000);
    }
    for (const order of ["asc", "desc"]) {
      const names: string[] = [];
      let cursor = "";
      do {
        const [, page] = await ask("GET", `/deployments?limit=10&sort_order=${order}${cursor}`);
        expect(page.pagination.total_items).toBe(25);
        names.push(...DeploymentPage.parse(page).deployments.map(({ name }) => name));
        cursor = page.pagination.cursor_next
          ? `&cursor=${encodeURIComponent(page.pagination.cursor_next)}`
          : "";
      } while (cursor);
      const all = Array.from({ length: 25 }, (_, n) => `kk:ours:kk-${n}-e1`);
      expect(names).toEqual(order === "asc" ? all : all.toReversed());
    }
    const count = async (query: string) =>
      (await ask("GET", `/deployments?${query}`))[1].pagination.total_items;
    expect(await count("status=RUNNING,STOPPED")).toBe(0);
    expect(await count("status=RUNNING,DRAFT")).toBe(25);
    expect(await count("name=kk:ours:kk-7-e1")).toBe(1);
    expect(await count("search=kk-1")).toBe(11);
    expect(await count(`created_after=${new Date(START + 19_000).toISOString()}`)).toBe(5);
    standIn.line.names = "ignored";
    expect(await count("name=kk:ours:kk-7-e1")).toBe(25);
    standIn.line.names = "refused";
    expect((await ask("GET", "/deployments?name=x"))[0]).toBe(400);
  });

  test("credits are reserved for the whole time-out, and what was not used comes back", async () => {
    const { standIn, ask, create } = await start({
      faults: { startMs: 0, queueMs: 0, settleMs: 0, graceMs: 100 },
    });
    const [, { id }] = await create({ timeout: 60 });
    await ask("POST", `/deployments/${id}/start`);
    standIn.clock.advance(1);
    expect(standIn.freeUsd()).toBeCloseTo(100 - 0.44);
    standIn.clock.advance(1_800_000);
    await ask("POST", `/deployments/${id}/stop`);
    await expect.poll(standIn.freeUsd, { timeout: 45_000 }).toBeCloseTo(100 - 0.22, 3);
    const [, balance] = await ask("GET", "/credits/balance");
    expect(Balance.parse(balance)).toMatchObject({ assignedCredits: 100, reservedCredits: 0 });
  });

  test("a container gets the environment of its image and its launch and no other, and ends with the stand-in", async () => {
    const script = "console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)";
    const { standIn, ask, create } = await start({
      run: (image) => ({ command: [process.execPath, "-e", script], env: { IMAGE: image } }),
      clockStandsAt: Date.now(),
      faults: { startMs: 0, queueMs: 0 },
    });
    const [, { id, name }] = await create();
    await ask("POST", `/deployments/${id}/start`);
    standIn.clock.advance(1);
    const job = standIn.deployments.get(id)?.jobs[0];
    await expect.poll(() => job?.container?.logs().length, { timeout: 45_000 }).toBe(1);
    const env = JSON.parse(job?.container?.logs()[0]?.log ?? "{}");
    expect(
      Object.keys(env)
        .filter((key) => !/^(__|npm_)/.test(key))
        .toSorted(),
    ).toEqual([...["IMAGE", "KK_API_URL", "KK_CLAIM_TOKEN", "KK_LAUNCH_KEY", "KK_LOG_LEVEL", "NODE_ENV"]]);
    expect(standIn.running()).toEqual([{ id, name }]);
    await standIn.close();
    await expect.poll(standIn.running, { timeout: 45_000 }).toEqual([]);
  });

  test("its answers have the shapes of the service's own types", async () => {
    const { standIn, ask, create } = await start({ faults: { startMs: 0, queueMs: 0 } });
    const [, made] = await create();
    expect(Deployment.parse(made).id).toBe(made.id);
    await ask("POST", `/deployments/${made.id}/start`);
    standIn.clock.advance(1);
    const deployment = standIn.deployments.get(made.id);
    const [job, event, market] = [deployment?.jobs[0], deployment?.events[0], STAND_IN_MARKETS[0]];
    if (!deployment || !job || !event || !market) throw new Error("no job");
    // what matters here is that it compiles: the types are those of the service's OpenAPI document
    const typed: [Service["Deployment"], Service["Job"], Detail, Service["Event"], Market] = [
      { ...deploymentView(deployment), strategy: "SIMPLE" },
      listedJobView(deployment, job) as Service["Job"],
      { ...jobView(deployment, job), jobResult: null } as Detail,
      { ...eventView(deployment, event), category: "Deployment" },
      marketView(market),
    ];
    expect(typed).toHaveLength(5);
    expect(JobPage.parse((await ask("GET", `/deployments/${made.id}/jobs?limit=10`))[1]).jobs).toMatchObject([
      { state: "RUNNING" },
    ]);
    expect(
      EventPage.parse((await ask("GET", `/deployments/${made.id}/events?limit=10`))[1]).events[0]?.type,
    ).toBe("JOB_LIST_CONFIRMED");
    expect(JobDetail.parse((await ask("GET", `/deployments/${made.id}/jobs/${job.id}`))[1])).toMatchObject({
      state: "RUNNING",
      timeStart: START,
    });
  });
});
type Service = components["schemas"];
type Detail =
  paths["/api/deployments/{deployment}/jobs/{job}"]["get"]["responses"][200]["content"]["application/json"];
type Market = Extract<
  paths["/api/markets/"]["get"],
  { responses: unknown }
>["responses"][200]["content"]["application/json"][number];

test("a clock that is pushed lets everything happen in order, also what comes up on the way", () => {
  const clock = createStandInClock(1000);
  const happened: [string, number][] = [];
  const note = (what: string) => happened.push([what, clock.now()]);
  clock.after(500, () => note("second"));
  clock.after(100, () => {
    note("first");
    clock.after(600, () => note("third"));
  });
  const takeBack = clock.after(200, () => note("never"));
  takeBack();
  clock.after(5000, () => note("too late"));
  clock.advance(1000);
  expect(happened).toEqual([
    ["first", 1100],
    ["second", 1500],
    ["third", 1700],
  ]);
  expect(clock.now()).toBe(2000);
  clock.stop();
  clock.advance(10_000);
  expect(happened).toHaveLength(3);
});

import type { ServiceStatus } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { PLACE_MS } from "./jobs/launch.ts";
import { createPlaces } from "./jobs/places.ts";
import { START, story } from "./jobs/testing.ts";
import { createLog } from "./log.ts";
import { createStatus } from "./status.ts";

const WELL = { ok: true, needed: true, detail: "answers", ms: 1 };
const EMPTY: ServiceStatus["queue"] = { waiting: 0, running: 0, longest_wait_seconds: null };

function aStatus(over: Partial<Parameters<typeof createStatus>[0]> = {}) {
  const clock = { now: START };
  let asked = 0;
  const status = createStatus({
    ...{ version: "2.0.0", log: createLog("silent"), now: () => clock.now },
    health: async () => {
      asked++;
      return { store: WELL };
    },
    queue: () => EMPTY,
    providers: async () => [],
    ...over,
  });
  return { clock, status, asked: () => asked };
}

describe("the status", () => {
  test("is looked at once in five seconds, however many ask, and anew after that", async () => {
    const { clock, status, asked } = aStatus();
    await Promise.all(Array.from({ length: 50 }, status));
    clock.now += 4999;
    await status();
    expect(asked()).toBe(1);
    clock.now += 1;
    await status();
    expect(asked()).toBe(2);
    clock.now -= 60_000; // a clock that was put back keeps nobody waiting for it
    await status();
    expect(asked()).toBe(3);
  });

  test("is well while all is that it needs, and says which is not without saying why", async () => {
    const broken = { ...WELL, ok: false, detail: "redis://10.0.0.7 refused" };
    const credits = { ...broken, needed: false };
    expect(await aStatus({ health: async () => ({ store: WELL, credits }) }).status()).toMatchObject({
      ok: true,
      checks: [
        { name: "store", ok: true },
        { name: "credits", ok: false, needed: false },
      ],
    });
    const bad = await aStatus({ health: async () => ({ store: broken }) }).status();
    expect(bad.ok).toBe(false);
    expect(JSON.stringify(bad)).not.toContain("10.0.0.7");
  });

  test("is told too where the providers cannot be asked", async () => {
    const providers = () => Promise.reject(new Error("no"));
    expect(await aStatus({ providers }).status()).toMatchObject({ ok: true, providers: [] });
  });
});

describe("the queue", () => {
  const of = (serial: number, tell = story()) => ({
    ...tell.job,
    job_id: `kk_${String(serial).padStart(26, "0")}`,
  });

  test("counts who waits and who runs, and knows since when", () => {
    const clock = { now: START };
    const places = createPlaces({ size: 2, now: () => clock.now, begin: () => {} });
    expect(places.queue()).toEqual(EMPTY);
    for (const serial of [1, 2, 3]) places.seen(of(serial));
    places.seen(of(4, story().running()));
    clock.now += 90_000;
    places.seen(of(5, story().after(60_000)));
    expect(places.queue()).toEqual({ waiting: 4, running: 1, longest_wait_seconds: 90 });
    for (const serial of [1, 2, 3]) places.drop(of(serial).job_id);
    places.seen(of(5, story().running()));
    expect(places.queue()).toEqual({ waiting: 0, running: 2, longest_wait_seconds: null });
  });

  test("a job that is refused again and again has waited all the time, one that was started again has not", () => {
    const clock = { now: START + 600_000 };
    const places = createPlaces({ size: 2, now: () => clock.now, begin: () => {} });
    const refused = story();
    for (let times = 0; times < 100; times++) refused.after(5000).submitting().refused(true, 5000);
    places.seen(of(1, refused));
    expect(places.queue().longest_wait_seconds).toBe(595);
    expect(PLACE_MS).toBeGreaterThan(600_000);
    places.seen(of(1, story().running().failed("NO_VIDEO").released().after(599_000).retry()));
    expect(places.queue().longest_wait_seconds).toBe(1);
  });
});

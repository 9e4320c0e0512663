import { artifactKey } from "@kangklip/contract";
import { expect, test } from "vitest";
import { currentAttempt, isFinal } from "./job.ts";
import { LEASE_MS } from "./state.ts";
import type { StorePlace } from "./testing-place.ts";
import { aWorld } from "./testing-world.ts";

/** What must hold when a store is put back to an older copy of itself, whatever the store is. */
export function testTimeTravel(newPlace: () => StorePlace): void {
  const worldOn = (submit: "native" | "lookup" = "native") => aWorld({ submit, place: newPlace() });

  test.each(["native", "lookup"] as const)(
    "F23: a launch that the store has forgotten is ended, its epoch is not used again, and the job is made (%s)",
    async (submit) => {
      await using world = await worldOn(submit);
      const id = await world.job();
      const back = await world.photograph();
      await world.pass(1000);
      const forgotten = world.launch();
      await world.travel(back);
      await world.pass(5000);
      expect(forgotten).toMatchObject({ released: true, seen: { reason: "cancelled" } });
      const worker = await world.working(id);
      await worker.succeeded(await worker.upload());
      expect(await world.until(id, isFinal)).toMatchObject({
        state: "SUCCEEDED",
        result: { epoch: 2 },
        budget_from: 2,
      });
      expect(world.provider.launches.map(({ launchKey }) => launchKey.slice(-2))).toEqual(["e1", "e2"]);
    },
  );

  test("F23: a worker whose claim was forgotten goes on with its work as soon as it speaks", async () => {
    await using world = await worldOn();
    const id = await world.job();
    await world.pass(1000);
    const back = await world.photograph();
    const worker = await world.working(id);
    await worker.at("RENDER", 0.5);
    await world.travel(back);
    expect(await world.see(id)).toMatchObject({ state: "STARTING", attempts: [{ nonce_hash: null }] });
    await worker.pulse();
    await worker.at("RENDER", 0.6);
    expect(await world.see(id)).toMatchObject({
      state: "RUNNING",
      stage: "RENDER",
      attempts: [{ epoch: 1 }],
    });
    await worker.succeeded(await worker.upload());
    worker.exit(0);
    expect(await world.until(id, isFinal)).toMatchObject({ state: "SUCCEEDED", result: { epoch: 1 } });
    expect(world.provider.launches).toHaveLength(1);
  });

  test("F23: so does one whose whole attempt was forgotten; the attempt that was given up before it stays so", async () => {
    await using world = await worldOn();
    const id = await world.job();
    const silent = await world.working(id);
    const back = await world.photograph();
    await world.until(id, (job) => currentAttempt(job).epoch === 2);
    const worker = await world.working(id);
    const { ref } = world.launch();
    await world.travel(back);
    expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1 }] });
    await worker.pulse();
    await expect(silent.pulse()).rejects.toMatchObject({ code: "FENCED" });
    await world.pass(2 * LEASE_MS, { meanwhile: async () => void (await worker.pulse()) });
    expect(await world.see(id)).toMatchObject({
      state: "RUNNING",
      attempts: [{ outcome: "WORKER_LOST" }, { epoch: 2 }],
    });
    await worker.succeeded(await worker.upload());
    worker.exit(0);
    await world.until(id, isFinal);
    await world.pass(5000);
    expect(await world.see(id)).toMatchObject({ state: "SUCCEEDED", result: { epoch: 2 } });
    expect(world.provider.launches.find((launch) => launch.ref.ref === ref.ref)?.released).toBe(true);
  });

  test("F23: of two that were granted the same attempt the second grant holds, the first worker is sent away", async () => {
    await using world = await worldOn("lookup");
    const id = await world.job();
    await world.pass(1000);
    const back = await world.photograph();
    const first = await world.working(id);
    await world.travel(back);
    const second = world.worker(world.launch());
    await second.claim();
    await expect(first.pulse()).rejects.toMatchObject({ code: "UNAUTHORIZED" }); // which ends a worker like FENCED
    await second.pulse();
    expect((await world.see(id)).state).toBe("RUNNING");
  });

  test("F23: clips that were published in the lost time are not made again", async () => {
    await using world = await worldOn();
    const id = await world.job();
    const waiting = await world.photograph();
    const worker = await world.working(id);
    const running = await world.photograph();
    await worker.succeeded(await worker.upload());
    worker.exit(0);
    await world.until(id, isFinal);
    await world.pass(5000);
    const manifest = await world.artifacts.head(artifactKey(id, "manifest.json"));
    for (const back of [running, waiting]) {
      await world.travel(back);
      expect(isFinal(await world.see(id))).toBe(false);
      expect(await world.until(id, isFinal)).toMatchObject({ state: "SUCCEEDED", progress: 100 });
      await world.pass(5000);
      expect((await world.see(id)).attempts.every(({ released }) => released)).toBe(true);
    }
    expect(world.provider.count("submit")).toBe(1);
    expect(await world.artifacts.head(artifactKey(id, "manifest.json"))).toEqual(manifest);
  });

  test("F23: a launch that ended well while its claim was forgotten is published from what it uploaded", async () => {
    await using world = await worldOn();
    const id = await world.job();
    await world.pass(1000);
    const back = await world.photograph();
    const worker = await world.working(id);
    await worker.upload();
    worker.exit(0);
    await world.travel(back);
    expect(await world.until(id, isFinal)).toMatchObject({ state: "SUCCEEDED", attempts: [{ epoch: 1 }] });
    expect(world.provider.launches).toHaveLength(1);
  });

  test("F23: what had ended stays ended, and a lost cancel can be asked for again", async () => {
    await using world = await worldOn();
    const [done, open] = [await world.job(), await world.job()];
    await world.api.jobs.cancel(done, { token: undefined, operator: true });
    const worker = await world.working(open);
    const back = await world.photograph();
    await world.api.jobs.cancel(open, { token: undefined, operator: true });
    await world.until(open, isFinal);
    const ended = await world.see(done);
    await world.travel(back);
    await worker.pulse().catch(() => {});
    await world.pass(5000);
    expect(await world.see(done)).toEqual(ended);
    await world.api.jobs.cancel(open, { token: undefined, operator: true });
    expect(await world.until(open, isFinal)).toMatchObject({ state: "CANCELLED" });
    expect(world.provider.live()).toEqual([]);
  });

  test("F23: the launch of a job that the store has forgotten is stopped, and its worker is not heard", async () => {
    await using world = await worldOn();
    await world.job();
    const back = await world.photograph();
    const lost = await world.job();
    const worker = await world.working(lost);
    const launch = world.provider.launches.find(({ launchKey }) =>
      launchKey.includes(lost.slice(3).toLowerCase()),
    );
    await world.travel(back);
    await expect(worker.pulse()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await world.pass(7 * 60_000, { stepMs: 5000 });
    expect(launch?.released).toBe(true);
  });
}

import { expect, test } from "vitest";
import { isActive, isFinal } from "./job.ts";
import { aWorld } from "./testing-world.ts";

/**
 * One job from its creation to its end. Whatever runs in a launch claims, uploads and reports by itself, and asks again while nobody
 * answers; a process that died is followed by another one.
 */
async function life(
  submit: "native" | "lookup",
  dies?: { atCall: number; when: "before" | "after" },
  full = false,
) {
  await using world = await aWorld({ submit, ...(full && { more: [{ id: "second", submit }] }) });
  if (full) world.provider.plan("submit", { error: "CAPACITY" }, 1e6);
  const id = await world.job();
  const eye = await world.aProcess(); // that looks on
  await world.restart(dies && { dies });
  const workers = new Map<string, { step: number; worker: ReturnType<typeof world.worker>; hash: string }>();
  let died = false;
  for (let seconds = 0; seconds < 300; seconds++) {
    world.clock.now += 1000;
    await world.api.reconciler.once().catch(() => {});
    for (const launch of (full ? world.other() : world.provider).live()) {
      const known = workers.get(launch.ref.ref) ?? { step: 0, worker: world.worker(launch), hash: "" };
      workers.set(launch.ref.ref, known);
      try {
        if (known.step === 0) await known.worker.claim();
        if (known.step === 1) known.hash = await known.worker.upload();
        if (known.step === 2) await known.worker.succeeded(known.hash);
        if (++known.step === 3) known.worker.exit(0);
      } catch (error) {
        if ((error as { code?: string }).code === "FENCED") known.worker.exit(75);
      }
    }
    if (world.api.isDead()) {
      died = true;
      await world.restart();
    }
    const stored = (await eye.store.get(id))?.job;
    if (stored && isFinal(stored) && !isActive(stored)) break;
  }
  if (world.api.isDead()) await world.restart();
  const job = await world.see(id);
  const keys: string[] = [];
  for await (const key of world.artifacts.list(`jobs/${id}/`)) keys.push(key.split("/").slice(2).join("/"));
  const launches = [...world.provider.launches, ...(full ? world.other().launches : [])];
  return { died, calls: world.api.calls(), job, keys: keys.sort(), launches };
}

test.each(["native", "lookup"] as const)(
  "F01, F02, C20: a process killed at each of its calls, before and after the call's effect, at a provider that is %s: one launch, one result, nothing left",
  async (submit) => {
    const { calls } = await life(submit);
    expect(calls).toBeGreaterThan(20);
    for (let atCall = 1; atCall < calls; atCall++)
      for (const when of submit === "native" ? (["before", "after"] as const) : (["after"] as const)) {
        const { died, job, keys, launches } = await life(submit, { atCall, when });
        const about = `${when} call ${atCall}`;
        expect([about, died, job.state, job.attempts.length]).toEqual([about, true, "SUCCEEDED", 1]);
        expect([about, keys]).toEqual([about, ["clip_01.mp4", "manifest.json"]]);
        expect([about, launches.map(({ released }) => released)]).toEqual([about, [true]]);
      }
  },
  120_000,
);

test("C20: the same where the first provider is full and the second one has the launch: never two, and nothing left", async () => {
  const { calls } = await life("native", undefined, true);
  for (let atCall = 1; atCall < calls; atCall++) {
    const when = atCall % 2 === 0 ? "before" : "after";
    const { died, job, launches } = await life("native", { atCall, when }, true);
    const about = `${when} call ${atCall}`;
    expect([about, died, job.state, job.attempts.length]).toEqual([about, true, "SUCCEEDED", 1]);
    expect([about, launches.map(({ ref, released }) => [ref.provider, released])]).toEqual([
      about,
      [["second", true]],
    ]);
  }
}, 120_000);

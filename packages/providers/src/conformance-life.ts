import { expect } from "vitest";
import type { Ground } from "./conformance.ts";
import type { LaunchRef } from "./provider.ts";
import { aLaunch, keysOf } from "./testing.ts";

/** One launch from its offer to its release. */
export function checkLife({ options, check, open, start, up, ended, gone, dead }: Ground): void {
  check("C1", "the place is ready, and says the same of itself as its documentation", async () => {
    const provider = await open("ok");
    expect(provider.capabilities).toEqual(options.capabilities);
    expect(await provider.probe()).toMatchObject({ ok: true, detail: expect.stringMatching(/./) });
  });

  check("C1", "what it offers has a name and a price within the limit, and can be launched", async () => {
    const provider = await open("ok");
    const { requirements } = aLaunch();
    const offers = await provider.offers(requirements);
    expect(offers.length).toBeGreaterThan(0);
    for (const offer of offers) {
      expect(offer).toMatchObject({ provider: provider.id, label: expect.stringMatching(/./) });
      expect(offer.usdPerHour ?? 0).toBeGreaterThanOrEqual(0);
    }
    const free = await provider.offers({ ...requirements, maxPriceUsdPerHour: 0 });
    expect(free.filter(({ usdPerHour }) => usdPerHour !== null && usdPerHour > 0)).toEqual([]);
    const { ref } = await start("ok", { offerId: offers[0]?.offerId ?? "" });
    expect(await ended(provider, ref)).toMatchObject({ reason: "completed" });
  });

  check("C1", "a launch that ends well says so for good, and its output can be read", async () => {
    const { provider, ref } = await start("ok");
    const seen = await ended(provider, ref);
    expect(seen).toMatchObject({ exitCode: 0, reason: "completed" });
    expect(seen.endedAt ?? Date.now()).toBeGreaterThanOrEqual(seen.startedAt ?? 0);
    expect(await provider.observe(ref)).toEqual(seen);
    if (provider.capabilities.logs !== "none")
      expect(await provider.logs(ref, { tail: 10 })).toContain("hello from the launch");
  });

  check("C5", "the exit code is kept", async () => {
    const { provider, ref } = await start("fails");
    expect(await ended(provider, ref)).toMatchObject({ exitCode: 7, reason: "error" });
  });

  check("C6", "a launch that ignores the polite request is killed with everything it started", async () => {
    const { provider, spec, ref } = await start("stubborn");
    await up(provider, ref, spec.launchKey);
    expect(await options.alive(spec.launchKey)).toBe(1);
    await gone(provider, ref);
    expect(await ended(provider, ref)).toMatchObject({ reason: "cancelled" });
    await dead(spec.launchKey);
    expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
    expect(await provider.observe(ref)).toMatchObject({ phase: "exited", reason: "cancelled" });
  });

  check("C7", "a launch can be cancelled right after it was submitted", async () => {
    const { provider, spec, ref } = await start("waits");
    await gone(provider, ref);
    expect(await provider.observe(ref)).toMatchObject({ phase: "exited", reason: "cancelled" });
    await dead(spec.launchKey);
  });

  check("C11", "the list holds what runs, and no longer what was released", async () => {
    const { provider, spec, ref } = await start("ok");
    const listed = [];
    for await (const launch of provider.list()) if (launch.launchKey === spec.launchKey) listed.push(launch);
    expect(listed).toEqual([{ ref, launchKey: spec.launchKey, createdAt: expect.any(Number) }]);
    const hours = Math.abs(Date.now() - (listed[0]?.createdAt ?? 0)) / 3_600_000;
    expect(hours, "it was created just now, in ms since 1970").toBeLessThan(12);
    await ended(provider, ref);
    await provider.release(ref);
    expect(await keysOf(provider)).not.toContain(spec.launchKey);
    expect(await provider.find(spec.launchKey)).toEqual([]);
    expect(await provider.observe(ref)).toEqual({ phase: "lost" });
  });

  check("C12", "a launch that runs is not released; one that has ended may be, twice", async () => {
    const { provider, spec, ref } = await start("waits");
    await up(provider, ref, spec.launchKey);
    await expect(provider.release(ref)).rejects.toMatchObject({ name: "ProviderError", kind: "CONFLICT" });
    expect(await options.alive(spec.launchKey)).toBe(1);
    await gone(provider, ref);
    await provider.release(ref);
    await provider.release(ref);
  });
}

/** The same launch asked for twice, by several, by another process, and what is no launch at all. */
export function checkTaking({ options, check, open, start, up, ended, gone, dead, endLater }: Ground): void {
  check("C2", "submitting the same key again gives the same launch, also after it has ended", async () => {
    const { provider, spec, ref } = await start("ok");
    expect(await provider.submit(spec)).toEqual(ref);
    await ended(provider, ref);
    expect(await provider.submit(spec)).toEqual(ref);
    expect(await provider.find(spec.launchKey)).toEqual([ref]);
    await dead(spec.launchKey);
  });

  // a place where keys are not unique is asked by one at a time: its callers see to that
  if (options.capabilities.submit === "native")
    check("C3", "five submissions at once start one launch", async () => {
      const provider = await open("waits");
      const spec = aLaunch();
      const refs = await Promise.all(Array.from({ length: 5 }, () => provider.submit(spec)));
      for (const ref of refs) endLater(provider, ref);
      expect(new Set(refs.map(({ ref }) => ref)).size).toBe(1);
      expect(await provider.find(spec.launchKey)).toHaveLength(1);
      if (refs[0]) await up(provider, refs[0], spec.launchKey);
      expect(await options.alive(spec.launchKey)).toBe(1);
    });

  check("C8", "an unknown reference is lost, and nothing about it throws", async () => {
    const provider = await open("ok");
    const { launchKey } = aLaunch();
    const ref = { provider: provider.id, ref: launchKey };
    expect(await provider.find(launchKey)).toEqual([]);
    expect(await provider.observe(ref)).toEqual({ phase: "lost" });
    expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
    expect(await provider.logs(ref, { tail: 5 })).toBe("");
    await provider.release(ref);
  });

  check("C8", "a reference made up by somebody else reaches nothing", async () => {
    const { provider, spec, ref: running } = await start("waits");
    await up(provider, running, spec.launchKey);
    for (const text of HOSTILE) {
      const ref = { provider: provider.id, ref: text, extra: { id: text, path: text, url: text } };
      expect(await provider.observe(ref), text.slice(0, 40)).toEqual({ phase: "lost" });
      expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
      expect(await provider.logs(ref, { tail: 5 })).toBe("");
      expect(await provider.find(text)).toEqual([]);
      await provider.release(ref);
      await expect(provider.submit({ ...aLaunch(), launchKey: text })).rejects.toMatchObject({
        kind: "INVALID",
      });
    }
    expect(await keysOf(provider)).toEqual([spec.launchKey]);
    expect(await options.alive(spec.launchKey)).toBe(1);
  });

  check("C9", "another process takes over from the reference alone", async () => {
    const { provider, spec, ref } = await start("waits");
    await up(provider, ref, spec.launchKey);
    const another = await open("waits");
    const kept: LaunchRef = JSON.parse(JSON.stringify(ref));
    expect(await another.observe(kept)).toMatchObject({ phase: "running" });
    expect(await another.find(spec.launchKey)).toEqual([ref]);
    await gone(another, kept);
    await dead(spec.launchKey);
    await another.release(kept);
    expect(await provider.observe(ref)).toEqual({ phase: "lost" });
  });

  check("C18", "two installations at one place do not see each other", async () => {
    const { provider: ours, spec, ref } = await start("waits");
    const theirs = await open("waits", "theirs");
    expect(await keysOf(theirs)).not.toContain(spec.launchKey);
    expect(await theirs.find(spec.launchKey)).toEqual([]);
    const same = await theirs.submit(spec); // a copy of a database, restored elsewhere
    endLater(theirs, same);
    await up(ours, ref, spec.launchKey);
    await up(theirs, same, spec.launchKey, "theirs");
    await gone(theirs, same);
    await theirs.release(same);
    expect(await ours.observe(ref)).toMatchObject({ phase: "running" });
    expect(await ours.find(spec.launchKey)).toEqual([ref]);
    expect(await options.alive(spec.launchKey)).toBe(1);
  });
}

const HOSTILE = [
  "",
  ".",
  "..",
  "../../etc",
  "/etc/passwd",
  "%2e%2e%2f%2e%2e",
  "kk-a/../../b",
  "kk-a?all=true#",
  "kk-a\r\nX-Evil: 1",
  "kk-\0",
  "--help",
  "; touch evil",
  "\u{202e}kk",
  "__proto__",
  "k".repeat(10_000),
];

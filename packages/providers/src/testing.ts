import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ComputeProvider, LaunchRef, LaunchSpec, Observation } from "./provider.ts";

/** What the provider under test runs in place of the worker; each is a Node script given to `command`. */
export const BEHAVIOURS = {
  /** Prints a line and ends well. */
  ok: `console.log("hello from the launch"); process.exit(0)`,
  /** Ends with exit code 7. */
  fails: `process.exit(7)`,
  /** Runs until it is asked to stop, which it does at once. */
  waits: `setInterval(() => {}, 1000)`,
  /** Has a child of its own, and both ignore a polite request. */
  stubborn: `require("node:child_process").spawn("sh", ["-c", "trap '' TERM; sleep 60"], { stdio: "ignore" });
    process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`,
  /** Prints far more than anybody wants to read. */
  loud: `for (let i = 0; i < 200000; i++) console.log("line " + i + " " + "x".repeat(40)); process.exit(0)`,
} as const;
export type Behaviour = keyof typeof BEHAVIOURS;

/** A launch with a fresh key. */
export function aLaunch(overrides: Partial<LaunchSpec> = {}): LaunchSpec {
  const suffix = randomBytes(13)
    .toString("hex")
    .replace(/[ilou]/g, "0");
  const launchKey = `kk-${suffix}-e1`;
  return {
    launchKey,
    jobId: `kk_${suffix.toUpperCase()}`,
    epoch: 1,
    env: {
      KK_API_URL: "http://127.0.0.1:9",
      KK_LAUNCH_KEY: launchKey,
      KK_CLAIM_TOKEN: randomBytes(32).toString("base64url"),
      KK_LOG_LEVEL: "info",
    },
    requirements: { gpu: "none", diskGb: 1, maxRuntimeSeconds: 60 },
    labels: {},
    ...overrides,
  };
}

/** Asks until the launch is in one of the phases. */
export async function until(
  provider: ComputeProvider,
  ref: LaunchRef,
  phases: Observation["phase"][],
  timeoutMs = 15_000,
): Promise<Observation> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await provider.observe(ref);
    if (phases.includes(seen.phase)) return seen;
    if (Date.now() > deadline) throw new Error(`still ${seen.phase} after ${timeoutMs} ms`);
    await sleep(50);
  }
}

/** Cancels until the launch is gone. */
export async function cancelled(
  provider: ComputeProvider,
  ref: LaunchRef,
  graceSeconds = 0.3,
): Promise<void> {
  const deadline = Date.now() + 15_000;
  while ((await provider.cancel(ref, { graceSeconds })) !== "gone") {
    if (Date.now() > deadline) throw new Error("still not gone after 15 s of asking");
    await sleep(50);
  }
}

/**
 * The behaviour every compute provider owes its callers: run it from the provider's own test file.
 * `open(behaviour)` gives a provider that runs that script, on the same place every time it is called.
 */
export function testProvider(open: (behaviour: Behaviour) => ComputeProvider): void {
  const launched = async (behaviour: Behaviour) => {
    const provider = open(behaviour);
    const spec = aLaunch();
    return { provider, spec, ref: await provider.submit(spec) };
  };

  test("C1: a launch that ends well says so, and its output can be read", async () => {
    const { provider, ref } = await launched("ok");
    expect(await until(provider, ref, ["exited"])).toMatchObject({ exitCode: 0, reason: "completed" });
    expect(await provider.logs(ref, { tail: 10 })).toContain("hello from the launch");
    await provider.release(ref);
  });

  test("C2: submitting the same key again gives the same launch, also after it has ended", async () => {
    const { provider, spec, ref } = await launched("ok");
    expect(await provider.submit(spec)).toEqual(ref);
    await until(provider, ref, ["exited"]);
    expect(await provider.submit(spec)).toEqual(ref);
    expect(await provider.find(spec.launchKey)).toEqual([ref]);
    await provider.release(ref);
  });

  test("C3: five submits at once start one launch", async () => {
    const provider = open("waits");
    const spec = aLaunch();
    const refs = await Promise.all(Array.from({ length: 5 }, () => provider.submit(spec)));
    expect(new Set(refs.map(({ ref }) => ref)).size).toBe(1);
    expect(await provider.find(spec.launchKey)).toHaveLength(1);
    const [ref] = refs;
    if (ref) await cancelled(provider, ref);
  });

  test("C5: the exit code is kept", async () => {
    const { provider, ref } = await launched("fails");
    expect(await until(provider, ref, ["exited"])).toMatchObject({ exitCode: 7, reason: "error" });
    await provider.release(ref);
  });

  test("C6: a launch that ignores the polite request is killed with everything it started", async () => {
    const { provider, ref } = await launched("stubborn");
    await until(provider, ref, ["running"]);
    await sleep(400); // let it start its child
    await cancelled(provider, ref);
    expect(await provider.observe(ref)).toMatchObject({ phase: "exited", reason: "cancelled" });
    expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
    await provider.release(ref);
    await provider.release(ref); // C12
    expect(await provider.observe(ref)).toEqual({ phase: "lost" });
  });

  test("C7: a launch can be cancelled right after it was submitted", async () => {
    const { provider, ref } = await launched("waits");
    await cancelled(provider, ref);
    expect((await provider.observe(ref)).phase).toBe("exited");
  });

  test("C8: an unknown reference is lost, and nothing about it throws", async () => {
    const provider = open("ok");
    const ref = { provider: provider.id, ref: aLaunch().launchKey };
    expect(await provider.observe(ref)).toEqual({ phase: "lost" });
    expect(await provider.cancel(ref, { graceSeconds: 0 })).toBe("gone");
    expect(await provider.logs(ref, { tail: 5 })).toBe("");
    await provider.release(ref);
  });

  test("C9: another process takes over from the reference alone", async () => {
    const { ref } = await launched("waits");
    const another = open("waits");
    expect((await until(another, JSON.parse(JSON.stringify(ref)), ["running"])).phase).toBe("running");
    await cancelled(another, ref);
  });

  test("C11: the list holds what runs, and no longer what was released", async () => {
    const { provider, spec, ref } = await launched("ok");
    const keys = async () => {
      const found: string[] = [];
      for await (const { launchKey } of provider.list()) found.push(launchKey);
      return found;
    };
    expect(await keys()).toContain(spec.launchKey);
    await until(provider, ref, ["exited"]);
    await provider.release(ref);
    expect(await keys()).not.toContain(spec.launchKey);
  });

  test("C15: a launch with anything but the four variables is refused", async () => {
    const spec = aLaunch();
    const leaky = { ...spec, env: { ...spec.env, LLM_API_KEY: "canary" } };
    await expect(open("ok").submit(leaky)).rejects.toThrow();
  });

  test("C17: reading the log of a loud launch stays small", async () => {
    const { provider, ref } = await launched("loud");
    await until(provider, ref, ["exited"]);
    const lines = (await provider.logs(ref, { tail: 100 })).split("\n");
    expect(lines).toHaveLength(100);
    expect(lines.at(-1)).toContain("line 199999");
    await provider.release(ref);
  });
}

import { setTimeout as sleep } from "node:timers/promises";
import { expect, vi } from "vitest";
import type { Ground } from "./conformance.ts";
import { type ComputeProvider, ProviderError } from "./provider.ts";
import { aLaunch, keysOf } from "./testing.ts";

/** How long a call may go on after it was told to end: no measure of speed, only shorter than any time-out of an adapter's own. */
const FOREVER_MS = 10_000;
/** Names of settings that hold secrets; the two that a launch carries are none: one is a name, one works once. */
const SECRET = /\b[A-Z][A-Z0-9_]*(?:SECRET|PASSWORD|CREDENTIAL|PRIVATE|TOKEN|KEY)[A-Z0-9_]*/g;
const ALLOWED = ["KK_LAUNCH_KEY", "KK_CLAIM_TOKEN"];

/** What a launch may take, what it may tell, and what happens when its place or the line to it is in trouble. */
export function checkFaults(ground: Ground): void {
  checkLimits(ground);
  checkSecrets(ground);
  checkRefusals(ground);
  checkAborts(ground);
  if (ground.options.line !== "no line") checkLine(ground, ground.options.line);
}

function checkLimits({ options, check, start, ended, up, dead }: Ground): void {
  const { capabilities, deadline, memoryLimit } = options;
  if (capabilities.deadline === "native")
    check(
      "C10",
      "a launch is ended at its maximum run time, whatever it does, and that is the reason",
      async () => {
        const maxRuntimeSeconds = deadline?.seconds ?? 2;
        const { requirements } = aLaunch();
        const { provider, spec, ref } = await start("stubborn", {
          requirements: { ...requirements, maxRuntimeSeconds },
        });
        if (deadline?.pass) {
          await up(provider, ref, spec.launchKey);
          await deadline.pass(spec.launchKey);
        }
        expect(await ended(provider, ref)).toMatchObject({ reason: "timeout" });
        await dead(spec.launchKey);
      },
    );

  if (memoryLimit)
    check("C13", "a launch that takes too much memory ends for that reason", async () => {
      const { provider, ref } = await start("greedy");
      expect(await ended(provider, ref)).toMatchObject({ reason: "oom" });
    });

  if (capabilities.logs === "none") return;
  check("C17", "the output of a loud launch is read from its end and stays small", async () => {
    const { provider, ref } = await start("loud");
    await ended(provider, ref);
    const text = await provider.logs(ref, { tail: 100 });
    const lines = text.split("\n");
    expect(lines.length).toBeLessThanOrEqual(100);
    expect(lines.at(-1)).toContain("line 199999");
    expect((await provider.logs(ref, { tail: 1e9 })).length).toBeLessThanOrEqual(1 << 20);
  });

  check("C17", "output that is no text is read as text without control characters", async () => {
    const { provider, ref } = await start("rude");
    await ended(provider, ref);
    const text = await provider.logs(ref, { tail: 20 });
    expect(text).not.toMatch(/(?![\t\n])\p{Cc}/u);
    expect(text).not.toContain("[31m");
    expect(text.split("\n").at(-1)).toContain("the end");
    expect(text.length).toBeLessThan(100_000);
  });
}

function checkSecrets({ options, check, open, start }: Ground): void {
  check("C15", "a launch with more than the four variables, or less, is refused", async () => {
    const provider = await open("ok");
    const spec = aLaunch();
    const { KK_CLAIM_TOKEN, ...short } = spec.env;
    expect(KK_CLAIM_TOKEN).toBeDefined();
    for (const env of [{ ...spec.env, LLM_API_KEY: "canary" }, short])
      await expect(provider.submit({ ...spec, env: env as typeof spec.env })).rejects.toMatchObject({
        name: "ProviderError",
        kind: "INVALID",
      });
    expect(await provider.find(spec.launchKey)).toEqual([]);
  });

  check("C15", "nothing that goes out with a launch is a secret of this process", async () => {
    const canaries = {
      LLM_API_KEY: "canary-llm",
      S3_SECRET_ACCESS_KEY: "canary-s3",
      SESSION_SECRET: "canary-session",
    };
    for (const [name, value] of Object.entries(canaries)) vi.stubEnv(name, value);
    try {
      const { provider, spec } = await start("waits");
      const sent = await options.sent(spec.launchKey);
      expect(sent, "the scan has something to read").toContain(spec.launchKey);
      expect(
        sent.split(spec.env.KK_CLAIM_TOKEN).length,
        "the claim token, as often as is needed",
      ).toBeLessThan(5);
      expect(sent).not.toContain("canary-");
      expect(
        [...sent.matchAll(SECRET)].map(([name]) => name).filter((name) => !ALLOWED.includes(name)),
      ).toEqual([]);
      expect(JSON.stringify(await provider.find(spec.launchKey))).not.toContain(spec.env.KK_CLAIM_TOKEN);
    } finally {
      vi.unstubAllEnvs();
    }
  });
}

function checkRefusals({ options, check, open, dead }: Ground): void {
  for (const { when, kind, launch, says, retryAfterMs, open: openRefusing } of options.refusals)
    check("C14", `${kind} is the answer when ${when}, and nothing is left of the launch`, async () => {
      const spec = aLaunch(launch);
      const refusing = await openRefusing();
      const error = await refusing.submit(spec).then(
        (ref) => ref,
        (error: unknown) => error,
      );
      expect(error).toBeInstanceOf(ProviderError);
      expect(error).toMatchObject({
        kind,
        provider: refusing.id,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
      if (says) expect((error as Error).message).toMatch(says);
      const provider = await open("ok");
      expect(await provider.find(spec.launchKey)).toEqual([]);
      expect(await keysOf(provider)).not.toContain(spec.launchKey);
      await dead(spec.launchKey);
    });
}

function checkAborts({ check, open, endLater, dead }: Ground): void {
  check("C16", "a submission that was given up before it began starts nothing", async () => {
    const provider = await open("waits");
    const spec = aLaunch();
    await expect(provider.submit(spec, AbortSignal.abort())).rejects.toThrow();
    await sleep(500);
    expect(await provider.find(spec.launchKey)).toEqual([]);
    await dead(spec.launchKey);
  });

  check(
    "C16",
    "a submission that is given up on the way is AMBIGUOUS, or there is nothing of it",
    async () => {
      const provider = await open("waits");
      const tries = await Promise.all(
        [1, 20, 100, 300].map(async (ms) => {
          const spec = aLaunch();
          const [answer] = await Promise.allSettled([provider.submit(spec, AbortSignal.timeout(ms))]);
          return { spec, answer };
        }),
      );
      await sleep(1500); // what was under way has arrived
      for (const { spec, answer } of tries) {
        const found = await provider.find(spec.launchKey);
        for (const ref of found) endLater(provider, ref);
        if (answer?.status === "fulfilled") expect(found).toEqual([answer.value]);
        else if (found.length > 0)
          expect(answer?.reason).toMatchObject({ name: "ProviderError", kind: "AMBIGUOUS" });
      }
    },
  );
}

function checkLine(
  { options, check, open, start, up, endLater }: Ground,
  line: Exclude<Ground["options"]["line"], string>,
) {
  check("C4", "a submission whose answer is lost is AMBIGUOUS, and found as one launch", async () => {
    const spec = aLaunch();
    const losing = await line.losesAnswer();
    await expect(losing.submit(spec)).rejects.toMatchObject({ name: "ProviderError", kind: "AMBIGUOUS" });
    const provider = await open("waits");
    await expect.poll(() => provider.find(spec.launchKey), { timeout: 30_000 }).toHaveLength(1);
    const ref = await provider.submit(spec);
    endLater(provider, ref);
    expect(await provider.find(spec.launchKey)).toEqual([ref]);
    await up(provider, ref, spec.launchKey);
    expect(await options.alive(spec.launchKey)).toBe(1);
  });

  check(
    "C14",
    "UNAVAILABLE is the answer while the place cannot be reached: no launch counts as lost or gone",
    async () => {
      const { provider, spec, ref } = await start("waits");
      await up(provider, ref, spec.launchKey);
      const cut = await line.unreachable();
      expect(await cut.probe()).toMatchObject({ ok: false, detail: expect.stringMatching(/./) });
      const unavailable = { name: "ProviderError", kind: "UNAVAILABLE" };
      await expect(cut.submit(aLaunch())).rejects.toMatchObject(unavailable);
      await expect(cut.observe(ref)).rejects.toMatchObject(unavailable);
      await expect(cut.find(spec.launchKey)).rejects.toMatchObject(unavailable);
      await expect(cut.release(ref)).rejects.toMatchObject(unavailable);
      await expect(keysOf(cut)).rejects.toMatchObject(unavailable);
      const [asked] = await Promise.allSettled([cut.cancel(ref, { graceSeconds: 0 })]);
      if (asked?.status === "rejected") expect(asked.reason).toMatchObject(unavailable);
      else expect(asked?.value).toBe("retry");
      expect(await provider.observe(ref)).toMatchObject({ phase: "running" });
    },
  );

  check("C16", "a place that takes every call and answers none is left when the caller says so", async () => {
    const { provider, ref } = await start("waits");
    const silent = await line.silent();
    const spec = aLaunch();
    const calls: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
      probe: (signal) => silent.probe(signal),
      offers: (signal) => silent.offers(spec.requirements, signal),
      submit: (signal) => silent.submit(spec, signal),
      find: (signal) => silent.find(spec.launchKey, signal),
      observe: (signal) => silent.observe(ref, signal),
      cancel: (signal) => silent.cancel(ref, { graceSeconds: 0 }, signal),
      logs: (signal) => silent.logs(ref, { tail: 5 }, signal),
      release: (signal) => silent.release(ref, signal),
      list: (signal) => firstOf(silent, signal),
    };
    for (const [name, call] of Object.entries(calls)) {
      const ended = call(AbortSignal.timeout(100)).then(
        () => "answered",
        () => "left",
      );
      const seen = await Promise.race([ended, sleep(FOREVER_MS, "still waits")]);
      // what can be known without the place may be answered: that is never an ended launch
      expect([name, seen]).toEqual([
        name,
        name === "probe" || name === "offers" ? expect.any(String) : "left",
      ]);
      expect(seen).not.toBe("still waits");
    }
    expect(await silent.probe(AbortSignal.timeout(100))).toMatchObject({ ok: false });
    expect(await provider.observe(ref)).toMatchObject({
      phase: expect.stringMatching(/starting|queued|running/),
    });
  });
}

async function firstOf(provider: ComputeProvider, signal: AbortSignal): Promise<unknown> {
  for await (const launch of provider.list(signal)) return launch;
  return undefined;
}

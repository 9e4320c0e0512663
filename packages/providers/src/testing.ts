import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ComputeProvider, LaunchRef, LaunchSpec, Observation } from "./provider.ts";

/** What the provider under test runs in place of the worker: each is a script for `node -e`, and needs nothing but Node. */
export const BEHAVIOURS = {
  /** Prints a line and ends well. */
  ok: `console.log("hello from the launch")`,
  /** Ends with exit code 7. */
  fails: `process.exit(7)`,
  /** Runs until it is asked to stop, which it does at once. */
  waits: `setInterval(() => {}, 1000); console.log("up")`,
  /** Has a child of its own, and both ignore a polite request. */
  stubborn: `require("node:child_process").spawn(process.execPath,
      ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: "ignore" });
    process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")`,
  /** Prints far more than anybody wants to read. */
  loud: `for (let i = 0; i < 200000; i++) console.log("line " + i + " " + "x".repeat(40))`,
  /** Prints what is no text: colours, a bell, progress, bytes that are no UTF-8, a line without an end in sight. */
  rude: `const say = (text) => process.stdout.write(text);
    say("\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07and \\0 nothing\\n 10 %\\r 90 %\\r100 %\\n");
    say(Buffer.from([0xff, 0xfe, 0x0a])); say("x".repeat(3000000) + "\\n"); console.log("the end")`,
  /** Takes a gigabyte of memory, and ends well where nobody minds. */
  greedy: `const kept = []; for (let i = 0; i < 100; i++) kept.push(Buffer.alloc(1e7, 1)); console.log("up")`,
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
    requirements: { gpu: "none", diskGb: 1, maxRuntimeSeconds: 3600 },
    labels: {},
    ...overrides,
  };
}

/** Asks until the launch is in one of the phases. */
export async function until(
  provider: ComputeProvider,
  ref: LaunchRef,
  phases: Observation["phase"][],
  timeoutMs = 60_000,
): Promise<Observation> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await provider.observe(ref);
    if (phases.includes(seen.phase)) return seen;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(seen)} after ${timeoutMs} ms`);
    await sleep(50);
  }
}

/** Cancels until the launch is gone. */
export async function cancelled(
  provider: ComputeProvider,
  ref: LaunchRef,
  graceSeconds = 0.3,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while ((await provider.cancel(ref, { graceSeconds })) !== "gone") {
    if (Date.now() > deadline) throw new Error(`still not gone after ${timeoutMs} ms of asking`);
    await sleep(50);
  }
}

/** The keys of all launches that the provider lists. */
export async function keysOf(provider: ComputeProvider): Promise<string[]> {
  const keys: string[] = [];
  for await (const { launchKey } of provider.list()) keys.push(launchKey);
  return keys;
}

export { closedPort, type Line, openLine } from "./testing-line.ts"; // for adapters elsewhere, which see this file alone

/** The numbers of all checks of the conformance suite but these, in the order in which it tells them. */
export const checksBut = (...without: string[]): string[] =>
  Array.from({ length: 18 }, (_, index) => `C${index + 1}`).filter((id) => !without.includes(id));

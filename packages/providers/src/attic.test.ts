import { runProviderConformance } from "@kangklip/providers/conformance";
import { BEHAVIOURS, closedPort, openLine } from "@kangklip/providers/testing";
import { afterAll, expect, test } from "vitest";
import { createAtticProvider } from "./testing-attic.ts";
import { startAttic } from "./testing-attic-machine.ts";

const token = "only-for-the-attic";
const programs = Object.fromEntries(
  Object.entries(BEHAVIOURS).map(([name, script]) => [name, [process.execPath, "-e", script]]),
);
const attic = await startAttic({ token, programs });
const losing = await openLine(attic);
const silent = await openLine(attic);
const closed = await closedPort();
afterAll(async () => {
  await losing[Symbol.asyncDispose]();
  await silent[Symbol.asyncDispose]();
  await attic.close();
});

const open = (program = "waits", url = attic.url, scope = "ours") =>
  createAtticProvider({ url, token, program, scope });

const checks = runProviderConformance("attic", {
  open: (behaviour, installation) => open(behaviour, attic.url, installation),
  capabilities: open().capabilities,
  alive: (launchKey) => attic.alive(`ours-${launchKey}`),
  sent: (launchKey) => attic.sent(`ours-${launchKey}`),
  line: {
    losesAnswer() {
      losing.loseAnswerTo((method) => method === "PUT");
      return open("waits", losing.url);
    },
    unreachable: () => open("waits", `http://127.0.0.1:${closed}`),
    silent() {
      silent.silence();
      return open("waits", silent.url);
    },
  },
  refusals: [
    {
      when: "the token is wrong",
      kind: "AUTH",
      open: () => createAtticProvider({ url: attic.url, token: "wrong", program: "ok", scope: "ours" }),
    },
    { when: "there is no such program", kind: "IMAGE", open: () => open("constructor") },
    {
      when: "a GPU is needed",
      kind: "UNSUPPORTED",
      open,
      launch: { requirements: { gpu: "required", diskGb: 1, maxRuntimeSeconds: 60 } },
    },
    {
      when: "too much is asked",
      kind: "RATE_LIMITED",
      retryAfterMs: 3000,
      open() {
        attic.refuse(429, { "retry-after": "3" });
        return open();
      },
    },
    {
      when: "the machine is full",
      kind: "CAPACITY",
      open() {
        attic.refuse(507);
        return open();
      },
    },
    {
      when: "the agent breaks",
      kind: "UNAVAILABLE",
      open() {
        attic.refuse(500);
        return open();
      },
    },
  ],
});

test("every check applies but that of a memory limit", () => {
  const all = Array.from({ length: 18 }, (_, index) => `C${index + 1}`);
  expect([...checks].sort()).toEqual(all.filter((id) => id !== "C13").sort());
});

import type { JobView } from "@kangklip/contract";
import { beforeEach, expect, test } from "vitest";
import { createTerminal } from "./terminal.ts";

let err = "";
let out = "";
beforeEach(() => {
  [err, out] = ["", ""];
});
/** A screen that keeps what is written on it. */
const screen = (isTTY: boolean, keep: (text: string) => void) => ({
  ...{ isTTY, columns: 100 },
  write: (text: unknown) => {
    keep(String(text));
    return true;
  },
});
const opened = ({ json = false, quiet = false, color = false, tty = false } = {}) =>
  createTerminal(
    { json, quiet, color },
    {
      stdout: screen(false, (text) => {
        out += text;
      }),
      stderr: screen(tty, (text) => {
        err += text;
      }),
    },
  );
const view = (over: Partial<JobView>) =>
  ({
    state: "RUNNING",
    stage: "DOWNLOAD",
    stage_progress: 0,
    message: null,
    stalled: false,
    ...over,
  }) as JobView;

test("words for people go to stderr, data for machines to stdout, and only when asked for", () => {
  const plain = opened();
  plain.say("hello");
  plain.event({ a: 1 });
  plain.result({ b: 2 });
  expect([err, out]).toEqual(["hello\n", ""]);
  const json = opened({ json: true });
  json.event({ a: 1 });
  json.result({ b: "two\nlines" });
  expect(out).toBe('{"a":1}\n{"b":"two\\nlines"}\n');
});

test("quiet says nothing, but data still flows", () => {
  const terminal = opened({ json: true, quiet: true, tty: true });
  terminal.say("hello");
  terminal.show(view({}));
  terminal.bar("Sending", 0.5);
  terminal.settle();
  terminal.result({ b: 2 });
  expect([err, out]).toEqual(["", '{"b":2}\n']);
});

test("elsewhere than on a terminal each stage is one line", () => {
  const terminal = opened();
  for (const stage_progress of [0, 0.5, 1]) terminal.show(view({ stage_progress }));
  terminal.show(view({ state: "STARTING" }));
  for (const stage_progress of [0, 1]) terminal.show(view({ stage: "RENDER", stage_progress }));
  expect(err).toBe("Fetching the video …\nWaiting for a worker …\nRendering clips …\n");
});

test("on a terminal a bar redraws itself, and the stage before it stands complete", () => {
  const terminal = opened({ tty: true });
  terminal.show(view({ stage_progress: 0.5, message: "Downloaded 5 of 10 MB" }));
  expect(err).toMatch(/^\r.\[2KFetching the video {3}█{12}░{12} {2}50 % {2}Downloaded 5 of 10 MB$/);
  terminal.show(view({ stage: "SELECT" }));
  expect(err).toMatch(/Fetching the video {3}█{24} 100 %\n/);
  terminal.say("A word");
  expect(err).toMatch(/\n\r.\[2KA word\nChoosing moments .*0 %$/);
});

test.each([
  [3, "about 5 s left"],
  [44, "about 45 s left"],
  [59, "about 1 min left"],
  [700, "about 12 min left"],
  [5400, "about 1 h 30 min left"],
])("what is left of the job (%i s) stands before what happens now", (eta_seconds, text) => {
  const terminal = opened({ tty: true });
  terminal.show(view({ stage: "RENDER", stage_progress: 0.5, eta_seconds, message: "Clip 1 of 3" }));
  expect(err).toContain(`50 %  ${text} · Clip 1 of 3`);
  terminal.show(view({ stage: "RENDER", eta_seconds, stalled: true }));
  expect(err).not.toContain("left · no sign");
});

test("what is waited for is a line without a bar, for nobody knows its end", () => {
  const terminal = opened({ tty: true });
  const waiting = { state: "QUEUED", message: "pulling the image: 43 % of 3.1 GB" } as const;
  terminal.show(view(waiting));
  expect(err).toBe("\r\u001b[2KWaiting for a worker  pulling the image: 43 % of 3.1 GB");
  err = "";
  const narrow = createTerminal(
    { json: false, quiet: false, color: false },
    {
      stderr: {
        ...{ isTTY: true, columns: 40 },
        write: (text: unknown) => {
          err += text;
          return true;
        },
      },
    },
  );
  narrow.show(view(waiting));
  expect(err).toBe("\r\u001b[2KWaiting for a worker  pulling the imag…");
});

test("elsewhere than on a terminal what is waited for is told, but not each of its figures", () => {
  const terminal = opened();
  for (const percent of [1, 2, 3])
    terminal.show(view({ state: "STARTING", message: `pulling the image: ${percent} %` }));
  terminal.show(view({ state: "STARTING", message: null, start_error: "docker is \u001b[2Jfull" }));
  expect(err).toBe("Waiting for a worker …\n  pulling the image: 1 %\n  docker is [2Jfull\n");
});

test("on a terminal a long line goes on below its beginning, between words, and an address is left whole", () => {
  const terminal = opened({ tty: true, color: true });
  const words = Array.from({ length: 30 }, (_, index) => `word${index}`).join(" ");
  terminal.say(terminal.bold(`  ${words}`));
  const lines = err.trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}[^ ].{4,105}$/);
  expect(err.replace(/\s+/g, " ").trim()).toBe(terminal.bold(` ${words}`));
  err = "";
  terminal.say(`✓ docker  ${"x".repeat(60)} ${"y".repeat(200)}`, 10);
  expect(err).toBe(`✓ docker  ${"x".repeat(60)}\n${" ".repeat(10)}${"y".repeat(200)}\n`);
  err = "";
  opened().say(`  ${words}`);
  expect(err).toBe(`  ${words}\n`);
});

test("a job that is tried again says so, and begins its stages anew", () => {
  const terminal = opened({ tty: true });
  terminal.show(view({ stage: "RENDER", stage_progress: 0.5 }));
  terminal.show(view({ state: "RETRYING", message: "Attempt 1 of 3 ended: lost" }));
  terminal.show(view({ stage: "DOWNLOAD" }));
  terminal.settle();
  expect(err).not.toContain("100 %");
  expect(err).toContain("Fetching the video");
});

test("what would command the terminal is taken out of words from elsewhere; our own colours stay", () => {
  const terminal = opened({ tty: true, color: true });
  terminal.say(`${terminal.bold("A \u001b]0;owned\u0007title\u001b[2J")}\u009b31m\r\u0008 end\ttab`);
  expect(err).toBe("\u001b[1mA ]0;ownedtitle[2J\u001b[0m31m end\ttab\n");
  err = "";
  terminal.show(view({ message: "\u001b[1A\rmoved" }));
  expect(err).toContain("[1Amoved");
  expect(err).not.toContain("\u001b[1A");
  expect(opened({ color: false }).bold("plain")).toBe("plain");
});

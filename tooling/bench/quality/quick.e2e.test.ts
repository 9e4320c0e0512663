import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { tools } from "../../../packages/worker/src/asr/testing.ts";
import { MEASURES } from "./measures.ts";
import type { Report } from "./report.ts";

/** All but `files`, whose clips of 21 kinds of sources take longest; the gate's own tests render those. */
const PARTS = MEASURES.map(({ name }) => name).filter((name) => name !== "files");
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

test.skipIf(!tools)(
  "the quick bench is one JSON document in which every row holds and 1.x is nowhere better (needs ffmpeg)",
  async ({ signal }) => {
    const child = spawn(process.execPath, [MAIN, "--quick", "--json", "--only", PARTS.join(",")], {
      ...{ stdio: ["ignore", "pipe", "pipe"], signal },
    });
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    const report: Report = JSON.parse(stdout);
    const { failed, worse } = report.summary;
    expect({ failed, worse }, stderr.slice(-2000)).toEqual({ failed: [], worse: [] });
    expect(child.exitCode).toBe(0);
    expect(report.measures.map(({ name }) => name)).toEqual(PARTS);
    for (const { name, rows } of report.measures) expect(rows, name).toBeGreaterThan(0);
    expect(report.summary.better).toBeGreaterThan(10);
    expect(stderr).toContain("talk …");
  },
  15 * 60_000, // two minutes of two idle cores
);

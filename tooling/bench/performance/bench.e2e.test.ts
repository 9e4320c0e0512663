import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import type { PerformanceReport } from "./bench.ts";
import { GOALS } from "./goals.ts";
import { PARTS } from "./parts.ts";
import { TINY } from "./profile.ts";
import { ran } from "./run.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const tools = await findTools({}).catch(() => null);

test.skipIf(!tools)(
  "a tiny run measures every part and every goal, and writes page and plots (needs ffmpeg)",
  async ({ signal }) => {
    const dir = await mkdtemp(join(tmpdir(), "kangklip-bench-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const out = join(dir, "docs");
    const main = (...args: string[]) =>
      ran(
        {
          ...{ command: process.execPath, args: [MAIN, "--tiny", "--json", ...args] },
          env: {
            NODE_ENV: "production",
            PATH: process.env.PATH,
            HOME: process.env.HOME,
            DATA_DIR: join(dir, "data"),
          },
        },
        signal,
      );
    await ran({ command: "mkdir", args: [out] }, signal);
    await writeFile(join(out, "README.md"), "# Bench\n<!-- figures -->\n<!-- /figures -->\nend\n");
    const stdout = await main("--out", out);
    const report: PerformanceReport = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(report.parts.map(({ name }) => name)).toEqual(PARTS.map(({ name }) => name));
    expect(report.missed).toEqual([]);
    const values = new Map(report.rows.map(({ id, value }) => [id, value]));
    const leftOut = [...TINY.without.map((name) => `cpu.${name}`), "scale.recognition"];
    for (const { id } of GOALS)
      if (!leftOut.includes(id)) expect(values.get(id), id).toEqual(expect.any(Number));
    expect(values.get("bytes.same.mp4")).toBe(0);
    expect(values.get("edit.requests")).toBe(0);
    expect(values.get("api.delivered")).toBe(1);
    expect(stdout).toContain("0 of 0 gated goals hold."); // a run this small judges nothing

    const files = await readdir(out);
    expect(files.filter((name) => name.endsWith(".svg")).length).toBeGreaterThan(6);
    const page = await readFile(join(out, "README.md"), "utf8");
    expect(page).toMatch(/^# Bench\n<!-- figures -->\n\d{4}-/);
    for (const name of files) if (name.endsWith(".svg")) expect(page).toContain(`(${name})`);

    const again: PerformanceReport = JSON.parse(
      (await main("--only", "passes", "--out", out)).trimEnd().split("\n").at(-1) ?? "",
    );
    const kept: PerformanceReport = JSON.parse(await readFile(join(out, "figures.json"), "utf8"));
    expect(kept.parts.map(({ name, date }) => [name, date >= again.date])).toEqual(
      PARTS.map(({ name }) => [name, name === "passes"]),
    );
    expect(again.only).toEqual(["passes"]);
    expect(again.fixtureSeconds).toBeLessThan(5); // what was made is kept
    await expect(main("--only", "nothing")).rejects.toThrow(/There is no nothing; there are cpu/);
  },
  20 * 60_000, // one minute of two idle cores
);

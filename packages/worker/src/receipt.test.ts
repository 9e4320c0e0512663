import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { runChild } from "./child.ts";
import { accounted, cpuSeconds } from "./children-cpu.ts";
import { createLedger } from "./receipt.ts";

test("each stage has its own time, from its beginning to that of the next one, and what it said of itself", async () => {
  const entered: string[] = [];
  const ledger = createLedger((stage) => entered.push(stage));
  ledger.enter("DOWNLOAD");
  ledger.done("DOWNLOAD", { device: "network", executed: 1, reused: 0, bytes_in: 5 });
  await new Promise((wait) => setTimeout(wait, 60));
  ledger.enter("TRANSCRIPT");
  ledger.enter("CHUNK");
  const [download, transcript, chunk, ...others] = ledger.stages();
  expect(others).toEqual([]);
  expect(download).toMatchObject({
    stage: "DOWNLOAD",
    device: "network",
    executed: 1,
    reused: 0,
    bytes_in: 5,
  });
  expect(download?.seconds).toBeGreaterThanOrEqual(0.05);
  expect(transcript).toMatchObject({ stage: "TRANSCRIPT", executed: 0, reused: 0 });
  expect(chunk?.stage).toBe("CHUNK");
  expect(entered).toEqual(["DOWNLOAD", "TRANSCRIPT", "CHUNK"]);
  const seconds = ledger.seconds();
  expect(Object.keys(seconds)).toEqual(["download", "transcript", "chunk", "total"]);
  expect(seconds.total).toBeGreaterThanOrEqual(seconds.download ?? Number.NaN);
});

test.skipIf(!existsSync("/proc/self/stat"))(
  "processor time counts this process and its children that have ended (needs /proc)",
  () => {
    const before = cpuSeconds() ?? Number.NaN;
    const spin = "const from = process.cpuUsage().user; while (process.cpuUsage().user - from < 400_000);";
    execFileSync(process.execPath, ["-e", spin]);
    const ofChild = (cpuSeconds() ?? Number.NaN) - before;
    expect(ofChild).toBeGreaterThanOrEqual(0.35);
    const from = process.cpuUsage().user;
    while (process.cpuUsage().user - from < 200_000);
    expect((cpuSeconds() ?? Number.NaN) - before - ofChild).toBeGreaterThanOrEqual(0.15);
  },
);

test.skipIf(!existsSync("/proc/self/stat"))(
  "what a child takes that renders a clip beside another stage counts for RENDER, and what others take does not (needs /proc)",
  { timeout: 120_000 },
  async () => {
    const ledger = createLedger(() => {});
    const run = (seconds: number) => {
      const spin = `const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
        const from = used(); while (used() - from < ${seconds * 1e6});`;
      const limits = { memoryBytes: Number.POSITIVE_INFINITY, fileBytes: 0, timeoutMs: 110_000 };
      return runChild(process.execPath, ["-e", spin], { ...limits, signal: new AbortController().signal });
    };
    await run(0); // looks at the machine's walls, once
    ledger.enter("TRANSCRIPT");
    const early = accounted(ledger.renderedBeside, () => run(1.2));
    await Promise.all([run(0.1), run(0.3), early]);
    ledger.enter("RENDER");
    await accounted(ledger.renderedBeside, () => run(0.2));
    const [transcript, render] = ledger.stages().map(({ cpu_seconds }) => cpu_seconds ?? Number.NaN);
    expect(transcript).toBeGreaterThanOrEqual(0.4);
    expect(transcript).toBeLessThan(1.4);
    expect(render).toBeGreaterThanOrEqual(1.4);
    expect(render).toBeLessThan(2.4);
  },
);

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { cpuSeconds, createLedger } from "./receipt.ts";

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

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { kangklip } from "./testing.ts";

test("F31: repair brings finished jobs back into a store that was lost, says what it did, and may be done again", async () => {
  await using api = await startTestApi({ env: { MAX_RUNNING_JOBS: "8" } });
  const ids: string[] = [];
  for (let index = 0; index < 2; index++) {
    const { job_id } = await api.trpc().jobs.create.mutate({
      video_url: "https://example.com/ok.mp4",
      clip_duration_seconds: 30,
      clip_count: 1,
    });
    expect(await api.until(job_id)).toMatchObject({ status: "SUCCEEDED" });
    ids.push(job_id);
  }
  await api.stop();
  for (const end of ["", "-wal", "-shm"]) rmSync(join(api.dataDir, `kangklip.db${end}`), { force: true });
  writeFileSync(join(api.dataDir, "artifacts", "jobs", ids[1] ?? "", "clip_01.mp4"), "damaged");

  const env = { DATA_DIR: api.dataDir };
  const first = await kangklip(["repair", "--json"], env);
  expect(first.exit).toBe(0);
  expect(first.last).toMatchObject({
    found: 2,
    restored: [ids[0]],
    known: 0,
    damaged: [{ job_id: ids[1], reason: expect.stringContaining("clip_01.mp4") }],
  });
  const again = await kangklip(["repair"], env);
  expect(again.stderr).toContain("1 known to the job store, 0 restored, 1 damaged");

  await using after = await startTestApi({ dataDir: api.dataDir, keep: true });
  const operator = { "x-operator-token": after.config.operatorToken };
  const [row] = await after.trpc(operator).jobs.list.query({ limit: 10 });
  expect(row).toMatchObject({ job_id: ids[0], state: "SUCCEEDED" });
}, 60_000);

test("repair says which setting is wrong", async () => {
  const { exit, stderr } = await kangklip(["repair"], { DATA_DIR: "/dev/null/x", PORT: "many" });
  expect(exit).toBe(78);
  expect(stderr).toContain("PORT");
}, 60_000);

import { describe, expect, test } from "vitest";
import { openDiskPlace } from "../artifacts/testing.ts";
import { startFakeS3 } from "../artifacts/testing-fake-s3.ts";
import { commit } from "./commit.ts";
import { testCommit } from "./commit-contract.ts";
import { aStoredJob } from "./testing.ts";

describe("publishing on a disk", () => testCommit(openDiskPlace));

describe("publishing in a bucket", () =>
  testCommit(async () => {
    const fake = await startFakeS3();
    return Object.assign(fake, { store: fake.newStore(), baseUrl: fake.endpoint });
  }));

describe("a bucket with faults", () => {
  const { job_id } = aStoredJob();
  const job = aStoredJob(1, { result: { epoch: 1, manifest_sha256: null } });
  const manifest = JSON.stringify({ job_id, clips: [], selection: { mode: "heuristic" } });
  const TYPE = { contentType: "application/json" };

  test("a copy that is shorter than what was copied is named, and the manifest stays hidden (F35)", async () => {
    await using fake = await startFakeS3(({ op, key }) =>
      op === "copy" && key.endsWith("edl.json") ? "short" : undefined,
    );
    const store = fake.newStore();
    await store.put(`jobs/${job_id}/attempts/1/edl.json`, '{"clips": []}', TYPE);
    await store.put(`jobs/${job_id}/attempts/1/manifest.json`, manifest, TYPE);
    const message = expect.stringContaining("edl.json was not copied whole");
    await expect(commit(store, job)).rejects.toMatchObject({ code: "UPLOAD_FAILED", message });
    expect(await store.head(`jobs/${job_id}/manifest.json`)).toBeUndefined();
  });

  test.each([
    [503, "SlowDown", "UNAVAILABLE"],
    [403, "AccessDenied", "STORAGE_DENIED"],
    [404, "NoSuchBucket", "STORAGE_DENIED"],
  ])("%i %s is not taken for a missing upload", async (status, name, code) => {
    await using fake = await startFakeS3(() => ({ status, code: name }));
    await expect(commit(fake.newStore(), job)).rejects.toMatchObject({ code });
  });
});

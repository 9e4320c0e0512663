import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CORSRule,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketCorsCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testCommit } from "../jobs/commit-contract.ts";
import { startTestApi } from "../testing.ts";
import { testJobsOnBucket } from "./s3-job-contract.ts";
import { testArtifactStore } from "./store-contract.ts";
import { hasRadosgw, type Radosgw, startRadosgw } from "./testing-s3.ts";

const IN_PARTS = { partsFromBytes: 6 << 20, partBytes: 5 << 20 };
const TYPE = { contentType: "video/mp4" };
const MIB = 1 << 20;

describe.skipIf(!hasRadosgw)("a real S3 server (needs radosgw)", () => {
  let server: Radosgw;
  beforeAll(async () => {
    server = await startRadosgw();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  describe("S3 store", () => testArtifactStore(() => server.open(IN_PARTS)));
  describe("publishing", () => testCommit(() => server.open()));
  describe("jobs", () => testJobsOnBucket(() => server.open(IN_PARTS)));

  test("the settings are enough: a job by the whole service, and what /readyz says of a bucket that is not there", async () => {
    await using place = await server.open();
    const { endpoint, bucket, region, accessKeyId, secretAccessKey } = place.settings;
    const env = {
      R2_ENDPOINT: endpoint,
      R2_BUCKET: bucket,
      R2_REGION: region,
      R2_ACCESS_KEY_ID: accessKeyId,
      R2_SECRET_ACCESS_KEY: secretAccessKey,
    };
    await using api = await startTestApi({ env });
    const request = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
    const { job_id } = await api.trpc().jobs.create.mutate(request);
    expect(await api.until(job_id, undefined, 60_000)).toMatchObject({ status: "SUCCEEDED" });
    expect(await place.store.head(`jobs/${job_id}/manifest.json`)).toBeDefined();
    expect((await api.rest("GET", "/readyz")).body.checks.artifacts).toMatchObject({ ok: true });
    await using elsewhere = await startTestApi({ env: { ...env, R2_BUCKET: "kk-no-such-bucket" } });
    const { status, body } = await elsewhere.rest("GET", "/readyz");
    expect([status, body.checks.artifacts]).toMatchObject([
      503,
      { ok: false, detail: "The bucket for artifacts does not exist" },
    ]);
  });

  const unfinished = async (Bucket: string) =>
    (await server.client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];

  test("a stream of 200 MB is written and read in constant memory, and nothing of it is missing", async () => {
    await using place = await server.open();
    const hash = createHash("sha256");
    const before = process.memoryUsage().rss;
    let peak = before;
    const looking = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 10);
    function* chunks() {
      for (let index = 0; index < 200; index++) {
        const chunk = Buffer.alloc(MIB, index);
        hash.update(chunk);
        yield chunk;
      }
    }
    const info = await place.store.put("jobs/a/clip_01.mp4", Readable.from(chunks()), TYPE);
    const sha256 = hash.digest("hex");
    expect(info).toMatchObject({ sizeBytes: 200 * MIB, sha256, contentType: "video/mp4" });
    expect(await place.store.hash("jobs/a/clip_01.mp4")).toBe(sha256);
    await place.store.copy("jobs/a/clip_01.mp4", "jobs/b/clip_01.mp4");
    expect(await place.store.hash("jobs/b/clip_01.mp4")).toBe(sha256);
    clearInterval(looking);
    expect((peak - before) / MIB).toBeLessThan(180);
    expect(await unfinished(place.bucket)).toEqual([]);
  });

  test("a link to upload ends when it expires, as one to read does", async () => {
    await using place = await server.open();
    const options = { ...TYPE, expiresSeconds: 1, sizeBytes: 4 };
    const { url, headers } = await place.store.signPut("jobs/a/clip_01.mp4", options);
    await sleep(2500);
    const answer = await fetch(url, { method: "PUT", headers, body: "clip" });
    expect([answer.status, await place.store.head("jobs/a/clip_01.mp4")]).toEqual([403, undefined]);
  });

  test("what was said of an upload is kept with it", async () => {
    await using place = await server.open();
    const sha256 = createHash("sha256").update("clip").digest("hex");
    const options = { ...TYPE, expiresSeconds: 60, sizeBytes: 4, sha256 };
    const { url, headers } = await place.store.signPut("jobs/a/clip_01.mp4", options);
    expect((await fetch(url, { method: "PUT", headers, body: "clip" })).status).toBe(200);
    const asked = new HeadObjectCommand({ Bucket: place.bucket, Key: "jobs/a/clip_01.mp4" });
    expect((await server.client.send(asked)).Metadata).toEqual({ sha256 });
  });

  test("a name with signs of all kinds comes back in the answer's header, whole", async () => {
    await using place = await server.open();
    await place.store.put("jobs/a/clip_01.mp4", "clip", TYPE);
    const downloadName = 'Grüße "🎬" & 100% + = / ; it\'s.mp4';
    const url = await place.store.signGet("jobs/a/clip_01.mp4", { expiresSeconds: 60, downloadName });
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-disposition")).toContain(
      "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%22%F0%9F%8E%AC%22",
    );
    expect(answer.headers.get("content-type")).toBe("video/mp4");
  });

  test("what a process that was killed in the middle left behind is swept by its age (F36)", async () => {
    await using place = await server.open();
    const script = `
      import { createS3Store } from ${JSON.stringify(new URL("./s3.ts", import.meta.url).href)};
      import { Readable } from "node:stream";
      const store = createS3Store(${JSON.stringify({ ...place.settings, partBytes: 5 * MIB })});
      async function* endless() { for (;;) { yield Buffer.alloc(${5 * MIB}, 1); console.log("part"); } }
      await store.put("jobs/a/clip_01.mp4", Readable.from(endless()), { contentType: "video/mp4" });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for (let parts = 0; parts < 3; parts++) await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await unfinished(place.bucket)).toMatchObject([{ Key: "jobs/a/clip_01.mp4" }]);
    expect(await place.store.head("jobs/a/clip_01.mp4")).toBeUndefined();
    await place.store.tidy(Date.now() - 3_600_000);
    expect(await unfinished(place.bucket)).toHaveLength(1);
    await place.store.tidy(Date.now() + 60_000);
    expect(await unfinished(place.bucket)).toEqual([]);
  });

  test("a folder of more objects than one page lists is listed and removed whole", async () => {
    await using place = await server.open();
    const names = Array.from({ length: 1005 }, (_, index) => `jobs/many/${index}`).values();
    const writer = async () => {
      for (const name of names) await place.store.put(name, "x", TYPE);
    };
    await Promise.all(Array.from({ length: 16 }, writer));
    expect(await Array.fromAsync(place.store.list("jobs/many/"))).toHaveLength(1005);
    await place.store.delete("jobs/many/");
    expect(await Array.fromAsync(place.store.list("jobs/"))).toEqual([]);
  });

  test("wrong keys and a missing bucket are told as what they are", async () => {
    const denied = { code: "STORAGE_DENIED" };
    await using stranger = await server.open({ secretAccessKey: "wrong" });
    await expect(stranger.store.head("jobs/a/x")).rejects.toMatchObject(denied);
    await expect(stranger.store.put("jobs/a/x", "x", TYPE)).rejects.toMatchObject(denied);
    await using nowhere = await server.open({ bucket: "kk-no-such-bucket" });
    await expect(nowhere.store.head("jobs/a/x")).rejects.toMatchObject(denied);
    await expect(nowhere.store.get("jobs/a/x")).rejects.toMatchObject(denied);
    await expect(nowhere.store.put("jobs/a/x", "x", TYPE)).rejects.toMatchObject(denied);
    await expect(Array.fromAsync(nowhere.store.list("jobs/"))).rejects.toMatchObject(denied);
  });

  describe("the documented CORS rules", () => {
    const page = "https://clips.example.com";
    const guide = readFileSync(new URL("../../../../docs/storage.md", import.meta.url), "utf8");
    const [, rules = ""] = /```json cors\n([\s\S]+?)```/.exec(guide) ?? [];

    async function openWithRules() {
      const place = await server.open();
      const CORSRules: CORSRule[] = JSON.parse(rules);
      const cors = new PutBucketCorsCommand({ Bucket: place.bucket, CORSConfiguration: { CORSRules } });
      await server.client.send(cors);
      return place;
    }
    const preflight = (url: string, origin: string, method: string, headers: string) =>
      fetch(url, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": method,
          "access-control-request-headers": headers,
        },
      });

    test("let the page play parts of a clip, and no other page", async () => {
      await using place = await openWithRules();
      await place.store.put("jobs/a/clip_01.mp4", "a clip", TYPE);
      const url = await place.store.signGet("jobs/a/clip_01.mp4", { expiresSeconds: 60 });
      const allowed = await preflight(url, page, "GET", "range");
      expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([200, page]);
      const part = await fetch(url, { headers: { origin: page, range: "bytes=0-1" } });
      expect(part.headers.get("access-control-allow-origin")).toBe(page);
      expect(part.headers.get("access-control-expose-headers")?.toLowerCase()).toContain("content-range");
      const foreign = await preflight(url, "https://evil.example.com", "GET", "range");
      expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    });

    test("let the page upload a video", async () => {
      await using place = await openWithRules();
      const options = { contentType: "application/octet-stream", expiresSeconds: 60, sizeBytes: 7 };
      const { url, headers } = await place.store.signPut("uploads/u/source", options);
      const allowed = await preflight(url, page, "PUT", "content-type");
      expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([200, page]);
      const put = await fetch(url, { method: "PUT", headers: { ...headers, origin: page }, body: "a video" });
      expect([put.status, put.headers.get("access-control-allow-origin")]).toEqual([200, page]);
      const removal = await preflight(url, page, "DELETE", "content-type");
      expect(removal.headers.get("access-control-allow-origin")).toBeNull();
    });
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ArtifactStore } from "./artifacts/store.ts";
import { startFakeS3 } from "./artifacts/testing-fake-s3.ts";
import { createSqliteStore } from "./jobs/sqlite-store.ts";
import { aStoredJob } from "./jobs/testing.ts";
import { uploadToken } from "./jobs/tokens.ts";
import { startTestApi } from "./testing.ts";
import { createUploads, partsOf, runsOf } from "./uploads.ts";

const MIB = 1 << 20;
const SECRET = Buffer.alloc(32, 5);
/** Three parts: 8 MiB, 8 MiB, 5 bytes. */
const FILE = Buffer.alloc(16 * MIB + 5, "a long talk ");
const BODY = { filename: "my talk.mp4", size_bytes: FILE.length };

describe("how a file is cut", () => {
  test.each([
    [1, 8 * MIB, [1]],
    [8 * MIB, 8 * MIB, [8 * MIB]],
    [8 * MIB + 1, 8 * MIB, [8 * MIB, 1]],
  ])("%d bytes", (size, partBytes, sizes) => expect(partsOf(size)).toEqual({ partBytes, sizes }));

  test("never into more than 2000 parts, and nothing is lost between them", () => {
    for (const size of [8 * 1024 ** 3, 15.7e9, 40e9 + 7, 5e12].map(Math.floor)) {
      const { partBytes, sizes } = partsOf(size);
      expect(sizes.length).toBeLessThanOrEqual(2000);
      expect(sizes.reduce((sum, one) => sum + one, 0)).toBe(size);
      expect(sizes.slice(0, -1).every((one) => one === partBytes)).toBe(true);
      expect(sizes.at(-1)).toBeGreaterThan(0);
    }
  });

  test("numbers are told in runs", () => {
    expect(runsOf([4])).toBe("4");
    expect(runsOf([2, 5, 6, 7, 9])).toBe("2, 5 to 7 and 9");
    expect(runsOf(Array.from({ length: 60 }, (_, index) => 2 * index))).toMatch(/ 38 and 40 more$/);
  });
});

describe("a file that is sent in parts", () => {
  let api: Awaited<ReturnType<typeof startTestApi>>;
  beforeAll(async () => {
    api = await startTestApi({ wrap: (ports) => ({ ...ports, providers: [] }) }); // no job of it is of interest
  });
  afterAll(() => api[Symbol.asyncDispose]());

  const made = async (body = BODY) => {
    const { body: upload } = await api.rest("POST", "/api/uploads", body);
    const id: string = upload.upload_id;
    const auth = { "x-upload-token": upload.upload_token as string };
    return {
      ...{ id, auth, token: upload.upload_token as string, putUrl: upload.put_url as string },
      parts: () => api.rest("GET", `/api/uploads/${id}/parts`, undefined, auth),
      complete: () => api.rest("POST", `/api/uploads/${id}/complete`, undefined, auth),
      drop: () => api.rest("DELETE", `/api/uploads/${id}`, undefined, auth),
    };
  };
  const put = async (url: string, bytes: Buffer) =>
    (await fetch(new URL(url, api.url), { method: "PUT", body: new Uint8Array(bytes) })).status;
  const pieceOf = (part: number) => FILE.subarray((part - 1) * 8 * MIB, part * 8 * MIB);

  test("goes on where it was cut off, is whole when it is complete, and a job can be made of it", async () => {
    const upload = await made();
    const first = (await upload.parts()).body;
    expect(first).toMatchObject({
      ...{ size_bytes: FILE.length, part_bytes: 8 * MIB, parts: 3, arrived: [], complete: false },
      missing: [1, 2, 3].map((part) => ({ part, size_bytes: pieceOf(part).length })),
    });
    expect(await put(first.missing[2].put_url, pieceOf(3))).toBe(200);
    expect(await put(first.missing[0].put_url, pieceOf(1))).toBe(200);
    const job = { upload_id: upload.id, clip_duration_seconds: 30, clip_count: 1 };
    expect(await api.rest("POST", "/api/jobs", job)).toMatchObject({
      status: 409,
      body: { code: "CONFLICT" },
    });
    expect(await upload.complete()).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", detail: expect.stringContaining("Part 2 of 3 is missing") },
    });
    const later = (await upload.parts()).body;
    expect(later).toMatchObject({ arrived: [1, 3], missing: [{ part: 2 }] });
    expect(await put(later.missing[0].put_url, pieceOf(2))).toBe(200);
    const answers = await Promise.all([upload.complete(), upload.complete(), upload.complete()]);
    expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [200, { ok: true }]));
    expect((await upload.complete()).status).toBe(200);
    expect((await upload.parts()).body).toMatchObject({ arrived: [1, 2, 3], missing: [], complete: true });
    const link = await api.services.uploads.link(upload.id, 60);
    const kept = Buffer.from(await (await fetch(new URL(link, api.url))).arrayBuffer());
    expect(kept.equals(FILE)).toBe(true);
    expect((await api.rest("POST", "/api/jobs", job)).status).toBe(200);
  }, 60_000);

  test("the whole file may be put to its put_url as well, and is complete then", async () => {
    const upload = await made({ filename: "a.mp4", size_bytes: 6 });
    await upload.parts();
    expect(await put(upload.putUrl, Buffer.from("movies"))).toBe(200);
    expect((await upload.parts()).body).toMatchObject({ arrived: [1], missing: [], complete: true });
    expect(await upload.complete()).toMatchObject({ status: 200, body: { ok: true } });
  });

  test("what is dropped is gone with all that had arrived, twice if need be", async () => {
    const upload = await made({ filename: "a.mp4", size_bytes: 6 });
    const [{ put_url }] = (await upload.parts()).body.missing;
    expect(await put(put_url, Buffer.from("movies"))).toBe(200);
    expect(await upload.drop()).toMatchObject({ status: 200, body: { ok: true } });
    expect(await Array.fromAsync(api.services.artifacts.list(`uploads/${upload.id}/`))).toEqual([]);
    expect(await upload.parts()).toMatchObject({ status: 404, body: { detail: "upload not found" } });
    expect(await upload.complete()).toMatchObject({ status: 404 });
    expect((await upload.drop()).status).toBe(200);
  });

  test("parts of another length and changed links are refused and lose nothing", async () => {
    const upload = await made({ filename: "a.mp4", size_bytes: 6 });
    const [{ put_url }] = (await upload.parts()).body.missing;
    expect(await put(put_url, Buffer.from("movies!"))).toBe(413);
    expect(await put(put_url, Buffer.from("movie"))).toBe(400);
    expect(await put(put_url.replace("/00001?", "/00002?"), Buffer.from("movies"))).toBe(403);
    expect(await put(put_url.replace("/00001?", "/begun?"), Buffer.from("movies"))).toBe(403);
    expect((await upload.parts()).body).toMatchObject({ arrived: [], missing: [{ part: 1 }] });
  });

  test("a wrong token, and none, is told nothing; the same at both doors", async () => {
    const [upload, other] = [await made(), await made()];
    const upload_id = upload.id;
    for (const upload_token of ["", "x", other.token, `${upload.token}x`, "x".repeat(500)]) {
      const headers = { "x-upload-token": upload_token };
      for (const [method, path] of [
        ["GET", "/parts"],
        ["POST", "/complete"],
        ["DELETE", ""],
      ] as const) {
        const { status, body } = await api.rest(
          method,
          `/api/uploads/${upload_id}${path}`,
          undefined,
          headers,
        );
        expect([status, body.detail, body.code]).toEqual([401, "invalid upload token", "UNAUTHORIZED"]);
      }
      const asked = api.trpc().uploads.parts.query({ upload_id, upload_token });
      await expect(asked).rejects.toMatchObject({ data: { kk: { code: "UNAUTHORIZED" } } });
    }
    const { status } = await api.rest("GET", `/api/uploads/${upload_id}/parts?upload_token=${upload.token}`);
    expect(status).toBe(401); // a token in an address would be in logs
  });

  test("a file of 4 GB gets 200 links at once", async () => {
    const upload = await made({ filename: "a.mp4", size_bytes: 4 * 1024 ** 3 });
    const { body } = await upload.parts();
    expect(body).toMatchObject({ parts: 512, missing: { length: 200 } });
    expect(body.missing.at(-1).part).toBe(200);
  });
});

describe("in a bucket", () => {
  const house = async (file = FILE, wrap = (artifacts: ArtifactStore) => artifacts) => {
    const fake = await startFakeS3();
    const dir = mkdtempSync(join(tmpdir(), "kk-uploads-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const store = createSqliteStore({ file: join(dir, "notes.db") });
    const artifacts = wrap(fake.newStore());
    const uploads = createUploads({ store, artifacts, secret: SECRET, maxBytes: 1e9 });
    const { upload_id, upload_token } = await uploads.create({
      filename: "my talk.mp4",
      size_bytes: file.length,
    });
    const send = async ({ missing }: Awaited<ReturnType<typeof uploads.parts>>) => {
      for (const { part, put_url, size_bytes } of missing) {
        const from = (part - 1) * 8 * MIB;
        const body = new Uint8Array(file.subarray(from, from + size_bytes));
        await fetch(put_url, { method: "PUT", body });
      }
    };
    return { fake, store, uploads, of: { upload_id, upload_token }, send };
  };

  test("parts go to the bucket itself, and make one object", async () => {
    const { fake, uploads, of, send } = await house();
    await using _ = fake;
    await expect(uploads.complete(of)).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("Parts 1 to 3 of 3 are missing"),
    });
    await send(await uploads.parts(of));
    expect(await uploads.parts(of)).toMatchObject({ arrived: [1, 2, 3], missing: [], complete: false });
    await Promise.all([uploads.complete(of), uploads.complete(of)]);
    expect(fake.objects.get(`uploads/${of.upload_id}/source`)?.bytes.equals(FILE)).toBe(true);
    expect(await uploads.parts(of)).toMatchObject({ complete: true });
    expect(await uploads.finished(of.upload_id)).toMatchObject({ filename: "my talk.mp4" });
    expect(fake.uploads.size).toBe(0);
  });

  test("an upload that the bucket has given up begins anew; a dropped one is aborted", async () => {
    const { fake, uploads, of, send } = await house(Buffer.from("movies"));
    await using _ = fake;
    await send(await uploads.parts(of));
    fake.uploads.clear();
    const again = await uploads.parts(of);
    expect(again).toMatchObject({ arrived: [], missing: { length: 1 } });
    await send(again);
    expect((await uploads.parts(of)).arrived).toEqual([1]);
    await uploads.drop(of);
    expect(fake.uploads.size).toBe(0);
  });

  test("who asks while another request makes the file is told that it is whole, and not to send it anew", async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    const { fake, uploads, of, send } = await house(Buffer.from("movies"), (artifacts) => ({
      ...artifacts,
      arrivedParts: async (...asked) => {
        const other = meanwhile;
        meanwhile = undefined;
        await other?.();
        return artifacts.arrivedParts(...asked);
      },
    }));
    await using _ = fake;
    await send(await uploads.parts(of));
    meanwhile = () => uploads.complete(of);
    expect(await uploads.parts(of)).toMatchObject({ complete: true, arrived: [1], missing: [] });
    expect(fake.uploads.size).toBe(0);
  });

  test("a file is not dropped while a job is being made of it", async () => {
    const { fake, uploads, of, send, store } = await house(Buffer.from("movies"));
    await using _ = fake;
    await send(await uploads.parts(of));
    await uploads.complete(of);
    const job = aStoredJob(1, { source: await uploads.finished(of.upload_id) });
    await store.insert(job);
    await expect(uploads.drop(of)).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("cancel it first"),
    });
    expect(await uploads.finished(of.upload_id)).toBeDefined();
    await store.remove(job.job_id);
    await uploads.drop(of);
    expect(fake.objects.size).toBe(0);
  });

  test("a token is of one upload and one installation", () => {
    const [a, b] = ["up_00000000000000000000000001", "up_00000000000000000000000002"];
    expect(uploadToken(SECRET, a)).not.toBe(uploadToken(SECRET, b));
    expect(uploadToken(SECRET, a)).not.toBe(uploadToken(Buffer.alloc(32, 6), a));
    expect(uploadToken(SECRET, a)).toHaveLength(47);
  });
});

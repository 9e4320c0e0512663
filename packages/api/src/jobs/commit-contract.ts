import { createHash } from "node:crypto";
import { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { ArtifactPlace } from "../artifacts/testing-contract.ts";
import { commit } from "./commit.ts";
import type { Job } from "./job.ts";
import { aStoredJob } from "./testing.ts";

const sha256 = (bytes: string) => createHash("sha256").update(bytes).digest("hex");
const ID = aStoredJob().job_id;
const FOLDER = `jobs/${ID}`;
const TYPE = { contentType: "application/octet-stream" };

/** What an attempt uploaded, by name. */
const FILES: Record<string, string> = {
  "clip_01.mp4": "the clip ".repeat(2000),
  "clip_01.jpg": "its cover",
  "edl.json": "{}",
  "transcript.json": "[]",
};
const CLIP = { index: 1, start: 0, end: 30, file: "clip_01.mp4" };
const manifestOf = (files: Record<string, string>) => ({
  job_id: ID,
  clips: [CLIP],
  selection: { mode: "heuristic" },
  files: Object.entries(files).map(([name, bytes]) => ({
    name,
    size_bytes: bytes.length,
    sha256: sha256(bytes),
  })),
});
const MANIFEST = manifestOf(FILES);
const { files: listed } = MANIFEST;
/** Where everything is done for each call to the store. */
const FEW = { "clip_01.mp4": "the clip", "edl.json": "{}" };
const OF_FEW = { files: FEW, manifest: JSON.stringify(manifestOf(FEW)) };

/** Uploads as an attempt does, and gives the job whose end was (`reported`) or was not reported. */
async function uploaded(
  store: ArtifactStore,
  { manifest = JSON.stringify(MANIFEST), files = FILES, reported = true } = {},
): Promise<Job> {
  for (const [name, bytes] of Object.entries(files))
    await store.put(`${FOLDER}/attempts/1/${name}`, bytes, TYPE);
  await store.put(`${FOLDER}/attempts/1/manifest.json`, manifest, TYPE);
  return aStoredJob(1, { result: { epoch: 1, manifest_sha256: reported ? sha256(manifest) : null } });
}

const keysOf = async (store: ArtifactStore) => (await Array.fromAsync(store.list(`${FOLDER}/`))).toSorted();
const keysFor = (files: Record<string, string>) =>
  [...Object.keys(files), "manifest.json"].map((name) => `${FOLDER}/${name}`).toSorted();

async function expectPublished(
  store: ArtifactStore,
  { files = FILES, manifest = JSON.stringify(MANIFEST) } = {},
) {
  expect(await keysOf(store)).toEqual(keysFor(files));
  for (const [name, bytes] of Object.entries({ ...files, "manifest.json": manifest }))
    expect(await store.hash(`${FOLDER}/${name}`)).toBe(sha256(bytes));
}

/** Publishing, on any artifact store: run it from the store's own test file. `open` gives an empty store each time. */
export function testCommit(open: () => Promise<ArtifactPlace>): void {
  test.each([true, false])(
    "what was uploaded is published, once and again (reported: %s)",
    async (reported) => {
      await using place = await open();
      const job = await uploaded(place.store, { reported });
      await commit(place.store, job);
      await expectPublished(place.store);
      await commit(place.store, job);
      await expectPublished(place.store);
    },
  );

  test("the manifest comes last: whoever sees it sees everything", async () => {
    await using place = await open();
    const copied: string[] = [];
    const store: ArtifactStore = {
      ...place.store,
      copy(from, to, etag) {
        copied.push(to);
        return place.store.copy(from, to, etag);
      },
    };
    await commit(store, await uploaded(place.store));
    expect(copied.at(-1)).toBe(`${FOLDER}/manifest.json`);
    expect(copied.toSorted()).toEqual(keysFor(FILES));
  });

  test.each<[string, { files?: Record<string, string | undefined>; manifest?: unknown }, string]>([
    ["a file is missing", { files: { "edl.json": undefined } }, "edl.json is missing or damaged"],
    ["a file is shorter", { files: { "clip_01.mp4": "the clip" } }, "clip_01.mp4 is missing or damaged"],
    [
      "a file has other bytes",
      { files: { "clip_01.jpg": "its c0ver" } },
      "clip_01.jpg is missing or damaged",
    ],
    ["it is no JSON", { manifest: "{" }, "manifest.json is not JSON"],
    ["it has another shape", { manifest: { clips: 1 } }, "manifest.json has another shape"],
    ["it is of another job", { manifest: { ...MANIFEST, job_id: "kk_other" } }, "does not fit the job"],
    [
      "it names a clip that it does not list",
      { manifest: { ...MANIFEST, files: listed.slice(1) } },
      "does not fit",
    ],
    [
      "it lists itself",
      { manifest: { ...MANIFEST, files: [...listed, { ...listed[0], name: "manifest.json" }] } },
      "does not fit",
    ],
    ["it is huge", { manifest: " ".repeat((4 << 20) + 1) }, "manifest.json is too large"],
  ])("nothing is published when %s", async (_what, { files = {}, manifest = MANIFEST }, text) => {
    await using place = await open();
    const all = Object.entries({ ...FILES, ...files }).flatMap(([name, bytes]) =>
      bytes === undefined ? [] : [[name, bytes]],
    );
    const job = await uploaded(place.store, {
      files: Object.fromEntries(all),
      manifest: typeof manifest === "string" ? manifest : JSON.stringify(manifest),
    });
    const message = expect.stringContaining(text);
    await expect(commit(place.store, job)).rejects.toMatchObject({ code: "UPLOAD_FAILED", message });
    expect((await keysOf(place.store)).filter((key) => !key.includes("/attempts/"))).toEqual([]);
  });

  test("a manifest that is not the one reported is not published", async () => {
    await using place = await open();
    const job = await uploaded(place.store);
    await place.store.put(
      `${FOLDER}/attempts/1/manifest.json`,
      JSON.stringify({ ...MANIFEST, language: "en" }),
      TYPE,
    );
    const message = expect.stringContaining("not the one reported");
    await expect(commit(place.store, job)).rejects.toMatchObject({ code: "UPLOAD_FAILED", message });
  });

  test("an attempt that uploaded no manifest was lost", async () => {
    await using place = await open();
    const job = await uploaded(place.store, { reported: false });
    await place.store.delete(`${FOLDER}/attempts/1/manifest.json`);
    await expect(commit(place.store, job)).rejects.toMatchObject({ code: "WORKER_LOST" });
  });

  test("of a 1.x manifest, which lists no files, everything that was uploaded is published", async () => {
    await using place = await open();
    const { files: _, ...old } = MANIFEST;
    await commit(place.store, await uploaded(place.store, { manifest: JSON.stringify(old) }));
    await expectPublished(place.store, { manifest: JSON.stringify(old) });
  });

  test("a file that is replaced after it was looked at is not published", async () => {
    await using place = await open();
    const store: ArtifactStore = {
      ...place.store,
      async copy(from, to, etag) {
        if (to.endsWith("/clip_01.mp4")) await place.store.put(from, "something else", TYPE);
        return place.store.copy(from, to, etag);
      },
    };
    const message = expect.stringContaining("clip_01.mp4 is missing or damaged");
    await expect(commit(store, await uploaded(place.store))).rejects.toMatchObject({
      code: "UPLOAD_FAILED",
      message,
    });
    expect(await place.store.head(`${FOLDER}/clip_01.mp4`)).toBeUndefined();
    expect(await place.store.head(`${FOLDER}/manifest.json`)).toBeUndefined();
  });

  test("two processes that publish at the same time are in nobody's way", async () => {
    await using place = await open();
    for (let round = 0; round < 3; round++) {
      const job = await uploaded(place.store);
      await Promise.all([commit(place.store, job), commit(place.store, job), commit(place.store, job)]);
      await expectPublished(place.store);
      await place.store.delete(`${FOLDER}/`);
    }
  }, 120_000);

  test("wherever another process comes first and publishes everything, both succeed", async () => {
    await using place = await open();
    for (let calls = 0, isLast = false; !isLast; calls++) {
      expect(calls).toBeLessThan(100);
      const job = await uploaded(place.store, OF_FEW);
      isLast = true;
      const other = async () => {
        isLast = false;
        await commit(place.store, job);
      };
      await commit(interruptedAfter(place.store, calls, other), job);
      await expectPublished(place.store, OF_FEW);
      await place.store.delete(`${FOLDER}/`);
    }
  }, 120_000);

  test("wherever it is cut off it says so, and the next time ends it", async () => {
    await using place = await open();
    for (let calls = 0, done = false; !done; calls++) {
      expect(calls).toBeLessThan(100);
      const job = await uploaded(place.store, OF_FEW);
      const cut = interruptedAfter(place.store, calls, () => {
        throw new KangKlipError("UNAVAILABLE", "cut off");
      });
      done = await commit(cut, job).then(
        () => true,
        (error) => {
          expect(error).toMatchObject({ code: "UNAVAILABLE" });
          return false;
        },
      );
      await commit(place.store, job);
      await expectPublished(place.store, OF_FEW);
      await place.store.delete(`${FOLDER}/`);
    }
  }, 120_000);
}

/** A store before whose n-th call, from 0, something else happens. */
function interruptedAfter(store: ArtifactStore, calls: number, happens: () => unknown): ArtifactStore {
  let left = calls;
  const counted = async <T>(call: () => Promise<T>): Promise<T> => {
    if (left-- === 0) await happens();
    return call();
  };
  return {
    ...store,
    head: (key) => counted(() => store.head(key)),
    get: (key, range) => counted(() => store.get(key, range)),
    hash: (key) => counted(() => store.hash(key)),
    copy: (from, to, etag) => counted(() => store.copy(from, to, etag)),
    delete: (key) => counted(() => store.delete(key)),
  };
}

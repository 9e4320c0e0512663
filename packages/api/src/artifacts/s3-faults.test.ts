import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type FakeRequest, type Fault, KEYS, startFakeS3 } from "./testing-fake-s3.ts";

const IN_PARTS = { partBytes: 400_000 };
const TYPE = { contentType: "video/mp4" };
const clip = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
/** The same chances in each run. */
function chances(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
/** The promise is 5 s; a busy machine may add to it. */
const PATIENCE_MS = 9000;
const first = (op: string, fault: Fault) => (asked: FakeRequest) =>
  asked.op === op && asked.count === 1 ? fault : undefined;
const always =
  (fault: Fault, ...ops: string[]) =>
  ({ op }: FakeRequest) =>
    ops.length === 0 || ops.includes(op) ? fault : undefined;

describe.concurrent("a bucket that is busy or away for a moment", () => {
  test("with 30 % of all requests answered 503 SlowDown or 500, everything still ends whole (F33)", async () => {
    const chance = chances(33);
    await using fake = await startFakeS3(() => {
      const drawn = chance();
      if (drawn < 0.2) return { status: 503, code: "SlowDown" };
      return drawn < 0.3 ? { status: 500, code: "InternalError" } : undefined;
    });
    const store = fake.newStore();
    for (let index = 0; index < 8; index++) {
      await store.put(`jobs/a/attempts/1/${index}`, clip, TYPE);
      await store.copy(`jobs/a/attempts/1/${index}`, `jobs/a/${index}`);
      expect(await store.hash(`jobs/a/${index}`)).toBe(sha256(clip));
    }
    await store.delete("jobs/a/attempts/");
    expect(await Array.fromAsync(store.list("jobs/"))).toHaveLength(8);
  });

  test("what is down stays asked at most eight times, and the answer names it in plain words", async () => {
    await using fake = await startFakeS3(always({ status: 503, code: "SlowDown" }));
    const asked = fake.newStore().head("jobs/a/clip_01.mp4");
    await expect(asked).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "The bucket for artifacts does not answer",
    });
    expect(fake.asked.length).toBeGreaterThan(3);
    expect(fake.asked.length).toBeLessThanOrEqual(8);
  });

  test("a port that nobody listens on is the same outage", async () => {
    const fake = await startFakeS3();
    await fake[Symbol.asyncDispose]();
    await expect(fake.newStore().head("jobs/a/x")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("whoever asks a server that never answers is told within 5 s (F34)", async () => {
    await using fake = await startFakeS3(always("stall"));
    const store = fake.newStore();
    const from = performance.now();
    await Promise.all([
      expect(store.head("jobs/a/x")).rejects.toMatchObject({ code: "UNAVAILABLE" }),
      expect(store.get("jobs/a/x")).rejects.toMatchObject({ code: "UNAVAILABLE" }),
    ]);
    expect(performance.now() - from).toBeLessThan(PATIENCE_MS);
  });

  test("one answer that does not come is not waited for", async () => {
    await using fake = await startFakeS3(first("head", "stall"));
    const store = fake.newStore();
    await store.put("jobs/a/x", clip, TYPE); // asks for the head as well
    expect(fake.asked.filter((op) => op === "head").length).toBeGreaterThanOrEqual(2);
  });
});

describe.concurrent("a body that does not come whole", () => {
  test.each<Fault>(["cut", "stall-half"])(
    "the rest is asked for after it was %s, and nothing is missing or twice",
    async (fault) => {
      await using fake = await startFakeS3(({ op, count }) =>
        op === "get" && count <= 2 ? fault : undefined,
      );
      const store = fake.newStore();
      await store.put("jobs/a/clip_01.mp4", clip, TYPE);
      const { body } = await store.get("jobs/a/clip_01.mp4", { start: 1000, end: 250_000 });
      expect((await buffer(body)).equals(clip.subarray(1000, 250_001))).toBe(true);
      expect(fake.asked.filter((op) => op === "get").length).toBeGreaterThanOrEqual(3);
    },
  );

  test("one that is replaced in the middle is not mixed with the other version", async () => {
    await using fake = await startFakeS3(first("get", "cut"));
    const store = fake.newStore();
    await store.put("jobs/a/clip_01.mp4", clip, TYPE);
    const { body } = await store.get("jobs/a/clip_01.mp4");
    await store.put("jobs/a/clip_01.mp4", Buffer.alloc(clip.length), TYPE);
    await expect(buffer(body)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test("one of unknown length is not taken for an empty one", async () => {
    await using fake = await startFakeS3(always("no-length", "get"));
    const store = fake.newStore();
    await store.put("jobs/a/clip_01.mp4", clip, TYPE);
    await expect(store.get("jobs/a/clip_01.mp4")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("a server that goes away in the middle is an outage, within 5 s", async () => {
    let gone = false;
    await using fake = await startFakeS3(({ op }) => {
      if (op !== "get") return undefined;
      const fault = gone ? "stall" : "stall-half";
      gone = true;
      return fault;
    });
    const store = fake.newStore();
    await store.put("jobs/a/clip_01.mp4", clip, TYPE);
    const { body } = await store.get("jobs/a/clip_01.mp4");
    const from = performance.now();
    await expect(buffer(body)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(performance.now() - from).toBeLessThan(PATIENCE_MS);
  });

  test("a reader may be slower than the server, and may stop", async () => {
    await using fake = await startFakeS3();
    const store = fake.newStore();
    await store.put("jobs/a/clip_01.mp4", clip, TYPE);
    const { body } = await store.get("jobs/a/clip_01.mp4");
    for await (const chunk of body) {
      expect(chunk.length).toBeGreaterThan(0);
      await sleep(2200); // longer than the server may be silent
      break;
    }
    expect(body.destroyed).toBe(true);
    expect(fake.asked.filter((op) => op === "get")).toHaveLength(1);
  });
});

describe.concurrent("writing", () => {
  const large = Buffer.concat(Array.from({ length: 4 }, () => clip)); // 1.2 MB
  const streamed = () =>
    Readable.from(
      Array.from({ length: 60 }, (_, index) =>
        large.subarray(index * clip.length, (index + 1) * clip.length),
      ),
    );

  test("a part that is refused, stalls or breaks is sent again alone", async () => {
    await using fake = await startFakeS3(({ op, count }) =>
      op === "part" && count === 2
        ? { status: 500, code: "InternalError" }
        : op === "part" && count === 3
          ? "eaten"
          : undefined,
    );
    const { sha256: hash } = await fake.newStore(IN_PARTS).put("jobs/a/clip_01.mp4", streamed(), TYPE);
    expect(hash).toBe(sha256(large));
    expect(fake.objects.get("jobs/a/clip_01.mp4")?.bytes.equals(large)).toBe(true);
    expect(fake.asked.filter((op) => op === "part")).toHaveLength(5);
  });

  test.each<[string, Fault]>([
    ["says 200 and then Error", "error-in-200"],
    ["does it and breaks before it says so", "eaten"],
  ])("a completion whose answer %s is made again (F35)", async (_what, fault) => {
    await using fake = await startFakeS3(first("complete", fault));
    const { sha256: hash } = await fake.newStore(IN_PARTS).put("jobs/a/clip_01.mp4", streamed(), TYPE);
    expect(hash).toBe(sha256(large));
    expect(fake.objects.get("jobs/a/clip_01.mp4")?.bytes.equals(large)).toBe(true);
    expect(fake.uploads.size).toBe(0);
  });

  test.each(["put", "complete"])(
    "an object that is kept shorter than sent by %s is found out and removed (F35)",
    async (op) => {
      await using fake = await startFakeS3(always("short", op));
      const put = fake.newStore(IN_PARTS).put("jobs/a/clip_01.mp4", op === "put" ? clip : streamed(), TYPE);
      await expect(put).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
      expect(fake.objects.size).toBe(0);
    },
  );

  test("a stream that breaks leaves neither an object nor an unfinished upload", async () => {
    await using fake = await startFakeS3();
    async function* broken() {
      yield large;
      throw new Error("the line is dead");
    }
    await expect(fake.newStore(IN_PARTS).put("jobs/a/x", Readable.from(broken()), TYPE)).rejects.toThrow(
      "the line is dead",
    );
    expect([fake.objects.size, fake.uploads.size]).toEqual([0, 0]);
  });

  test("parts that a worker put are completed once, though the answer was eaten", async () => {
    await using fake = await startFakeS3(first("complete", "eaten"));
    const store = fake.newStore({ partsFromBytes: 1000, partBytes: 200_000 });
    const parts = await store.signParts("jobs/a/clip_01.mp4", {
      ...TYPE,
      expiresSeconds: 60,
      sizeBytes: clip.length,
    });
    const etags: string[] = [];
    for (const [index, url] of (parts?.urls ?? []).entries()) {
      const body = new Uint8Array(clip.subarray(index * 200_000, (index + 1) * 200_000));
      etags.push((await fetch(url, { method: "PUT", body })).headers.get("etag") ?? "");
    }
    await store.completeParts("jobs/a/clip_01.mp4", parts?.uploadId ?? "", etags);
    expect(fake.objects.get("jobs/a/clip_01.mp4")?.bytes.equals(clip)).toBe(true);
    await store.delete("jobs/a/clip_01.mp4");
    const again = store.completeParts("jobs/a/clip_01.mp4", parts?.uploadId ?? "", etags);
    await expect(again).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
  });

  test("a copy that says 200 and then Error is made again", async () => {
    await using fake = await startFakeS3(first("copy", "error-in-200"));
    const store = fake.newStore();
    await store.put("jobs/a/x", clip, TYPE);
    await store.copy("jobs/a/x", "jobs/a/y");
    expect(await store.hash("jobs/a/y")).toBe(sha256(clip));
  });

  test("a folder's unfinished uploads go with it", async () => {
    await using fake = await startFakeS3();
    const store = fake.newStore({ partsFromBytes: 1000 });
    const options = { ...TYPE, expiresSeconds: 60, sizeBytes: 2000 };
    await store.signParts("jobs/a/attempts/1/clip_01.mp4", options);
    await store.signParts("jobs/ab/attempts/1/clip_01.mp4", options);
    await store.delete("jobs/a/");
    expect([...fake.uploads.values()].map(({ key }) => key)).toEqual(["jobs/ab/attempts/1/clip_01.mp4"]);
  });
});

describe.concurrent("a bucket that refuses", () => {
  test.each([
    [403, "AccessDenied", "STORAGE_DENIED", "denies access (AccessDenied)"],
    [403, "InvalidAccessKeyId", "STORAGE_DENIED", "denies access (InvalidAccessKeyId)"],
    [403, "SignatureDoesNotMatch", "STORAGE_DENIED", "denies access (SignatureDoesNotMatch)"],
    [401, "Unauthorized", "STORAGE_DENIED", "denies access (Unauthorized)"],
    [404, "NoSuchBucket", "STORAGE_DENIED", "does not exist"],
    [301, "PermanentRedirect", "STORAGE_DENIED", "refused a request (PermanentRedirect)"],
    [400, "AuthorizationHeaderMalformed", "STORAGE_DENIED", "refused a request"],
    [501, "NotImplemented", "STORAGE_DENIED", "refused a request (NotImplemented)"],
    [403, "QuotaExceeded", "DISK_FULL", "no room"],
  ])("%i %s is told by name, and not asked again and again (F38)", async (status, name, code, text) => {
    await using fake = await startFakeS3(always({ status, code: name }));
    const store = fake.newStore();
    const refusals = [
      () => store.get("jobs/a/x"),
      () => store.put("jobs/a/x", "x", TYPE),
      () => store.copy("jobs/a/x", "jobs/a/y"),
      () => store.delete("jobs/a/"),
      () => Array.fromAsync(store.list("jobs/")),
    ];
    const wanted = { code, message: expect.stringContaining(text) };
    for (const refusal of refusals) {
      fake.asked.length = 0;
      await expect(refusal()).rejects.toMatchObject(wanted);
      expect(fake.asked.length).toBeLessThanOrEqual(3);
    }
  });

  test("a missing bucket is no missing object, though HEAD has no words for it", async () => {
    await using fake = await startFakeS3(always({ status: 404, code: "NoSuchBucket" }));
    await expect(fake.newStore().head("jobs/a/x")).rejects.toMatchObject({ code: "STORAGE_DENIED" });
    expect(fake.asked).toEqual(["head", "bucket"]);
  });

  test("no error tells a key of the account", async () => {
    const codes = [403, 404, 500].map((status) => ({ status, code: "SignatureDoesNotMatch" }));
    const shown = [...codes, "stall" as const].map(async (fault) => {
      await using fake = await startFakeS3(always(fault));
      const refused = fake.newStore().get("jobs/a/x");
      const error = await refused.then(
        () => "none",
        (thrown: unknown) => thrown,
      );
      return inspect(error, { depth: 10, showHidden: true });
    });
    for (const text of await Promise.all(shown)) {
      expect(text).toContain("KangKlipError");
      for (const secret of Object.values(KEYS)) expect(text).not.toContain(secret);
      expect(text).not.toContain("X-Amz");
    }
  });

  test("a code that is no word does not come into the text", async () => {
    await using fake = await startFakeS3(always({ status: 403, code: "a secret: &lt;script&gt;" }));
    const asked = fake.newStore().get("jobs/a/x");
    await expect(asked).rejects.toThrow("The bucket for artifacts denies access (Unknown)");
  });
});

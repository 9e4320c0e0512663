import { describe, expect, test } from "vitest";
import { startFakeS3 } from "./testing-fake-s3.ts";

const KEY = "uploads/u/source";
const TYPE = { contentType: "video/mp4" };

/** What the fake does not look at (signatures, lengths) is shown with a real server (s3.e2e.test.ts). */
describe("parts in a bucket", () => {
  test("more parts than one answer holds are all told, in order", async () => {
    await using fake = await startFakeS3();
    const store = fake.newStore();
    const id = await store.beginParts(KEY, TYPE);
    for (const part of [5, 3, 1, 4, 2])
      await fetch(await store.signPart(KEY, id, { part, sizeBytes: part, expiresSeconds: 60 }), {
        method: "PUT",
        body: "x".repeat(part),
      });
    const arrived = await store.arrivedParts(KEY, id);
    expect(arrived?.map(({ part, sizeBytes }) => [part, sizeBytes])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [n, n]),
    );
    await store.completeParts(KEY, id, arrived?.map(({ etag }) => etag) ?? []);
    expect(fake.objects.get(KEY)?.bytes.toString()).toBe("x".repeat(15));
    expect(await store.arrivedParts(KEY, id)).toBeUndefined();
  });

  test("a bucket that is away for a moment changes nothing, and one that is gone is said", async () => {
    let isAway = false;
    await using fake = await startFakeS3(({ op, count }) => {
      if (isAway) return { status: 503, code: "SlowDown" };
      return op === "parts" && count === 1 ? { status: 503, code: "SlowDown" } : undefined;
    });
    const store = fake.newStore();
    const id = await store.beginParts(KEY, TYPE);
    expect(await store.arrivedParts(KEY, id)).toEqual([]);
    isAway = true;
    await expect(store.arrivedParts(KEY, id)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("tidying gives up what began before a time, and removing a folder what is below it", async () => {
    await using fake = await startFakeS3();
    const store = fake.newStore();
    const [id, other] = [await store.beginParts(KEY, TYPE), await store.beginParts("uploads/v/source", TYPE)];
    await store.tidy(Date.now() - 60_000);
    expect(await store.arrivedParts(KEY, id)).toEqual([]);
    await store.delete("uploads/u/");
    expect(await store.arrivedParts(KEY, id)).toBeUndefined();
    await store.tidy(Date.now() + 60_000);
    expect(await store.arrivedParts("uploads/v/source", other)).toBeUndefined();
  });
});

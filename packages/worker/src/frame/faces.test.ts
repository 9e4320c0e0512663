import { expect, test } from "vitest";
import { createFaceFinder } from "./faces.ts";
import { pictureBytes } from "./picture.ts";

const gray = { width: 48, height: 32, data: new Uint8Array(pictureBytes(48, 32)).fill(128) };

test("no caller waits for ever when the finder is stopped in the middle of its work", async () => {
  const finder = await createFaceFinder({ signal: new AbortController().signal });
  expect(await finder.find(gray)).toEqual([]);
  const waiting = Array.from({ length: 50 }, () => finder.find(gray));
  await finder[Symbol.asyncDispose]();
  expect((await Promise.all(waiting)).at(-1)).toBeNull();
  expect(await finder.find(gray)).toBeNull();
});

test("an aborted job's finder stops by itself and says so", async () => {
  const job = new AbortController();
  await using finder = await createFaceFinder({ signal: job.signal });
  const waiting = finder.find(gray);
  job.abort(new Error("cancelled"));
  expect(await waiting).toBeNull();
  expect(finder.failure()?.reason).toBe("face_detect_failed");
  await expect(createFaceFinder({ signal: job.signal })).rejects.toThrow("cancelled");
});

test("a finder without its model gives no faces and the reason", async () => {
  await using finder = await createFaceFinder({ modelDir: "/nowhere", signal: new AbortController().signal });
  expect(await finder.find(gray)).toBeNull();
  expect(finder.failure()).toMatchObject({
    reason: "model_missing",
    error: expect.stringContaining("/nowhere"),
  });
});

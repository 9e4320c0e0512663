import { expect, test } from "vitest";
import { signedLink } from "./s3-sign.ts";
import { startFakeS3 } from "./testing-fake-s3.ts";

test("a link is signed as the definition's own example is", () => {
  // "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" in the S3 API reference
  const keys = {
    region: "us-east-1",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
  const date = new Date("2013-05-24T00:00:00Z");
  const link = new URL(signedLink(keys, { method: "GET", url, expiresSeconds: 86_400, date }));
  expect(link.searchParams.get("X-Amz-Signature")).toBe(
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

test("no link lasts longer than a week, or than no time at all", () => {
  const keys = { region: "auto", accessKeyId: "a", secretAccessKey: "b" };
  const url = new URL("http://127.0.0.1/bucket/jobs/x");
  const seconds = (expiresSeconds: number) =>
    new URL(signedLink(keys, { method: "GET", url, expiresSeconds })).searchParams.get("X-Amz-Expires");
  expect([seconds(1e9), seconds(90.7), seconds(-5)]).toEqual(["604800", "90", "1"]);
});

test("what is larger than a bucket takes is refused before anything is sent", async () => {
  await using fake = await startFakeS3();
  const options = { contentType: "video/mp4", expiresSeconds: 60, sizeBytes: 5 * 2 ** 30 + 1 };
  await expect(fake.newStore().signPut("uploads/u/source", options)).rejects.toMatchObject({
    code: "TOO_LARGE",
  });
  await expect(fake.newStore().signParts("jobs/a/x", options)).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(fake.asked).toEqual([]);
});

test.each([-1, 2])(
  "where the clocks differ by %i h, links show the time of the server's (F39)",
  async (hours) => {
    const clockOffMs = hours * 3_600_000;
    const tooLate = ({ op, count }: { op: string; count: number }) =>
      op === "get" && count === 1 ? { status: 403, code: "RequestTimeTooSkewed" } : undefined;
    await using fake = await startFakeS3(tooLate, { clockOffMs });
    fake.objects.set("jobs/a/x", { bytes: Buffer.from("x"), type: "text/plain", etag: '"x"' });
    const store = fake.newStore();
    expect((await store.get("jobs/a/x")).info.sizeBytes).toBe(1);
    const link = new URL(await store.signGet("jobs/a/x", { expiresSeconds: 60 }));
    const [date = "", time = ""] = (link.searchParams.get("X-Amz-Date") ?? "").split("T");
    const shown = Date.parse(
      `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}`,
    );
    expect(Math.abs(shown - Date.now() - clockOffMs)).toBeLessThan(120_000);
  },
);

import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type CompleteInput, KangKlipError, type PresignAnswer, type PresignInput } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { describe, expect, test } from "vitest";
import { fileFacts, upload } from "./upload.ts";

const PART_BYTES = 100_000;
const clip = Buffer.from(Array.from({ length: 350_000 }, (_, index) => (index * 13) % 256));
const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("base64");
const s3Error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;

/** "stall" reads half and says nothing more; "cut" breaks the connection in the middle. */
type Fault = "stall" | "cut" | [status: number, body: string];
interface Asked {
  /** "clip_01.mp4", or "clip_01.mp4/2" for the second part. */
  what: string;
  /** The how many-th link this one was. */
  link: number;
  count: number;
}

/**
 * The API and its store on loopback: makes links, takes what is put to them, and goes wrong as it is told.
 * @param inParts how the file goes @param fault of one PUT
 */
async function openPlace({ inParts = false, fault = (_: Asked): Fault | undefined => undefined } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "kk-upload-"));
  writeFileSync(join(dir, "clip_01.mp4"), clip);
  const taken = new Map<string, Buffer>();
  const asked: string[] = [];
  const presigned: PresignInput[] = [];
  const completed: CompleteInput[] = [];
  const completions: KangKlipError[] = [];
  const server = createServer(async (request, response) => {
    const [, link, what = ""] = /^\/(\d+)\/(.*)$/.exec(request.url ?? "") ?? [];
    asked.push(what);
    const count = asked.filter((one) => one === what).length;
    const wrong = fault({ what, link: Number(link), count });
    if (wrong === "stall") return void request.once("data", () => request.pause());
    if (wrong === "cut") return void request.once("data", () => request.socket.destroy());
    const bytes = await buffer(request);
    if (wrong) return void response.writeHead(wrong[0]).end(wrong[1]);
    const problem = wrongOf(request, bytes);
    if (problem) return void response.writeHead(400).end(s3Error(problem));
    taken.set(what, bytes);
    response.setHeader("etag", `"${what}"`).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = {
    async presign(input: PresignInput): Promise<PresignAnswer> {
      presigned.push(input);
      const name = "clip_01.mp4" as const;
      const to = `${url}/${presigned.length}/${name}`;
      if (!inParts)
        return { uploads: [{ name, url: to, headers: { "content-type": "video/mp4" } }], in_parts: [] };
      const urls = [1, 2, 3, 4].map((part) => `${to}/${part}`);
      const upload_id = input.files[0]?.upload_id ?? `upload-${presigned.length}`;
      return { uploads: [], in_parts: [{ name, upload_id, part_bytes: PART_BYTES, urls }] };
    },
    async complete(input: CompleteInput) {
      completed.push(input);
      const error = completions.shift();
      if (error) throw error;
      return { ok: true } as const;
    },
  };
  const stop = new AbortController();
  return {
    taken,
    asked,
    presigned,
    completed,
    /** Thrown by the next calls of `complete`. */
    completions,
    stop,
    async upload(options: { idleMs?: number } = {}) {
      const context = { dir, job: aJobSpec(), signal: stop.signal };
      const facts = await fileFacts(dir, "clip_01.mp4");
      await upload(context, api, [facts], undefined, { idleMs: 10_000, firstPauseMs: 10, ...options });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      rmSync(dir, { recursive: true });
    },
  };
}

/** As a store looks at what it is sent. */
function wrongOf({ headers }: IncomingMessage, bytes: Buffer): string | undefined {
  if (Number(headers["content-length"]) !== bytes.length) return "IncompleteBody";
  return headers["content-md5"] === undefined || headers["content-md5"] === md5(bytes)
    ? undefined
    : "BadDigest";
}
const whole = (taken: Map<string, Buffer>) =>
  Buffer.concat([...taken].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes));
const on = (wanted: Partial<Asked>, fault: Fault) => (asked: Asked) =>
  Object.entries(wanted).every(([name, value]) => asked[name as keyof Asked] === value) ? fault : undefined;

describe.concurrent("a file by one link", () => {
  test("is put with the headers it was signed with, once", async () => {
    await using place = await openPlace();
    await place.upload();
    expect(place.taken.get("clip_01.mp4")?.equals(clip)).toBe(true);
    expect(place.asked).toHaveLength(1);
    expect(place.completed).toEqual([]);
  });

  test.each<[string, Fault]>([
    ["busy", [503, s3Error("SlowDown")]],
    ["broken inside", [500, s3Error("InternalError")]],
    ["cut off", "cut"],
    ["silent", "stall"],
    ["impatient", [400, s3Error("RequestTimeout")]],
  ])("is put again with a fresh link while the store is %s (F33, F34)", async (_what, fault) => {
    await using place = await openPlace({ fault: ({ count }) => (count <= 4 ? fault : undefined) });
    await place.upload({ idleMs: 300 });
    expect(place.taken.get("clip_01.mp4")?.equals(clip)).toBe(true);
    expect(place.presigned).toHaveLength(5);
  });

  test("whose link ran out meanwhile is put with a fresh one (F37)", async () => {
    const expired: Fault = [403, s3Error("AccessDenied")];
    await using place = await openPlace({ fault: on({ link: 1 }, expired) });
    await place.upload();
    expect(place.taken.get("clip_01.mp4")?.equals(clip)).toBe(true);
  });

  test("ends in an error that names it when the store stays busy, after eight tries", async () => {
    await using place = await openPlace({ fault: () => [503, s3Error("SlowDown")] });
    await expect(place.upload()).rejects.toMatchObject({
      code: "UPLOAD_FAILED",
      message: "clip_01.mp4 could not be uploaded (SlowDown)",
    });
    expect(place.asked).toHaveLength(8);
  });

  test.each<[number, string, string]>([
    [403, "AccessDenied", "STORAGE_DENIED"],
    [404, "NoSuchBucket", "STORAGE_DENIED"],
    [400, "XAmzContentSHA256Mismatch", "UPLOAD_FAILED"],
    [413, "EntityTooLarge", "UPLOAD_FAILED"],
  ])("that is refused (%i %s) is not put more than three times (F38)", async (status, word, code) => {
    await using place = await openPlace({ fault: () => [status, s3Error(word)] });
    const message = expect.stringContaining(word);
    await expect(place.upload()).rejects.toMatchObject({ code, message });
    expect(place.asked).toHaveLength(3);
  });

  test("is given up at once when the work is over", async () => {
    await using place = await openPlace({ fault: () => "stall" });
    const uploading = place.upload();
    while (place.asked.length === 0) await new Promise((wait) => setTimeout(wait, 10));
    place.stop.abort(new KangKlipError("FENCED", "another attempt has begun"));
    await expect(uploading).rejects.toMatchObject({ code: "FENCED" });
  });
});

describe.concurrent("a large file in parts", () => {
  test("is put part by part, then completed with what each one was answered", async () => {
    await using place = await openPlace({ inParts: true });
    await place.upload();
    expect(whole(place.taken).equals(clip)).toBe(true);
    expect(place.asked).toHaveLength(4);
    expect(place.completed).toMatchObject([
      {
        name: "clip_01.mp4",
        upload_id: "upload-1",
        size_bytes: clip.length,
        etags: [1, 2, 3, 4].map((part) => `"clip_01.mp4/${part}"`),
      },
    ]);
  });

  test.each<[string, Fault]>([
    ["stands still", "stall"],
    ["breaks", "cut"],
    ["meets a busy store", [503, s3Error("SlowDown")]],
    ["is damaged on the way", [400, s3Error("BadDigest")]],
    ["has a link that ran out", [403, s3Error("AccessDenied")]],
  ])(
    "sends a part that %s again alone, with a fresh link of the same upload (F34, F37)",
    async (_what, fault) => {
      await using place = await openPlace({
        inParts: true,
        fault: on({ what: "clip_01.mp4/3", count: 1 }, fault),
      });
      await place.upload({ idleMs: 300 });
      expect(whole(place.taken).equals(clip)).toBe(true);
      expect(place.asked.map((what) => what.slice(-1)).join("")).toBe("12334");
      expect(place.presigned.map(({ files: [file] }) => file?.upload_id)).toEqual([undefined, "upload-1"]);
      expect(place.completed).toMatchObject([{ upload_id: "upload-1" }]);
    },
  );

  test("that does not arrive whole is sent anew (F35)", async () => {
    await using place = await openPlace({ inParts: true });
    place.completions.push(new KangKlipError("UPLOAD_FAILED", "clip_01.mp4 did not arrive whole"));
    await place.upload();
    expect(place.asked.map((what) => what.slice(-1)).join("")).toBe("12341234");
    expect(place.completed.map(({ upload_id }) => upload_id)).toEqual(["upload-1", "upload-2"]);
  });

  test("whose upload was swept away is sent anew", async () => {
    const gone: Fault = [404, s3Error("NoSuchUpload")];
    await using place = await openPlace({
      inParts: true,
      fault: on({ link: 1, what: "clip_01.mp4/2" }, gone),
    });
    await place.upload();
    expect(place.completed).toMatchObject([{ upload_id: "upload-2" }]);
    expect(whole(place.taken).equals(clip)).toBe(true);
  });

  test("that never arrives whole fails by name, after three times", async () => {
    await using place = await openPlace({ inParts: true });
    for (let times = 0; times < 5; times++)
      place.completions.push(new KangKlipError("UPLOAD_FAILED", "clip_01.mp4 did not arrive whole"));
    await expect(place.upload()).rejects.toMatchObject({
      code: "UPLOAD_FAILED",
      message: expect.stringContaining("clip_01.mp4"),
    });
    expect(place.completed).toHaveLength(3);
  });

  test("is not sent anew when another attempt has taken over", async () => {
    await using place = await openPlace({ inParts: true });
    place.completions.push(new KangKlipError("FENCED", "over"));
    await expect(place.upload()).rejects.toMatchObject({ code: "FENCED" });
    expect(place.completed).toHaveLength(1);
  });
});

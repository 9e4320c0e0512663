import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import {
  type ArtifactName,
  EdlClip,
  KangKlipError,
  type PresignAnswer,
  type PresignInput,
  type PublishInput,
} from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import type { RenderedClip, StageContext } from "../stage.ts";
import { until } from "../testing-api.ts";
import { createPublisher, uploadAll } from "./publish.ts";

const PULSE = { cancel: false, lease_until: "2030-01-01T00:00:00Z" };
const nameOf = (index: number) => `clip_0${index}`;
const namesOf = (index: number) =>
  [".mp4", "_preview.mp4", ".jpg", ".vtt"].map((ending) => `${nameOf(index)}${ending}` as ArtifactName);
const SIZES = [40_000, 4000, 400, 40];

const planned = [1, 2, 3].map((index) =>
  EdlClip.parse({
    ...{ index, title: `Title ${index}`, hook: "Why?", reason: "It says so", score: 0.5 },
    segments: [{ start: 10 * index, end: 10 * index + 30, text: "…" }],
  }),
);
const rendered = (index: number): RenderedClip => ({
  index,
  files: {
    ...{ clip: `${nameOf(index)}.mp4`, preview: `${nameOf(index)}_preview.mp4` },
    ...{ cover: `${nameOf(index)}.jpg`, srt: null, vtt: `${nameOf(index)}.vtt`, ass: null },
  },
  framing: { frames: [], shown: [], shots: 0, detected: 0, backend: "test", reason: null, error: null },
  ...{ durationSeconds: 30, width: 1080, height: 1920, captioned: true, captionPreset: "amber" },
  ...{ captionWarnings: [], encoder: "libx264", decoder: "cpu", crf: 20 },
  ...{ encoderReason: null, decoderReason: null },
  qc: { verdict: "ok", repairs: [], reasons: [], checks: [] },
});

/** A rendered clip and its plan. */
const whole = (index: number) => [rendered(index), planned[index - 1] as EdlClip] as const;

/** Three clips and a list in an attempt's folder, a store on loopback, and an API that goes wrong as it is told. */
async function openPlace() {
  const dir = mkdtempSync(join(tmpdir(), "kk-publish-"));
  for (const index of [1, 2, 3])
    for (const [at, name] of namesOf(index).entries())
      writeFileSync(join(dir, name), Buffer.alloc(SIZES[at] ?? 0, index));
  writeFileSync(join(dir, "edl.json"), "{}");
  const put: string[] = [];
  const log: string[] = [];
  const published: PublishInput[] = [];
  const told: { fraction: number; message: string | undefined }[] = [];
  const wrong: {
    /** Names of files that the store does not take now. */
    busy: Set<string>;
    publish: (input: PublishInput) => void;
    /** Awaited by each PUT before it is answered. */
    hold: Promise<unknown> | undefined;
  } = { busy: new Set(), publish: () => {}, hold: undefined };
  const server = createServer(async (request, response) => {
    const name = (request.url ?? "").slice(1);
    await buffer(request);
    await wrong.hold;
    if (wrong.busy.has(name)) return void response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
    put.push(name);
    response.setHeader("etag", `"${name}"`).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = {
    async presign({ files }: PresignInput): Promise<PresignAnswer> {
      const name = files[0]?.name ?? "edl.json";
      return { uploads: [{ name, url: `${url}/${name}`, headers: {} }], in_parts: [] };
    },
    complete: async () => ({ ok: true }) as const,
    async publish(input: PublishInput) {
      wrong.publish(input);
      published.push(input);
      return PULSE;
    },
  };
  const stop = new AbortController();
  const context = {
    ...{ dir, job: aJobSpec(), signal: stop.signal },
    progress: (fraction: number, message?: string) => void told.push({ fraction, message }),
    log: (event: string) => void log.push(event),
  } as StageContext;
  const publisher = createPublisher({ context, api, firstPauseMs: 1 });
  const files = ["edl.json" as const, ...[1, 2, 3].flatMap(namesOf)];
  return {
    ...{ put, published, told, wrong, stop, publisher, log },
    uploadAll: () => uploadAll(context, api, { files, publisher }),
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      rmSync(dir, { recursive: true });
    },
  };
}
const indexes = (published: PublishInput[]) => published.map(({ clip }) => clip.index);

test("a clip that is whole is sent and told of while others are made, one after the other, and is not sent again", async () => {
  await using place = await openPlace();
  const { put, published, publisher, told } = place;
  publisher.whole(...whole(1));
  await until(() => published.length === 1);
  expect(put).toEqual(namesOf(1));
  expect(published[0]).toMatchObject({
    ...{ job_id: aJobSpec().job_id, epoch: 1 },
    clip: {
      ...{ index: 1, title: "Title 1", hook: "Why?", reason: "It says so", score: 0.5 },
      ...{ start: 10, end: 40, file: "clip_01.mp4", preview_file: "clip_01_preview.mp4" },
      ...{ cover_file: "clip_01.jpg", vtt_file: "clip_01.vtt", size_bytes: 40_000, duration_seconds: 30 },
    },
    files: namesOf(1).map((name, at) => ({ name, size_bytes: SIZES[at] })),
  });
  expect(published[0]?.clip.sha256).toBe(published[0]?.files[0]?.sha256);
  expect(told).toEqual([]); // progress is RENDER's

  publisher.whole(...whole(2));
  publisher.whole(...whole(3));
  const facts = await place.uploadAll();
  expect(indexes(published)).toEqual([1, 2, 3]);
  expect(put).toEqual([...[1, 2, 3].flatMap(namesOf), "edl.json"]);
  expect(facts).toHaveLength(13);
  const fractions = told.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(told[0]?.fraction).toBeGreaterThan(0.3); // the first clip counts from the start
  expect(told.at(-1)).toEqual({ fraction: 0.98, message: "Stored 0.1 of 0.1 MB" });
});

test("a clip that comes again, as one that was shown before its turn does, is not sent again", async () => {
  await using place = await openPlace();
  place.publisher.whole(...whole(1));
  await until(() => place.published.length === 1);
  place.publisher.whole(...whole(1));
  await until(() => place.published.length === 2);
  expect(place.put).toEqual(namesOf(1));
  expect(place.published[1]).toEqual(place.published[0]);
});

test("two clips are never sent at once", async () => {
  await using place = await openPlace();
  const gate = Promise.withResolvers<void>();
  place.wrong.hold = gate.promise;
  place.publisher.whole(...whole(1));
  place.publisher.whole(...whole(2));
  await new Promise((wait) => setTimeout(wait, 200));
  gate.resolve();
  await until(() => place.published.length === 2);
  expect(place.put).toEqual([...namesOf(1), ...namesOf(2)]);
});

test("what could not be sent early is sent by UPLOAD, and the next clips all the same", async () => {
  await using place = await openPlace();
  const { put, published, publisher, wrong } = place;
  wrong.busy.add("clip_01.jpg");
  publisher.whole(...whole(1));
  publisher.whole(...whole(2));
  await until(() => published.length === 1);
  expect(indexes(published)).toEqual([2]);
  wrong.busy.clear();
  await place.uploadAll();
  expect(put).toEqual([
    ...["clip_01.mp4", "clip_01_preview.mp4"],
    ...namesOf(2),
    ...["edl.json", "clip_01.jpg", "clip_01.vtt"],
    ...namesOf(3),
  ]);
});

test("what the API finds damaged in the store is sent again", async () => {
  await using place = await openPlace();
  place.wrong.publish = () => {
    throw new KangKlipError("UPLOAD_FAILED", "clip_01.mp4 is missing or damaged");
  };
  place.publisher.whole(...whole(1));
  await until(() => place.log.includes("a clip could not be shown early"));
  await place.uploadAll();
  expect(place.put.filter((name) => name === "clip_01.mp4")).toHaveLength(2);
});

test.each(["INTERNAL", "NOT_FOUND", "FENCED", "RATE_LIMITED"] as const)(
  "an API that answers %s is asked once, and the job goes on without",
  async (code) => {
    await using place = await openPlace();
    let asked = 0;
    place.wrong.publish = () => {
      asked++;
      throw new KangKlipError(code, "The API answered 404");
    };
    for (const index of [1, 2, 3]) place.publisher.whole(...whole(index));
    await place.uploadAll();
    expect(asked).toBe(1);
    expect(place.put.toSorted()).toEqual(["edl.json", ...[1, 2, 3].flatMap(namesOf)].toSorted()); // each once
  },
);

test("a file that became another one after it was sent is sent as it is now", async () => {
  await using place = await openPlace();
  place.publisher.whole(...whole(1));
  await until(() => place.published.length === 1);
  const { files: [clip] = [] } = place.published[0] ?? {};
  if (!clip) throw new Error("nothing was published");
  expect(place.publisher.has(clip)).toBe(true);
  expect(place.publisher.has({ ...clip, sha256: "0".repeat(64) })).toBe(false);
  expect(place.publisher.has({ ...clip, size_bytes: 1 })).toBe(false);
});

test.each(["cancelled", "given up"])("what is being sent ends when the work is %s", async (how) => {
  await using place = await openPlace();
  const gate = Promise.withResolvers<void>();
  place.wrong.hold = gate.promise;
  for (const index of [1, 2, 3]) place.publisher.whole(...whole(index));
  await new Promise((wait) => setTimeout(wait, 100));
  if (how === "cancelled") {
    place.stop.abort(new KangKlipError("CANCELLED", "cancelled"));
    await expect(place.uploadAll()).rejects.toMatchObject({ code: "CANCELLED" });
  }
  await place.publisher[Symbol.asyncDispose]();
  gate.resolve();
  expect([place.put, place.published, place.log]).toEqual([[], [], []]);
});

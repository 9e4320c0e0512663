import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type JobSpec, Receipt } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { beforeAll, expect, test } from "vitest";
import type { ApiClient } from "./api-client.ts";
import { aContext, temporaryDir, tools } from "./asr/testing.ts";
import { openStageCache } from "./cache/stage-cache.ts";
import { tenMinutes } from "./fetch/need/testing-need.ts";
import { bytes, type Origin, startOrigin } from "./fetch/testing-server.ts";
import { runPipeline } from "./pipeline.ts";
import { aClip } from "./stages/testing-render.ts";

let video: Buffer;
beforeAll(async () => {
  await using temporary = await temporaryDir();
  if (tools) video = await tenMinutes(temporary.dir);
}, 600_000);

const OF = "kk_01JD0000000000000000000001";

/** The video's server, and the store. */
const serving = () =>
  startOrigin({
    "/v.mp4": bytes(video, { together: true }),
    "/put": (request, response) => void request.resume().on("end", () => response.end()),
  });

/** The API's place: takes every file at the store's address and knows no model. */
function takesAll(store: string): Pick<ApiClient, "presign" | "complete" | "publish" | "rank" | "translate"> {
  const never = () => Promise.reject(new Error("nobody asks for this in an edit"));
  return {
    presign: async ({ files }) => ({
      uploads: files.map(({ name }) => ({ name, url: `${store}/put`, headers: {} })),
      in_parts: [],
    }),
    publish: async () => ({}) as never,
    ...{ complete: never, rank: never, translate: never },
  };
}

/** Runs a job on a machine. @returns its receipt and what it asked the video's server for */
async function done(dir: string, server: Origin, more: Partial<JobSpec>) {
  mkdirSync(dir);
  const settings = {
    ...{
      renderWidth: 90,
      renderHeight: 160,
      renderPreset: "ultrafast",
      renderCrf: 50,
      transcriber: "none" as const,
    },
  };
  const { context } = aContext(dir, { settings });
  const cache = await openStageCache({ dir: join(dir, "../cache"), maxBytes: 1e9, log: () => {} });
  const before = server.requests.length;
  const job = aJobSpec({
    job_id: "kk_01JD0000000000000000000009",
    source: { kind: "url", url: `${server.origin}/v.mp4` },
    fetch_policy: { allow_private: false, allow_origins: [server.origin], max_bytes: 1e9, max_seconds: 3600 },
    ...more,
  });
  const reporter = { enter() {}, progress() {}, notice() {}, source() {} };
  await runPipeline({ job, context, api: takesAll(server.origin), reporter, cache });
  const asked = server.requests.slice(before).filter(({ path }) => path === "/v.mp4");
  const read = (name: string) => JSON.parse(readFileSync(join(dir, name), "utf8"));
  return { asked, receipt: Receipt.parse(read("receipt.json")), meta: read("meta.json") };
}

const edited = (dir: string, server: Origin, [start, end]: [number, number]) =>
  done(dir, server, { edit: { of: OF, clip: aClip([[start, end]]) } });

test.skipIf(!tools)(
  "of a video in which nobody speaks the key frames are fetched to find its scenes, and then its clips (needs ffmpeg)",
  { timeout: 900_000 },
  async () => {
    await using temporary = await temporaryDir();
    await using server = await serving();
    const { receipt } = await done(join(temporary.dir, "job"), server, { clip_count: 1 });
    expect(receipt.fetch).toMatchObject({ way: "ranges", reason: null });
    expect(receipt.fetch?.bytes).toBeLessThan(video.length / 4);
    expect(receipt.fetch?.bytes).toBeGreaterThan(video.length / 50);
  },
);

test.skipIf(!tools)(
  "a job fetches what its clip needs and says so; cutting the clip shorter fetches nothing, elsewhere only what lacks (needs ffmpeg)",
  { timeout: 900_000 },
  async () => {
    await using temporary = await temporaryDir();
    await using server = await serving();
    const first = await edited(join(temporary.dir, "first"), server, [100, 102]);
    const { fetch } = first.receipt;
    expect(fetch).toMatchObject({ way: "ranges", reason: null, requests: first.asked.length });
    expect(fetch?.bytes).toBeLessThan(video.length / 12);
    expect([first.meta.fetch, first.receipt.fetched_bytes]).toEqual([fetch, fetch?.bytes]);
    const [download, , , , render] = first.receipt.stages;
    expect((download?.bytes_in ?? 0) + (render?.bytes_in ?? 0)).toBe(fetch?.bytes);
    expect(render?.bytes_in).toBeGreaterThan(0);
    expect(download?.bytes_out).toBe(video.length);

    const again = await edited(join(temporary.dir, "again"), server, [100.4, 101.7]);
    expect([again.asked, again.receipt.fetch?.bytes, again.receipt.stages[4]?.executed]).toEqual([[], 0, 1]);
    const elsewhere = await edited(join(temporary.dir, "elsewhere"), server, [400, 402]);
    expect(elsewhere.asked.length).toBeGreaterThan(0);
    expect(elsewhere.receipt.fetch?.bytes).toBeLessThan(video.length / 50);
  },
);

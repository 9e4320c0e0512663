import { Receipt } from "@kangklip/contract";
import { expect, test } from "vitest";
import { fetchOf, metaOf, videoStats } from "./manifest.ts";
import type { FetchedSource } from "./stage.ts";

const info = { durationSeconds: 60, video: { width: 1280, height: 720, fps: 30 } };
const source = {
  file: import.meta.filename,
  info,
  fetchedBytes: 70,
  meta: { title: "t" },
} as unknown as FetchedSource;

test("of a video that was fetched by need, what has come until now is told, and how large the whole is", async () => {
  let bytes = 70;
  const byNeed: FetchedSource = {
    ...source,
    ...{ sizeBytes: 5000, fetch: { way: "ranges", reason: null, requests: 3 } },
    need: {
      pictures: async () => source.file,
      ...{ wireBytes: () => bytes, requests: () => bytes / 10, close: async () => {} },
    },
  };
  expect(fetchOf(byNeed)).toEqual({ way: "ranges", reason: null, bytes: 70, requests: 7 });
  bytes = 90;
  const fetch = { way: "ranges", reason: null, bytes: 90, requests: 9 };
  expect(metaOf(byNeed)).toEqual({ title: "t", fetched_bytes: 90, fetch });
  expect(await videoStats(byNeed)).toMatchObject({
    size_bytes: 5000,
    fetched_bytes: 90,
    duration_seconds: 60,
  });
});

test("of one that was fetched as a whole, why, and nothing that is not known", async () => {
  const why = "The whole was fetched: it is encrypted.";
  const whole: FetchedSource = { ...source, fetch: { way: "whole", reason: why, requests: 2 } };
  expect(fetchOf(whole)).toEqual({ way: "whole", reason: why, bytes: 70, requests: 2 });
  expect(fetchOf(source)).toEqual({ way: "whole", reason: null, bytes: 70, requests: null });
  expect((await videoStats(source)).size_bytes).toBeGreaterThan(500);
});

test("receipts of before are read as they were, and new ones with how the video was fetched", () => {
  const before = {
    ...{
      job_id: "kk_1",
      epoch: 1,
      seconds: {},
      transcriber: "none",
      selector: "heuristic",
      encoder: "libx264",
    },
    ...{ fetched_bytes: 70, output_bytes: 1, machine: { cpus: 1, platform: "linux-x64", gpu: null } },
    ...{ tools: {}, notes: [] },
  };
  expect(Receipt.parse(before)).not.toHaveProperty("fetch");
  const fetch = fetchOf(source);
  expect(Receipt.parse({ ...before, fetch }).fetch).toEqual(fetch);
});

import { readdir, statfs } from "node:fs/promises";
import { aJobSpec } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import { aContext, temporaryDir } from "../asr/testing.ts";
import { type Route, startOrigin } from "../fetch/testing-server.ts";
import { download } from "./download.ts";

/** A server that announces a video of this many bytes, to a worker that may fetch `maxBytes`. */
async function announced(sizeOf: (freeBytes: number) => number, maxBytes: number) {
  await using temporary = await temporaryDir();
  const { bavail, bsize } = await statfs(temporary.dir);
  const size = Math.round(sizeOf(bavail * bsize));
  const video: Route = (_request, response) => {
    response.writeHead(200, { "content-type": "video/mp4", "content-length": size });
    response.write(Buffer.concat([Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), Buffer.alloc(200_000)]));
  };
  await using server = await startOrigin({ "/v.mp4": video });
  const { context } = aContext(temporary.dir);
  const asked: number[] = []; // of what is kept of other jobs
  const job = aJobSpec({
    source: { kind: "url", url: `${server.origin}/v.mp4` },
    fetch_policy: {
      allow_private: false,
      allow_origins: [server.origin],
      max_bytes: maxBytes,
      max_seconds: 3600,
    },
  });
  const freeUp = async (bytes: number) => void asked.push(bytes);
  const error = await download({ ...context, job, freeUp }).catch((thrown) => thrown);
  return { error, size, asked, left: await readdir(temporary.dir) };
}

test("F41: a video that fits, but not with all that is made of it, is not begun", async () => {
  const { error, left, size, asked } = await announced((free) => free * 0.4, Number.MAX_SAFE_INTEGER);
  expect(error).toMatchObject({
    code: "DISK_FULL",
    message: expect.stringMatching(/needs \d+ MB .* only \d+ MB/),
  });
  expect(left).toEqual([]);
  expect(asked).toEqual([3 * size]); // and only what could be made free did not do
});

test("a video that is larger than allowed is called too large, whatever room there is", async () => {
  const { error, left } = await announced((free) => free * 2, 1000);
  expect(error).toMatchObject({ code: "SOURCE_TOO_LARGE" });
  expect(left).toEqual([]);
});

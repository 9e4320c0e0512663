import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FetchPolicy } from "@kangklip/contract";
import { expect, test } from "vitest";
import { temporaryDir } from "../asr/testing.ts";
import { createFetcher } from "./fetcher.ts";
import { saveTo, type Wanted } from "./save.ts";
import { bytes, type Route, startOrigin } from "./testing-server.ts";

const BODY = randomBytes(300_000);
const QUICK = { headersMs: 2000, idleMs: 2000, retryMs: 5 };

/** Saves "/" of a server with this route and tells what became of it. */
async function saved(
  route: Route,
  options: { wanted?: Partial<Wanted>; policy?: Partial<FetchPolicy>; stop?: AbortController } = {},
) {
  await using server = await startOrigin({ "/": route });
  await using temporary = await temporaryDir();
  const fetcher = createFetcher({
    policy: {
      allow_private: false,
      allow_origins: [server.origin],
      max_bytes: 1e6,
      max_seconds: 60,
      ...options.policy,
    },
    signal: (options.stop ?? new AbortController()).signal,
    patience: QUICK,
  });
  const steps: [number, number | null][] = [];
  const outcome = await saveTo(
    fetcher,
    join(temporary.dir, "f.bin"),
    { address: `${server.origin}/`, ...options.wanted },
    (received, total) => steps.push([received, total]),
  ).then(
    (facts) => ({ facts, error: undefined }),
    (error) => ({ facts: undefined, error }),
  );
  const endedAt = performance.now();
  const names = await readdir(temporary.dir);
  const content = names.includes("f.bin") ? await readFile(join(temporary.dir, "f.bin")) : undefined;
  await fetcher.close();
  return {
    ...outcome,
    endedAt,
    names,
    content,
    steps,
    requests: server.requests,
    wireBytes: fetcher.wireBytes(),
  };
}
const whole = { sizeBytes: BODY.length, sha256: createHash("sha256").update(BODY).digest("hex") };

test("a file is written whole, with its hash, and progress tells its size", async () => {
  const { facts, content, names, steps } = await saved(bytes(BODY));
  expect(facts).toEqual(whole);
  expect(content?.equals(BODY)).toBe(true);
  expect(names).toEqual(["f.bin"]);
  expect(steps.at(-1)).toEqual([BODY.length, BODY.length]);
});

test("a cut connection goes on where it stopped, if the file is still the same one", async () => {
  const { facts, content, requests, wireBytes } = await saved(bytes(BODY, { cutAfter: [100_000, 50_000] }));
  expect(facts).toEqual(whole);
  expect(content?.equals(BODY)).toBe(true);
  expect(requests.map(({ range }) => range)).toEqual([
    undefined,
    expect.stringMatching(/^bytes=\d+-$/),
    expect.stringMatching(/^bytes=\d+-$/),
  ]);
  expect(requests[1]?.headers["if-range"]).toBe('"one"');
  expect(wireBytes).toBe(BODY.length);
});

test.each<[string, Parameters<typeof bytes>[1]]>([
  ["gives no ETag and no date", { etag: null }],
  ["ignores ranges", { ranges: false }],
  ["has another file by now", { etag: (visit) => `"${visit}"` }],
  ["has another file by now and does not care", { etag: (visit) => `"${visit}"`, ranges: "always" }],
  ["has a weak ETag only", { etag: 'W/"one"' }],
])("a server that %s is asked for the whole file again", async (_name, options) => {
  const sent: number[] = [];
  const route = bytes(BODY, { ...options, cutAfter: [100_000], sent: (length) => sent.push(length) });
  const { facts, content } = await saved(route);
  expect(facts).toEqual(whole);
  expect(content?.equals(BODY)).toBe(true);
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.at(-1)).toBe(BODY.length);
});

test("a server that answers a range with another part of the file is not believed", async () => {
  const wrong: Route = (request, response, visit) => {
    if (visit !== 2) return bytes(BODY, { cutAfter: [100_000] })(request, response, visit);
    response.writeHead(206, {
      etag: '"one"',
      "content-range": `bytes 5-99/${BODY.length}`,
      "content-length": 95,
    });
    response.end(BODY.subarray(5, 100));
  };
  expect((await saved(wrong)).content?.equals(BODY)).toBe(true);
});

test("a connection that is cut again and again without getting further is given up, and leaves nothing", async () => {
  const { error, names, requests } = await saved(
    bytes(BODY, { ranges: false, cutAfter: Array(9).fill(1000) }),
  );
  expect(error).toMatchObject({ code: "SOURCE_UNREACHABLE" });
  expect(requests).toHaveLength(6); // the first one got further than nothing
  expect(names).toEqual([]);
});

test("one that gets a little further each time is not given up", async () => {
  const { facts } = await saved(bytes(BODY, { cutAfter: Array(12).fill(20_000) }));
  expect(facts).toEqual(whole);
});

test("a server that promises more than it sends is not believed", async () => {
  const short: Route = (_request, response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("x".repeat(900), () => setTimeout(() => response.destroy(), 10));
  };
  expect((await saved(short)).error).toMatchObject({ code: "SOURCE_UNREACHABLE" });
});

test("a length beyond the cap is refused before the body, and a body without a length when it gets there", async () => {
  const announced = await saved(bytes(BODY), { policy: { max_bytes: 100_000 } });
  expect(announced.error).toMatchObject({ code: "SOURCE_TOO_LARGE" });
  expect(announced.steps).toEqual([]);
  const endless: Route = (_request, response) => {
    response.writeHead(200);
    const more = () => response.write(BODY) && setImmediate(more);
    response.on("drain", more).once("close", () => response.removeAllListeners("drain"));
    more();
  };
  const counted = await saved(endless, { policy: { max_bytes: 500_000 } });
  expect(counted.error).toMatchObject({ code: "SOURCE_TOO_LARGE" });
  expect(counted.names).toEqual([]);
});

test("bytes that are thrown away by a restart do not count against the cap", async () => {
  const { facts } = await saved(bytes(BODY, { ranges: false, cutAfter: [200_000] }), {
    policy: { max_bytes: 310_000 },
  });
  expect(facts).toEqual(whole);
});

test("a file that the disk has no room for is refused before it is fetched", async () => {
  const huge: Route = (_request, response) =>
    void response.writeHead(200, { "content-length": 1e15 - 1 }).write("x");
  const { error, names } = await saved(huge, { policy: { max_bytes: 2e15 } });
  expect(error).toMatchObject({ code: "DISK_FULL" });
  expect(names).toEqual([]);
});

test("a stretch of a file is fetched by its range, and resumed inside it", async () => {
  const { content, requests } = await saved(bytes(BODY, { cutAfter: [10_000] }), {
    wanted: { range: { start: 1000, length: 50_000 } },
  });
  expect(content?.equals(BODY.subarray(1000, 51_000))).toBe(true);
  expect(requests[0]?.range).toBe("bytes=1000-50999");
  expect(requests[1]?.range).toMatch(/^bytes=\d{4,5}-50999$/);
});

test("a server without ranges gives a stretch only where it is the beginning", async () => {
  const start = await saved(bytes(BODY, { ranges: false }), {
    wanted: { range: { start: 0, length: 5000 } },
  });
  expect(start.content?.equals(BODY.subarray(0, 5000))).toBe(true);
  const later = await saved(bytes(BODY, { ranges: false }), {
    wanted: { range: { start: 5000, length: 5000 } },
  });
  expect(later.error).toMatchObject({ code: "SOURCE_UNSUPPORTED" });
});

test("aborting ends it within 200 ms and leaves nothing", async () => {
  const stop = new AbortController();
  let abortedAt = 0;
  const stalls: Route = (_request, response) => {
    response.writeHead(200, { "content-length": 1e6 });
    response.write(BODY.subarray(0, 1000));
    setTimeout(() => {
      abortedAt = performance.now();
      stop.abort(new Error("cancelled"));
    }, 50);
  };
  const { error, names, endedAt } = await saved(stalls, { stop });
  expect(endedAt - abortedAt).toBeLessThan(200);
  expect(error).toEqual(new Error("cancelled"));
  expect(names).toEqual([]);
});

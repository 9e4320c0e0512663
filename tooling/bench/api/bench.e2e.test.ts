import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { type Result, runBench } from "./bench.ts";
import { QUICK } from "./main.ts";
import { createReaders } from "./readers.ts";
import { faultsOf } from "./report.ts";

describe("the short form, on SQLite", () => {
  let result: Result;
  beforeAll(async () => {
    result = await runBench(QUICK, () => {});
  }, 240_000);

  test("measures every door beside the bare servers and finds no fault", () => {
    expect(faultsOf(result)).toEqual([]);
    const servers = ["our REST door", "our tRPC door", "bare Express", "bare node:http"];
    expect(Object.keys(result.creates)).toEqual(servers);
    expect(Object.keys(result.reads)).toEqual(servers);
    for (const rate of Object.values({ ...result.creates, ...result.reads }))
      expect(rate.p99).toBeGreaterThan(0);
    expect(Object.keys(result.events)).toHaveLength(7);
    expect(result.events["our stream, one job"]).toMatchObject({
      readers: 20,
      expected: 60,
      delivered: 60,
    });
    expect(result.queue).toMatchObject({ waiting: 200, due: 50, undone: 0 });
  });

  test.each<[string, (good: Result) => void, RegExp]>([
    [
      "a job that was promised and is not there",
      ({ jobs }) => jobs.found--,
      /^1 of \d+ promised jobs are not there$/,
    ],
    [
      "a request that failed",
      ({ reads }) => (reads["our REST door"] as { errors: number }).errors++,
      /REST door: 1 requests failed/,
    ],
    [
      "an event that did not arrive",
      ({ events }) => (events["our stream, one job"] as { delivered: number }).delivered--,
      /one job: 1 of 60 events did not arrive/,
    ],
    [
      "an event in the wrong order",
      ({ events }) => (events["our stream, 4 jobs"] as { disordered: number }).disordered++,
      /4 jobs: 1 events came in the wrong order/,
    ],
    [
      "a reader that did not catch up",
      ({ events }) => (events["our stream, one job"] as Result["events"][string]).comeBack.caughtUp--,
      /one job: 1 did not catch up/,
    ],
    [
      "a reader that is held after it left",
      ({ events }) => (events["our stream, one job"] as { leftBehind: number }).leftBehind++,
      /one job: 1 readers or jobs are held/,
    ],
    ["a due job that was not done", ({ queue }) => queue.undone++, /^1 of 50 due jobs were not done$/],
  ])("%s is a fault", (_what, spoil, fault) => {
    const spoilt = structuredClone(result);
    spoil(spoilt);
    expect(faultsOf(spoilt)).toEqual([expect.stringMatching(fault)]);
  });
});

test("readers notice what is not sent to them and what comes in the wrong order", async () => {
  const open: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { "content-type": "text/event-stream" })
      .write("event: connected\ndata: {}\n\n\n");
    open.push(response);
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as AddressInfo;
  const readers = createReaders({
    port,
    ids: ["a"],
    count: 4,
    path: (id) => `/${id}`,
    headers: [],
    patienceMs: 300,
  });
  await readers.open();
  let version = 0;
  const seen = await readers.deliver(2, async () => {
    version++;
    for (const [index, response] of open.entries()) {
      if (index === 3) continue; // is forgotten
      const id = index === 2 ? 1 : version; // gets the same again
      response.write(`data: {"message":"1"}\nid: ${id}\n\n\n`);
    }
  });
  expect(seen).toMatchObject({ expected: 8, delivered: 6, disordered: 1 });
  readers.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

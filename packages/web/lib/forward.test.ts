import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { forward } from "./forward.ts";

afterEach(() => vi.unstubAllEnvs());

/** A real API of a kind, at the other end of the forwarding. */
async function startApi(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  vi.stubEnv("API_ORIGIN", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

test("a body larger than Next's own proxy takes arrives whole", async () => {
  await using _api = await startApi((request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on("end", () =>
      response.end(JSON.stringify({ bytes, url: request.url, length: request.headers["content-length"] })),
    );
  });
  const body = new Uint8Array(12 * 1024 * 1024);
  const headers = { "content-length": String(body.length) };
  const answer = await forward(
    new Request("http://page/artifacts/a?sig=x", { method: "PUT", body, headers }),
  );
  expect(await answer.json()).toEqual({
    bytes: body.length,
    url: "/artifacts/a?sig=x",
    length: String(body.length),
  });
});

test("an event stream passes event by event, and ends at the API when the page's reader leaves", async () => {
  const left = Promise.withResolvers<void>();
  await using _api = await startApi((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${request.headers["last-event-id"]}\n\n`);
    response.on("close", () => left.resolve());
  });
  const leaving = new AbortController();
  const answer = await forward(
    new Request("http://page/trpc/jobs.events", {
      headers: { "last-event-id": "7" },
      signal: leaving.signal,
    }),
  );
  const first = await answer.body?.getReader().read();
  expect(new TextDecoder().decode(first?.value)).toBe("data: 7\n\n");
  leaving.abort();
  await left.promise;
});

test("status, range and several cookies come back as they were", async () => {
  await using _api = await startApi((request, response) => {
    response.writeHead(206, {
      "content-range": "bytes 0-1/9",
      "x-asked": request.headers.range,
      "set-cookie": ["a=1", "b=2"],
    });
    response.end("ab");
  });
  const answer = await forward(new Request("http://page/artifacts/a", { headers: { range: "bytes=0-1" } }));
  expect([answer.status, answer.headers.get("content-range"), answer.headers.get("x-asked")]).toEqual([
    206,
    "bytes 0-1/9",
    "bytes=0-1",
  ]);
  expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(await answer.text()).toBe("ab");
});

test("an API that is away is a readable 502", async () => {
  vi.stubEnv("API_ORIGIN", "http://127.0.0.1:1");
  const answer = await forward(new Request("http://page/api/jobs", { method: "POST", body: "{}" }));
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({
    code: "UNAVAILABLE",
    detail: "KangKlip's API does not answer",
  });
});

test("where one process serves page and API nothing is forwarded", async () => {
  vi.stubEnv("API_ORIGIN", "");
  expect((await forward(new Request("http://page/api/jobs"))).status).toBe(404);
});

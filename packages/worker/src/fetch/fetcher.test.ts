import type { FetchPolicy } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createFetcher, type FetcherOptions } from "./fetcher.ts";
import { bytes, type Origin, type Route, redirect, startOrigin, status, text } from "./testing-server.ts";

const QUICK = { headersMs: 1000, idleMs: 1000, retryMs: 5, slowMs: 200, slowBytes: 1000 };

/** A fetcher for which only this server is allowed. */
function fetcherFor(
  { origin }: Origin,
  options: Partial<Omit<FetcherOptions, "policy">> & { policy?: Partial<FetchPolicy> } = {},
) {
  const { policy, ...rest } = options;
  const fetcher = createFetcher({
    policy: { allow_private: false, allow_origins: [origin], max_bytes: 1e6, max_seconds: 60, ...policy },
    signal: new AbortController().signal,
    patience: QUICK,
    ...rest,
  });
  return Object.assign(fetcher, { [Symbol.asyncDispose]: fetcher.close });
}
const failing = (code: string) => expect.objectContaining({ name: "KangKlipError", code });

test("an answer is found behind redirects, and its address is the last one", async () => {
  await using server = await startOrigin({
    "/a": redirect("/b/c", 301),
    "/b/c": redirect("d?x=1", 307),
    "/b/d": text("text/plain", "here"),
  });
  await using fetcher = fetcherFor(server);
  const { text: found, url } = await fetcher.text(`${server.origin}/a`, 100);
  expect([found, url.href]).toEqual(["here", `${server.origin}/b/d?x=1`]);
  expect(server.requests[0]?.headers).toMatchObject({
    "user-agent": "KangKlip/2",
    "accept-encoding": "identity",
  });
});

test.each([
  ["another private server", (inside: string) => `${inside}/secret`],
  ["the metadata service", () => "http://169.254.169.254/latest/"],
  ["a file", () => "file:///etc/hostname"],
  ["a host name without a dot", () => "http://redis/"],
  ["user and password", () => "http://me:pw@example.com/"],
])("a redirect to %s is refused before anything is dialled", async (_name, location) => {
  await using inside = await startOrigin({ "/secret": text("text/plain", "secret") });
  await using server = await startOrigin({ "/": redirect(location(inside.origin)) });
  await using fetcher = fetcherFor(server, { resolve: () => Promise.reject(new Error("resolved")) });
  await expect(fetcher.look(`${server.origin}/`)).rejects.toEqual(failing("SOURCE_REFUSED"));
  expect(inside.requests).toEqual([]);
});

test("a signed address behind a redirect may be long, its path may not, and its host is checked alike", async () => {
  const token = "x".repeat(5000);
  const goes: Route = (request, response, visit) =>
    redirect(`${new URL(request.url ?? "", "http://x").search.slice(1)}${token}`)(request, response, visit);
  await using server = await startOrigin({ "/go": goes, "/v": text("text/plain", "here") });
  await using fetcher = fetcherFor(server);
  const { text: found, url } = await fetcher.text(`${server.origin}/go?/v?sig=`, 100);
  expect([found, url.search]).toEqual(["here", `?sig=${token}`]);
  for (const to of ["/", "http://127.0.0.1/?", "http://u:p@example.com/?", "file:///etc/hostname?"])
    await expect(fetcher.look(`${server.origin}/go?${to}`), to).rejects.toEqual(failing("SOURCE_REFUSED"));
});

test("a redirect loop ends after five hops", async () => {
  await using server = await startOrigin({ "/": redirect("/") });
  await using fetcher = fetcherFor(server);
  await expect(fetcher.look(`${server.origin}/`)).rejects.toEqual(failing("SOURCE_UNREACHABLE"));
  expect(server.requests).toHaveLength(6);
});

test.each([
  [401, "SOURCE_BLOCKED", 1],
  [403, "SOURCE_BLOCKED", 1],
  [404, "SOURCE_NOT_FOUND", 1],
  [410, "SOURCE_NOT_FOUND", 1],
  [418, "SOURCE_UNREACHABLE", 1],
  [429, "SOURCE_BLOCKED", 5],
  [451, "SOURCE_BLOCKED", 1],
  [500, "SOURCE_UNREACHABLE", 5],
  [503, "SOURCE_UNREACHABLE", 5],
  [302, "SOURCE_UNREACHABLE", 1],
])("the status %i means %s after %i tries", async (code, expected, tries) => {
  await using server = await startOrigin({ "/": status(code) });
  await using fetcher = fetcherFor(server);
  await expect(fetcher.look(`${server.origin}/`)).rejects.toEqual(failing(expected));
  expect(server.requests).toHaveLength(tries);
});

test("a server that is busy for a moment is asked again, after as long as it says", async () => {
  const busyOnce: Route = (request, response, visit) =>
    (visit === 1 ? status(503, { "retry-after": "0" }) : text("text/plain", "ok"))(request, response, visit);
  await using server = await startOrigin({ "/": busyOnce });
  await using fetcher = fetcherFor(server, { patience: { ...QUICK, retryMs: 60_000 } });
  expect((await fetcher.look(`${server.origin}/`)).head.toString()).toBe("ok");
});

test("a server that is not there and a name that does not exist are unreachable", async () => {
  const server = await startOrigin({});
  await using fetcher = fetcherFor(server, {
    policy: { allow_private: true },
    resolve: () => Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" })),
  });
  await server[Symbol.asyncDispose]();
  await expect(fetcher.look(`${server.origin}/`)).rejects.toEqual(failing("SOURCE_UNREACHABLE"));
  await expect(fetcher.look("http://nowhere.example/")).rejects.toMatchObject({
    code: "SOURCE_UNREACHABLE",
    message: "There is no server with the name nowhere.example",
  });
});

test("a server that says nothing is asked again", async () => {
  const silentOnce: Route = (request, response, visit) =>
    visit === 1 ? undefined : text("text/plain", "ok")(request, response, visit);
  await using server = await startOrigin({ "/": silentOnce });
  await using fetcher = fetcherFor(server, { patience: { ...QUICK, headersMs: 50 } });
  expect((await fetcher.look(`${server.origin}/`)).head.toString()).toBe("ok");
});

test("a body that drips is given up", async () => {
  const drip: Route = (_request, response) => {
    const timer = setInterval(() => response.write("x"), 20);
    response.once("close", () => clearInterval(timer));
  };
  await using server = await startOrigin({ "/": drip });
  await using fetcher = fetcherFor(server);
  await expect(fetcher.look(`${server.origin}/`)).rejects.toMatchObject({
    code: "SOURCE_UNREACHABLE",
    message: "The download from 127.0.0.1 broke off",
  });
});

test("a list that is too long is not read to its end", async () => {
  await using server = await startOrigin({ "/": bytes(Buffer.alloc(500_000, "a")) });
  await using fetcher = fetcherFor(server);
  await expect(fetcher.text(`${server.origin}/`, 1000)).rejects.toEqual(failing("SOURCE_UNREADABLE"));
});

test("looking at the first bytes keeps them in the body", async () => {
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  await using server = await startOrigin({ "/": bytes(body) });
  await using fetcher = fetcherFor(server);
  const opened = await fetcher.look(`${server.origin}/`);
  expect(opened.head.length).toBeGreaterThanOrEqual(2048);
  const chunks: Buffer[] = [];
  for await (const chunk of opened.body) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(body)).toBe(true);
  expect(fetcher.wireBytes()).toBe(body.length);
});

test("aborting ends a request, a wait for a retry and a body with the reason", async () => {
  await using server = await startOrigin({ "/silent": () => {}, "/busy": status(503) });
  for (const path of ["/silent", "/busy"]) {
    const stop = new AbortController();
    await using fetcher = fetcherFor(server, {
      signal: stop.signal,
      patience: { ...QUICK, retryMs: 60_000, headersMs: 60_000 },
    });
    const looking = fetcher.look(`${server.origin}${path}`);
    setTimeout(() => stop.abort(new Error("cancelled")), 50);
    await expect(looking).rejects.toThrow("cancelled");
  }
});

import { execFile } from "node:child_process";
import { get } from "node:http";
import { connect } from "node:net";
import { promisify } from "node:util";
import type { FetchPolicy } from "@kangklip/contract";
import { expect, test } from "vitest";
import { tools } from "../asr/testing.ts";
import { createEgressProxy } from "./egress-proxy.ts";
import { HOSTILE } from "./testing-behaviours.ts";
import { bytes, type Route, redirect, startOrigin, text } from "./testing-server.ts";

async function proxyFor(policy: Partial<FetchPolicy>, limits: Parameters<typeof createEgressProxy>[2] = {}) {
  const proxy = await createEgressProxy(
    { allow_private: false, allow_origins: [], max_bytes: 1e6, max_seconds: 60, ...policy },
    async (name) => {
      if (name !== "private.example") throw Object.assign(new Error("none"), { code: "ENOTFOUND" });
      return [{ address: "127.0.0.1", family: 4 }];
    },
    limits,
  );
  return Object.assign(proxy, { [Symbol.asyncDispose]: proxy.close });
}
type Proxy = Awaited<ReturnType<typeof proxyFor>>;

const passwordOf = ({ url }: Proxy) => {
  const { username, password } = new URL(url);
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
};

/** Status and body of a plain request through the proxy; null where the connection broke. */
function viaProxy(proxy: Proxy, target: string, authorization = passwordOf(proxy)) {
  return new Promise<{ status: number; body: string } | null>((resolve) => {
    const { hostname, port } = new URL(proxy.url);
    const headers = { host: new URL(target).host, "proxy-authorization": authorization, "x-kept": "yes" };
    get({ hostname, port, path: target, headers, agent: false }, async (response) => {
      let body = "";
      try {
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode ?? 0, body });
      } catch {
        resolve(null);
      }
    }).on("error", () => resolve(null));
  });
}

/** First line of the answer to CONNECT, and what a GET through the tunnel brings. */
function viaTunnel(proxy: Proxy, authority: string, authorization = passwordOf(proxy)) {
  return new Promise<string>((resolve) => {
    const { hostname, port } = new URL(proxy.url);
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      answer += chunk;
      if (answer.endsWith("HTTP/1.1 200 OK\r\n\r\n"))
        socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    });
    socket.on("close", () => resolve(answer)).on("error", () => {});
    socket.write(
      `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\nproxy-authorization: ${authorization}\r\n\r\n`,
    );
  });
}

test("an allowed origin is reached by plain requests and by a tunnel, without the proxy's password", async () => {
  await using server = await startOrigin({ "/": text("text/plain", "hello") });
  await using proxy = await proxyFor({ allow_origins: [server.origin] });
  expect(await viaProxy(proxy, `${server.origin}/`)).toEqual({ status: 200, body: "hello" });
  expect(await viaTunnel(proxy, new URL(server.origin).host)).toMatch(/200 OK.*hello/s);
  expect(server.requests[0]?.headers).toMatchObject({ "x-kept": "yes" });
  expect(server.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
  expect(proxy.allowed()).toBe(2);
  expect(proxy.bytes()).toBeGreaterThan(10);
});

test("nobody without the password is let through", async () => {
  await using server = await startOrigin({ "/": text("text/plain", "hello") });
  await using proxy = await proxyFor({ allow_origins: [server.origin] });
  for (const wrong of ["", "Basic a2s6eA==", `${passwordOf(proxy)}x`]) {
    expect(await viaProxy(proxy, `${server.origin}/`, wrong)).toMatchObject({ status: 407 });
    expect(await viaTunnel(proxy, new URL(server.origin).host, wrong)).toMatch(/^HTTP\/1.1 407/);
  }
  expect(server.requests).toEqual([]);
});

test("private literals, names that lead to them, other ports and unknown names are refused", async () => {
  await using inside = await startOrigin({ "/": text("text/plain", "secret") });
  const { port, host } = new URL(inside.origin);
  await using proxy = await proxyFor({});
  for (const target of [
    `${inside.origin}/`,
    "http://[::1]/",
    "http://169.254.169.254/latest",
    "http://private.example/",
    `http://private.example:${port}/`,
    "http://example.com:22/",
  ]) {
    expect(await viaProxy(proxy, target), target).toMatchObject({ status: 403 });
  }
  for (const authority of [
    host,
    "127.0.0.1:443",
    "[::ffff:127.0.0.1]:443",
    "private.example:443",
    "2130706433:443",
  ])
    expect(await viaTunnel(proxy, authority), authority).toMatch(/^HTTP\/1.1 403/);
  expect(await viaProxy(proxy, "http://nowhere.example/")).toMatchObject({ status: 502 });
  expect(inside.requests).toEqual([]);
  expect([proxy.allowed(), proxy.refused()?.code]).toEqual([0, "SOURCE_REFUSED"]);
});

test("a garbled target is answered, not crashed on", async () => {
  await using proxy = await proxyFor({});
  for (const authority of ["x", "a:b:c", "@:443", "%00:443"])
    expect(await viaTunnel(proxy, authority), authority).toMatch(/^HTTP\/1.1 (4|5)\d\d/);
});

test("more bytes than allowed end all connections", async () => {
  await using server = await startOrigin({ "/": bytes(Buffer.alloc(2e6)) });
  await using proxy = await proxyFor({ allow_origins: [server.origin], max_bytes: 1e6 });
  expect(await viaProxy(proxy, `${server.origin}/`)).toBeNull();
  expect(proxy.isOver()).toBe(true);
});

test("a server that says nothing, and one that drips, are given up", async () => {
  await using server = await startOrigin({ "/silent": () => {}, "/drip": HOSTILE.drips });
  await using proxy = await proxyFor(
    { allow_origins: [server.origin] },
    { idleMs: 300, slowMs: 200, slowBytes: 10_000, pauseMs: 10_000 },
  );
  expect(await viaProxy(proxy, `${server.origin}/silent`)).toMatchObject({ status: 502 });
  expect(await viaProxy(proxy, `${server.origin}/drip`)).toBeNull();
});

test("a connection that rests between two requests is not taken for one that drips", async () => {
  const twice: Route = (_request, response) => {
    response.write("one ");
    setTimeout(() => response.end("two"), 500);
  };
  await using server = await startOrigin({ "/": twice });
  await using proxy = await proxyFor({ allow_origins: [server.origin] }, { slowMs: 100, pauseMs: 200 });
  expect(await viaProxy(proxy, `${server.origin}/`)).toEqual({ status: 200, body: "one two" });
});

test.each([
  "status 099",
  "switches protocols",
  "http/0.9",
  "100 000 headers",
  "two lengths",
  "a NUL in a header",
] as const)("a server with %s is a bad gateway", async (does) => {
  await using server = await startOrigin({ "/": HOSTILE[does] });
  await using proxy = await proxyFor({ allow_origins: [server.origin] });
  expect(await viaProxy(proxy, `${server.origin}/`)).toMatchObject({ status: 502 });
});

test("the log tells what was asked for and where it went, without paths", async () => {
  await using server = await startOrigin({ "/x": text("text/plain", "hello") });
  const { host } = new URL(server.origin);
  await using proxy = await proxyFor({ allow_origins: [server.origin] });
  await viaProxy(proxy, `${server.origin}/x?token=SECRET`);
  await viaProxy(proxy, "http://private.example/x?token=SECRET");
  await viaTunnel(proxy, "nowhere.example:443");
  expect(proxy.entries()).toEqual([
    { target: host, verdict: "allowed", address: "127.0.0.1" },
    { target: "private.example", verdict: "refused", address: undefined },
    { target: "nowhere.example:443", verdict: "failed", address: undefined },
  ]);
});

const playlist = (lines: string) =>
  text("application/vnd.apple.mpegurl", `#EXTM3U\n#EXT-X-TARGETDURATION:9\n${lines}\n#EXT-X-ENDLIST\n`);

/** What yt-dlp hands to ffmpeg when it is told to: it follows lists and redirects by itself. */
test.skipIf(!tools).each([
  ["a segment", (inside: string) => playlist(`#EXTINF:9,\n${inside}/secret.ts`)],
  ["a key", (inside: string) => playlist(`#EXT-X-KEY:METHOD=AES-128,URI="${inside}/key"\n#EXTINF:9,\n/s.ts`)],
  ["a redirect", (inside: string) => redirect(`${inside}/secret.ts`)],
])("ffmpeg, led inside by %s, gets nowhere through the proxy (needs ffmpeg)", async (_name, routeTo) => {
  await using inside = await startOrigin({});
  await using server = await startOrigin({
    "/v": routeTo(inside.origin),
    "/s.ts": bytes(Buffer.alloc(188 * 20, 71)),
  });
  await using proxy = await proxyFor({ allow_origins: [server.origin] });
  const env = { ...process.env, http_proxy: proxy.url, https_proxy: proxy.url, no_proxy: "" };
  const args = ["-v", "error", "-nostdin", "-i", `${server.origin}/v`, "-f", "null", "-"];
  await expect(promisify(execFile)(tools?.ffmpeg ?? "", args, { env, timeout: 20_000 })).rejects.toThrow();
  expect(inside.connections()).toBe(0);
  expect(server.requests.map(({ path }) => path)).toContain("/v");
  expect(proxy.refused()?.code).toBe("SOURCE_REFUSED");
});

test("closing ends connections that are still open", async () => {
  await using server = await startOrigin({ "/": () => {} });
  const proxy = await proxyFor({ allow_origins: [server.origin] });
  const waiting = viaProxy(proxy, `${server.origin}/`);
  await expect.poll(() => server.requests.length).toBe(1);
  await proxy.close();
  expect(await waiting).toBeNull();
});

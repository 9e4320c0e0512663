import { get } from "node:http";
import { connect } from "node:net";
import type { FetchPolicy } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createEgressProxy } from "./egress-proxy.ts";
import { bytes, startOrigin, text } from "./testing-server.ts";

async function proxyFor(policy: Partial<FetchPolicy>) {
  const proxy = await createEgressProxy(
    { allow_private: false, allow_origins: [], max_bytes: 1e6, max_seconds: 60, ...policy },
    async (name) => {
      if (name !== "private.example") throw Object.assign(new Error("none"), { code: "ENOTFOUND" });
      return [{ address: "127.0.0.1", family: 4 }];
    },
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

test("closing ends connections that are still open", async () => {
  await using server = await startOrigin({ "/": () => {} });
  const proxy = await proxyFor({ allow_origins: [server.origin] });
  const waiting = viaProxy(proxy, `${server.origin}/`);
  await expect.poll(() => server.requests.length).toBe(1);
  await proxy.close();
  expect(await waiting).toBeNull();
});

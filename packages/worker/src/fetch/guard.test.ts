import { type FetchPolicy, KangKlipError } from "@kangklip/contract";
import { request } from "undici";
import { expect, test } from "vitest";
import { createGuardedAgent, guardedLookup, type Resolve } from "./guard.ts";
import { startOrigin, text } from "./testing-server.ts";

const STRICT: FetchPolicy = { allow_private: false, allow_origins: [], max_bytes: 1e6, max_seconds: 60 };
const answers = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
const refused = expect.objectContaining({ code: "SOURCE_REFUSED" });
const notAsked: Resolve = () => Promise.reject(new Error("no name should have been resolved"));

async function statusOf(url: string, policy: FetchPolicy, resolve: Resolve): Promise<number> {
  const agent = createGuardedAgent(policy, resolve);
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent });
    await body.dump();
    return statusCode;
  } finally {
    await agent.destroy();
  }
}

test("a literal private address is refused without a connection, in any spelling", async () => {
  await using server = await startOrigin({ "/": text("text/plain", "secret") });
  const { port } = new URL(server.origin);
  for (const host of ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254"])
    await expect(statusOf(`http://${host}:${port}/`, STRICT, notAsked)).rejects.toEqual(refused);
  expect(server.requests).toEqual([]);
});

test("a name is refused when one of its addresses is not public", async () => {
  await using server = await startOrigin({ "/": text("text/plain", "secret") });
  const { port } = new URL(server.origin);
  const resolve: Resolve = async (name) =>
    answers(...(name === "mixed.example" ? ["93.184.216.34", "10.0.0.7"] : ["127.0.0.1"]));
  for (const name of ["mixed.example", "private.example"])
    await expect(statusOf(`http://${name}:${port}/`, STRICT, resolve)).rejects.toEqual(refused);
  expect(server.requests).toEqual([]);
});

test("an allowed origin is reached, another port of the same host is not", async () => {
  await using allowed = await startOrigin({ "/": text("text/plain", "ok") });
  await using other = await startOrigin({ "/": text("text/plain", "secret") });
  const policy = { ...STRICT, allow_origins: [allowed.origin] };
  expect(await statusOf(`${allowed.origin}/`, policy, notAsked)).toBe(200);
  await expect(statusOf(`${other.origin}/`, policy, notAsked)).rejects.toEqual(refused);
  expect(other.requests).toEqual([]);
});

test("a name is resolved once, and the connection goes to that very answer", async () => {
  await using server = await startOrigin({ "/": text("text/plain", "ok") });
  const { port } = new URL(server.origin);
  const origin = `http://rebind.example:${port}`;
  let asked = 0;
  const resolve: Resolve = async () => answers(asked++ === 0 ? "127.0.0.1" : "127.0.0.2");
  expect(await statusOf(`${origin}/`, { ...STRICT, allow_origins: [origin] }, resolve)).toBe(200);
  expect(asked).toBe(1);
  expect(server.requests).toHaveLength(1);
});

test("with private addresses allowed, any is reached", async () => {
  await using server = await startOrigin({ "/": text("text/plain", "ok") });
  expect(await statusOf(`${server.origin}/`, { ...STRICT, allow_private: true }, notAsked)).toBe(200);
});

test.each([
  [["93.184.216.34", "2606:4700:4700::1111"], undefined],
  [["93.184.216.34", "127.0.0.1"], "SOURCE_REFUSED"],
  [["fe80::1"], "SOURCE_REFUSED"],
  [[], "ENOTFOUND"],
])("the lookup hands on exactly what it has checked: %j gives %s", async (addresses, code) => {
  let asked = 0;
  const lookup = guardedLookup(async () => {
    asked += 1;
    return answers(...addresses);
  }, true);
  const [error, found] = await new Promise<[NodeJS.ErrnoException | null, unknown]>((done) =>
    lookup("name.example", { all: true }, (...result) => done([result[0], result[1]])),
  );
  expect(error?.code).toBe(code);
  expect(found).toEqual(code ? [] : answers(...addresses));
  expect(asked).toBe(1);
  if (code === "SOURCE_REFUSED") expect(error).toBeInstanceOf(KangKlipError);
});

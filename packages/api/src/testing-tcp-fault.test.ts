import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startTcpFault } from "./testing-tcp-fault.ts";

/** Answers each line with `<line>!`, and counts the lines. */
async function startEcho() {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      seen.push(bytes.toString());
      socket.write(`${bytes}!`);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await startTcpFault(server.address() as { port: number });
  return {
    seen,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function client(port: number) {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  let heard = "";
  socket.on("data", (bytes) => {
    heard += bytes;
  });
  const until = async (fits: () => boolean, ms = 5000) => {
    for (const end = Date.now() + ms; !fits() && Date.now() < end; ) await sleep(5);
    return fits();
  };
  return {
    socket,
    heard: () => heard,
    says: (text: string) => void socket.write(text),
    hears: (text: string | RegExp, atLeast = 0) =>
      until(() => heard.length >= atLeast && (typeof text === "string" ? heard === text : text.test(heard))),
    isCut: () => until(() => socket.destroyed),
    [Symbol.dispose]: () => socket.destroy(),
  };
}

test("what is said passes, also after each fault, on a connection that was open before", async () => {
  await using echo = await startEcho();
  using one = await client(echo.proxy.port);
  one.says("a");
  expect(await one.hears("a!")).toBe(true);
  await echo.proxy.set({ mode: "blackhole" });
  one.says("b");
  await sleep(50);
  await echo.proxy.set({ mode: "eatReply" });
  one.says("c");
  await sleep(50);
  expect([one.heard(), echo.seen]).toEqual(["a!", ["a", "c"]]); // b never arrived, c was done and its answer lost
  expect(echo.proxy.stats.swallowed).toBe("b".length + "c!".length);
  await echo.proxy.set({ mode: "ok" });
  one.says("d");
  expect(await one.hears("a!d!")).toBe(true);
});

test("while it refuses, open connections are cut and new ones fail; then the same port answers again", async () => {
  await using echo = await startEcho();
  using one = await client(echo.proxy.port);
  await echo.proxy.set({ mode: "refuse" });
  expect(await one.isCut()).toBe(true);
  const refused = connect({ port: echo.proxy.port, host: "127.0.0.1" });
  const [error] = await once(refused, "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
  await echo.proxy.set({ mode: "ok" });
  using two = await client(echo.proxy.port);
  two.says("a");
  expect(await two.hears("a!")).toBe(true);
});

test("delay and throttle take their time", async () => {
  await using echo = await startEcho();
  using one = await client(echo.proxy.port);
  await echo.proxy.set({ mode: "delay", ms: 60 });
  const from = performance.now();
  one.says("a");
  expect(await one.hears("a!")).toBe(true);
  expect(performance.now() - from).toBeGreaterThan(115); // there and back
  await echo.proxy.set({ mode: "throttle", bytesPerSecond: 200 }); // 10 bytes each 50 ms
  const then = performance.now();
  one.says("b".repeat(30));
  expect(await one.hears(/^a!(b+!)+$/, 30 + "a!!".length)).toBe(true);
  expect(performance.now() - then).toBeGreaterThan(90);
});

test("a connection is cut after so many bytes to the client; another one gets its own count", async () => {
  await using echo = await startEcho();
  using one = await client(echo.proxy.port);
  one.says("before");
  expect(await one.hears("before!")).toBe(true);
  await echo.proxy.set({ mode: "cutAfter", bytes: 3 });
  one.says("after");
  expect(await one.isCut()).toBe(true);
  expect(one.heard()).toBe("before!aft");
  using two = await client(echo.proxy.port);
  two.says("x");
  expect(await two.hears("x!")).toBe(true);
  two.says("y");
  expect(await two.isCut()).toBe(true);
  expect(two.heard()).toBe("x!y");
});

test("a name that leads elsewhere from now on leaves open connections where they are", async () => {
  await using echo = await startEcho();
  await using another = await startEcho();
  using old = await client(echo.proxy.port);
  old.says("a");
  expect(await old.hears("a!")).toBe(true);
  echo.proxy.leadTo(another.proxy.port);
  using young = await client(echo.proxy.port);
  young.says("b");
  expect(await young.hears("b!")).toBe(true);
  old.says("c");
  expect(await old.hears("a!c!")).toBe(true);
  expect([echo.seen, another.seen]).toEqual([["a", "c"], ["b"]]);
});

import { inspect } from "node:util";
import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createRpc } from "./rpc.ts";
import { createPlaces } from "./rpc-places.ts";
import { Refusal } from "./rpc-try.ts";
import { readableLog, startStandIn } from "./testing-rpc.ts";

const ONE = "https://one.example";
const TWO = "https://two.example";
/** The promise is 5 s; a busy machine may add to it. */
const PATIENCE_MS = 12_000;

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const genesis = (host: string, hash = "chain") =>
  nock(host)
    .persist()
    .post(/.*/, (body) => body.method === "getGenesisHash")
    .reply(200, { jsonrpc: "2.0", id: 1, result: hash });
const onSlot = (host: string) => nock(host).post(/.*/, (body) => body.method === "getSlot");
const result = (slot: number) => ({ jsonrpc: "2.0", id: 1, result: slot });
const error = (code: number, message = "no") => ({ jsonrpc: "2.0", id: 1, error: { code, message } });

function rpcOf(...urls: string[]) {
  const { log, text } = readableLog();
  const rpc = createRpc({ urls, log });
  return { slot: (options = {}) => rpc.call("getSlot", [], z.int(), options), rpc, text };
}

describe("a node that is busy, behind or away for a moment", () => {
  test.each([
    ["429 with Retry-After", 429, "too many", { "retry-after": "1" }],
    ["429 in JSON-RPC", 200, error(429), {}],
    ["-32005, behind the others", 200, error(-32005), {}],
    ["-32016, has not reached the slot", 200, error(-32016), {}],
    ["-32014, has not got the block", 200, error(-32014), {}],
    ["503", 503, "away", {}],
    ["500 of a proxy", 500, "<html>", {}],
    ["no JSON", 200, "<html>", {}],
    ["another shape", 200, { jsonrpc: "2.0", id: 1, result: "seven" }, {}],
    ["neither result nor error", 200, { jsonrpc: "2.0" }, {}],
  ])("is asked again: %s", async (_, status, body, headers) => {
    genesis(ONE);
    onSlot(ONE).reply(status, body, headers);
    onSlot(ONE).reply(200, result(7));
    expect(await rpcOf(ONE).slot()).toBe(7);
  });

  test("is passed by where there is another one, which is asked first from then on", async () => {
    genesis(ONE);
    genesis(TWO);
    onSlot(ONE).reply(429);
    onSlot(TWO).times(2).reply(200, result(8));
    const { slot } = rpcOf(ONE, TWO);
    expect([await slot(), await slot()]).toEqual([8, 8]);
    expect(nock.isDone()).toBe(true);
  });

  test("for as long as it says: it is left alone, and people are told at once", async () => {
    genesis(ONE);
    let asked = 0;
    onSlot(ONE)
      .times(100)
      .reply(async (_request: Request) => {
        asked++;
        return [429, "too many", { "retry-after": "20" }];
      });
    const { slot } = rpcOf(ONE);
    const began = performance.now();
    for (let index = 0; index < 3; index++)
      await expect(slot({ totalMs: 10_000 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(performance.now() - began).toBeLessThan(9000);
    expect(asked).toBe(1);
  });

  test("for good: people are told when the time is over, the log why, and nobody its key", async () => {
    const secret = "K3Y-of-the-operator";
    genesis(ONE);
    onSlot(ONE).times(500).reply(403, `no such key ${secret}`);
    const { slot, text } = rpcOf(`https://user:${secret}@one.example/${secret}?api-key=${secret}`);
    const began = performance.now();
    const failure = await slot({ totalMs: 400 }).catch((thrown) => thrown);
    expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
    expect(failure).toMatchObject({ code: "UNAVAILABLE", message: "The Solana network does not answer now" });
    expect(text()).toMatch(/one\.example.*HTTP 403/);
    expect(text() + inspect(failure, { depth: 9, showHidden: true })).not.toContain(secret);
    expect(text()).not.toContain(Buffer.from(`user:${secret}`).toString("base64"));
  });

  test("user and password of an address are sent as a header: fetch takes no such address", async () => {
    nock(ONE, { reqheaders: { authorization: `Basic ${Buffer.from("u:p@ss").toString("base64")}` } })
      .persist()
      .post("/")
      .reply(200, { jsonrpc: "2.0", id: 1, result: "x" });
    const { rpc } = rpcOf("https://u:p%40ss@one.example");
    expect(await rpc.call("getVersion", [], z.string())).toBe("x");
  });
});

describe("an answer that another node would give too", () => {
  test("is not asked for again: -32015, a version that it does not know", async () => {
    genesis(ONE);
    genesis(TWO);
    onSlot(ONE).reply(200, error(-32015, "secret words of a node"));
    const { slot } = rpcOf(ONE, TWO);
    const refusal = await slot().catch((thrown) => thrown);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ code: -32015, tries: 1 });
    expect(inspect(refusal)).not.toContain("secret words");
  });

  test("says how many had heard the question by then", async () => {
    genesis(ONE);
    genesis(TWO);
    onSlot(ONE).reply(502);
    onSlot(TWO).reply(200, { ...error(-32002), error: { code: -32002, data: { err: "AlreadyProcessed" } } });
    const refusal = await rpcOf(ONE, TWO)
      .slot()
      .catch((thrown) => thrown);
    expect(refusal).toMatchObject({ code: -32002, tries: 2, failure: "AlreadyProcessed" });
  });

  test("counts although it comes with a status of its own", async () => {
    genesis(ONE);
    onSlot(ONE).reply(400, error(-32602));
    await expect(rpcOf(ONE).slot()).rejects.toMatchObject({ code: -32602 });
  });
});

test("a redirect is not followed, wherever it leads", async () => {
  genesis(ONE);
  genesis(TWO);
  onSlot(ONE)
    .times(100)
    .reply(307, "", { location: `${TWO}/elsewhere` });
  const elsewhere = nock(TWO).post("/elsewhere").reply(200, result(1));
  await expect(rpcOf(ONE).slot({ totalMs: 300 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(elsewhere.isDone()).toBe(false);
});

test("an answer of another chain is never used, and nothing is answered any more until somebody looks", async () => {
  genesis(ONE, "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d");
  genesis(TWO, "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG");
  onSlot(ONE).reply(200, result(7));
  onSlot(ONE).reply(503);
  const other = onSlot(TWO).reply(200, result(9_000_000));
  const { slot, rpc } = rpcOf(ONE, TWO);
  expect(await slot()).toBe(7);
  await expect(slot()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(slot()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(other.isDone()).toBe(false);
  expect(rpc.mixed()).toMatch(/SOLANA_RPC_URL.*one\.example is mainnet, two\.example is devnet/);
});

describe("a node that takes its time, or breaks off", () => {
  beforeEach(() => nock.enableNetConnect("127.0.0.1"));

  test("is given up, and the next one asked", async () => {
    await using slow = await startStandIn(() => () => {});
    await using quick = await startStandIn(() => ({ result: 5 }));
    expect(await rpcOf(slow.url, quick.url).slot({ tryMs: 1500 })).toBe(5);
    expect(slow.of("getSlot")).toHaveLength(1);
  });

  test("in the middle of its answer too", async () => {
    await using stuck = await startStandIn(() => (response) => void response.write('{"result":'));
    await using cut = await startStandIn(() => (response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    });
    await using quick = await startStandIn(() => ({ result: 5 }));
    expect(await rpcOf(stuck.url, cut.url, quick.url).slot({ tryMs: 300 })).toBe(5);
  });

  test("with an answer that never ends: only so much of it is read", async () => {
    let sent = 0;
    await using endless = await startStandIn(() => (response) => {
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536))) sent += 65_536;
        sent += 65_536;
      };
      response.on("drain", more);
      more();
    });
    await using quick = await startStandIn(() => ({ result: 5 }));
    expect(await rpcOf(endless.url, quick.url).slot({ maxBytes: 1 << 20 })).toBe(5);
    expect(sent).toBeLessThan(64 << 20); // what sockets hold besides
  });

  test("calls that belong together end together", async () => {
    await using away = await startStandIn(() => () => {});
    const { rpc } = rpcOf(away.url);
    const { call } = rpc.within(400);
    const began = performance.now();
    for (let index = 0; index < 3; index++)
      await expect(call("getSlot", [], z.int())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
    expect(away.of("getSlot").length).toBeLessThan(3);
  });
});

describe("what one node alone may be dropping", () => {
  beforeEach(() => nock.enableNetConnect("127.0.0.1"));

  test("is put to all at once, and one good answer is enough", async () => {
    await using away = await startStandIn(() => () => {});
    await using wrong = await startStandIn(() => ({ error: { code: -32602 } }));
    await using good = await startStandIn(() => ({ result: 5 }));
    const { rpc } = rpcOf(away.url, wrong.url, good.url);
    expect(await rpc.spread("getSlot", [], z.int())).toBe(5);
    expect([away, wrong, good].map((node) => node.of("getSlot").length)).toEqual([1, 1, 1]);
  });

  test("is nobody's where none takes it", async () => {
    await using wrong = await startStandIn(() => ({ error: { code: -32602 } }));
    const { rpc, text } = rpcOf(wrong.url, ONE);
    await expect(rpc.spread("getSlot", [], z.int())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(text()).toMatch(/refused getSlot \(-32602\)/);
  });
});

test("a node that stands still answers like all others, and is asked last once it is noticed", async () => {
  nock.enableNetConnect("127.0.0.1");
  await using still = await startStandIn(() => ({ result: 1000 }));
  await using other = await startStandIn(() => ({ result: 1151 }));
  const { slot, rpc, text } = rpcOf(still.url, other.url);
  expect(await slot()).toBe(1000);
  await rpc.compare();
  expect(await slot()).toBe(1151);
  expect(text()).toMatch(/"slots":151.*An RPC is behind the others/);
  // one alone has nothing to be compared with
  await using alone = await startStandIn(() => ({ result: 7 }));
  const single = rpcOf(alone.url);
  await single.rpc.compare();
  expect(alone.asked).toHaveLength(0);
});

test("a code that is nobody's but this node's (a key, a plan) sends the question to the next one", async () => {
  genesis(ONE);
  genesis(TWO);
  onSlot(ONE).reply(403, error(-32052, "API key is not allowed"));
  onSlot(TWO).reply(200, result(6));
  expect(await rpcOf(ONE, TWO).slot()).toBe(6);
});

describe("the list of nodes", () => {
  test("who failed is asked last for as long as it asked for, 30 s at most", () => {
    let now = 0;
    const places = createPlaces([ONE, TWO], () => now);
    const order = () => places.inOrder().map(({ host }) => host);
    const [one] = places.inOrder();
    if (!one) throw new Error("no places");
    places.failed(one, 86_400_000);
    expect(order()).toEqual(["two.example", "one.example"]);
    now = 30_001;
    expect(order()).toEqual(["one.example", "two.example"]);
  });

  test.each([
    ["nothing", []],
    ["no address", ["not an address with k3y"]],
    ["another protocol", ["ftp://k3y.example"]],
  ])("%s is refused by the name of the setting, without what it says", (_, urls) => {
    const failed = (() => {
      try {
        createPlaces(urls);
      } catch (thrown) {
        return inspect(thrown);
      }
      return "";
    })();
    expect(failed).toContain("SOLANA_RPC_URL");
    expect(failed.split("\n")[0]).not.toContain("k3y");
  });
});

import { describe, expect, test } from "vitest";
import type { JobStore } from "../jobs/store.ts";
import { aStoredJob } from "../jobs/testing.ts";
import { aHouse, ask, CLIP, type House, told, unlocked } from "./testing-house.ts";
import { createTestingLedger } from "./testing-ledger.ts";

describe("a charge whose end nobody heard of", () => {
  /** A process that dies when it comes to a call. */
  const mortal = (house: House, dies: (call: string, args: unknown[]) => boolean) => {
    let dead = false;
    return house.aProcess((name, port) => ({
      ...port,
      ...Object.fromEntries(
        Object.entries(port).map(([method, work]) => [
          method,
          async (...args: unknown[]) => {
            dead ||= dies(`${name}.${method}`, args);
            if (dead) throw new Error("killed");
            return (work as (...args: unknown[]) => unknown)(...args);
          },
        ]),
      ),
      watch: (port as JobStore).watch,
      close: (port as JobStore).close,
    }));
  };
  /** The first process dies when it asks for the receipt a second time: the charge was sent. */
  async function halfway(house: House) {
    let receipts = 0;
    const dying = await mortal(house, (call) => call === "ledger.receipt" && ++receipts === 2);
    const job = await house.finished();
    const alice = await house.wallet("Alice", 1);
    await expect(ask(dying, job, alice, "id")).rejects.toThrow("killed");
    house.chain.pass(5);
    expect(house.chain.taken).toHaveLength(1);
    expect(await unlocked(house, job)).toEqual([]);
    return { job, alice };
  }
  const aClock = () => {
    const clock = { now: Date.now() };
    return { clock, now: () => clock.now };
  };

  test.each([
    ["the same request again", "id"],
    ["another request", "other"],
  ])("is found by %s, for no other credit", async (_who, id) => {
    const { clock, now } = aClock();
    await using house = aHouse({ now });
    const { job, alice } = await halfway(house);
    clock.now += 60_000; // whoever held it is surely gone
    expect(await told(ask(await house.api(), job, alice, id))).toBe("REPLAY 0");
    expect(house.chain.spent("Alice")).toBe(1);
    expect(await unlocked(house, job)).toEqual([CLIP]);
  });

  test("is found by whoever looks after open charges, and by nobody while it is held", async () => {
    const { clock, now } = aClock();
    await using house = aHouse({ now });
    const { job } = await halfway(house);
    const { charging, store } = await house.api();
    const look = async () => {
      charging.look(await house.see(job.id));
      await charging.idle();
      return (await house.see(job.id)).charges[0]?.state;
    };
    expect(await look()).toBe("SENDING");
    clock.now += 60_000;
    expect(await store.active()).toEqual([job.id]);
    expect(await look()).toBe("CHARGED");
    expect(await store.active()).toEqual([]);
    expect(house.chain.taken).toHaveLength(1);
  });

  test("is told as it is where the store failed after the credit was taken, and is found again", async () => {
    await using house = aHouse();
    const job = await house.finished();
    const alice = await house.wallet("Alice", 1);
    const failing = await house.aProcess((name, port) => {
      if (name !== "store") return port;
      const store = port as unknown as JobStore;
      const replace: JobStore["replace"] = async (job, version) => {
        if (job.charges.some(({ state }) => state === "CHARGED")) throw new Error("disk I/O error");
        return store.replace(job, version);
      };
      return { ...port, replace };
    });
    await expect(ask(failing, job, alice)).rejects.toMatchObject({
      code: "UNLOCK_UNFINISHED",
      message: "failed to finalize unlock",
      httpStatus: 502,
    });
    expect(house.chain.spent("Alice")).toBe(1);
    expect(await unlocked(house, job)).toEqual([]);
    expect(await told(ask(await house.api(), job, alice))).toBe("REPLAY 0");
    expect(house.chain.spent("Alice")).toBe(1);
  });

  test("is found although the job store lost the whole job and was repaired", async () => {
    await using house = aHouse();
    const [api, job, alice] = [await house.api(), await house.finished(), await house.wallet("Alice", 3)];
    expect(await told(ask(api, job, alice))).toBe("NEW 1");
    const { charges, ...lost } = await house.see(job.id);
    await api.store.remove(job.id);
    await api.store.insert({ ...aStoredJob(), ...lost, charges: [] });
    expect(await unlocked(house, job)).toEqual([]);
    expect(await told(ask(api, job, alice))).toBe("REPLAY 0");
    expect(await unlocked(house, job)).toEqual([CLIP]);
    expect(house.chain.spent("Alice")).toBe(1);
  });

  test("is charged once where it was refused by the first node and landed all the same", async () => {
    const chain = createTestingLedger();
    await using house = aHouse({ chain });
    const alice = await house.wallet("Alice", 1);
    const job = await house.finished();
    const api = await house.aProcess((name, port) => {
      if (name !== "ledger") return port;
      const ledger = port as unknown as typeof chain.ledger;
      const broadcast: typeof ledger.broadcast = async (signed, options) => {
        await ledger.broadcast(signed, options);
        if (!options.again) throw Object.assign(await insufficient()); // it lies
      };
      return { ...port, broadcast };
    });
    const insufficient = () => ledgerError(house);
    expect(await told(ask(api, job, alice))).toBe("INSUFFICIENT_CREDITS insufficient_credits");
    expect((await house.see(job.id)).charges).toMatchObject([
      { state: "REFUSED", signed: expect.any(Object) },
    ]);
    chain.pass(2);
    expect(chain.spent("Alice")).toBe(1);
    api.charging.look(await house.see(job.id));
    await api.charging.idle();
    expect(await unlocked(house, job)).toEqual([CLIP]);
    expect(await told(ask(api, job, alice))).toBe("REPLAY 0");
    expect(chain.spent("Alice")).toBe(1);
  });
});

/** What the chain says to a wallet that has nothing. */
async function ledgerError(house: House): Promise<Error> {
  const move = { type: "consume", wallet: "nobody", request_id: "0", amount: 1 } as const;
  return house.chain.ledger.sign(move).then(
    () => new Error("it was signed"),
    (error: Error) => error,
  );
}

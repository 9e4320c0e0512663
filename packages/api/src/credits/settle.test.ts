import { KangKlipError } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import type { Charge } from "../jobs/job.ts";
import { aCharge } from "../jobs/testing.ts";
import type { CreditsLedger, Receipt } from "./ledger.ts";
import { settle } from "./settle.ts";

/** A clock that jumps, a record, and a chain that says what the test wants; all that is done stands in `done`, in its order. */
function scene({
  charge = aCharge({ state: "DUE" }),
  chain = {},
}: {
  charge?: Charge;
  chain?: Partial<CreditsLedger>;
} = {}) {
  let now = 0;
  let kept = charge;
  let serial = 0;
  const done: string[] = [];
  let receipt: Receipt | null = null;
  const ledger = {
    receipt: async () => receipt,
    sign: async ({ type }) => {
      serial++;
      done.push(`sign ${type} ${serial}`);
      return { signature: `s${serial}`, transaction: `t${serial}`, last_valid_block_height: 150 };
    },
    broadcast: async ({ signature }, { again }) =>
      void done.push(`send ${signature}${again ? " again" : ""}`),
    expired: async () => null,
    ...chain,
  } as CreditsLedger;
  return {
    done,
    get kept() {
      return kept;
    },
    get now() {
      return now;
    },
    /** It was sent, and has landed. */
    sent(signature: string, state: Receipt["state"] = "charged") {
      done.push(`send ${signature}`);
      receipt = { state, amount: 1, slot: 1 };
    },
    lands: (state: Receipt["state"] = "charged") => {
      receipt = { state, amount: 1, slot: 1 };
    },
    settled: (
      options: {
        deadlineMs?: number;
        resume?: boolean;
        signal?: AbortSignal;
        save?: (to: Charge) => Promise<boolean>;
      } = {},
    ) => {
      const save = async (to: Charge) => {
        done.push(`keep ${to.state}${to.signed ? ` ${to.signed.signature}` : ""}`);
        kept = to;
        return true;
      };
      const { deadlineMs = 15_000, ...others } = options;
      return settle(ledger, kept, options.save ?? save, {
        deadlineMs,
        now: () => now,
        pause: async (ms) => {
          now += ms;
        },
        ...others,
      });
    },
  };
}
const away = async () => {
  throw new KangKlipError("UNAVAILABLE", "away");
};
const insufficient = async () => {
  throw new KangKlipError("INSUFFICIENT_CREDITS", "insufficient_credits");
};

describe("a charge", () => {
  test("is signed, kept, and only then sent", async () => {
    const here = scene({
      chain: { broadcast: async ({ signature }) => here.sent(signature) },
    });
    expect(await here.settled()).toMatchObject({ state: "CHARGED", signed: null });
    expect(here.done).toEqual(["sign consume 1", "keep SENDING s1", "send s1", "keep CHARGED"]);
  });

  test("that has happened is found, and nothing is signed", async () => {
    const here = scene();
    here.lands();
    await here.settled();
    expect(here.done).toEqual(["keep CHARGED"]);
  });

  test("that has been given back meanwhile is none", async () => {
    const here = scene({ charge: aCharge({ state: "SENDING" }) });
    here.lands("refunded");
    expect(await here.settled()).toMatchObject({ state: "REFUNDED", signed: null });
  });

  test.each([
    ["somebody else moved", async () => false, undefined],
    ["cannot be kept", away, "UNAVAILABLE"],
  ])("that %s is not sent", async (_, save, code) => {
    const here = scene();
    const ended = await here.settled({ save }).catch((error: KangKlipError) => error.code);
    expect(ended).toEqual(code ?? here.kept);
    expect(here.done).toEqual(["sign consume 1"]);
  });

  test("that lacks credits is REFUSED before anything is signed", async () => {
    const here = scene({ chain: { sign: insufficient } });
    expect(await here.settled()).toMatchObject({
      state: "REFUSED",
      signed: null,
      error: "INSUFFICIENT_CREDITS",
    });
    expect(here.done).toEqual(["keep REFUSED"]);
  });

  test("of which nothing is signed changes nothing where the chain is away, and says so", async () => {
    for (const chain of [{ receipt: away }, { sign: away }]) {
      const here = scene({ chain });
      await expect(here.settled()).rejects.toMatchObject({ code: "UNAVAILABLE" });
      expect(here.done).toEqual([]);
    }
  });

  test("that was signed once stays pending while the chain is away: the same bytes, every 2 s, until time is over", async () => {
    const sent: [string, boolean][] = [];
    const here = scene({
      chain: { broadcast: async ({ transaction }, { again }) => void sent.push([transaction, again]) },
    });
    expect(await here.settled({ deadlineMs: 9500 })).toMatchObject({
      state: "SENDING",
      signed: { signature: "s1" },
    });
    expect(sent).toEqual([["t1", false], ...Array.from({ length: 4 }, () => ["t1", true])]);
  });

  test("of a process that died is gone on with by the same bytes, as ones that somebody may have", async () => {
    const here = scene({ charge: aCharge({ state: "SENDING" }) });
    await here.settled({ deadlineMs: 3000 });
    expect(here.done).toEqual(["send sig again", "send sig again"]);
  });

  test("is signed again only when the old bytes are proven dead, in one step", async () => {
    let isDead = false;
    const views: (number | undefined)[] = [];
    const here = scene({
      charge: aCharge({ state: "SENDING" }),
      chain: {
        expired: async () => (isDead ? 777 : null),
        receipt: async (_wallet, _id, options) => {
          views.push(options?.minContextSlot);
          return null;
        },
      },
    });
    await here.settled({ deadlineMs: 60_000 });
    expect(here.done.some((step) => step.startsWith("sign"))).toBe(false);
    isDead = true;
    here.done.length = 0;
    await here.settled({ deadlineMs: 1000 });
    expect(here.done.slice(0, 3)).toEqual(["sign consume 1", "keep SENDING s1", "send s1"]);
    // what is not there is looked for from where the proof stands
    expect(views).toContain(777);
  });

  test("whose dead bytes did it all the same is CHARGED: an older view had not shown it", async () => {
    const here = scene({
      charge: aCharge({ state: "SENDING" }),
      chain: {
        expired: async () => 777,
        receipt: async (_wallet, _id, { minContextSlot } = {}) =>
          minContextSlot === 777 ? { state: "charged", amount: 1, slot: 700 } : null,
      },
    });
    await here.settled();
    expect(here.done).toEqual(["keep CHARGED"]);
  });

  test("whose old bytes are dead, and that now lacks credits, is REFUSED", async () => {
    const here = scene({
      charge: aCharge({ state: "SENDING" }),
      chain: { expired: async () => 777, sign: insufficient },
    });
    expect(await here.settled()).toMatchObject({ state: "REFUSED", signed: null });
  });

  test("whose old bytes are dead stays as it is while the chain does not let anything be signed", async () => {
    const here = scene({
      charge: aCharge({ state: "SENDING" }),
      chain: { expired: async () => 777, sign: away },
    });
    expect(await here.settled()).toMatchObject({ state: "SENDING", signed: { signature: "sig" } });
    expect(here.done).toEqual([]);
  });

  test("stops where it is when the process is about to end", async () => {
    const stop = new AbortController();
    const here = scene({ chain: { broadcast: async () => stop.abort() } });
    expect(await here.settled({ signal: stop.signal })).toMatchObject({ state: "SENDING" });
    expect(here.now).toBeLessThan(1000);
  });

  test("ends with a bug of ours, and is not repeated for ever", async () => {
    const here = scene({ chain: { broadcast: async () => Promise.reject(new TypeError("bug")) } });
    await expect(here.settled()).rejects.toThrow("bug");
  });
});

describe("a charge that the first who heard of it refused", () => {
  const refused = async () => {
    const here = scene({
      chain: {
        broadcast: async (signed, { again }) =>
          again ? void here.done.push(`again ${signed.signature}`) : insufficient(),
      },
    });
    await here.settled();
    return here;
  };

  test("is REFUSED at once, and its bytes are kept in mind", async () => {
    const here = await refused();
    expect(here.kept).toMatchObject({
      state: "REFUSED",
      signed: { signature: "s1" },
      error: "INSUFFICIENT_CREDITS",
    });
    expect(here.now).toBeLessThan(1000);
  });

  test("is CHARGED should it land all the same", async () => {
    const here = await refused();
    here.lands();
    expect(await here.settled()).toMatchObject({ state: "CHARGED", error: null });
  });

  test("is watched and not sent while it may land, and forgotten when it is dead", async () => {
    const here = await refused();
    here.done.length = 0;
    await here.settled();
    expect(here.done).toEqual([]);
    const dead = scene({ charge: here.kept, chain: { expired: async () => 777 } });
    expect(await dead.settled()).toMatchObject({
      state: "REFUSED",
      signed: null,
      error: "INSUFFICIENT_CREDITS",
    });
    expect(dead.done).toEqual(["keep REFUSED"]);
  });

  test("is sent again where somebody asks anew", async () => {
    const here = await refused();
    here.done.length = 0;
    await here.settled({ resume: true, deadlineMs: 1500 });
    expect(here.done).toEqual(["keep SENDING s1", "again s1"]);
  });
});

describe("a refund", () => {
  const owed = () => aCharge({ state: "REFUNDING", signed: null });

  test("is signed, kept and sent as a charge is", async () => {
    const here = scene({
      charge: owed(),
      chain: {
        broadcast: async ({ signature }) => here.sent(signature, "refunded"),
      },
    });
    here.lands();
    expect(await here.settled()).toMatchObject({ state: "REFUNDED", signed: null });
    expect(here.done).toEqual(["sign refund 1", "keep REFUNDING s1", "send s1", "keep REFUNDED"]);
  });

  test("that has happened is found", async () => {
    const here = scene({ charge: owed() });
    here.lands("refunded");
    await here.settled();
    expect(here.done).toEqual(["keep REFUNDED"]);
  });

  test("is never given up: what the chain refuses is asked again another time", async () => {
    const here = scene({ charge: owed(), chain: { sign: insufficient } });
    here.lands();
    await expect(here.settled()).rejects.toThrow();
    expect(here.kept.state).toBe("REFUNDING");
  });
});

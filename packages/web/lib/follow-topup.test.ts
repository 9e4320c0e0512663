import { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import { followTopup } from "./follow-topup.ts";
import type { PendingTopup } from "./pending-topup.ts";

const pending: PendingTopup = {
  wallet: "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU",
  credits: 5,
  signature: "5".repeat(88),
  transaction: "AQ==",
  since: 0,
};
const landed = { credits_added: 5, new_balance: 12 };
type Answer = KangKlipError | TypeError | typeof landed;
const fault = (code: ConstructorParameters<typeof KangKlipError>[0]) => new KangKlipError(code, code);
const notYet = fault("TRANSACTION_NOT_FOUND");

/** Follows a payment through these answers in turn; more questions than answers end it. */
async function follow(
  answers: { send?: Answer[]; confirm: Answer[] },
  options: { resumed?: boolean; transaction?: string | null } = {},
) {
  const asked: string[] = [];
  const next = async (what: "send" | "confirm") => {
    asked.push(what);
    const answer = (answers[what] ?? []).shift() ?? (what === "send" ? landed : notYet);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  let waits = 0;
  const end = await followTopup(
    {
      ...pending,
      transaction: options.transaction === undefined ? pending.transaction : options.transaction,
    },
    {
      resumed: options.resumed ?? false,
      send: () => next("send"),
      confirm: () => next("confirm"),
      wait: async () => {
        if (++waits > 8) throw new Error("still going");
      },
    },
  ).catch((error: Error) => error.message);
  return { end, asked };
}

test("a payment is sent once, and asked for until the chain has it", async () => {
  const { end, asked } = await follow({ confirm: [notYet, notYet, landed] });
  expect(end).toEqual({ kind: "confirmed", credits: 5, balance: 12 });
  expect(asked).toEqual(["send", "confirm", "confirm", "confirm"]);
});

test("a send whose answer was lost is sent again, the same bytes", async () => {
  const { end, asked } = await follow({ send: [fault("UNAVAILABLE")], confirm: [notYet, landed] });
  expect(end).toMatchObject({ kind: "confirmed" });
  expect(asked).toEqual(["send", "confirm", "send", "confirm"]);
});

test("a payment that the wallet has sent itself is only asked for", async () => {
  const { asked } = await follow({ confirm: [landed] }, { transaction: null });
  expect(asked).toEqual(["confirm"]);
});

test("a refusal of the only send ends it; after a send that may have landed it does not", async () => {
  const refused = fault("TRANSACTION_FAILED");
  expect((await follow({ send: [refused], confirm: [] })).end).toMatchObject({
    kind: "failed",
    problem: { code: "TRANSACTION_FAILED" },
  });
  expect((await follow({ send: [fault("CREDITS_PAUSED")], confirm: [] })).end).toMatchObject({
    kind: "failed",
    problem: { code: "CREDITS_PAUSED" },
  });
  const lostFirst = await follow({
    send: [fault("UNAVAILABLE"), refused],
    confirm: [notYet, notYet, landed],
  });
  expect(lostFirst.end).toMatchObject({ kind: "confirmed" });
  const resumed = await follow({ send: [refused], confirm: [notYet, landed] }, { resumed: true });
  expect(resumed.end).toMatchObject({ kind: "confirmed" });
});

test.each(["TRANSACTION_EXPIRED", "TRANSACTION_FAILED", "INVALID_INPUT"] as const)(
  "the chain's word %s ends it",
  async (code) => {
    expect((await follow({ confirm: [notYet, fault(code)] })).end).toMatchObject({
      kind: "failed",
      problem: { code },
    });
  },
);

test("no outage and no silence ends it, and a session that has ended lets it wait", async () => {
  expect((await follow({ confirm: Array(20).fill(fault("UNAVAILABLE")) })).end).toBe("still going");
  expect((await follow({ confirm: [] })).end).toBe("still going");
  expect((await follow({ send: [fault("NOT_SIGNED_IN")], confirm: [] })).end).toEqual({ kind: "signed-out" });
  expect((await follow({ confirm: [fault("NOT_SIGNED_IN")] })).end).toEqual({ kind: "signed-out" });
});

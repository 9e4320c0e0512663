import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { clipCharge, generationRequestId, isPaid, isUnlocked, unlockRequestId } from "./charges.ts";
import { type Charge, isActive, type Job } from "./job.ts";
import { decide, newJob } from "./state.ts";
import { aCharge, aStoredJob, START, states, story } from "./testing.ts";

const [ALICE, BOB] = ["Alice", "Bob"];
const CLIP = "clip_01.mp4";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const SIGNED = { signature: "sig", transaction: "bytes", last_valid_block_height: 9 };

const done = () => states.SUCCEEDED().released().job;
const unlock = {
  type: "unlock",
  file: CLIP,
  wallet: ALICE,
  amount: 1,
  asked: "request",
  by: "me",
  until: 5,
} as const;
/** The only charge of a job. */
function one(job: Job): Charge {
  const [charge, ...others] = job.charges;
  if (!charge || others.length > 0) throw new Error(`${job.charges.length} charges`);
  return charge;
}
/** The last charge of the job goes on to a state. */
function move(job: Job, state: Charge["state"], change: Partial<Charge> = {}, now = START): Job {
  const from = job.charges.at(-1);
  if (!from) throw new Error("no charge");
  const signed = state === "SENDING" ? SIGNED : from.signed;
  return decide(job, { type: "charge", from, to: { ...from, state, signed, ...change } }, now);
}
/** A job of Alice's that costs two credits. */
function paidJob(): Job {
  const { job_id, source, clip_duration_seconds, clip_count, language } = aStoredJob(START);
  const request = { clip_duration_seconds, clip_count, language, compute: undefined, max_usd: undefined };
  return newJob(job_id, "0".repeat(64), source, request, START, { wallet: ALICE, fee: 2 });
}

describe("what the chain knows a charge by", () => {
  const id = aStoredJob().job_id;

  test("is made of wallet, job and clip, as documented", () => {
    expect(unlockRequestId(ALICE, id, CLIP)).toBe(sha256(`kk:unlock:v1|${ALICE}|${id}|${CLIP}`));
    expect(generationRequestId(id, 1)).toBe(sha256(`kk:gen:v1|${id}`));
    expect(generationRequestId(id, 4)).toBe(sha256(`kk:gen:v1|${id}|4`));
  });

  test("is another one for another wallet, job, clip, run or charge after a refund", () => {
    const ids = [
      unlockRequestId(ALICE, id, CLIP),
      unlockRequestId(BOB, id, CLIP),
      unlockRequestId(ALICE, aStoredJob(2).job_id, CLIP),
      unlockRequestId(ALICE, id, "clip_02.mp4"),
      unlockRequestId(ALICE, id, CLIP, 1),
      generationRequestId(id, 1),
      generationRequestId(id, 2),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("a clip that is to be unlocked", () => {
  test("has one charge, whoever asks how often, until that came to nothing", () => {
    const due = decide(done(), unlock, START);
    const begun = { wallet: ALICE, amount: 1, what: CLIP, asked: "request", by: "me", until: 5 };
    expect(one(due)).toMatchObject({ state: "DUE", ...begun });
    expect(isActive(due)).toBe(true);
    for (const job of [due, move(due, "SENDING"), move(move(due, "SENDING"), "CHARGED")])
      for (const wallet of [ALICE, BOB])
        expect(decide(job, { ...unlock, wallet, asked: "b" }, START)).toBe(job);

    const refused = move(due, "REFUSED", { error: "INSUFFICIENT_CREDITS" });
    expect(isActive(refused)).toBe(false);
    const again = decide(refused, { ...unlock, asked: "again" }, START + 1);
    expect(one(again)).toMatchObject({ state: "DUE", error: null, asked: "again", since: START + 1 });
    const other = decide(refused, { ...unlock, wallet: BOB }, START);
    expect(other.charges.map(({ wallet, state }) => [wallet, state])).toEqual([
      [ALICE, "REFUSED"],
      [BOB, "DUE"],
    ]);
    expect(clipCharge(other, CLIP)?.wallet).toBe(BOB);
  });

  test("is unlocked while it is CHARGED and in no other state", () => {
    const due = decide(done(), unlock, START);
    const sending = move(due, "SENDING");
    const charged = move(sending, "CHARGED");
    const refunding = move(charged, "REFUNDING");
    const refunded = move(refunding, "REFUNDED");
    const seen = [done(), due, sending, charged, refunding, refunded].map((job) => isUnlocked(job, CLIP));
    expect(seen).toEqual([false, false, false, true, false, false]);
    expect(isUnlocked(charged, "clip_02.mp4")).toBe(false);
    expect(isActive(charged)).toBe(false);
  });

  test("is charged under a new id after it was given back, and not before", () => {
    const charged = move(move(decide(done(), unlock, START), "SENDING"), "CHARGED");
    const refunded = move(move(charged, "REFUNDING"), "REFUNDED");
    const again = decide(refunded, unlock, START);
    expect(again.charges.map(({ state }) => state)).toEqual(["REFUNDED", "DUE"]);
    expect(again.charges[1]?.request_id).toBe(unlockRequestId(ALICE, again.job_id, CLIP, 1));
  });

  test("belongs to a job that has its clips and is not being removed", () => {
    for (const [state, at] of Object.entries(states))
      if (state !== "SUCCEEDED") expect(() => decide(at().job, unlock, START)).toThrow("job not completed");
    expect(() => decide({ ...done(), removing: true }, unlock, START)).toThrow("job not found");
  });

  test("makes a job that was nobody's that of the wallet that paid, once it has paid", () => {
    const due = decide(done(), unlock, START);
    expect(due.wallet).toBeNull();
    expect(move(due, "CHARGED").wallet).toBe(ALICE);
    const bobs = decide(decide(done(), { type: "bound", wallet: BOB }, START), unlock, START);
    expect(move(bobs, "CHARGED").wallet).toBe(BOB);
  });
});

describe("a charge goes on", () => {
  const due = decide(done(), unlock, START);

  test("from what its settler knew; where somebody was faster nothing changes", () => {
    const from = one(due);
    const sending = move(due, "SENDING");
    const late = { type: "charge", from, to: { ...from, state: "CHARGED" } } as const;
    expect(decide(sending, late, START)).toBe(sending);
    expect(decide(done(), late, START)).toMatchObject({ charges: [] });
    expect(one(move(due, "SENDING", {}, START + 5))).toMatchObject({ state: "SENDING", since: START + 5 });
    const held = move(due, "DUE", { by: "me", until: START + 9 }, START + 5);
    expect(one(held)).toMatchObject({ state: "DUE", since: START, by: "me" });
  });

  test("by no other way than the ones there are", () => {
    const all = ["DUE", "SENDING", "CHARGED", "REFUSED", "REFUNDING", "REFUNDED"] as const;
    const ways: string[] = [];
    for (const state of all)
      for (const next of all) {
        if (state === next) continue;
        const job = { ...done(), charges: [aCharge({ state, signed: SIGNED })] };
        try {
          move(job, next);
          ways.push(`${state} ${next}`);
        } catch (error) {
          expect(String(error)).toContain(`from ${state} to ${next}`);
        }
      }
    expect(ways).toEqual([
      "DUE SENDING",
      "DUE CHARGED",
      "DUE REFUSED",
      "DUE REFUNDED",
      "SENDING CHARGED",
      "SENDING REFUSED",
      "SENDING REFUNDED",
      "CHARGED REFUNDING",
      "REFUSED SENDING",
      "REFUSED CHARGED",
      "REFUSED REFUNDED",
      "REFUNDING REFUNDED",
    ]);
  });

  test("and stays what it is, and is signed before it is sent", () => {
    for (const change of [{ amount: 2 }, { wallet: BOB }, { what: "generation" as const }])
      expect(() => move(due, "CHARGED", change)).toThrow("stays what it is");
    expect(() => move(due, "SENDING", { signed: null })).toThrow("signed before it is sent");
    for (const state of ["SENDING", "REFUSED"] as const)
      expect(() => move(move(due, "REFUSED"), state, { signed: SIGNED })).toThrow("begun anew");
  });
});

describe("a job that costs something before it begins", () => {
  const submitting = { type: "submitting", epoch: 1, provider: "process", native: false } as const;

  test("is not begun before that is charged", () => {
    const job = paidJob();
    expect(one(job)).toMatchObject({ what: "generation", state: "DUE", amount: 2, wallet: ALICE });
    for (const unpaid of [job, move(job, "SENDING")]) {
      expect(isPaid(unpaid)).toBe(false);
      expect(decide(unpaid, submitting, START)).toBe(unpaid);
    }
    const paid = move(job, "CHARGED");
    expect(isPaid(paid)).toBe(true);
    expect(decide(paid, submitting, START).attempts[0]?.state).toBe("SUBMITTING");
  });

  test("ends where that cannot be had, with the reason and what to do", () => {
    const poor = move(paidJob(), "REFUSED", { error: "INSUFFICIENT_CREDITS" });
    expect(poor).toMatchObject({
      state: "FAILED",
      error_code: "INSUFFICIENT_CREDITS",
      error: "Making clips costs 2 credits, and the wallet had fewer",
    });
    expect(isActive(poor)).toBe(false);
    expect(move(paidJob(), "REFUSED")).toMatchObject({ state: "FAILED", error_code: "CHARGE_FAILED" });
    expect(move(paidJob(), "REFUNDED")).toMatchObject({ state: "FAILED", error_code: "CHARGE_FAILED" });
  });

  test("gives it back when it fails or is cancelled, in the same step", () => {
    const charged = move(paidJob(), "CHARGED");
    const cancelled = decide(charged, { type: "cancel" }, START + 7);
    expect(one(cancelled)).toMatchObject({ state: "REFUNDING", since: START + 7 });
    expect(isActive(cancelled)).toBe(true);
    const failed = story(charged).running().failed("NO_VIDEO").job;
    expect(failed.state).toBe("FAILED");
    expect(one(failed).state).toBe("REFUNDING");
    expect(one(move(failed, "REFUNDED")).state).toBe("REFUNDED");
  });

  test("keeps it when there are clips, and through attempts that follow one another", () => {
    const charged = move(paidJob(), "CHARGED");
    const retrying = story(charged).running().failed();
    expect(retrying.job.state).toBe("RETRYING");
    expect(one(retrying.job).state).toBe("CHARGED");
    const end = retrying.running().succeeded().committed().job;
    expect(end.state).toBe("SUCCEEDED");
    expect(one(end).state).toBe("CHARGED");
    const unlocked = move(decide(end, unlock, START), "CHARGED");
    expect(unlocked.charges.map(({ state }) => state)).toEqual(["CHARGED", "CHARGED"]);
  });

  test("that was cancelled before it was charged is not charged; one that may be, is given back then", () => {
    const cancelled = decide(paidJob(), { type: "cancel" }, START);
    expect(one(cancelled)).toMatchObject({ state: "REFUSED", error: "CANCELLED" });
    const sent = decide(move(paidJob(), "SENDING"), { type: "cancel" }, START);
    expect(one(sent).state).toBe("SENDING");
    expect(isActive(sent)).toBe(true);
    expect(one(move(sent, "CHARGED")).state).toBe("REFUNDING");
    expect(one(move(sent, "REFUSED")).state).toBe("REFUSED");
  });

  test("pays again under another id when it is retried, also where the first fee is still on its way", () => {
    const due = { wallet: ALICE, amount: 2 };
    const cancelled = decide(move(paidJob(), "SENDING"), { type: "cancel" }, START);
    const again = decide(cancelled, { type: "retry", fee: due }, START);
    expect(again.charges.map(({ state }) => state)).toEqual(["SENDING", "DUE"]);
    expect(again.fee).toBe(generationRequestId(again.job_id, 2));
    expect(isPaid(again)).toBe(false);
    const [first] = again.charges;
    if (!first) throw new Error("no charge");
    const late = decide(again, { type: "charge", from: first, to: { ...first, state: "CHARGED" } }, START);
    expect(late.charges.map(({ state }) => state)).toEqual(["REFUNDING", "DUE"]);
    expect(late.state).toBe("QUEUED");
    expect(isPaid(move(late, "CHARGED"))).toBe(true);
  });

  test("costs nothing when it is retried where nothing is charged any more", () => {
    const failed = move(paidJob(), "REFUSED", { error: "INSUFFICIENT_CREDITS" });
    const again = decide(failed, { type: "retry" }, START);
    expect(isPaid(again)).toBe(true);
    expect(decide(again, { ...submitting, epoch: 2 }, START).attempts[0]?.state).toBe("SUBMITTING");
  });

  test("is its payer's from then on where it was nobody's", () => {
    const failed = { ...states.FAILED().released().job };
    expect(decide(failed, { type: "retry", fee: { wallet: BOB, amount: 2 } }, START).wallet).toBe(BOB);
    expect(
      decide({ ...failed, wallet: ALICE }, { type: "retry", fee: { wallet: BOB, amount: 2 } }, START).wallet,
    ).toBe(ALICE);
  });
});

test("a job becomes a wallet's once, and no other one's", () => {
  const job = decide(aStoredJob(), { type: "bound", wallet: ALICE }, START);
  expect(job.wallet).toBe(ALICE);
  expect(decide(job, { type: "bound", wallet: ALICE }, START)).toBe(job);
  expect(() => decide(job, { type: "bound", wallet: BOB }, START)).toThrow("belongs to another wallet");
});

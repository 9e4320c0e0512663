import { type ClipFile, KangKlipError } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { generationRequestId, isPaid } from "./charges.ts";
import { type Charge, currentAttempt, isActive, isFinal, isOpen, Job } from "./job.ts";
import { decide, type JobEvent, newJob } from "./state.ts";
import { aStoredJob, HASH, START, story } from "./testing.ts";

const RUNS = 400;
const STATES = ["DUE", "SENDING", "CHARGED", "REFUSED", "REFUNDING", "REFUNDED"] as const;
const SIGNED = { signature: "sig", transaction: "bytes", last_valid_block_height: 9 };

type Telling = (job: Job) => JobEvent | undefined;
const wallets = fc.constantFrom("Alice", "Bob");
const files = fc.constantFrom<ClipFile>("clip_01.mp4", "clip_02.mp4");

const anEvent: fc.Arbitrary<Telling> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom<Telling>(
      () => ({ type: "cancel" }),
      () => ({ type: "tick" }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.option(wallets).map(
      (wallet): Telling =>
        () => ({ type: "retry", fee: wallet ? { wallet, amount: 2 } : undefined }),
    ),
  },
  {
    weight: 1,
    arbitrary: wallets.map(
      (wallet): Telling =>
        () => ({ type: "bound", wallet }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(wallets, files).map(
      ([wallet, file]): Telling =>
        () => ({ type: "unlock", wallet, file, amount: 1, asked: wallet, by: "me", until: 5 }),
    ),
  },
  {
    // what a settler may say of a charge: as it is now, or as it was when it had seen nothing of it yet
    weight: 12,
    arbitrary: fc
      .record({ at: fc.nat(6), to: fc.constantFrom(...STATES), signed: fc.boolean(), stale: fc.boolean() })
      .map(
        ({ at, to, signed, stale }): Telling =>
          (job) => {
            const charge = job.charges[at % Math.max(1, job.charges.length)];
            if (!charge) return undefined;
            const from: Charge = stale ? { ...charge, state: "DUE", signed: null } : charge;
            // the chain has proven that it was not taken: should it be found there all the same (closing.ts), that is written down
            if (from.state === "REFUSED" && !from.signed && to === "CHARGED") return undefined;
            return { type: "charge", from, to: { ...from, state: to, signed: signed ? SIGNED : null } };
          },
      ),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom<Telling>(
      (job) => ({ type: "submitting", epoch: currentAttempt(job).epoch, provider: "process", native: true }),
      (job) => ({
        type: "submitted",
        epoch: currentAttempt(job).epoch,
        ref: { provider: "process", ref: "r" },
      }),
      (job) => ({ type: "claimed", epoch: currentAttempt(job).epoch, nonceHash: "nonce" }),
      (job) => ({
        type: "report",
        report: {
          ...{ job_id: job.job_id, epoch: currentAttempt(job).epoch, seq: currentAttempt(job).seq + 1 },
          ...{ status: "SUCCEEDED", manifest_sha256: HASH },
        },
      }),
      (job) => ({
        type: "report",
        report: {
          ...{ job_id: job.job_id, epoch: currentAttempt(job).epoch, seq: currentAttempt(job).seq + 1 },
          ...{ status: "FAILED", code: "NO_VIDEO", error: "broke", stage: "DOWNLOAD" },
        },
      }),
      (job) => ({ type: "committed", epoch: currentAttempt(job).epoch }),
      (job) => ({ type: "released", epoch: currentAttempt(job).epoch }),
    ),
  },
);

/** What `decide` makes of it; a refusal changes nothing, and neither does a move that there is not. */
function told(job: Job, event: JobEvent, now: number): Job {
  try {
    return decide(job, event, now);
  } catch (error) {
    const refused = error instanceof KangKlipError && ["FENCED", "CONFLICT"].includes(error.code);
    if (refused || /does not go from|signed before it is sent|begun anew/.test(String(error))) return job;
    throw error;
  }
}

function paidJob(): Job {
  const { job_id, source, clip_duration_seconds, clip_count, language } = aStoredJob(START);
  const request = { clip_duration_seconds, clip_count, language, compute: undefined, max_usd: undefined };
  return newJob(job_id, "0".repeat(64), source, request, START, { wallet: "Alice", fee: 2 });
}

function chargedJob(): Job {
  const job = paidJob();
  const [from] = job.charges;
  if (!from) throw new Error("it costs nothing");
  return decide(job, { type: "charge", from, to: { ...from, state: "CHARGED" } }, START);
}
/** Where a history begins. */
const starts = fc
  .constantFrom(
    paidJob,
    chargedJob,
    () => story(chargedJob()).running().job,
    () => story(chargedJob()).running().succeeded().committed().job,
  )
  .map((make) => make());

test("whatever happens to a job and its charges, nothing is taken twice, kept without clips, or begun unpaid", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(starts, fc.array(anEvent, { minLength: 1, maxLength: 60, size: "max" }), (start, history) => {
      let job = start;
      for (const [index, telling] of history.entries()) {
        const event = telling(job);
        if (!event) continue;
        const before = job;
        job = told(before, event, START + index);
        expect(Job.parse(job)).toEqual(job);
        seen.set(job.state, (seen.get(job.state) ?? 0) + 1);

        // of one thing at most one charge counts, under an id of its own
        expect(new Set(job.charges.map(({ request_id }) => request_id)).size).toBe(job.charges.length);
        for (const file of ["clip_01.mp4", "clip_02.mp4"]) {
          const counts = ({ what, state, ...rest }: Charge) =>
            what === file && (state === "CHARGED" || isOpen({ what, state, ...rest }));
          expect(job.charges.filter(counts).length).toBeLessThan(2);
        }
        // what is not for the present run, or for clips that never came, is not kept
        const failed = job.state === "FAILED" || job.state === "CANCELLED";
        for (const { what, state, request_id } of job.charges)
          if (what === "generation" && (failed || request_id !== job.fee))
            expect(state).toBeOneOf(["SENDING", "REFUSED", "REFUNDING", "REFUNDED"]);
        // nobody is asked for a launch that is not paid for
        const [was, is] = [currentAttempt(before), currentAttempt(job)];
        if (was.epoch === is.epoch && was.submitting_at === null && is.submitting_at !== null)
          expect(isPaid(before)).toBe(true);
        if (job.fee !== null) expect(job.charges.map(({ request_id }) => request_id)).toContain(job.fee);
        // money is looked after to its end, and moves nothing that has ended
        if (job.charges.some(isOpen)) expect(isActive(job)).toBe(true);
        if (isFinal(before) && event.type !== "retry") {
          const end = ({ state, error, error_code, ended_at, result }: Job) => [
            state,
            error,
            error_code,
            ended_at,
            result,
          ];
          expect(end(job)).toEqual(end(before));
        }
        if (before.wallet !== null) expect(job.wallet).toBe(before.wallet);
      }
    }),
    { numRuns: RUNS },
  );
  for (const state of ["QUEUED", "SUCCEEDED", "FAILED", "CANCELLED"])
    expect(seen.get(state) ?? 0, state).toBeGreaterThan(50);
  expect(generationRequestId(paidJob().job_id, 1)).toBe(paidJob().fee);
});

import { type ClipFile, type ErrorCode, KangKlipError, STAGES } from "@kangklip/contract";
import type { Observation } from "@kangklip/providers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_ATTEMPTS } from "./attempt.ts";
import { currentAttempt, isFinal, Job } from "./job.ts";
import { NATIVE_SUBMIT_MS, SUBMIT_MS } from "./launch.ts";
import { decide, type JobEvent, LEASE_MS, RUN_MS } from "./state.ts";
import { aReadyClip, aStoredJob, HASH, START, story } from "./testing.ts";

const RUNS = 300;

/** Something that somebody tells of an attempt: of the current one (0) or of one before it or to come. */
interface Happening {
  afterMs: number;
  ago: number;
  event: Telling;
}
type Telling = (job: Job, epoch: number) => JobEvent;

const seqAhead = fc.integer({ min: -2, max: 2 });
const anEvent: fc.Arbitrary<Telling> = fc.oneof(
  fc.constantFrom<Telling>(
    () => ({ type: "cancel" }),
    () => ({ type: "retry" }),
    () => ({ type: "tick" }),
    (_job, epoch) => ({ type: "submitting", epoch, provider: "process", native: true }),
    (_job, epoch) => ({ type: "submitting", epoch, provider: "process", native: false }),
    (_job, epoch) => ({ type: "submitting", epoch, provider: "docker", native: true }),
    (_job, epoch) => ({ type: "submitting", epoch, provider: "docker", native: false }),
    (job, epoch) => ({ type: "submit_never", epoch, since: currentAttempt(job).submitting_at }),
    (_job, epoch) => ({ type: "provider_missing", epoch, provider: "docker" }),
    (_job, epoch) => ({ type: "submitted", epoch, ref: { provider: "process", ref: `launch ${epoch}` } }),
    (_job, epoch) => ({ type: "submitted", epoch, ref: { provider: "process", ref: `double ${epoch}` } }),
    (_job, epoch) => ({ type: "submit_failed", epoch, message: "full", again: true }),
    (_job, epoch) => ({ type: "submit_failed", epoch, message: "never", again: false }),
    (_job, epoch) => ({ type: "submit_unsure", epoch, message: "no answer" }),
    (_job, epoch) => ({ type: "epoch_taken", epoch, ref: { provider: "process", ref: `lost ${epoch}` } }),
    (_job, epoch) => ({ type: "moved", epoch, ref: { provider: "process", ref: `double ${epoch}` } }),
    (_job, epoch) => ({ type: "unfit", epoch, message: "another release" }),
    (_job, epoch) => ({ type: "published", epoch }),
    (_job, epoch) => ({ type: "claim_remembered", epoch, nonceHash: "remembered" }),
    (_job, epoch) => ({
      type: "observed",
      epoch,
      observation: { phase: "exited", exitCode: 0 },
      uploaded: true,
    }),
    (_job, epoch) => ({ type: "claimed", epoch, nonceHash: "one" }),
    (_job, epoch) => ({ type: "claimed", epoch, nonceHash: "one" }),
    (_job, epoch) => ({ type: "claimed", epoch, nonceHash: "another" }),
    (_job, epoch) => ({ type: "pulse", epoch }),
    (_job, epoch) => ({ type: "clip_ready", epoch, clip: aReadyClip({ epoch }) }),
    (_job, epoch) => ({
      type: "clip_ready",
      epoch,
      clip: aReadyClip({ epoch, clip_file: "clip_02.mp4", title: `of attempt ${epoch}` }),
    }),
    (_job, epoch) => ({ type: "committed", epoch }),
    (_job, epoch) => ({ type: "released", epoch }),
  ),
  fc.constantFrom<ErrorCode>("UPLOAD_FAILED", "NO_VIDEO").map(
    (code): Telling =>
      (_job, epoch) => ({
        type: "commit_failed",
        epoch,
        code,
        error: "no",
      }),
  ),
  fc
    .constantFrom<Observation>(
      { phase: "queued" },
      { phase: "running" },
      { phase: "lost" },
      { phase: "exited", exitCode: 0 },
      { phase: "exited", exitCode: 75 },
      { phase: "exited", exitCode: 1, reason: "oom" },
    )
    .map(
      (observation): Telling =>
        (_job, epoch) => ({ type: "observed", epoch, observation }),
    ),
  fc
    .record({
      ahead: seqAhead,
      kind: fc.constantFrom("RUNNING", "RUNNING", "RUNNING", "SUCCEEDED", "FAILED"),
      stage: fc.constantFrom(...STAGES),
      stage_progress: fc.constantFrom(0, 0.5, 1),
      code: fc.constantFrom<ErrorCode>("RENDER_FAILED", "NO_VIDEO", "CANCELLED"),
    })
    .map(
      ({ ahead, kind, stage, stage_progress, code }): Telling =>
        (job, epoch) => {
          const said = { job_id: job.job_id, epoch, seq: Math.max(1, currentAttempt(job).seq + ahead) };
          if (kind === "SUCCEEDED")
            return { type: "report", report: { ...said, status: kind, manifest_sha256: HASH } };
          if (kind === "FAILED")
            return { type: "report", report: { ...said, status: kind, code, error: "broke", stage } };
          return {
            type: "report",
            report: { ...said, status: "RUNNING", stage, stage_progress, message: null },
          };
        },
    ),
);
const aHistory = fc.array(
  fc.record({
    afterMs: fc.constantFrom(0, 1000, 5000, SUBMIT_MS, LEASE_MS, RUN_MS),
    ago: fc.constantFrom(0, 0, 0, 0, 1, 2, -1),
    event: anEvent,
  }),
  { minLength: 1, maxLength: 60, size: "max" },
);

/** What `decide` makes of it; a refusal changes nothing. */
function told(job: Job, event: JobEvent, now: number): Job {
  try {
    return decide(job, event, now);
  } catch (error) {
    if (error instanceof KangKlipError && ["FENCED", "CONFLICT"].includes(error.code)) return job;
    throw error;
  }
}

/** Lives through a history, and looks at each step. */
function lived(
  history: Happening[],
  look: (before: Job, after: Job, event: JobEvent, now: number) => void = () => {},
) {
  let job = aStoredJob(START);
  let now = START;
  for (const { afterMs, ago, event } of history) {
    now += afterMs;
    const happens = event(job, Math.max(1, currentAttempt(job).epoch - ago));
    const next = told(deepFrozen(job), happens, now);
    look(job, next, happens, now);
    job = next;
  }
  return { job, now };
}

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null)
    for (const part of Object.values(Object.freeze(value))) deepFrozen(part);
  return value;
}

const always = (property: (history: Happening[]) => void) =>
  fc.assert(fc.property(aHistory, property), { numRuns: RUNS });

test("whatever happens, a job is one that the store can keep, and its parts fit each other", () => {
  always((history) => {
    lived(history, (_before, job) => {
      expect(Job.parse(job)).toEqual(job);
      const attempt = currentAttempt(job);
      const { state } = job;
      const earlier = job.attempts.slice(0, -1);
      expect(earlier.every((one) => one.state === "FINISHED" && one.epoch < attempt.epoch)).toBe(true);
      expect(attempt.state === "FINISHED").toBe(isFinal(job));
      expect(job.ended_at !== null).toBe(isFinal(job));
      expect(job.error_code !== null).toBe(state === "FAILED" || state === "CANCELLED");
      expect(job.result !== null).toBe(state === "COMMITTING" || state === "SUCCEEDED");
      expect(attempt.state === "CLAIMED").toBe(attempt.claimed_at !== null && !isFinal(job));
      if (state === "RUNNING" || state === "COMMITTING") expect(attempt.state).toBe("CLAIMED");
      expect(job.progress === 100).toBe(state === "SUCCEEDED");
      if (job.cancel_requested && !isFinal(job)) expect(state).toBeOneOf(["CANCELLING", "COMMITTING"]);
      // nothing waits without an end
      if (attempt.state !== "PLANNED" && !isFinal(job)) expect(attempt.deadline).not.toBeNull();
    });
  });
});

test("a final state does not move but by a retry, and the error or result stays as it was", () => {
  always((history) => {
    lived(history, (before, after, event) => {
      if (!isFinal(before) || event.type === "retry") return;
      const kept = ({ attempts: _attempts, updated_at: _updated, ...rest }: Job) => rest;
      expect(kept(after)).toEqual(kept(before));
      expect(after.attempts.map(({ state, outcome }) => [state, outcome])).toEqual(
        before.attempts.map(({ state, outcome }) => [state, outcome]),
      );
    });
  });
});

test("clips can be watched while the attempt that made them goes on, each once, and never afterwards", () => {
  const now = (event: Telling): Happening => ({ afterMs: 0, ago: 0, event });
  const claimed = [
    now((_job, epoch) => ({ type: "submitting", epoch, provider: "process", native: true })),
    now((_job, epoch) => ({ type: "claimed", epoch, nonceHash: "one" })),
  ];
  const ready = (clip_file: ClipFile) =>
    now((_job, epoch) => ({ type: "clip_ready", epoch, clip: aReadyClip({ epoch, clip_file }) }));
  let seen = 0;
  always((history) => {
    const more = history.flatMap((one, at) =>
      at % 3 === 0 ? [ready(`clip_0${1 + (at % 5)}.mp4`), one] : one,
    );
    lived([...claimed, ...more], (before, after, event) => {
      const { ready } = after;
      seen += ready.length;
      expect(new Set(ready.map(({ clip_file }) => clip_file)).size).toBe(ready.length);
      for (const { epoch } of ready) expect(epoch).toBe(currentAttempt(after).epoch);
      if (isFinal(after)) expect(ready).toEqual([]);
      const isSameAttempt = currentAttempt(before).epoch === currentAttempt(after).epoch && !isFinal(after);
      if (isSameAttempt) expect(ready.length).toBeGreaterThanOrEqual(before.ready.length);
      if (event.type !== "clip_ready" || after === before) return;
      expect(currentAttempt(after).state).toBe("CLAIMED");
      expect(ready).toContainEqual(event.clip);
    });
  });
  expect(seen).toBeGreaterThan(RUNS);
});

test("within an attempt progress, stage and sequence never go back, and epochs never do", () => {
  always((history) => {
    lived(history, (before, after) => {
      const [was, is] = [currentAttempt(before), currentAttempt(after)];
      expect(is.epoch - was.epoch).toBeOneOf([0, 1]);
      if (is.epoch !== was.epoch) return;
      expect(after.progress).toBeGreaterThanOrEqual(before.progress);
      expect(is.seq).toBeGreaterThanOrEqual(was.seq);
      if (!isFinal(after))
        expect(STAGES.indexOf(after.stage)).toBeGreaterThanOrEqual(STAGES.indexOf(before.stage));
    });
  });
});

test("an event of another attempt than the current one moves nothing but what its launch left", () => {
  always((history) => {
    lived(history, (before, after, event) => {
      const epoch = "epoch" in event ? event.epoch : event.type === "report" ? event.report.epoch : undefined;
      if (epoch === undefined || epoch === currentAttempt(before).epoch) return;
      if (event.type === "claim_remembered" && epoch > currentAttempt(before).epoch) return; // the store was behind
      if (event.type === "released" || event.type === "submitted")
        expect(currentAttempt(after)).toEqual(currentAttempt(before));
      else expect(after).toBe(before);
    });
  });
});

test("an event that is told twice changes nothing the second time", () => {
  always((history) => {
    lived(history, (_before, after, event, now) => {
      const again = told(after, event, now);
      const { type } = event;
      if (type === "pulse" || type === "observed") expect(again.attempts.length).toBe(after.attempts.length);
      else if (type !== "retry" && type !== "submit_failed") expect(again).toBe(after);
    });
  });
});

test("no attempt is paid twice, no job has more attempts than its budget, and a cancelled one gets no other", () => {
  always((history) => {
    let asked: { epoch: number; at: number } | undefined;
    let sinceRetry = 1;
    lived(history, (before, after, event, now) => {
      const [was, is] = [currentAttempt(before), currentAttempt(after)];
      if (event.type === "retry" && after !== before) sinceRetry = is.epoch;
      else if (is.epoch > was.epoch) expect(before.cancel_requested).toBe(false);
      if (event.type === "epoch_taken" && after !== before) sinceRetry++; // nobody here spent anything on it
      if (event.type === "claim_remembered" && after !== before) {
        asked = undefined; // its launch was asked for long ago
        sinceRetry += is.epoch - was.epoch;
      }
      expect(is.epoch - sinceRetry).toBeLessThan(MAX_ATTEMPTS);
      if (event.type === "submit_failed" && after !== before) asked = undefined; // surely nothing runs
      if (event.type !== "submitting" || after === before) return;
      expect(was.ref ?? was.claimed_at).toBeNull();
      if (asked?.epoch === is.epoch)
        expect(now - asked.at).toBeGreaterThanOrEqual(event.native ? NATIVE_SUBMIT_MS : SUBMIT_MS);
      asked = { epoch: is.epoch, at: now };
    });
  });
});

test("nobody is asked at a second provider before all who were asked at the first have had their time", () => {
  const submissions = fc.array(
    fc.record({
      afterMs: fc.constantFrom(0, 1000, 5000, SUBMIT_MS),
      ago: fc.constant(0),
      event: fc.constantFrom<Telling>(
        ...["process", "docker"].flatMap((provider) =>
          [true, false].map(
            (native): Telling =>
              (_job, epoch) => ({ type: "submitting", epoch, provider, native }),
          ),
        ),
        (job, epoch) => ({
          ...{ type: "submit_failed", epoch, message: "full", again: true, afterMs: 0 },
          since: currentAttempt(job).submitting_at,
        }),
        (_job, epoch) => ({ type: "submit_unsure", epoch, message: "no answer" }),
        (job, epoch) => ({ type: "submit_never", epoch, since: currentAttempt(job).submitting_at }),
      ),
    }),
    { minLength: 5, maxLength: 40, size: "max" },
  );
  let moves = 0;
  const look = (history: Happening[]) => {
    /** Who was asked last for an attempt, since when somebody was, and whether all of it is known to have come to nothing. */
    let asked: { epoch: number; provider: string; at: number[] } | undefined;
    lived(history, (before, after, event, now) => {
      const is = currentAttempt(after);
      if (event.type !== "submitting" || after === before) return;
      const same = asked?.epoch === is.epoch && asked.provider === event.provider;
      if (asked?.epoch === is.epoch && asked.provider !== event.provider) {
        moves++;
        // the last asker was refused; every one before must have had all the time that it may take
        for (const at of asked.at.slice(0, -1)) expect(now - at).toBeGreaterThanOrEqual(SUBMIT_MS);
        expect(currentAttempt(before).state).toBe("PLANNED");
        expect(currentAttempt(before).doubt_until).toBeNull(); // and somebody has looked since
      }
      const kept = same && currentAttempt(before).state === "SUBMITTING" ? (asked?.at ?? []) : [];
      asked = { epoch: is.epoch, provider: event.provider, at: [...kept, now] };
    });
  };
  fc.assert(fc.property(submissions, look), { numRuns: RUNS });
  expect(moves).toBeGreaterThan(10);
});

test("a launch that may be there is current or waits to be released", () => {
  always((history) => {
    const launched = new Set<number>();
    lived(history, (before, after, event) => {
      if (event.type === "submitting" && after !== before) launched.add(event.epoch);
      const known = event.type === "submitted" && before.attempts.find(({ epoch }) => epoch === event.epoch);
      if (known && known.ref?.ref !== event.ref.ref) launched.add(event.epoch);
      if (event.type === "released" && after !== before) launched.delete(event.epoch);
      for (const epoch of launched) {
        const attempt = after.attempts.find((one) => one.epoch === epoch);
        expect(attempt?.released).toBe(false);
      }
    });
  });
});

test("a job that hears nothing any more ends, or waits for somebody to submit it", () => {
  always((history) => {
    let { job, now } = lived(history);
    for (let round = 0; round < 2 && !isFinal(job) && currentAttempt(job).state !== "PLANNED"; round++) {
      now = Math.max(now, currentAttempt(job).deadline ?? 0) + 1;
      job = told(job, { type: "tick" }, now);
    }
    expect(isFinal(job) || currentAttempt(job).state === "PLANNED").toBe(true);
  });
});

test("reports that come late, twice or in another order change nothing that the newest has told", () => {
  const aReport = fc.record({
    stage: fc.constantFrom(...STAGES),
    progress: fc.constantFrom(0, 0.25, 0.5, 1),
  });
  const reports = fc.array(aReport, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(reports, fc.infiniteStream(fc.nat()), (list, draws) => {
      const { job } = story().running();
      const inOrder = list.map(({ stage, progress }, index) => ({
        type: "report" as const,
        report: {
          job_id: job.job_id,
          epoch: 1,
          seq: index + 1,
          status: "RUNNING" as const,
          stage,
          stage_progress: progress,
          message: `${index}`,
        },
      }));
      let once = job;
      let shuffled = job;
      for (const [index, event] of inOrder.entries()) {
        once = told(once, event, START);
        shuffled = told(shuffled, event, START);
        const earlier = inOrder[(draws.next().value ?? 0) % (index + 1)];
        if (earlier) expect(told(shuffled, earlier, START)).toBe(shuffled);
      }
      expect(shuffled).toEqual(once);
    }),
    { numRuns: 100 },
  );
});

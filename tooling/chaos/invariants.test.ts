import { describe, expect, test } from "vitest";
import { checkInvariants, type Fact, type SeenJob } from "./invariants.ts";

const JOB = "kk_1";
const view = (version: number, more: Partial<SeenJob> = {}): Fact => ({
  is: "view",
  job: JOB,
  version,
  state: "RUNNING",
  epoch: 1,
  progress: 10,
  done: false,
  error: null,
  error_code: null,
  error_action: null,
  stage: "DOWNLOAD",
  ...more,
});
const acked: Fact = { is: "acked", job: JOB, key: "key", body: "body" };
const launched = (epoch: number, launch = `launch ${epoch}`, now = 0): Fact => ({
  is: "launched",
  job: JOB,
  epoch,
  launch,
  now,
});
const ended = (launch: string, now = 1): Fact => ({ is: "ended", launch, now });
const ofAnother = (fact: Fact): Fact => ({ ...fact, job: "kk_2" }) as Fact;
const succeeded = { state: "SUCCEEDED", progress: 100, done: true } as const;
const failed = {
  state: "FAILED",
  done: true,
  error: "The worker stopped answering",
  error_code: "WORKER_LOST",
  error_action: "Retry",
} as const;
const result = (epoch = 1, found: string | null = "a", made: number | null = epoch): Fact => ({
  is: "result",
  job: JOB,
  epoch,
  files: [{ name: "clip_01.mp4", listed: "a", found, epoch: made }],
});

const good: Fact[] = [
  acked,
  acked, // the same request again
  view(1, { state: "QUEUED", progress: 0 }),
  launched(1),
  view(3),
  view(3), // seen twice
  ofAnother(launched(1, "another")),
  { is: "acked", job: "kk_2", key: "another key", body: "body" },
  ended("another"),
  ofAnother(view(2, failed)),
  view(5, { epoch: 2, progress: 0, state: "RETRYING" }),
  ended("launch 1"),
  launched(2),
  view(9, { epoch: 2, ...succeeded }),
  ended("launch 2"),
  result(2),
  result(2),
  { is: "waited", id: "I15", on: "an answer", ms: 4000, limitMs: 5000 },
];

const found = (history: Fact[]) => checkInvariants(history).map(({ id }) => id);

test("a good history has no violation", () => expect(checkInvariants(good)).toEqual([]));

test("a run that is not over may have jobs on their way", () => {
  const half = good.slice(0, 6);
  expect(found(half)).toEqual(["I1", "I14"]);
  expect(checkInvariants(half, { over: false })).toEqual([]);
});

const end: Fact[] = [view(9, succeeded), result()];
describe("each planted violation is found, and nothing else:", () => {
  test.each<[string, string, Fact[]]>([
    ["a job that nobody ever saw again", "I1", [acked]],
    ["a job that never ended", "I1", [acked, view(1)]],
    ["a final state that changes", "I2", [acked, view(8, failed), ...end]],
    [
      "another error than before",
      "I2",
      [acked, view(8, failed), view(9, { ...failed, error: "Other words" })],
    ],
    ["a version that goes back", "I2", [acked, view(7), view(6), ...end]],
    [
      "files that become others",
      "I2",
      [
        acked,
        ...end,
        {
          is: "result",
          job: JOB,
          epoch: 1,
          files: [{ name: "clip_01.mp4", listed: "b", found: "b", epoch: 1 }],
        },
      ],
    ],
    [
      "a success that an older store forgets for good",
      "I2",
      [acked, ...end, { is: "travelled" }, view(2, failed)],
    ],
    [
      "a fenced attempt that writes",
      "I3",
      [acked, { is: "overwritten", job: JOB, epoch: 1, current: 2 }, ...end],
    ],
    [
      "an attempt that two launches claim",
      "I3",
      [
        acked,
        ...["a", "a", "b"].map((launch): Fact => ({ is: "claimed", job: JOB, epoch: 1, launch })),
        ...end,
      ],
    ],
    ["a file of another attempt", "I3", [acked, view(9, { ...succeeded, epoch: 2 }), result(2, "a", 1)]],
    ["an attempt that comes back", "I3", [acked, view(5, { epoch: 2 }), view(6, { progress: 20 }), ...end]],
    [
      "more launches than attempts",
      "I4",
      [acked, ...[1, 2, 3, 4].flatMap((epoch) => [launched(epoch), ended(`launch ${epoch}`)]), ...end],
    ],
    [
      "a duplicate that goes on although it was to stop",
      "I4",
      [
        acked,
        launched(1),
        { is: "stopping", launch: "launch 1", now: 0 },
        ended("launch 1", 130_000),
        ...end,
      ],
    ],
    [
      "an attempt that is paid twice",
      "I5",
      [acked, launched(1), ended("launch 1"), launched(1, "again"), ended("again"), ...end],
    ],
    ["one key and two jobs", "I6", [acked, ...end, ofAnother(acked), ofAnother(view(2, failed))]],
    ["one key and two bodies", "I6", [acked, { ...acked, body: "another" } as Fact, ...end]],
    ["a listed file that is missing", "I7", [acked, view(9, succeeded), result(1, null)]],
    ["a listed file that is damaged", "I7", [acked, view(9, succeeded), result(1, "half of it")]],
    ["an end without a code", "I8", [acked, view(9, { ...failed, error_code: null })]],
    ["an end without a sentence", "I8", [acked, view(9, { ...failed, error: null })]],
    ["an end without a stage", "I8", [acked, view(9, { ...failed, stage: null })]],
    ["an end without advice", "I8", [acked, view(9, { ...failed, error_action: null })]],
    ["progress that goes back", "I9", [acked, view(3, { progress: 40 }), view(4, { progress: 39 }), ...end]],
    ["100 % before there are results", "I9", [acked, view(3, { progress: 100, done: true }), ...end]],
    ["something that is left", "I14", [acked, ...end, { is: "left", what: "file", name: ".tmp/x" }]],
    ["a launch that never ends", "I14", [acked, launched(1), ...end]],
    [
      "an answer that takes too long",
      "I15",
      [acked, ...end, { is: "waited", id: "I15", on: "an answer", ms: 5001, limitMs: 5000 }],
    ],
  ])("%s is %s", (_what, id, history) => {
    expect(found(history)).toEqual([id]);
  });

  test("two launches of one attempt at a time are I4, and paid twice", () => {
    expect(found([acked, launched(1), launched(1, "b"), ended("launch 1"), ended("b"), ...end])).toEqual([
      "I5",
      "I4",
    ]);
  });

  test("a succeeded job without files is I7 where files were looked at", () => {
    expect(found([acked, view(9, succeeded), ofAnother(result())])).toEqual(["I7"]);
  });
});

test("a retry by hand opens the job again, with a new budget", () => {
  const attempts = (from: number) =>
    [0, 1, 2].flatMap((more) => [launched(from + more), ended(`launch ${from + more}`)]);
  const history: Fact[] = [acked, ...attempts(1), view(8, failed), { is: "retried", job: JOB }];
  expect(found([...history, ...attempts(4), view(20, { ...succeeded, epoch: 6 }), result(6)])).toEqual([]);
});

test("what an older store has forgotten may be done again, to the same end", () => {
  const again: Fact[] = [launched(1, "again"), ended("again"), ...end];
  expect(found([acked, launched(1), ended("launch 1"), ...end, { is: "travelled" }, ...again])).toEqual([]);
});

test("a job that had failed before an older store was put back may have failed again, by a newer copy", () => {
  const travelled: Fact = { is: "travelled" };
  const came: Fact[] = [acked, view(2, failed), travelled, ...end, travelled];
  expect(found([...came, view(2, failed)])).toEqual([]);
  expect(found([...came, view(2, { ...failed, error: "It broke" })])).toEqual(["I2"]);
});

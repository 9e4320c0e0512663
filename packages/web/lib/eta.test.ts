import type { JobView } from "@kangklip/contract";
import { expect, test } from "vitest";
import { type Eta, nextEta } from "./eta.ts";
import { aJobView } from "./testing-job-view.ts";

const attempts = (epoch: number) => aJobView().attempts.map((attempt) => ({ ...attempt, epoch }));

/** What is shown (seconds) after each of these: seconds on the clock, and the view there is then. */
function shown(steps: [number, Partial<JobView>][]) {
  let eta: Eta | null = null;
  return steps.map(([second, view]) => {
    eta = nextEta(eta, aJobView(view), second * 1000);
    return eta?.shown;
  });
}

test("the time left counts down between two estimates", () => {
  expect(
    shown([
      [0, { eta_seconds: 60 }],
      [5, { eta_seconds: 60 }],
      [9, { eta_seconds: 60 }],
    ]),
  ).toEqual([60, 55, 51]);
});

test("an estimate that goes up a little lets the number rest until the clock has caught up", () => {
  const steps: [number, Partial<JobView>][] = [
    [0, { eta_seconds: 60 }],
    [10, { eta_seconds: 58 }],
    [14, { eta_seconds: 58 }],
    [20, { eta_seconds: 58 }],
  ];
  expect(shown(steps)).toEqual([60, 58, 54, 48]);
  expect(
    shown([
      [0, { eta_seconds: 60 }],
      [10, { eta_seconds: 70 }],
      [13, { eta_seconds: 70 }],
    ]),
  ).toEqual([60, 60, 60]);
});

test("an estimate that was plainly wrong is put right, up as well as down", () => {
  expect(
    shown([
      [0, { eta_seconds: 30 }],
      [1, { eta_seconds: 300 }],
    ]),
  ).toEqual([30, 300]);
  expect(
    shown([
      [0, { eta_seconds: 300 }],
      [1, { eta_seconds: 20 }],
    ]),
  ).toEqual([300, 20]);
});

test("a job that is over its time is overdue, until there is a new estimate", () => {
  expect(
    shown([
      [0, { eta_seconds: 5 }],
      [6, { eta_seconds: 5 }],
      [20, { eta_seconds: 5 }],
      [21, { eta_seconds: 8 }],
    ]),
  ).toEqual([5, 0, null, 8]);
});

test("another attempt has a time of its own; without an estimate, in silence and after the end there is none", () => {
  expect(
    shown([
      [0, { eta_seconds: 10 }],
      [1, { eta_seconds: 22, attempts: attempts(2) }],
    ]),
  ).toEqual([10, 22]);
  expect(
    shown([
      [0, { eta_seconds: null }],
      [1, { eta_seconds: 9, stalled: true }],
      [2, { eta_seconds: 9, status: "SUCCEEDED", state: "SUCCEEDED" }],
    ]),
  ).toEqual([undefined, undefined, undefined]);
});

import { JobView } from "@kangklip/contract";
import { expect, test } from "vitest";
import type { Job } from "./job.ts";
import type { Pace } from "./pace.ts";
import { START, states, story } from "./testing.ts";
import { viewOf } from "./view.ts";
import { viewText } from "./view-text.ts";

const PACE: Pace = {
  stages: { DOWNLOAD: [2], TRANSCRIPT: [20], SELECT: [3], RENDER: [1], UPLOAD: [0.1] },
};
const OFFER = { offer_id: "o", label: "a place", gpu: null, usd_per_hour: 0.5 };

/** Running at a place that costs something, in the middle of its transcription. */
function paid(): Job {
  const { job } = story().running().after(5000).at("TRANSCRIPT", 0.3, { source_seconds: 600 });
  const attempts = job.attempts.map((attempt) => ({ ...attempt, offer: OFFER, running_at: START }));
  return { ...job, attempts };
}

const JOBS = {
  ...Object.fromEntries(Object.entries(states).map(([name, at]) => [name, at().job])),
  paid: paid(),
};

test.each(Object.entries(JOBS))(
  "%s is said as the view says it, at any time and to anybody",
  (_name, job) => {
    for (const seconds of [0, 0, 1, 9, 10, 16, 17, 17, 3600, 5])
      for (const owner of [true, false])
        for (const pace of [undefined, PACE]) {
          const seen = { owner, pace, now: START + seconds * 1000 };
          const { json, bytes } = viewText(job, 3, seen);
          expect(json).toBe(JSON.stringify(JobView.parse(viewOf(job, 3, seen))));
          expect(bytes).toBe(Buffer.byteLength(json));
        }
  },
);

test("it is written once for as long as nothing of it changes", () => {
  const waits = states.QUEUED().job;
  const first = viewText(waits, 1, { owner: false, now: START });
  expect(viewText(waits, 1, { owner: false, now: START + 60_000 })).toBe(first);
  expect(viewText(waits, 1, { owner: true, now: START })).not.toBe(first);
  expect(viewText(waits, 2, { owner: false, now: START })).not.toBe(first);
  const before = viewText(paid(), 1, { owner: false, now: START + 10_000 });
  const after = viewText(paid(), 1, { owner: false, now: START + 11_000 });
  expect(after.json).not.toBe(before.json); // its cost went on
});

import type { JobId } from "@kangklip/contract";
import { expect, test } from "vitest";
import type { Job } from "./job.ts";
import { createPlaces } from "./places.ts";
import { aStoredJob, states } from "./testing.ts";

/** Places (none but what a test gives) over a queue of jobs, with a clock of their own. */
async function aQueue(jobs: Job[], size = 0) {
  const clock = { now: 1000 };
  const begun: JobId[] = [];
  const places = createPlaces({ size, now: () => clock.now, begin: (id) => begun.push(id) });
  const known = new Map(jobs.map((job) => [job.job_id, job]));
  await places.survey([...known.keys()], async (id) => known.get(id));
  return { places, clock, begun, known };
}
const waiting = (count: number) => Array.from({ length: count }, (_, index) => aStoredJob(index + 1));

test("jobs that wait are not looked at again at once, and of a long queue a hundred in each round", async () => {
  const { places, clock, known } = await aQueue(waiting(1000));
  expect(places.due().size).toBe(0);
  const looked = new Set<JobId>();
  for (let round = 1; round <= 10; round++) {
    clock.now += 20_000 / round; // the first is long after, the others soon after it
    const due = places.due();
    expect(due.size).toBe(100);
    for (const id of due) {
      looked.add(id);
      places.seen(known.get(id) as Job);
    }
  }
  expect(looked.size).toBe(1000);
});

test("what there is something to do for is due in every round, and so is what nothing is known of", async () => {
  const running = states.RUNNING().job;
  const { places } = await aQueue([running, ...waiting(5)]);
  expect([...places.due()]).toEqual([running.job_id]);
  const news = aStoredJob(99);
  const ids = [running, ...waiting(5), news].map(({ job_id }) => job_id);
  await places.survey(ids, async () => undefined);
  expect(places.due()).toEqual(new Set([running.job_id, news.job_id]));
  places.seen(news);
  expect([...places.due()]).toEqual([running.job_id]);
});

test("who is not there any more is forgotten", async () => {
  const running = states.RUNNING().job;
  const { places, begun } = await aQueue([running, ...waiting(3)], 1);
  places.fill();
  expect(begun).toEqual([]); // the one place is taken
  await places.survey([aStoredJob(2).job_id], async () => undefined);
  places.fill();
  expect(begun).toEqual([aStoredJob(2).job_id]);
  expect([...places.due()]).toEqual([aStoredJob(2).job_id]);
});

import { expect, test } from "vitest";
import { createRecords } from "./records.ts";
import { aStoredJob } from "./testing.ts";

const textOf = (serial: number, message = "") => JSON.stringify(aStoredJob(serial, { message }));

test("a text that is asked for again is not read again, and another text of the same job is", () => {
  const records = createRecords();
  expect(records.read("a", textOf(1, "one"))).toEqual(aStoredJob(1, { message: "one" }));
  expect(records.size()).toBe(0); // it may never be asked for again
  const first = records.read("a", textOf(1, "one"));
  expect(first).toEqual(aStoredJob(1, { message: "one" }));
  expect(records.read("a", textOf(1, "one"))).toBe(first);
  expect(records.read("a", textOf(1, "two")).message).toBe("two");
  expect(records.read("a", textOf(1, "one")).message).toBe("one"); // a store that was put back
  expect(records.size()).toBe(1);
});

test("what is no job is no job the second time either", () => {
  const records = createRecords();
  for (let round = 0; round < 2; round++) {
    expect(() => records.read("a", '{"job_id":"a"}')).toThrow();
    expect(() => records.read("a", "{")).toThrow(SyntaxError);
  }
});

test("nothing of what was read can be changed for the next reader", () => {
  const records = createRecords();
  records.read("a", textOf(1));
  const job = records.read("a", textOf(1));
  expect(() => Object.assign(job, { state: "FAILED" })).toThrow(TypeError);
  expect(() => job.attempts.pop()).toThrow(TypeError);
  expect(() => Object.assign(job.attempts[0] ?? {}, { epoch: 2 })).toThrow(TypeError);
});

test("no more is kept than may be, the oldest goes first", () => {
  const records = createRecords(3.5 * textOf(1).length);
  const read = () => [1, 2, 3, 4, 5].map((serial) => records.read(`${serial}`, textOf(serial)));
  read();
  const jobs = read();
  expect(records.size()).toBe(3);
  expect(records.read("5", textOf(5))).toBe(jobs[4]);
  expect(records.read("1", textOf(1))).not.toBe(jobs[0]);
  for (let round = 0; round < 2; round++) records.read("large", textOf(1, "x".repeat(10_000)));
  expect(records.size()).toBe(0);
});

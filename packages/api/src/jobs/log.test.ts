import { LogLine } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Job } from "./job.ts";
import { linesOf, MAX_LOG_LINES } from "./log.ts";
import { aReadyClip, START, states, story } from "./testing.ts";

const texts = (job: Job) => job.log.map(({ text }) => text);
const shortly = (job: Job) =>
  job.log.map(({ epoch, stage, level, text }) => [epoch, stage, level, text].join(" | "));

describe("what is told of a job", () => {
  test("from its beginning to its clips", () => {
    const tell = story().after(1000).running();
    tell.after(1000).at("DOWNLOAD", 0.5, { message: "Downloaded 12 of 40 MB" });
    tell.after(1000).at("DOWNLOAD", 0.9, { message: "Downloaded 36 of 40 MB", notice: "No sound was found" });
    tell.after(1000).at("RENDER", 0.1, { message: "Clip 1 of 2" });
    tell.after(1000).succeeded().committed();
    expect(shortly(tell.job)).toEqual([
      " |  | info | The job was made",
      "1 |  | info | Asked process for a place",
      "1 |  | info | process has taken the work and starts its worker",
      "1 |  | info | The worker has begun",
      "1 | DOWNLOAD | info | DOWNLOAD began",
      "1 | DOWNLOAD | warn | No sound was found",
      "1 | DOWNLOAD | info | Downloaded 36 of 40 MB",
      "1 | RENDER | info | RENDER began",
      "1 | RENDER | info | Clip 1 of 2",
      "1 |  | info | The worker is done; its files are checked and published",
      "1 |  | info | The clips are there",
    ]);
  });

  test("an attempt that ends badly, the next one, and what became of them", () => {
    const tell = story().running().failed("RENDER_FAILED").running().failed("NO_VIDEO");
    expect(shortly(tell.job).filter((line) => !line.includes("DOWNLOAD"))).toEqual([
      " |  | info | The job was made",
      "1 |  | info | Asked process for a place",
      "1 |  | info | process has taken the work and starts its worker",
      "1 |  | info | The worker has begun",
      "1 |  | warn | Attempt 1 ended (RENDER_FAILED): it broke",
      "2 |  | info | Attempt 2 is planned",
      "2 |  | info | Asked process for a place",
      "2 |  | info | process has taken the work and starts its worker",
      "2 |  | info | The worker has begun",
      "2 |  | error | The job failed (NO_VIDEO): it broke",
    ]);
  });

  test("where it runs and why, somebody who stops it, and that it was started again", () => {
    const tell = story();
    const place = {
      offer: { offer_id: "a", label: "A4000", gpu: "A4000", usd_per_hour: 0.1 },
      ...{ reason: "first choice", run_ms: null },
    };
    tell.event({ type: "submitting", epoch: 1, provider: "nosana", native: true, place });
    tell.submitted({ provider: "nosana", ref: "r" }).claimed();
    tell.seen({ phase: "running", node: "node-7" });
    tell.cancel().seen({ phase: "exited", exitCode: null, reason: "cancelled" }).retry();
    expect(texts(tell.job)).toEqual([
      "The job was made",
      "Asked nosana for a place: A4000 (first choice)",
      "nosana has taken the work and starts its worker",
      "The worker has begun",
      "DOWNLOAD began",
      "It runs on node-7",
      "Somebody wants the job stopped",
      "The job was cancelled",
      "Attempt 2 is planned",
      "Somebody started the job again",
    ]);
  });

  test("every state that a job can be in has a line of its own, but for those that wait to begin", () => {
    for (const [name, way] of Object.entries(states)) {
      const { job } = way();
      expect(job.log.length, name).toBeGreaterThan(name === "QUEUED" ? 0 : 1);
      expect(z.array(LogLine).parse(linesOf(job))).toHaveLength(job.log.length);
    }
  });
});

describe("the log stays short", () => {
  test("progress is one line for each thing that is said, with its newest time", () => {
    const tell = story().running();
    for (let step = 1; step <= 500; step++)
      tell.after(100).at("DOWNLOAD", step / 1000, { message: `Downloaded ${step}.${step % 10} of 500 MB` });
    const said = tell.job.log.filter(({ text }) => text.startsWith("Downloaded"));
    expect(said).toMatchObject([{ at: tell.now, text: "Downloaded 500.0 of 500 MB" }]);
  });

  test("what is told of each clip is not progress: none takes the other's place", () => {
    const tell = story().running();
    for (const [index, clip_file] of [
      [1, "clip_01.mp4"],
      [2, "clip_02.mp4"],
    ] as const) {
      tell.at("RENDER", 0.2 * index, { notice: `Clip ${index} has no captions` });
      tell.event({ type: "clip_ready", epoch: 1, clip: aReadyClip({ index, clip_file }) });
    }
    expect(texts(tell.job).slice(-4)).toEqual([
      ...["Clip 1 has no captions", "Clip 1 can be watched"],
      ...["Clip 2 has no captions", "Clip 2 can be watched"],
    ]);
  });

  test("a place that refuses for hours is told of once, with the last time that it did", () => {
    const tell = story();
    for (let times = 1; times <= 300; times++) tell.after(5000).submitting().refused(true, 5000);
    expect(tell.job.log.map(({ at, text }) => [text, at])).toEqual([
      ["The job was made", START],
      ["Asked process for a place", tell.now],
      ["full", tell.now],
    ]);
  });

  test("it is in the order of its times, never longer than it may be, and progress goes first", () => {
    const tell = story().running();
    const word = (at: number) => [...String(at)].map((digit) => "abcdefghij"[Number(digit)]).join("");
    for (let at = 0; at < 3 * MAX_LOG_LINES; at++)
      tell.after(10).at("DOWNLOAD", at / 1000, { message: `Looking at ${word(at)}` });
    tell.after(10).at("TRANSCRIPT", 0.5, { notice: "It is hard to hear" });
    const { log } = tell.job;
    expect(log).toHaveLength(MAX_LOG_LINES);
    expect(log.map(({ at }) => at)).toEqual(log.map(({ at }) => at).toSorted((a, b) => a - b));
    expect(texts(tell.job).slice(0, 5)).toEqual([
      "The job was made",
      "Asked process for a place",
      "process has taken the work and starts its worker",
      "The worker has begun",
      "DOWNLOAD began",
    ]);
    expect(texts(tell.job)).toContain("It is hard to hear");
  });

  test("words from outside are one short line", () => {
    const tell = story().running();
    tell.at("DOWNLOAD", 0.1, { message: `a\u0000b\u001b[31m\r\nc\u2028d ${"😀".repeat(300)}` });
    const { text } = tell.job.log.at(-1) ?? { text: "" };
    expect(text).toMatch(/^a b \[31m c d 😀/u);
    expect(text.length).toBeLessThanOrEqual(200);
    expect(text.isWellFormed()).toBe(true);
  });

  test("a sign of life writes nothing into it", () => {
    const tell = story().running();
    const before = tell.job.log;
    expect(tell.after(10_000).pulse().job.log).toBe(before);
  });
});

test("a record of before there was a log is read, and goes on with one", () => {
  const { log: _, shares: __, ...old } = states.RUNNING().job;
  const job = Job.parse(structuredClone(old));
  expect([job.log, job.shares]).toEqual([[], []]);
  const tell = story(job).failed();
  expect(texts(tell.job)).toEqual(["Attempt 1 ended (RENDER_FAILED): it broke", "Attempt 2 is planned"]);
});

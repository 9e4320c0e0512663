import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ffmpeg, tools } from "../asr/testing.ts";
import { aClip, createRenderBench, crop } from "../stages/testing-render.ts";
import { runFfmpeg } from "./ffmpeg.ts";
import {
  begunInPairs,
  expectNamedEnd,
  expectNothingLeaked,
  LIMIT_BYTES,
  LIMIT_SECONDS,
  ROWS,
} from "./testing-corpus.ts";
import { type Outcome, pidOf, workOn } from "./testing-hostile.ts";
import { RECIPES } from "./testing-hostile-files.ts";
import { type Kitchen, prepare } from "./testing-hostile-kitchen.ts";

const HOURS = 12;

let folder = "";
let kitchen: Kitchen;
const rows = ROWS.filter(({ long }) => long);
let outcomes = new Map<string, Promise<Outcome>>();
let hung: Promise<unknown> = Promise.resolve();
beforeAll(async () => {
  if (!tools) return;
  folder = await mkdtemp(join(tmpdir(), "kk-corpus-long-"));
  await mkdir(join(folder, "outside"));
  kitchen = await prepare(folder, join(folder, "outside"), "http://127.0.0.1:9/canary.ts");
  outcomes = begunInPairs(rows, async ({ file }) => {
    await RECIPES[file]?.(join(folder, file), kitchen);
    return workOn({ file: join(folder, file) });
  });
  hung = endOfOneThatHangs(join(folder, "hangs.mkv")).catch((error) => error); // a minute of waiting, while the others are tried
});
afterAll(async () => {
  await Promise.allSettled([...outcomes.values(), hung]);
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!tools)("hostile files that take their time (needs ffmpeg)", () => {
  test.each(rows)("$id $shows: $what", async ({ id, expect: expected }) => {
    const outcome = await outcomes.get(id);
    if (!outcome) throw new Error("it was not tried");
    expect(expected).toContain(outcome.end);
    await expectNamedEnd(outcome, folder);
    expectNothingLeaked(outcome);
    expect(outcome.memory.children).toBeLessThan(LIMIT_BYTES);
    expect(outcome.seconds).toBeLessThan(2 * LIMIT_SECONDS); // two at a time
  });

  test(`F51, F45: ${HOURS} hours end in a clip, in constant memory, and the heartbeat never waits for the work`, async () => {
    const [hour, file] = [join(folder, "hour.mp4"), join(folder, "hours.mp4")];
    await ffmpeg(
      ...["-f", "lavfi", "-i", "testsrc2=s=36x64:r=1", "-f", "lavfi", "-i", "sine=r=16000:b=4"],
      ...["-t", "3600", "-preset", "ultrafast", "-crf", "40", "-g", "60", "-b:a", "16k", hour],
    );
    await ffmpeg("-stream_loop", `${HOURS - 1}`, "-i", hour, "-c", "copy", "-movflags", "+faststart", file);
    const outcome = await workOn({ file, maxSeconds: HOURS * 3600 + 60 });
    expect(outcome.end).toBe("clip");
    await expectNamedEnd(outcome, folder);
    expect(outcome.memory.children).toBeLessThan(400e6);
    expect(outcome.memory.all).toBeLessThan(1e9);
    expect(outcome.longestSilence).toBeLessThan(15_000); // I9; heartbeats are sent once a second here
  });

  test("F45: on a machine that is busy with other things the heartbeat goes on", async () => {
    const busy = new AbortController();
    const others = Array.from({ length: 6 }, () =>
      runFfmpeg(tools as never, {
        args: ["-f", "lavfi", "-i", "testsrc2=s=640x360", "-c:v", "libx264", "-f", "null", "-"],
        signal: busy.signal,
      }).catch(() => {}),
    );
    const outcome = await workOn({ file: join(folder, "base.mp4") });
    busy.abort();
    await Promise.all(others);
    expect(outcome.end).toBe("clip");
    expect(outcome.longestSilence).toBeLessThan(15_000);
  });

  test("a 4K video of 10 bits, shot by a real camera's rules, fits into the memory that ffmpeg may use", async () => {
    await using bench = await createRenderBench();
    const file = await bench.source({
      ...{ name: "large.mp4", picture: "testsrc2=s=3840x2160:r=10", seconds: 4 },
      output: [
        ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:ref=4:bframes=4"],
        ...["-pix_fmt", "yuv420p10le"],
      ],
    });
    const clip = aClip([
      [0, 1],
      [2, 3],
    ]);
    const whole = crop(0, 60, 0, { layout: "fit", w: 3840, h: 2160 });
    const { failure, made } = await bench.render(file, {
      ...{ clips: [clip], frames: [whole], size: [1080, 1920] },
    });
    expect(failure).toBeUndefined();
    expect(made).toHaveLength(1);
  });

  test("F10: with the time that is set for real, ffmpeg that hangs is ended", async () => {
    expect(await hung).toMatchObject({
      code: "TIMED_OUT",
      message: "ffmpeg gave no sign of life for 60 s",
    });
    expect(pidOf("kk-hangs")).toBeUndefined();
  });
});

/** What becomes of an ffmpeg that is stopped in the middle of its work. */
async function endOfOneThatHangs(output: string): Promise<unknown> {
  const args = [
    "-re",
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=64x36",
    "-metadata",
    "title=kk-hangs",
    "-c:v",
    "ffv1",
  ];
  const { signal } = new AbortController();
  const outcome = runFfmpeg(tools as never, { args, output, signal }).catch((error) => error);
  const pid = await vi.waitUntil(() => pidOf("kk-hangs"), { timeout: 60_000 });
  process.kill(pid, "SIGSTOP");
  return outcome;
}

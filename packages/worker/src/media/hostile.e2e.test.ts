import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasProgram, tools } from "../asr/testing.ts";
import { type Origin, startOrigin } from "../fetch/testing-server.ts";
import { machineWalls } from "../walls.ts";
import {
  begunInPairs,
  expectNamedEnd,
  expectNothingLeaked,
  LIMIT_BYTES,
  LIMIT_SECONDS,
  ROWS,
} from "./testing-corpus.ts";
import { type Outcome, workOn } from "./testing-hostile.ts";
import { RECIPES } from "./testing-hostile-files.ts";
import { type Kitchen, prepare } from "./testing-hostile-kitchen.ts";

const exec = promisify(execFile);
const hasStrace = await hasProgram("strace");
const walls = await machineWalls();
/** The others are in hostile-long.e2e.test.ts. */
const rows = ROWS.filter(({ long }) => !long);
/** A job takes one to three seconds on an idle machine. */
const PATIENCE_MS = 180_000;

let folder = "";
let kitchen: Kitchen;
let inside: Origin;
let outcomes = new Map<string, Promise<Outcome>>();
beforeAll(async () => {
  if (!tools) return;
  folder = await mkdtemp(join(tmpdir(), "kk-corpus-"));
  await mkdir(join(folder, "outside"));
  inside = await startOrigin({});
  kitchen = await prepare(folder, join(folder, "outside"), `${inside.origin}/canary.ts`);
  outcomes = begunInPairs(rows, async ({ file }) => {
    await RECIPES[file]?.(join(folder, file), kitchen);
    return workOn({ file: join(folder, file) });
  });
}, PATIENCE_MS);
afterAll(async () => {
  await Promise.allSettled(outcomes.values());
  await inside?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
}, PATIENCE_MS);

test("the corpus has rows enough, each with its own id and recipe", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(56);
  expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
  expect(ROWS.map(({ file }) => file).sort()).toEqual(Object.keys(RECIPES).sort());
});

describe.skipIf(!tools)("each hostile file ends in a whole clip or a named error (needs ffmpeg)", () => {
  test.each(rows)("$id $shows: $what", { timeout: PATIENCE_MS }, async ({ id, expect: expected }) => {
    const outcome = await outcomes.get(id);
    if (!outcome) throw new Error("it was not tried");
    expect(expected).toContain(outcome.end);
    await expectNamedEnd(outcome, folder);
    expectNothingLeaked(outcome);
    expect(outcome.memory.children).toBeLessThan(LIMIT_BYTES);
    expect(outcome.seconds).toBeLessThan(3 * LIMIT_SECONDS); // two at a time, beside other tests
    expect(inside.requests).toEqual([]);
  });

  test.skipIf(!hasStrace).each(["hls-file.mp4", "hls-in-mp4.mp4", "elsewhere.mp4"])(
    "%s: no connection leaves the machine, and the file outside is not opened (needs strace)",
    { timeout: PATIENCE_MS },
    async (name) => {
      const log = join(folder, `${name}.strace`);
      const under = ["strace", "-f", "-qq", "-s", "500", "-e", "trace=connect,open,openat", "-o", log];
      const outcome = await workOn({ file: join(folder, name), under });
      const calls = (await readFile(log, "utf8")).split("\n");
      const connects = calls.filter((call) => call.includes("connect("));
      expect(connects.length).toBeGreaterThan(0);
      expect(
        connects.filter((call) => !/sa_family=AF_UNIX|inet_addr\("127\.0\.0\.1"\)|AF_UNSPEC/.test(call)),
      ).toEqual([]);
      expect(calls.filter((call) => call.includes("outside/canary"))).toEqual([]);
      expectNothingLeaked(outcome);
    },
  );

  test("an upload that is a playlist is not fetched any further", { timeout: PATIENCE_MS }, async () => {
    const outcome = await workOn({ file: join(folder, "hls-path.mp4"), upload: true });
    expect(outcome.end).toBe("SOURCE_UNREADABLE");
    expect([outcome.strays, inside.requests]).toEqual([[], []]);
  });
});

describe.skipIf(!tools)("a machine that does not do its part is named (needs ffmpeg)", () => {
  test("F41: a disk that fills while the video comes in", { timeout: PATIENCE_MS }, async () => {
    const before = fullDisk(".part-source.mp4");
    const outcome = await workOn({ file: join(folder, "base.mp4"), before });
    expect(outcome).toMatchObject({ end: "DISK_FULL", exit: 74 });
    expect(outcome.files.size).toBe(0);
    expect(outcome.rest).toEqual(["work"]);
  });

  test("F41: a disk that fills while the sound is written", { timeout: PATIENCE_MS }, async () => {
    const before = fullDisk("sound.pcm");
    const outcome = await workOn({ file: join(folder, "base.mp4"), before });
    expect(outcome).toMatchObject({ end: "DISK_FULL", exit: 74 });
    expect(outcome.files.size).toBe(0);
    expect(outcome.rest.filter((path) => path.includes(".part-"))).toEqual([]);
  });

  test.skipIf(walls.parent.length === 0)(
    "F43: a folder that cannot be written, with its path (needs setpriv)",
    { timeout: PATIENCE_MS },
    async () => {
      let at = "";
      // root, too, then has no more rights than the folder gives
      const under = [
        "setpriv",
        "--inh-caps=-all",
        ...(process.getuid?.() === 0 ? ["--bounding-set=-all"] : []),
      ];
      const outcome = await workOn({
        file: join(folder, "base.mp4"),
        under,
        before: (cwd) => {
          at = cwd;
          chmodSync(cwd, 0o555);
        },
      });
      expect(outcome).toMatchObject({ end: "WORK_DIR_UNUSABLE", exit: 73 });
      expect(outcome.error).toContain(join(at, "work"));
      expect(outcome.files.size).toBe(0);
    },
  );

  test("F43: a file in the place of the folder, with its path", { timeout: PATIENCE_MS }, async () => {
    const before = (cwd: string) => writeFileSync(join(cwd, "work"), "");
    const outcome = await workOn({ file: join(folder, "base.mp4"), before });
    expect(outcome).toMatchObject({
      end: "WORK_DIR_UNUSABLE",
      error: expect.stringMatching(/\/work .*EEXIST/),
    });
  });

  test.skipIf(walls.limits.length === 0)(
    "F44: too little memory for ffmpeg (needs prlimit)",
    { timeout: PATIENCE_MS },
    async () => {
      const file = join(folder, "large.mp4");
      await exec(tools?.ffmpeg ?? "", [
        ...["-v", "error", "-f", "lavfi", "-i", "color=s=1920x1080:r=2:d=26", "-preset", "ultrafast", file],
      ]);
      const outcome = await workOn({ file, env: { FFMPEG_PATH: await starvedFfmpeg(folder) } });
      expect(outcome).toMatchObject({ end: "OUT_OF_MEMORY", exit: 70 });
      expect(outcome.files.size).toBe(0);
    },
  );
});

/** Whatever is written to this path finds the disk full. */
const fullDisk = (name: string) => (cwd: string) => {
  mkdirSync(join(cwd, "work"));
  symlinkSync("/dev/full", join(cwd, "work", name));
};

/** An ffmpeg that has too little memory for what it is to render. */
async function starvedFfmpeg(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  await symlink(
    (await exec("sh", ["-c", `command -v ${tools?.ffprobe}`])).stdout.trim(),
    join(bin, "ffprobe"),
  );
  const script = `#!/bin/sh\ncase "$*" in *filter_complex_threads*) exec prlimit --data=40000000 ${tools?.ffmpeg} "$@" ;; *) exec ${tools?.ffmpeg} "$@" ;; esac\n`;
  await writeFile(join(bin, "ffmpeg"), script, { mode: 0o755 });
  return join(bin, "ffmpeg");
}

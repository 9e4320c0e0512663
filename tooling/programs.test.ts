import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isFirstTimeToday } from "./once-a-day.ts";
import { howToGet } from "./packages.ts";
import { findYtDlp, OLDEST_YT_DLP } from "./yt-dlp.ts";

const exec = promisify(execFile);
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-programs-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** Runs a piece of code that uses programs.ts on a machine whose PATH leads to `bin` in the test's folder alone. */
async function onBareMachine(code: string) {
  const script = `import { ensurePrograms, programLines } from ${JSON.stringify(import.meta.resolve("./programs.ts"))};
    const dataDir = ${JSON.stringify(dir)}; const said = []; const log = (line) => said.push(line); let result;
    try { result = await ${code} } catch ({ code, message }) { result = { code, message } }
    console.log(JSON.stringify({ result, said }));`;
  const env = { NODE_ENV: "test", PATH: join(dir, "bin") } as const;
  const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", script], { env });
  return JSON.parse(stdout);
}

async function program(path: string, script: string): Promise<string> {
  await mkdir(join(dir, path, ".."), { recursive: true });
  await writeFile(join(dir, path), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, path), 0o755);
  return join(dir, path);
}

test("a machine with nothing is told every program that it lacks, and how to get it", async () => {
  const { result } = await onBareMachine("programLines({ dataDir })");
  expect(result.map(({ id, level, found }: Record<string, unknown>) => [id, level, found])).toEqual([
    ["ffmpeg", "missing", "No usable ffmpeg: ffmpeg does not run"],
    ["speech", "missing", null],
    ["pocketsphinx", "missing", null],
    ["yt-dlp", "missing", null],
  ]);
  for (const { fix, needed } of result) {
    expect(fix).toMatch(/^(To get it: |We know of no package)/);
    expect(needed).toMatch(/\w/);
  }
});

test("without ffmpeg nothing starts, and the error says what to type", async () => {
  const { result, said } = await onBareMachine("ensurePrograms({ dataDir, log, install: false })");
  expect(result.code).toBe("FFMPEG_MISSING");
  expect(result.message).toContain(howToGet(["ffmpeg"]));
  expect(said.join("\n")).toMatch(/Not here: flite.*\n.*pocketsphinx/);
});

test("an ffmpeg that is too old is told as old", async () => {
  await program("bin/ffmpeg", 'echo "ffmpeg version 4.3.1"');
  const { result } = await onBareMachine("programLines({ dataDir })");
  expect(result[0]).toMatchObject({ id: "ffmpeg", level: "old" });
  expect(result[0].found).toContain("4.3.1");
});

test("YTDLP_PATH goes first, then our own copy, and an old one only where there is no other", async () => {
  const own = await program("tools/yt-dlp/bin/yt-dlp", "echo 2023.03.04");
  expect(await findYtDlp({ dataDir: dir, env: {} })).toMatchObject({ program: own, old: true });
  await program("tools/yt-dlp/bin/yt-dlp", `echo ${OLDEST_YT_DLP}`);
  expect(await findYtDlp({ dataDir: dir, env: {} })).toEqual({
    program: own,
    version: OLDEST_YT_DLP,
    old: false,
  });
  const named = await program("mine", "echo 2026.01.01");
  expect(await findYtDlp({ dataDir: dir, env: { YTDLP_PATH: named } })).toMatchObject({ program: named });
  const broken = { YTDLP_PATH: join(dir, "nothing") };
  expect(await findYtDlp({ dataDir: dir, env: broken })).toBeUndefined();
});

test("what fails without a network is tried once a day", async () => {
  expect(await isFirstTimeToday(dir, "pip")).toBe(true);
  expect(await isFirstTimeToday(dir, "pip")).toBe(false);
  expect(await isFirstTimeToday(dir, "apt")).toBe(true);
  const yesterday = Date.now() / 1000 - 90_000;
  await utimes(join(dir, "tools/last-pip"), yesterday, yesterday);
  expect(await isFirstTimeToday(dir, "pip")).toBe(true);
});

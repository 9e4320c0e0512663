import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { childrenSeconds, lastWords, ran, runMeasured } from "./run.ts";

const never = new AbortController().signal;
const node = (script: string) => ({ command: process.execPath, args: ["-e", script] });
/** Works for so many milliseconds of processor time. */
const work = (ms: number) =>
  `const used = () => { const { user, system } = process.cpuUsage(); return user + system; }; const end = used() + ${ms * 1000}; while (used() < end);`;

test("processor time of a program and of what it started is counted, this process's own is not", async () => {
  const child = work(300);
  const script = `require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(child)}]); ${child}`;
  const measuring = runMeasured(node(script), never);
  const end = process.cpuUsage().user + 100_000;
  while (process.cpuUsage().user < end); // work of our own beside it
  const took = await measuring;
  expect(took.cpuSeconds).toBeGreaterThan(0.6);
  expect(took.cpuSeconds).toBeLessThan(2.5);
}, 60_000);

test("memory is the sum over all that live at one time, and rest is what is no ffmpeg", async () => {
  const hold = `const held = Buffer.alloc(80e6, 1); setTimeout(() => held.length, 1500);`;
  const script = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}]); ${hold}`;
  const took = await runMeasured(node(script), never);
  expect(took.peakRss).toBeGreaterThan(200e6);
  expect(took.peakRss).toBeLessThan(500e6);
  expect(took.restSeconds).toBeGreaterThan(0);
  expect(took.restSeconds).toBeLessThanOrEqual(took.cpuSeconds + 0.02);
});

test("two runs never mix: the second one waits for the first one's end", async () => {
  const [one, two] = await Promise.all([runMeasured(node(work(200)), never), runMeasured(node(""), never)]);
  expect(one.cpuSeconds).toBeGreaterThan(0.2);
  expect(two.cpuSeconds).toBeLessThan(one.cpuSeconds);
  expect(childrenSeconds()).toBeGreaterThan(0.2);
});

test("lines come one by one, and a program that fails tells its last words", async () => {
  const lines: string[] = [];
  await ran({ ...node(`console.log("a"); console.log("b")`), onLine: (line) => lines.push(line) }, never);
  expect(lines).toEqual(["a", "b"]);
  await expect(ran(node(`console.error("no luck"); process.exit(3)`), never)).rejects.toThrow(
    /ended with 3: no luck/,
  );
  await expect(ran({ command: "/nowhere/program", args: [] }, never)).rejects.toThrow("ENOENT");
});

test("an abort kills the whole group", async () => {
  const dir = await mkdtemp(join(tmpdir(), "kangklip-run-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, "pid");
  const child = "setTimeout(() => {}, 60000)";
  const script = `const { pid } = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]);
    require("node:fs").writeFileSync(${JSON.stringify(file)}, String(pid)); ${child}`;
  const stop = new AbortController();
  const running = ran(node(script), stop.signal);
  await expect.poll(() => readFile(file, "utf8").catch(() => ""), { timeout: 15_000 }).toMatch(/\d/);
  stop.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  const pid = Number(await readFile(file, "utf8"));
  await expect.poll(() => lives(pid)).toBe(false);
});

async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z");
  return !/\) [ZX]/.test(stat);
}

test("of a stack, the error is told, else the end", () => {
  const stack = "file:///a.ts:1\n  throw x\n\nKangKlipError: The video is 15 s long\n    at a (b)\n";
  expect(lastWords(stack)).toBe("KangKlipError: The video is 15 s long");
  expect(lastWords("one\ntwo\n")).toBe("one two");
});

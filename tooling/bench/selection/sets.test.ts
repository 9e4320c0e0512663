import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSets } from "./sets.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "kk-sets-"));
});
afterEach(() => rm(dir, { recursive: true }));

const put = async (name: string, value: unknown) => {
  const file = join(dir, name);
  await writeFile(file, typeof value === "string" ? value : JSON.stringify(value));
  return file;
};
const graph = Array.from({ length: 100 }, (_, index) => (index === 40 ? 1 : 0.1));
const transcript = [
  { text: "Why is the sea salt?", start: 0, duration: 4 },
  { text: "Because the rivers bring it.", start: 5, end: 290 },
];
const aRow = { vid: "v1", cid: "c1", title: "Salt", gt: graph, transcript };

describe("sets that the user brings", () => {
  test("Rhapsody's rows, one a line", async () => {
    const file = await put(
      "set.jsonl",
      `${JSON.stringify(aRow)}\n\n${JSON.stringify({ ...aRow, vid: "v2" })}\n`,
    );
    const [one, two] = await readSets([file]);
    expect([one?.id, two?.id, one?.channel, one?.use]).toEqual(["v1", "v2", "c1", "held out"]);
    expect(one?.input).toMatchObject({ durationSeconds: 290, title: "Salt" });
    expect(one?.input.transcript.segments[1]).toEqual({
      text: transcript[1]?.text,
      start: 5,
      duration: 285,
      words: [],
    });
    expect(one?.heat.graph[40]).toBe(1);
    expect(JSON.stringify(one?.input)).not.toContain("0.1,0.1");
  });

  test("our own names, with words, sound and a duration", async () => {
    const words = [{ word: "Salt.", start: 1, end: 2 }];
    const sound = { silences: [{ start: 2, end: 3 }], levels: { step: 0.1, dbfs: [-20, -30] } };
    const segments = [{ text: "Salt.", start: 1, duration: 1, words }];
    const row = { id: "own", channel: "mine", graph, duration: 300, language: "en", segments, sound };
    const [video] = await readSets([await put("set.json", [row])]);
    expect(video?.input).toMatchObject({ durationSeconds: 300, sound });
    expect(video?.input.transcript).toMatchObject({ language: "en", timing: "word" });
  });

  test("a heatmap from yt-dlp with the transcript beside it, which does not reach the selector", async () => {
    const heatmap = graph.map((value, index) => ({ start_time: index * 3, end_time: index * 3 + 3, value }));
    const info = await put("talk.info.json", { id: "yt", channel: "c", duration: 300, heatmap });
    await expect(readSets([info])).rejects.toThrow(
      `${info} needs a transcript beside it: talk.transcript.json or transcript.json, as a job leaves it`,
    );
    await put("talk.transcript.json", transcript);
    const [video] = await readSets([info]);
    expect(video).toMatchObject({ id: "yt", channel: "c" });
    expect(video?.heat.graph[40]).toBe(1);
    expect(JSON.stringify(video?.input)).not.toContain("heatmap");
  });

  test.each([
    ["no row at all", "set.jsonl", "\n", /holds no rows/],
    ["no JSON", "set.jsonl", "{}\n{oops\n", /set\.jsonl, line 2 is no JSON/],
    ["no object", "set.json", [3], /row 1 is no object/],
    [
      "no graph",
      "set.json",
      [{ ...aRow, gt: undefined }],
      /row 1: "gt" \(or "graph"\) must be a list of ten scores/,
    ],
    [
      "scores in per cent",
      "set.json",
      [{ ...aRow, gt: graph.map((each) => each * 100) }],
      /scores must be from 0 to 1/,
    ],
    ["a text for a transcript", "set.json", [{ ...aRow, transcript: "Why is" }], /is a text without times/],
    [
      "no transcript",
      "set.json",
      [{ ...aRow, transcript: [] }],
      /must be a list of \{ text, start, duration \}/,
    ],
    [
      "a segment without a time",
      "set.json",
      [{ ...aRow, transcript: [{ text: "a" }] }],
      /segment 1 of the transcript, start/,
    ],
    ["no length", "set.json", [{ ...aRow, duration: "long" }], /the duration must be a number of seconds/],
    ["a moment without a wish", "set.json", [{ ...aRow, told: [{ start: 1, end: 9 }] }], /"told" must be/],
    [
      "a moment that ends before it",
      "set.json",
      [{ ...aRow, told: [{ start: 9, end: 1, wish: "x" }] }],
      /"told" must be/,
    ],
    ["broken sound", "set.json", [{ ...aRow, sound: { levels: 3 } }], /"sound" must be/],
    ["an empty heatmap", "a.info.json", { id: "x", duration: 300, heatmap: null }, /has no heatmap/],
  ])("%s is refused, with the place and what is needed", async (_, name, content, message) => {
    await expect(readSets([await put(name, content)])).rejects.toThrow(message);
  });

  test("a file that is not there is named", async () => {
    await expect(readSets([join(dir, "none.json")])).rejects.toThrow(/none\.json cannot be read: ENOENT/);
  });
});

describe("the program", () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [main, ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );

  test("measures a set that the user brings, and ends with 1 where it is no better than chance", async () => {
    const text = "The queen leaves the hive and the swarm follows the queen to a tree.";
    const segments = Array.from({ length: 60 }, (_, index) => ({ text, start: index * 10, duration: 9 }));
    const set = await put(
      "set.jsonl",
      `${JSON.stringify({ ...aRow, transcript: segments, duration: 610, told: [{ start: 100, end: 120, wish: "bees" }] })}\n`,
    );
    const { code, stdout } = await run("--set", set, "--draws", "100", "--json");
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ bench: "selection", seed: 1, clips: 3, leftOut: 0 });
    expect(result.groups.map(({ name }: { name: string }) => name)).toEqual(["all", "channel: c1"]);
    expect(result).not.toHaveProperty("rules");
    expect(result.wishes).toMatchObject({ wishes: 1, unmet: 1 });
    expect(code).toBe(result.ok ? 0 : 1);
    expect(result.ok).toBe(result.faults.length === 0);
  });

  test("says what is wrong with an option or a file", async () => {
    expect((await run("--clips", "9")).stderr).toContain("--clips must be a whole number from 1 to 5");
    expect((await run("--set", join(dir, "none.json"))).stderr).toContain("none.json cannot be read: ENOENT");
  });
});

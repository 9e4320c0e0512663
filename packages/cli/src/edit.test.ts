import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EdlClip } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { captionPreset, clipFile, onOff, outputLanguage, seconds, spokenLanguage } from "./arguments.ts";
import { createClient } from "./client.ts";
import { type Changes, editClip, editOf, listRevisions, showRevision } from "./edit.ts";
import { CliError, EXIT } from "./exit.ts";
import type { Connection } from "./jobs.ts";
import { createTerminal } from "./terminal.ts";
import { kangklip } from "./testing.ts";

let api: Awaited<ReturnType<typeof startTestApi>>;
let connection: Connection;
const said: string[] = [];
// biome-ignore lint/suspicious/noExplicitAny: tests look into lines of any shape
const told: any[] = [];
const terminal = createTerminal(
  { json: true, quiet: false, color: false },
  {
    stdout: { write: (text: string) => told.push(JSON.parse(text)) > 0, isTTY: false, columns: 200 },
    stderr: { write: (text: string) => said.push(text) > 0, isTTY: false, columns: 200 },
  },
);
const run = (...args: string[]) =>
  kangklip([...args, "--json"], { DATA_DIR: api.dataDir, PORT: new URL(api.url).port });

beforeAll(async () => {
  api = await startTestApi();
  const client = createClient(api.url, { "x-operator-token": api.config.operatorToken });
  connection = { apiUrl: api.url, client };
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

test("what is wished for goes along with the request; a clip is changed, rendered and saved beside what was saved before", async () => {
  const wishes = ["--language", "fr", "--caption-preset", "bold", "--tighten", "--output-language", "pt-BR"];
  const made = await run("clip", "https://example.com/ok.mp4", "--about", "the dog", ...wishes);
  const { job_id } = made.last;
  const view = await connection.client.jobs.view.query({ job_id });
  expect(view.request).toMatchObject({
    ...{ language: "fr", caption_preset: "bold", tighten: true, output_language: "pt-BR", about: "the dog" },
  });

  const changed = await run("edit", job_id, "1", "--title", "Better", "--start", "0:20", "--captions", "off");
  expect(changed.exit).toBe(0);
  expect(changed.lines[0]).toEqual({ event: "created", job_id: changed.last.edit_job_id, revision: 2 });
  expect(changed.last).toMatchObject({
    ...{ job_id, clip_file: "clip_01.mp4", revision: 2, title: "Better", verdict: null, reasons: [] },
    path: join(api.dataDir, "clips", job_id, "clip_01_r2.mp4"),
  });
  expect(changed.last.start).toBeCloseTo(19.9, 6);
  expect(readFileSync(changed.last.path)).toHaveLength(5001);

  const clip = { job: job_id, file: "clip_01.mp4" };
  await listRevisions(connection, clip, terminal);
  expect(told.splice(0)).toMatchObject([
    { revision: 1, shown: false },
    { revision: 2, shown: true, changed: ["title", "segments", "captions"] },
  ]);
  await showRevision(connection, clip, 1, terminal);
  expect(said.slice(-2).join("")).toMatch(/^\* {2}1 {2}SUCCEEDED .*\n {3}2 {2}SUCCEEDED .*Better/);
  await expect(showRevision(connection, clip, 9, terminal)).rejects.toMatchObject({
    ...{ exit: EXIT.usage, message: expect.stringContaining("revision not found") },
  });

  const failed = async (changes: Changes, file = clip.file) => {
    const options = { outDir: api.dataDir, terminal, signal: new AbortController().signal };
    const error = await editClip(connection, { job: job_id, file }, changes, options).catch(
      (end: unknown) => end,
    );
    return error instanceof CliError ? [error.exit, error.message] : [error];
  };
  const because = (text: string) => expect.stringContaining(text);
  expect(await failed({})).toEqual([EXIT.usage, because("Say what is to be changed")]);
  expect(await failed({ title: "T" }, "clip_02.mp4")).toEqual([
    EXIT.usage,
    because("has no clip_02.mp4; it has 1"),
  ]);
  expect(await failed({ start: 130, end: 140 })).toEqual([EXIT.usage, because("The video is 120 s long")]);
  expect(await failed({ title: "It fails" })).toEqual([EXIT.source, because("SOURCE_UNREADABLE")]);
}, 60_000);

describe("a cut from one time to another", () => {
  const parts = [
    { start: 10, end: 20, text: "" },
    { start: 25, end: 40, text: "" },
  ];
  const cut = (changes: Changes) => editOf({ segments: parts } as unknown as EdlClip, changes).segments;
  test.each<[Changes, [number, number][]]>([
    [
      { start: 12 },
      [
        [12, 20],
        [25, 40],
      ],
    ],
    [
      { start: 5, end: 45 },
      [
        [5, 20],
        [25, 45],
      ],
    ],
    [{ end: 22 }, [[10, 20]]],
    [{ start: 22, end: 30 }, [[25, 30]]],
    [{ start: 30 }, [[30, 40]]],
    [{ start: 60, end: 70 }, [[60, 70]]],
    [{ start: 20, end: 25 }, [[20, 25]]],
  ])("%j", (changes, wanted) => {
    expect(cut(changes)).toEqual(wanted.map(([start, end]) => ({ start, end })));
  });

  test("that leaves nothing is refused; one that is not asked for is none", () => {
    for (const changes of [{ start: 40 }, { end: 10 }, { start: 30, end: 20 }])
      expect(() => cut(changes)).toThrow("from 10 s to 40 s of the video");
    expect(cut({ title: "T" })).toBeUndefined();
  });
});

test("times are seconds or as on a clock, and clips have numbers or files", () => {
  expect(["83.5", "1:23.5", "0:01:23.5", "1:00:00"].map(seconds)).toEqual([83.5, 83.5, 83.5, 3600]);
  for (const text of ["", "-1", "1e3", "1:2:3:4", "NaN", ":5"])
    expect(() => seconds(text)).toThrow("seconds of the video");
  expect(["1", "clip_02", "clip_05.mp4"].map(clipFile)).toEqual([
    "clip_01.mp4",
    "clip_02.mp4",
    "clip_05.mp4",
  ]);
  for (const text of ["0", "6", "clip_1", "../1"]) expect(() => clipFile(text)).toThrow("a clip's number");
  expect([spokenLanguage("FR"), outputLanguage("pt-BR"), captionPreset("pop"), onOff("off")]).toEqual([
    "fr",
    "pt-BR",
    "pop",
    false,
  ]);
  expect(() => spokenLanguage("klingon")).toThrow("like en, id, fr or zh");
  expect(() => outputLanguage("english please")).toThrow("like en, id or pt-BR");
  expect(() => captionPreset("comic")).toThrow("one of amber, ");
  expect(() => onOff("yes")).toThrow("on or off");
});

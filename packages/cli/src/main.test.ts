import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { kangklip } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-cli-"));
const address = (behaviour: string) => `https://example.com/${behaviour}.mp4`;
let api: Awaited<ReturnType<typeof startTestApi>>;
let env: Record<string, string>;
const operator = () => api.trpc({ "x-operator-token": api.config.operatorToken });

beforeAll(async () => {
  api = await startTestApi({ env: { MAX_RUNNING_JOBS: "8" } });
  env = { DATA_DIR: api.dataDir, PORT: new URL(api.url).port };
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

test("clip: a URL becomes saved clips; with --json each line is one event, the last one the result", async () => {
  const out = join(dir, "made");
  const { exit, lines, last, stderr } = await kangklip(["clip", address("ok"), "--json", "--out", out], env);
  expect(exit).toBe(0);
  expect(lines[0]).toEqual({ event: "created", job_id: last.job_id });
  expect(new Set(lines.slice(0, -1).map(({ event }) => event))).toEqual(
    new Set(["created", "progress", "saved"]),
  );
  const progress = lines.flatMap((line) => (line.event === "progress" ? [line.progress] : []));
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(last).toMatchObject({ status: "SUCCEEDED", transcriber: "none", selector: "heuristic" });
  expect(last.notices).toEqual(["Made by the tests"]);
  expect(last.seconds.total).toBeGreaterThan(0);
  expect(Object.keys(last.clips[0])).toEqual([
    "file",
    "path",
    "title",
    "start",
    "end",
    "duration",
    "width",
    "height",
    "sha256",
  ]);
  expect(last.clips).toMatchObject([
    { file: "clip_01.mp4", start: 10, end: 40, duration: 30, width: 1080, height: 1920 },
  ]);
  const [{ path, sha256 }] = last.clips;
  expect(path).toBe(join(out, last.job_id, "clip_01.mp4"));
  expect(createHash("sha256").update(readFileSync(path)).digest("hex")).toBe(sha256);
  expect(readdirSync(join(out, last.job_id))).toEqual(["clip_01.mp4"]);
  expect(stderr).toContain("1 clip in ");
}, 60_000);

test("clip: a file is sent; without --json nothing is on stdout, and colours only where they can be seen", async () => {
  const file = join(dir, "my talk.mp4");
  writeFileSync(file, "not looked into by these tests");
  const { exit, stdout, stderr } = await kangklip(["clip", file, "--out", join(dir, "sent")], env);
  expect([exit, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(
    /Sending the file …\n[\s\S]*The tests' clip\n {2}30\.0 s, from 0:10 of the video\n {2}\//,
  );
  expect(stderr).not.toContain("\u001b[");
}, 60_000);

test.each<[string, string[], number, RegExp]>([
  ["a file that is not there", ["clip", "/nowhere/talk.mp4"], 2, /There is no file \/nowhere\/talk\.mp4/],
  ["an address of a private network", ["clip", "http://10.0.0.1/a.mp4"], 3, /SOURCE_REFUSED: Give a public/],
  ["an address that is none", ["clip", "ftp://example.com/a.mp4"], 2, /must be a valid URL/],
  [
    "a video that cannot be read",
    ["clip", address("fails")],
    3,
    /can be read \(RENDER\)\n {2}SOURCE_UNREADABLE: /,
  ],
  ["a folder that cannot be made", ["clip", address("ok"), "--out", "/dev/null/x"], 78, /ENOTDIR/],
  ["an unknown job", ["jobs", "get", "kk_01JD0000000000000000000000"], 2, /job not found/],
  ["a job id that is none", ["jobs", "watch", "nonsense"], 2, /job not found/],
])(
  "%s: the exit code says what kind of end it is",
  async (_name, args, exit, words) => {
    const ran = await kangklip([...args, "--json"], env);
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).not.toMatch(/\n {4}at /); // no stack
    expect(ran.exit).toBe(exit);
    expect(ran.last).toMatchObject({ status: "FAILED", exit, error: expect.stringMatching(words) });
  },
  60_000,
);

test("an empty file, a wrong option and an unknown command are told before anything is asked", async () => {
  const empty = join(dir, "empty.mp4");
  writeFileSync(empty, "");
  const wrong: [string[], number][] = [
    [["clip", empty], 3],
    [["clip", address("ok"), "--count", "9"], 2],
    [["clip", address("ok"), "--duration", "29.5"], 2],
    [["clip"], 2],
    [["clips"], 2],
    [["demo", "--generation-fee"], 2],
    [["--help"], 0],
    [["--version"], 0],
  ];
  const before = await operator().jobs.list.query({});
  const ran = await Promise.all(wrong.map(([args]) => kangklip(args, env)));
  expect(ran.map(({ exit }) => exit)).toEqual(wrong.map(([, exit]) => exit));
  expect(await operator().jobs.list.query({})).toHaveLength(before.length);
}, 60_000);

test("a service that does not answer ends with 69, one that never ran here with 78", async () => {
  const away = { ...env, PORT: "9" };
  const ran = await Promise.all([
    kangklip(["clip", address("ok")], away),
    kangklip(["jobs", "ls"], away),
    kangklip(["jobs", "ls"], { ...env, DATA_DIR: join(dir, "nothing-here") }),
  ]);
  expect(ran.map(({ exit }) => exit)).toEqual([69, 69, 78]);
  expect(ran[0]?.stderr).toContain("http://localhost:9 does not answer. Start it with: npm start");
}, 60_000);

test("clip --api: a service elsewhere needs no token of this machine", async () => {
  const stranger = { DATA_DIR: join(dir, "nothing-here") };
  const { exit, last } = await kangklip(["clip", address("ok"), "--json", "--api", api.url], stranger);
  expect(exit).toBe(0);
  expect(readFileSync(last.clips[0].path)).toHaveLength(5000);
}, 60_000);

test("^C cancels the job and ends with 130", async () => {
  let asked = false;
  const { exit, lines, stderr } = await kangklip(["clip", address("hangs"), "--json"], env, (child, said) => {
    if (asked || !said.includes('"TRANSCRIPT"')) return;
    asked = true;
    child.kill("SIGINT");
  });
  expect(exit).toBe(130);
  expect(stderr).toContain("Cancelling");
  expect(lines.at(-1)).toMatchObject({ status: "FAILED", exit: 130 });
  const view = await operator().jobs.view.query({ job_id: lines[0].job_id });
  expect(view.state).toBe("CANCELLED");
}, 60_000);

test("jobs ls, get, cancel and watch show and end a job of anybody's", async () => {
  const { job_id } = await api.trpc().jobs.create.mutate({
    ...{ video_url: address("silent"), clip_duration_seconds: 30, clip_count: 1 },
  });
  await api.until(job_id, ({ state }) => state === "RUNNING");
  const [rows, table, got] = await Promise.all([
    kangklip(["jobs", "ls", "--json", "--limit", "2"], env),
    kangklip(["jobs", "ls"], env),
    kangklip(["jobs", "get", job_id, "--json"], env),
  ]);
  expect(rows.lines).toHaveLength(2);
  expect(rows.lines[0]).toMatchObject({
    job_id,
    state: "RUNNING",
    title: "A talk",
    source: address("silent"),
  });
  expect(table.stderr).toMatch(new RegExp(`${job_id} {2}RUNNING .*A talk`));
  expect(got.last).toMatchObject({ job_id, state: "RUNNING", source: { url: address("silent") } });
  let left = false;
  const watched = await kangklip(["jobs", "watch", job_id, "--json"], env, (child) => {
    if (!left) child.kill("SIGINT");
    left = true;
  });
  expect(watched.exit).toBe(130);
  expect(await operator().jobs.view.query({ job_id })).toMatchObject({ state: "RUNNING" }); // ^C only stops the watching
  const watching = kangklip(["jobs", "watch", job_id, "--json"], env);
  const cancelled = await kangklip(["jobs", "cancel", job_id, "--json"], env);
  expect(cancelled).toMatchObject({ exit: 0, last: { job_id, request: { clip_count: 1 } } });
  expect((await watching).exit).toBe(130);
}, 60_000);

test("a job is followed through a restart of the service", async () => {
  let service = await startTestApi({ keep: true });
  const { dataDir } = service;
  const port = new URL(service.url).port;
  const { job_id } = await service.trpc().jobs.create.mutate({
    ...{ video_url: address("silent"), clip_duration_seconds: 30, clip_count: 1 },
  });
  await service.until(job_id, ({ state }) => state === "RUNNING");
  const connected = Promise.withResolvers<void>();
  const watching = kangklip(["jobs", "watch", job_id, "--json"], { DATA_DIR: dataDir, PORT: port }, () =>
    connected.resolve(),
  );
  await connected.promise;
  await service.stop();
  await sleep(1500);
  service = await startTestApi({ dataDir, env: { PORT: port } });
  await using _service = service;
  await service.trpc({ "x-operator-token": service.config.operatorToken }).jobs.cancel.mutate({ job_id });
  const { exit, lines } = await watching;
  expect(lines.some(({ state }) => state === "CANCELLED")).toBe(true);
  expect(exit).toBe(130);
}, 60_000);

test("doctor --json tells what is there, what is wanted and what gets it", async () => {
  const { exit, lines, last } = await kangklip(["doctor", "--json"], {
    ...env,
    FFMPEG_PATH: "/nowhere/ffmpeg",
  });
  expect(last).toEqual({ ok: exit === 0, lines: lines.slice(0, -1) });
  expect([0, 78]).toContain(exit);
  const ids = last.lines.map(({ id }: { id: string }) => id);
  expect(ids).toEqual(expect.arrayContaining(["node", "ffmpeg", "yt-dlp", "speech model", "data folder"]));
  // the service runs: what stands behind it is told too
  expect(ids).toEqual(expect.arrayContaining(["its store", "its artifacts", "its compute"]));
  for (const { level, fix } of last.lines) expect(level === "ok").toBe(fix === null);
}, 60_000);

test("what Node compiled is kept for the next start, and a folder that cannot be written is no error", async () => {
  const kept = join(dir, "compiled");
  const help = () => kangklip(["--help"], { NODE_COMPILE_CACHE: kept });
  const written = () =>
    readdirSync(kept, { recursive: true, encoding: "utf8" }).map((name) => [
      name,
      statSync(join(kept, name)).mtimeMs,
    ]);
  expect((await help()).exit).toBe(0);
  const first = written();
  expect(first.length).toBeGreaterThan(20); // of its own sources, and of packages
  expect((await help()).stdout).toContain("Usage: kangklip");
  expect(written()).toEqual(first);
  expect(await kangklip(["--help"], { NODE_COMPILE_CACHE: "/dev/null/compiled" })).toMatchObject({
    exit: 0,
    stderr: "",
  });
});

test("a reader that has had enough ends it quietly", async () => {
  const { exit, stderr } = await kangklip(["clip", address("hangs"), "--json"], env, (child) =>
    child.stdout?.destroy(),
  );
  expect([exit, stderr.includes("EPIPE")]).toEqual([0, false]);
  for (const { job_id, state } of await operator().jobs.list.query({}))
    if (state === "RUNNING") await operator().jobs.cancel.mutate({ job_id });
}, 60_000);

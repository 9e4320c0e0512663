import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { createClient } from "./client.ts";
import type { Connection } from "./jobs.ts";
import { listClips, saveTimeline } from "./keep.ts";
import { tellLog } from "./log.ts";
import { listShares, revokeShare } from "./share.ts";
import { tellStatus } from "./status.ts";
import { createTerminal } from "./terminal.ts";
import { kangklip } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-keep-"));
let api: Awaited<ReturnType<typeof startTestApi>>;
let connection: Connection;
let env: Record<string, string>;
let id: string;

beforeAll(async () => {
  api = await startTestApi();
  env = { DATA_DIR: api.dataDir, PORT: new URL(api.url).port };
  const headers = { "x-operator-token": api.config.operatorToken };
  connection = { apiUrl: api.url, client: createClient(api.url, headers) };
  const request = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
  id = (await api.trpc().jobs.create.mutate(request)).job_id;
  expect((await api.until(id)).status).toBe("SUCCEEDED");
}, 60_000);
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

/** A terminal that keeps what it is told: rows for machines, words for people. */
function aTerminal() {
  const said = { stdout: "", stderr: "" };
  const to = (name: keyof typeof said) => ({
    isTTY: false,
    columns: 80,
    write: (text: string) => {
      said[name] += text;
      return true;
    },
  });
  const screens = { stdout: to("stdout"), stderr: to("stderr") };
  const terminal = createTerminal({ json: true, quiet: false, color: false }, screens as never);
  const rows = () =>
    said.stdout
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { terminal, said, rows };
}

test("share: a link is made, opened, listed and taken back", async () => {
  const made = await kangklip(["share", id, "--clip", "1", "--expires", "2d", "--json"], env);
  expect([made.exit, made.last]).toMatchObject([
    0,
    { clip_files: ["clip_01.mp4"], path: expect.stringMatching(/^\/s\/kks_/) },
  ]);
  const { token, share_id, created_at, expires_at, path, address } = made.last;
  expect(new URL(address).pathname).toBe(path);
  expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(2 * 86_400_000);
  expect(made.stderr).toContain("may watch and save clip_01.mp4 until");
  expect((await api.trpc().shares.view.query({ token })).clips).toHaveLength(1);
  const [listed, revoked] = [aTerminal(), aTerminal()];
  await listShares(connection, id, listed.terminal);
  expect(listed.rows()).toMatchObject([{ share_id, token }]);
  await revokeShare(connection, { job_id: id, share_id }, revoked.terminal);
  expect(revoked.said).toEqual({ stdout: "", stderr: "No link leads to clips of this job.\n" });
  await expect(api.trpc().shares.view.query({ token })).rejects.toThrow("does not lead to clips");
}, 120_000);

test("clips: all of a job is saved as one zip, its cuts as a file of their own", async () => {
  const [zip, timeline] = [join(dir, "new/all.zip"), join(dir, "cuts.otio")];
  const saved = await kangklip(["clips", id, "--zip", zip, "--timeline", timeline, "--json"], env);
  expect([saved.exit, saved.lines]).toMatchObject([0, [{ path: zip }, { path: timeline, format: "otio" }]]);
  expect(readFileSync(zip).subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
  expect(JSON.parse(readFileSync(timeline, "utf8")).OTIO_SCHEMA).toBe("Timeline.1");
  expect(readdirSync(join(dir, "new"))).toEqual(["all.zip"]);
  const listed = aTerminal();
  await listClips(connection, id, listed.terminal);
  expect(listed.rows()).toMatchObject([{ clip_file: "clip_01.mp4" }]);
  expect(listed.said.stderr).toContain("clip_01.mp4   30.0 s  The tests' clip");
  const file = join(dir, "cuts.doc");
  const refused = saveTimeline(connection, id, { file, terminal: listed.terminal });
  await expect(refused).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining("must end in one of .edl"),
  });
}, 120_000);

test("log and status: what happened to a job, and how the service is", async () => {
  const [log, status] = [aTerminal(), aTerminal()];
  await tellLog(connection, id, log.terminal);
  expect(log.rows()[0]).toMatchObject({ level: "info", text: "The job was made" });
  expect(log.said.stderr).toMatch(/\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}1 {14}The clips are there\n$/);
  expect(await tellStatus(api.url, status.terminal)).toBe(0);
  expect(status.rows()).toMatchObject([{ ok: true, queue: { waiting: 0 } }]);
  expect(status.said.stderr).toMatch(/^All is well[\s\S]*0 running, 0 waiting\n {2}process {5}ok\n$/);
  await expect(tellStatus("http://127.0.0.1:9", status.terminal)).rejects.toMatchObject({ exit: 69 });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { kangklip } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-compute-"));
const source = "https://example.com/ok.mp4";
/** An engine that is not there, before this machine itself. */
const compute = {
  COMPUTE: "docker,process",
  DOCKER_HOST: "unix:///nowhere/docker.sock",
  WORKER_IMAGE: "kangklip/worker:test",
};
let api: Awaited<ReturnType<typeof startTestApi>>;
let env: Record<string, string>;
const jobs = () => api.trpc({ "x-operator-token": api.config.operatorToken }).jobs.list.query({});

beforeAll(async () => {
  api = await startTestApi({ env: { ...compute, MAX_RUNNING_JOBS: "8" } });
  env = { DATA_DIR: api.dataDir, PORT: new URL(api.url).port };
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

test("a job that could not go to its first choice says where it went and why, and so does jobs show", async () => {
  const { exit, stderr, lines, last } = await kangklip(
    ["clip", source, "--json", "--out", join(dir, "made")],
    env,
  );
  expect(exit).toBe(0);
  expect(stderr).toMatch(/on process · this machine · \$0\.00\/h\n +because: docker /);
  expect(stderr).toMatch(/1 clip in .*, on process\./);
  expect(last).toMatchObject({ provider: "process", usd: 0 });
  expect(lines.findLast(({ event }) => event === "progress")).toMatchObject({ provider: "process", usd: 0 });
  const shown = await kangklip(["jobs", "show", last.job_id], env);
  expect(shown.stderr).toMatch(
    /attempt 1: succeeded {2}process · this machine · \$0\.00\/h\n.*cost \$0\.00\n {4}there because: docker /,
  );
}, 120_000);

test("a job goes where it is wanted, of what the service has", async () => {
  const args = ["clip", source, "--compute", "process", "--max-usd", "0", "--json"];
  const { exit, stderr, last } = await kangklip([...args, "--out", join(dir, "own")], env);
  expect([exit, last.provider]).toEqual([0, "process"]);
  expect(stderr).toContain("on process · this machine · $0.00/h\n"); // nothing spoke against it
  const shown = await kangklip(["jobs", "get", last.job_id, "--json"], env);
  expect(shown.last.request).toMatchObject({ compute: ["process"], max_usd: 0 });
}, 120_000);

test("what the service does not have is told before a file is sent; wrong figures before anything is asked", async () => {
  const file = join(dir, "talk.mp4");
  writeFileSync(file, "not looked into");
  const before = await jobs();
  const [away, name, usd, unknown] = await Promise.all([
    kangklip(["clip", file, "--compute", "process,nosana", "--json"], env),
    kangklip(["clip", file, "--compute", "No such"], env),
    kangklip(["clip", file, "--max-usd", "cheap"], env),
    kangklip(["demo", "--compute", "dokcer", "--exit"], env),
  ]);
  expect([away?.exit, name?.exit, usd?.exit, unknown?.exit]).toEqual([2, 2, 2, 2]);
  expect(away?.stderr).toMatch(
    /cannot run jobs on nosana: it runs with COMPUTE=docker,process\n {2}INVALID_INPUT/,
  );
  expect(away?.stderr).not.toContain("Sending the file");
  expect(unknown?.stderr).toContain("There is no dokcer; there are process, docker, nosana.");
  expect(await jobs()).toHaveLength(before.length);
}, 120_000);

test("--quote tells where a job would run and what it would cost, and makes none", async () => {
  const before = await jobs();
  const [told, nowhere] = await Promise.all([
    kangklip(["clip", source, "--quote", "--json"], env),
    kangklip(["clip", source, "--quote", "--compute", "docker"], env),
  ]);
  expect(told?.exit).toBe(0);
  expect(told?.stderr).toMatch(/→ {2}process {2}this machine {2}\$0\.00\/h {2}up to \$0\.00 {2}free now/);
  expect(told?.last.offers).toMatchObject([{ provider: "process", usd: 0, chosen: true }]);
  expect([nowhere?.exit, nowhere?.stdout]).toEqual([4, ""]);
  expect(nowhere?.stderr).toMatch(/docker/i);
  expect(await jobs()).toHaveLength(before.length);
}, 120_000);

test("doctor --providers asks the service that runs about each of its providers", async () => {
  const { exit, last, lines, stderr } = await kangklip(["doctor", "--providers", "--json"], env);
  expect(exit).toBe(0);
  expect(last).toMatchObject({ ok: true, from: `http://localhost:${env.PORT}` });
  expect(last.providers).toEqual(lines.slice(0, -1));
  expect(last.providers).toMatchObject([
    {
      id: "docker",
      ok: false,
      operator: { offers: [], detail: expect.stringContaining("/nowhere/docker.sock") },
    },
    { id: "process", ok: true, usd_per_hour: 0, operator: { offers: [{ label: "this machine" }] } },
  ]);
  expect(stderr).toMatch(/✗ docker .*Docker does not answer[\s\S]*docs\/docker\.md/);
  expect(stderr).toMatch(/✓ process[\s\S]*this machine {2}\$0\.00\/h {2}free now/);
  expect(stderr).toContain("Jobs can run on process.");
  const stranger = await kangklip(["doctor", "--providers", "--api", api.url, "--json"], {
    DATA_DIR: join(dir, "stranger"),
  });
  expect(stranger.last).toMatchObject({ from: api.url, providers: [{ operator: null }, { operator: null }] });
}, 120_000);

test("without a service doctor --providers takes the settings of this terminal; 4 where none can be used, 78 where they are wrong", async () => {
  const alone = { DATA_DIR: join(dir, "alone"), PORT: "9" };
  const [both, docker, wrong] = await Promise.all([
    kangklip(["doctor", "--providers", "--json"], { ...alone, ...compute }),
    kangklip(["doctor", "--providers"], { ...alone, ...compute, COMPUTE: "docker" }),
    kangklip(["doctor", "--providers"], { ...alone, COMPUTE: "dokcer" }),
  ]);
  expect(both?.exit).toBe(0);
  expect(both?.last).toMatchObject({
    ...{ ok: true, from: "settings" },
    providers: [
      { id: "docker", ok: false },
      { id: "process", ok: true },
    ],
  });
  expect([docker?.exit, wrong?.exit]).toEqual([4, 78]);
  expect(docker?.stderr).toContain("No provider can be used now.");
  expect(wrong?.stderr).toContain("COMPUTE");
}, 120_000);

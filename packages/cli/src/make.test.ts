import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobView } from "@kangklip/contract";
import { initTRPC, tracked } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { afterAll, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { createClient } from "./client.ts";
import { CliError, EXIT } from "./exit.ts";
import { failure, make, watch } from "./make.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-make-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
const quiet = createTerminal({ json: false, quiet: true, color: false });
const request = { clip_duration_seconds: 30, clip_count: 1, language: "en" } as const;
const source = "https://example.com/ok.mp4";
const JOB = "kk_01JD0000000000000000000000";

/** Something that answers like a service with a finished job of one clip, but says and sends what it likes. */
async function startLiar({ name = "clip_01.mp4", breaks = true }) {
  const { router, procedure } = initTRPC.create();
  const server = createHTTPServer({
    basePath: "/trpc/",
    router: router({
      jobs: router({
        create: procedure.mutation(() => ({ job_id: JOB, job_token: "kkj_x", status: "QUEUED" })),
        events: procedure.subscription(async function* () {
          yield tracked("1", {
            ...{ job_id: JOB, status: "SUCCEEDED", state: "SUCCEEDED", notices: [], attempts: [], usd: null },
          });
        }),
        results: procedure.query(() => ({
          clips: [{ clip_file: name, title: "A clip" }],
          notices: [],
          seconds: {},
        })),
      }),
      clips: router({ download: procedure.query(() => ({ url: "/file" })) }),
    }),
    middleware(incoming, response, next) {
      if (incoming.url !== "/file") return next();
      response.writeHead(200, { "content-length": 1000 });
      response.write("the beginning", () => {
        if (breaks) setTimeout(() => response.destroy(), 50);
      });
    },
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const making = (apiUrl: string, outDir: string, over: { terminal?: Terminal; signal?: AbortSignal } = {}) =>
  make({ apiUrl, outDir, source, request, terminal: quiet, signal: never, ...over });

test("a clip that is not what its job says is told as damaged", async () => {
  await using api = await startTestApi();
  const terminal: Terminal = {
    ...quiet,
    event(value) {
      const { job_id, status } = value as Partial<JobView>;
      if (status === "SUCCEEDED")
        writeFileSync(join(api.dataDir, "artifacts", "jobs", job_id ?? "", "clip_01.mp4"), "something else");
    },
  };
  await expect(making(api.url, join(dir, "damaged"), { terminal })).rejects.toMatchObject({
    exit: EXIT.service,
    message: "clip_01.mp4 arrived damaged: get it again from the page",
  });
}, 30_000);

test("a service that names another file than a clip is not obeyed", async () => {
  await using liar = await startLiar({ name: "../../escaped.mp4" });
  const outDir = join(dir, "deep", "deeper", "out");
  await expect(making(liar.apiUrl, outDir)).rejects.toMatchObject({
    exit: EXIT.service,
    message: "The service names a clip that is none",
  });
  expect(globSync("**/escaped*", { cwd: dir })).toEqual([]);
});

test("a download that breaks off leaves nothing, and ^C ends one that hangs", async () => {
  const outDir = join(dir, "broken");
  {
    await using liar = await startLiar({});
    await expect(making(liar.apiUrl, outDir)).rejects.toMatchObject({
      exit: EXIT.service,
      message: "The connection broke while clip_01.mp4 was fetched",
    });
  }
  await using slow = await startLiar({ breaks: false });
  const stop = new AbortController();
  const interrupted = new CliError(EXIT.interrupted, "Interrupted");
  const made = making(slow.apiUrl, outDir, { signal: stop.signal });
  setTimeout(() => stop.abort(interrupted), 500);
  await expect(made).rejects.toBe(interrupted);
  expect(existsSync(join(outDir, JOB))).toBe(true);
  expect(globSync("**/*.mp4*", { cwd: outDir })).toEqual([]);
});

test("a service that goes away for good is given up, and the sentence says how to go on", async () => {
  await using api = await startTestApi();
  const { job_id } = await api.trpc().jobs.create.mutate({
    ...request,
    video_url: "https://example.com/silent.mp4",
  });
  await api.until(job_id, ({ state }) => state === "RUNNING");
  const watching = watch(createClient(api.url, {}), quiet, job_id, never, { awayMs: 1500 });
  const outcome = expect(watching).rejects.toMatchObject({
    exit: EXIT.service,
    message: expect.stringMatching(`has not answered for 1.5 s.*kangklip jobs watch ${job_id}`),
  });
  await api.stop();
  await outcome;
}, 30_000);

test("how a failed job is told: the sentence, the stage, the code and what to do", () => {
  const view = {
    ...{ error: "The file ends before it should", failed_stage: "DOWNLOAD" },
    ...{ error_code: "SOURCE_TRUNCATED", error_action: "Export it again." },
  } as JobView;
  expect(failure(view)).toMatchObject({
    exit: EXIT.source,
    message: "The file ends before it should (DOWNLOAD)\n  SOURCE_TRUNCATED: Export it again.",
  });
  const bare = { error: null, failed_stage: null, error_code: null, error_action: null } as JobView;
  expect(failure(bare)).toMatchObject({ exit: EXIT.jobFailed, message: "The job failed" });
});

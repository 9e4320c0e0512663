import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loggedPath } from "./log.ts";

const LOG = fileURLToPath(new URL("log.ts", import.meta.url));

test("secrets are crossed out at every depth that our lines have, and lines are JSON on stderr", () => {
  const script = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    const s = "canary";
    createLog("info").info({ job_token: s, job: { token: s, env: { KK_CLAIM_TOKEN: s } }, headers: { "x-job-token": s, cookie: s } }, "hello");`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toMatchObject({
    msg: "hello",
    job_token: "[secret]",
    job: { token: "[secret]" },
  });
  expect(stderr).not.toContain("canary");
});

test("a signed link is logged without its signature", () => {
  expect(loggedPath("/artifacts/jobs/x/clip_01.mp4?exp=1&sig=abc")).toBe("/artifacts/jobs/x/clip_01.mp4");
});

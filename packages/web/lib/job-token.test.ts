import { expect, test } from "vitest";
import { knownJobs } from "./job-token.ts";

test("the jobs of a browser are listed newest first, and nothing else of its storage is", () => {
  const older = "kk_01JD0000000000000000000000";
  const newer = "kk_01JE0000000000000000000000";
  expect(
    knownJobs(["theme", `kk:job_token:${older}`, "kk:job_token:<img>", `kk:job_token:${newer}`]),
  ).toEqual([newer, older]);
});

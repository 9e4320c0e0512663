import { expect, test } from "vitest";
import { knownJobs, tokenInHash } from "./job-token.ts";

test("the jobs of a browser are listed newest first, and nothing else of its storage is", () => {
  const older = "kk_01JD0000000000000000000000";
  const newer = "kk_01JE0000000000000000000000";
  expect(
    knownJobs(["theme", `kk:job_token:${older}`, "kk:job_token:<img>", `kk:job_token:${newer}`]),
  ).toEqual([newer, older]);
});

test.each([
  [
    "#token=kkj_3merGdhP0t4d4VQDGhc5G2xqcQTvmncwjFpFZAzUhNM",
    "kkj_3merGdhP0t4d4VQDGhc5G2xqcQTvmncwjFpFZAzUhNM",
  ],
  ["#token=short", null],
  ["#token=<script>alert(1)</script>aaaaaaaaaaaaaa", null],
  ["", null],
])("the token behind %s is %s", (hash, token) => {
  expect(tokenInHash(hash)).toBe(token);
});

import { expect, test } from "vitest";
import { knownJobs, newestJobs, tokenInHash } from "./job-token.ts";

test("the jobs of a browser are listed newest first, and nothing else of its storage is", () => {
  const older = "kk_01JD0000000000000000000000";
  const newer = "kk_01JE0000000000000000000000";
  expect(
    knownJobs(["theme", `kk:job_token:${older}`, "kk:job_token:<img>", `kk:job_token:${newer}`]),
  ).toEqual([newer, older]);
});

test("the browser's jobs and the wallet's are one list: newest first, each once, no longer than asked for", () => {
  const [a, b, c] = ["A", "B", "C"].map((letter) => `kk_01JD000000000000000000000${letter}`);
  expect(newestJobs([a, c] as string[], [b, c] as string[], 6)).toEqual([c, b, a]);
  expect(newestJobs([a, c] as string[], [b] as string[], 2)).toEqual([c, b]);
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

import { KangKlipError } from "@kangklip/contract";
import { TRPCClientError } from "@trpc/client";
import { expect, test } from "vitest";
import { codeProblem, diagnosticsOf, problemOf, wasAnswered } from "./problem.ts";

/** An answer of the API as its error formatter shapes it. */
const answer = (data: object) =>
  TRPCClientError.from({
    error: { code: -32_000, message: "10.0.0.1 is not a public address", data },
  } as never);

test("an answer of the API keeps its sentence, its code and what to do", () => {
  const kk = { code: "SOURCE_REFUSED", action: "Give a public address.", retryable: false };
  expect(problemOf(answer({ kk }))).toEqual({
    ...kk,
    message: "10.0.0.1 is not a public address",
    from: "api",
  });
});

test("an API that cannot be reached is told apart from one that answers badly", () => {
  expect(problemOf(TRPCClientError.from(new TypeError("Failed to fetch")))).toMatchObject({
    code: null,
    retryable: true,
  });
  expect(problemOf(answer({ kk: { code: "NOT_OF_THE_TABLE" } })).code).toBe("INTERNAL");
});

test("a failure of the page's own checks brings the table's action", () => {
  const problem = problemOf(new KangKlipError("SOURCE_TOO_LARGE", "The file has 3 GB"));
  expect(problem).toMatchObject({ code: "SOURCE_TOO_LARGE", message: "The file has 3 GB", retryable: false });
  expect(problem.action).toMatch(/smaller file/);
});

test("a refusal is an answer; a broken connection is none, and what the page broke off says nothing", () => {
  expect(wasAnswered(answer({ kk: { code: "NOT_FOUND" } }))).toBe(true);
  expect(wasAnswered(TRPCClientError.from(new TypeError("Failed to fetch")))).toBe(false);
  const brokenOff = Object.assign(new Error("aborted"), { name: "AbortError" });
  expect(wasAnswered(TRPCClientError.from(brokenOff))).toBeNull();
  expect(wasAnswered(new Error("of the wallet"))).toBeNull();
});

test("diagnostics name the job, and never hold what opens a share", () => {
  const about = { version: "2.0.0", at: new Date(0), userAgent: "Test/1" };
  const problem = codeProblem("RENDER_FAILED", "ffmpeg ended with 1", "api");
  const path = "/jobs/kk_01JD0000000000000000000000";
  expect(diagnosticsOf(problem, { ...about, path })).toBe(
    [
      "code: RENDER_FAILED",
      "message: ffmpeg ended with 1",
      "job: kk_01JD0000000000000000000000",
      `page: ${path}`,
      "version: 2.0.0",
      "time: 1970-01-01T00:00:00.000Z",
      "browser: Test/1",
    ].join("\n"),
  );
  expect(diagnosticsOf(problem, { ...about, path: "/s/kks_secret" })).not.toContain("secret");
});

import { KangKlipError } from "@kangklip/contract";
import { TRPCClientError } from "@trpc/client";
import { expect, test } from "vitest";
import { problemOf } from "./problem.ts";

/** An answer of the API as its error formatter shapes it. */
const answer = (data: object) =>
  TRPCClientError.from({
    error: { code: -32_000, message: "10.0.0.1 is not a public address", data },
  } as never);

test("an answer of the API keeps its sentence, its code and what to do", () => {
  const kk = { code: "SOURCE_REFUSED", action: "Give a public address.", retryable: false };
  expect(problemOf(answer({ kk }))).toEqual({ ...kk, message: "10.0.0.1 is not a public address" });
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

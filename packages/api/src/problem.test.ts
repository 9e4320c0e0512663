import { ERRORS, type ErrorCode, KangKlipError, Problem } from "@kangklip/contract";
import { expect, test } from "vitest";
import { problemOf } from "./problem.ts";

test("an expected failure says what went wrong and what can be done", () => {
  expect(problemOf(new KangKlipError("NOT_FOUND", "job not found"))).toEqual({
    status: 404,
    body: {
      detail: "job not found",
      code: "NOT_FOUND",
      title: "Not Found",
      status: 404,
      action: "Check the id.",
      retryable: false,
    },
  });
});

test.each(Object.keys(ERRORS) as ErrorCode[])("%s has an answer of the documented shape", (code) => {
  const { status, body } = problemOf(new KangKlipError(code, "text"));
  expect(Problem.parse(body)).toEqual(body);
  expect(body.title).not.toBe("Error");
  expect(status).toBe(body.status);
});

test.each([
  new Error("secret"),
  Object.assign(new Error("secret"), { code: "NOT_FOUND" }),
  "secret",
  undefined,
  null,
])("a bug (%#) tells nothing of itself", (error) => {
  const { status, body } = problemOf(error);
  expect({ status, ...body }).toMatchObject({ status: 500, code: "INTERNAL", detail: "internal error" });
  expect(JSON.stringify(body)).not.toContain("secret");
});

import { ERRORS, type ErrorCode } from "@kangklip/contract";
import { expect, test } from "vitest";
import { CliError, EXIT, exitFor } from "./exit.ts";

test.each<[ErrorCode, number]>([
  ["INVALID_INPUT", EXIT.usage],
  ["NOT_FOUND", EXIT.usage],
  ["SOURCE_REFUSED", EXIT.source],
  ["SOURCE_TOO_SHORT", EXIT.source],
  ["NO_VIDEO", EXIT.source],
  ["YTDLP_MISSING", EXIT.source],
  ["WORKER_LOST", EXIT.unavailable],
  ["PROVIDER_UNAVAILABLE", EXIT.unavailable],
  ["INSUFFICIENT_CREDITS", EXIT.credits],
  ["OVER_BUDGET", EXIT.credits],
  ["NOT_SIGNED_IN", EXIT.credits],
  ["TRANSACTION_FAILED", EXIT.credits],
  ["CHARGE_FAILED", EXIT.unavailable],
  ["FFMPEG_MISSING", EXIT.config],
  ["DISK_FULL", EXIT.config],
  ["WORK_DIR_UNUSABLE", EXIT.config],
  ["RENDER_FAILED", EXIT.jobFailed],
  ["CANCELLED", EXIT.interrupted],
])("%s ends with %i", (code, exit) => expect(exitFor(code)).toBe(exit));

test("every code of the error table has a documented exit code, and none means success", () => {
  const documented = Object.values<number>(EXIT).filter((exit) => exit !== EXIT.ok);
  for (const code of Object.keys(ERRORS)) expect(documented).toContain(exitFor(code));
  expect(Object.keys(ERRORS).filter((code) => code.startsWith("SOURCE_") && exitFor(code) !== 3)).toEqual([]);
});

test("a code that this release does not know is a failed job", () => {
  for (const code of ["NEW_IN_3_0", "toString", "", null, undefined])
    expect(exitFor(code)).toBe(EXIT.jobFailed);
});

test("an error for the terminal carries its exit code and its cause", () => {
  const cause = new Error("why");
  const error = new CliError(EXIT.source, "what", { cause });
  expect(error).toMatchObject({ name: "CliError", exit: 3, message: "what", cause });
});

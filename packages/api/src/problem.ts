import { STATUS_CODES } from "node:http";
import { ERRORS, KangKlipError, type Problem } from "@kangklip/contract";

/**
 * An error as an HTTP answer: an expected failure with its code, sentence and what to do about it; anything else is a bug and tells
 * nothing of itself. Pure.
 */
export function problemOf(error: unknown): { status: number; body: Problem } {
  const { code, message } =
    error instanceof KangKlipError ? error : ({ code: "INTERNAL", message: "internal error" } as const);
  const { status, action, retry } = ERRORS[code];
  const title = STATUS_CODES[status] ?? "Error";
  return { status, body: { detail: message, code, title, status, action, retryable: retry } };
}

import { ERRORS, ErrorCode, KangKlipError } from "@kangklip/contract";
import { TRPCClientError } from "@trpc/client";
import { z } from "zod";
import { WalletError } from "./wallet-error.ts";

/** A failure as the page shows it. `code` is null where the API had no part in it: it could not be reached, or a wallet failed. */
export interface Problem {
  code: ErrorCode | null;
  message: string;
  action: string;
  retryable: boolean;
}

const Data = z.object({ kk: z.object({ code: ErrorCode, action: z.string(), retryable: z.boolean() }) });

/** What a failed call means for the person who made it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof KangKlipError) return codeProblem(error.code, error.message);
  if (error instanceof WalletError)
    return { code: null, message: error.message, action: error.action, retryable: true };
  if (error instanceof TRPCClientError) {
    const known = Data.safeParse(error.data);
    if (known.success) return { message: error.message, ...known.data.kk };
    if (!error.data) return unreachable;
  }
  return codeProblem("INTERNAL", "Something went wrong that should not have");
}

/** The problem that a code of the error table stands for. */
export function codeProblem(code: ErrorCode, message: string): Problem {
  const { action, retry } = ERRORS[code];
  return { code, message, action, retryable: retry };
}

const unreachable: Problem = {
  code: null,
  message: "KangKlip does not answer",
  action: "Check that it is still running and that this device is connected, then try again.",
  retryable: true,
};

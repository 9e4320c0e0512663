import { ERRORS, ErrorCode, KangKlipError } from "@kangklip/contract";
import { TRPCClientError } from "@trpc/client";
import { z } from "zod";
import { WalletError, type WalletFailure } from "./wallet-error.ts";

/** A failure as the page shows it; `use-problem-text.ts` says it in the reader's language. */
export interface Problem {
  /** Null where the API had no part in it: it could not be reached, or a wallet failed. */
  code: ErrorCode | null;
  /** What happened, in one sentence. */
  message: string;
  /** Whose sentence that is: the API's, which speaks English, or the page's own, in the reader's language (as where nothing is said); "table": it says no more than the code. */
  from?: "api" | "page" | "table";
  action: string;
  retryable: boolean;
  /** What a wallet did, and what it is called. */
  wallet?: { failure: WalletFailure; name: string };
}

const Data = z.object({ kk: z.object({ code: ErrorCode, action: z.string(), retryable: z.boolean() }) });

/** What a failed call means for the person who made it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof KangKlipError) return codeProblem(error.code, error.message);
  if (error instanceof WalletError)
    return {
      code: null,
      message: error.message,
      from: "page",
      action: error.action,
      retryable: true,
      wallet: { failure: error.failure, name: error.walletName },
    };
  if (error instanceof TRPCClientError) {
    const known = Data.safeParse(error.data);
    if (known.success) return { message: error.message, from: "api", ...known.data.kk };
    if (!error.data) return UNREACHABLE;
  }
  return codeProblem("INTERNAL", "Something went wrong that should not have", "table");
}

/** Whether the API answered a call that failed: it refused; or nothing listens there, or the connection broke. Null: it was not asked, or the page itself broke off. */
export function wasAnswered(error: unknown): boolean | null {
  if (!(error instanceof TRPCClientError)) return null;
  if (error.data) return true;
  return error.cause?.name === "AbortError" ? null : false;
}

/** The problem that a code of the error table stands for. `from`: whose sentence `message` is, see `Problem`. */
export function codeProblem(code: ErrorCode, message: string, from: Problem["from"] = "page"): Problem {
  const { action, retry } = ERRORS[code];
  return { code, message, from, action, retryable: retry };
}

const UNREACHABLE: Problem = {
  code: null,
  message: "KangKlip does not answer",
  from: "table",
  action: "Check that it is still running and that this device is connected, then try again.",
  retryable: true,
};

/**
 * What somebody who is asked for help needs to know of a failure, in English as it is for them; no token is in it. Pure.
 * @param path the page's path, which names the job if there is one
 */
export function diagnosticsOf(
  problem: Problem,
  {
    path,
    version,
    at,
    userAgent,
  }: { path: string; version: string | undefined; at: Date; userAgent: string },
): string {
  const address = path.replace(/^(\/s\/).+/, "$1…"); // a share's address is itself what opens it
  const job = /kk_[0-9A-HJKMNP-TV-Z]{26}/.exec(path)?.[0];
  return [
    `code: ${problem.code ?? (problem.wallet ? `wallet: ${problem.wallet.failure}` : "unreachable")}`,
    `message: ${problem.message}`,
    ...(job ? [`job: ${job}`] : []),
    `page: ${address}`,
    `version: ${version ?? "not known"}`,
    `time: ${at.toISOString()}`,
    `browser: ${userAgent}`,
  ].join("\n");
}

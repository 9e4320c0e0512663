import { KangKlipError } from "@kangklip/contract";
import { ERRORS } from "@kangklip/credits-program";

/** The number of a program's own error in a transaction's error `{ InstructionError: [index, { Custom: n }] }`; undefined where it is none. */
export function customOf(failure: unknown): number | undefined {
  const [, cause] = instructionOf(failure) ?? [];
  const custom = (cause as { Custom?: unknown } | undefined)?.Custom;
  return typeof custom === "number" ? custom : undefined;
}

/** Which instruction failed, from 0. */
export const failedAt = (failure: unknown): number | undefined => instructionOf(failure)?.[0];

function instructionOf(failure: unknown): [number, unknown] | undefined {
  const pair = (failure as { InstructionError?: unknown } | null | undefined)?.InstructionError;
  return Array.isArray(pair) && typeof pair[0] === "number" ? [pair[0], pair[1]] : undefined;
}

/** The transaction is known to the chain: it has landed before. */
export const isKnown = (failure: unknown) => failure === "AlreadyProcessed";

/** The RPC does not know its blockhash: it is behind, or the transaction too old. */
export const isUnknownBlockhash = (failure: unknown) => failure === "BlockhashNotFound";

/**
 * Why a trial run was refused, for who wanted it. @param failure a transaction's error as JSON-RPC gives it
 * @param isOurs whether the instruction at a place is our program's: others use the same numbers
 */
export function refusalOf(failure: unknown, isOurs: (instruction: number) => boolean): KangKlipError {
  const at = failedAt(failure);
  const custom = at !== undefined && isOurs(at) ? customOf(failure) : undefined;
  if (custom === ERRORS.InsufficientCredits)
    return new KangKlipError("INSUFFICIENT_CREDITS", "insufficient_credits");
  if (custom === ERRORS.Paused) return new KangKlipError("CREDITS_PAUSED", "Top-ups are paused");
  return new KangKlipError("TRANSACTION_FAILED", "transaction failed", { cause: new Error(wordOf(failure)) });
}

/** A transaction's error for a log: an RPC may write what it likes, so names and numbers alone. */
export const wordOf = (failure: unknown) =>
  (JSON.stringify(failure ?? null) ?? "").replace(/[^\w:,.{}[\]"-]/g, "").slice(0, 120);

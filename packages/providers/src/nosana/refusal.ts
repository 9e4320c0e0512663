import type { ProviderErrorKind } from "../provider.ts";

// What it means when Nosana refuses, or says nothing.

export const MESSAGE_LETTERS = 300;
const MAX_RETRY_AFTER_MS = 3_600_000;

export const NEW_KEY =
  "The API key is wrong, has expired or was revoked: make a new one on your account page at https://deploy.nosana.com and set NOSANA_API_KEY";
/** The connection was there, and ended before the answer. */
export const CLOSED = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);
/** The connection was not made, so nothing was asked. */
export const NEVER_SENT = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"],
  ...["CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ...["SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
]);

/**
 * What a refusal means. Nosana answers 500 where a deployment is in the wrong state or the money is gone, so the words decide as well as
 * the status. `creates`: whether something may have been made all the same.
 */
export function kindOf(status: number, message: string, creates: boolean): ProviderErrorKind | "NOT_FOUND" {
  if (status === 401 || status === 403) return "AUTH";
  if (status === 404) return "NOT_FOUND";
  if (status === 402 || /insufficient[ _](credits|funds)|InsufficientFundsForRent/i.test(message))
    return "FUNDS";
  if (/incorrect state|archived deployment/i.test(message) || status === 409) return "CONFLICT";
  if (status === 429) return "RATE_LIMITED";
  if ([400, 413, 415, 422].includes(status)) return "INVALID";
  return creates ? "AMBIGUOUS" : "UNAVAILABLE";
}

/** Milliseconds until the time that a Retry-After header names, as seconds or as a date; undefined where it names none. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined;
}

/** The service's words in a refusal: `{ error }`, a validation's `{ message }`, or a bare string. */
export function messageIn(json: unknown): string {
  if (typeof json === "string") return json;
  if (typeof json !== "object" || json === null) return "";
  const { message, error } = json as { message?: unknown; error?: unknown };
  return [message, error].find((text) => typeof text === "string") ?? "";
}

/** One line without control characters and secrets, not too long. */
export function hide(text: string, secrets: readonly string[]): string {
  const shown = secrets.reduce((all, secret) => (secret ? all.replaceAll(secret, "[hidden]") : all), text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return shown.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, MESSAGE_LETTERS);
}

/** The name comes first: the number of a DOMException says nothing, and undici hides its own code in the cause. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const cause = error.cause as { code?: unknown } | undefined;
  const code = cause?.code ?? (error as { code?: unknown }).code;
  return typeof code === "string" ? code : error.name;
}

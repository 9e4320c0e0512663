import { KangKlipError } from "@kangklip/contract";

/** An answer that is no success and no redirect. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: number;
  readonly retryAfterSeconds: number | null;
  constructor(status: number, retryAfterSeconds: number | null) {
    super(`the server answered ${status}`);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A body that ended early, came in too slowly or was not the stretch that was asked for. Worth another try. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A body that came in too slowly: what it brought is no reason for patience. */
export class TooSlow extends Interrupted {}

/** What a failed request means, and whether the next one may end better. */
export interface Failure {
  error: KangKlipError;
  retry: boolean;
  /** Seconds that the server wants us to wait. */
  waitSeconds: number | null;
}

const TLS = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO)/;
const NETWORK = /^(UND_ERR_|HPE_|EAI_|E(CONN|HOST|NET|TIMEDOUT|PIPE|ADDRNOTAVAIL))/;

/** Explains what a request to `host` threw; null for what is no failure of network, server or disk, hence a bug. Pure. */
export function failureOf(cause: unknown, host: string): Failure | null {
  const failure = (code: KangKlipError["code"], message: string, retry = false): Failure => ({
    error: new KangKlipError(code, message, { cause }),
    retry,
    waitSeconds: cause instanceof StatusError ? cause.retryAfterSeconds : null,
  });
  if (cause instanceof KangKlipError) return { error: cause, retry: false, waitSeconds: null };
  if (cause instanceof Interrupted)
    return failure("SOURCE_UNREACHABLE", `The download from ${host} broke off`, true);
  if (cause instanceof StatusError) {
    const { status } = cause;
    if (status === 404 || status === 410)
      return failure("SOURCE_NOT_FOUND", `${host} says that there is nothing at this address (${status})`);
    if ([401, 402, 403, 407, 451].includes(status))
      return failure("SOURCE_BLOCKED", `${host} refuses the download (${status})`);
    if (status === 429)
      return failure("SOURCE_BLOCKED", `${host} says that it is asked too often (429)`, true);
    const mayPass = status >= 500 || [408, 416, 425].includes(status);
    return failure("SOURCE_UNREACHABLE", `${host} answered ${status}`, mayPass);
  }
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ENOSPC" || code === "EDQUOT") return failure("DISK_FULL", "The disk is full");
  if (code === "ENOTFOUND") return failure("SOURCE_UNREACHABLE", `There is no server with the name ${host}`);
  if (TLS.test(code))
    return failure("SOURCE_UNREACHABLE", `${host} has no valid certificate for a secure connection`);
  if (NETWORK.test(code)) return failure("SOURCE_UNREACHABLE", `${host} could not be reached`, true);
  // undici's parser names no code for some of its errors, and asserts that a status is at least 100
  if ((cause instanceof Error && cause.name === "HTTPParserError") || code === "ERR_ASSERTION")
    return failure("SOURCE_UNREACHABLE", `${host} does not answer as a web server should`, true);
  return null;
}

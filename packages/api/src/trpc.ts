import { ERRORS, KangKlipError } from "@kangklip/contract";
import { initTRPC, TRPCError } from "@trpc/server";
import type { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/unstable-core-do-not-import";
import { z } from "zod";
import type { Services } from "./services.ts";

/** What every procedure is given. Headers are read by name; nothing else of HTTP reaches the procedures. */
export interface Context {
  services: Services;
  header(name: string): string | undefined;
  /** Of whoever asks: counted by the rate limits. */
  address: string;
  /** Aborts when the server wants to end: long answers should. */
  draining: AbortSignal;
}

/**
 * An error as KangKlip's own, whatever door it came through: one of ours as it is, wrong input as INVALID_INPUT (a job id of another
 * form is an unknown job), anything else undefined: a bug.
 * @param fieldOrder names of fields; the first one that fails gives the message (a documented order of checks)
 */
export function ownError(error: unknown, fieldOrder: readonly string[] = []): KangKlipError | undefined {
  const cause = error instanceof TRPCError ? (error.cause ?? error) : error;
  if (cause instanceof KangKlipError) return cause;
  if (cause instanceof z.ZodError) {
    const place = ({ path }: z.core.$ZodIssue) => fieldOrder.indexOf(String(path[0]));
    const [first] = cause.issues.toSorted((a, b) => place(a) - place(b));
    if (!first) return undefined;
    if (first.path[0] === "job_id") return new KangKlipError("NOT_FOUND", "job not found", { cause });
    if (first.message === "artifact not found")
      return new KangKlipError("NOT_FOUND", first.message, { cause });
    return new KangKlipError("INVALID_INPUT", first.message, { cause });
  }
  if (error instanceof TRPCError && error.code === "PAYLOAD_TOO_LARGE")
    return new KangKlipError("TOO_LARGE", "The request is too large", { cause });
  if (error instanceof TRPCError && ["PARSE_ERROR", "BAD_REQUEST"].includes(error.code))
    return new KangKlipError("INVALID_INPUT", "The request could not be understood", { cause });
  if (error instanceof TRPCError && error.code === "NOT_FOUND")
    return new KangKlipError("NOT_FOUND", "not found", { cause });
  return undefined;
}

const t = initTRPC.context<Context>().create({
  sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 30_000 } },
  errorFormatter({ shape, error }) {
    const own = ownError(error);
    const code = own?.code ?? "INTERNAL";
    const { action, retry, status } = ERRORS[code];
    return {
      code: shape.code,
      message: own?.message ?? "Something went wrong on our side",
      data: {
        code: shape.data.code,
        path: shape.data.path,
        httpStatus: status,
        kk: { code, action, retryable: retry },
      },
    };
  },
});

/** The tRPC code whose HTTP status is nearest to that of ours. */
function trpcCode(status: number): keyof typeof TRPC_ERROR_CODES_BY_KEY {
  const codes = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "UNPROCESSABLE_CONTENT",
    429: "TOO_MANY_REQUESTS",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
  } as const;
  return codes[status as keyof typeof codes] ?? "INTERNAL_SERVER_ERROR";
}

const withOwnErrors = t.middleware(async ({ next }) => {
  const result = await next();
  const cause = result.ok ? undefined : result.error.cause;
  if (cause instanceof KangKlipError)
    throw new TRPCError({ code: trpcCode(cause.httpStatus), message: cause.message, cause });
  return result;
});

export const { router, createCallerFactory } = t;
/** Every procedure of the house is made from this one. */
export const procedure = t.procedure.use(withOwnErrors);
/** For whoever holds the token in the data folder: the operator of the machine. */
export const operatorProcedure = procedure.use(({ ctx, next }) => {
  if (!ctx.services.isOperator(ctx.header("x-operator-token")))
    throw new KangKlipError("UNAUTHORIZED", "Only the operator of this machine may ask for that");
  return next();
});

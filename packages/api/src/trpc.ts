import { ERRORS, KangKlipError } from "@kangklip/contract";
import { initTRPC, TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { middlewareMarker, type TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/unstable-core-do-not-import";
import { z } from "zod";
import type { Once } from "./idempotency.ts";
import type { Identity } from "./jobs/tokens.ts";
import type { Services } from "./services.ts";

/** What every procedure is given. Headers are read by name; nothing else of HTTP reaches the procedures. */
export interface Context {
  services: Services;
  /** Undefined where it was not sent; one that was sent twice is both, with a comma between them. */
  header(name: string): string | undefined;
  once: Once;
  /** What a job must be called that is made for a request with an `Idempotency-Key`. */
  identity?: Identity | undefined;
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
    if (first.path[0] === "upload_token")
      return new KangKlipError("UNAUTHORIZED", "invalid upload token", { cause });
    if (first.message === "artifact not found" || first.message === "share not found")
      return new KangKlipError("NOT_FOUND", first.message, { cause });
    // of what is nested nobody would know which one is meant
    const where = first.path[0] === "edit" && first.path.length > 1 ? `${first.path.join(".")}: ` : "";
    return new KangKlipError("INVALID_INPUT", where + first.message, { cause });
  }
  if (!(error instanceof TRPCError)) return undefined;
  if (error.code === "PAYLOAD_TOO_LARGE")
    return new KangKlipError("TOO_LARGE", "The request is too large", { cause });
  if (error.code === "NOT_FOUND") return new KangKlipError("NOT_FOUND", "not found", { cause });
  // tRPC's own: no JSON, another content type, a query for a mutation, too many calls at once …
  return getHTTPStatusCodeFromError(error) < 500
    ? new KangKlipError("INVALID_INPUT", "The request could not be understood", { cause })
    : undefined;
}

export const authToken = ({ header }: Context) => header("x-auth-token");

/** The wallet that is signed in; undefined where nobody says so. @throws KangKlipError NOT_SIGNED_IN "invalid auth token" */
export async function signedIn(ctx: Context): Promise<string | undefined> {
  const token = authToken(ctx);
  return token ? ctx.services.money?.auth.walletOf(token) : undefined;
}

/** Who asks, as the services want it. A session that is over is none: whoever has the job's token needs no wallet. */
export const accessOf = async (ctx: Context) => ({
  token: ctx.header("x-job-token"),
  operator: ctx.services.isOperator(ctx.header("x-operator-token")),
  wallet: await signedIn(ctx).catch((error: unknown) => {
    if (error instanceof KangKlipError && error.code === "NOT_SIGNED_IN") return undefined;
    throw error;
  }),
});

export const creditsOff = () => new KangKlipError("CREDITS_OFF", "credits are not configured");

/** What has to do with money. @throws KangKlipError CREDITS_OFF */
export function moneyOf({ services }: Context) {
  if (!services.money) throw creditsOff();
  return services.money;
}

/** A client that hears nothing for so long, pings included, opens its stream anew. */
export const RECONNECT_AFTER_MS = 30_000;

const t = initTRPC.context<Context>().create({
  sse: {
    ping: { enabled: true, intervalMs: 15_000 },
    client: { reconnectAfterInactivityMs: RECONNECT_AFTER_MS },
  },
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
  if (result.ok) return result;
  const given = result.error.cause;
  // a token that is none, wherever it is looked at, is refused in one way
  const isToken = given instanceof z.ZodError && ownError(given)?.code === "UNAUTHORIZED";
  const cause = isToken ? ownError(given) : given;
  if (cause instanceof KangKlipError)
    throw new TRPCError({ code: trpcCode(cause.httpStatus), message: cause.message, cause });
  return result;
});

/** Whether an error says that nothing was done. */
export const isRefusal = (error: unknown) => (ownError(error)?.httpStatus ?? 500) < 500;

const CREDENTIALS = ["auth", "job", "operator", "attempt", "callback"].map((whose) => `x-${whose}-token`);

/** Who asks: by all that they show of themselves, so that nobody is given what was answered to somebody else; else by their address. */
function callerOf({ header, address }: Context): string {
  const shown = CREDENTIALS.map((name) => header(name) || null);
  return shown.some(Boolean) ? JSON.stringify(shown) : address;
}

/** A mutation with an `Idempotency-Key` is done once, through whichever door it comes. */
const oncePerKey = t.middleware(async ({ ctx, type, path, getRawInput, next }) => {
  const key = ctx.header("idempotency-key");
  if (key === undefined || type !== "mutation") return next();
  const asked = { key, caller: callerOf(ctx), path, input: await getRawInput() };
  const data = await ctx.once(asked, async (identity) => {
    const result = await next({ ctx: { ...ctx, identity } });
    if (!result.ok) throw result.error;
    return result.data;
  });
  return { marker: middlewareMarker, ok: true, data };
});

export const { router, createCallerFactory } = t;
/** Every procedure of the house is made from this one. */
export const procedure = t.procedure.use(withOwnErrors).use(oncePerKey);
/** For whoever holds the token in the data folder: the operator of the machine. */
export const operatorProcedure = procedure.use(({ ctx, next }) => {
  if (!ctx.services.isOperator(ctx.header("x-operator-token")))
    throw new KangKlipError("UNAUTHORIZED", "Only the operator of this machine may ask for that");
  return next();
});
/**
 * For whoever is signed in with a wallet: 401 "auth token required", "invalid auth token". That is looked at before the input (1.x); but
 * where credits are off the input is what is told about, so its procedures begin with `moneyOf`.
 */
export const walletProcedure = procedure.use(async ({ ctx, next }) => {
  const { money } = ctx.services;
  return next({ ctx: { wallet: money ? await money.auth.walletOf(authToken(ctx)) : "" } });
});

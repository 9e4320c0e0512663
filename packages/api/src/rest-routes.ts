import { KangKlipError } from "@kangklip/contract";
import express, { type Request, type Response, type Router } from "express";
import { type Answer, once } from "./idempotency.ts";
import { RateLimitedError } from "./limits.ts";
import { problemOf } from "./problem.ts";
import { fieldOrder, ROUTES, type Route } from "./rest.ts";
import { appRouter } from "./router.ts";
import { type Context, createCallerFactory, ownError } from "./trpc.ts";

const createCaller = createCallerFactory(appRouter);

/** Puts the table of documented paths on Express, behind one way of answering, failing and repeating. */
export function restRoutes(
  contextOf: (request: Request) => Context,
  onBug: (error: unknown) => void,
): Router {
  const routes = express.Router();
  for (const route of ROUTES)
    routes[route.method](expressPath(route.path), async (request, response) => {
      const context = contextOf(request);
      const key = route.method === "post" ? context.header("idempotency-key") : undefined;
      const perform = () => answer(route, request, context, onBug);
      const { store, secret } = context.services;
      const asked = { key: key ?? "", caller: callerOf(context), path: request.path, body: request.body };
      try {
        send(response, key ? await once({ store, secret }, asked, perform) : await perform());
      } catch (error) {
        fail(response, error, onBug);
      }
    });
  for (const path of new Set(ROUTES.map((route) => route.path)))
    routes.all(expressPath(path), (_request, response) => {
      const allowed = ROUTES.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
      response.set("allow", allowed.join(", ")).status(405).json({ detail: "method not allowed" });
    });
  return routes;
}

const expressPath = (path: string) => path.replace(/\{(\w+)\}/g, ":$1");
/** Who asks: by the token they show, else by their address. */
const callerOf = (context: Context) =>
  context.header("x-auth-token") ?? context.header("x-job-token") ?? context.address;

async function answer(
  route: Route,
  request: Request,
  context: Context,
  onBug: (error: unknown) => void,
): Promise<Answer> {
  const { params, query, body } = request;
  const input = { ...query, ...(typeof body === "object" ? body : {}), ...params };
  try {
    return { status: 200, body: await route.call(createCaller(context), input as never) };
  } catch (error) {
    const own = ownError(error, fieldOrder(route));
    if (own && own.httpStatus < 500) return errorAnswer(own);
    throw own ?? unexpected(error, onBug);
  }
}

function unexpected(error: unknown, onBug: (error: unknown) => void): unknown {
  onBug(error);
  return error;
}

/** A locked clip keeps the one 1.x error body that is not `{detail}`. */
function errorAnswer(error: KangKlipError): Answer & { retryAfter?: number } {
  const { status, body } = problemOf(error);
  const retryAfter = error instanceof RateLimitedError ? { retryAfter: error.retryAfterSeconds } : {};
  return { status, body: error.code === "LOCKED" ? { error: "locked", ...body } : body, ...retryAfter };
}

function send(response: Response, { status, body, retryAfter }: Answer & { retryAfter?: number }): void {
  if (retryAfter !== undefined) response.set("retry-after", String(retryAfter));
  else if (status === 503) response.set("retry-after", "30");
  response.set("cache-control", "no-store").status(status).json(body);
}

/** Answers an error of any kind; what is no error of ours is a bug and tells nothing. */
export function fail(response: Response, error: unknown, onBug: (error: unknown) => void): void {
  const own = ownError(error);
  if (!own) onBug(error);
  send(response, own ? errorAnswer(own) : problemOf(error));
}

/** For Express: errors of the body parser and of anything else that has no answer yet. */
export function asOwnError(error: unknown): unknown {
  const { type, status } = error as { type?: string; status?: number };
  if (type === "entity.too.large")
    return new KangKlipError("TOO_LARGE", "The request is too large", { cause: error });
  if (status !== undefined && status >= 400 && status < 500)
    return new KangKlipError("INVALID_INPUT", "The request could not be understood", { cause: error });
  return error;
}

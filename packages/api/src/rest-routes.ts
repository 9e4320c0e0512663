import { KangKlipError } from "@kangklip/contract";
import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import type { ViewText } from "./jobs/view-text.ts";
import { RateLimitedError } from "./limits.ts";
import { problemOf } from "./problem.ts";
import { fieldOrder, ROUTES } from "./rest.ts";
import type { Route } from "./rest-row.ts";
import { appRouter } from "./router.ts";
import { type Context, createCallerFactory, ownError } from "./trpc.ts";

interface Answer {
  status: number;
  body: unknown;
  retryAfter?: number | undefined;
}

const UNAVAILABLE_SECONDS = 30;
const createCaller = createCallerFactory(appRouter);

/** Puts the table of documented paths on Express, behind one way of answering, failing and repeating. */
export function restRoutes(
  contextOf: (request: Request) => Context,
  onBug: (error: unknown) => void,
): Router {
  const routes = express.Router();
  for (const route of ROUTES)
    routes[route.method](expressPath(route.path), async (request, response) => {
      try {
        const context = contextOf(request);
        if (route.text) sendText(request, response, await route.text(context, request.params));
        else send(response, { status: 200, body: await answer(route, request, context) });
      } catch (error) {
        fail(response, ownError(error, fieldOrder(route)) ?? error, onBug);
      }
    });
  for (const path of new Set(ROUTES.map((route) => route.path)))
    routes.all(expressPath(path), (_request, response) => {
      const allowed = ROUTES.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
      response.set("allow", allowed.join(", ")).status(405).json({ detail: "method not allowed" });
    });
  return routes;
}

/**
 * The same answers as `restRoutes` gives where a route has them as text, before anything else is looked at: what pages ask for again and
 * again. Only in the plain form in which they ask; anything else goes on to the table.
 */
export function textRoutes(options: {
  contextOf: (request: Request) => Context;
  onBug: (error: unknown) => void;
  /** For requests of pages from elsewhere. */
  cors: RequestHandler;
}): RequestHandler {
  const { contextOf, onBug, cors } = options;
  const routes = ROUTES.flatMap(({ path, text }) =>
    text ? [{ path: new RegExp(`^${path.replace("{job_id}", "(kk_[0-9A-Z]{26})")}$`), text }] : [],
  );
  return async (request, response, next) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if (request.method !== "GET" || length !== undefined || encoding !== undefined) return next();
    for (const { path, text } of routes) {
      const job_id = path.exec(request.url)?.[1];
      if (job_id === undefined) continue;
      cors(request, response, () => {});
      try {
        sendText(request, response, await text(contextOf(request), { job_id }));
      } catch (error) {
        fail(response, error, onBug);
      }
      return;
    }
    next();
  };
}

const expressPath = (path: string) => path.replace(/\{(\w+)\}/g, ":$1");

/** The procedure's answer. What a path's parameter says counts more than the body or the query; tokens and the like come in no query. */
function answer(route: Route, request: Request, context: Context): Promise<unknown> {
  const { method, call, plain, fields = {} } = route;
  const { params, query, body } = request;
  const sent = method === "get" ? query : typeof body === "object" ? body : {};
  const told = Object.entries(fields).map(([header, field]) => [field, request.get(header)]);
  const input = { ...sent, ...params, ...Object.fromEntries(told) };
  if (plain && context.header("idempotency-key") === undefined) return plain(context, input);
  return call(createCaller(context), input as never);
}

/** A locked clip keeps the one 1.x error body that is not `{detail}`. */
function errorAnswer(error: KangKlipError): Answer {
  const { status, body } = problemOf(error);
  return {
    status,
    body: error.code === "LOCKED" ? { error: "locked", ...body } : body,
    retryAfter: retryAfter(error),
  };
}

/** Seconds after which a refused or failed request may be made again; undefined where no time will help. */
export function retryAfter(error: unknown): number | undefined {
  if (error instanceof RateLimitedError) return error.retryAfterSeconds;
  const isAway = error instanceof KangKlipError && error.httpStatus === 503 && error.retryable;
  return isAway ? UNAVAILABLE_SECONDS : undefined;
}

function send(response: Response, { status, body, retryAfter }: Answer): void {
  if (retryAfter !== undefined) response.set("retry-after", String(retryAfter));
  response.set("cache-control", "no-store").status(status).json(body);
}

/** The same headers and bytes as `send` gives an answer of that text. */
function sendText(request: Request, response: Response, text: ViewText): void {
  text.etag ??= String(response.app.get("etag fn")(text.json, "utf8"));
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.setHeader("etag", text.etag);
  if (request.headers["if-none-match"] !== undefined) return void response.send(text.json); // says whether it is the one they have
  response.setHeader("content-length", text.bytes);
  response.end(text.json);
}

/** Answers an error of any kind; what is no error of ours is a bug and tells nothing. */
export function fail(response: Response, error: unknown, onBug: (error: unknown) => void): void {
  const own = ownError(error);
  if (!own) onBug(error);
  send(response, own ? errorAnswer(own) : problemOf(error));
}

/** For Express: errors of the body parser and of anything else that has no answer yet. */
export function asOwnError(error: unknown): unknown {
  if (error instanceof KangKlipError) return error; // also where the body parser has put a status on it
  const { type, status } = error as { type?: string; status?: number };
  if (type === "entity.too.large")
    return new KangKlipError("TOO_LARGE", "The request is too large", { cause: error });
  if (status !== undefined && status >= 400 && status < 500)
    return new KangKlipError("INVALID_INPUT", "The request could not be understood", { cause: error });
  return error;
}

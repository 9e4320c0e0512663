import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import cors from "cors";
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import helmet from "helmet";
import { artifactRoutes } from "./artifacts/disk-routes.ts";
import { arrivesInTime, jsonBodies } from "./body.ts";
import { archiveRoutes } from "./clips/archive-routes.ts";
import { ARCHIVES_PATH } from "./clips/keeping.ts";
import type { Config } from "./config.ts";
import { eventStreams } from "./event-stream.ts";
import { createOnce } from "./idempotency.ts";
import { type Logger, loggedPath } from "./log.ts";
import { openApiDocument } from "./openapi.ts";
import { asOwnError, fail, restRoutes, retryAfter, textRoutes } from "./rest-routes.ts";
import { appRouter } from "./router.ts";
import type { Services } from "./services.ts";
import { streamClip } from "./stream.ts";
import { type Context, isRefusal, ownError } from "./trpc.ts";

interface AppOptions {
  config: Pick<Config, "corsOrigins" | "trustProxy">;
  services: Services;
  log: Logger;
  draining: AbortSignal;
}

const TRPC_BATCH = 20;

/** Everything that answers HTTP but the page: /trpc, the documented /api paths, artifacts, health. */
export function createApp({ config, services, log, draining }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by").set("trust proxy", config.trustProxy);
  const onBug = (error: unknown) => log.error({ err: error }, "a bug");
  const inTime = arrivesInTime();
  // 1.x origins; a link to an artifact is its own permission, so any origin may use it
  const allowed = crossOrigin(cors({ origin: config.corsOrigins, credentials: false, maxAge: 600 }));
  const { store, secret, now } = services;
  const once = createOnce({ store, secret, isRefusal, now });
  const contextOf = (request: Request): Context => ({
    services,
    header: (name) => request.get(name),
    once,
    address: request.ip ?? "unknown",
    draining,
  });
  app.use(logged(log, securityHeaders()), textRoutes({ contextOf, onBug, cors: allowed }));
  // what is put to a link has its own bounds: bytes that must move, for as long as they do
  app.use((request, response, next) =>
    /^\/artifacts\//i.test(request.path) ? next() : inTime(request, response, next),
  );
  app.get("/livez", (_request, response) => void response.json({ ok: true }));
  app.get("/readyz", async (_request, response) => {
    const checks = draining.aborted ? {} : await services.health();
    const ok = Object.values(checks).every((check) => check.ok || !check.needed) && !draining.aborted;
    response.status(ok ? 200 : 503).json({ ok, checks });
  });

  app.use(["/api", "/trpc"], allowed);
  app.use(ARCHIVES_PATH, policy(MEDIA_POLICY), archiveRoutes(services.keeping, onBug));
  app.use("/artifacts", policy(MEDIA_POLICY), artifactRoutes(services.disk, onBug));
  app.use(["/api", "/trpc"], jsonBodies());

  app.get("/trpc/jobs.events", eventStreams({ contextOf, draining }));
  app.use(
    "/trpc",
    createExpressMiddleware({
      router: appRouter,
      maxBatchSize: TRPC_BATCH,
      createContext: ({ req }) => contextOf(req),
      responseMeta: ({ errors }) => {
        const seconds = errors.map((error) => retryAfter(ownError(error))).find(Boolean);
        return {
          headers: {
            "cache-control": "no-store",
            ...(errors.length > 0 && { "content-type": "application/json" }), // tRPC leaves it out here and there
            ...(seconds && { "retry-after": String(seconds) }),
          },
        };
      },
      onError: ({ error, path }) => {
        if (!ownError(error)) log.error({ err: error, path }, "procedure failed");
      },
    }),
  );
  app.get("/api/openapi.json", (_request, response) => void response.json(openApiDocument()));
  app.use("/api/docs", policy(DOCS_POLICY), apiDocs());
  app.get("/api/jobs/:job_id/clips/:clip_file", (request, response) =>
    streamClip(request, response, contextOf(request), onBug),
  );
  app.use(restRoutes(contextOf, onBug));
  app.use(
    ["/api", "/trpc", "/artifacts"],
    (_request, response) => void response.status(404).json({ detail: "not found" }),
  );
  // what is left is the page's, which takes nothing
  app.use((request, response, next) => {
    if (request.method === "GET" || request.method === "HEAD") return next();
    response.set("allow", "GET, HEAD").status(405).json({ detail: "method not allowed" });
  });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    fail(response, asOwnError(error), onBug);
  });
  return app;
}

/**
 * The headers that every answer has, and one line per request that was answered, without queries (they hold signatures) and without health
 * checks.
 */
function logged(log: Logger, headers: [name: string, value: string][]) {
  return (request: Request, response: Response, next: NextFunction) => {
    const from = performance.now();
    const id = randomUUID();
    response.setHeader("x-request-id", id);
    for (const [name, value] of headers) response.setHeader(name, value);
    response.once("close", () => {
      if (response.statusCode < 500 && !log.isLevelEnabled("debug")) return;
      const path = loggedPath(request.originalUrl);
      if (path === "/livez" || path === "/readyz") return;
      const ms = Math.round(performance.now() - from);
      const level = response.statusCode >= 500 ? "warn" : "debug";
      log[level](
        { request_id: id, method: request.method, path, status: response.statusCode, ms },
        "answered",
      );
    });
    next();
  };
}

/** What an answer may load: nothing. The page brings a policy of its own with each answer (packages/web/proxy.ts). */
function securityHeaders(): [name: string, value: string][] {
  const headers: [name: string, value: string][] = [];
  const setHeader = (name: string, value: string) => headers.push([name, value]);
  const secure = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: { policy: "cross-origin" },
    strictTransportSecurity: false, // the default serves http on this machine; a proxy with TLS sets its own
  });
  // the same for every request, so it is asked once: by itself helmet is a dozen functions that call each other
  secure({} as Request, { setHeader, removeHeader: () => {} } as unknown as Response, (error) => {
    if (error) throw error;
  });
  return headers;
}

const NOTHING = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
/** A browser that opens a link by itself loads the same address again to play it. */
const MEDIA_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; frame-ancestors 'none'";
/** Swagger UI sets styles while it runs and draws icons from data URLs; its scripts are files. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The same headers as `full` sets; to a request that names no origin they say no more than that they depend on it. */
function crossOrigin(full: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (request.headers.origin !== undefined || request.method === "OPTIONS")
      return full(request, response, next);
    response.setHeader("Vary", "Origin");
    next();
  };
}

const policy = (text: string) => (_request: Request, response: Response, next: NextFunction) => {
  response.set("content-security-policy", text);
  next();
};

/** The page to browse the OpenAPI document: Swagger UI from its package, nothing from elsewhere. */
function apiDocs() {
  const assets = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  const docs = express.Router();
  docs.get("/swagger-initializer.js", (_request, response) => {
    response
      .type("js")
      .send(
        'window.onload = () => { window.ui = SwaggerUIBundle({ url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, presets: [SwaggerUIBundle.presets.apis] }); };',
      );
  });
  docs.use(express.static(assets, { index: "index.html", redirect: true }));
  return docs;
}

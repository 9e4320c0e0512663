import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import cors from "cors";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import { artifactRoutes } from "./artifacts/disk-routes.ts";
import type { Config } from "./config.ts";
import { type Logger, loggedPath } from "./log.ts";
import { openApiDocument } from "./openapi.ts";
import { asOwnError, fail, restRoutes } from "./rest-routes.ts";
import { appRouter } from "./router.ts";
import type { Services } from "./services.ts";
import { streamClip } from "./stream.ts";
import type { Context } from "./trpc.ts";

interface AppOptions {
  config: Pick<Config, "corsOrigins" | "trustProxy">;
  services: Services;
  log: Logger;
  draining: AbortSignal;
}

const BODY_LIMIT = "1mb";
const TRPC_BATCH = 20;

/** Everything that answers HTTP but the page: /trpc, the documented /api paths, artifacts, health. */
export function createApp({ config, services, log, draining }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by").set("trust proxy", config.trustProxy);
  const onBug = (error: unknown) => log.error({ err: error }, "a bug");
  app.use(logged(log), securityHeaders());
  app.get("/livez", (_request, response) => void response.json({ ok: true }));
  app.get("/readyz", async (_request, response) => {
    const checks = await services.health();
    const ok = Object.values(checks).every((check) => check.ok) && !draining.aborted;
    response.status(ok ? 200 : 503).json({ ok, checks });
  });

  // 1.x origins; a link to an artifact is its own permission, so any origin may use it
  app.use(["/api", "/trpc"], cors({ origin: config.corsOrigins, credentials: false, maxAge: 600 }));
  app.use("/artifacts", artifactRoutes(services.artifacts, onBug));
  app.use(["/api", "/trpc"], express.json({ limit: BODY_LIMIT }));

  const contextOf = (request: Request): Context => ({
    services,
    header: (name) => request.get(name) || undefined,
    address: request.ip ?? "unknown",
    draining,
  });
  app.use(
    "/trpc",
    createExpressMiddleware({
      router: appRouter,
      maxBatchSize: TRPC_BATCH,
      createContext: ({ req }) => contextOf(req),
      onError: ({ error, path }) => {
        if (error.code === "INTERNAL_SERVER_ERROR") log.error({ err: error, path }, "procedure failed");
      },
    }),
  );
  app.get("/api/openapi.json", (_request, response) => void response.json(openApiDocument()));
  app.use("/api/docs", apiDocs());
  app.get("/api/jobs/:job_id/clips/:clip_file", (request, response) =>
    streamClip(request, response, contextOf(request), onBug),
  );
  app.use(restRoutes(contextOf, onBug));
  app.use(
    ["/api", "/trpc", "/artifacts"],
    (_request, response) => void response.status(404).json({ detail: "not found" }),
  );
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    fail(response, asOwnError(error), onBug);
  });
  return app;
}

/** One line per request that was answered, without queries (they hold signatures) and without health checks. */
function logged(log: Logger) {
  return (request: Request, response: Response, next: NextFunction) => {
    const from = performance.now();
    const id = randomUUID();
    response.set("x-request-id", id);
    response.once("close", () => {
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

/** Next writes its data into inline scripts, so those are allowed; nothing from another host is. */
function securityHeaders() {
  const own = "'self'";
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: [own],
        scriptSrc: [own, "'unsafe-inline'"],
        styleSrc: [own, "'unsafe-inline'"],
        imgSrc: [own, "data:", "blob:"],
        mediaSrc: [own, "blob:"],
        fontSrc: [own, "data:"],
        connectSrc: [own],
        objectSrc: ["'none'"],
        baseUri: [own],
        formAction: [own],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: { policy: "cross-origin" },
    strictTransportSecurity: false, // the default serves http on this machine; a proxy with TLS sets its own
  });
}

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

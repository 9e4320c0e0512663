import { JobId, KangKlipError } from "@kangklip/contract";
import cors from "cors";
import { Router } from "express";
import { arrivesInTime } from "../body.ts";
import { problemOf } from "../problem.ts";
import { sendArchive } from "./archive.ts";
import type { Keeping } from "./keeping.ts";

const METHODS = ["GET", "HEAD"];
/** A connection that moves nothing for this long is given up. */
const IDLE_MS = 60_000;
/** Nobody has anything to send here. */
const BODY_MS = 2000;

/**
 * Serves the links to zips (`keeping.archive`); mount it at `ARCHIVES_PATH`. A link is its own permission: one that is wrong, changed or expired
 * is 403.
 * @param onBug is told of errors that are no answer for people
 */
export function archiveRoutes(keeping: Keeping, onBug: (error: unknown) => void = () => {}): Router {
  const routes = Router();
  routes.use(cors({ origin: "*", methods: METHODS, maxAge: 600 }));
  routes.use(arrivesInTime({ withinMs: BODY_MS }));
  routes.use(async (request, response) => {
    request.setTimeout(IDLE_MS);
    const refuse = (status: number, detail: string) =>
      void response.set("cache-control", "no-store").status(status).json({ detail, status });
    try {
      if (!METHODS.includes(request.method)) {
        response.set("allow", METHODS.join(", "));
        return refuse(405, "method not allowed");
      }
      const id = JobId.safeParse(/^\/(kk_\w+)\.zip$/.exec(request.path)?.[1]).data;
      if (!id) return refuse(403, "This link is not valid");
      const link = keeping.checked(id, new URLSearchParams(request.url.slice(request.path.length)));
      if (typeof link === "string") return refuse(403, link);
      await sendArchive(await keeping.contents(link), request, response);
    } catch (error) {
      if (response.headersSent || request.socket.destroyed) {
        response.destroy(); // the other side went away, or a file did: nobody takes half of it for a whole
        return;
      }
      if (!(error instanceof KangKlipError)) onBug(error);
      const { status, body } = problemOf(error);
      response.set("cache-control", "no-store").status(status).json(body);
    }
  });
  return routes;
}

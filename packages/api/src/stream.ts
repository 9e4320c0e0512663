import { JobId, KangKlipError } from "@kangklip/contract";
import type { Request, Response } from "express";
import { sendObject } from "./artifacts/send-object.ts";
import { fail } from "./rest-routes.ts";
import { accessOf, type Context } from "./trpc.ts";

/** `GET /api/jobs/:job_id/clips/:clip_file`: the clip's bytes, with the documented headers. */
export async function streamClip(
  request: Request,
  response: Response,
  context: Context,
  onBug: (error: unknown) => void,
): Promise<void> {
  const { services } = context;
  try {
    const id = JobId.safeParse(request.params.job_id);
    if (!id.success) throw new KangKlipError("NOT_FOUND", "job not found");
    const key = await services.clips.key(id.data, String(request.params.clip_file), await accessOf(context));
    const info = await services.artifacts.head(key);
    if (!info) throw new KangKlipError("UPLOAD_FAILED", "missing clip body");
    const headers = { "cache-control": "private, max-age=3600" };
    await sendObject({ store: services.artifacts, key, info, headers }, request, response);
  } catch (error) {
    if (response.headersSent)
      response.destroy(); // the reader went away, or the object did
    else fail(response, error, onBug);
  }
}

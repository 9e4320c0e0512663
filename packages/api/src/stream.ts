import { pipeline } from "node:stream/promises";
import { JobId, KangKlipError } from "@kangklip/contract";
import type { Request, Response } from "express";
import { parseRange } from "./artifacts/disk-routes.ts";
import { fail } from "./rest-routes.ts";
import type { Context } from "./trpc.ts";

/** `GET /api/jobs/:job_id/clips/:clip_file`: the clip's bytes, in the documented headers. */
export async function streamClip(
  request: Request,
  response: Response,
  context: Context,
  onBug: (error: unknown) => void,
): Promise<void> {
  try {
    const { job_id, clip_file } = request.params;
    const id = JobId.safeParse(job_id);
    if (!id.success) throw new KangKlipError("NOT_FOUND", "job not found");
    let unsatisfiable = false;
    const { info, range, open } = await context.services.clips.stream(
      id.data,
      String(clip_file),
      { token: context.header("x-job-token"), operator: false },
      (sizeBytes) => {
        const asked = parseRange(request.headers.range, sizeBytes);
        unsatisfiable = asked === "unsatisfiable";
        return asked === "unsatisfiable" ? undefined : asked;
      },
    );
    response.set({
      "accept-ranges": "bytes",
      "cache-control": "private, max-age=3600",
      etag: `"${info.sha256}"`,
    });
    if (unsatisfiable) {
      response
        .set("content-range", `bytes */${info.sizeBytes}`)
        .status(416)
        .json({ detail: "range not satisfiable" });
      return;
    }
    response.set({
      "content-type": info.contentType,
      "content-length": String(range ? range.end - range.start + 1 : info.sizeBytes),
      ...(range && { "content-range": `bytes ${range.start}-${range.end}/${info.sizeBytes}` }),
    });
    response.status(range ? 206 : 200);
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    const { body } = await open();
    await pipeline(body, response).catch(() => response.destroy()); // the reader went away
  } catch (error) {
    fail(response, error, onBug);
  }
}

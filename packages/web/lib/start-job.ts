import { JobId } from "@kangklip/contract";
import { createTRPCQueryUtils } from "@trpc/react-query";
import { apiUrl } from "./config.ts";
import { keepJobToken, readJobToken, tokenInHash } from "./job-token.ts";
import { clients } from "./query-client.ts";

/**
 * Asks for what the page of a job shows as soon as its code is there, while React still takes the page over: the job, and of one that is
 * done its clips, their links and their covers. The components find these where they look for them, and ask for what failed here themselves.
 * @param address of the page; does nothing on other pages @throws what the API, or the way to it, answered
 */
export async function startJob({ pathname, hash }: Pick<Location, "pathname" | "hash">): Promise<void> {
  const { data: job_id } = JobId.safeParse(/^\/jobs\/([^/]+)$/.exec(pathname)?.[1]);
  if (!job_id) return;
  const token = tokenInHash(hash);
  if (token) keepJobToken(job_id, token);
  const { jobs, clips } = createTRPCQueryUtils(clients());
  const view = await jobs.view.fetch({ job_id });
  if (view.status !== "SUCCEEDED" || view.edit || readJobToken(job_id) === null) return;
  const results = await jobs.results.fetch({ job_id });
  await Promise.all(
    results.clips.map(async ({ clip_file, cover_file }) => {
      void clips.view.prefetch({ job_id, clip_file });
      if (!cover_file) return;
      const { url } = await clips.artifact.fetch({ job_id, name: cover_file });
      new Image().src = apiUrl(url);
    }),
  );
}

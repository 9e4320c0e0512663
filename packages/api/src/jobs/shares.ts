import { KangKlipError, MAX_SHARES, type ShareId } from "@kangklip/contract";
import type { Job, Share } from "./job.ts";
import { mayChange } from "./revisions.ts";

// which links there are to a job's clips; all pure, called by decide() alone but for what only looks

/** The links that still lead to clips, oldest first. `now`: ms since 1970. */
export const sharesOf = ({ shares }: Pick<Job, "shares">, now: number): Share[] =>
  shares.filter(({ expires_at }) => expires_at > now);

/** Adds a link; those that have expired fall away. @throws KangKlipError NOT_FOUND, CONFLICT */
export function shared(job: Job, share: Share, now: number): Job {
  mayChange(job);
  if (job.shares.some(({ share_id }) => share_id === share.share_id)) return job;
  const there = sharesOf(job, now);
  if (there.length >= MAX_SHARES)
    throw new KangKlipError(
      "CONFLICT",
      `This job has ${MAX_SHARES} links to its clips, and there are no more: revoke one first`,
    );
  return { ...job, shares: [...there, share] };
}

/** Takes a link away. One that is not there, or not any more, changes nothing. */
export function unshared(job: Job, id: ShareId, now: number): Job {
  if (!job.shares.some(({ share_id }) => share_id === id)) return job;
  return { ...job, shares: sharesOf(job, now).filter(({ share_id }) => share_id !== id) };
}

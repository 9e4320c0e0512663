import { createHmac } from "node:crypto";
import { JobId, ShareId, type ShareToken } from "@kangklip/contract";
import type { Share } from "../jobs/job.ts";
import { same } from "../jobs/tokens.ts";

/** `kks_`, the letters of the job's id, those of the share's, and the signature of both with their end: letters of base64url, all of them. */
const TOKEN = /^kks_([0-9A-Z]{26})([0-9A-Z]{26})([A-Za-z0-9_-]{43})$/;

/** Not kept anywhere: it is made again of the record whenever it is shown. */
export function shareToken(
  secret: Buffer,
  job: JobId,
  { share_id, expires_at }: Pick<Share, "share_id" | "expires_at">,
): ShareToken {
  const signed = JSON.stringify(["share", job, share_id, expires_at]);
  const signature = createHmac("sha256", secret).update(signed).digest("base64url");
  return `kks_${job.slice(3)}${share_id.slice(3)}${signature}`;
}

/** The job and the share that a token names; says nothing about whether the token is good. */
export function namedIn(token: string): { job_id: JobId; share_id: ShareId } | undefined {
  const [, job, share] = TOKEN.exec(token) ?? [];
  const [{ data: job_id }, { data: share_id }] = [
    JobId.safeParse(`kk_${job}`),
    ShareId.safeParse(`sh_${share}`),
  ];
  return job_id && share_id ? { job_id, share_id } : undefined;
}

/** Whether the token is the one of this share, in a time that tells nothing. */
export const isTokenOf = (token: string, secret: Buffer, job: JobId, share: Share): boolean =>
  same(token, shareToken(secret, job, share));

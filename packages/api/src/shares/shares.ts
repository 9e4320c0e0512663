import {
  type ArtifactName,
  artifactKey,
  CreateShare,
  DOWNLOAD_EXPIRES_SECONDS,
  type JobId,
  KangKlipError,
  PREVIEW_EXPIRES_SECONDS,
  type SharedClip,
  type SharedClips,
  type ShareId,
  type ShareView,
} from "@kangklip/contract";
import { ulid } from "ulid";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Clips, ShownClip } from "../clips/clips.ts";
import { clipName } from "../clips/file-names.ts";
import type { Job, Share } from "../jobs/job.ts";
import type { Access, Jobs } from "../jobs/jobs.ts";
import { sharesOf } from "../jobs/shares.ts";
import { decide, type JobEvent } from "../jobs/state.ts";
import { type JobStore, update } from "../jobs/store.ts";
import { isTokenOf, namedIn, shareToken } from "./token.ts";

interface SharesOptions {
  store: JobStore;
  jobs: Jobs;
  clips: Clips;
  artifacts: ArtifactStore;
  /** Signs the links. */
  secret: Buffer;
  /** ms since 1970 */
  now: () => number;
}

/** The same for a link that was never there, was revoked or has expired, and for one of a job that is no more. */
const leadsNowhere = () =>
  new KangKlipError("NOT_FOUND", "This link does not lead to clips, or not any more");

/** Links by which people without a token may watch and save clips of a finished job. */
export function createShares({ store, jobs, clips, artifacts, secret, now }: SharesOptions) {
  const viewOf = (id: JobId, share: Share): ShareView => {
    const token = shareToken(secret, id, share);
    return {
      share_id: share.share_id,
      token,
      path: `/s/${token}`,
      clip_files: share.clip_files,
      created_at: new Date(share.created_at).toISOString(),
      expires_at: new Date(share.expires_at).toISOString(),
    };
  };
  const viewsOf = (job: Job) => sharesOf(job, now()).map((share) => viewOf(job.job_id, share));

  async function moved(id: JobId, event: JobEvent): Promise<Job> {
    return (await update(store, id, (job) => decide(job, event, now()))).job;
  }

  /** What the token leads to. @throws KangKlipError NOT_FOUND */
  async function shared(token: string): Promise<{ job: Job; share: Share }> {
    const named = namedIn(token);
    const job = named && (await jobs.known(named.job_id));
    const share = job && sharesOf(job, now()).find(({ share_id }) => share_id === named.share_id);
    if (!share || job.removing || !isTokenOf(token, secret, job.job_id, share)) throw leadsNowhere();
    return { job, share };
  }

  /** A clip with links that live no longer than the share; nothing where it is locked and has no preview. */
  async function clipView(found: ShownClip, secondsLeft: number): Promise<SharedClip[]> {
    const { file, index, holder, clip, locked, preview } = found;
    const name = locked ? preview : file;
    if (!name) return [];
    const link = (of: ArtifactName, seconds: number, downloadName?: string) =>
      artifacts.signGet(artifactKey(holder, of), {
        expiresSeconds: Math.max(1, Math.min(seconds, secondsLeft)),
        ...(downloadName !== undefined && { downloadName }),
      });
    const beside = async (listed: string | undefined, ending: "jpg" | "vtt") => {
      const own = file.replace("mp4", ending) as ArtifactName;
      return listed === own ? link(own, PREVIEW_EXPIRES_SECONDS) : null;
    };
    const saved = `${clipName(file, clip.title)}.mp4`;
    return [
      {
        ...{ clip_file: file, index, title: clip.title, hook: clip.hook },
        duration_seconds: clip.duration_seconds ?? clip.duration,
        width: clip.width ?? null,
        height: clip.height ?? null,
        kind: locked ? "preview" : "full",
        captioned: clip.captioned ?? false,
        url: await link(name, PREVIEW_EXPIRES_SECONDS),
        cover_url: await beside(clip.cover_file, "jpg"),
        vtt_url: await beside(clip.vtt_file, "vtt"),
        download_url: locked ? null : await link(file, DOWNLOAD_EXPIRES_SECONDS, saved),
      },
    ];
  }

  return {
    /** Makes a link for whoever owns the job. @throws KangKlipError NOT_FOUND, UNAUTHORIZED, CONFLICT where the job is not done or has too many */
    async create(input: CreateShare, access: Access): Promise<ShareView> {
      const { job_id, clip_files, expires_in_seconds } = CreateShare.parse(input);
      const { job } = await jobs.owned(job_id, access);
      const there = (await clips.all(job, access)).clips.map(({ file }) => file);
      if (clip_files?.some((file) => !there.includes(file)))
        throw new KangKlipError("NOT_FOUND", "clip not found");
      const created_at = now();
      const share: Share = {
        share_id: `sh_${ulid(created_at)}`,
        clip_files: clip_files ? [...new Set(clip_files)].toSorted() : null,
        created_at,
        expires_at: created_at + expires_in_seconds * 1000,
      };
      await moved(job_id, { type: "shared", share });
      return viewOf(job_id, share);
    },

    /** Links that lead to clips now, oldest first. */
    async list(id: JobId, access: Access): Promise<ShareView[]> {
      return viewsOf((await jobs.owned(id, access)).job);
    },

    /** Makes a link worth nothing; what is left. A link to a file that was given out before lives on for its short while. */
    async revoke(id: JobId, share_id: ShareId, access: Access): Promise<ShareView[]> {
      await jobs.owned(id, access);
      return viewsOf(await moved(id, { type: "unshared", share_id }));
    },

    /** What whoever has the link sees: the clips as they are shown now. @throws KangKlipError NOT_FOUND */
    async view(token: string): Promise<SharedClips> {
      const { job, share } = await shared(token);
      const { manifest, clips: all } = await clips.all(job, { operator: false });
      const seen = all.filter(({ file }) => share.clip_files?.includes(file) ?? true);
      const secondsLeft = Math.ceil((share.expires_at - now()) / 1000);
      const wished = job.output_language === "auto" ? null : job.output_language;
      return {
        clips: (await Promise.all(seen.map((clip) => clipView(clip, secondsLeft)))).flat(),
        language: wished ?? manifest.language ?? null,
        expires_at: new Date(share.expires_at).toISOString(),
      };
    },
  };
}

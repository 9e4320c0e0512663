import { text } from "node:stream/consumers";
import {
  type ArtifactName,
  artifactKey,
  ClipFile,
  type ClipLink,
  type ClipView,
  DOWNLOAD_EXPIRES_SECONDS,
  type JobId,
  KangKlipError,
  Manifest,
  type ManifestClip,
  PREVIEW_EXPIRES_SECONDS,
  type Results,
  type SignedLink,
} from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import { keptEntitlements } from "../credits/entitlements.ts";
import { isUnlocked } from "../jobs/charges.ts";
import type { Charge, Job } from "../jobs/job.ts";
import type { Access, Jobs } from "../jobs/jobs.ts";
import { statusOf } from "../jobs/view.ts";

const PREVIEW_FILE = /^clip_0[1-5]_preview\.mp4$/;
/** Files that whoever owns the job may have without unlocking anything. */
const OPEN_FILES = /^(transcript|chunks|edl|meta|video_stats|face_log|receipt|manifest)\.json$|\.jpg$/;

export type Clips = ReturnType<typeof createClips>;

/**
 * What a finished job offers. Checks run in the documented order: 404 job, 401 token, 409 not completed, 404 clip, 403 locked. Where
 * credits are on, a clip is locked until it is paid for; the operator of the machine sees all of them.
 */
export function createClips(options: { jobs: Jobs; artifacts: ArtifactStore; credits: boolean }) {
  const { jobs, artifacts, credits } = options;

  async function finished(id: JobId, access: Access): Promise<{ job: Job; manifest: Manifest }> {
    const { job } = await jobs.owned(id, access);
    if (statusOf(job) !== "SUCCEEDED") throw new KangKlipError("CONFLICT", "job not completed");
    try {
      const { body } = await artifacts.get(artifactKey(id, "manifest.json"));
      return { job, manifest: Manifest.parse(JSON.parse(await text(body))) };
    } catch (cause) {
      throw new KangKlipError("UPLOAD_FAILED", "The list of clips could not be read", { cause });
    }
  }

  const isLocked = (job: Job, file: ClipFile, { operator }: Access) =>
    credits && !operator && !isUnlocked(job, file);

  async function clipOf(id: JobId, file: string, access: Access) {
    const { job, manifest } = await finished(id, access);
    const clip = manifest.clips.find((candidate) => candidate.file === file);
    const name = ClipFile.safeParse(file);
    if (!clip || !name.success) throw new KangKlipError("NOT_FOUND", "clip not found");
    return { clip, file: name.data, locked: isLocked(job, name.data, access) };
  }

  /** The clip, for who may have all of it. @throws KangKlipError LOCKED */
  async function openClip(id: JobId, file: string, access: Access): Promise<ClipFile> {
    const { file: name, locked } = await clipOf(id, file, access);
    if (locked) throw new KangKlipError("LOCKED", "locked");
    return name;
  }

  /** The small marked video. A clip that has none shows itself, but never while it is locked: not even where its manifest says so. */
  function previewName({ clip, file, locked }: Awaited<ReturnType<typeof clipOf>>): ArtifactName {
    if (clip.preview_file !== undefined && PREVIEW_FILE.test(clip.preview_file))
      return clip.preview_file as ArtifactName;
    if (locked) throw new KangKlipError("NOT_FOUND", "This clip has no preview: unlock it to see it");
    return file;
  }

  return {
    /** Clips of a finished job in the order of the manifest; entries without a file are left out. */
    async results(id: JobId, access: Access): Promise<Results> {
      const { job, manifest } = await finished(id, access);
      return {
        clips: manifest.clips.flatMap((clip) => {
          const { data: file } = ClipFile.safeParse(clip.file);
          return file ? [clipView(id, file, clip, isLocked(job, file, access))] : [];
        }),
        title: manifest.source?.title ?? null,
        source_url: manifest.source?.url ?? null,
        transcriber: manifest.transcriber ?? null,
        selector: manifest.selection.mode,
        notices: job.notices,
        seconds: manifest.seconds ?? {},
      };
    },

    /** @throws KangKlipError NOT_FOUND "clip not found" where the job has no such clip */
    async named(id: JobId, file: string, access: Access): Promise<ClipFile> {
      return (await clipOf(id, file, access)).file;
    },

    /** What was paid for and kept beside the clips: a receipt that was closed is not on the chain any more. */
    async paidFor(id: JobId): Promise<readonly Charge[]> {
      return (await keptEntitlements(artifacts, id))?.charges ?? [];
    },

    /** A small marked video that is another object than the clip. */
    async preview(id: JobId, file: string, access: Access): Promise<SignedLink> {
      const name = previewName(await clipOf(id, file, access));
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      return {
        url: await artifacts.signGet(artifactKey(id, name), { expiresSeconds: expires_in }),
        expires_in,
      };
    },

    /** The clip itself, to be saved. @throws KangKlipError LOCKED */
    async download(id: JobId, file: string, access: Access): Promise<SignedLink> {
      const name = await openClip(id, file, access);
      const expires_in = DOWNLOAD_EXPIRES_SECONDS;
      const link = { expiresSeconds: expires_in, downloadName: name };
      return { url: await artifacts.signGet(artifactKey(id, name), link), expires_in };
    },

    /** What a page plays: of a locked clip its preview. */
    async view(id: JobId, file: string, access: Access): Promise<ClipLink> {
      const found = await clipOf(id, file, access);
      const name = found.locked ? previewName(found) : found.file;
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      const url = await artifacts.signGet(artifactKey(id, name), { expiresSeconds: expires_in });
      return { url, expires_in, kind: found.locked ? "preview" : "full" };
    },

    /** Any other file of the job. @throws KangKlipError NOT_FOUND "artifact not found" */
    async artifact(
      id: JobId,
      { name, download }: { name: ArtifactName; download: boolean },
      access: Access,
    ): Promise<SignedLink> {
      const { files } = (await finished(id, access)).manifest;
      const listed = name === "manifest.json" || files?.some((file) => file.name === name);
      const open = OPEN_FILES.test(name) || /\.(srt|vtt|ass)$/.test(name);
      if (!listed || !open) throw new KangKlipError("NOT_FOUND", "artifact not found");
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      const url = await artifacts.signGet(artifactKey(id, name), {
        expiresSeconds: expires_in,
        ...(download && { downloadName: name }),
      });
      return { url, expires_in };
    },

    /** Where the clip's bytes are, for the stream route. @throws KangKlipError LOCKED */
    async key(id: JobId, file: string, access: Access): Promise<string> {
      return artifactKey(id, await openClip(id, file, access));
    },
  };
}

function clipView(id: JobId, file: ClipFile, clip: ManifestClip, locked: boolean): ClipView {
  const endpoint = (what: string) => `/api/jobs/${id}/clips/${file}/${what}`;
  return {
    clip_file: file,
    title: clip.title,
    duration: clip.duration,
    locked,
    unlock_endpoint: endpoint("unlock"),
    download_endpoint: endpoint("download"),
    preview_endpoint: endpoint("preview"),
    index: clip.index,
    hook: clip.hook,
    reason: clip.reason ?? "",
    score: clip.score ?? null,
    start: clip.start,
    end: clip.end,
    duration_seconds: clip.duration_seconds ?? clip.duration,
    width: clip.width ?? null,
    height: clip.height ?? null,
    size_bytes: clip.size_bytes ?? null,
    sha256: clip.sha256 ?? null,
    captioned: clip.captioned ?? false,
    cover_file: clip.cover_file ?? null,
    srt_file: clip.srt_file ?? null,
    vtt_file: clip.vtt_file ?? null,
    ass_file: clip.ass_file ?? null,
    caption_warnings: clip.caption_warnings ?? [],
    caption_preset: clip.caption_preset ?? null,
    verdict: clip.verdict ?? null,
    reasons: clip.reasons ?? [],
    revision: clip.revision ?? 1,
    revisions: 1,
  };
}

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
import type { Access, Jobs } from "../jobs/jobs.ts";
import { statusOf } from "../jobs/view.ts";

/** Files that anybody with the job's token may have without unlocking anything. */
const OPEN_FILES = /^(transcript|chunks|edl|meta|video_stats|face_log|receipt|manifest)\.json$|\.jpg$/;

/**
 * What a finished job offers. Checks run in the documented order: 404 job, 401 token, 409 not completed, 404 clip, 403 locked.
 * Credits are off, so nothing is locked yet.
 */
export function createClips({ jobs, artifacts }: { jobs: Jobs; artifacts: ArtifactStore }) {
  async function manifestOf(id: JobId, access: Access): Promise<Manifest> {
    const { job } = await jobs.owned(id, access);
    if (statusOf(job) !== "SUCCEEDED") throw new KangKlipError("CONFLICT", "job not completed");
    try {
      const { body } = await artifacts.get(artifactKey(id, "manifest.json"));
      return Manifest.parse(JSON.parse(await text(body)));
    } catch (cause) {
      throw new KangKlipError("UPLOAD_FAILED", "The list of clips could not be read", { cause });
    }
  }

  async function clipOf(id: JobId, file: string, access: Access) {
    const manifest = await manifestOf(id, access);
    const clip = manifest.clips.find((candidate) => candidate.file === file);
    const name = ClipFile.safeParse(file);
    if (!clip || !name.success) throw new KangKlipError("NOT_FOUND", "clip not found");
    return { clip, file: name.data };
  }

  const previewKey = (id: JobId, file: ClipFile, clip: ManifestClip) =>
    artifactKey(id, clip.preview_file === undefined ? file : (clip.preview_file as ArtifactName));

  return {
    /** Clips of a finished job in the order of the manifest; entries without a file are left out. */
    async results(id: JobId, access: Access): Promise<Results> {
      const manifest = await manifestOf(id, access);
      const { job } = await jobs.owned(id, access);
      return {
        clips: manifest.clips.flatMap((clip) => {
          const file = ClipFile.safeParse(clip.file);
          return file.success ? [clipView(id, file.data, clip)] : [];
        }),
        title: manifest.source?.title ?? null,
        source_url: manifest.source?.url ?? null,
        transcriber: manifest.transcriber ?? null,
        selector: manifest.selection.mode,
        notices: job.notices,
        seconds: manifest.seconds ?? {},
      };
    },

    /** A small marked video that is another object than the clip. */
    async preview(id: JobId, file: string, access: Access): Promise<SignedLink> {
      const { clip, file: name } = await clipOf(id, file, access);
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      return {
        url: await artifacts.signGet(previewKey(id, name, clip), { expiresSeconds: expires_in }),
        expires_in,
      };
    },

    /** The clip itself, to be saved. */
    async download(id: JobId, file: string, access: Access): Promise<SignedLink> {
      const { file: name } = await clipOf(id, file, access);
      const expires_in = DOWNLOAD_EXPIRES_SECONDS;
      const link = { expiresSeconds: expires_in, downloadName: name };
      return { url: await artifacts.signGet(artifactKey(id, name), link), expires_in };
    },

    /** What a page plays. */
    async view(id: JobId, file: string, access: Access): Promise<ClipLink> {
      const { file: name } = await clipOf(id, file, access);
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      const url = await artifacts.signGet(artifactKey(id, name), { expiresSeconds: expires_in });
      return { url, expires_in, kind: "full" };
    },

    /** Any other file of the job. @throws KangKlipError NOT_FOUND "artifact not found" */
    async artifact(
      id: JobId,
      { name, download }: { name: ArtifactName; download: boolean },
      access: Access,
    ): Promise<SignedLink> {
      const { files } = await manifestOf(id, access);
      const listed = name === "manifest.json" || files?.some((file) => file.name === name);
      const open = OPEN_FILES.test(name) || /\.(srt|vtt)$/.test(name);
      if (!listed || !open) throw new KangKlipError("NOT_FOUND", "artifact not found");
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      const url = await artifacts.signGet(artifactKey(id, name), {
        expiresSeconds: expires_in,
        ...(download && { downloadName: name }),
      });
      return { url, expires_in };
    },

    /** Where the clip's bytes are, for the stream route. */
    async key(id: JobId, file: string, access: Access): Promise<string> {
      const { file: name } = await clipOf(id, file, access);
      return artifactKey(id, name);
    },
  };
}

function clipView(id: JobId, file: ClipFile, clip: ManifestClip): ClipView {
  const endpoint = (what: string) => `/api/jobs/${id}/clips/${file}/${what}`;
  return {
    clip_file: file,
    title: clip.title,
    duration: clip.duration,
    locked: false,
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
  };
}

import {
  type ArtifactName,
  artifactKey,
  ClipFile,
  type ClipLink,
  type ClipView,
  DOWNLOAD_EXPIRES_SECONDS,
  type Edl,
  type JobId,
  KangKlipError,
  Manifest,
  type ManifestClip,
  PREVIEW_EXPIRES_SECONDS,
  type ReadyClip,
  type Results,
  type SignedLink,
} from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import { readStored } from "../artifacts/stored.ts";
import { keptEntitlements } from "../credits/entitlements.ts";
import { isUnlocked } from "../jobs/charges.ts";
import type { Charge, Job } from "../jobs/job.ts";
import type { Access, Jobs } from "../jobs/jobs.ts";
import { newestRevision, noClipsOfItsOwn } from "../jobs/revisions.ts";
import { statusOf } from "../jobs/view.ts";
import { edlOf } from "./edl.ts";
import { readyToWatch } from "./ready.ts";
import { renderedRevision, shownRevision } from "./revisions.ts";

const PREVIEW_FILE = /^clip_0[1-5]_preview\.mp4$/;
/** Files that whoever owns the job may have without unlocking anything. */
const OPEN_FILES =
  /^(transcript|chunks|edl|meta|video_stats|face_log|qc|receipt|manifest)\.json$|\.(jpg|srt|vtt|ass)$/;

export type Clips = ReturnType<typeof createClips>;

/** A clip as it is shown: of which revision, what its manifest says, and the job that holds its files. */
export interface ShownClip {
  file: ClipFile;
  index: number;
  revision: number;
  holder: JobId;
  clip: ManifestClip;
  locked: boolean;
  /** What is shown of it where it is locked; undefined: nothing can be. */
  preview: ArtifactName | undefined;
}

/**
 * What a finished job offers. Checks run in the documented order: 404 job, 401 token, 409 not completed, 404 clip, 403 locked. Where
 * credits are on, a clip is locked until it is paid for; the operator of the machine sees all of them.
 */
export function createClips(options: { jobs: Jobs; artifacts: ArtifactStore; credits: boolean }) {
  const { jobs, artifacts, credits } = options;

  async function manifestOf(id: JobId): Promise<Manifest> {
    const manifest = await readStored(artifacts, artifactKey(id, "manifest.json"), Manifest);
    if (!manifest) throw new KangKlipError("UPLOAD_FAILED", "The list of clips could not be read");
    return manifest;
  }

  async function completed(id: JobId, access: Access): Promise<{ job: Job; manifest: Manifest }> {
    const { job } = await jobs.owned(id, access);
    return { job, manifest: await manifestOfDone(job) };
  }

  async function manifestOfDone(job: Job): Promise<Manifest> {
    if (statusOf(job) !== "SUCCEEDED") throw new KangKlipError("CONFLICT", "job not completed");
    return manifestOf(job.job_id);
  }

  /** A job with clips of its own. That of an edit has none: whether a clip may be had is known to the clip's job alone. */
  async function finished(id: JobId, access: Access) {
    const found = await completed(id, access);
    if (found.job.edit) throw noClipsOfItsOwn(found.job.edit);
    return found;
  }

  const isLocked = (job: Job, file: ClipFile, { operator }: Pick<Access, "operator">) =>
    credits && !operator && !isUnlocked(job, file);

  /** The clip as the job made it. */
  async function whole(id: JobId, file: string, access: Access) {
    const { job, manifest } = await finished(id, access);
    const clip = manifest.clips.find((candidate) => candidate.file === file);
    const name = ClipFile.safeParse(file);
    if (!clip || !name.success) throw new KangKlipError("NOT_FOUND", "clip not found");
    return { job, manifest, clip, file: name.data };
  }

  /** The clip as it is shown: of which revision, what its manifest says, and the job that holds its files. */
  async function shown(job: Job, first: ManifestClip, file: ClipFile, wanted?: number) {
    const { revision, holder } =
      wanted === undefined
        ? await shownRevision(jobs, job, file)
        : await renderedRevision(jobs, job, file, wanted);
    if (holder === job.job_id) return { revision, holder, clip: first };
    const clip = (await manifestOf(holder)).clips.find((candidate) => candidate.file === file);
    if (!clip) throw new KangKlipError("UPLOAD_FAILED", `Revision ${revision} of the clip could not be read`);
    return { revision, holder, clip };
  }

  async function clipOf(id: JobId, clipFile: string, access: Access, revision?: number) {
    const { job, clip, file } = await whole(id, clipFile, access);
    return { ...(await shown(job, clip, file, revision)), file, locked: isLocked(job, file, access) };
  }

  /** The clip, for who may have all of it. @throws KangKlipError LOCKED */
  async function openClip(id: JobId, clipFile: string, access: Access) {
    const { file, holder, locked } = await clipOf(id, clipFile, access);
    if (locked) throw new KangKlipError("LOCKED", "locked");
    return { file, key: artifactKey(holder, file) };
  }

  /** The small marked video. A clip that has none shows itself, but never while it is locked: not even where its manifest says so. */
  function previewOf({ clip, file, locked }: Pick<ShownClip, "clip" | "file" | "locked">) {
    if (clip.preview_file !== undefined && PREVIEW_FILE.test(clip.preview_file))
      return clip.preview_file as ArtifactName;
    return locked ? undefined : file;
  }

  function previewName(found: Awaited<ReturnType<typeof clipOf>>): ArtifactName {
    const name = previewOf(found);
    if (!name) throw new KangKlipError("NOT_FOUND", "This clip has no preview: unlock it to see it");
    return name;
  }

  return {
    whole,

    /**
     * All clips of a finished job as they are shown, in its order. That who asks may see them is known already. @param operator no clip is
     * locked @throws KangKlipError CONFLICT
     */
    async all(
      job: Job,
      access: Pick<Access, "operator">,
    ): Promise<{ manifest: Manifest; clips: ShownClip[] }> {
      const manifest = await manifestOfDone(job);
      if (job.edit) throw noClipsOfItsOwn(job.edit);
      const seen = new Set<ClipFile>();
      const clips = manifest.clips.map(async (first): Promise<ShownClip[]> => {
        const { data: file } = ClipFile.safeParse(first.file);
        if (!file || seen.has(file)) return []; // a manifest may name one a thousand times: a zip would hold it as often
        seen.add(file);
        const found = { ...(await shown(job, first, file)), file, locked: isLocked(job, file, access) };
        return [{ ...found, index: first.index, preview: previewOf(found) }];
      });
      return { manifest, clips: (await Promise.all(clips)).flat() };
    },

    /** Clips of a finished job in the order of the manifest; entries without a file are left out. */
    async results(id: JobId, access: Access): Promise<Results> {
      const { job, manifest } = await finished(id, access);
      const views = manifest.clips.map(async (first): Promise<ClipView[]> => {
        const { data: file } = ClipFile.safeParse(first.file);
        if (!file) return [];
        const { clip, revision } = await shown(job, first, file);
        const locked = isLocked(job, file, access);
        return [
          clipView(id, file, clip, {
            index: first.index,
            locked,
            revision,
            revisions: newestRevision(job, file),
          }),
        ];
      });
      return {
        clips: (await Promise.all(views)).flat(),
        title: manifest.source?.title ?? null,
        source_url: manifest.source?.url ?? null,
        transcriber: manifest.transcriber ?? null,
        selector: manifest.selection.mode,
        notices: job.notices,
        seconds: manifest.seconds ?? {},
      };
    },

    /** Clips of a job that still goes on, in their order; none once it has ended: then `results` has them. */
    async ready(id: JobId, access: Access): Promise<ReadyClip[]> {
      const { job } = await jobs.owned(id, access);
      const links = job.ready.map((clip) =>
        readyToWatch(artifacts, id, clip, { locked: isLocked(job, clip.clip_file, access) }),
      );
      return (await Promise.all(links)).flat();
    },

    /** @throws KangKlipError NOT_FOUND "clip not found" where the job has no such clip */
    async named(id: JobId, file: string, access: Access): Promise<ClipFile> {
      return (await whole(id, file, access)).file;
    },

    /** What was paid for and kept beside the clips: a receipt that was closed is not on the chain any more. */
    async paidFor(id: JobId): Promise<readonly Charge[]> {
      return (await keptEntitlements(artifacts, id))?.charges ?? [];
    },

    /** A small marked video that is another object than the clip. */
    async preview(id: JobId, file: string, access: Access): Promise<SignedLink> {
      const found = await clipOf(id, file, access);
      const key = artifactKey(found.holder, previewName(found));
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      return { url: await artifacts.signGet(key, { expiresSeconds: expires_in }), expires_in };
    },

    /** The clip itself, to be saved. @throws KangKlipError LOCKED */
    async download(id: JobId, file: string, access: Access): Promise<SignedLink> {
      const { file: downloadName, key } = await openClip(id, file, access);
      const expires_in = DOWNLOAD_EXPIRES_SECONDS;
      return { url: await artifacts.signGet(key, { expiresSeconds: expires_in, downloadName }), expires_in };
    },

    /** What a page plays: of a locked clip its preview. @param revision in place of the one that is shown @throws KangKlipError NOT_FOUND */
    async view(id: JobId, file: string, access: Access, revision?: number): Promise<ClipLink> {
      const found = await clipOf(id, file, access, revision);
      const name = found.locked ? previewName(found) : found.file;
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      const url = await artifacts.signGet(artifactKey(found.holder, name), { expiresSeconds: expires_in });
      return { url, expires_in, kind: found.locked ? "preview" : "full" };
    },

    /**
     * Any other file of the job, none of which is a clip's video. What lies beside a clip is that of the revision which is shown; an edit's job
     * shows its own. @throws KangKlipError NOT_FOUND "artifact not found"
     */
    async artifact(
      id: JobId,
      { name, download }: { name: ArtifactName; download: boolean },
      access: Access,
    ): Promise<SignedLink> {
      const { job, manifest } = await completed(id, access);
      const beside = ClipFile.safeParse(`${/^clip_0\d(?=\.)/.exec(name)?.[0]}.mp4`).data;
      const holder = beside && !job.edit ? (await shownRevision(jobs, job, beside)).holder : id;
      const { files } = holder === id ? manifest : await manifestOf(holder);
      const listed = name === "manifest.json" || files?.some((file) => file.name === name);
      if (!listed || !OPEN_FILES.test(name)) throw new KangKlipError("NOT_FOUND", "artifact not found");
      const expires_in = PREVIEW_EXPIRES_SECONDS;
      const url = await artifacts.signGet(artifactKey(holder, name), {
        expiresSeconds: expires_in,
        ...(download && { downloadName: name }),
      });
      return { url, expires_in };
    },

    /** The EDL of the clips as they are shown, which is what an editor begins with. */
    async edl(id: JobId, access: Access): Promise<Edl> {
      const { job, manifest } = await finished(id, access);
      const kept = edlOf({ jobs, artifacts }, job, manifest);
      const clips = manifest.clips.map(async (clip) => {
        const { data: file } = ClipFile.safeParse(clip.file);
        if (!file) return [];
        const { revision } = await shownRevision(jobs, job, file);
        return [await kept.clip({ ...clip, file }, revision)];
      });
      return {
        job_id: id,
        clips: (await Promise.all(clips)).flat(),
        version: 2,
        source_seconds: await kept.sourceSeconds(),
      };
    },

    /** Where the clip's bytes are, for the stream route. @throws KangKlipError LOCKED */
    async key(id: JobId, file: string, access: Access): Promise<string> {
      return (await openClip(id, file, access)).key;
    },
  };
}

function clipView(
  id: JobId,
  file: ClipFile,
  clip: ManifestClip,
  known: Pick<ClipView, "index" | "locked" | "revision" | "revisions">,
): ClipView {
  const endpoint = (what: string) => `/api/jobs/${id}/clips/${file}/${what}`;
  return {
    clip_file: file,
    title: clip.title,
    duration: clip.duration,
    locked: known.locked,
    unlock_endpoint: endpoint("unlock"),
    download_endpoint: endpoint("download"),
    preview_endpoint: endpoint("preview"),
    index: known.index,
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
    revision: known.revision,
    revisions: known.revisions,
  };
}

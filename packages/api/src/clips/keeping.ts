import { Readable } from "node:stream";
import {
  type ArtifactName,
  artifactKey,
  type ClipFile,
  type JobId,
  KangKlipError,
  type Manifest,
  type SignedLink,
  type Timeline,
  type TimelineInput,
  VideoStats,
} from "@kangklip/contract";
import type { z } from "zod";
import { type ArchiveLink, archiveQuery, checkedArchive } from "../artifacts/link.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import { readStored } from "../artifacts/stored.ts";
import type { Job } from "../jobs/job.ts";
import type { Access, Jobs } from "../jobs/jobs.ts";
import type { ArchiveEntry } from "./archive.ts";
import type { Clips, ShownClip } from "./clips.ts";
import { edlOf } from "./edl.ts";
import { clipName, fileName } from "./file-names.ts";
import type { Cuts } from "./timeline.ts";
import { asEdl } from "./timeline-edl.ts";
import { asFcpxml } from "./timeline-fcpxml.ts";
import { asOtio } from "./timeline-otio.ts";

type Format = z.output<typeof TimelineInput>["format"];
const FORMATS: Record<Format, { content_type: string; write: (cuts: Cuts) => string }> = {
  edl: { content_type: "text/plain", write: asEdl },
  fcpxml: { content_type: "application/xml", write: asFcpxml },
  otio: { content_type: "application/json", write: asOtio },
};
/** To begin the download; once it runs it takes as long as it takes. */
const ARCHIVE_SECONDS = 600;
/** Where the zips are, below the links to single files. */
export const ARCHIVES_PATH = "/artifacts/archives";
const BESIDE = ["srt", "vtt", "jpg"] as const;

export type Keeping = ReturnType<typeof createKeeping>;

interface KeepingOptions {
  jobs: Jobs;
  clips: Clips;
  artifacts: ArtifactStore;
  /** Signs the links to zips, which this API makes itself whatever keeps the files. */
  secret: Buffer;
  /** ms since 1970 */
  now: () => number;
}

/** What people take with them of a finished job: all clips at once, and their cuts for an editing program. */
export function createKeeping({ jobs, clips, artifacts, secret, now }: KeepingOptions) {
  /** The cuts of these clips as they are shown. */
  async function cutsOf(job: Job, manifest: Manifest, shown: readonly ShownClip[]): Promise<Cuts> {
    const kept = edlOf({ jobs, artifacts }, job, manifest);
    const stats = await readStored(artifacts, artifactKey(job.job_id, "video_stats.json"), VideoStats);
    const cut = shown.map(async ({ file, clip, revision }) => {
      const { title, segments } = await kept.cut({ ...clip, file }, revision);
      return { name: clipName(file, title), title, segments };
    });
    const title = manifest.source?.title ?? job.source_title;
    const { source } = job;
    const name = source.kind === "upload" ? source.filename : nameIn(source.url);
    return {
      source: {
        ...{ title: title ?? name, name, url: source.kind === "url" && source.url ? source.url : null },
        seconds: stats?.duration_seconds ?? (await kept.sourceSeconds()),
        fps: stats?.fps ?? null,
        ...{ width: stats?.width ?? null, height: stats?.height ?? null },
      },
      clips: await Promise.all(cut),
    };
  }

  /** What the store has of these clips, each with its name in the zip. */
  async function filesOf(shown: readonly ShownClip[]): Promise<ArchiveEntry[]> {
    const entries = shown.flatMap(({ file, holder, clip }) =>
      (["mp4", ...BESIDE] as const).map(async (ending): Promise<ArchiveEntry[]> => {
        const key = artifactKey(holder, file.replace("mp4", ending) as ArtifactName);
        const info = await artifacts.head(key);
        if (!info && ending === "mp4") throw new KangKlipError("UPLOAD_FAILED", "missing clip body");
        if (!info) return [];
        const name = `${clipName(file, clip.title)}.${ending}`;
        return [{ name, sizeBytes: info.sizeBytes, open: async () => (await artifacts.get(key)).body }];
      }),
    );
    return (await Promise.all(entries)).flat();
  }

  const titleOf = (job: Job, manifest: Manifest) =>
    fileName(manifest.source?.title ?? job.source_title ?? "", "KangKlip");

  return {
    /** The cuts of all clips as they are shown, whether they are unlocked or not. @throws as `clips.all` */
    async timeline(id: JobId, format: Format, access: Access): Promise<Timeline> {
      const { job } = await jobs.owned(id, access);
      const { manifest, clips: shown } = await clips.all(job, access);
      const { content_type, write } = FORMATS[format];
      const text = write(await cutsOf(job, manifest, shown));
      return { filename: `${titleOf(job, manifest)}.${format}`, content_type, text };
    },

    /** A link to a zip of all clips that are unlocked. It needs no header. @throws KangKlipError LOCKED where none is */
    async archive(id: JobId, access: Access): Promise<SignedLink> {
      const { job } = await jobs.owned(id, access);
      const open = (await clips.all(job, access)).clips.filter(({ locked }) => !locked);
      if (open.length === 0) throw new KangKlipError("LOCKED", "locked");
      const expires = Math.floor(now() / 1000) + ARCHIVE_SECONDS;
      const query = archiveQuery(secret, { job_id: id, clips: open.map(({ file }) => file), expires });
      return { url: `${ARCHIVES_PATH}/${id}.zip?${query}`, expires_in: ARCHIVE_SECONDS };
    },

    /** What the query of a link to a zip allows; a string that says why nothing. */
    checked(id: JobId, query: URLSearchParams): ArchiveLink | string {
      const link = checkedArchive(secret, id, query);
      if (!link) return "This link is not valid";
      return now() / 1000 > link.expires ? "This link has expired" : link;
    },

    /** What is in the zip, and what it is to be called. That it may be had is known by its link. @throws KangKlipError NOT_FOUND */
    async contents(link: Pick<ArchiveLink, "job_id" | "clips">) {
      const job = await jobs.known(link.job_id);
      if (!job || job.removing) throw new KangKlipError("NOT_FOUND", "job not found");
      const { manifest, clips: all } = await clips.all(job, { operator: true });
      const allowed = new Set<ClipFile>(link.clips);
      const shown = all.filter(({ file }) => allowed.has(file));
      if (shown.length === 0) throw new KangKlipError("NOT_FOUND", "clip not found");
      const cuts = await cutsOf(job, manifest, shown);
      const timelines = (["edl", "otio", "fcpxml"] as const).map((format): ArchiveEntry => {
        const bytes = Buffer.from(FORMATS[format].write(cuts));
        return {
          name: `timeline.${format}`,
          sizeBytes: bytes.length,
          open: async () => Readable.from([bytes]),
        };
      });
      return {
        entries: [...(await filesOf(shown)), ...timelines],
        name: `${titleOf(job, manifest)}.zip`,
        modified: new Date(job.ended_at ?? job.updated_at),
      };
    },
  };
}

/** The last name in an address, as people read it: "talk.mp4". */
function nameIn(url: string): string {
  try {
    const { pathname, hostname } = new URL(url);
    return decodeURIComponent(pathname.split("/").findLast(Boolean) ?? hostname);
  } catch {
    return "source";
  }
}

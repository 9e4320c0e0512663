import { stat } from "node:fs/promises";
import type {
  Edl,
  EdlClip,
  FetchReceipt,
  Manifest,
  ManifestClip,
  ManifestFile,
  Qc,
  VideoStats,
} from "@kangklip/contract";
import type { FetchedSource, RenderedClip, Selection, StageContext, Transcript } from "./stage.ts";

/** How a source was fetched, until now. `bytes`: what came over the wire for it. */
export function fetchOf({ fetch, fetchedBytes, need }: FetchedSource): FetchReceipt {
  return {
    ...{ way: fetch?.way ?? "whole", reason: fetch?.reason ?? null },
    bytes: need?.wireBytes() ?? fetchedBytes,
    requests: need?.requests() ?? fetch?.requests ?? null,
  };
}

/** meta.json. */
export function metaOf(source: FetchedSource): Record<string, unknown> {
  const fetch = fetchOf(source);
  return { ...source.meta, fetched_bytes: fetch.bytes, fetch };
}

/** video_stats.json. */
export async function videoStats(source: FetchedSource): Promise<VideoStats> {
  const { file, info, sizeBytes } = source;
  return {
    size_bytes: sizeBytes ?? (await stat(file)).size,
    duration_seconds: info.durationSeconds,
    width: info.video.width,
    height: info.video.height,
    fps: info.video.fps,
    fetched_bytes: fetchOf(source).bytes,
  };
}

/** The EDL with the framing that was found: rendering it again gives the same clips. */
export function withFraming(edl: Edl, rendered: readonly RenderedClip[]): Edl {
  const framing = new Map(rendered.map((clip) => [clip.index, clip.framing.frames]));
  return { ...edl, clips: edl.clips.map((clip) => ({ ...clip, framing: framing.get(clip.index) ?? [] })) };
}

/** qc.json: what each clip was measured at. */
export const qcOf = (jobId: string, rendered: readonly RenderedClip[]): Qc => ({
  job_id: jobId,
  clips: rendered.map(({ files, qc }) => ({ clip_file: files.clip, ...qc })),
});

interface Made {
  source: FetchedSource;
  /** Null for an edit, whose words are those of the clip's job. */
  transcript: Transcript | null;
  selection: Pick<Selection, "mode"> | null;
  edl: Edl;
  rendered: readonly RenderedClip[];
  notices: string[];
  seconds: Record<string, number>;
  /** All artifacts but the manifest. */
  facts: readonly ManifestFile[];
}

/** One clip's entry of manifest.json. @param fact of its file */
export function clipEntry(
  clip: EdlClip,
  one: RenderedClip,
  fact: ManifestFile | undefined,
): ManifestClip & { file: string } {
  const { clip: file, preview, cover, srt, vtt, ass } = one.files;
  return {
    index: clip.index,
    title: clip.title,
    hook: clip.hook,
    start: clip.segments[0]?.start ?? 0,
    end: clip.segments.at(-1)?.end ?? 0,
    duration: Math.trunc(one.durationSeconds),
    segments: clip.segments,
    file,
    duration_seconds: one.durationSeconds,
    width: one.width,
    height: one.height,
    size_bytes: fact?.size_bytes,
    sha256: fact?.sha256,
    score: clip.score,
    reason: clip.reason,
    captioned: one.captioned,
    ...(preview && { preview_file: preview }),
    cover_file: cover,
    ...(srt && { srt_file: srt }),
    ...(vtt && { vtt_file: vtt }),
    ...(ass && { ass_file: ass }),
    caption_preset: one.captionPreset,
    ...(one.captionWarnings.length > 0 && { caption_warnings: one.captionWarnings }),
    revision: clip.revision,
    verdict: one.qc.verdict,
    ...(one.qc.reasons.length > 0 && { reasons: one.qc.reasons }),
  };
}

/** manifest.json. */
export function manifestOf({ job }: Pick<StageContext, "job">, made: Made): Manifest {
  const { source, transcript, selection, edl, rendered, notices, seconds, facts } = made;
  const factOf = new Map(facts.map((fact) => [fact.name as string, fact]));
  const clips = edl.clips.flatMap((clip): ManifestClip[] => {
    const one = rendered.find(({ index }) => index === clip.index);
    return one ? [clipEntry(clip, one, factOf.get(one.files.clip))] : [];
  });
  return {
    job_id: job.job_id,
    clips,
    selection: { mode: selection?.mode ?? "edit" },
    files: [...facts],
    source: { title: source.title, url: source.url, seconds: source.info.durationSeconds },
    ...(transcript && {
      transcriber: transcript.transcriber,
      transcriber_accuracy: transcript.accuracy,
      language: transcript.language,
    }),
    encoder: rendered[0]?.encoder,
    notices,
    seconds,
    created_at: new Date().toISOString(),
  };
}

import type { ClipView, JobId } from "@kangklip/contract";
import { useMemo } from "react";
import type { MarkedClip } from "../lib/transcript.ts";
import { trpc } from "../lib/trpc.ts";

/** What is cut out of the source for each clip, as it is shown: its parts, or until those are known all from its beginning to its end. */
export function useClipParts(jobId: JobId, clips: readonly ClipView[], wanted: boolean): MarkedClip[] {
  const edl = trpc.clips.edl.useQuery({ job_id: jobId }, { enabled: wanted });
  return useMemo(
    () =>
      clips.map(({ index, clip_file, start, end }) => ({
        index,
        file: clip_file,
        parts: edl.data?.clips.find((clip) => clip.index === index)?.segments ?? [{ start, end }],
      })),
    [clips, edl.data],
  );
}

import type { EdlClip, JobId, Word } from "@kangklip/contract";
import { useMemo } from "react";
import { trpc } from "../lib/trpc.ts";
import { useSourceSize, useTranscript } from "./use-artifact.ts";
import { useResults } from "./use-clips.ts";

const NO_WORDS: readonly Word[] = [];

/** All that an editor needs to know of a clip as it is shown now. `clip` and `view` are undefined until known, and where there is no such clip. */
export function useClipGround(jobId: JobId, clipFile: string, wanted: boolean) {
  const results = useResults(jobId, wanted);
  const edl = trpc.clips.edl.useQuery({ job_id: jobId }, { enabled: wanted });
  const transcript = useTranscript(jobId, wanted);
  const size = useSourceSize(jobId, wanted);
  const view = results.data?.clips.find(({ clip_file }) => clip_file === clipFile);
  const clip: EdlClip | undefined = edl.data?.clips.find(({ index }) => index === view?.index);
  const spoken = useMemo(() => transcript.data?.flatMap(({ words }) => words) ?? NO_WORDS, [transcript.data]);
  const { width, height } = size.data ?? {};
  return {
    view,
    clip,
    /** Empty until known, and where the job kept no transcript. */
    spoken,
    hasTranscript: transcript.data !== null,
    sourceSeconds: edl.data?.source_seconds ?? null,
    /** The upright picture of the source; null where that is not known. */
    picture: width && height ? { w: width, h: height } : null,
    isLoading: results.isPending || edl.isPending || transcript.isPending || size.isPending,
    error: results.error ?? edl.error,
    reload: () => Promise.all([results.refetch(), edl.refetch()]),
  };
}

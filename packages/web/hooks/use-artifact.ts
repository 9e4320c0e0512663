import { type ClipView, type JobId, Qc, Receipt, TranscriptFile, VideoStats } from "@kangklip/contract";
import { useQuery } from "@tanstack/react-query";
import type { ZodType } from "zod";
import { apiUrl } from "../lib/config.ts";
import { problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";
import { useVersions } from "./use-versions.ts";

/**
 * What a JSON file of a finished job says. `data` is null where the job has no such file, as jobs of older releases do.
 * A file that does not hold to its schema is an error: what it says must not be half right.
 */
function useArtifact<T>(jobId: JobId, name: string, schema: ZodType<T>, wanted: boolean) {
  const utils = trpc.useUtils();
  return useQuery({
    queryKey: ["artifact file", jobId, name],
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<T | null> => {
      try {
        const link = await utils.client.clips.artifact.query({ job_id: jobId, name });
        const answer = await fetch(apiUrl(link.url), { signal });
        if (!answer.ok) throw new Error(`${name} answers ${answer.status}`);
        return schema.parse(await answer.json());
      } catch (error) {
        if (problemOf(error).code === "NOT_FOUND") return null;
        throw error;
      }
    },
  });
}

/** What a finished job took, stage by stage. */
export const useReceipt = (jobId: JobId, wanted: boolean) =>
  useArtifact(jobId, "receipt.json", Receipt, wanted);

/** What a clip was measured at; that of a later version lies with the job that rendered it. */
export function useQuality(jobId: JobId, clip: ClipView, wanted: boolean) {
  const isFirst = clip.revision === 1;
  const { versions, error, reload } = useVersions(jobId, clip.clip_file, wanted && !isFirst);
  const editJob = versions.find(({ revision }) => revision === clip.revision)?.edit_job_id;
  const holder = isFirst ? jobId : editJob;
  const qc = useArtifact(holder ?? jobId, "qc.json", Qc, wanted && holder !== undefined && holder !== null);
  return {
    measured: qc.data?.clips.find(({ clip_file }) => clip_file === clip.clip_file),
    isPending: qc.isPending,
    isError: qc.isError || error !== null,
    refetch: () => (error ? reload() : qc.refetch()),
  };
}

/** Every word of the source, in sentences. */
export const useTranscript = (jobId: JobId, wanted: boolean) =>
  useArtifact(jobId, "transcript.json", TranscriptFile, wanted);

/** The size of the source's picture. */
export const useSourceSize = (jobId: JobId, wanted: boolean) =>
  useArtifact(jobId, "video_stats.json", VideoStats, wanted);

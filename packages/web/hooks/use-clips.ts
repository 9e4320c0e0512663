import type { JobId, JobView, ReadyClip, TimelineInput } from "@kangklip/contract";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { z } from "zod";
import { apiUrl } from "../lib/config.ts";
import { problemOf } from "../lib/problem.ts";
import { saveAs, saveText } from "../lib/save-as.ts";
import { trpc } from "../lib/trpc.ts";

const READY_AGAIN_MS = 1000;

/** The clips of a finished job. */
export function useResults(jobId: JobId, ready: boolean) {
  return trpc.jobs.results.useQuery(
    { job_id: jobId },
    { enabled: ready, staleTime: Number.POSITIVE_INFINITY },
  );
}

/** Signed links run out, but a playing video must not lose its address: a link stays until it is asked for anew. */
const untilAskedAgain = {
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
} as const;

const readyKey = (jobId: JobId, epoch: number) => ["clips that are ready", jobId, epoch];
const epochOf = (view: JobView | undefined) => view?.attempts.at(-1)?.epoch ?? 0;

/**
 * The clips of a job that still goes on which can be watched already. The link that each came with first stays its link while the job
 * goes on: whoever watches it goes on watching. @param wanted whether they are the asker's to see
 */
export function useReadyClips(view: JobView, wanted: boolean) {
  const { job_id, clips_ready } = view;
  const utils = trpc.useUtils();
  const cache = useQueryClient();
  const key = readyKey(job_id, epochOf(view));
  return useQuery({
    queryKey: key,
    ...untilAskedAgain,
    enabled: wanted && clips_ready > 0,
    refetchInterval: ({ state }) => {
      if (state.error && !problemOf(state.error).retryable) return false;
      return (state.data?.length ?? 0) < clips_ready && READY_AGAIN_MS;
    },
    queryFn: async (): Promise<ReadyClip[]> => {
      const clips = await utils.client.clips.ready.query({ job_id });
      const known = new Set(cache.getQueryData<ReadyClip[]>(key)?.map(({ clip_file }) => clip_file));
      for (const { clip_file, link } of clips)
        if (!known.has(clip_file)) utils.clips.view.setData({ job_id, clip_file }, link);
      return clips;
    },
  });
}

/**
 * Where a clip plays from; of a job that still goes on (`goesOn`), where `useReadyClips` found it. `renew` fetches a fresh link once the
 * present one has run out.
 */
export function useClipLink(jobId: JobId, clipFile: string, { goesOn = false } = {}) {
  const utils = trpc.useUtils();
  const input = { job_id: jobId, clip_file: clipFile };
  const link = trpc.clips.view.useQuery(input, { ...untilAskedAgain, enabled: !goesOn });
  async function renewReady() {
    const clips = await utils.client.clips.ready.query({ job_id: jobId });
    const fresh = clips.find(({ clip_file }) => clip_file === clipFile)?.link;
    if (fresh) utils.clips.view.setData(input, fresh);
  }
  return {
    url: link.data && apiUrl(link.data.url),
    kind: link.data?.kind,
    error: link.error,
    renew: async (): Promise<unknown> => (goesOn ? renewReady().catch(() => {}) : link.refetch()),
  };
}

/** Where a file beside the clips (cover, subtitles) is; undefined until known, and where there is no such file. */
export function useArtifactLink(jobId: JobId, name: string | null): string | undefined {
  const link = trpc.clips.artifact.useQuery(
    { job_id: jobId, name: name ?? "" },
    { ...untilAskedAgain, enabled: name !== null, retry: false },
  );
  return link.data && apiUrl(link.data.url);
}

/** What `busy` says while the archive is on its way. */
export const ALL_CLIPS = "clips.zip";

/**
 * Saves a clip or a file beside it, all clips as one file, or their cuts as an editing program reads them: each time with a fresh link,
 * so an old page still downloads. The EDL is that of the clips as they are shown, with what was changed of them.
 */
export function useDownload(jobId: JobId) {
  const utils = trpc.useUtils();
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  async function during(what: string, work: () => Promise<void>) {
    setBusy(what);
    setError(null);
    try {
      await work();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(null);
    }
  }
  const { clips } = utils.client;
  return {
    download: (name: string) =>
      during(name, async () => {
        if (name === "edl.json") {
          const edl = await clips.edl.query({ job_id: jobId });
          return saveText(JSON.stringify(edl, null, 2), "application/json", name);
        }
        const link = name.endsWith(".mp4")
          ? await clips.download.query({ job_id: jobId, clip_file: name })
          : await clips.artifact.query({ job_id: jobId, name, download: true });
        saveAs(apiUrl(link.url), name);
      }),
    archive: () =>
      during(ALL_CLIPS, async () => saveAs(apiUrl((await clips.archive.query({ job_id: jobId })).url), "")),
    timeline: (format: z.output<typeof TimelineInput>["format"]) =>
      during(format, async () => {
        const { text, filename, content_type } = await clips.timeline.query({ job_id: jobId, format });
        saveText(text, content_type, filename);
      }),
    busy,
    error,
  };
}

import type { JobId } from "@kangklip/contract";
import { useState } from "react";
import { apiUrl } from "../lib/config.ts";
import { trpc } from "../lib/trpc.ts";

/** A browser may begin to save a moment later. */
const KEPT_MS = 60_000;

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

/** Where a clip plays from. `renew` fetches a fresh link once the present one has run out. */
export function useClipLink(jobId: JobId, clipFile: string) {
  const link = trpc.clips.view.useQuery({ job_id: jobId, clip_file: clipFile }, untilAskedAgain);
  return {
    url: link.data && apiUrl(link.data.url),
    kind: link.data?.kind,
    error: link.error,
    renew: link.refetch,
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

/**
 * Saves a clip or a file beside it: each time with a fresh link, so an old page still downloads. The EDL is that of the clips as they are
 * shown, with what was changed of them.
 */
export function useDownload(jobId: JobId) {
  const utils = trpc.useUtils();
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  async function download(name: string) {
    setBusy(name);
    setError(null);
    try {
      if (name === "edl.json") return save(await edlUrl(), name);
      const link = name.endsWith(".mp4")
        ? await utils.client.clips.download.query({ job_id: jobId, clip_file: name })
        : await utils.client.clips.artifact.query({ job_id: jobId, name, download: true });
      save(apiUrl(link.url), name);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(null);
    }
  }
  async function edlUrl(): Promise<string> {
    const edl = await utils.client.clips.edl.query({ job_id: jobId });
    return URL.createObjectURL(new Blob([JSON.stringify(edl, null, 2)], { type: "application/json" }));
  }
  return { download, busy, error };
}

function save(url: string, name: string) {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

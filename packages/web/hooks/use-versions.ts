import type { JobId, JobState, RevisionView } from "@kangklip/contract";
import { useCallback, useEffect, useRef } from "react";
import { lendJobToken } from "../lib/job-token.ts";
import { trpc } from "../lib/trpc.ts";

const POLL_MS = 5000;
const ENDED: readonly JobState[] = ["SUCCEEDED", "FAILED", "CANCELLED"];
const BESIDE = ["jpg", "srt", "vtt", "ass"];

/** Whether nothing more will come of a version by itself. */
export const isVersionEnded = ({ state }: Pick<RevisionView, "state">) => ENDED.includes(state);

/** Tells the page that another version of a clip may be shown now. The clip that plays stays until the new link is there. */
function useClipRefresh(jobId: JobId, clipFile: string) {
  const utils = trpc.useUtils();
  return useCallback(async () => {
    const clip = { job_id: jobId, clip_file: clipFile };
    await Promise.all([
      utils.clips.revisions.invalidate(clip),
      utils.clips.edl.invalidate({ job_id: jobId }),
      utils.jobs.results.invalidate({ job_id: jobId }),
      utils.clips.view.invalidate(clip),
      ...BESIDE.map((end) =>
        utils.clips.artifact.invalidate({ job_id: jobId, name: clipFile.replace(/mp4$/, end) }),
      ),
    ]);
  }, [utils, jobId, clipFile]);
}

/** All versions of a clip, oldest first, and which of them is shown. The jobs that render them open with the clip's own token. */
export function useVersions(jobId: JobId, clipFile: string, wanted = true) {
  const utils = trpc.useUtils();
  const refresh = useClipRefresh(jobId, clipFile);
  const clip = { job_id: jobId, clip_file: clipFile };
  const query = trpc.clips.revisions.useQuery(clip, {
    enabled: wanted,
    refetchInterval: ({ state }) => (state.data?.every(isVersionEnded) === false ? POLL_MS : false),
  });
  const versions = query.data ?? [];
  for (const { edit_job_id } of versions) if (edit_job_id) lendJobToken(edit_job_id, jobId);

  const edit = trpc.clips.edit.useMutation({
    onSuccess: ({ edit_job_id }) => {
      lendJobToken(edit_job_id, jobId);
      return utils.clips.revisions.invalidate(clip);
    },
    onError: refresh, // most likely somebody else was faster
  });
  const show = trpc.clips.show.useMutation({
    onSuccess: (after) => utils.clips.revisions.setData(clip, after),
  });
  const rendered = versions.filter(({ state }) => state === "SUCCEEDED");
  const at = rendered.findIndex(({ shown }) => shown);
  const shown = rendered[at]?.revision;
  const shownBefore = useRef(shown);
  useEffect(() => {
    // whoever brought that about: this page, its render that is done, another tab
    if (shownBefore.current !== undefined && shown !== shownBefore.current) void refresh();
    if (shown !== undefined) shownBefore.current = shown;
  }, [shown, refresh]);
  return {
    versions,
    error: query.error,
    reload: query.refetch,
    shown: rendered[at],
    /** The one before and the one after the one that is shown, of those that are rendered. */
    earlier: at > 0 ? rendered[at - 1] : undefined,
    later: at >= 0 ? rendered[at + 1] : undefined,
    /** The one that is being rendered. */
    running: versions.findLast((version) => !isVersionEnded(version)),
    edit,
    show: (revision: number, onShown?: () => void) =>
      show.mutate({ ...clip, revision }, { onSuccess: () => onShown?.() }),
    showing: show.isPending ? show.variables.revision : null,
    showError: show.error,
    refresh,
  };
}

import { attemptKey, type JobId, PREVIEW_EXPIRES_SECONDS, type ReadyClip } from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Ready } from "../jobs/job.ts";
import { fileOf } from "../jobs/ready.ts";

/**
 * A clip as it can be watched before its job has ended, with links that live for ten minutes, or until the job ends.
 * @param locked its preview alone is shown; where it has none, nothing is @returns one clip, or none
 */
export async function readyToWatch(
  artifacts: Pick<ArtifactStore, "signGet">,
  id: JobId,
  { epoch, preview, cover, vtt, ...clip }: Ready,
  { locked }: { locked: boolean },
): Promise<ReadyClip[]> {
  if (locked && !preview) return [];
  const expires_in = PREVIEW_EXPIRES_SECONDS;
  const link = (ending: string) =>
    artifacts.signGet(attemptKey(id, epoch, fileOf(clip.clip_file, ending)), { expiresSeconds: expires_in });
  const [url, cover_url, vtt_url] = await Promise.all([
    link(locked ? "_preview.mp4" : ".mp4"),
    cover ? link(".jpg") : null,
    vtt ? link(".vtt") : null,
  ]);
  return [{ ...clip, link: { url, expires_in, kind: locked ? "preview" : "full" }, cover_url, vtt_url }];
}

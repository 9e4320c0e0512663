import {
  type EditClipInput,
  type EditedClip,
  type JobId,
  KangKlipError,
  type RevisionView,
} from "@kangklip/contract";
import type { z } from "zod";
import type { ArtifactStore } from "../artifacts/store.ts";
import { beginEdits } from "../jobs/edits.ts";
import type { Revision } from "../jobs/job.ts";
import type { Access, Jobs } from "../jobs/jobs.ts";
import { newestRevision, outdated } from "../jobs/revisions.ts";
import { decide } from "../jobs/state.ts";
import { type JobStore, update } from "../jobs/store.ts";
import { type Identity, newIdentity } from "../jobs/tokens.ts";
import type { Clips } from "./clips.ts";
import { editedClip } from "./edited-clip.ts";
import { edlOf } from "./edl.ts";
import { editableRevision, revisionViews } from "./revisions.ts";

interface EditsOptions {
  store: JobStore;
  jobs: Jobs;
  clips: Clips;
  artifacts: ArtifactStore;
  /** Tells the reconciler that something is due for this job. */
  wake: (id: JobId) => void;
  /** ms since 1970 */
  now: () => number;
}

/**
 * Changes clips of finished jobs. Each change is a new revision, rendered by a job of its own; nothing of an earlier one is lost. It costs no
 * credits, and a clip that is unlocked stays so.
 */
export function createEdits({ store, jobs, clips, artifacts, wake, now }: EditsOptions) {
  return {
    /**
     * Makes a new revision. It is written down first; whatever happens then, its job begins.
     * @param identity of a request that may be made again: where its revision is there already, the answer is the same
     * @throws KangKlipError in this order: NOT_FOUND "job not found", UNAUTHORIZED, CONFLICT "job not completed", NOT_FOUND "clip not found",
     * CONFLICT where another revision counts by now, INVALID_INPUT for what cannot be cut or changes nothing
     */
    async edit(
      { job_id, clip_file, base_revision, edit }: z.output<typeof EditClipInput>,
      access: Access,
      identity?: Identity | undefined,
    ): Promise<EditedClip> {
      const { job, manifest, clip, file } = await clips.whole(job_id, clip_file, access);
      const begun = job.revisions.find(({ edit_job_id }) => edit_job_id === identity?.id);
      if (begun) return begin(job_id, begun);
      const newest = newestRevision(job, file);
      if (base_revision !== newest && base_revision !== (await editableRevision(jobs, job, file)))
        throw outdated(newest);
      const edl = edlOf({ jobs, artifacts }, job, manifest);
      const ground = {
        clip: { ...(await edl.clip({ ...clip, file }, base_revision)), index: Number(file.slice(5, 7)) },
        spoken: edit.segments && (await edl.spoken()),
        sourceSeconds: await edl.sourceSeconds(),
      };
      const { clip: order, changed } = editedClip(ground, edit, newest + 1);
      const created_at = now();
      const { id: edit_job_id } = identity ?? newIdentity(created_at);
      const revision: Revision = {
        ...{ clip_file: file, revision: newest + 1, edit_job_id, created_at, changed },
        ...{ title: order.title, order },
      };
      await update(store, job_id, (before) => decide(before, { type: "revised", newest, revision }, now()));
      return begin(job_id, revision);
    },

    /** All revisions of a clip, oldest first. @throws KangKlipError as `edit`, as far as "clip not found" */
    async revisions(id: JobId, clipFile: string, access: Access): Promise<RevisionView[]> {
      const { job, clip, file } = await clips.whole(id, clipFile, access);
      return revisionViews(jobs, job, file, clip);
    },

    /**
     * Shows a revision from now on, until a later one is rendered. @returns all revisions
     * @throws KangKlipError as `edit`, then NOT_FOUND "revision not found", CONFLICT while it is not rendered
     */
    async show(
      { job_id, clip_file, revision }: { job_id: JobId; clip_file: string; revision: number },
      access: Access,
    ): Promise<RevisionView[]> {
      const { job, clip, file } = await clips.whole(job_id, clip_file, access);
      const wanted = (await revisionViews(jobs, job, file, clip)).find((one) => one.revision === revision);
      if (!wanted) throw new KangKlipError("NOT_FOUND", "revision not found");
      if (wanted.state !== "SUCCEEDED")
        throw new KangKlipError("CONFLICT", `Revision ${revision} is not rendered`);
      const event = { type: "chosen", clip_file: file, revision } as const;
      const { job: after } = await update(store, job_id, (before) => decide(before, event, now()));
      return revisionViews(jobs, after, file, clip);
    },
  };

  async function begin(id: JobId, { edit_job_id, revision }: Revision): Promise<EditedClip> {
    wake(id); // where this process comes no further, the reconciler does the rest
    const job = await jobs.known(id);
    if (job) await beginEdits(store, job, now);
    wake(edit_job_id);
    return { edit_job_id, revision };
  }
}

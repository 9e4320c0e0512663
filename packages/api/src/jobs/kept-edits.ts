import type { JobId } from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import { readStored } from "../artifacts/stored.ts";
import { Job, type Revision } from "./job.ts";

const Edit = Job.shape.edit.unwrap().unwrap();
type Edit = NonNullable<Job["edit"]>;

const editKey = (id: JobId) => `jobs/${id}/edit.json`;

/** Keeps beside a revision's files of which clip it is: no worker can write that, for it is no name of an artifact. */
export async function keepEdit(artifacts: ArtifactStore, id: JobId, edit: Edit): Promise<void> {
  await artifacts.put(editKey(id), JSON.stringify(edit), { contentType: "application/json" });
}

/** What was kept of a job whose record is lost; undefined where it renders no revision. */
export const keptEdit = (artifacts: ArtifactStore, id: JobId): Promise<Edit | undefined> =>
  readStored(artifacts, editKey(id), Edit);

/** The line of the clip's job about a revision whose own job was restored. */
export const foundRevision = ({ job_id, created_at }: Job, { clip_file, clip }: Edit): Revision => ({
  ...{ clip_file, revision: clip.revision, edit_job_id: job_id, created_at, title: clip.title },
  ...{ changed: [], order: null },
});

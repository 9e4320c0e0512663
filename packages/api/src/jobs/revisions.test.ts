import { EdlClip } from "@kangklip/contract";
import { expect, test } from "vitest";
import { editJob } from "./edits.ts";
import { isActive, type Job, type Revision } from "./job.ts";
import { MAX_REVISIONS } from "./revisions.ts";
import { decide } from "./state.ts";
import { START, states } from "./testing.ts";

const CLIP = "clip_01.mp4";
const clip = EdlClip.parse({
  index: 1,
  title: "T",
  hook: "",
  segments: [{ start: 0, end: 1, text: "" }],
  revision: 2,
});
const aRevision = (revision: number, clip_file: Revision["clip_file"] = CLIP): Revision => ({
  ...{ clip_file, revision, created_at: START, changed: ["title"], title: "T", order: clip },
  edit_job_id: `kk_${clip_file.slice(5, 7)}${String(revision).padStart(24, "0")}`,
});
const finished = () => states.SUCCEEDED().released().job;
const revised = (job: Job, revision: number, newest = revision - 1, file: Revision["clip_file"] = CLIP) =>
  decide(job, { type: "revised", newest, revision: aRevision(revision, file) }, START);
const refused = (code: string) => expect.objectContaining({ code });

test("a revision keeps its job due until the revision's own job is there, and no longer", () => {
  const job = revised(finished(), 2);
  expect([isActive(finished()), isActive(job)]).toEqual([false, true]);
  const event = { type: "ordered", edit_job_id: aRevision(2).edit_job_id } as const;
  const begun = decide(job, event, START);
  expect([isActive(begun), begun.revisions[0]?.order]).toEqual([false, null]);
  expect(decide(begun, event, START)).toBe(begun);
  expect(decide(job, { type: "ordered", edit_job_id: "kk_00000000000000000000000000" }, START)).toBe(job);
});

test("revisions of a clip have numbers without gaps; the same one again changes nothing", () => {
  const job = revised(finished(), 2);
  expect(revised(job, 2)).toBe(job);
  expect(() => revised(job, 3, 1)).toThrow(refused("CONFLICT"));
  expect(() => revised(job, 4, 2)).toThrow(refused("CONFLICT"));
  expect(() => revised(finished(), 3)).toThrow(refused("CONFLICT"));
  expect(revised(revised(job, 3), 2, 1, "clip_02.mp4").revisions).toHaveLength(3);
});

test("each clip has fifty revisions at most", () => {
  let job = finished();
  for (let revision = 2; revision <= MAX_REVISIONS; revision++) job = revised(job, revision);
  expect(() => revised(job, MAX_REVISIONS + 1)).toThrow(/50 revisions/);
  expect(
    JSON.stringify({ ...job, revisions: job.revisions.map((one) => ({ ...one, order: null })) }).length,
  ).toBeLessThan(16_000);
});

test.each(["QUEUED", "RUNNING", "FAILED", "CANCELLED", "COMMITTING"] as const)(
  "a job that is %s has no clips to change",
  (state) => {
    expect(() => revised(states[state]().job, 2)).toThrow(refused("CONFLICT"));
    expect(() =>
      decide(states[state]().job, { type: "chosen", clip_file: CLIP, revision: 1 }, START),
    ).toThrow(refused("CONFLICT"));
  },
);

test("a job that is being removed, and the job of a revision, take no revision, no unlock and no wallet", () => {
  const removing: Job = { ...finished(), removing: true };
  expect(() => revised(removing, 2)).toThrow(refused("NOT_FOUND"));
  const edit = { ...finished(), edit: { of: finished().job_id, clip_file: CLIP, clip } } satisfies Job;
  const unlock = { file: CLIP, wallet: "W", amount: 1, asked: "a", by: null, until: 0 } as const;
  expect(() => revised(edit, 2)).toThrow(refused("CONFLICT"));
  expect(() => decide(edit, { type: "unlock", ...unlock }, START)).toThrow(refused("CONFLICT"));
  expect(() => decide(edit, { type: "bound", wallet: "W" }, START)).toThrow(refused("CONFLICT"));
});

test("what is chosen is one that is there, and says which was the newest then", () => {
  const job = revised(finished(), 2);
  const chosen = decide(job, { type: "chosen", clip_file: CLIP, revision: 1 }, START);
  expect(chosen.shown).toEqual({ [CLIP]: { revision: 1, newest: 2 } });
  expect(decide(chosen, { type: "chosen", clip_file: CLIP, revision: 1 }, START)).toBe(chosen);
  expect(() => decide(job, { type: "chosen", clip_file: CLIP, revision: 3 }, START)).toThrow(
    refused("NOT_FOUND"),
  );
});

test("the job of a revision has all that says how its work is done, and nothing that is paid", () => {
  const asked = {
    max_usd: 2,
    compute: ["docker"],
    caption_preset: "pop",
    tighten: true,
    output_language: "id",
    about: "cats",
  } as const;
  const job: Job = {
    ...finished(),
    ...asked,
    compute: ["docker"],
    wallet: "W",
    source_title: "A talk",
    source_seconds: 60,
  };
  expect(editJob(job, aRevision(2), clip)).toMatchObject({
    ...{
      ...asked,
      wallet: null,
      charges: [],
      fee: null,
      source_title: "A talk",
      source_seconds: 60,
      state: "QUEUED",
    },
    ...{
      job_id: aRevision(2).edit_job_id,
      token_hash: job.token_hash,
      source: job.source,
      language: job.language,
    },
  });
});

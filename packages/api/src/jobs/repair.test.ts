import { isEnded } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createClips } from "../clips/clips.ts";
import { aQuickWorld, CLIP, edit, finished, revised } from "../clips/testing-edits.ts";
import { isActive, isFinal } from "./job.ts";
import { repair } from "./repair.ts";
import { aWorld } from "./testing-world.ts";

const operator = { token: undefined, operator: true };
type World = Awaited<ReturnType<typeof aWorld>>;
async function done(world: World): Promise<string> {
  const id = await world.job();
  const worker = await world.working(id);
  await worker.succeeded(await worker.upload());
  worker.exit(0);
  await world.until(id, (job) => isFinal(job) && !isActive(job));
  return id;
}

test("F31: a store that was lost gets its finished jobs back from the artifacts; its operator has them all, with their clips", async () => {
  await using world = await aWorld();
  const empty = await world.photograph();
  const ids = [await done(world), await done(world), await done(world)];
  const before = await world.see(ids[0] ?? "");
  const unfinished = await world.job();
  await world.travel(empty);
  expect(await world.api.jobs.list({ limit: 10 })).toEqual([]);

  const { store, jobs } = world.api;
  const first = await repair({ store, artifacts: world.artifacts });
  expect(first).toEqual({ found: 3, restored: ids.toSorted(), known: 0, damaged: [] });
  expect((await jobs.list({ limit: 10 })).map(({ job_id, state }) => [job_id, state])).toEqual(
    ids
      .toSorted()
      .reverse()
      .map((id) => [id, "SUCCEEDED"]),
  );
  const view = await jobs.view(before.job_id, operator);
  expect(isEnded(view.status)).toBe(true);
  expect(view).toMatchObject({
    stage: "DONE",
    progress: 100,
    notices: [expect.stringContaining("Restored")],
  });
  expect(view.created_at).toBe(new Date(before.created_at).toISOString());
  const clips = createClips({ jobs, artifacts: world.artifacts, credits: false });
  expect((await clips.results(before.job_id, operator)).clips).toHaveLength(1);
  await expect(jobs.view(unfinished, operator)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await world.pass(5000);
  expect(world.provider.count("submit")).toBe(3); // nothing is made again

  expect(await repair({ store, artifacts: world.artifacts })).toEqual({
    found: 3,
    restored: [],
    known: 3,
    damaged: [],
  });
});

test("F31: revisions come back to their clips, and the newest one is shown", async () => {
  await using world = await aQuickWorld();
  const empty = await world.photograph();
  const id = await finished(world);
  await revised(world, id, { title: "Two" });
  const lost = await edit(world, id, { title: "Never rendered" }, 2);
  await world.api.jobs.cancel(lost.edit_job_id, operator);
  const fourth = await revised(world, id, { title: "Four" }, 2);
  await world.travel(empty);
  const { store, edits, clips } = world.api;
  expect(await repair({ store, artifacts: world.artifacts })).toMatchObject({ found: 3, damaged: [] });
  const views = await edits.revisions(id, CLIP, operator);
  expect(views.map(({ revision, state, shown, title }) => [revision, state, shown, title])).toEqual([
    [1, "SUCCEEDED", false, "As it was"],
    [2, "SUCCEEDED", false, "Two"],
    [4, "SUCCEEDED", true, "Four"],
  ]);
  expect((await clips.edl(id, operator)).clips).toMatchObject([{ title: "Four", revision: 4 }]);
  await expect(clips.results(fourth.edit_job_id, operator)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await edit(world, id, { title: "Five" }, 4)).toMatchObject({ revision: 5 });
});

test("F31: a job that is in the store is never touched, whatever its artifacts say", async () => {
  await using world = await aWorld();
  const id = await done(world);
  const before = await world.api.store.get(id);
  const json = { contentType: "application/json" };
  await world.artifacts.put(`jobs/${id}/manifest.json`, "{}", json);
  expect(await repair({ store: world.api.store, artifacts: world.artifacts })).toMatchObject({
    known: 1,
    restored: [],
  });
  expect(await world.api.store.get(id)).toEqual(before);
});

test.each<[string, (world: World, id: string) => Promise<unknown>, RegExp]>([
  [
    "a clip is missing",
    ({ artifacts }, id) => artifacts.delete(`jobs/${id}/clip_01.mp4`),
    /clip_01\.mp4 is missing/,
  ],
  [
    "a clip has another size",
    ({ artifacts }, id) => artifacts.put(`jobs/${id}/clip_01.mp4`, "other", { contentType: "video/mp4" }),
    /clip_01\.mp4 is missing or damaged/,
  ],
  [
    "the manifest is no JSON",
    ({ artifacts }, id) => artifacts.put(`jobs/${id}/manifest.json`, "<html>", { contentType: "text/html" }),
    /cannot be read/,
  ],
  [
    "the manifest is of another job",
    ({ artifacts }, id) =>
      artifacts.put(
        `jobs/${id}/manifest.json`,
        JSON.stringify({ job_id: "kk_01JD0000000000000000000000", clips: [], selection: { mode: "x" } }),
        { contentType: "application/json" },
      ),
    /another job/,
  ],
])("F31: where %s the job is not restored, and the rest is", async (_name, damage, reason) => {
  await using world = await aWorld();
  const empty = await world.photograph();
  const [broken, whole] = [await done(world), await done(world)];
  await damage(world, broken);
  await world.artifacts.put("jobs/kk_nonsense/manifest.json", "{}", { contentType: "application/json" });
  await world.travel(empty);
  const { store } = world.api;
  expect(await repair({ store, artifacts: world.artifacts })).toEqual({
    found: 2,
    restored: [whole],
    known: 0,
    damaged: [{ job_id: broken, reason: expect.stringMatching(reason) }],
  });
  expect(await store.get(broken)).toBeUndefined();
});

import { expect, test } from "vitest";
import { aQuickWorld, CLIP, edit, finished, OPERATOR, rendered } from "./testing-edits.ts";

/**
 * Somebody changes a clip, and the process that is asked dies where it is told to; then there is another one, which nobody asks for anything.
 * Where nothing is known of the change then, it is made again.
 */
async function life(dies?: { atCall: number; when: "before" | "after" }) {
  await using world = await aQuickWorld();
  const id = await finished(world);
  await world.restart(dies && { dies });
  const answer = await edit(world, id, { title: "Two" }).catch(() => undefined);
  const calls = world.api.calls();
  if (world.api.isDead()) await world.restart();
  const written = (await world.see(id)).revisions.length;
  if (written === 0) await edit(world, id, { title: "Two" });
  await world.pass(2000);
  const [made] = (await world.see(id)).revisions;
  if (!made) throw new Error("the revision is lost");
  await rendered(world, made.edit_job_id);
  const jobs = (await world.api.jobs.list({ limit: 9 })).map(({ job_id }) => job_id);
  const launches = world.provider.launches.filter(({ launchKey }) =>
    launchKey.includes(made.edit_job_id.slice(3).toLowerCase()),
  );
  const shown = (await world.api.edits.revisions(id, CLIP, OPERATOR)).at(-1);
  return { id, calls, answer, made, jobs, launches: launches.length, shown };
}

test("a process killed at each of its calls while a clip is edited: one revision, one job, one launch, or nothing yet", async () => {
  const { calls } = await life();
  expect(calls).toBeGreaterThan(6);
  for (let atCall = 1; atCall <= calls; atCall++)
    for (const when of ["before", "after"] as const) {
      const { id, answer, made, jobs, launches, shown } = await life({ atCall, when });
      const about = `${when} call ${atCall} of ${calls}`;
      expect([about, answer]).toEqual([about, undefined]);
      expect([about, made]).toEqual([about, expect.objectContaining({ revision: 2, order: null })]);
      expect([about, jobs.toSorted()]).toEqual([about, [id, made.edit_job_id].toSorted()]);
      expect([about, launches]).toEqual([about, 1]);
      expect([about, shown]).toEqual([
        about,
        expect.objectContaining({ revision: 2, state: "SUCCEEDED", shown: true, title: "Two" }),
      ]);
    }
}, 120_000);

import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createTestingLedger } from "../credits/testing-ledger.ts";
import { isFinal } from "../jobs/job.ts";
import {
  aQuickWorld,
  CLIP,
  edit,
  finished,
  OPERATOR,
  rendered,
  revised,
  type World,
} from "./testing-edits.ts";

const ALICE = "Alice";
const asAlice = { token: undefined, operator: false, wallet: ALICE };

/** What whoever owns the job gets of the clip, in each way. */
async function got({ api, artifacts }: World, id: string) {
  const { clips } = api;
  const bytes = async (key: string) => text((await artifacts.get(key)).body);
  const linked = async (asked: Promise<{ url: string }>) =>
    bytes(new URL((await asked).url, "http://localhost").pathname.replace("/artifacts/", ""));
  const end = (asked: Promise<string>) => asked.catch(({ code }) => code as string);
  return {
    preview: await end(linked(clips.preview(id, CLIP, asAlice))),
    view: await end(linked(clips.view(id, CLIP, asAlice))),
    download: await end(linked(clips.download(id, CLIP, asAlice))),
    stream: await end(clips.key(id, CLIP, asAlice).then(bytes)),
  };
}

test("a revision is as locked as its clip: it costs nothing, is opened with it, and what was paid stays paid whatever is shown", async () => {
  const chain = createTestingLedger({ blocksPerCall: 1 });
  chain.give(ALICE, 3);
  await using world = await aQuickWorld({ money: { chain, fee: 2, waitMs: 20_000 } });
  const id = await finished(world, ALICE);
  const second = await revised(world, id, { title: "Two" });
  const small = { preview: "a preview of revision 2", view: "a preview of revision 2" };
  expect(await got(world, id)).toEqual({ ...small, download: "LOCKED", stream: "LOCKED" });
  const none = { preview: "CONFLICT", view: "CONFLICT", download: "CONFLICT", stream: "CONFLICT" };
  expect(await got(world, second.edit_job_id)).toEqual(none);
  expect(chain.taken.map(({ amount }) => amount)).toEqual([2]); // of the job itself
  const [locked] = (await world.api.clips.results(id, asAlice)).clips;
  expect(locked).toMatchObject({ locked: true, revision: 2 });

  const unlock = (job_id: string) =>
    world.api.unlock?.clip({ job_id, clip_file: CLIP, unlock_request_id: "id" }, asAlice, ALICE);
  await expect(unlock(second.edit_job_id)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await unlock(id)).toMatchObject({ charged_credits: 1, unlocked: true });
  const whole = (revision: number) => ({
    ...{ preview: `a preview of revision ${revision}`, view: `the whole of revision ${revision}` },
    ...{ download: `the whole of revision ${revision}`, stream: `the whole of revision ${revision}` },
  });
  expect(await got(world, id)).toEqual(whole(2));
  expect(await got(world, second.edit_job_id)).toEqual(none);

  await revised(world, id, { title: "Three" }, 2);
  expect(await got(world, id)).toEqual(whole(3));
  for (const revision of [1, 3]) {
    await world.api.edits.show({ job_id: id, clip_file: CLIP, revision }, asAlice);
    expect(await got(world, id)).toEqual(whole(revision));
  }
  expect(await unlock(id)).toMatchObject({ charged_credits: 0, unlocked: true });
  // whoever has no credits left goes on editing, and retries what failed
  const fourth = await edit(world, id, { title: "Four" }, 3);
  await (await world.working(fourth.edit_job_id)).failed("NO_VIDEO");
  await world.until(fourth.edit_job_id, isFinal);
  expect(await world.api.jobs.retry(fourth.edit_job_id, asAlice)).toMatchObject({
    state: "QUEUED",
    fee: null,
  });
  await rendered(world, fourth.edit_job_id);
  expect(await got(world, id)).toEqual(whole(4));
  expect([chain.taken.map(({ amount }) => amount), chain.left(ALICE)]).toEqual([[2, 1], 0]);
  expect((await world.api.clips.results(id, OPERATOR)).clips).toMatchObject([
    { locked: false, revisions: 4 },
  ]);
});

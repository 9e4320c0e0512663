import { text } from "node:stream/consumers";
import type { JobId } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { createTestingLedger } from "../credits/testing-ledger.ts";
import { isFinal } from "../jobs/job.ts";
import { newIdentity } from "../jobs/tokens.ts";
import {
  aQuickWorld,
  CLIP,
  edit,
  FIRST,
  filesOf,
  finished,
  OPERATOR,
  rendered,
  revised,
  type World,
} from "./testing-edits.ts";

const named = (code: string, message: string | RegExp = "") =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const views = async (world: World, id: JobId) =>
  (await world.api.edits.revisions(id, CLIP, OPERATOR)).map(
    ({ revision, state, shown }) => `${revision} ${state}${shown ? " shown" : ""}`,
  );
const show = (world: World, job_id: JobId, revision: number) =>
  world.api.edits.show({ job_id, clip_file: CLIP, revision }, OPERATOR);
const bodyOf = async (world: World, key: string) => text((await world.artifacts.get(key)).body);
const wholeOf = async (world: World, id: JobId) =>
  bodyOf(world, await world.api.clips.key(id, CLIP, OPERATOR));

describe("an edit", () => {
  test("is rendered by a job of its own with the same source and token, and is shown when it is there", async () => {
    await using world = await aQuickWorld();
    const asked = {
      caption_preset: "bold",
      tighten: true,
      output_language: "id",
      about: "cats",
      max_usd: 3,
    } as const;
    const id = await world.job({ clip_count: 1, ...asked });
    await rendered(world, id);
    const made = await edit(world, id, { title: "A better title", segments: [{ start: 30, end: 50 }] });
    expect(made).toEqual({ edit_job_id: expect.stringMatching(/^kk_/), revision: 2 });
    const [parent, job] = [await world.see(id), await world.see(made.edit_job_id)];
    expect(job).toMatchObject({
      ...{ source: parent.source, token_hash: parent.token_hash, language: parent.language, max_usd: 3 },
      ...{ wallet: null, charges: [], fee: null, source_title: parent.source_title },
      edit: { of: id, clip_file: CLIP, clip: { title: "A better title", revision: 2, framing: [] } },
    });
    expect(parent.revisions).toEqual([
      expect.objectContaining({ edit_job_id: job.job_id, changed: ["title", "segments"], order: null }),
    ]);
    expect(await views(world, id)).toEqual(["1 SUCCEEDED shown", "2 QUEUED"]);

    const worker = await world.working(job.job_id);
    const { job: spec } = await worker.claim();
    expect(spec).toMatchObject({
      ...{ caption_preset: "bold", tighten: true, output_language: "id", about: "cats" },
    });
    expect(spec.edit).toEqual({ of: id, clip: job.edit?.clip });
    expect(spec.edit?.clip.words.map(({ word }) => word)).toEqual(
      Array.from({ length: 20 }, (_, at) => `w${at + 30}`),
    );
    expect(await wholeOf(world, id)).toBe("the whole of revision 1");
    if (!job.edit) throw new Error("it is no edit");
    const { text: whole, ...rest } = filesOf(job.job_id, { ...job.edit.clip, reason: "as rendered" });
    await worker.succeeded(await worker.upload(whole, rest));
    await world.until(job.job_id, isFinal);

    expect(await views(world, id)).toEqual(["1 SUCCEEDED", "2 SUCCEEDED shown"]);
    expect(await wholeOf(world, id)).toBe("the whole of revision 2");
    const { clips } = await world.api.clips.results(id, OPERATOR);
    expect(clips).toMatchObject([
      {
        clip_file: CLIP,
        title: "A better title",
        revision: 2,
        revisions: 2,
        download_endpoint: `/api/jobs/${id}/clips/${CLIP}/download`,
      },
    ]);
    const edl = await world.api.clips.edl(id, OPERATOR);
    expect(edl).toMatchObject({
      job_id: id,
      source_seconds: 120,
      clips: [{ reason: "as rendered", revision: 2 }],
    });
    for (const name of ["clip_01.jpg", "clip_01.srt"] as const) {
      const { url } = await world.api.clips.artifact(id, { name, download: false }, OPERATOR);
      expect(url).toContain(`jobs/${job.job_id}/${name}`);
    }
    const { url } = await world.api.clips.artifact(id, { name: "edl.json", download: false }, OPERATOR);
    expect(url).toContain(`jobs/${id}/edl.json`);
  });

  test("goes on from what was rendered: the next one has its words and its framing", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    await revised(world, id, { words: FIRST.words.slice(1) });
    const { edit_job_id } = await edit(world, id, { title: "Once more" }, 2);
    expect((await world.see(edit_job_id)).edit?.clip).toMatchObject({
      ...{ title: "Once more", words: FIRST.words.slice(1), revision: 3, framing: [{ reason: "r2" }] },
    });
  });

  test("of twenty that are made of the same revision at once one is taken, and the others are told which one", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const twenty = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => edit(world, id, { title: `Title ${at}` })),
    );
    const [taken, ...more] = twenty.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(more).toEqual([]);
    for (const one of twenty)
      if (one.status === "rejected")
        expect(one.reason).toEqual(named("CONFLICT", /newest revision of this clip is 2/));
    const jobs = (await world.api.jobs.list({ limit: 99 })).map(({ job_id }) => job_id);
    expect(jobs.toSorted()).toEqual([id, taken?.edit_job_id].toSorted());
  });

  test("has its checks in the documented order, then the revision's, then its own", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const unknown = `kk_${"0".repeat(26)}`;
    const ask = (job_id: JobId, clip_file: string, access: typeof OPERATOR, base_revision = 1, title = "T") =>
      world.api.edits.edit({ job_id, clip_file, base_revision, edit: { title } }, access);
    const nobody = { token: "no", operator: false } as unknown as typeof OPERATOR;
    await expect(ask(unknown, "x", nobody)).rejects.toEqual(named("NOT_FOUND", "job not found"));
    await expect(ask(id, "x", nobody)).rejects.toEqual(named("UNAUTHORIZED", "invalid job token"));
    const running = await world.job();
    await expect(ask(running, "x", OPERATOR)).rejects.toEqual(named("CONFLICT", "job not completed"));
    await expect(ask(id, "clip_02.mp4", OPERATOR)).rejects.toEqual(named("NOT_FOUND", "clip not found"));
    await expect(ask(id, "../clip_01.mp4", OPERATOR)).rejects.toEqual(named("NOT_FOUND", "clip not found"));
    await expect(ask(id, CLIP, OPERATOR, 2)).rejects.toEqual(named("CONFLICT", "is 1: load it"));
    await expect(ask(id, CLIP, OPERATOR, 1, "As it was")).rejects.toEqual(
      named("INVALID_INPUT", "like that already"),
    );
    expect((await world.see(id)).revisions).toEqual([]);
  });

  test("of one that was made with an Idempotency-Key is the same revision again", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const identity = newIdentity(world.clock.now);
    const ask = () =>
      world.api.edits.edit(
        { job_id: id, clip_file: CLIP, base_revision: 1, edit: { title: "Once" } },
        OPERATOR,
        identity,
      );
    const made = await ask();
    expect(made.edit_job_id).toBe(identity.id);
    expect(await ask()).toEqual(made);
    expect((await world.see(id)).revisions).toHaveLength(1);
  });

  test("that fails leaves the clip as it was; it can be retried without credits, or made anew of the one before", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const { edit_job_id } = await edit(world, id, { title: "Will fail" });
    await (await world.working(edit_job_id)).failed("NO_VIDEO");
    await world.until(edit_job_id, isFinal);
    expect(await views(world, id)).toEqual(["1 SUCCEEDED shown", "2 FAILED"]);
    const [, second] = await world.api.edits.revisions(id, CLIP, OPERATOR);
    expect(second).toMatchObject({ error: "it broke", title: "Will fail", changed: ["title"] });
    await expect(show(world, id, 2)).rejects.toEqual(named("CONFLICT", "Revision 2 is not rendered"));
    expect(await edit(world, id, { title: "Of the first" }, 1)).toMatchObject({ revision: 3 });
    await world.api.jobs.retry(edit_job_id, OPERATOR);
    await rendered(world, edit_job_id);
    expect(await views(world, id)).toEqual(["1 SUCCEEDED", "2 SUCCEEDED shown", "3 STARTING"]);
  });

  test("is refused where nothing is left to make the clip of, and possible as far as something is", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const json = { contentType: "application/json" };
    await world.artifacts.put(`jobs/${id}/edl.json`, "{broken", json);
    const { edit_job_id } = await edit(world, id, { title: "Of the manifest" });
    expect((await world.see(edit_job_id)).edit?.clip).toMatchObject({
      ...{ title: "Of the manifest", segments: FIRST.segments, words: FIRST.words, revision: 2 },
    });
    await world.artifacts.delete(`jobs/${id}/transcript.json`);
    await expect(edit(world, id, { segments: [{ start: 12, end: 30 }] }, 2)).rejects.toEqual(
      named("CONFLICT", "kept no transcript"),
    );
    const other = await finished(world);
    for (const name of ["edl", "transcript"]) await world.artifacts.delete(`jobs/${other}/${name}.json`);
    await expect(edit(world, other, { title: "T" })).rejects.toEqual(
      named("CONFLICT", "neither EDL nor transcript"),
    );
  });
});

describe("which revision is shown", () => {
  test("is the newest one that is rendered, until somebody goes back; then until one is rendered that was made later", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    await revised(world, id, { title: "Two" });
    await expect(show(world, id, 9)).rejects.toEqual(named("NOT_FOUND", "revision not found"));
    const third = await edit(world, id, { title: "Three" }, 2);
    await show(world, id, 1);
    await rendered(world, third.edit_job_id);
    expect(await views(world, id)).toEqual(["1 SUCCEEDED shown", "2 SUCCEEDED", "3 SUCCEEDED"]);
    expect((await world.api.clips.edl(id, OPERATOR)).clips).toMatchObject([
      { title: "As it was", revision: 1 },
    ]);

    // who went back edits what is shown; nothing of the others is in it, and nothing is lost
    const fourth = await edit(world, id, { hook: "A hook" }, 1);
    expect((await world.see(fourth.edit_job_id)).edit?.clip).toMatchObject({
      title: "As it was",
      hook: "A hook",
      revision: 4,
    });
    await rendered(world, fourth.edit_job_id);
    expect((await views(world, id)).at(-1)).toBe("4 SUCCEEDED shown");
    await show(world, id, 3);
    expect(await wholeOf(world, id)).toBe("the whole of revision 3");
    expect((await show(world, id, 4)).at(-1)).toMatchObject({ revision: 4, shown: true });
  });

  test("while a newer one is being rendered an older one is not edited unseen", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    await edit(world, id, { title: "Two" });
    await expect(edit(world, id, { hook: "Other tab" }, 1)).rejects.toEqual(
      named("CONFLICT", "is 2: load it"),
    );
    expect(await edit(world, id, { hook: "Same tab" }, 2)).toMatchObject({ revision: 3 });
  });
});

describe("an edit's job", () => {
  test("has no clips of its own and cannot be edited, whoever asks", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const { edit_job_id } = await revised(world, id, { title: "Two" });
    const { clips, edits, jobs } = world.api;
    const asked = [
      clips.results(edit_job_id, OPERATOR),
      clips.edl(edit_job_id, OPERATOR),
      ...[clips.preview, clips.view, clips.download, clips.key].map((ask) =>
        ask(edit_job_id, CLIP, OPERATOR),
      ),
      edit(world, edit_job_id, { title: "Three" }, 2),
      edits.revisions(edit_job_id, CLIP, OPERATOR),
      show(world, edit_job_id, 2),
      jobs.claim(edit_job_id, OPERATOR, "Mallory"),
    ];
    for (const one of await Promise.allSettled<unknown>(asked))
      expect(one).toMatchObject({ reason: named("CONFLICT", `revision 2 of ${CLIP} of ${id}`) });
    expect((await jobs.view(edit_job_id, OPERATOR)).edit).toEqual({ of: id, clip_file: CLIP, revision: 2 });
    const name = "clip_01.srt" as const;
    expect((await clips.artifact(edit_job_id, { name, download: false }, OPERATOR)).url).toContain(
      edit_job_id,
    );
    for (const video of [CLIP, "clip_01_preview.mp4"] as const)
      await expect(clips.artifact(edit_job_id, { name: video, download: false }, OPERATOR)).rejects.toEqual(
        named("NOT_FOUND"),
      );
  });

  test("is its owner's, by token and by wallet, is in nobody's list of jobs, and says what it is in the operator's", async () => {
    await using world = await aQuickWorld({ money: { chain: createTestingLedger({ blocksPerCall: 1 }) } });
    const id = await finished(world, "Alice");
    const { edit_job_id } = await edit(world, id, { title: "Two" });
    const { jobs } = world.api;
    const as = (wallet: string) => ({ token: undefined, operator: false, wallet });
    expect((await jobs.mine("Alice", { limit: 9 })).map(({ job_id }) => job_id)).toEqual([id]);
    const rows = await jobs.list({ limit: 9 });
    expect(rows.find(({ job_id }) => job_id === edit_job_id)?.edit).toMatchObject({ of: id, revision: 2 });
    expect((await jobs.view(edit_job_id, as("Alice"))).source).not.toBeNull();
    expect((await jobs.view(edit_job_id, as("Bob"))).source).toBeNull();
    await expect(jobs.cancel(edit_job_id, as("Bob"))).rejects.toEqual(named("UNAUTHORIZED"));
    expect((await jobs.cancel(edit_job_id, as("Alice"))).state).toBe("CANCELLED");
    expect(await views(world, id)).toEqual(["1 SUCCEEDED shown", "2 CANCELLED"]);
  });

  test("knows what became of the attempts before the present one", async () => {
    await using world = await aQuickWorld({ usdPerHour: 2 });
    const id = await finished(world);
    const { edit_job_id } = await edit(world, id, { title: "Two" });
    const first = await world.working(edit_job_id);
    await world.pass(36_000, { meanwhile: async () => void (await first.pulse()) });
    await first.failed("RENDER_FAILED");
    const { job } = await (await world.working(edit_job_id)).claim();
    expect(job.wasted_attempts).toEqual([
      { epoch: 1, provider: "testing", outcome: "RENDER_FAILED", seconds: 36, usd: expect.closeTo(0.02, 2) },
    ]);
  });
});

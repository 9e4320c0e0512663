import { createHash } from "node:crypto";
import {
  type ArtifactName,
  attemptKey,
  type JobId,
  type PublishInput,
  PublishInput as PublishInputSchema,
} from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { createClips } from "../clips/clips.ts";
import { aQuickWorld, CLIP, edit, finished, OPERATOR, type World } from "../clips/testing-edits.ts";
import { isFinal } from "./job.ts";
import { readied } from "./ready.ts";
import { aReadyClip, story } from "./testing.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const OWNER = { token: undefined, operator: true };

type Files = Partial<Record<ArtifactName, string>>;
const FILES: Files = {
  "clip_01.mp4": "the whole clip",
  "clip_01_preview.mp4": "its preview",
  "clip_01.jpg": "its cover",
  "clip_01.vtt": "its words",
};

/** What a worker says of its first clip, with files as they are given. */
const said = (job_id: JobId, files: Files = FILES, over: object = {}): PublishInput => ({
  ...{ job_id, epoch: 1 },
  clip: {
    ...{ index: 1, title: "A clip", hook: "Why?", start: 10, end: 40, duration: 30, segments: [] },
    file: "clip_01.mp4",
  },
  files: Object.entries(files).map(([name, text = ""]) => ({
    name: name as ArtifactName,
    size_bytes: Buffer.byteLength(text),
    sha256: sha256(text),
  })),
  ...over,
});

async function put({ artifacts }: World, job: JobId, files: Files = FILES, epoch = 1) {
  for (const [name, text = ""] of Object.entries(files))
    await artifacts.put(attemptKey(job, epoch, name as ArtifactName), text, { contentType: "video/mp4" });
}

async function textAt({ artifacts }: World, url: string): Promise<string> {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const link = artifacts.checkLink("GET", pathname.replace("/artifacts/", ""), searchParams);
  if (!link) throw new Error(`${url} is no link`);
  return Buffer.concat(await Array.fromAsync((await artifacts.get(link.key)).body)).toString();
}

describe("a clip that is published while its job goes on", () => {
  test("is counted in the view and can be watched, with its cover and words, until the job has ended", async () => {
    await using world = await aQuickWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await put(world, id);
    expect(await world.api.clips.ready(id, OWNER)).toEqual([]);
    expect(await world.api.work.publish(worker.token, said(id))).toMatchObject({ cancel: false });
    expect(await world.api.jobs.view(id, OWNER)).toMatchObject({ clips_ready: 1, state: "RUNNING" });
    const [clip, ...others] = await world.api.clips.ready(id, OWNER);
    expect(others).toEqual([]);
    expect(clip).toMatchObject({
      ...{ clip_file: CLIP, index: 1, title: "A clip", hook: "Why?", reason: "", score: null },
      ...{ start: 10, end: 40, duration_seconds: 30, width: null, height: null },
      link: { kind: "full", expires_in: 600 },
    });
    expect(await textAt(world, clip?.link.url ?? "")).toBe("the whole clip");
    expect(await textAt(world, clip?.cover_url ?? "")).toBe("its cover");
    expect(await textAt(world, clip?.vtt_url ?? "")).toBe("its words");
    await expect(world.api.clips.results(id, OWNER)).rejects.toMatchObject({ message: "job not completed" });

    await worker.succeeded(await worker.upload("the whole clip"));
    expect((await world.api.jobs.view(id, OWNER)).clips_ready).toBe(1); // while it is being published
    await world.until(id, isFinal);
    expect(await world.api.jobs.view(id, OWNER)).toMatchObject({ clips_ready: 0, state: "SUCCEEDED" });
    expect(await world.api.clips.ready(id, OWNER)).toEqual([]);
    expect((await world.api.clips.results(id, OWNER)).clips).toHaveLength(1);
  });

  test("is the owner's alone", async () => {
    await using world = await aQuickWorld();
    const id = await world.job();
    for (const token of [undefined, "wrong"])
      await expect(world.api.clips.ready(id, { token, operator: false })).rejects.toMatchObject({
        code: "UNAUTHORIZED",
      });
    const unknown = world.api.clips.ready("kk_01JD0000000000000000000000", OWNER);
    await expect(unknown).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("shows its preview alone where credits are on, and nothing where it has none", async () => {
    await using world = await aQuickWorld();
    const { jobs } = world.api;
    const { artifacts } = world;
    const clips = createClips({ jobs, artifacts, credits: true });
    const { job_id: id, job_token: token } = await jobs.create({
      video_url: "https://example.com/talk.mp4",
      clip_duration_seconds: 30,
      clip_count: 2,
    });
    const worker = await world.working(id);
    await put(world, id);
    await world.api.work.publish(worker.token, said(id));
    const [locked] = await clips.ready(id, { token, operator: false });
    expect(locked?.link.kind).toBe("preview");
    expect(await textAt(world, locked?.link.url ?? "")).toBe("its preview");
    expect(JSON.stringify(locked)).not.toContain("clip_01.mp4?");
    const [operators] = await clips.ready(id, OPERATOR);
    expect(operators?.link.kind).toBe("full");

    const bare = { "clip_02.mp4": "another clip" };
    await put(world, id, bare);
    const second = said(id, bare, { clip: { ...said(id).clip, index: 2, file: "clip_02.mp4" } });
    await world.api.work.publish(worker.token, second);
    expect(await clips.ready(id, { token, operator: false })).toHaveLength(1);
    expect(await clips.ready(id, OPERATOR)).toHaveLength(2);
  });

  test("counts once however often it is told, and the last word on it stands", async () => {
    await using world = await aQuickWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await put(world, id);
    await world.api.work.publish(worker.token, said(id));
    const { version } = (await world.api.store.get(id)) ?? {};
    const other = await world.aProcess();
    for (const { work } of [world.api, other]) await work.publish(worker.token, said(id));
    expect((await world.api.store.get(id))?.version).toBe(version);
    const again = said(id, FILES, { clip: { ...said(id).clip, title: "Made again" } });
    await world.api.work.publish(worker.token, again);
    expect((await world.api.clips.ready(id, OWNER)).map(({ title }) => title)).toEqual(["Made again"]);
  });

  test("goes with its attempt: the next one begins without, and the one before cannot publish any more", async () => {
    await using world = await aQuickWorld();
    const id = await world.job();
    const stale = await world.working(id);
    await put(world, id);
    await world.api.work.publish(stale.token, said(id));
    await stale.failed("RENDER_FAILED");
    expect(await world.api.clips.ready(id, OWNER)).toEqual([]);
    await expect(world.api.work.publish(stale.token, said(id))).rejects.toMatchObject({ code: "FENCED" });
    const fresh = await world.working(id);
    await expect(world.api.work.publish(stale.token, said(id))).rejects.toMatchObject({ code: "FENCED" });
    // it cannot pass for the other one, nor take the files of the one before for its own
    const theirs = said(id, FILES, { epoch: 2 });
    await expect(world.api.work.publish(stale.token, theirs)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await put(world, id);
    await expect(world.api.work.publish(fresh.token, theirs)).rejects.toMatchObject({
      code: "UPLOAD_FAILED",
    });
    await put(world, id, FILES, 2);
    await world.api.work.publish(fresh.token, theirs);
    expect(await world.api.jobs.view(id, OWNER)).toMatchObject({ clips_ready: 1 });
    const { token } = await world.api.jobs
      .create({
        ...{ video_url: "https://example.com/t.mp4", clip_duration_seconds: 30, clip_count: 1 },
      })
      .then(({ job_id }) => world.working(job_id));
    await expect(world.api.work.publish(token, theirs)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  test("changes nothing of a job that is to be stopped, whose worker is told so", async () => {
    await using world = await aQuickWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await put(world, id);
    await world.api.jobs.cancel(id, OWNER);
    expect(await world.api.work.publish(worker.token, said(id))).toMatchObject({ cancel: true });
    expect(await world.api.clips.ready(id, OWNER)).toEqual([]);
  });

  test("of an edit is refused: its clip belongs to another job", async () => {
    await using world = await aQuickWorld();
    const id = await finished(world);
    const { edit_job_id } = await edit(world, id, { title: "Two" });
    const worker = await world.working(edit_job_id);
    await put(world, edit_job_id);
    await expect(world.api.work.publish(worker.token, said(edit_job_id))).rejects.toMatchObject({
      code: "CONFLICT",
    });
    expect(await world.api.clips.ready(edit_job_id, OWNER)).toEqual([]);
  });
});

describe("a worker that cannot be trusted", () => {
  const other = { "clip_02.mp4": "another clip" };
  test.each<[string, Files, object, string]>([
    ["names a file that is not there", { ...FILES, "clip_01.ass": "never put" }, {}, "UPLOAD_FAILED"],
    ["says another size", { ...FILES, "clip_01.mp4": "the whole" }, {}, "UPLOAD_FAILED"],
    ["says another hash", { ...FILES, "clip_01.mp4": "THE WHOLE CLIP" }, {}, "UPLOAD_FAILED"],
    ["names another clip's file", { ...FILES, ...other }, {}, "INVALID_INPUT"],
    ["names what is no clip's", { ...FILES, "transcript.json": "[]" }, {}, "INVALID_INPUT"],
    ["leaves the clip itself out", { "clip_01.jpg": "its cover" }, {}, "INVALID_INPUT"],
    [
      "tells of a preview that is another clip",
      FILES,
      { clip: { ...said("").clip, preview_file: "clip_02.mp4" } },
      "INVALID_INPUT",
    ],
    [
      "names a file twice",
      FILES,
      { files: [...said("").files, ...said("").files.slice(0, 1)] },
      "INVALID_INPUT",
    ],
  ])("and %s publishes nothing", async (_what, files, over, code) => {
    await using world = await aQuickWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await put(world, id);
    await put(world, id, other);
    const input = said(id, files, over);
    await expect(world.api.work.publish(worker.token, input)).rejects.toMatchObject({ code });
    expect(await world.api.jobs.view(id, OWNER)).toMatchObject({ clips_ready: 0 });
  });

  test("can name no sixth clip, no path and no number that is none", () => {
    const good = said("kk_01JD0000000000000000000000");
    expect(PublishInputSchema.safeParse(good).success).toBe(true);
    for (const wrong of [
      { clip: { ...good.clip, file: "clip_06.mp4" } },
      { clip: { ...good.clip, file: "../clip_01.mp4" } },
      { clip: { ...good.clip, file: undefined } },
      { clip: { ...good.clip, start: Number.NaN } },
      { files: [] },
      { files: [{ ...good.files[0], name: "clip_06.mp4" }] },
      { files: [{ ...good.files[0], name: "../../other/clip_01.mp4" }] },
    ])
      expect(PublishInputSchema.safeParse({ ...good, ...wrong }).success).toBe(false);
  });

  test("makes no record large, and is not read from without an end", async () => {
    await using world = await aQuickWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await put(world, id);
    const long = "x".repeat(100_000);
    const clip = { ...said(id).clip, title: long, hook: long, reason: long };
    await world.api.work.publish(worker.token, said(id, FILES, { clip }));
    expect(JSON.stringify((await world.see(id)).ready).length).toBeLessThan(2000);
    const many = Array.from({ length: 30 }, () =>
      world.api.work.publish(worker.token, said(id)).then(
        () => "taken",
        ({ code }) => code,
      ),
    );
    const answers = await Promise.all(many);
    expect(answers.filter((answer) => answer === "taken")).toHaveLength(19);
    expect(new Set(answers)).toEqual(new Set(["taken", "RATE_LIMITED"]));
  });
});

test("a clip that is published shows that its worker lives", () => {
  const told = story().running().after(60_000);
  const now = told.now;
  const before = told.attempt.lease_until ?? 0;
  const job = readied(told.job, told.attempt, aReadyClip(), now);
  expect(job.attempts.at(-1)?.lease_until).toBeGreaterThan(before);
});

test("a process killed at each of its calls while a clip is published: asked again it is there, once", async () => {
  async function life(dies?: { atCall: number; when: "before" | "after" }) {
    await using world = await aQuickWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await put(world, id);
    await world.restart(dies && { dies });
    const answer = await world.api.work.publish(worker.token, said(id)).catch(() => undefined);
    const calls = world.api.calls();
    if (world.api.isDead()) await world.restart();
    if (!answer) await world.api.work.publish(worker.token, said(id));
    return { calls, ready: (await world.see(id)).ready };
  }
  const { calls, ready } = await life();
  expect(calls).toBeGreaterThan(2);
  expect(ready).toHaveLength(1);
  for (let atCall = 1; atCall <= calls; atCall++)
    for (const when of ["before", "after"] as const)
      expect([`${when} call ${atCall}`, (await life({ atCall, when })).ready]).toEqual([
        `${when} call ${atCall}`,
        ready,
      ]);
}, 60_000);

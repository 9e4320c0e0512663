import type { ClipFile } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { aHouse, type House, OPERATOR, type OwnedJob, withToken } from "../credits/testing-house.ts";
import type { Charge } from "../jobs/job.ts";
import type { Access } from "../jobs/jobs.ts";
import { aCharge } from "../jobs/testing.ts";
import { createClips } from "./clips.ts";

const paid = (what: ClipFile, state: Charge["state"] = "CHARGED") => aCharge({ what, state });
const LOCKED = { code: "LOCKED", message: "locked" };
const nameIn = (url: string) => new URL(url, "http://localhost").pathname.split("/").at(-1);

/** The ways to a clip's bytes, each ending with the name of the file that it leads to. */
async function ways(house: House, { id, token }: OwnedJob, file: string, access: Access = withToken(token)) {
  const { clips } = await house.api();
  const end = (asked: Promise<{ url: string } | string>) =>
    asked.then(
      (link) => nameIn(typeof link === "string" ? link : link.url),
      ({ message }) => message,
    );
  return {
    preview: await end(clips.preview(id, file, access)),
    view: await end(clips.view(id, file, access)),
    download: await end(clips.download(id, file, access)),
    stream: await end(clips.key(id, file, access)),
  };
}

describe("where credits are on", () => {
  test("a locked clip is seen as its preview and in no other way", async () => {
    await using house = aHouse();
    const job = await house.finished({ job: { charges: [paid("clip_02.mp4")] } });
    const preview = "clip_01_preview.mp4";
    expect(await ways(house, job, "clip_01.mp4")).toEqual({
      ...{ preview, view: preview, download: "locked", stream: "locked" },
    });
    const { clips } = await house.api();
    const access = withToken(job.token);
    expect((await clips.view(job.id, "clip_01.mp4", access)).kind).toBe("preview");
    await expect(clips.download(job.id, "clip_01.mp4", access)).rejects.toMatchObject(LOCKED);
    const { clips: listed } = await clips.results(job.id, access);
    expect(listed.map(({ clip_file, locked }) => [clip_file, locked])).toEqual([
      ["clip_01.mp4", true],
      ["clip_02.mp4", false],
    ]);
  });

  test("an unlocked clip is there whole, and so is every clip for the operator of the machine", async () => {
    await using house = aHouse();
    const job = await house.finished({ job: { charges: [paid("clip_02.mp4")] } });
    const whole = (file: string) => ({
      ...{ preview: file.replace(".mp4", "_preview.mp4"), view: file, download: file, stream: file },
    });
    expect(await ways(house, job, "clip_02.mp4")).toEqual(whole("clip_02.mp4"));
    expect(await ways(house, job, "clip_01.mp4", OPERATOR)).toEqual(whole("clip_01.mp4"));
    const { clips } = await house.api();
    expect((await clips.results(job.id, OPERATOR)).clips.map(({ locked }) => locked)).toEqual([false, false]);
  });

  test.each(["DUE", "SENDING", "REFUSED", "REFUNDING", "REFUNDED"] as const)(
    "a charge that is %s unlocks nothing",
    async (state) => {
      await using house = aHouse();
      const job = await house.finished({ job: { charges: [paid("clip_01.mp4", state)] } });
      expect(await ways(house, job, "clip_01.mp4")).toMatchObject({ download: "locked", stream: "locked" });
    },
  );

  test("a locked clip without a preview is not shown instead, whatever its manifest calls a preview", async () => {
    await using house = aHouse();
    const without = await house.finished({ previews: false });
    const none = "This clip has no preview: unlock it to see it";
    const nothing = { preview: none, view: none, download: "locked", stream: "locked" };
    expect(await ways(house, without, "clip_01.mp4")).toEqual(nothing);

    const lying = await house.finished({ previews: false });
    const key = `jobs/${lying.id}/manifest.json`;
    const { body } = await house.artifacts.get(key);
    const manifest = JSON.parse(Buffer.concat(await body.toArray()).toString());
    for (const preview_file of [
      "clip_01.mp4",
      "clip_02.mp4",
      "clip_01.mp4/../clip_01.mp4",
      "clip_01_preview.mp4/../clip_01.mp4",
    ]) {
      manifest.clips[0].preview_file = preview_file;
      await house.artifacts.put(key, JSON.stringify(manifest), { contentType: "application/json" });
      expect(await ways(house, lying, "clip_01.mp4"), preview_file).toEqual(nothing);
    }
  });

  test("cover, subtitles and transcript are open, the clip's video by no name", async () => {
    await using house = aHouse();
    const { id, token } = await house.finished();
    const { clips } = await house.api();
    const access = withToken(token);
    const get = (name: string) =>
      clips.artifact(id, { name: name as "meta.json", download: true }, access).then(
        ({ url }) => nameIn(url),
        ({ code }) => code,
      );
    for (const name of [
      "clip_01.jpg",
      "clip_01.srt",
      "clip_01.vtt",
      "clip_01.ass",
      "transcript.json",
      "manifest.json",
    ])
      expect(await get(name)).toBe(name);
    for (const name of ["clip_01.mp4", "clip_01_preview.mp4", "charges.json"])
      expect(await get(name)).toBe("NOT_FOUND");
  });

  test("the checks come in the documented order: job, token, end, clip, lock", async () => {
    await using house = aHouse();
    const { id, token } = await house.finished();
    const { clips, store } = await house.api();
    const unknown = `kk_${"0".repeat(26)}`;
    await expect(clips.download(unknown, "clip_09.mp4", withToken("no"))).rejects.toThrow("job not found");
    await expect(clips.download(id, "clip_09.mp4", withToken("no"))).rejects.toThrow("invalid job token");
    await expect(clips.download(id, "clip_09.mp4", withToken(token))).rejects.toThrow("clip not found");
    await expect(clips.download(id, "clip_01.mp4", withToken(token))).rejects.toThrow("locked");
    const stored = await store.get(id);
    if (stored) await store.replace({ ...stored.job, state: "RUNNING" }, stored.version);
    await expect(clips.download(id, "clip_09.mp4", withToken(token))).rejects.toThrow("job not completed");
  });
});

test("where credits are off every clip is unlocked, and shows itself where it has no preview", async () => {
  await using house = aHouse();
  const { id, token } = await house.finished({ previews: false });
  const { jobs } = await house.api();
  const clips = createClips({ jobs, artifacts: house.artifacts, credits: false });
  const access = withToken(token);
  expect((await clips.results(id, access)).clips.map(({ locked }) => locked)).toEqual([false, false]);
  for (const ask of [clips.preview, clips.view, clips.download])
    expect(nameIn((await ask(id, "clip_01.mp4", access)).url)).toBe("clip_01.mp4");
  expect(await clips.view(id, "clip_01.mp4", access)).toMatchObject({ kind: "full" });
});

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { artifactKey, type JobId, type Manifest } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { startFakeS3 } from "../artifacts/testing-fake-s3.ts";
import { aHouse, OPERATOR, withToken } from "../credits/testing-house.ts";
import { aCharge } from "../jobs/testing.ts";
import { startTestApi } from "../testing.ts";
import { unzipped } from "../testing-zip.ts";
import { createKeeping } from "./keeping.ts";
import { aQuickWorld, finished, revised } from "./testing-edits.ts";

const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
const NAMES = [
  "01 The tests' clip.jpg",
  "01 The tests' clip.mp4",
  ...["timeline.edl", "timeline.fcpxml", "timeline.otio"],
];

/** A finished job of the tests' worker, on an API of its own. */
async function withJob(options: Parameters<typeof startTestApi>[0] = {}) {
  const api = await startTestApi(options);
  const { job_id, job_token } = (await api.rest("POST", "/api/jobs", JOB)).body;
  expect((await api.until(job_id)).status).toBe("SUCCEEDED");
  const headers = { "x-job-token": job_token };
  const ask = (path: string) => api.rest("GET", `/api/jobs/${job_id}/${path}`, undefined, headers);
  return Object.assign(api, { job_id: job_id as JobId, ask });
}

/** What a link that needs no header gives. */
async function saved(url: string) {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const { status, headers } = answer;
  return { status, headers, bytes };
}

async function proves(api: Awaited<ReturnType<typeof withJob>>) {
  const { body } = await api.ask("archive");
  expect(body).toEqual({ url: expect.stringMatching(/^\/artifacts\/archives\/kk_/), expires_in: 600 });
  const { status, headers, bytes } = await saved(`${api.url}${body.url}`);
  expect([status, headers.get("content-type")]).toEqual([200, "application/zip"]);
  expect(headers.get("content-length")).toBe(String(bytes.length));
  expect(headers.get("content-disposition")).toContain('filename="A talk.zip"');
  const files = new Map(unzipped(bytes).map((file) => [file.name, file.bytes]));
  expect([...files.keys()].toSorted()).toEqual(NAMES);
  expect(files.get("01 The tests' clip.mp4")).toEqual(
    Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256)),
  );
  for (const format of ["edl", "fcpxml", "otio"]) {
    const { body: timeline } = await api.ask(`timeline?format=${format}`);
    expect(timeline.filename).toBe(`A talk.${format}`);
    expect(files.get(`timeline.${format}`)?.toString()).toBe(timeline.text);
  }
}

test("a zip is made by this service too where a bucket keeps the files; where that goes away in the middle the connection ends", async () => {
  let away = false;
  await using fake = await startFakeS3(({ op, key }) =>
    away && op === "get" && key.endsWith(".mp4") ? { status: 403, code: "AccessDenied" } : undefined,
  );
  await using api = await withJob({ wrap: (ports) => ({ ...ports, artifacts: fake.newStore() }) });
  await proves(api);
  const { body } = await api.ask("archive");
  away = true;
  await expect(saved(`${api.url}${body.url}`)).rejects.toThrow();
});

/** Sends without end, and waits for being cut off. */
async function dripped(url: string): Promise<void> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  const closed = new Promise((done) => socket.once("close", done));
  socket.on("error", () => {}); // it is cut off while it sends: `once` would take that for a failure
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n`);
  const drip = setInterval(() => socket.write("x"), 200);
  socket.resume();
  await closed.finally(() => clearInterval(drip));
}

test("one link saves all of a job, with no header at all: these clips, until then, and nothing else", async () => {
  await using api = await withJob();
  await proves(api);
  expect((await api.ask("timeline")).body.text).toContain("* COMMENT: The tests' clip");
  expect((await api.ask("timeline?format=docx")).status).toBe(400);
  const [archive, download] = await Promise.all([api.ask("archive"), api.ask("clips/clip_01.mp4/download")]);
  const link = new URL(archive.body.url, api.url);
  const cutOff = Promise.all([dripped(link.href), dripped(`${api.url}/artifacts/archives/x`)]);
  cutOff.catch(() => {}); // awaited below
  const other = new URL(download.body.url, api.url);
  const signed = (url: URL) => url.searchParams.get("signature") ?? "";
  const wrong: Record<string, (one: URL) => void> = {
    "more clips": (one) => one.searchParams.set("clips", "clip_01.mp4,clip_02.mp4"),
    "no clips": (one) => one.searchParams.delete("clips"),
    "clips that are none": (one) => one.searchParams.set("clips", "../manifest.json"),
    "a longer life": (one) => one.searchParams.set("expires", "9999999999"),
    "another job": (one) => {
      one.pathname = one.pathname.replace(api.job_id, "kk_01JD0000000000000000000000");
    },
    "another ending": (one) => {
      one.pathname = one.pathname.replace(".zip", ".tar");
    },
    "a folder": (one) => {
      one.pathname = `${one.pathname}/x`;
    },
    "one field more": (one) => one.searchParams.set("more", "1"),
    "a field twice": (one) => one.searchParams.append("clips", "clip_02.mp4"),
    "no signature": (one) => one.searchParams.delete("signature"),
    "the signature of a link to a file": (one) => one.searchParams.set("signature", signed(other)),
  };
  for (const [what, change] of Object.entries(wrong)) {
    const one = new URL(link);
    change(one);
    expect((await saved(one.href)).status, what).toBe(403);
  }
  const turned = new URL(other);
  turned.searchParams.set("signature", signed(link));
  expect((await saved(turned.href)).status).toBe(403);
  const posted = await fetch(link, { method: "POST" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect((await saved(link.href)).status).toBe(200);
  await cutOff;
});

describe("of what people own", () => {
  /** Keeping in a house where credits are on, on a clock that a test sets. */
  async function aKeepingHouse() {
    const clock = { now: Date.now() };
    const house = aHouse();
    const keeping = createKeeping({
      ...{ ...(await house.api()), artifacts: house.artifacts, secret: randomBytes(32) },
      now: () => clock.now,
    });
    const queryOf = (url: string) => new URLSearchParams(url.slice(url.indexOf("?")));
    const names = async (id: JobId, access: Parameters<typeof keeping.archive>[1]) => {
      const { url } = await keeping.archive(id, access);
      const link = keeping.checked(id, queryOf(url));
      if (typeof link === "string") throw new Error(link);
      return (await keeping.contents(link)).entries.map(({ name }) => name);
    };
    return Object.assign(house, { clock, keeping, names, queryOf });
  }
  const of = (name: string) => ["mp4", "srt", "vtt", "jpg"].map((ending) => `${name}.${ending}`);
  const timelines = ["timeline.edl", "timeline.otio", "timeline.fcpxml"];
  const paid = [aCharge({ what: "clip_02.mp4", state: "CHARGED" })];

  test("a locked clip is not in the zip, but for the operator of the machine", async () => {
    await using house = await aKeepingHouse();
    const { id, token } = await house.finished({ job: { charges: paid } });
    expect(await house.names(id, withToken(token))).toEqual([...of("02 clip_02"), ...timelines]);
    expect(await house.names(id, OPERATOR)).toEqual([...of("01 clip_01"), ...of("02 clip_02"), ...timelines]);
    const locked = await house.finished();
    await expect(house.keeping.archive(locked.id, withToken(locked.token))).rejects.toMatchObject({
      code: "LOCKED",
    });
    await expect(house.keeping.archive(id, withToken(locked.token))).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
    expect((await house.keeping.timeline(id, "edl", withToken(token))).text.match(/^00\d /gm)).toHaveLength(
      2,
    );
  });

  test("names in the zip are safe and differ, whatever the clips are called", async () => {
    await using house = await aKeepingHouse();
    const { id } = await house.finished({ clips: 5 });
    const key = artifactKey(id, "manifest.json");
    const { body } = await house.artifacts.get(key);
    const manifest = JSON.parse(Buffer.concat(await body.toArray()).toString()) as Manifest;
    const titles = ["../../../etc/passwd", "NUL", "a\\b:c*", "\u202egpj.exe\u0000", "nul"];
    const clips = manifest.clips.map((clip, at) => ({ ...clip, title: titles[at] ?? "" }));
    const source = { title: "C:\\<x>..", url: null, seconds: null };
    const changed = JSON.stringify({ ...manifest, clips: [...clips, ...clips], source }); // each but once, however often it is named
    await house.artifacts.put(key, changed, { contentType: "application/json" });
    const videos = (await house.names(id, OPERATOR)).filter((name) => name.endsWith(".mp4"));
    expect(videos).toEqual([
      ...["01 etc passwd.mp4", "02 _NUL.mp4", "03 a b c.mp4", "04 gpj.exe.mp4", "05 _nul.mp4"],
    ]);
    expect((await house.keeping.timeline(id, "otio", OPERATOR)).filename).toBe("C x.otio");
  });

  test("a link that was not used in ten minutes has expired, and one to a job that is no more finds nothing", async () => {
    await using house = await aKeepingHouse();
    const { id, token } = await house.finished({ job: { charges: paid } });
    const { url } = await house.keeping.archive(id, withToken(token));
    house.clock.now += 599_000;
    const link = house.keeping.checked(id, house.queryOf(url));
    expect(link).toMatchObject({ job_id: id, clips: ["clip_02.mp4"] });
    house.clock.now += 2000;
    expect(house.keeping.checked(id, house.queryOf(url))).toBe("This link has expired");
    await (await house.api()).store.remove(id);
    if (typeof link === "string") throw new Error(link);
    await expect(house.keeping.contents(link)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("clips and cuts are those of the revision that is shown", async () => {
    await using world = await aQuickWorld();
    const { jobs, clips } = world.api;
    const id = await finished(world);
    await revised(world, id, { title: "Another one", segments: [{ start: 20, end: 55 }] });
    const keeping = createKeeping({
      ...{ jobs, clips, artifacts: world.artifacts, secret: world.secret, now: () => world.clock.now },
    });
    const { text } = await keeping.timeline(id, "edl", OPERATOR);
    expect(text).toContain("00:00:19:27 00:00:54:27 01:00:00:00 01:00:35:00");
    expect(text).toContain("* COMMENT: Another one");
    const { entries } = await keeping.contents({ job_id: id, clips: ["clip_01.mp4"] });
    const [video] = entries;
    expect(video?.name).toBe("01 Another one.mp4");
    const body = await video?.open();
    expect(Buffer.concat((await body?.toArray()) ?? []).toString()).toBe("the whole of revision 2");
  });
});

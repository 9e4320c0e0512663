import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { JobSpec } from "@kangklip/contract";
import { beforeAll, describe, expect, test } from "vitest";
import { ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import { aMachine, hashOf, JOBS, tenMinutes } from "../fetch/need/testing-need.ts";
import { bytes, type Route, redirect, status } from "../fetch/testing-server.ts";
import { fetchOf, videoStats } from "../manifest.ts";

/** Three clips of 30 s. */
const CLIPS = [60, 250, 500].map((start) => ({ start, end: start + 30 }));
const SECONDS = { timeout: 600_000 };

let folder = "";
let video: Buffer = Buffer.alloc(0);
/** The same with its sound in pieces of two seconds. */
let chunks: Buffer = Buffer.alloc(0);
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  folder = temporary.dir;
  video = await tenMinutes(folder);
  const [file, apart] = [
    join(folder, "chunks.mp4"),
    ["-chunk_duration", "2000000", "-movflags", "+faststart"],
  ];
  await ffmpeg("-i", whole(), "-c", "copy", ...apart, file);
  chunks = readFileSync(file);
  return temporary[Symbol.asyncDispose];
}, 300_000);

/** The video, by ranges of which several may come in one answer. */
const inRanges = (options: Parameters<typeof bytes>[1] = {}) => bytes(video, { together: true, ...options });
const edited = (of: string): Partial<JobSpec> => ({
  ...{ job_id: "kk_01JD0000000000000000000009", clip_count: 1 },
  edit: { of, clip: {} as NonNullable<JobSpec["edit"]>["clip"] },
});
const whole = () => join(folder, "ten-minutes.mp4");

describe.skipIf(!tools)("a video of which only what the clips need is fetched (needs ffmpeg)", () => {
  test(
    "the sound first, then the pictures of three clips: exactly counted, and a fraction of the whole",
    SECONDS,
    async () => {
      let sent = 0;
      await using machine = await aMachine({ "/v.mp4": inRanges({ sent: (count) => (sent += count) }) });
      const { source, told } = await machine.fetch("/v.mp4");
      expect(source.fetch).toEqual({ way: "ranges", reason: null, requests: expect.any(Number) });
      expect(source.fetchedBytes).toBe(sent);
      expect(sent).toBeLessThan(video.length / 8); // sound alone, and the first three seconds
      expect(source.info.durationSeconds).toBeCloseTo(600, 0);
      expect(told.progress.some(([, message]) => /^Downloaded .* MB$/.test(message ?? ""))).toBe(true);
      const heard = (file: string) => hashOf("-i", file, "-map", "0:a", "-c", "copy");
      expect(await heard(source.file)).toBe(await heard(whole()));

      for (const clip of CLIPS) expect(await source.need?.pictures([clip])).toBe(source.file);
      expect(source.need?.wireBytes()).toBe(sent);
      expect(sent).toBeLessThan(video.length * 0.3); // the clips themselves are 15 % of ten minutes
      expect(machine.server.connections()).toBeLessThan(20);
      const asked = machine.server.requests.length;
      await source.need?.pictures([{ start: 62, end: 88 }]);
      expect(machine.server.requests).toHaveLength(asked);
      expect(fetchOf(source)).toEqual({ way: "ranges", reason: null, bytes: sent, requests: asked });
      const { size_bytes, fetched_bytes } = await videoStats(source);
      expect([size_bytes, fetched_bytes]).toEqual([video.length, sent]);
      expect(statSync(source.file).blocks * 512).toBeLessThan(video.length);
      const seen = (file: string, { start }: (typeof CLIPS)[number]) =>
        hashOf("-ss", `${start}`, "-t", "4", "-i", file, "-map", "0:v", "-map", "0:a");
      for (const clip of CLIPS.slice(1))
        expect(await seen(source.file, clip)).toBe(await seen(whole(), clip));
    },
  );

  test(
    "sound in chunks of two seconds is worth a request each where ranges come one at a time",
    SECONDS,
    async () => {
      const file = join(folder, "chunks.mp4");
      await ffmpeg(
        "-i",
        whole(),
        "-c",
        "copy",
        "-chunk_duration",
        "2000000",
        "-movflags",
        "+faststart",
        file,
      );
      const chunks = readFileSync(file);
      let sent = 0;
      const counted: Route = (request, response, visit) =>
        bytes(chunks, {
          sent: (count) => {
            sent += request.headers.range?.includes(",") ? 0 : count; // such an answer is given up when it begins
          },
        })(request, response, visit);
      await using machine = await aMachine({ "/v.mp4": counted });
      const { source } = await machine.fetch("/v.mp4");
      expect(source.fetch?.way).toBe("ranges");
      await source.need?.pictures(CLIPS);
      expect(sent).toBeLessThan(chunks.length / 2);
      const seen = (of: string) => hashOf("-ss", "250", "-t", "4", "-i", of, "-map", "0:v", "-map", "0:a");
      expect(await seen(source.file)).toBe(await seen(join(folder, "chunks.mp4")));
    },
  );

  test("a server that has enough of so many requests is asked for the whole", SECONDS, async () => {
    let asked = 0;
    const strict: Route = (...one) =>
      (one[0].headers.range && asked++ > 50 ? status(403) : bytes(chunks))(...one);
    await using machine = await aMachine({ "/v.mp4": strict });
    const { source } = await machine.fetch("/v.mp4");
    expect(source.fetch).toMatchObject({
      way: "whole",
      reason: expect.stringMatching(/refuses so many requests/),
    });
    expect(statSync(source.file).size).toBe(chunks.length);
  });

  test("where that is no use the whole is fetched once, and it is said why", SECONDS, async () => {
    const cut = video.subarray(0, video.length / 2);
    const reasons: [string, Route, RegExp][] = [
      ["/none", bytes(video, { ranges: false }), /does not give ranges/],
      ["/one-at-a-time", bytes(video), /would cost \d+ % of it/],
      ["/unmarked", inRanges({ etag: null }), /does not say when it changes/],
      ["/weak", inRanges({ etag: 'W/"1"' }), /does not say when it changes/],
    ];
    await using machine = await aMachine({
      ...Object.fromEntries(reasons),
      "/cut": bytes(cut, { together: true }),
    });
    for (const [path, , why] of reasons) {
      const { source } = await machine.fetch(path);
      expect(source.need).toBeUndefined();
      expect(source.fetch).toMatchObject({ way: "whole", reason: expect.stringMatching(why) });
      expect(statSync(source.file).size).toBe(video.length);
      expect(machine.asked().length).toBeLessThan(5);
    }
    const small = await machine.fetch("/none?small", {}, { fromBytes: 1e9 });
    expect(small.source.fetch?.reason).toMatch(/less than 1000 MB/);
    // one that ends early is told from one that is whole, as ever
    await expect(machine.fetch("/cut")).rejects.toMatchObject({ code: "SOURCE_TRUNCATED" });
  });

  test(
    "an index that lies is fetched around or called unreadable, and nothing stays open",
    SECONDS,
    async () => {
      const moov = video.indexOf("moov");
      const lies = (name: string, change: (at: number, copy: Buffer) => void) => {
        const copy = Buffer.from(video);
        change(copy.indexOf(name, moov), copy);
        return bytes(copy, { together: true });
      };
      await using machine = await aMachine({
        "/samples": lies("stsz", (at, copy) => copy.writeUInt32BE(0xffffffff, at + 12)),
        "/scale": lies("mdhd", (at, copy) => copy.writeUInt32BE(0, at + 16)),
        "/beyond": lies("stco", (at, copy) => copy.writeUInt32BE(0xfffffff0, at + 12)),
        "/locked": lies("avc1", (at, copy) => copy.write("encv", at, "latin1")),
        "/huge": lies("moov", (at, copy) => copy.writeUInt32BE(0x7fffffff, at - 4)),
      });
      for (const path of ["/samples", "/scale", "/beyond", "/locked", "/huge"]) {
        const outcome = await machine.fetch(path).then(
          ({ source }) => source.fetch?.way,
          ({ code }) => code,
        );
        expect([path, outcome]).toEqual([
          path,
          expect.stringMatching(/^whole$|^SOURCE_(UNREADABLE|TRUNCATED)$|^NO_VIDEO$/),
        ]);
      }
    },
  );

  test(
    "one that becomes another while its sound comes is begun anew; while its pictures come, it is an error with a name",
    SECONDS,
    async () => {
      let tag = '"one"';
      const changing: Route = (request, response, visit) => {
        if (visit === 4) tag = '"two"';
        inRanges({ etag: tag })(request, response, visit);
      };
      await using machine = await aMachine({ "/v.mp4": changing });
      const { source, told } = await machine.fetch("/v.mp4");
      expect(source.fetch?.way).toBe("ranges");
      expect(source.validators?.etag).toBe('"two"');
      expect(told.logs).toContainEqual(expect.objectContaining({ event: "fetch.not_by_need" }));
      tag = '"three"';
      await expect(source.need?.pictures(CLIPS)).rejects.toMatchObject({
        code: "SOURCE_UNREACHABLE",
        message: expect.stringContaining("changed"),
      });
    },
  );

  test("a signed address that runs out is asked for anew where the job's own leads", SECONDS, async () => {
    let generation = 1;
    const signed =
      (own: number): Route =>
      (request, response, visit) =>
        (generation === own ? inRanges() : status(403))(request, response, visit);
    await using machine = await aMachine({
      "/v.mp4": (...asked) => redirect(`/signed-${generation}`)(...asked),
      "/signed-1": signed(1),
      "/signed-2": signed(2),
    });
    const { source } = await machine.fetch("/v.mp4");
    machine.asked();
    generation = 2;
    await source.need?.pictures(CLIPS);
    const paths = machine.server.requests.map(({ path }) => path);
    expect(paths).toContain("/v.mp4");
    expect(paths.at(-1)).toBe("/signed-2");
  });

  test(
    "cancelled in the middle, it asks for nothing more and leaves nothing but what the job's folder had",
    SECONDS,
    async () => {
      const stop = new AbortController();
      let pictures = false;
      const slow: Route = (request, response, visit) => {
        if (pictures) return void stop.abort(new Error("cancelled"));
        inRanges()(request, response, visit);
      };
      await using machine = await aMachine({ "/v.mp4": slow });
      const { source, dir } = await machine.fetch("/v.mp4", {}, { signal: stop.signal });
      const before = readdirSync(dir);
      pictures = true;
      await expect(source.need?.pictures(CLIPS)).rejects.toThrow("cancelled");
      await source.need?.close();
      machine.asked();
      expect([readdirSync(dir), before]).toEqual([["source.mp4"], ["source.mp4"]]);
      await expect(source.need?.pictures(CLIPS)).rejects.toThrow();
      expect(machine.asked()).toEqual([]);
    },
  );

  test(
    "what was fetched is kept: another job and edits of its clips fetch only what lacks",
    SECONDS,
    async () => {
      let tag = '"one"';
      await using machine = await aMachine({ "/v.mp4": (...asked) => inRanges({ etag: tag })(...asked) });
      const first = await machine.fetch("/v.mp4");
      await first.source.need?.pictures(CLIPS);
      await first.keepMore();
      await first.source.need?.close();
      machine.asked();

      const other = await machine.fetch("/v.mp4", { job_id: JOBS[1] });
      expect([other.reused, other.source.sha256]).toEqual([true, first.source.sha256]);
      await other.source.need?.pictures(CLIPS);
      expect(machine.asked()).toEqual(["bytes=0-0"]);
      expect(readdirSync(other.dir)).toEqual(["source.mp4"]);
      expect(fetchOf(other.source)).toEqual({ way: "ranges", reason: null, bytes: 0, requests: 1 });

      const edit = await machine.fetch("/v.mp4", edited(JOBS[0]));
      await edit.source.need?.pictures([{ start: 61, end: 89 }]);
      expect([edit.reused, edit.source.need?.wireBytes(), machine.asked()]).toEqual([true, 0, []]);
      const [clip] = CLIPS;
      const seen = (file: string) => hashOf("-ss", `${clip?.start}`, "-t", "5", "-i", file, "-map", "0:v");
      expect(await seen(edit.source.file)).toBe(await seen(whole()));

      await edit.source.need?.pictures([{ start: 300, end: 310 }]);
      await edit.keepMore();
      expect(machine.asked().length).toBeGreaterThan(0);
      expect(edit.source.need?.wireBytes()).toBeLessThan(video.length * 0.04);
      const again = await machine.fetch("/v.mp4", edited(JOBS[0]));
      await again.source.need?.pictures([{ start: 300, end: 310 }]);
      expect(machine.asked()).toEqual([]);

      tag = '"two"'; // cut from what it was, and from nothing else
      await expect(again.source.need?.pictures([{ start: 400, end: 410 }])).rejects.toMatchObject({
        code: "SOURCE_UNREACHABLE",
      });
      const anew = await machine.fetch("/v.mp4", { job_id: JOBS[0] });
      expect([anew.reused, anew.source.validators?.etag]).toEqual([false, '"two"']);
    },
  );

  test("what may be fetched is limited by what comes, not by what there is", SECONDS, async () => {
    await using machine = await aMachine({ "/v.mp4": inRanges() });
    const policy = { allow_private: false, allow_origins: [machine.server.origin], max_seconds: 3600 };
    const limited = (max_bytes: number) =>
      machine.fetch("/v.mp4", { fetch_policy: { ...policy, max_bytes } });
    const { source } = await limited(video.length / 8);
    await expect(source.need?.pictures(CLIPS)).rejects.toMatchObject({ code: "SOURCE_TOO_LARGE" });
    await expect(limited(1e6)).rejects.toMatchObject({ code: "SOURCE_TOO_LARGE" });
    await expect(
      machine.fetch("/v.mp4", { fetch_policy: { ...policy, max_bytes: 1e9, max_seconds: 60 } }),
    ).rejects.toMatchObject({
      code: "SOURCE_TOO_LONG",
    });
  });
});

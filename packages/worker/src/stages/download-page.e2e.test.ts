import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JobSpec } from "@kangklip/contract";
import { afterAll, describe, expect, test } from "vitest";
import { ffmpeg, tools } from "../asr/testing.ts";
import { aMachine, JOBS } from "../fetch/need/testing-need.ts";
import {
  aPageVideo,
  asStreams,
  type Format,
  PAGE,
  PICTURE,
  pair,
  picturesIn,
  SOUND,
  seen,
  single,
  tagged,
  told,
} from "../fetch/need/testing-page.ts";
import { bytes, type Route, status } from "../fetch/testing-server.ts";
import { FAKE_YT_DLP } from "../fetch/testing-yt-dlp.ts";
import { fetchOf } from "../manifest.ts";

/** Three clips of 30 s. */
const CLIPS = [61, 250, 500].map((start) => ({ start, end: start + 30 }));
/** What is compared of the first one, where all of it has been compared before. */
const BRIEF = { start: 62, end: 66 };
const SECONDS = { timeout: 600_000 };

const { folder, whole, picture, sound, both, close } = await aPageVideo();
afterAll(close);

const edited = (of: string): Partial<JobSpec> => ({
  ...{ job_id: "kk_01JD0000000000000000000009", clip_count: 1 },
  edit: { of, clip: {} as NonNullable<JobSpec["edit"]>["clip"] },
});

describe.skipIf(!tools)("a page of which only what the clips need is fetched (needs ffmpeg)", () => {
  test(
    "picture and sound in two files: the sound first, then the pictures of three clips, frame by frame those of the whole",
    SECONDS,
    async () => {
      let sent = 0;
      const counted = {
        sent: (count: number) => {
          sent += count;
        },
      };
      await using machine = await aMachine(
        {
          "/page": PAGE,
          "/info.json": told(pair),
          "/picture": bytes(picture, counted),
          "/sound": bytes(sound, counted),
        },
        FAKE_YT_DLP,
      );
      const { source, dir, told: said } = await machine.fetch("/page");
      expect(source.fetch).toEqual({ way: "segments", reason: null, requests: expect.any(Number) });
      expect(source).toMatchObject({
        title: "A talk",
        validators: null,
        url: `${machine.server.origin}/page`,
      });
      expect(source.info.durationSeconds).toBeCloseTo(600, 0);
      expect(sent).toBeLessThan(sound.length + picture.length / 40);
      for (const clip of CLIPS) {
        const file = (await source.need?.pictures([clip])) ?? "";
        expect(await seen(file, clip)).toEqual(await seen(whole, clip));
      }
      const share = sent / (picture.length + sound.length);
      expect(share).toBeLessThan(0.3); // the clips themselves are 15 % of ten minutes
      expect(source.need?.wireBytes()).toBeGreaterThanOrEqual(sent);
      expect(source.need?.wireBytes()).toBeLessThan(sent + 5000); // the page, and what yt-dlp asked for
      expect(readdirSync(dir).sort()).toEqual([".stream", "source.mkv"]);
      expect(JSON.stringify([said.logs, source.meta])).not.toContain("/picture");
    },
  );

  test("one file that holds both goes by ranges, and streams by pieces", SECONDS, async () => {
    const dash = await asStreams(folder);
    await ffmpeg("-i", join(folder, "picture.mp4"), "-c", "copy", join(folder, "picture.mkv"));
    const ways: [string, [Format, string][], string][] = [
      ["one file", [[{ format_id: "22", protocol: "https" }, "/both"]], "ranges"],
      [
        "HLS",
        [
          [{ ...PICTURE, protocol: "m3u8_native" }, "/v.m3u8"],
          [{ ...SOUND, protocol: "m3u8_native" }, "/a.m3u8"],
        ],
        "segments",
      ],
      [
        "DASH",
        [
          [{ ...PICTURE, ...dash.picture }, "/x.mpd"],
          [{ ...SOUND, ...dash.sound }, "/x.mpd"],
        ],
        "segments",
      ],
      [
        "Matroska",
        [
          [PICTURE, "/picture.mkv"],
          [SOUND, "/sound.m4a"],
        ],
        "segments",
      ],
    ];
    for (const [name, formats, way] of ways) {
      await using machine = await aMachine(
        { "/page": PAGE, "/info.json": told(() => formats), "/both": bytes(both, { together: true }) },
        FAKE_YT_DLP,
        folder,
      );
      const { source } = await machine.fetch("/page");
      expect([name, source.fetch?.reason, source.fetch?.way]).toEqual([name, null, way]);
      const file = (await source.need?.pictures(CLIPS.slice(0, 1))) ?? "";
      // a picture that was put into a stream by itself may begin a little later than beside its sound
      const expected = picturesIn(await seen(whole, BRIEF)).slice(5, -5);
      expect(expected.length).toBeGreaterThan(80);
      expect(picturesIn(await seen(file, BRIEF)).join(" ")).toContain(expected.join(" "));
      expect(source.need?.wireBytes()).toBeLessThan(both.length / 4);
    }
  });

  test(
    "addresses that run out are asked for once more, and the same formats found at the new ones",
    SECONDS,
    async () => {
      let generation = 1;
      const at =
        (body: Buffer): Route =>
        (request, response, visit) =>
          (request.url?.startsWith(`/${generation}/`) ? bytes(body, { together: true }) : status(403))(
            request,
            response,
            visit,
          );
      const routes = (formats: () => [Format, string][]): Record<string, Route> => ({
        ...{
          "/page": PAGE,
          "/info.json": told(() => formats().map(([format, path]) => [format, `/${generation}${path}`])),
        },
        ...Object.fromEntries(
          [1, 2].flatMap((n) => [
            [`/${n}/picture`, at(picture)],
            [`/${n}/sound`, at(sound)],
            [`/${n}/both`, at(both)],
          ]),
        ),
      });
      for (const formats of [pair, single]) {
        generation = 1;
        await using machine = await aMachine(routes(formats), FAKE_YT_DLP);
        const { source } = await machine.fetch("/page");
        expect(source.fetch?.reason).toBeNull();
        machine.server.requests.splice(0);
        generation = 2;
        const before = source.need?.wireBytes() ?? 0;
        await Promise.all(CLIPS.map((one) => source.need?.pictures([one])));
        const file = (await source.need?.pictures(CLIPS.slice(0, 1))) ?? "";
        expect(picturesIn(await seen(file, BRIEF))).toEqual(picturesIn(await seen(whole, BRIEF)));
        expect(source.need?.wireBytes()).toBeGreaterThan(before);
        expect(machine.server.requests.filter(({ path }) => path === "/info.json")).toHaveLength(1);
        generation = 3; // nowhere any more
        await expect(source.need?.pictures([{ start: 400, end: 420 }])).rejects.toMatchObject({
          code: expect.stringMatching(/SOURCE_(BLOCKED|NOT_FOUND)/),
        });
      }
    },
  );

  test("a file that becomes another one is never mixed with what is here", SECONDS, async () => {
    let tag = '"one"';
    for (const formats of [pair, single]) {
      tag = '"one"';
      await using machine = await aMachine(
        {
          "/page": PAGE,
          "/info.json": told(formats),
          "/picture": tagged(picture, () => tag),
          "/sound": bytes(sound),
          "/both": tagged(both, () => tag),
        },
        FAKE_YT_DLP,
      );
      const { source } = await machine.fetch("/page");
      tag = '"two"';
      await expect(source.need?.pictures(CLIPS)).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    }
  });

  test(
    "what was fetched is kept without its addresses: an edit asks nobody, another job makes sure of it",
    SECONDS,
    async () => {
      let tag = '"one"';
      for (const formats of [pair, single]) {
        tag = '"one"';
        const routes = {
          "/picture": tagged(picture, () => tag),
          "/sound": tagged(sound, () => tag),
          "/both": tagged(both, () => tag),
        };
        await using machine = await aMachine(
          { "/page": PAGE, "/info.json": told(formats), ...routes },
          FAKE_YT_DLP,
        );
        const first = await machine.fetch("/page");
        await first.source.need?.pictures(CLIPS);
        await first.keepMore();
        await first.source.need?.close();
        machine.asked();

        const edit = await machine.fetch("/page", edited(JOBS[0]));
        const file = (await edit.source.need?.pictures(CLIPS.slice(0, 1))) ?? "";
        expect(picturesIn(await seen(file, BRIEF))).toEqual(picturesIn(await seen(whole, BRIEF)));
        expect([edit.reused, edit.source.need?.wireBytes(), machine.asked()]).toEqual([true, 0, []]);
        await edit.source.need?.pictures([{ start: 400, end: 410 }]);
        expect(machine.server.requests.map(({ path }) => path)).toContain("/info.json");
        await edit.source.need?.close();

        const other = await machine.fetch("/page", { job_id: JOBS[1] });
        expect([other.reused, other.source.sha256]).toEqual([true, first.source.sha256]);
        await other.source.need?.close();
        tag = '"two"';
        const anew = await machine.fetch("/page", { job_id: JOBS[1] });
        expect([anew.reused, fetchOf(anew.source).way]).toEqual([false, first.source.fetch?.way]);
      }
    },
  );
});

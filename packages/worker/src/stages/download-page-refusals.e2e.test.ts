import { readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { tools } from "../asr/testing.ts";
import { aMachine } from "../fetch/need/testing-need.ts";
import {
  aPageVideo,
  asStreams,
  type Format,
  PAGE,
  PICTURE,
  pair,
  SOUND,
  told,
} from "../fetch/need/testing-page.ts";
import { bytes, type Route, startOrigin, status, text } from "../fetch/testing-server.ts";
import { FAKE_YT_DLP } from "../fetch/testing-yt-dlp.ts";

const SECONDS = { timeout: 600_000 };

const { folder, picture, sound, both, close } = await aPageVideo();
afterAll(close);

describe.skipIf(!tools)("a page of which only what the clips need cannot be fetched (needs ffmpeg)", () => {
  test("what does not fit is left to yt-dlp as a whole, and it is said why", SECONDS, async () => {
    const other = Buffer.from(picture);
    other.write("encv", other.indexOf("avc1", other.indexOf("stsd")), "latin1");
    const change = (format: Format, more: object): [Format, string][] => [
      [{ ...format, ...more }, "/picture"],
      [SOUND, "/sound"],
    ];
    const rows: [string, [Format, string][], RegExp][] = [
      [
        "small",
        change(PICTURE, { filesize: 10 }).map(([one, path]) => [{ filesize: 20, ...one }, path]),
        /less than 1 MB/,
      ],
      ["protected", change(PICTURE, { has_drm: true }), /protected/],
      ["another protocol", change(PICTURE, { protocol: "ism" }), /not fetched by need/],
      [
        "refused",
        [
          [PICTURE, "/refused"],
          [SOUND, "/sound"],
        ],
        /SOURCE_BLOCKED/,
      ],
      [
        "without ranges",
        [
          [PICTURE, "/none"],
          [SOUND, "/sound"],
        ],
        /does not give ranges/,
      ],
      [
        "without a mark",
        [
          [PICTURE, "/unmarked"],
          [SOUND, "/sound"],
        ],
        /does not say when it changes/,
      ],
      [
        "without an index",
        [
          [PICTURE, "/both"],
          [SOUND, "/sound"],
        ],
        /header is too long/,
      ],
      [
        "encrypted",
        [
          [PICTURE, "/encrypted"],
          [SOUND, "/sound"],
        ],
        /encrypted/,
      ],
      [
        "live",
        [
          [{ ...PICTURE, protocol: "m3u8" }, "/live"],
          [SOUND, "/sound"],
        ],
        /SOURCE_LIVE/,
      ],
      [
        "a page",
        [
          [PICTURE, "/page"],
          [SOUND, "/sound"],
        ],
        /no media file/,
      ],
      ["silent", [[PICTURE, "/picture"]], /sound was not found/],
      [
        "sound among pictures",
        [[{ format_id: "9", protocol: "m3u8_native" }, "/mixed.m3u8"]],
        /among its pictures/,
      ],
      ["WebM", [[{ format_id: "9", protocol: "https" }, "/webm"]], /only MP4 and MOV/],
    ];
    await asStreams(folder);
    const live = text(
      "application/vnd.apple.mpegurl",
      "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n",
    );
    for (const [name, formats, why] of rows) {
      const all: [Format, string][] = name === "silent" ? pair() : formats;
      const page: Route = (request, response, visit) =>
        told(() => all, formats.length)(request, response, visit);
      await using machine = await aMachine(
        {
          ...{
            "/page": PAGE,
            "/info.json": page,
            "/media": bytes(both),
            "/live": live,
            "/both": bytes(both),
          },
          ...{
            "/picture": bytes(picture),
            "/sound": bytes(sound),
            "/encrypted": bytes(other),
            "/refused": status(403),
          },
          ...{ "/none": bytes(picture, { ranges: false }), "/unmarked": bytes(picture, { etag: null }) },
          "/webm": bytes(Buffer.concat([Buffer.from("1a45dfa3", "hex"), Buffer.alloc(4000)])),
        },
        FAKE_YT_DLP,
        folder,
      );
      const { source, dir } = await machine.fetch("/page");
      expect([name, source.fetch?.way, source.need]).toEqual([name, "whole", undefined]);
      expect(source.fetch?.reason).toMatch(why);
      expect(readdirSync(dir)).toEqual(["source.mp4"]);
    }
  });

  test("an address that our rules refuse is not tried in another way", SECONDS, async () => {
    await using inside = await startOrigin({ "/picture": bytes(picture) });
    const away: Route = (_request, response) =>
      void response.writeHead(302, { location: `${inside.origin}/picture` }).end();
    await using machine = await aMachine(
      {
        "/page": PAGE,
        "/info.json": told(pair),
        "/picture": away,
        "/sound": bytes(sound),
        "/media": bytes(both),
      },
      FAKE_YT_DLP,
    );
    await expect(machine.fetch("/page")).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    expect(inside.connections()).toBe(0);
  });
});

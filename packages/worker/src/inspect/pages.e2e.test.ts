import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, type Origin, startOrigin, text } from "../fetch/testing-server.ts";
import { FAKE_YT_DLP } from "../fetch/testing-yt-dlp.ts";
import { asked, hasTools, JPEG, preview, refusal, run, sizeOf } from "./testing-inspect.ts";

let dir: string;
const made = (name: string) => join(dir, name);

describe.skipIf(!hasTools)("a page before a job is made of it (needs ffmpeg)", () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kk-inspect-pages-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const page = text("text/html", "<!doctype html><title>x</title>");
  const ytDlp = async ({ origin }: Origin) => {
    const program = made(`yt-dlp-${new URL(origin).port}`);
    await writeFile(program, FAKE_YT_DLP.replace("ORIGIN", origin), { mode: 0o755 });
    return { YTDLP_PATH: program };
  };
  const info = (more: object) => () =>
    JSON.stringify({
      title: "A\u202e <b>talk</b>\u0000",
      duration: 61,
      formats: [{ vcodec: "avc1", acodec: "mp4a" }],
      ...more,
    });

  test("is looked at through yt-dlp; its picture is made anew", async () => {
    await run("ffmpeg", [
      "-v",
      "error",
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=1920x1080:d=1",
      "-frames:v",
      "1",
      made("cover.png"),
    ]);
    let origin = "";
    await using server = await startOrigin({
      "/watch": page,
      "/cover": bytes(readFileSync(made("cover.png")), { type: "image/png" }),
      "/info.json": text("application/json", () =>
        info({
          thumbnail: `${origin}/cover`,
          language: "en",
          subtitles: { en: [{ ext: "vtt", url: `${origin}/en.vtt` }] },
        })(),
      ),
    });
    origin = server.origin;
    const { answer } = await asked(`${origin}/watch`, { env: await ytDlp(server) });
    expect(answer).toEqual(
      preview({ title: "A <b>talk</b>", seconds: 61, has_captions: true, thumbnail: JPEG }),
    );
    if (answer.ok) expect(await sizeOf(answer.preview.thumbnail)).toEqual([640, 360]);
  });

  test.each([
    ["that is live", { live_status: "is_live" }, "SOURCE_LIVE"],
    ["with sound alone", { formats: [{ vcodec: "none" }] }, "NO_VIDEO"],
    ["whose video is too long", { duration: 99_999 }, "SOURCE_TOO_LONG"],
    ["whose video is too large", { filesize: 5e9, formats: null }, "SOURCE_TOO_LARGE"],
  ])("%s is refused as its job would be", async (_what, more, code) => {
    await using server = await startOrigin({
      "/watch": page,
      "/info.json": text("application/json", info(more)),
    });
    expect((await asked(`${server.origin}/watch`, { env: await ytDlp(server) })).answer).toEqual(
      refusal(code),
    );
  });

  test("whose picture is elsewhere where nobody may look is told without it", async () => {
    await using inner = await startOrigin({ "/": text("text/plain", "secret") });
    await using server = await startOrigin({
      "/watch": page,
      "/info.json": text("application/json", info({ thumbnail: `${inner.origin}/` })),
    });
    const policy = { allow_private: false, allow_origins: [server.origin] };
    const { answer } = await asked(`${server.origin}/watch`, { policy, env: await ytDlp(server) });
    expect(answer).toEqual(preview({ seconds: 61, thumbnail: null }));
    expect(inner.connections()).toBe(0);
  });

  test("without yt-dlp is refused as its job would be", async () => {
    await using server = await startOrigin({ "/watch": page });
    const env = { YTDLP_PATH: made("no-yt-dlp") };
    expect((await asked(`${server.origin}/watch`, { env })).answer).toEqual(refusal("YTDLP_MISSING"));
  });
});

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startTestApi } from "./testing.ts";

const run = promisify(execFile);
const hasFfmpeg = await run("ffmpeg", ["-version"]).then(
  () => true,
  () => false,
);

test.skipIf(!hasFfmpeg)(
  "an address is looked at by the program that people run, with nothing left of it (needs ffmpeg)",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "kk-inspected-"));
    const file = join(dir, "talk.mp4");
    const picture = [
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=640x360:r=10:d=60",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
    ];
    await run("ffmpeg", ["-v", "error", ...picture, file]);
    const media = readFileSync(file);
    let asked = 0;
    const server = createServer((request, response) => {
      asked++;
      const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
      const part = media.subarray(Number(from), to ? Number(to) + 1 : media.length);
      const range = `bytes ${from}-${Number(from) + part.length - 1}/${media.length}`;
      response.writeHead(206, { "content-length": part.length, "content-range": range }).end(part);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("kangklip-inspect-"));
    try {
      await using api = await startTestApi({ env: { ALLOW_SOURCE_ORIGINS: origin } });
      expect((await api.rest("GET", "/api/system")).body.inspect).toBe(true);
      const { status, body } = await api.rest("POST", "/api/jobs/inspect", {
        video_url: `${origin}/A_talk.mp4`,
      });
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body).toMatchObject({ title: "A talk", size_bytes: media.length, has_captions: false });
      // a busy machine may have had no time for the rest
      if (body.notices.length === 0)
        expect(body).toMatchObject({
          seconds: 60,
          width: 640,
          height: 360,
          thumbnail: expect.stringContaining("data:image/jpeg"),
        });
      const requests = asked;
      expect(
        (await api.rest("POST", "/api/jobs/inspect", { video_url: `${origin}/A_talk.mp4` })).body,
      ).toEqual(body);
      expect(asked).toBe(requests);
      const refused = await api.rest("POST", "/api/jobs/inspect", { video_url: "http://127.0.0.1:1/" });
      expect([refused.status, refused.body.code]).toEqual([400, "SOURCE_REFUSED"]);
      const left = readdirSync(tmpdir()).filter((name) => name.startsWith("kangklip-inspect-"));
      expect(left.filter((name) => !before.includes(name))).toEqual([]);
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(dir, { recursive: true, force: true });
    }
  },
  60_000,
);

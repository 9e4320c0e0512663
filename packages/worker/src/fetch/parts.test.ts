import { expect, test } from "vitest";
import { bytes, type Route, startOrigin, status, text } from "./testing-server.ts";
import { fetchedStream } from "./testing-stream.ts";

const KEY = "0123456789abcdef";
const fetched = (name: string, routes: Record<string, Route>) => fetchedStream(name, { routes });

test.each([
  ["another private server", (inside: string) => `${inside}/secret.ts`, "SOURCE_REFUSED"],
  ["a file of this machine", () => "file:///etc/hostname", "SOURCE_REFUSED"],
])("a playlist whose piece is %s is refused", async (_name, address, code) => {
  await using inside = await startOrigin({ "/secret.ts": text("x", "secret") });
  const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${address(inside.origin)}\n#EXT-X-ENDLIST\n`;
  await expect(fetched("evil.m3u8", { "/evil.m3u8": text("x", playlist) })).rejects.toMatchObject({ code });
  expect(inside.requests).toEqual([]);
});

test.each([
  ["key", '#EXT-X-KEY:METHOD=AES-128,URI="INSIDE/secret"'],
  ["init section", '#EXT-X-MAP:URI="INSIDE/secret"'],
])("a playlist whose %s is on a private server is refused", async (_name, line) => {
  await using inside = await startOrigin({ "/secret": text("x", KEY) });
  const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${line.replace("INSIDE", inside.origin)}\n#EXTINF:2,\npiece.ts\n#EXT-X-ENDLIST\n`;
  const routes = { "/evil.m3u8": text("x", playlist), "/piece.ts": bytes(Buffer.alloc(1024, 0x47)) };
  await expect(fetched("evil.m3u8", routes)).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  expect(inside.requests).toEqual([]);
});

test("four pieces are fetched at a time, and the first failure stops the others", async () => {
  let [now, most] = [0, 0];
  const slow: Route = (_request, response) => {
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
      response.end("x");
    }, 30);
  };
  const names = Array.from({ length: 12 }, (_, index) => `p${index}`);
  const lines = [...names, "gone", "silent"].map((name) => `#EXTINF:1,\n${name}\n`).join("");
  const routes = {
    "/p.m3u8": text("x", `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${lines}#EXT-X-ENDLIST\n`),
    ...Object.fromEntries(names.map((name) => [`/${name}`, slow])),
    "/gone": status(410),
    "/silent": () => {},
  };
  const begun = performance.now();
  await expect(fetched("p.m3u8", routes)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
  expect(performance.now() - begun).toBeLessThan(5000); // the silent one alone would take 30 s
  expect(most).toBe(4);
});

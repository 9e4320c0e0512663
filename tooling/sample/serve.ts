import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { pipeline } from "node:stream";

/**
 * Serves one file on a free loopback port, so that the demo's own video comes in by the same way as any other.
 * Knows HEAD and one byte range per request (RFC 9110, section 14); any other path is 404.
 * @returns the file's address; `close` also ends the answers that are still going out.
 */
export async function serveFile(file: string): Promise<{ url: string; close(): Promise<void> }> {
  const { size } = await stat(file);
  const path = `/${encodeURIComponent(basename(file))}`;
  const server = createServer((request, response) => {
    if (request.url !== path) return void response.writeHead(404).end();
    if (request.method !== "GET" && request.method !== "HEAD")
      return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    const range = parseRange(request.headers.range, size);
    if (range === "unsatisfiable")
      return void response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    const { first, last } = range ?? { first: 0, last: size - 1 };
    response.writeHead(range ? 206 : 200, {
      "content-type": "video/mp4",
      "content-length": last - first + 1,
      "accept-ranges": "bytes",
      ...(range && { "content-range": `bytes ${first}-${last}/${size}` }),
    });
    if (request.method === "HEAD") return void response.end();
    pipeline(createReadStream(file, { start: first, end: last }), response, () => {}); // the reader may leave early
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A header that is no single byte range is ignored, as the RFC asks for. */
function parseRange(header: string | undefined, size: number) {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(size - 1, Number(to));
  if (to !== "" && from !== "" && Number(to) < first) return undefined;
  return first < size && (from !== "" || Number(to) > 0) ? { first, last } : "unsatisfiable";
}

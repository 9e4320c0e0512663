import { once } from "node:events";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

/** What was asked for since the last reset. Bytes are those handed to the socket, with headers. */
export interface Asked {
  bytes: number;
  requests: number;
}

export interface Origin extends AsyncDisposable {
  url: string;
  /** Address of a file below the folder. @param ranges whether the server knows them there */
  address(path: string, ranges?: boolean): string;
  asked(): Asked;
  reset(): void;
  /** Where a worker puts a file, and when files came, ms of `performance.now()`. */
  putUrl(name: string): string;
  puts(): { name: string; at: number }[];
}

const WITH_RANGES = "/ranges/";
const WITHOUT = "/whole/";

/** `bytes=a-b`, `bytes=a-` or `bytes=-n` as inclusive positions; null when it cannot be satisfied. Pure. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number; partial: boolean } | null {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === ""))
    return { start: 0, end: size - 1, partial: false };
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(size - 1, Number(to));
  return start > end ? null : { start, end, partial: true };
}

const BOUNDARY = "00000000000000000001";

/** Several ranges in one answer (RFC 9110, 14.6), as nginx writes them; undefined where the header does not ask for several that are inside. */
export function manyOf(
  header: string | undefined,
  size: number,
): { start: number; end: number }[] | undefined {
  if (!/^bytes=\d+-\d+(,\s*\d+-\d+)+$/.test(header ?? "")) return undefined;
  const ranges = [...(header ?? "").matchAll(/(\d+)-(\d+)/g)].map(([, start, end]) => ({
    ...{ start: Number(start), end: Number(end) },
  }));
  return ranges.every(({ start, end }) => start <= end && end < size) ? ranges : undefined;
}

/** The body of such an answer. */
async function inParts(
  file: string,
  size: number,
  ranges: { start: number; end: number }[],
): Promise<Buffer> {
  await using handle = await open(file);
  const parts: Buffer[] = [];
  for (const { start, end } of ranges) {
    const head = `\r\n--${BOUNDARY}\r\nContent-Type: video/mp4\r\nContent-Range: bytes ${start}-${end}/${size}\r\n\r\n`;
    const { buffer } = await handle.read(Buffer.alloc(end - start + 1), 0, end - start + 1, start);
    parts.push(Buffer.from(head, "latin1"), buffer);
  }
  return Buffer.concat([...parts, Buffer.from(`\r\n--${BOUNDARY}--\r\n`, "latin1")]);
}

/** Serves a folder on loopback, with and without ranges, and takes what is put into `putDir`. Counts what a source costs. */
export async function startOrigin(dir: string, putDir: string): Promise<Origin> {
  let asked: Asked = { bytes: 0, requests: 0 };
  let puts: { name: string; at: number }[] = [];
  await mkdir(putDir, { recursive: true });
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent((request.url ?? "").replace(/\?.*/, ""));
    if (request.method === "PUT" && path.startsWith("/put/")) {
      const name = path.slice("/put/".length).replaceAll("/", "_");
      await pipeline(request, createWriteStream(join(putDir, name)));
      puts.push({ name, at: performance.now() });
      return void response.writeHead(200, { etag: `"${name}"` }).end();
    }
    const hasRanges = path.startsWith(WITH_RANGES);
    if (!hasRanges && !path.startsWith(WITHOUT)) return void response.writeHead(404).end();
    const file = resolve(dir, path.slice((hasRanges ? WITH_RANGES : WITHOUT).length));
    const isInside = file.startsWith(resolve(dir) + sep);
    const info = isInside ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (!info?.isFile()) return void response.writeHead(404).end();
    count(request, response);
    const etag = `"${info.size}-${Math.round(info.mtimeMs)}"`;
    const many = hasRanges ? manyOf(request.headers.range, info.size) : undefined;
    if (many) {
      const body = await inParts(file, info.size, many);
      const type = `multipart/byteranges; boundary=${BOUNDARY}`;
      return void response
        .writeHead(206, { "content-type": type, "content-length": body.length, etag })
        .end(body);
    }
    const range = rangeOf(hasRanges ? request.headers.range : undefined, info.size);
    if (!range) return void response.writeHead(416, { "content-range": `bytes */${info.size}` }).end();
    const { start, end, partial } = range;
    response.writeHead(partial ? 206 : 200, {
      ...(hasRanges && { "accept-ranges": "bytes" }),
      "content-length": end - start + 1,
      "content-type": TYPES[/\.\w+$/.exec(file)?.[0] ?? ""] ?? "application/octet-stream",
      etag,
      ...(partial && { "content-range": `bytes ${start}-${end}/${info.size}` }),
    });
    if (request.method === "HEAD") return void response.end();
    await pipeline(createReadStream(file, { start, end, highWaterMark: 1 << 18 }), response);
  }

  function count({ socket }: IncomingMessage, response: ServerResponse): void {
    const counted = asked;
    counted.requests++;
    const before = socket.bytesWritten;
    // a reader that hangs up has not read what lies in the socket's buffers (4 to 10 MB on loopback), which counts all the same
    response.once("close", () => {
      counted.bytes += socket.bytesWritten - before;
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    address: (path, ranges = true) => `${url}${ranges ? WITH_RANGES : WITHOUT}${path}`,
    asked: () => ({ ...asked }),
    reset: () => {
      asked = { bytes: 0, requests: 0 };
      puts = [];
    },
    putUrl: (name) => `${url}/put/${name}`,
    puts: () => puts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const TYPES: Record<string, string> = {
  ".mp4": "video/mp4",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".mpd": "application/dash+xml",
  ".m4s": "video/iso.segment",
};

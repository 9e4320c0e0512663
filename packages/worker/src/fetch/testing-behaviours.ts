import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { bytes, type Route, redirect, status, text } from "./testing-server.ts";

/** What a row of corpus/origins.json says about one path of a server. */
export type Behaviour =
  | { redirect: string; status?: number }
  | { status: number; headers?: Record<string, string> }
  | { type: string; body: string }
  | { media: string; type?: string }
  | { does: keyof typeof HOSTILE };

/** What is not to be had from a well-behaved HTTP server is written to its socket by hand. */
const raw =
  (head: string, ...more: (string | Buffer)[]): Route =>
  (_request, response) => {
    const { socket } = response;
    socket?.on("error", () => {});
    socket?.write(head);
    for (const part of more) socket?.write(part);
    socket?.end();
  };
/** Writes what `next` gives until nobody takes it any more, as fast as it is taken. */
function pump(socket: Socket, next: () => string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(next()));
  };
  socket.on("error", () => {});
  socket.on("drain", () => setImmediate(more));
  more();
}
const endless =
  (head: string, next: () => string | Buffer): Route =>
  (_request, { socket }) => {
    socket?.write(head);
    if (socket) pump(socket, next);
  };
const every =
  (ms: number, head: string, piece: string): Route =>
  (_request, { socket }) => {
    socket?.on("error", () => {});
    socket?.write(head);
    const timer = setInterval(() => socket?.write(piece), ms);
    socket?.once("close", () => clearInterval(timer));
  };
const answer = (...headers: string[]) => ["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n");

const FTYP = Buffer.from("0000001866747970697363360000000069736f6d69736f36", "hex");
const CHUNK = Buffer.alloc(65_536, 7);
const chunked = (body: Buffer) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
/** A thousand joined gzip files of a megabyte of nothing each: 1 MB that becomes 1 GB. */
const BOMB = Buffer.concat(Array.from({ length: 1000 }, () => gzipSync(Buffer.alloc(1 << 20))));
const LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
const VIDEO = "content-type: video/mp4";

/** Servers that break or stretch the rules of HTTP/1.1 (RFC 9112). */
export const HOSTILE = {
  "http/0.9": raw("<html>no status line</html>"),
  "http/2 over plain": raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  "not http": raw("SSH-2.0-OpenSSH_9.2\r\n"),
  "100 000 headers": raw(answer(VIDEO, ...Array.from({ length: 100_000 }, (_, n) => `x-${n}: ${n}`))),
  "one header of 1 MB": raw(answer(VIDEO, `x: ${"a".repeat(1 << 20)}`)),
  "headers that drip": every(20, "HTTP/1.1 200 OK\r\n", "x"),
  "endless headers": endless("HTTP/1.1 200 OK\r\n", () => "x: yyyyyyyyyyyyyyyy\r\n"),
  "endless early hints": endless("", () => "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
  "endless continue": endless("", () => "HTTP/1.1 100 Continue\r\n\r\n"),
  "switches protocols": raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx"),
  "status 099": raw("HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n"),
  "status 999": raw("HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"),
  "two lengths": raw(answer(VIDEO, "content-length: 5", "content-length: 50"), FTYP),
  "length and chunks": raw(answer(VIDEO, "content-length: 5", "transfer-encoding: chunked"), chunked(FTYP)),
  "a length that is no number": raw(answer(VIDEO, "content-length: -1"), FTYP),
  "a length past every number": raw(answer(VIDEO, "content-length: 99999999999999999999999"), FTYP),
  "a chunk past every number": raw(
    answer(VIDEO, "transfer-encoding: chunked"),
    "FFFFFFFFFFFFFFFFFF\r\n",
    FTYP,
  ),
  "an endless chunk extension": endless(`${answer(VIDEO, "transfer-encoding: chunked")}5;x=`, () => CHUNK),
  "a NUL in a header": raw(answer(VIDEO, "x: a\u0000b", "content-length: 24"), FTYP),
  "says 50 GB": endless(answer(VIDEO, "content-length: 53687091200") + FTYP.toString("latin1"), () => CHUNK),
  "sends more than it says": raw(answer("content-length: 14", "connection: close"), '{"error":"no"}', CHUNK),
  "sends another answer behind its own": raw(
    `${answer("content-length: 14")}{"error":"no"}`,
    answer(VIDEO, "content-length: 24"),
    FTYP,
  ),
  "says more than it sends": raw(answer(VIDEO, "content-length: 5000", "connection: close"), FTYP),
  drips: every(20, answer(VIDEO, "content-length: 900000") + FTYP.toString("latin1"), "x"),
  "drips after a good beginning": (request: IncomingMessage, { socket }: ServerResponse) => {
    const [, from = "0"] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    const range = `content-range: bytes ${from}-899999/900000`;
    const head = ["content-length: 900000", 'etag: "one"', "connection: close", range, "", ""].join("\r\n");
    const first = from === "0" ? Buffer.concat([FTYP, Buffer.alloc(4000)]).toString("latin1") : "";
    every(20, `HTTP/1.1 ${from === "0" ? "200 OK" : "206 Partial Content"}\r\n${head}${first}`, "x")(
      request,
      { socket } as ServerResponse,
      0,
    );
  },
  "stops in the middle": (_request: unknown, { socket }: ServerResponse) =>
    void socket?.write(Buffer.concat([Buffer.from(answer(VIDEO, "content-length: 900000")), FTYP])),
  "never stops, in chunks": endless(
    answer(VIDEO, "transfer-encoding: chunked") + chunked(FTYP).toString("latin1"),
    () => chunked(CHUNK),
  ),
  "never stops, without a length": endless(answer(VIDEO) + FTYP.toString("latin1"), () => CHUNK),
  "an endless list": endless(answer("content-type: x") + LIST, () => "#EXTINF:2,\nsegment.ts\n"),
  "an endless manifest": endless(`${answer("content-type: x")}<MPD>`, () => "<Period></Period>"),
  "an endless page": endless(`${answer("content-type: text/html")}<html>`, () => "<p>more</p>"),
  "a range nobody asked for": raw(
    "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 100-123/124\r\ncontent-length: 24\r\n\r\n",
    FTYP,
  ),
  "a range past the file": raw(
    "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 9999-9/5\r\ncontent-length: 24\r\n\r\n",
    FTYP,
  ),
  "a range without a name": raw("HTTP/1.1 206 Partial Content\r\ncontent-length: 24\r\n\r\n", FTYP),
  "a gzip bomb": bytes(BOMB, { headers: { "content-encoding": "gzip" } }),
  "a gzip bomb as a page": bytes(BOMB, { type: "text/html", headers: { "content-encoding": "gzip" } }),
  "a deflate bomb as a list": bytes(Buffer.concat([Buffer.from(LIST), BOMB]), {
    type: "application/vnd.apple.mpegurl",
    headers: { "content-encoding": "deflate" },
  }),
  "a list of 60 000 pieces": text("x", `${LIST}${"#EXTINF:2,\ns.ts\n".repeat(60_000)}#EXT-X-ENDLIST\n`),
  "says nothing": () => {},
  "hangs up": (_request: unknown, { socket }: ServerResponse) => void socket?.destroy(),
  resets: (_request: unknown, { socket }: ServerResponse) => void socket?.resetAndDestroy(),
} satisfies Record<string, Route>;

/** The route of a row. `media` gives a file of the test's own. */
export function routeOf(behaviour: Behaviour, media: (name: string) => Buffer): Route {
  if ("redirect" in behaviour) return redirect(behaviour.redirect, behaviour.status);
  if ("does" in behaviour) return HOSTILE[behaviour.does];
  if ("media" in behaviour) return bytes(media(behaviour.media), { type: behaviour.type ?? "video/mp4" });
  if ("body" in behaviour) return text(behaviour.type, behaviour.body);
  return status(behaviour.status, behaviour.headers);
}

/**
 * Stands in for yt-dlp where it is not installed: looks for the video in a page as its generic extractor does, follows redirects and
 * fetches what it found, all through --proxy. It checks nothing: that is what the proxy is for.
 */
export const PAGE_READER = `#!${process.execPath}
const { readFileSync, writeFileSync } = require("node:fs");
const { get } = require("node:http");
const args = process.argv.slice(2);
if (args[0] === "--version") { console.log("2026.01.01"); process.exit(0); }
const after = (name) => args[args.lastIndexOf(name) + 1];
const proxy = new URL(after("--proxy"));
const authorization = "Basic " + Buffer.from(proxy.username + ":" + proxy.password).toString("base64");
const fetched = (address, hops = 0) => new Promise((resolve, reject) => {
  const headers = { host: new URL(address).host, "proxy-authorization": authorization };
  get({ host: proxy.hostname, port: proxy.port, path: address, headers, agent: false }, (response) => {
    const { location } = response.headers;
    if (location && hops < 20) return resolve(fetched(new URL(location, address).href, hops + 1));
    if (response.statusCode !== 200) return reject(new Error("HTTP Error " + response.statusCode));
    const chunks = [];
    response.on("data", (chunk) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks))).on("error", reject);
  }).on("error", reject);
});
const main = async () => {
  if (args.includes("-J")) {
    const address = args.at(-1);
    const page = (await fetched(address)).toString();
    const [, source] = /(?:<(?:source|video)[^>]* src|og:video" content)="([^"]+)"/.exec(page) ?? [];
    if (!source) throw new Error("No video found");
    const media = new URL(source, address).href;
    return console.log(JSON.stringify({ title: "A page", media, formats: [{ format_id: "0" }] }));
  }
  const { media } = JSON.parse(readFileSync(after("--load-info-json"), "utf8"));
  writeFileSync(after("-o").replace("%(ext)s", "mp4"), await fetched(media));
};
main().catch((error) => { console.error("ERROR: [generic] x: " + error.message); process.exit(1); });
`;
